"use strict";

/* The table of joints. */

function makeRows(table, select) {
  const truth = joints.some((joint) => joint.truth);
  const graded = joints.some(isGraded);
  const titles = ["Joint", "Hand", "Finding", "Prob.", "Label", "Place", ...(graded ? ["Grade"] : []), ...(truth ? ["Truth"] : []), "Reader"];
  const body = make("tbody");
  table.append(sortingHead(titles), body);

  const rows = new Map();
  for (const joint of joints) {
    const reader = make("td");
    const row = make("tr", { tabindex: -1, "data-key": joint.key, click: () => rows.get(joint).row.focus(), focus: () => select(joint) },
      make("th", { scope: "row", "data-sort": joint.order }, joint.joint,
        joint.status === "ok" ? null : make("span", { class: "narrow" }, joint.box ? " ?" : " –")),
      make("td", {}, joint.hand),
      make("td", {}, TITLES[joint.finding]),
      make("td", { class: "number" }, formatFraction(joint.probability)),
      make("td", { class: "label" }, joint.label && [swatch(joint.kind), joint.label, ...(doubtful(joint) ? [" ", doubt(joint)] : [])]),
      make("td", { class: "place", "data-sort": joint.likelihood ?? "" },
        joint.likelihood === null ? null : make("span", {}, `${formatFraction(joint.likelihood)} `), badge(joint)),
      graded ? make("td", { class: "number" }, joint.grade) : null,
      truth ? make("td", {}, joint.truth && short(joint.truth)) : null,
      reader);
    rows.set(joint, { row, reader });
    body.append(row);
  }

  body.addEventListener("keydown", (event) => {
    const visible = [...body.rows].filter((row) => !row.hidden);
    const from = visible.indexOf(event.target.closest("tr"));
    const to = { ArrowUp: from - 1, ArrowDown: from + 1, Home: 0, End: visible.length - 1 }[event.key];
    if (to === undefined) return;
    event.preventDefault();
    visible[to]?.focus();
  });

  return {
    refresh({ shown, selected, both }) {
      table.classList.toggle("one-finding", !both);
      const reachable = shown.has(selected) ? selected : [...shown][0];
      for (const [joint, { row, reader }] of rows) {
        const review = reviews.of(joint);
        row.hidden = !shown.has(joint);
        row.classList.toggle("selected", joint === selected);
        row.setAttribute("aria-current", String(joint === selected));
        row.tabIndex = joint === reachable ? 0 : -1;
        reader.textContent = review ? `${reviews.changed(joint) ? "✎" : "✓"} ${short(review)}` : "";
        reader.className = reviews.changed(joint) ? "reader changed" : "reader";
      }
    },

    /** Scroll the table's own box, and not the page, to a joint. */
    reveal(joint) {
      const box = table.parentElement;
      const { row } = rows.get(joint);
      const head = table.tHead.offsetHeight;
      const [top, bottom] = [row.offsetTop - head, row.offsetTop + row.offsetHeight];
      if (top < box.scrollTop) box.scrollTop = top;
      else if (bottom > box.scrollTop + box.clientHeight) box.scrollTop = bottom - box.clientHeight;
    },
  };
}
