"use strict";

/* What the pages are built with, and the data that they show. */

const data = JSON.parse(document.getElementById("data").textContent);
const TITLES = { erosion: "Erosion", jsn: "JSN" };
const SIDES = ["left", "right"];

const byId = (id) => document.getElementById(id);

/**
 * Make an element. Attributes that are null or false are omitted, true ones have no value, and
 * functions are listeners, named by their event. What is null in the content is omitted.
 */
const make = (name, attributes, ...content) => fill(document.createElement(name), attributes, content);

const makeSvg = (name, attributes, ...content) =>
  fill(document.createElementNS("http://www.w3.org/2000/svg", name), attributes, content);

function fill(element, attributes, content) {
  for (const [name, value] of Object.entries(attributes ?? {})) {
    if (typeof value === "function") element.addEventListener(name, value);
    else if (value !== null && value !== undefined && value !== false)
      element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...content.flat().filter((part) => part !== null && part !== undefined));
  return element;
}

/** Whether all words of a filter are in a text. */
const hasWords = (text, filter) =>
  filter.toLowerCase().split(/\s+/).every((word) => text.toLowerCase().includes(word));

/** How many joints of a hand are what: "5 of 16", and what speaks for a second look. */
function countOf(counts, finding, hand) {
  const count = counts.find((one) => one.finding === finding && one.hand === hand);
  if (!count) return null;
  const joints = count.intact + count.non_intact;
  const notes = [];
  if (count.uncertain) notes.push(`${count.uncertain} uncertain`);
  if (count.not_detected) notes.push(`${count.not_detected} not detected`);
  if (count.not_assessable) notes.push(`${count.not_assessable} not assessable`);
  return { damaged: count.non_intact, joints, notes: notes.join(", ") };
}

/** The SENS of a hand, or of the study for null, or its part for a finding; null where there is none. */
const sensOf = (scores, hand, part = "sens") => scores.find((one) => one.hand === hand)?.[part] ?? null;

function showNotice() {
  if (data.notice === null) return;
  byId("notice").textContent = data.notice;
  byId("notice").hidden = false;
}
