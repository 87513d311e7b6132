"use strict";

/* Window and level of all pictures, by two sliders, or by dragging with the right button. */

function makeWindowing(main, pictures) {
  const DRAG = 500; // pixels of the screen for the whole range of grey
  const inputs = { window: byId("window"), level: byId("level") };
  let from = null;

  function apply() {
    const { window: width, level } = Object.fromEntries(
      Object.entries(inputs).map(([name, input]) => [name, Number(input.value)]));
    // The filters of CSS: first grey * brightness, then (grey - 0.5) * contrast + 0.5.
    main.style.setProperty("--brightness", 1 / (2 * level));
    main.style.setProperty("--contrast", (2 * level) / width);
    main.style.setProperty("--invert", Number(byId("invert").checked));
  }

  function set(window, level) {
    inputs.window.value = window;
    inputs.level.value = level;
    apply();
  }

  const reset = () => set(1, 0.5);

  for (const part of pictures) {
    part.addEventListener("contextmenu", (event) => {
      if (event.target.closest("svg, .seen")) event.preventDefault();
    });
    part.addEventListener("pointerdown", (event) => {
      if (event.button !== 2 || !event.target.closest("svg, .seen")) return;
      event.preventDefault();
      part.setPointerCapture(event.pointerId);
      from = { x: event.clientX, y: event.clientY, window: Number(inputs.window.value), level: Number(inputs.level.value) };
    });
    part.addEventListener("pointermove", (event) => {
      if (from) set(from.window + (event.clientX - from.x) / DRAG, from.level + (from.y - event.clientY) / DRAG);
    });
    for (const end of ["pointerup", "pointercancel"]) part.addEventListener(end, () => { from = null; });
  }
  for (const input of [...Object.values(inputs), byId("invert")]) input.addEventListener("input", apply);
  byId("reset").addEventListener("click", reset);
  apply();
  return { reset };
}
