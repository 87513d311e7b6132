"use strict";

/* What the reader says of joints: kept in memory, in the browser's storage, saved as CSV. */

const reviews = (() => {
  const STORE = `sharp-review/${data.id}`;
  const COLUMNS = ["patient", "study", "image", "hand", "finding", "joint", "grade", "label", "x", "y", "date"];
  const found = new Map();
  const self = { patient: "", kept: true };

  const labelOf = (grade) => (grade > 0 ? "non-intact" : "intact");

  function keep() {
    try {
      localStorage.setItem(STORE, JSON.stringify({ patient: self.patient, joints: [...found] }));
      self.kept = true;
    } catch {
      self.kept = false;
    }
  }

  function restore() {
    try {
      const stored = JSON.parse(localStorage.getItem(STORE) ?? "{}");
      if (typeof stored.patient === "string") self.patient = stored.patient;
      for (const [key, { label, grade }] of stored.joints ?? []) {
        const joint = jointByKey.get(key);
        if (!joint || !["intact", "non-intact"].includes(label)) continue;
        const fits = data.grades[joint.finding].includes(grade) && labelOf(grade) === label;
        found.set(key, { label, grade: fits ? grade : null });
      }
    } catch {
      self.kept = false;
    }
  }

  const cell = (value) => {
    const plain = String(value ?? "");
    // What a spreadsheet would run as a formula begins with ', as in the tables of sharp score.
    const runs = /^'*[=+\-@\t\r\n＝＋－＠]/.test(plain) && (plain.trim() === "" || isNaN(plain));
    const text = runs ? `'${plain}` : plain;
    return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
  };

  restore();
  return Object.assign(self, {
    /** What was said of a joint: its label, and its grade or null; undefined if nothing. */
    of: (joint) => found.get(joint.key),
    count: () => found.size,
    changed: (joint) => found.has(joint.key) && found.get(joint.key).label !== joint.label,

    label(joint, label) {
      found.set(joint.key, { label, grade: null });
      keep();
    },
    grade(joint, grade) {
      found.set(joint.key, { label: labelOf(grade), grade });
      keep();
    },
    clear(joint) {
      found.delete(joint.key);
      keep();
    },
    name(patient) {
      self.patient = patient;
      keep();
    },

    /** A row of CSV for each joint that was confirmed or changed. */
    csv() {
      const patient = self.patient.trim() || data.patient || data.study;
      const rows = joints.filter((joint) => found.has(joint.key)).map((joint) => {
        const { label, grade } = found.get(joint.key);
        const { image } = data.films[joint.film];
        const { hand, finding, joint: name, x, y } = joint;
        return [patient, data.study, image, hand, finding, name, grade, label, x, y, data.date];
      });
      return [COLUMNS, ...rows].map((row) => `${row.map(cell).join(",")}\n`).join("");
    },
  });
})();
