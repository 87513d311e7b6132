"use strict";

/* The page of a patient: what is shown and selected, and the parts that follow it. */

const kinds = Object.keys(KINDS).filter((kind) => joints.some((joint) => joint.kind === kind));
const state = { finding: "erosion", hidden: new Set(), selected: null, beside: false };

const words = (joint) =>
  [joint.hand, joint.joint, joint.group, TITLES[joint.finding], joint.label, joint.certainty, joint.status, KINDS[joint.kind][0]].join(" ");

const ONLY = {
  "": () => true,
  uncertain: (joint) => joint.status !== "ok",
  doubtful,
  open: (joint) => !reviews.of(joint),
  changed: (joint) => reviews.changed(joint),
};

/** Whether the filters leave a joint, whatever finding is shown. */
const passes = (joint) =>
  !state.hidden.has(joint.kind)
  && ONLY[byId("only").value](joint)
  && hasWords(words(joint), byId("search").value.trim());

const isShown = (joint) => (state.finding === "both" || joint.finding === state.finding) && passes(joint);

const current = () => visits[state.selected.visit];

function refresh() {
  if (!state.selected) state.selected = mostDamaged(inOrder().at(-1).joints.filter(isShown));
  const { selected } = state;
  const shown = new Set(joints.filter(isShown));
  const here = new Set(current().joints.filter((joint) => shown.has(joint)));
  const shownVisits = state.beside ? comparedWith(current()) : [current()];
  const both = state.finding === "both";
  showHead(current());
  viewers.refresh({ shownVisits, shown, selected, names: byId("names").checked, both });
  rows.refresh({ shown: here, selected, both });
  panel.refresh(selected, shownVisits);
  showVisits();
  countKinds();
  const open = confirmable(here).length;
  byId("confirm-shown").textContent = `Confirm ${open} shown`;
  byId("confirm-shown").disabled = !open;
  byId("save").disabled = !reviews.count();
  byId("undo").disabled = !reviews.canUndo();
  byId("readers").replaceChildren(...reviews.readers().map((value) => make("option", { value })));
  byId("reader").value = reviews.reader === UNNAMED ? "" : reviews.reader;
  byId("progress").textContent = `${reviews.count()} of ${joints.length} reviewed`
    + (reviews.kept ? "" : " (not kept by this browser: save before leaving)");
  byId("none").hidden = here.size > 0;
}

const confirmable = (shown) => [...shown].filter((joint) => joint.label && !reviews.of(joint));

/** The joint to begin with. */
const mostDamaged = (shown) =>
  [...shown].sort((one, other) => (other.probability ?? -1) - (one.probability ?? -1))[0] ?? joints[0];

function select(joint) {
  if (joint === state.selected) return;
  state.selected = joint;
  if (state.finding !== "both" && state.finding !== joint.finding) showFinding(joint.finding);
  refresh();
  viewers.reveal();
  rows.reveal(joint);
}

/** Select a joint, and take the focus along where it is on the picture or in the table. */
function lead(joint) {
  if (!joint) return;
  const part = document.activeElement.closest("#viewer, #joints");
  select(joint);
  const root = part?.id === "viewer" ? viewers.svgOf(current()) : part;
  root?.querySelector(`[data-key="${joint.key}"]:is(g, :not([hidden]))`)?.focus({ preventScroll: true });
}

/** The next joint of the visit that the reader has said nothing of, of either finding. */
function nextOpen() {
  const all = current().joints;
  const from = all.indexOf(state.selected) + 1;
  return [...all.slice(from), ...all.slice(0, from)].find((joint) => passes(joint) && !reviews.of(joint));
}

function previous() {
  const all = current().joints;
  const from = all.indexOf(state.selected);
  return [...all.slice(from), ...all.slice(0, from)].filter(passes).at(-1);
}

function atNextVisit() {
  const order = inOrder();
  const next = order[(order.indexOf(current()) + 1) % order.length];
  return sameJoint(state.selected, { visit: next.number }) ?? mostDamaged(next.joints.filter(isShown));
}

function undo() {
  if (reviews.canUndo()) select(reviews.undo());
}

const viewers = makeViewers(byId("viewer"), select);
const panel = makePanel(byId("panel"), { select, again: refresh, changed: (joint) => {
  select(joint);
  refresh();
} });
const rows = makeRows(byId("joints"), select);
const windowing = makeWindowing(byId("main"), [byId("viewer"), byId("panel")]);

function showFinding(finding) {
  state.finding = finding;
  byId("findings").querySelector(`[value="${finding}"]`).checked = true;
}

