"use strict";

/* The radiographs of a visit side by side with the joints' boxes. */

/** `select` is called with a joint, `moved` when the reader zooms or drags. */
function makeViewer(visit, select, moved) {
  const HEIGHT = 1000;
  const GAP = 16;
  const CLOSE = 6; // how much closer than at first a single joint is looked at
  const INNER = 0.86; // of its size has a box that stands within another of the same place
  const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

  const svg = makeSvg("svg", {
    role: "group", "aria-label": "Joints on the radiograph; arrow keys lead from joint to joint",
  });
  const title = make("figcaption", {});
  const figure = make("figure", {}, title, svg);

  let width = -GAP;
  const films = visit.films.map((film) => {
    const [left, down] = [width + GAP, HEIGHT / film.height];
    const across = down / film.aspect; // its pixels may be higher than wide
    width = left + film.width * across;
    const size = { x: left, y: 0, width: film.width * across, height: HEIGHT };
    svg.append(makeSvg("image", { ...size, href: film.picture, preserveAspectRatio: "none", class: "film" }));
    return { left, across, down };
  });
  svg.style.aspectRatio = width / HEIGHT;

  /** From a file's own pixels, where (0, 0) is the middle of the first, to the viewer's units. */
  function place(film, [x, y]) {
    const { left, across, down } = films[visit.films.indexOf(film)];
    return [left + (x + 0.5) * across, (y + 0.5) * down];
  }

  const outline = () => ["halo", "line"].map((name) => makeSvg("polygon", { class: name }));
  const marks = new Map();
  for (const joint of visit.joints.filter((one) => one.box !== null)) {
    const shapes = outline();
    const listeners = { focus: () => select(joint) };
    const corners = joint.box.map((corner) => place(joint.film, corner));
    marks.set(joint, {
      shapes,
      group: makeSvg("g", { role: "button", "data-key": joint.key, ...listeners }, shapes),
      text: makeSvg("text"),
      leader: makeSvg("line"),
      corners,
      middle: place(joint.film, [joint.x, joint.y]),
      size: Math.hypot(corners[2][0] - corners[1][0], corners[2][1] - corners[1][1]),
      shown: true,
      weight: 0,
    });
  }
  // Above all boxes: the selected one, drawn once more, and the captions.
  const cursorShapes = outline();
  const cursor = makeSvg("g", { "aria-hidden": "true" }, cursorShapes);
  const captions = [...marks.values()].flatMap(({ leader, text }) => [leader, text]);
  svg.append(...[...marks.values()].map(({ group }) => group), cursor,
    makeSvg("g", { "aria-hidden": "true" }, captions));

  const view = makeZoom(svg, width, HEIGHT, arrange, moved);
  const scale = () => svg.getScreenCTM()?.a || 1;

  /** Text and what is around it are sized in pixels of the screen. */
  function arrange() {
    const edges = svg.getBoundingClientRect();
    if (!edges.width) return;
    const pixel = 1 / scale();
    svg.style.setProperty("--px", `${pixel}px`);
    const first = view.at({ clientX: edges.left, clientY: edges.top });
    const last = view.at({ clientX: edges.right, clientY: edges.bottom });
    const part = { left: first.x, right: last.x, top: first.y, bottom: last.y };
    placeCaptions([...marks.values()], pixel, part);
  }

  const focus = (joint) => marks.get(joint).group.focus({ preventScroll: true });

  // Focus follows the click below, not the box that lies uppermost.
  svg.addEventListener("mousedown", (event) => event.preventDefault());
  svg.addEventListener("click", (event) => {
    if (view.wasDrag()) return;
    const { x, y } = view.at(event);
    const away = (joint) => Math.hypot(marks.get(joint).middle[0] - x, marks.get(joint).middle[1] - y);
    const [nearest, ...others] = document.elementsFromPoint(event.clientX, event.clientY)
      .filter((element) => svg.contains(element))
      .map((element) => visit.byKey.get(element.closest("[data-key]")?.dataset.key))
      .filter((joint, number, all) => joint && all.indexOf(joint) === number)
      .sort((one, other) => away(one) - away(other) || one.order - other.order);
    if (!nearest) return;
    // A second click leads to the other finding of the same place.
    const next = others.find((joint) => joint.joint === nearest.joint);
    focus(nearest.key === svg.dataset.selected && next ? next : nearest);
  });

  svg.addEventListener("keydown", (event) => {
    const direction = ARROWS[event.key];
    const from = marks.get(visit.byKey.get(event.target.dataset.key));
    if (!from || !direction) return;
    event.preventDefault();
    let best = null;
    let least = Infinity;
    for (const [joint, { middle, shown }] of marks) {
      const [dx, dy] = [middle[0] - from.middle[0], middle[1] - from.middle[1]];
      const along = dx * direction[0] + dy * direction[1];
      const cost = along + 2 * Math.abs(dx * direction[1] + dy * direction[0]);
      if (shown && along > 0 && cost < least) [best, least] = [joint, cost];
    }
    if (best) focus(best);
  });

  function draw(shapes, { corners, middle: [x, y] }, size) {
    const points = corners.map(([left, top]) => `${x + (left - x) * size},${y + (top - y) * size}`);
    for (const shape of shapes) shape.setAttribute("points", points.join(" "));
  }

  return {
    figure,
    svg,
    zoom: view.zoom,
    fit: view.fit,
    refit: view.refit,

    closer(joint) {
      if (marks.has(joint)) view.centre(marks.get(joint).middle, width / CLOSE);
    },

    /** Move to a joint that is out of sight. */
    reveal(joint) {
      const mark = marks.get(joint);
      if (mark && !view.sees(mark.middle)) view.centre(mark.middle);
    },

    /** How a joint is looked at: the size of its box on the screen and where, in boxes; null for all. */
    lookAt(joint) {
      const mark = marks.get(joint);
      if (view.isWhole() || !mark) return null;
      const [x, y] = [0, 1].map((axis) => (view.middle()[axis] - mark.middle[axis]) / mark.size);
      return { x, y, size: scale() * mark.size };
    },

    /** Look at a joint as another viewer does. */
    look(joint, seen) {
      const mark = marks.get(joint);
      if (!mark || !seen) return view.fit();
      const middle = [mark.middle[0] + seen.x * mark.size, mark.middle[1] + seen.y * mark.size];
      return view.centre(middle, (view.width() * scale() * mark.size) / seen.size);
    },

    refresh({ shown, selected, names, both }) {
      title.textContent = titleOf(visit);
      title.hidden = visits.length === 1;
      svg.dataset.selected = selected.key;
      const seen = [...marks.keys()].filter((joint) => shown.has(joint));
      const reachable = seen.find((joint) => joint.key === selected.key) ?? seen[0];
      cursor.setAttribute("class", "out");
      for (const [joint, mark] of marks) {
        mark.shown = shown.has(joint);
        const chosen = joint.key === selected.key && mark.shown;
        const damaged = joint.label === "non-intact";
        mark.weight = 2 * chosen + damaged;
        const look = `k-${joint.kind} ${joint.status} ${damaged ? "thick" : "thin"}`;
        const size = both && joint.finding === "jsn" ? INNER : 1;
        mark.group.setAttribute("class", `joint ${look} ${mark.shown ? "" : "out"}`);
        mark.group.setAttribute("tabindex", joint === reachable ? 0 : -1);
        mark.group.setAttribute("aria-label", describe(joint));
        mark.text.setAttribute("class", `k-${joint.kind} ${chosen ? "chosen" : ""}`);
        mark.text.textContent = mark.shown ? caption(joint, names || chosen) : "";
        mark.leader.setAttribute("class", `leader out k-${joint.kind}`);
        draw(mark.shapes, mark, size);
        if (!chosen) continue;
        cursor.setAttribute("class", `cursor ${look}`);
        draw(cursorShapes, mark, size);
      }
      arrange();
    },
  };
}
