"use strict";

/* The page of a study: what is shown and selected, and the parts that follow it. */

const kinds = Object.keys(KINDS).filter((kind) => joints.some((joint) => joint.kind === kind));
const state = { finding: "erosion", hidden: new Set(), selected: null };

const words = (joint) =>
  [joint.hand, joint.joint, joint.group, TITLES[joint.finding], joint.label, joint.certainty, joint.status, KINDS[joint.kind][0]].join(" ");

const ONLY = {
  "": () => true,
  uncertain: (joint) => joint.status !== "ok",
  doubtful,
  open: (joint) => !reviews.of(joint),
  changed: (joint) => reviews.changed(joint),
};

function isShown(joint) {
  return (state.finding === "both" || joint.finding === state.finding)
    && !state.hidden.has(joint.kind)
    && ONLY[byId("only").value](joint)
    && hasWords(words(joint), byId("search").value.trim());
}

function refresh() {
  const shown = new Set(joints.filter(isShown));
  if (!state.selected) state.selected = mostDamaged(shown);
  const { selected } = state;
  const both = state.finding === "both";
  viewer.refresh({ shown, selected, names: byId("names").checked, both });
  rows.refresh({ shown, selected, both });
  panel.refresh(selected);
  const open = confirmable(shown).length;
  byId("confirm-shown").textContent = `Confirm ${open} shown`;
  byId("confirm-shown").disabled = !open;
  byId("save").disabled = !reviews.count();
  byId("progress").textContent = `${reviews.count()} of ${joints.length} reviewed`
    + (reviews.kept ? "" : " (not kept by this browser: save before leaving)");
  byId("none").hidden = shown.size > 0;
}

const confirmable = (shown) => [...shown].filter((joint) => joint.label && !reviews.of(joint));

/** The joint to begin with. */
const mostDamaged = (shown) =>
  [...shown].sort((one, other) => (other.probability ?? -1) - (one.probability ?? -1))[0] ?? joints[0];

function select(joint) {
  if (joint === state.selected) return;
  state.selected = joint;
  refresh();
  viewer.reveal(joint);
  rows.reveal(joint);
}

/** Select a joint, and take the focus along where it is on the picture or in the table. */
function lead(joint) {
  select(joint);
  const part = document.activeElement.closest("#viewer, #joints");
  part?.querySelector(`[data-key="${joint.key}"]`)?.focus({ preventScroll: true });
}

const viewer = makeViewer(byId("viewer"), select);
const panel = makePanel(byId("panel"), { select, again: refresh, changed: (joint) => {
  select(joint);
  refresh();
} });
const rows = makeRows(byId("joints"), select);

function showHead() {
  showNotice();
  byId("title").textContent = data.study;
  byId("subtitle").textContent = [
    data.films.map((film) => film.file).join(", "), data.model ?? "not classified",
  ].join(" · ");
  byId("summary").append(
    make("thead", {}, make("tr", {}, make("td"), [...SIDES.map((side) => `${side} hand`), "study"].map((title) =>
      make("th", { scope: "col" }, title)))),
    make("tbody", {}, Object.keys(TITLES).map((finding) =>
      make("tr", {}, make("th", { scope: "row" }, TITLES[finding]),
        SIDES.map((side) => summaryCell(finding, side)), sensCell(null, finding))),
    make("tr", {}, make("th", { scope: "row", title: "Simple Erosion Narrowing Score" }, "SENS"),
      [...SIDES, null].map((hand) => sensCell(hand)))));
  const remarks = [
    ...data.warnings.map(({ file, message }) => `${file}: ${message}`),
    ...data.films.filter((film) => film.problem).map((film) => film.problem),
  ];
  byId("warnings").hidden = !remarks.length;
  byId("warnings").append(
    make("summary", {}, remarks.length === 1 ? "1 warning" : `${remarks.length} warnings`),
    make("ul", {}, remarks.map((text) => make("li", {}, text))));
  byId("problems").append(...data.films.filter((film) => film.problem).map((film) =>
    make("li", {}, `The radiograph cannot be shown. ${film.problem}`)));
  const pair = (name, value) => [make("dt", {}, name), make("dd", {}, value)];
  byId("models").append(
    ...pair("Classified with", data.model ?? "nothing"),
    ...(Object.keys(data.prevalence).length
      ? pair("Prevalence", Object.entries(data.prevalence).map(([head, p]) => `${head} ${formatFraction(p)}`).join(", ")) : []),
    ...pair("Threshold", data.threshold === null ? "the bundle’s own" : String(data.threshold)),
    ...data.bundles.flatMap(({ kind, name, sha256 }) => pair(kind, [name, " ", make("code", {}, sha256)])),
    ...pair("Page", `sharp ${data.version}`));
}

