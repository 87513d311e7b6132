"""How well a classifier separates patches of phantoms from patches of radiographs, and by what.

The area under the ROC curve (AUC) is 0.5 where it cannot, 1 where it always can. All patches are of
intact joints; every patch is scored by classifiers that have not been trained on its person.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import cv2
import numpy as np
from sklearn.decomposition import PCA
from sklearn.ensemble import HistGradientBoostingClassifier

from sharp_cli.core.errors import UsageError
from sharp_cli.core.joints import POINTS, TARGETS, phalanx_length
from sharp_cli.evaluation import discriminator
from sharp_cli.evaluation.patch_features import FAMILIES
from sharp_cli.inference.classifier import standardise
from sharp_cli.synthetic.intact_hands import MARGIN, IntactHand, cut_regions
from sharp_cli.synthetic.phantom import Condition, generate_hand, make_radiograph

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    Array = NDArray[np.float32]
    Scores = NDArray[np.float64]

SIZE: Final = 128
"""Width and height of a patch, as the bundled classifier sees it."""

FOLDS: Final = 5

# A joint scored for both findings is in the group of its erosion.
_GROUP_OF: Final = {target.joint: target.group for target in reversed(TARGETS)}

GROUPS: Final = tuple(dict.fromkeys(_GROUP_OF[joint] for joint in POINTS))
"""The groups of joints that are measured separately."""

LAYOUT: Final = "layout"
TOGETHER: Final = "all features"
NETWORK: Final = "network"

_THUMBNAIL: Final = 16
_COMPONENTS: Final = 20  # of the thumbnails
# Plain settings, not tuned: few leaves, for there are only some thousand patches.
_TREES: Final[Mapping[str, float]] = {
    "max_iter": 120,
    "max_leaf_nodes": 12,
    "min_samples_leaf": 15,
    "l2_regularization": 1.0,
}

_RESAMPLED: Final = 1000
_INTERVAL: Final = (0.025, 0.975)

# How far a reader's points lie from the joints, in phalanx lengths: two readings of one hand, each
# with this spread in x and in y, differ by 1.6 % on average. Without it, exact points would give
# phantoms away.
_READING: Final = 0.009


@dataclass(frozen=True, slots=True)
class MixedPatches:
    """Patches of real and of synthetic joints, N in all.

    Attributes:
        pictures: float32, shape (N, SIZE, SIZE), each standardised.
        joints: Index of each one's joint in `joints.POINTS`, shape (N,).
        synthetic: Which of them are phantoms', bool, shape (N,).
        people: Number of each one's radiograph or phantom, shape (N,).
        folds: The fold, 0…FOLDS - 1, in which each one is scored, shape (N,).
    """

    pictures: Array
    joints: NDArray[np.int64]
    synthetic: NDArray[np.bool_]
    people: NDArray[np.int64]
    folds: NDArray[np.int64]

    def __getitem__(self, chosen: NDArray[np.bool_]) -> MixedPatches:
        return MixedPatches(
            self.pictures[chosen],
            self.joints[chosen],
            self.synthetic[chosen],
            self.people[chosen],
            self.folds[chosen],
        )


@dataclass(frozen=True, slots=True)
class Separability:
    """How well phantoms are separated from real hands by one kind of features.

    Attributes:
        auc: Over all joints.
        low: Lower end of its 95 % interval, by a bootstrap of radiographs and phantoms.
        high: Upper end.
        groups: The same classifier's AUC over the joints of each group.
    """

    auc: float
    low: float
    high: float
    groups: dict[str, float]


def measure_phantoms(hands: Sequence[IntactHand], *, seed: int) -> dict[str, Separability]:
    """Generate a phantom for every hand, and try to separate the two.

    Args:
        hands: Real hands.
        seed: Random seed.

    Returns:
        By what they are separated by: a family of features, all of them, or a network.

    Raises:
        UsageError: There are fewer radiographs than `FOLDS`.
    """
    radiographs = len({hand.image for hand in hands})
    if radiographs < FOLDS:
        message = f"{radiographs} radiographs are too few to compare; give {FOLDS} or more"
        raise UsageError(message)
    patches = gather(hands, counterparts(hands, seed=seed), seed=seed)
    found = extract_features(patches.pictures)
    return {
        name: separability(patches, scores, seed=seed)
        for name, scores in score_held_out(patches, found, seed=seed).items()
    }


def counterparts(hands: Sequence[IntactHand], *, seed: int) -> list[IntactHand]:
    """Generate a young person's hand for every real one: of its side, with the joints it has.

    Each is a radiograph of its own, rounded to 8 bits, its points set as a reader would set them.
    """
    rng = np.random.default_rng(seed)
    synthetic = []
    for number, hand in enumerate(hands):
        phantom = generate_hand(
            int(rng.integers(2**31)), side=hand.side, condition=Condition(young=True)
        )
        shown = make_radiograph([phantom], rng)
        pixels = (np.rint(shown.pixels * 255) / 255).astype(np.float32)
        (points,) = shown.points
        positions = np.array([points[joint] for joint in POINTS])
        positions += rng.normal(0.0, _READING * phalanx_length(points), positions.shape)
        regions = cut_regions(pixels, positions, mirror=hand.side == "right")
        shared = {joint: regions[joint] for joint in hand.regions}
        synthetic.append(IntactHand(f"phantom {number}", hand.side, shared))
    return synthetic


def gather(
    real: Sequence[IntactHand], synthetic: Sequence[IntactHand], *, seed: int
) -> MixedPatches:
    """The patches of real hands and of their counterparts, which come in the same order.

    All patches of one radiograph and of their hands' counterparts are in one fold, so that every
    fold has as many of either.
    """
    images = sorted({hand.image for hand in real})
    folds = np.random.default_rng(seed).permutation(len(images)) % FOLDS
    rows: list[tuple[Array, int, bool, int, int]] = []
    for number, (hand, phantom) in enumerate(zip(real, synthetic, strict=True)):
        image = images.index(hand.image)
        fold = int(folds[image])
        for one, is_synthetic, person in (
            (hand, False, image),
            (phantom, True, len(images) + number),
        ):
            for joint, region in one.regions.items():
                picture = standardise(region[MARGIN:-MARGIN, MARGIN:-MARGIN], SIZE)
                rows.append((picture, POINTS.index(joint), is_synthetic, person, fold))
    return MixedPatches(*(np.array(column) for column in zip(*rows, strict=True)))


def extract_features(pictures: Array) -> dict[str, dict[str, Scores]]:
    """The features of every patch by family and name, each of shape (N,)."""
    found: dict[str, dict[str, Scores]] = {}
    for family, features in FAMILIES.items():
        rows = [features(picture) for picture in pictures]
        found[family] = {name: np.array([row[name] for row in rows]) for name in rows[0]}
    return found


def score_held_out(
    patches: MixedPatches, features: Mapping[str, Mapping[str, Scores]], *, seed: int
) -> dict[str, Scores]:
    """How much each patch looks like a phantom's to classifiers not trained on its person.

    Args:
        patches: What to score.
        features: Of the patches, see `extract_features`.
        seed: Random seed.

    Returns:
        Probabilities, shape (N,), by the kind of features.
    """
    families = {name: np.column_stack([*columns.values()]) for name, columns in features.items()}
    thumbnails = np.stack([_thumbnail(picture) for picture in patches.pictures])
    scores: dict[str, Scores] = defaultdict(lambda: np.zeros(len(patches.synthetic)))
    for fold in range(FOLDS):
        unseen = patches.folds == fold
        seen = ~unseen
        components = PCA(min(_COMPONENTS, int(seen.sum())), random_state=seed)
        layout = components.fit(thumbnails[seen]).transform(thumbnails)
        tables = {**families, LAYOUT: layout}
        tables[TOGETHER] = np.hstack([*tables.values()])
        for name, table in tables.items():
            inputs = np.column_stack([patches.joints, table])
            trees = HistGradientBoostingClassifier(
                categorical_features=[0], early_stopping=False, random_state=seed, **_TREES
            ).fit(inputs[seen], patches.synthetic[seen])
            scores[name][unseen] = trees.predict_proba(inputs[unseen])[:, 1]
        network = discriminator.fit_discriminator(
            patches.pictures[seen], patches.joints[seen], patches.synthetic[seen], seed=seed
        )
        scores[NETWORK][unseen] = network(patches.pictures[unseen], patches.joints[unseen])
    return dict(scores)


def _thumbnail(picture: Array) -> Array:
    small = cv2.resize(picture, (_THUMBNAIL, _THUMBNAIL), interpolation=cv2.INTER_AREA)
    return np.asarray(small.ravel(), dtype=np.float32)


def separability(patches: MixedPatches, scores: Scores, *, seed: int) -> Separability:
    """The AUC of scores over all joints, with its interval, and over the joints of each group."""
    won, pairs = _contests(patches, scores)
    rng = np.random.default_rng(seed)
    resampled = []
    for _ in range(_RESAMPLED):
        real, synthetic = (rng.multinomial(n, np.full(n, 1 / n)) for n in won.shape)
        resampled.append(float(real @ won @ synthetic) / float(real @ pairs @ synthetic))
    low, high = np.quantile(resampled, _INTERVAL)
    groups = {}
    for group in GROUPS:
        mine = np.array([_GROUP_OF[POINTS[joint]] == group for joint in patches.joints])
        if mine.any():
            part_won, part_pairs = _contests(patches[mine], scores[mine])
            groups[group] = float(part_won.sum() / part_pairs.sum())
    return Separability(float(won.sum() / pairs.sum()), float(low), float(high), groups)


def _contests(patches: MixedPatches, scores: Scores) -> tuple[Scores, Scores]:
    """Between each real person and each phantom: the patch pairs ranked rightly, and all pairs.

    Both have shape (real people, phantoms); ties count half.
    """
    synthetic, people = patches.synthetic, patches.people
    won = (np.sign(scores[synthetic] - scores[~synthetic][:, None]) + 1) / 2
    real_of, synthetic_of = (
        (people[chosen] == np.unique(people[chosen])[:, None]).astype(float)
        for chosen in (~synthetic, synthetic)
    )
    pairs = np.outer(real_of.sum(axis=1), synthetic_of.sum(axis=1))
    return real_of @ won @ synthetic_of.T, pairs
