"use strict";

/* A drawing that is zoomed and moved by wheel, pointer and fingers. */

/** `changed` is called whenever another part is seen, `moved` when the reader made it so. */
function makeZoom(svg, width, height, changed, moved) {
  const CLOSEST = 30;
  const DRAG = 4; // pixels of the screen that a click may stray
  const LINE = 33; // pixels that a line is, where a wheel counts lines
  const whole = { x: 0, y: 0, width, height };
  let view = whole;

  const limited = (size) => Math.min(Math.max(size, width / CLOSEST), width);

  /** Show a part as wide as `next`, as high as its width asks for. */
  function show(next) {
    const wide = limited(next.width);
    const high = (wide / width) * height;
    // The middle of what is seen stays on the picture.
    const x = Math.min(Math.max(next.x, -wide / 2), width - wide / 2);
    const y = Math.min(Math.max(next.y, -high / 2), height - high / 2);
    view = wide === width ? whole : { x, y, width: wide, height: high };
    svg.setAttribute("viewBox", `${view.x} ${view.y} ${view.width} ${view.height}`);
    changed();
  }

  /** Where on the drawing a point of the window is. */
  const at = ({ clientX, clientY }) =>
    new DOMPoint(clientX, clientY).matrixTransform(svg.getScreenCTM().inverse());

  /** Zoom such that a point stays where it is. */
  function zoom(factor, { x, y } = { x: view.x + view.width / 2, y: view.y + view.height / 2 }) {
    const wide = limited(view.width / factor);
    const fraction = wide / view.width;
    show({ x: x - (x - view.x) * fraction, y: y - (y - view.y) * fraction, width: wide });
  }

  function centre([x, y], wide = view.width) {
    show({ x: x - wide / 2, y: y - ((wide / width) * height) / 2, width: wide });
  }

  svg.addEventListener("wheel", (event) => {
    // At its widest the picture leaves the wheel to the page.
    if (event.deltaY > 0 && view === whole) return;
    event.preventDefault();
    const lines = event.deltaMode === WheelEvent.DOM_DELTA_LINE;
    zoom(2 ** (-(lines ? LINE * event.deltaY : event.deltaY) / 300), at(event));
    moved();
  }, { passive: false });

  const pointers = new Map();
  let dragged = false;
  svg.addEventListener("pointerdown", (event) => {
    if (event.button) return;
    if (!pointers.size) dragged = false;
    pointers.set(event.pointerId, { start: event, now: at(event) });
  });
  svg.addEventListener("pointermove", (event) => {
    const pointer = pointers.get(event.pointerId);
    if (!pointer) return;
    if (!event.buttons) {
      // It was let go outside.
      pointers.delete(event.pointerId);
      return;
    }
    const { clientX, clientY } = pointer.start;
    if (!dragged && Math.hypot(event.clientX - clientX, event.clientY - clientY) < DRAG) return;
    dragged = true;
    svg.setPointerCapture(event.pointerId);
    const [before, after] = [pointer.now, at(event)];
    const other = [...pointers.values()].find((one) => one !== pointer)?.now;
    if (other) {
      // A second finger stays where it is, the first one leads.
      const spread = (point) => Math.hypot(point.x - other.x, point.y - other.y);
      zoom(spread(after) / Math.max(spread(before), 1e-6), other);
    } else {
      show({ ...view, x: view.x + before.x - after.x, y: view.y + before.y - after.y });
    }
    pointer.now = at(event);
    moved();
  });
  for (const end of ["pointerup", "pointercancel"])
    svg.addEventListener(end, (event) => pointers.delete(event.pointerId));

  return {
    at,
    zoom,
    centre,
    fit: () => show(whole),
    refit: () => show(view),
    isWhole: () => view === whole,
    width: () => view.width,
    middle: () => [view.x + view.width / 2, view.y + view.height / 2],
    sees: ([x, y]) =>
      x > view.x && x < view.x + view.width && y > view.y && y < view.y + view.height,
    /** Whether the last press moved the picture, and so was no click. */
    wasDrag: () => dragged,
  };
}