function summaryCell(finding, side) {
  const count = countOf(data.counts, finding, side);
  if (!count) return make("td", { class: "quiet" }, "no hand");
  return make("td", {},
    make("b", {}, count.damaged), ` of ${count.joints} non-intact`,
    count.notes && make("small", {}, count.notes));
}

const sensCell = (hand, part) => make("td", {}, make("b", {}, sensOf(data.sens, hand, part) ?? "–"));

function showFilters() {
  const of = (finding, kind) =>
    joints.filter((joint) => (finding === "both" || joint.finding === finding) && (!kind || joint.kind === kind)).length;
  const findings = { ...TITLES, both: "Both" };
  byId("findings").append(...Object.entries(findings).map(([finding, title]) =>
    make("label", {},
      make("input", { type: "radio", name: "finding", value: finding, checked: finding === state.finding, change: () => {
        state.finding = finding;
        // The same place is looked at for the other finding.
        state.selected = jointByKey.get(`${state.selected.hand}/${finding}/${state.selected.joint}`)
          ?? (finding === "both" ? state.selected : null);
        countKinds();
        refresh();
      } }), make("span", {}, title))));
  byId("kinds").append(...kinds.map((kind) =>
    make("label", { title: KINDS[kind][1] },
      make("input", { type: "checkbox", value: kind, checked: true, change: (event) => {
        if (event.target.checked) state.hidden.delete(kind);
        else state.hidden.add(kind);
        refresh();
      } }), swatch(kind), make("span", {}, `${KINDS[kind][0]} `), make("small", { "data-count": kind }))));
  const countKinds = () => {
    for (const kind of kinds) document.querySelector(`[data-count="${kind}"]`).textContent = of(state.finding, kind);
  };
  countKinds();
}

function save() {
  const url = URL.createObjectURL(new Blob([reviews.csv()], { type: "text/csv" }));
  make("a", { href: url, download: `${data.study}-labels.csv` }).click();
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}

/** Let an input set a property of style. */
function adjust(property, format) {
  const apply = () => byId("main").style.setProperty(`--${property}`, format(byId(property)));
  byId(property).addEventListener("input", apply);
  apply();
}

/** Keys for the selected joint; they leave typing alone. */
function onKey(event) {
  if (event.ctrlKey || event.metaKey || event.altKey || event.target.matches("input:not([type=checkbox]), select")) return;
  const { selected } = state;
  const grade = Number(event.key);
  const other = jointOf(otherSide(selected.hand), selected);
  const act = {
    c: () => selected.label && reviews.label(selected, selected.label),
    i: () => reviews.label(selected, "intact"),
    n: () => reviews.label(selected, "non-intact"),
    Delete: () => reviews.clear(selected),
    Backspace: () => reviews.clear(selected),
    o: () => other && lead(other),
    "+": () => viewer.zoom(1.5),
    "-": () => viewer.zoom(1 / 1.5),
    f: viewer.fit,
    z: () => viewer.closer(selected),
  }[event.key];
  if (act) act();
  else if (event.key.trim() && data.grades[selected.finding].includes(grade)) reviews.grade(selected, grade);
  else return;
  event.preventDefault();
  refresh();
}

showHead();
showFilters();
byId("patient").placeholder = data.patient || data.study;
byId("patient").value = reviews.patient;
byId("patient").addEventListener("input", (event) => reviews.name(event.target.value));
byId("main").addEventListener("keydown", onKey);
byId("search").addEventListener("input", refresh);
byId("only").addEventListener("change", refresh);
byId("names").addEventListener("change", refresh);
byId("save").addEventListener("click", save);
byId("confirm-shown").addEventListener("click", () => {
  for (const joint of confirmable(joints.filter(isShown))) reviews.label(joint, joint.label);
  refresh();
});
byId("zoom-in").addEventListener("click", () => viewer.zoom(1.5));
byId("zoom-out").addEventListener("click", () => viewer.zoom(1 / 1.5));
byId("fit").addEventListener("click", viewer.fit);
byId("closer").addEventListener("click", () => viewer.closer(state.selected));
adjust("brightness", (input) => input.value);
adjust("contrast", (input) => input.value);
adjust("invert", (input) => Number(input.checked));
addEventListener("beforeprint", viewer.fit);
new ResizeObserver(viewer.refit).observe(byId("viewer"));
// What sticks below the bar must know its height.
new ResizeObserver(([bar]) => byId("main").style.setProperty("--bar", `${bar.target.offsetHeight}px`))
  .observe(document.querySelector(".bar"));
viewer.fit();
refresh();
