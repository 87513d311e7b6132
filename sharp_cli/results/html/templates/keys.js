"use strict";

/* What keys do; they leave typing alone, which Escape ends. */

const KEYS = {
  c: () => state.selected.label && reviews.label(state.selected, state.selected.label),
  i: () => reviews.label(state.selected, "intact"),
  n: () => reviews.label(state.selected, "non-intact"),
  x: () => reviews.grade(state.selected, NOT_ASSESSABLE),
  Delete: () => reviews.clear(state.selected),
  Backspace: () => reviews.clear(state.selected),
  u: undo,
  j: () => lead(nextOpen()),
  k: () => lead(previous()),
  o: () => lead(sameJoint(state.selected, { hand: otherSide(state.selected.hand) })),
  e: () => lead(sameJoint(state.selected, { finding: state.selected.finding === "erosion" ? "jsn" : "erosion" })),
  v: () => lead(atNextVisit()),
  b: () => visits.length > 1 && showBeside(!state.beside),
  "+": () => viewers.zoom(1.5),
  "-": () => viewers.zoom(1 / 1.5),
  f: viewers.fit,
  z: viewers.closer,
  p: enlarge,
  r: windowing.reset,
  s: () => reviews.count() && save(),
};

function onKey(event) {
  if (event.key === "Escape") event.target.blur();
  if (event.target.matches("input:not([type=checkbox], [type=radio], [type=range]), select")) return;
  const undoes = event.key === "z" && (event.ctrlKey || event.metaKey);
  if (!undoes && (event.ctrlKey || event.metaKey || event.altKey)) return;
  const grade = Number(event.key);
  const act = undoes ? undo : KEYS[event.key];
  if (act) act();
  else if (event.key.trim() && data.grades[state.selected.finding].includes(grade)) reviews.grade(state.selected, grade);
  else return;
  event.preventDefault();
  refresh();
}

addEventListener("keydown", onKey);
