"use strict";

/* What stands above and below the joints: the names, scores and warnings of a visit, and its models. */

function showHead(visit) {
  byId("title").textContent = visits.length > 1 ? `${data.name}: ${titleOf(visit)}` : data.name;
  byId("subtitle").textContent = [
    ...(isOpen() ? visit.films.map((film) => film.file) : []), visit.model ?? "not classified", changeOfTotal(visit),
  ].filter(Boolean).join(" · ");
  showScores(visit);
  const remarks = visit.warnings.map(({ file, message }) => (isOpen() ? `${file}: ${message}` : message));
  byId("warnings").hidden = !remarks.length;
  byId("warnings").replaceChildren(
    make("summary", {}, remarks.length === 1 ? "1 warning" : `${remarks.length} warnings`),
    make("ul", {}, remarks.map((text) => make("li", {}, text))));
  showModels(visit);
}

function showScores({ counts, sens, totals, missing }) {
  const score = (hand, part) => make("td", {}, make("b", {}, sensOf(sens, hand, part) ?? "–"));
  const counted = (finding, side) => {
    const count = countOf(counts, finding, side);
    if (!count) return make("td", { class: "quiet" }, "no hand");
    return make("td", {},
      make("b", {}, count.damaged), ` of ${count.joints} `, make("span", { class: "wide" }, "non-intact"),
      count.notes && make("small", {}, count.notes));
  };
  byId("summary").replaceChildren(
    make("caption", { class: "hidden" }, "Joints by finding and hand"),
    make("thead", {}, make("tr", {}, make("td"), ["left hand", "right hand", "study"].map((title) =>
      make("th", { scope: "col" }, title)))),
    make("tbody", {}, Object.keys(TITLES).map((finding) =>
      make("tr", {}, make("th", { scope: "row" }, TITLES[finding]),
        SIDES.map((side) => counted(finding, side)), score(null, finding))),
    make("tr", {}, make("th", { scope: "row", title: "Simple Erosion Narrowing Score" }, "SENS"),
      [...SIDES, null].map((hand) => score(hand))),
    totals.length
      ? make("tr", {}, make("th", { scope: "row", title: "Sharp/van der Heijde score: sum of expected grades, 95 % interval" }, "SHS"),
        [...SIDES, null].map((hand) => make("td", {}, totalOf(totals, hand, missing))))
      : null));
}

/** A total with its interval, and of how many joints it lacks the grade; `rule` says what was done about these. */
function totalOf(totals, side, rule) {
  const { total = null, total_low: low = null, total_high: high, missing = 0 } = totals.find(({ hand }) => hand === side) ?? {};
  if (total === null) return "–";
  return [make("b", {}, total.toFixed(1)), low === null ? "" : ` (${low}–${high})`,
    missing ? make("small", { title: rule }, `${missing} without a grade`) : null];
}

const signed = (value, digits = 0) => `${value < 0 ? "−" : "+"}${Math.abs(value).toFixed(digits)}`;
const change = ({ change: value, change_low: low, change_high: high }, digits) =>
  signed(value, digits) + (low === null ? "" : ` (${signed(low)} to ${signed(high)})`);

/** How a joint's grade has changed since the visit before; nothing where the order is hidden. */
function changeOf(joint) {
  const { study } = visits[joint.visit];
  const found = isOpen() && data.changes.find((one) =>
    one.study === study && ["hand", "finding", "joint"].every((name) => one[name] === joint[name]));
  return found ? [`, change ${change(found, 2)}`] : [];
}

/** The same of the total of both hands. */
function changeOfTotal({ study }) {
  const found = data.changes.find((one) => one.study === study && !one.hand && !one.finding && !one.joint);
  return isOpen() && found ? `SHS ${change(found, 1)} in ${found.days} days` : null;
}

function showModels({ model, prevalence, threshold, bundles }) {
  const pair = (name, value) => [make("dt", {}, name), make("dd", {}, value)];
  const fractions = Object.entries(prevalence).map(([head, value]) => `${head} ${formatFraction(value)}`);
  byId("models").replaceChildren(
    ...pair("Classified with", model ?? "nothing"),
    ...(fractions.length ? pair("Prevalence", fractions.join(", ")) : []),
    ...pair("Threshold", threshold === null ? "one for each joint group" : String(threshold)),
    ...bundles.flatMap(({ kind, name, sha256 }) => pair(kind, [name, " ", make("code", {}, sha256)])),
    ...pair("Page", `sharp ${data.version}`));
}
