"use strict";

/* How the visits of a patient are read: together or one by one, with or without their order. */

/** By name: title, and what the reader knows; last the one that shows the order for good. */
const READINGS = {
  paired: ["Paired", "side by side, their order unknown"],
  single: ["Single", "one at a time"],
  chronological: ["Chronological", "side by side, in their order"],
};

/** The reading that a page begins with. */
const firstReading = () => (visits.length === 1 ? "single" : data.blind ? "paired" : "chronological");

/** Whether the reader may know dates and order. */
const isOpen = () => !data.blind || reviews.reading === "chronological";

/** The visits in the order in which they are shown: that of their dates, or a shuffled one. */
const inOrder = () =>
  isOpen()
    ? [...visits].sort((one, other) => one.day - other.day || (one.date ?? "").localeCompare(other.date ?? ""))
    : visits;

function titleOf(visit) {
  const place = inOrder().indexOf(visit);
  if (!isOpen()) return `Visit ${String.fromCharCode(65 + place)}`;
  return visits.length === 1 ? visit.study : `Visit ${place + 1}, ${visit.date || `day ${visit.day}`}`;
}

/** The visits that are compared with one another: one, and the one before it or else the next. */
function comparedWith(visit) {
  const order = inOrder();
  const place = Math.max(order.indexOf(visit), 1);
  return order.slice(place - 1, place + 1);
}