function showFilters() {
  const findings = { ...TITLES, both: "Both" };
  byId("findings").append(...Object.entries(findings).map(([finding, title]) =>
    make("label", {},
      make("input", { type: "radio", name: "finding", value: finding, checked: finding === state.finding, change: () => {
        state.finding = finding;
        // The same place is looked at for the other finding.
        if (finding !== "both") state.selected = sameJoint(state.selected, { finding }) ?? mostDamaged(current().joints.filter(isShown));
        refresh();
      } }), make("span", {}, title))));
  byId("kinds").append(...kinds.map((kind) =>
    make("label", { title: KINDS[kind][1] },
      make("input", { type: "checkbox", value: kind, checked: true, change: (event) => {
        if (event.target.checked) state.hidden.delete(kind);
        else state.hidden.add(kind);
        refresh();
      } }), swatch(kind), make("span", {}, `${KINDS[kind][0]} `), make("small", { "data-count": kind }))));
}

function countKinds() {
  const of = current().joints.filter((joint) => state.finding === "both" || joint.finding === state.finding);
  for (const kind of kinds)
    document.querySelector(`[data-count="${kind}"]`).textContent = of.filter((joint) => joint.kind === kind).length;
}

/** The controls of several visits: which is seen, whether beside another, and how they are read. */
function showVisits() {
  byId("visits").hidden = visits.length === 1;
  if (visits.length === 1) return;
  byId("which").replaceChildren(...inOrder().map((visit) =>
    make("button", { type: "button", "aria-pressed": String(visit === current()), title: "The next visit (v)",
      click: () => lead(sameJoint(state.selected, { visit: visit.number }) ?? visit.joints[0]) }, titleOf(visit))));
  byId("beside").checked = state.beside;
  byId("beside").disabled = reviews.reading === "single";
  byId("reading").replaceChildren(...Object.entries(READINGS).map(([name, [title, meaning]]) =>
    // Who knows the order cannot read as if it were unknown.
    make("option", { value: name, title: meaning, selected: name === reviews.reading,
      disabled: name !== "chronological" && name !== reviews.reading && data.blind && isOpen()
        || name === "paired" && !data.blind }, title)));
}

function showBeside(beside) {
  state.beside = beside && reviews.reading !== "single";
  refresh();
}

function read(reading) {
  reviews.reading = reading;
  showBeside(reading !== "single");
}

function enlarge() {
  const large = byId("main").classList.toggle("large");
  byId("large").setAttribute("aria-pressed", String(large));
}

function save() {
  const url = URL.createObjectURL(new Blob([labels.csv()], { type: "text/csv" }));
  make("a", { href: url, download: `${data.name}-labels-${reviews.reader}.csv` }).click();
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
  byId("loaded").textContent = labels.patient ? "" : "Saved without a patient: for training, give a pseudonym and save again";
}

async function load({ target }) {
  const told = [];
  for (const file of target.files) told.push(labels.load(file.name, await file.text()));
  target.value = "";
  refresh();
  byId("loaded").textContent = told.join(". ");
}

showNotice();
byId("ways").hidden = !data.ways.length;
byId("ways").append(...data.ways.flatMap(([name, address], number) =>
  [number ? " · " : "", make("a", { href: address }, name)]));
showFilters();
state.beside = visits.length > 1 && reviews.reading !== "single";
byId("patient").placeholder = visits[0].patient || "for training";
byId("patient").value = reviews.patient;
byId("patient").addEventListener("input", (event) => { reviews.patient = event.target.value; });
byId("reader").addEventListener("change", (event) => {
  reviews.reader = event.target.value;
  refresh();
});
for (const [id, type] of [["search", "input"], ["only", "change"], ["names", "change"]])
  byId(id).addEventListener(type, refresh);
byId("save").addEventListener("click", save);
byId("load").addEventListener("change", load);
byId("undo").addEventListener("click", () => {
  undo();
  refresh();
});
byId("confirm-shown").addEventListener("click", () => {
  reviews.confirm(confirmable(current().joints.filter(isShown)));
  refresh();
});
byId("zoom-in").addEventListener("click", () => viewers.zoom(1.5));
byId("zoom-out").addEventListener("click", () => viewers.zoom(1 / 1.5));
byId("fit").addEventListener("click", viewers.fit);
byId("closer").addEventListener("click", viewers.closer);
byId("large").addEventListener("click", enlarge);
byId("beside").addEventListener("change", (event) => showBeside(event.target.checked));
byId("reading").addEventListener("change", (event) => read(event.target.value));
// What sticks below the bar must know its height.
new ResizeObserver(([bar]) => byId("main").style.setProperty("--bar", `${bar.target.offsetHeight}px`))
  .observe(document.querySelector(".bar"));
refresh();
viewers.fit();
