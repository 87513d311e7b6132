"""What computing in 16 bit (bf16) changes in what classifiers say; `speed.py` has the time.

    python benchmarks/precision.py FILE-OR-FOLDER … [--model mimo-local]

The joints of the radiographs are detected once and classified twice. Needs a processor with bf16.
"""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Final

import numpy as np

from sharp_cli.bundles.store import open_bundle
from sharp_cli.execution.limits import cores
from sharp_cli.inference.classifier import Classifier
from sharp_cli.inference.hand_finder import HandFinder
from sharp_cli.inference.joint_detector import JointDetector
from sharp_cli.results.run import Run
from sharp_cli.scoring.plan import plan
from sharp_cli.scoring.score import score_plan
from sharp_cli.scoring.stages import Scoring

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sharp_cli.core.inputs import ModelName
    from sharp_cli.core.prevalence import Prevalence
    from sharp_cli.core.records import Classification
    from sharp_cli.scoring.stages import Patches

PRECISIONS: Final = ("fp32", "bf16")


class Both:
    """Classifies with both precisions, and keeps what they say."""

    def __init__(self) -> None:
        bundle = open_bundle("findings")
        self._classifiers = {name: Classifier(bundle, precision=name) for name in PRECISIONS}
        self.found: dict[str, list[Classification]] = {name: [] for name in PRECISIONS}

    def classify(
        self,
        studies: Sequence[Patches],
        model: ModelName,
        *,
        threshold: float | None,
        prevalence: Prevalence | None,
        earlier: Sequence[Patches] = (),
    ) -> list[tuple[Classification, ...]]:
        """As `Classifier.classify`; gives what 32 bit say."""
        results = {}
        for name, classifier in self._classifiers.items():
            results[name] = classifier.classify(
                studies, model, threshold=threshold, prevalence=prevalence, earlier=earlier
            )
            self.found[name] += [each for study in results[name] for each in study]
        return results[PRECISIONS[0]]


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("files", nargs="+", metavar="FILE-OR-FOLDER")
    parser.add_argument("--model", default="mimo-local")
    options = parser.parse_args()
    both = Both()
    finder = HandFinder(open_bundle("hands"), threads=cores())
    detector = JointDetector(open_bundle("joints"), threads=cores())
    scoring = Scoring(finder, detector, both, options.model)
    score_plan(plan(options.files), scoring, Run())
    whole, half = (both.found[name] for name in PRECISIONS)
    change = [
        abs(one.probability - other.probability) for one, other in zip(whole, half, strict=True)
    ]
    labels = sum(one.label != other.label for one, other in zip(whole, half, strict=True))
    print(f"{len(change)} joints: probabilities differ by {np.mean(change):.4f} on average,")
    print(f"{max(change):.4f} at most; {labels} labels differ")


if __name__ == "__main__":
    main()
