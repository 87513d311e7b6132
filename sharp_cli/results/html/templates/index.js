"use strict";

/* The page that leads to the studies. */

const titles = Object.values(TITLES).flatMap((title) => SIDES.map((side) => `${title}, ${side}`));

function countCell(count) {
  if (!count) return make("td", { class: "quiet", "data-sort": "" }, "no hand");
  return make("td", { class: "number", "data-sort": count.damaged },
    make("b", {}, count.damaged), ` of ${count.joints}`, count.notes && make("small", {}, count.notes));
}

const body = make("tbody", {}, data.studies.map((study) => {
  const counts = Object.keys(TITLES).flatMap((finding) => SIDES.map((side) => countOf(study.counts, finding, side)));
  const sens = sensOf(study.sens, null);
  const warnings = study.warnings.length + study.problems;
  const remarks = [...study.warnings, ...(study.problems ? ["a radiograph cannot be shown"] : [])];
  return make("tr", { "data-warnings": warnings },
    make("th", { scope: "row", "data-sort": study.study },
      make("a", { href: study.page }, study.study), make("small", {}, study.files.join(", "))),
    counts.map(countCell),
    make("td", { class: "number", "data-sort": sens ?? "" }, sens === null ? null : make("b", {}, sens)),
    make("td", { "data-sort": warnings }, warnings ? make("details", {},
      make("summary", {}, warnings === 1 ? "1 warning" : `${warnings} warnings`),
      make("ul", {}, remarks.map((text) => make("li", {}, text)))) : null));
}));

function refresh() {
  const rows = [...body.rows];
  for (const row of rows) {
    const warned = !byId("warned").checked || row.dataset.warnings !== "0";
    row.hidden = !warned || !hasWords(row.textContent, byId("search").value.trim());
  }
  byId("progress").textContent = `${rows.filter((row) => !row.hidden).length} of ${rows.length} shown`;
}

showNotice();
byId("subtitle").textContent = `Non-intact joints by finding and hand · sharp ${data.version}`;
byId("studies").append(sortingHead(["Study", ...titles, "SENS", "Warnings"]), body);
byId("failures").hidden = !data.failures.length;
byId("failures").querySelector("ul").append(...data.failures.map((failure) => make("li", {}, failure.reason)));
byId("search").addEventListener("input", refresh);
byId("warned").addEventListener("change", refresh);
refresh();
