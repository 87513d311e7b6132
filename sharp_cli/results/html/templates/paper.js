"use strict";

/* The page on paper: a picture for each finding, and the table of both. */

function printable() {
  const before = { finding: state.finding, visit: state.selected };
  const sheets = byId("sheets");
  viewers.fit();
  for (const visit of inOrder()) {
    for (const finding of Object.keys(TITLES)) {
      showFinding(finding);
      state.selected = visit.joints.find((joint) => joint.finding === finding);
      refresh();
      const picture = viewers.svgOf(visit).cloneNode(true);
      sheets.append(make("figure", {}, make("figcaption", {}, sheetTitle(visit, finding)), picture));
    }
  }
  state.selected = before.visit;
  showFinding("both");
  refresh();
  return () => {
    sheets.replaceChildren();
    showFinding(before.finding);
    refresh();
  };
}

const sheetTitle = (visit, finding) =>
  [visits.length > 1 ? titleOf(visit) : null, TITLES[finding]].filter(Boolean).join(": ");

let restore = () => {};
addEventListener("beforeprint", () => { restore = printable(); });
addEventListener("afterprint", () => restore());
