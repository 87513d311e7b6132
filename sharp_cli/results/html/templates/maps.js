"use strict";

/* Where the answer on a joint came from: maps over patches. */

/** Viridis, as matplotlib has it, at eight equal steps: the higher the lighter, to any eye. */
const VIRIDIS = [
  [68, 1, 84], [70, 50, 126], [54, 92, 141], [39, 127, 142],
  [31, 161, 135], [74, 193, 109], [160, 218, 57], [253, 231, 37],
];
const OPAQUE = 0.75; // of 1: the patch is seen below the brightest

/** A colour with its opacity, 0 to 255, for a value from 0 to 1. */
function colourOf(value) {
  const at = value * (VIRIDIS.length - 1);
  const step = Math.min(Math.floor(at), VIRIDIS.length - 2);
  const mixed = VIRIDIS[step].map((part, number) => part + (VIRIDIS[step + 1][number] - part) * (at - step));
  return [...mixed, 255 * OPAQUE * value];
}

/** Values of 0 to 1 as a picture of some width, a value a pixel; the browser stretches it smoothly. */
function paint(values, width) {
  const canvas = make("canvas", { class: "map", width, height: values.length / width, "aria-hidden": "true" });
  const colours = new Uint8ClampedArray(values.flatMap(colourOf));
  canvas.getContext("2d").putImageData(new ImageData(colours, width), 0, 0);
  return canvas;
}

const valuesOf = (packed) => [...atob(packed)].map((byte) => byte.charCodeAt(0) / 255);

/** Where in a patch the answer on `joint` came from: in its own, or in another that was looked at. */
function mapOver(seen, joint) {
  const packed = joint.maps?.[seen.key];
  if (!packed) return null;
  const values = valuesOf(packed);
  return paint(values, Math.sqrt(values.length));
}

/** What else was looked at for a joint's answer, and how the maps are to be read. */
function explanation(joint) {
  const text = (...content) => make("p", { class: "quiet" }, content);
  if (!joint.maps) return [text("No map: the joint is not classified.")];
  const others = Object.keys(joint.maps).filter((key) => key !== joint.key).map((key) => visits[joint.visit].byKey.get(key));
  const figures = others.map((seen) =>
    make("figure", { "data-key": seen.key },
      make("div", { class: "seen" }, make("img", { src: data.patches[seen.patch], alt: "" }), mapOver(seen, joint)),
      make("figcaption", {}, `${seen.hand} ${seen.joint}`)));
  const empty = Object.values(joint.maps).every((packed) => valuesOf(packed).every((value) => value === 0));
  const scale = paint(Array.from({ length: 64 }, (_, step) => step / 63), 64);
  return [
    ...(figures.length ? [make("h3", {}, `Also looked at for the ${joint.hand} ${joint.joint}`), make("div", { class: "others" }, figures)] : []),
    text(make("span", { class: "scale" }, "least", scale, "most"),
      "Grad-CAM: where the network’s answer came from, that is, what raised its probability of damage. ",
      empty ? "Here nothing did. " : "",
      "It is no proof of damage, and coarser than the picture below it."),
  ];
}
