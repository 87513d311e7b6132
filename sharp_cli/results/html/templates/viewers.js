"use strict";

/* The viewers of the visits, of which one or two are seen, with the same zoom. */

function makeViewers(root, select) {
  let following = false;
  let current = null; // the selected joint

  const viewers = visits.map((visit) => makeViewer(visit, select, () => follow(visit.number)));
  for (const viewer of viewers) {
    root.append(viewer.figure);
    new ResizeObserver(viewer.refit).observe(viewer.svg);
  }

  const seen = () => viewers.filter((viewer) => !viewer.figure.hidden);

  /** Let the other viewers look at the selected joint as that of a visit does. */
  function follow(number) {
    if (!current || following) return;
    following = true;
    const look = viewers[number].lookAt(sameJoint(current, { visit: number }));
    for (const [other, viewer] of viewers.entries())
      if (other !== number && !viewer.figure.hidden) viewer.look(sameJoint(current, { visit: other }), look);
    following = false;
  }

  /** Do something in the viewer of the selected joint, and follow it. */
  const lead = (act) => {
    act(viewers[current.visit]);
    follow(current.visit);
  };

  return {
    zoom: (factor) => lead((viewer) => viewer.zoom(factor)),
    fit: () => viewers.forEach((viewer) => viewer.fit()),
    closer: () => lead((viewer) => viewer.closer(current)),
    reveal: () => lead((viewer) => viewer.reveal(current)),
    /** The drawing of a visit. */
    svgOf: (visit) => viewers[visit.number].svg,

    /** Show some visits; what is selected stays where it is on the screen. */
    refresh({ shownVisits, selected, ...looks }) {
      const before = current && seen().length ? viewers[current.visit].lookAt(current) : null;
      const changed = shownVisits.some((visit) => viewers[visit.number].figure.hidden)
        || seen().length !== shownVisits.length;
      for (const [number, viewer] of viewers.entries())
        viewer.figure.hidden = !shownVisits.some((visit) => visit.number === number);
      root.classList.toggle("beside", shownVisits.length > 1);
      for (const visit of shownVisits) viewers[visit.number].refresh({ ...looks, selected });
      current = selected;
      if (!changed) return;
      for (const visit of inOrder()) root.append(viewers[visit.number].figure);
      for (const visit of shownVisits)
        viewers[visit.number].look(sameJoint(selected, { visit: visit.number }), before);
    },
  };
}
