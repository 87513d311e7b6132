"use strict";

/* The visits of the patient with their joints, what joints are called, and how pages distinguish them. */

/** What a joint can be, in the order of the legend: title, and what it says. */
const KINDS = {
  tp: ["True positive", "non-intact, and called so"],
  fn: ["False negative", "non-intact, called intact"],
  fp: ["False positive", "intact, called non-intact"],
  tn: ["True negative", "intact, and called so"],
  "non-intact": ["Non-intact", "the probability reaches the threshold"],
  intact: ["Intact", "the probability stays below the threshold"],
  unclassified: ["Not classified", "detected only"],
  "not-assessable": ["Not assessable", "as a reader said before it was scored"],
  "not-detected": ["Not detected", "in the table only"],
};

function kindOf(joint) {
  if (["not-detected", "not-assessable"].includes(joint.status)) return joint.status;
  if (joint.label === null) return "unclassified";
  if (joint.truth === null) return joint.label;
  const damaged = joint.truth.label === "non-intact";
  if (joint.label === "non-intact") return damaged ? "tp" : "fp";
  return damaged ? "fn" : "tn";
}

const visits = data.visits.map((visit, number) => {
  const joints = visit.joints.map((joint, order) => ({
    ...joint,
    order,
    visit: number,
    film: visit.films[joint.film],
    key: `${joint.hand}/${joint.finding}/${joint.joint}`,
    kind: kindOf(joint),
  }));
  return { ...visit, number, joints, byKey: new Map(joints.map((joint) => [joint.key, joint])) };
});
const joints = visits.flatMap((visit) => visit.joints);

const otherSide = (side) => SIDES.find((other) => other !== side);

/** The same joint for another finding, of another hand or at another visit, if it is scored there. */
const sameJoint = (joint, { hand, finding, visit }) =>
  visits[visit ?? joint.visit].byKey.get(`${hand ?? joint.hand}/${finding ?? joint.finding}/${joint.joint}`);

const formatFraction = (value) => (value === null ? "" : value.toFixed(2));

const isGraded = (joint) => joint.grade !== null;

const DOUBTS = { uncertain: "intact or non-intact is uncertain", unlike: "unlike anything that the models learned from" };
const doubtful = (joint) => joint.certainty in DOUBTS;

/** A joint in words, for who cannot see it. */
function describe(joint) {
  const parts = [`${joint.hand} ${joint.joint}, ${TITLES[joint.finding]}`];
  if (joint.kind === joint.status) parts.push(KINDS[joint.kind][0].toLowerCase());
  if (joint.label) parts.push(`${joint.label}, probability ${formatFraction(joint.probability)}`);
  if (isGraded(joint)) parts.push(`grade ${joint.grade}`);
  if (doubtful(joint)) parts.push(DOUBTS[joint.certainty]);
  if (joint.status === "uncertain") parts.push("its place is uncertain");
  if (joint.truth) parts.push(`truth: ${said(joint.truth)}`);
  const review = reviews.of(joint);
  if (review) parts.push(`reader: ${said(review)}`);
  return parts.join("; ");
}

/** The grade of a joint that cannot be scored. */
const NOT_ASSESSABLE = "x";

/** A label with its grade. */
function said({ label, grade }) {
  if (grade === NOT_ASSESSABLE) return "not assessable";
  return grade === null ? label : `${label}, grade ${grade}`;
}

/** A grade, or a label without one, where there is little room. */
const short = (what) => (Number.isInteger(what.grade) ? `grade ${what.grade}` : said(what));
