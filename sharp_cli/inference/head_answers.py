"""What the heads of a findings bundle say of the patches of a study."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from sharp_cli.core.inputs import FALLBACKS, input_set, relied_on

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from numpy.typing import NDArray

    from sharp_cli.core.inputs import Input, PatchKey
    from sharp_cli.core.joints import Side
    from sharp_cli.core.prevalence import Prevalence
    from sharp_cli.inference.findings_weights import Weights
    from sharp_cli.inference.heads import Head, HeadKey

    Array = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Features:
    """What trunks make of the patches of a study.

    Attributes:
        vectors: For each patch its features, by the file of the trunk that made them.
        uncertain: The patches of joints whose place is uncertain.
    """

    vectors: Mapping[PatchKey, Mapping[str, Array]]
    uncertain: frozenset[PatchKey]


class Answer(NamedTuple):
    """What heads say of one patch.

    Attributes:
        score: The mean of the ensemble members'.
        probability: Of damage, that the score means.
        at_least: The probabilities of a grade of at least 1, 2, ...; none if heads do not grade.
    """

    score: float
    probability: float
    at_least: tuple[float, ...]


class _Heard(NamedTuple):
    """What a head is given.

    Attributes:
        key: Whose head it is.
        inputs: Its input set.
        given: Those of them that are not left out.
    """

    key: HeadKey
    inputs: tuple[Input, ...]
    given: tuple[Input, ...]


class HeadAnswers:
    """The answers for a study; a head runs once for the same inputs."""

    def __init__(self, weights: Weights, features: Features, prevalence: Prevalence | None) -> None:
        """Take what to answer.

        Args:
            weights: Of the heads.
            features: Of the study's patches.
            prevalence: What probabilities are calibrated to; None where they are not calibrated.
        """
        self._weights = weights
        self._features = features
        self._prevalence = prevalence
        self._known: dict[_Heard, dict[Input, Answer]] = {}

    def of(self, asked: HeadKey, own: Input) -> tuple[HeadKey, Answer]:
        """The answer for a patch.

        Args:
            asked: The head to ask.
            own: Which input the patch is.

        Returns:
            The head that was asked, which is the fallback's where a hand is missing, and what it
            says.
        """
        heard = self._heard(asked, own)
        if heard not in self._known:
            self._known[heard] = self._answer(heard)
        return heard.key, self._known[heard][own]

    def _heard(self, key: HeadKey, own: Input) -> _Heard:
        model, finding, group = key
        fallback = (FALLBACKS.get(model, model), finding, group)
        there = [one for one in input_set(*key, own) if (finding, one) in self._features.vectors]
        if _hands(there) < _hands(input_set(*key, own)) and fallback in self._weights.heads:
            key = fallback
        inputs = input_set(*key, own)
        given = relied_on(finding, inputs, own, self._features.vectors, self._features.uncertain)
        return _Heard(key, inputs, given)

    def _answer(self, heard: _Heard) -> dict[Input, Answer]:
        key = heard.key
        logits = self._logits(self._weights.heads[key], heard)
        scores: list[float] = np.mean(1 / (1 + np.exp(-logits)), axis=0).tolist()
        damage = [self._weights.probability(score, key, self._prevalence) for score in scores]
        grades: list[tuple[float, ...]] = [()] * len(scores)
        if key in self._weights.grades:
            severities = self._logits(self._weights.grade_heads[key], heard)
            found = self._weights.grades[key].at_least(np.array(damage), severities.mean(axis=0))
            grades = [tuple(one) for one in found.tolist()]
        answers = map(Answer, scores, damage, grades)
        return dict(zip(heard.inputs, answers, strict=True))

    def _logits(self, heads: Sequence[Head], heard: _Heard) -> NDArray[np.float64]:
        """What the heads of all ensemble members make of a set, shape (M, K)."""
        members = []
        for head in heads:
            rows = np.zeros((len(heard.inputs), self._weights.trunks[head.trunk].width), np.float32)
            for one in heard.given:
                own = self._features.vectors[heard.key[1], one]
                rows[heard.inputs.index(one)] = own[head.trunk]
            members.append(head(rows).astype(np.float64))
        return np.stack(members)


def _hands(inputs: Iterable[Input]) -> set[tuple[Side, bool]]:
    """The hands, of this study and the earlier one, that inputs come from."""
    return {(one.side, one.earlier) for one in inputs}
