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
 * Put each caption near its box where it hides neither another caption nor a joint, with a line to
 * the joint where it does not stand above its box. One that has no such place is left out.
 *
 * The marks have a `text`, a line as `leader`, `corners`, a `middle`, and whether they are `shown`;
 * `pixel` is one of the screen in units of the drawing, `part` is what is seen of the drawing.
 */
function placeCaptions(marks, pixel, part) {
  const CORE = 0.5; // of a box's width and height around its middle is the joint
  const GAP = 3;
  const HEIGHT = 15;
  const BASELINE = 0.22; // of the height, above a caption's lower end
  const RINGS = [0, 1.3, 2.6, 4.5, 7]; // lines of text that a caption may stand away from its box
  const height = HEIGHT * pixel;

  const overlaps = (one, other) =>
    one.left < other.right && other.left < one.right && one.top < other.bottom && other.top < one.bottom;
  const inside = (one, other) =>
    one.left >= other.left && one.right <= other.right && one.top >= other.top && one.bottom <= other.bottom;

  function bounds(corners) {
    const [xs, ys] = [0, 1].map((axis) => corners.map((corner) => corner[axis]));
    return { left: Math.min(...xs), right: Math.max(...xs), top: Math.min(...ys), bottom: Math.max(...ys) };
  }

  /** Places around a box for a text, the best one first. */
  function* placesAround({ left, right, top, bottom }, wide) {
    const [x, y] = [(left + right) / 2, (top + bottom) / 2];
    const at = (x0, y0) => ({ left: x0, right: x0 + wide, top: y0, bottom: y0 + height });
    for (const ring of RINGS) {
      const away = (GAP + ring * HEIGHT) * pixel;
      const [above, below] = [top - away - height, bottom + away];
      const [before, behind] = [left - away - wide, right + away];
      yield at(x - wide / 2, above);
      for (const lines of [0, -1.2, 1.2, -2.4, 2.4]) {
        yield at(before, y + (lines - 0.5) * height);
        yield at(behind, y + (lines - 0.5) * height);
      }
      yield at(x - wide / 2, below);
      for (const row of [above, below]) {
        yield at(before, row);
        yield at(behind, row);
      }
    }
  }

  const shown = marks.filter((mark) => mark.shown);
  const boxes = shown.map(({ corners }) => bounds(corners));
  const taken = shown.map(({ corners, middle: [x, y] }) =>
    bounds(corners.map(([left, top]) => [x + (left - x) * CORE, y + (top - y) * CORE])));
  const isFree = (place, others) => !others.some((other) => overlaps(place, other));
  // The selected joint and damage choose first.
  const order = [...shown].sort((one, other) => other.weight - one.weight);
  for (const { text, leader, corners, middle } of order) {
    leader.classList.add("out");
    text.classList.remove("out");
    if (!text.textContent) continue;
    const places = [...placesAround(bounds(corners), text.getComputedTextLength())];
    const free = places.filter((place) => inside(place, part) && isFree(place, taken));
    const best = free.find((place) => isFree(place, boxes)) ?? free[0];
    text.classList.toggle("out", !best);
    if (!best) continue;
    taken.push(best);
    text.setAttribute("x", best.left);
    text.setAttribute("y", best.bottom - BASELINE * height);
    leader.setAttribute("x1", Math.min(Math.max(middle[0], best.left), best.right));
    leader.setAttribute("y1", (best.top + best.bottom) / 2);
    leader.setAttribute("x2", middle[0]);
    leader.setAttribute("y2", middle[1]);
    leader.classList.toggle("out", best === places[0]);
  }
}
