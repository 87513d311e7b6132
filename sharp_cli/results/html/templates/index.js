"use strict";

/* The page that leads to the studies. */

const titles = Object.values(TITLES).flatMap((title) => SIDES.map((side) => `${title}, ${side}`));

function countCell(count, number) {
  const name = titles[number];
  if (!count) return make("td", { class: "quiet", "data-name": name, "data-sort": "" }, "no hand");
  return make("td", { class: "number", "data-name": name, "data-sort": count.damaged },
    make("b", {}, count.damaged), ` of ${count.joints}`, count.notes && make("small", {}, count.notes));
}

/** Where a study's page is, or why there is none. */
function pageCell({ study, page, problem, patient, date, files }) {
  const about = [patient, date, files?.join(", ")].filter(Boolean).join(" · ");
  return make("th", { scope: "row", "data-sort": study },
    page ? make("a", { href: page }, study) : study,
    about ? make("small", {}, about) : null,
    problem ? make("small", { class: "problem" }, `No page: ${problem}`) : null);
}

function scoreCells({ counts, sens, warnings }) {
  const findings = Object.keys(TITLES).flatMap((finding) => SIDES.map((side) => countOf(counts, finding, side)));
  const score = sensOf(sens, null);
  return [
    findings.map(countCell),
    make("td", { class: "number", "data-name": "SENS", "data-sort": score ?? "" }, score === null ? null : make("b", {}, score)),
    make("td", { "data-sort": warnings.length }, warnings.length ? make("details", {},
      make("summary", {}, warnings.length === 1 ? "1 warning" : `${warnings.length} warnings`),
      make("ul", {}, warnings.map((text) => make("li", {}, text)))) : null),
  ].flat();
}

const body = make("tbody", {}, data.studies.map((study) =>
  make("tr", { "data-warned": Boolean(study.problem || study.warnings?.length) },
    pageCell(study), data.blind ? null : scoreCells(study))));

function refresh() {
  const rows = [...body.rows];
  for (const row of rows) {
    const warned = !byId("warned").checked || "warned" in row.dataset;
    row.hidden = !warned || !hasWords(row.textContent, byId("search").value.trim());
  }
  byId("progress").textContent = `${rows.filter((row) => !row.hidden).length} of ${rows.length} shown`;
}

showNotice();
byId("subtitle").textContent = `${data.blind ? "Order and dates are hidden" : "Non-intact joints by finding and hand"} · sharp ${data.version}`;
byId("studies").append(sortingHead(data.blind ? ["Patient"] : ["Study", ...titles, "SENS", "Warnings"]), body);
byId("warned").parentElement.hidden = data.blind;
byId("failures").hidden = !data.failures.length;
byId("failures").querySelector("ul").append(...data.failures.map((failure) => make("li", {}, failure.reason)));
byId("search").addEventListener("input", refresh);
byId("warned").addEventListener("change", refresh);
refresh();
