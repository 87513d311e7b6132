"use strict";

/* Tables of labels: what the reader says as CSV, and such tables read again. */

const labels = (() => {
  const COLUMNS = [
    "patient", "study", "image", "hand", "finding", "joint", "grade", "label", "x", "y", "date",
    "reader", "sha256", "reading",
  ];
  const NEEDED = ["hand", "finding", "joint"];
  // What a spreadsheet would run as a formula begins with ', as in the tables of sharp score.
  const RUNS = /^'*[=+\-@\t\r\n＝＋－＠]/;

  const cell = (value) => {
    const plain = String(value ?? "");
    const runs = RUNS.test(plain) && (plain.trim() === "" || isNaN(plain));
    const text = runs ? `'${plain}` : plain;
    return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
  };
  const value = (text) => (text.startsWith("'") && RUNS.test(text) ? text.slice(1) : text);

  /** The rows of a CSV text, whose cells are separated by what the first line has most of. */
  function parse(text) {
    const first = text.split("\n", 1)[0];
    const [separator] = [",", ";", "\t"].sort((one, other) => first.split(other).length - first.split(one).length);
    const rows = [[""]];
    let quoted = false;
    const characters = [...text.replace(/^\uFEFF/, "").replace(/\r\n?/g, "\n")];
    for (let at = 0; at < characters.length; at += 1) {
      const character = characters[at];
      const row = rows.at(-1);
      if (character === '"' && quoted && characters[at + 1] === '"') {
        row[row.length - 1] += '"';
        at += 1;
      } else if (character === '"') quoted = !quoted;
      else if (!quoted && character === separator) row.push("");
      else if (!quoted && character === "\n") rows.push([""]);
      else row[row.length - 1] += character;
    }
    return rows.filter((row) => row.some((text) => text !== ""));
  }

  const ends = (path, end) => path === end || path.endsWith(`/${end}`);

  /** The joint that a row is about: by the hash of its radiograph, or else by the name. */
  function jointOf({ sha256, image, hand, finding, joint }) {
    const shows = (film) => (sha256 ? film.sha256 === sha256 : image && (film.image === image || ends(film.file, image)));
    const visit = visits.find(({ films }) => films.some(shows));
    const found = visit?.byKey.get(`${hand}/${finding}/${joint}`);
    return found && shows(found.film) ? found : null;
  }

  const gradeOf = (text) => (text.toLowerCase() === NOT_ASSESSABLE ? NOT_ASSESSABLE : text === "" ? null : Number(text));

  return {
    /** The patient in these rows; empty where nothing names one. */
    get patient() {
      return reviews.patient.trim() || visits[0].patient || "";
    },

    /** A row for each joint that the reader confirmed or changed. */
    csv() {
      const rows = joints.filter((joint) => reviews.of(joint)).map((joint) => {
        const { label, grade, reading } = reviews.of(joint);
        const { study, patient, date } = visits[joint.visit];
        const { hand, finding, joint: name, x, y, film } = joint;
        return [reviews.patient.trim() || patient, study, film.image, hand, finding, name, grade, label, x, y, date, reviews.reader, film.sha256, reading];
      });
      return [COLUMNS, ...rows].map((row) => `${row.map(cell).join(",")}\n`).join("");
    },

    /** Load a table that was saved before; gives what was loaded in words. */
    load(name, text) {
      const [head = [], ...rows] = parse(text);
      const missing = NEEDED.filter((column) => !head.includes(column));
      if (missing.length) return `${name}: no table of labels, it has no column ${missing.join(", ")}`;
      const found = [];
      for (const row of rows) {
        const cells = Object.fromEntries(head.map((column, number) => [column, value((row[number] ?? "").trim())]));
        const joint = jointOf(cells);
        const { grade = "", label = "", reading } = cells;
        if (joint) found.push([joint, cells.reader ?? "", { grade: gradeOf(grade), label, reading: reading || undefined }]);
      }
      reviews.load(found);
      const readers = [...new Set(found.map(([, reader]) => reader))].filter(Boolean);
      if (readers.length === 1) [reviews.reader] = readers;
      const others = rows.length - found.length;
      return `${name}: ${found.length} labels${readers.length ? ` of ${readers.join(", ")}` : ""}`
        + (others ? `; ${others} rows are about other radiographs` : "");
    },
  };
})();
