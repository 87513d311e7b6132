"use strict";

/* What stands above and below the joints: the names, scores and warnings of a visit, and its models. */

function showHead(visit) {
  byId("title").textContent = visits.length > 1 ? `${data.name}: ${titleOf(visit)}` : data.name;
  byId("subtitle").textContent = [
    ...(isOpen() ? visit.films.map((film) => film.file) : []), visit.model ?? "not classified",
  ].join(" · ");
  showScores(visit);
  const remarks = visit.warnings.map(({ file, message }) => (isOpen() ? `${file}: ${message}` : message));
  byId("warnings").hidden = !remarks.length;
  byId("warnings").replaceChildren(
    make("summary", {}, remarks.length === 1 ? "1 warning" : `${remarks.length} warnings`),
    make("ul", {}, remarks.map((text) => make("li", {}, text))));
  showModels(visit);
}

function showScores({ counts, sens }) {
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
      [...SIDES, null].map((hand) => score(hand)))));
}

function showModels({ model, prevalence, threshold, bundles }) {
  const pair = (name, value) => [make("dt", {}, name), make("dd", {}, value)];
  const fractions = Object.entries(prevalence).map(([head, value]) => `${head} ${formatFraction(value)}`);
  byId("models").replaceChildren(
    ...pair("Classified with", model ?? "nothing"),
    ...(fractions.length ? pair("Prevalence", fractions.join(", ")) : []),
    ...pair("Threshold", threshold === null ? "the bundle’s own" : String(threshold)),
    ...bundles.flatMap(({ kind, name, sha256 }) => pair(kind, [name, " ", make("code", {}, sha256)])),
    ...pair("Page", `sharp ${data.version}`));
}
