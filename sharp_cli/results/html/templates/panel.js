"use strict";

/* The selected joint of both hands side by side, with what the reader may say of each. */

function makePanel(root, { select, changed, again }) {
  const cards = new Map(SIDES.map((side) => [side, make("article", { class: "card" })]));
  const title = make("h2");
  const explains = make("input", { id: "explains", type: "checkbox", change: again });
  const explained = make("div", { class: "explained" });
  root.append(
    make("header", {}, title,
      data.explained ? make("label", {}, explains, " What the model looked at") : null),
    make("div", { class: "cards" }, [...cards.values()]), explained);

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
    const status = review ? (reviews.changed(joint) ? "changed" : "confirmed") : "not reviewed";
    return make("div", { class: "review", role: "group", "aria-label": `Reader, ${joint.hand} hand` },
      make("small", {}, `Reader: ${status}`),
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
    if (joint.truth) row("Truth", make("b", {}, said(joint.truth)), make("small", {}, ` ${KINDS[joint.kind][0].toLowerCase()}`));
    if (joint.likelihood !== null) row("Place", `likelihood ${formatFraction(joint.likelihood)} `, badge(joint));
    if (joint.model !== null && joint.model !== data.model) row("Model", joint.model);
    return make("dl", {}, rows);
  }

  function show(side, joint, selected) {
    const card = cards.get(side);
    card.classList.toggle("selected", joint === selected);
    const heading = make("h3", {}, `${side === "left" ? "Left" : "Right"} hand`);
    if (!joint) {
      card.replaceChildren(heading, make("p", { class: "void" }, "This hand is not in the study."));
      return;
    }
    const picture = joint.patch === null
      ? make("p", { class: "void" }, joint.status === "not-detected" ? "Not detected." : "No picture.")
      : make("div", { class: "seen" },
        make("img", { class: "patch", src: data.patches[joint.patch], alt: describe(joint), click: () => select(joint) }),
        explains.checked ? mapOver(joint, joint) : null);
    card.replaceChildren(heading, picture, facts(joint), reviewer(joint));
  }

  return {
    refresh(selected) {
      title.replaceChildren(`${selected.joint} `, make("small", {}, `${TITLES[selected.finding]}, ${selected.group}`));
      // Buttons are made anew: the one that was pressed keeps the focus.
      const active = root.contains(document.activeElement) ? document.activeElement : null;
      const kept = active && { card: active.closest(".card"), label: active.dataset.label, grade: active.dataset.grade };
      for (const side of SIDES) show(side, jointOf(side, selected), selected);
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
  joint.status === "ok" ? null : make("mark", { class: "badge" }, joint.status === "uncertain" ? "uncertain" : "not detected");
