"use strict";

/* What stands beside the boxes, and where. */

/** Outcome, joint, probability, whether the place is uncertain, and what the reader says. */
function caption(joint, named) {
  const review = reviews.of(joint);
  const outcome = ["tp", "fn", "fp"].includes(joint.kind) ? joint.kind.toUpperCase() : "";
  const uncertain = joint.status === "uncertain" ? "?" : "";
  const changed = reviews.changed(joint);
  const damaged = joint.label === "non-intact";
  if (!named && !damaged && !outcome && !uncertain && !changed) return "";
  const reader = review ? (changed ? `✎ ${short(review)}` : "✓") : "";
  const number = named || damaged ? formatFraction(joint.probability) : "";
  return [outcome, joint.joint, number, uncertain, reader].filter(Boolean).join(" ");
}

/**
 * Put each caption beside its box where it hides the fewest others and middles of joints, with a
 * line to the joint where it does not stand above its box.
 *
 * The marks have a `text`, a line as `leader`, `corners`, a `middle`, and whether they are `shown`;
 * `pixel` is one of the screen in units of the drawing, `part` is what is seen of the drawing.
 */
function placeCaptions(marks, pixel, part) {
  const POINT = 4;
  const GAP = 3;
  const HEIGHT = 15;
  const BASELINE = 0.22; // of the height, above a caption's lower end
  const LATER = 0.02; // of its size hidden is as bad as to stand at the next place
  const height = HEIGHT * pixel;
  const gap = GAP * pixel;

  const area = (left, top, wide, high) => ({ left, right: left + wide, top, bottom: top + high });
  const overlap = (one, other) =>
    Math.max(0, Math.min(one.right, other.right) - Math.max(one.left, other.left))
    * Math.max(0, Math.min(one.bottom, other.bottom) - Math.max(one.top, other.top));

  const taken = marks.filter((mark) => mark.shown).map(({ middle: [x, y] }) =>
    area(x - POINT * pixel, y - POINT * pixel, 2 * POINT * pixel, 2 * POINT * pixel));

  for (const { text, leader, corners, middle: [x, y] } of marks) {
    if (!text.textContent) continue;
    const wide = text.getComputedTextLength();
    const [xs, ys] = [0, 1].map((axis) => corners.map((corner) => corner[axis]));
    const beside = [0, -1.2, 1.2, -2.4, 2.4].map((lines) => y + (lines - 0.5) * height);
    const places = [
      [x - wide / 2, Math.min(...ys) - gap - height],
      ...beside.map((top) => [Math.min(...xs) - gap - wide, top]),
      ...beside.map((top) => [Math.max(...xs) + gap, top]),
      [x - wide / 2, Math.max(...ys) + gap],
    ].map(([left, top]) => area(left, top, wide, height));
    const costs = places.map((place, number) => {
      const hidden = taken.reduce((sum, other) => sum + overlap(place, other), 0);
      const outside = wide * height - overlap(place, part);
      return hidden + outside + number * LATER * wide * height;
    });
    const best = places[costs.indexOf(Math.min(...costs))];
    taken.push(best);
    text.setAttribute("x", best.left);
    text.setAttribute("y", best.bottom - BASELINE * height);
    leader.setAttribute("x1", Math.min(Math.max(x, best.left), best.right));
    leader.setAttribute("y1", (best.top + best.bottom) / 2);
    leader.setAttribute("x2", x);
    leader.setAttribute("y2", y);
    leader.classList.toggle("out", best === places[0]);
  }
}
