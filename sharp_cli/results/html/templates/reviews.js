"use strict";

/*
 * What readers say of joints: kept in memory, and in the browser's storage by radiograph (the
 * sha256 of its file), reader and joint, so that it is there whatever models scored the joint.
 */

/** The name of a reader who gives none. */
const UNNAMED = "reader";

const reviews = (() => {
  const FILM = "sharp-review/";
  const READER = "sharp-reader";
  const steps = [];
  const films = new Map();
  const self = { kept: true };
  let reader = UNNAMED;

  /** Do something with the browser's storage, which may be refused. */
  function storing(act) {
    try {
      act();
      self.kept = true;
    } catch {
      self.kept = false;
    }
  }

  const keep = (hashes) => storing(() => {
    for (const sha256 of new Set(hashes)) {
      const { patient, readings, readers } = films.get(sha256);
      const said = [...readers].map(([name, found]) => [name, [...found]]);
      localStorage.setItem(FILM + sha256, JSON.stringify({ patient, readings: [...readings], readers: said }));
    }
  });

  function restored(sha256) {
    const film = { patient: "", readings: new Map(), readers: new Map() };
    storing(() => {
      const stored = JSON.parse(localStorage.getItem(FILM + sha256) ?? "{}");
      film.patient = String(stored.patient ?? "");
      film.readings = new Map(stored.readings ?? []);
      film.readers = new Map((stored.readers ?? []).map(([name, found]) => [name, new Map(found)]));
    });
    return film;
  }

  const all = visits.flatMap((visit) => visit.films.map((film) => film.sha256));
  for (const sha256 of all) films.set(sha256, restored(sha256));
  storing(() => { reader = localStorage.getItem(READER) ?? UNNAMED; });

  const labelOf = (grade) => (grade > 0 ? "non-intact" : "intact");

  /** A review that can be one of the joint, or undefined. */
  function checked(joint, { label = null, grade = null, reading = "single" } = {}) {
    if (grade === NOT_ASSESSABLE) return { label: null, grade, reading };
    if (data.grades[joint.finding].includes(grade)) return { label: labelOf(grade), grade, reading };
    return ["intact", "non-intact"].includes(label) ? { label, grade: null, reading } : undefined;
  }

  function foundBy(joint, name) {
    const { readers } = films.get(joint.film.sha256);
    if (!readers.has(name)) readers.set(name, new Map());
    return readers.get(name);
  }

  function put(changes) {
    for (const [joint, name, review] of changes) {
      if (review) foundBy(joint, name).set(joint.key, review);
      else foundBy(joint, name).delete(joint.key);
    }
    keep(changes.map(([joint]) => joint.film.sha256));
  }

  const of = (joint, name = reader) => checked(joint, foundBy(joint, name).get(joint.key));

  /** Change what readers say of joints, as one step that can be taken back. */
  function change(changes) {
    if (!changes.length) return;
    steps.push(changes.map(([joint, name]) => [joint, name, of(joint, name)]));
    put(changes);
  }

  const say = (joint, what) => change([[joint, reader, checked(joint, { ...what, reading: self.reading })]]);

  return Object.defineProperties(Object.assign(self, {
    /** What the reader said of a joint: its label, and its grade or null; undefined if nothing. */
    of: (joint) => of(joint),
    count: () => joints.filter((joint) => of(joint)).length,
    /** Whether the reader says something else than the models. */
    changed: (joint) => Boolean(of(joint)) && of(joint).label !== joint.label,

    label: (joint, label) => say(joint, { label }),
    grade: (joint, grade) => say(joint, { grade }),
    confirm: (some) => change(some.map((joint) => [joint, reader, { label: joint.label, grade: null, reading: self.reading }])),
    clear: (joint) => of(joint) && change([[joint, reader, undefined]]),

    /** Add what a table says, as `[joint, reader, what]`; a reader without a name is the present one. */
    load(rows) {
      const known = rows.map(([joint, name, what]) => [joint, name || reader, checked(joint, what)]);
      change(known.filter(([, , review]) => review));
    },

    canUndo: () => steps.length > 0,
    /** Take the last step back; gives a joint that it was about. */
    undo() {
      const step = steps.pop();
      put(step);
      return step[0][0];
    },

    /** The names of all readers of these radiographs. */
    readers: () => [...new Set([...films.values()].flatMap(({ readers }) =>
      [...readers].filter(([, found]) => found.size).map(([name]) => name)))],
  }), {
    reader: {
      get: () => reader,
      set(name) {
        reader = name.trim() || UNNAMED;
        storing(() => localStorage.setItem(READER, reader));
      },
    },
    patient: {
      get: () => films.get(all[0]).patient,
      set(patient) {
        for (const film of films.values()) film.patient = patient;
        keep(all);
      },
    },
    /** How the reader reads the visits, see `READINGS`. */
    reading: {
      get: () => films.get(all[0]).readings.get(reader) ?? firstReading(),
      set(reading) {
        for (const film of films.values()) film.readings.set(reader, reading);
        keep(all);
      },
    },
  });
})();
