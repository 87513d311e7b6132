"use strict";

/* The selected joint of both hands, or at both visits, side by side, and what the reader may say of each. */

function makePanel(root, { select, changed, again }) {
  const cards = [0, 1].map(() => make("article", { class: "card" }));
  const title = make("h2");
  const explains = make("input", { id: "explains", type: "checkbox", change: again });
  const explained = make("div", { class: "explained" });
  root.append(
    make("header", {}, title,
      data.explained ? make("label", {}, explains, " What the model looked at") : null,
      make("button", { id: "large", type: "button", title: "Larger patches (p)", "aria-pressed": "false" }, "Larger")),
    make("div", { class: "cards" }, cards), explained);

  /** The controls by which the reader confirms, changes and grades. */
  function reviewer(joint) {
    const review = reviews.of(joint);
    const act = (said) => () => {
      said();
      changed(joint);
    };
    const labels = ["intact", "non-intact"].map((label) =>
      make("button", { type: "button", "data-label": label, "aria-pressed": String(review?.label === label),
        click: act(() => reviews.label(joint, label)) }, label === joint.label ? `confirm ${label}` : label));
    const grades = data.grades[joint.finding].map((grade) =>
      make("button", { type: "button", "data-grade": grade, "aria-pressed": String(review?.grade === grade),
        "aria-label": `grade ${grade}`, click: act(() => reviews.grade(joint, grade)) }, grade));
    grades.push(make("button", { type: "button", "data-grade": NOT_ASSESSABLE, "aria-pressed": String(review?.grade === NOT_ASSESSABLE),
      "aria-label": "not assessable", title: "Not assessable: operated on, fused by surgery, amputated or covered (x)",
      click: act(() => reviews.grade(joint, NOT_ASSESSABLE)) }, NOT_ASSESSABLE));
    const status = review ? (reviews.changed(joint) ? said(review) : "confirmed") : "not reviewed";
    return make("div", { class: "review", role: "group", "aria-label": `Reader, ${heading(joint)}` },
      make("small", {}, `${reviews.reader}: ${status}`),
      make("button", { type: "button", class: "plain", disabled: !review, click: act(() => reviews.clear(joint)) }, "take back"),
      make("div", { class: "segments" }, labels),
      make("div", { class: "segments" }, make("span", {}, "Grade"), grades));
  }

  function facts(joint) {
    const rows = [];
    const row = (name, ...content) => rows.push(make("dt", {}, name), make("dd", {}, content));
    if (joint.probability !== null) {
      row("Probability", make("b", {}, formatFraction(joint.probability)), bar(joint.probability, joint.kind));
      const by = joint.threshold === null ? "" : ` threshold ${formatFraction(joint.threshold)}`;
      row("Label", swatch(joint.kind), make("b", {}, joint.label), doubt(joint), make("small", {}, by));
    }
    if (isGraded(joint)) {
      const shares = joint.grade_probabilities.map((share, grade) => `${grade}: ${formatFraction(share)}`);
      row("Grade", make("b", { title: shares.join(", ") }, joint.grade),
        make("small", {}, ` expected ${formatFraction(joint.expected_grade)}`, ...changeOf(joint)));
    }
    if (joint.truth) row("Truth", make("b", {}, said(joint.truth)), make("small", {}, ` ${KINDS[joint.kind][0].toLowerCase()}`));
    if (joint.likelihood !== null) row("Place", `likelihood ${formatFraction(joint.likelihood)} `, badge(joint));
    if (joint.model !== null && joint.model !== visits[joint.visit].model) row("Model", joint.model);
    return make("dl", {}, rows);
  }

  const heading = (joint) =>
    [`${joint.hand === "left" ? "Left" : "Right"} hand`, visits.length > 1 ? titleOf(visits[joint.visit]) : null]
      .filter(Boolean).join(", ");

  function show(card, joint, selected) {
    card.classList.toggle("selected", joint === selected);
    if (!joint) {
      card.replaceChildren(make("p", { class: "void" }, visits.length > 1 ? "Not at this visit." : "This hand is not in the study."));
      return;
    }
    const picture = joint.patch === null
      ? make("p", { class: "void" }, `${KINDS[joint.kind][0]}.`)
      : make("div", { class: "seen" },
        make("img", { class: "patch", src: data.patches[joint.patch], alt: describe(joint), click: () => select(joint) }),
        explains.checked ? mapOver(joint, joint) : null);
    card.replaceChildren(make("h3", {}, heading(joint)), picture, facts(joint), reviewer(joint));
  }

  /** What is compared with the selected joint: that of the other visit, or of the other hand. */
  function compared(selected, shownVisits) {
    if (shownVisits.length > 1) return shownVisits.map((visit) => sameJoint(selected, { visit: visit.number }));
    return SIDES.map((hand) => sameJoint(selected, { hand }));
  }

  return {
    refresh(selected, shownVisits) {
      title.replaceChildren(`${selected.joint} `, make("small", {}, `${TITLES[selected.finding]}, ${selected.group}`));
      // Buttons are made anew: the one that was pressed keeps the focus.
      const active = root.contains(document.activeElement) ? document.activeElement : null;
      const kept = active && { card: active.closest(".card"), label: active.dataset.label, grade: active.dataset.grade };
      for (const [number, joint] of compared(selected, shownVisits).entries()) show(cards[number], joint, selected);
      explained.replaceChildren(...(explains.checked ? explanation(selected) : []));
      if (!kept?.card) return;
      const query = kept.label ? `[data-label="${kept.label}"]` : kept.grade ? `[data-grade="${kept.grade}"]` : "[data-label]";
      kept.card.querySelector(query)?.focus({ preventScroll: true });
    },
  };
}

const swatch = (kind) => make("i", { class: `swatch k-${kind}`, "aria-hidden": "true" });

const bar = (value, kind) =>
  make("meter", { class: `k-${kind}`, min: 0, max: 1, value, "aria-hidden": "true" });

/** Whether the label is certain. */
const doubt = (joint) =>
  doubtful(joint) ? make("mark", { class: "badge", title: DOUBTS[joint.certainty] }, joint.certainty) : null;

/** Whether it is certain that the joint was found at its place. */
const badge = (joint) =>
  joint.status === "ok" ? null : make("mark", { class: "badge" }, joint.status.replace("-", " "));
