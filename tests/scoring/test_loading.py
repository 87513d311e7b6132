"""Loading what scores radiographs."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from sharp_cli.core.errors import ModelError, UsageError
from sharp_cli.execution.limits import cores
from sharp_cli.results.run import Run
from sharp_cli.scoring import loading
from sharp_cli.scoring.plan import Plan
from sharp_cli.scoring.score import start_document
from tests import tiny_findings

if TYPE_CHECKING:
    from sharp_cli.scoring.loading import Bundles

MODELS = Path(__file__).parents[2] / "models"


@pytest.fixture(scope="module")
def bundles(tmp_path_factory: pytest.TempPathFactory) -> Bundles:
    findings = tiny_findings.write(tmp_path_factory.mktemp("tiny") / "findings")
    return loading.open_bundles(models=findings.path)


def test_bundles_come_by_kind_bundled_ones_where_none_is_named(bundles: Bundles) -> None:
    assert [bundle.kind for bundle in bundles] == ["hands", "joints", "findings"]
    assert [bundle.path.parent for bundle in bundles[:2]] == [MODELS, MODELS]
    with pytest.raises(ModelError, match="kind 'joints'"):
        loading.open_bundles(hands=MODELS / "joints")


def test_small_models_are_had_by_their_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for kind in ("hands", "joints"):
        (tmp_path / kind).symlink_to(MODELS / kind)
    network = tiny_findings.lite()
    made = tiny_findings.write(tmp_path / "findings-lite", network.member)
    monkeypatch.setattr("sharp_cli.bundles.store._BUNDLED", tmp_path)
    bundles = loading.open_bundles(models="lite")
    assert bundles[2].sha256 == made.sha256
    ready = loading.load(bundles, threads=1)
    (results,) = ready.classifier.classify([{"left": tiny_findings.hand(1)}], "siso")
    assert len(results) == 31


def test_models_score_and_are_named_in_documents(bundles: Bundles) -> None:
    ready = loading.load(bundles)
    scoring = ready.scoring("siso", threshold=0.3, strict=True)
    assert (scoring.model, scoring.threshold, scoring.strict) == ("siso", 0.3, True)
    assert (scoring.finder, scoring.classifier) == (ready.finder, ready.classifier)
    assert ready.scoring().model == "mimo-local"
    with pytest.raises(UsageError, match="mimo-time"):
        ready.scoring("mimo-time")
    named = start_document(Plan(()), scoring, Run())
    assert {kind: row.sha256 for kind, row in named.models.items()} == {
        bundle.kind: bundle.sha256 for bundle in bundles
    }
    assert named.precision == "fp32"


def threads_and_workers(
    monkeypatch: pytest.MonkeyPatch, bundles: Bundles, **asked: Any
) -> tuple[list[int], int]:
    """The threads that each network is given, and how many other processes are to read."""
    threads: list[int] = []

    def network(*_: object, **options: Any) -> SimpleNamespace:
        threads.append(options["threads"])
        return SimpleNamespace(on_gpu=options.get("device") == "cuda")

    for stage in (
        "hand_finder.HandFinder",
        "joint_detector.JointDetector",
        "classifier.Classifier",
    ):
        monkeypatch.setattr(f"sharp_cli.inference.{stage}", network)
    return threads, loading.load(bundles, **asked).workers


@pytest.mark.parametrize(("asked", "taken"), [(None, cores()), (3, 3)])
def test_threads_are_all_cores_if_not_given(
    bundles: Bundles, monkeypatch: pytest.MonkeyPatch, asked: int | None, taken: int
) -> None:
    assert threads_and_workers(monkeypatch, bundles, threads=asked)[0] == [taken] * 3


def test_many_studies_are_detected_with_one_thread_each(
    bundles: Bundles, monkeypatch: pytest.MonkeyPatch
) -> None:
    threads, workers = threads_and_workers(monkeypatch, bundles, threads=6, throughput=True)
    assert (sorted(threads), workers) == ([1, 1, 6], 3)
    assert (
        threads_and_workers(monkeypatch, bundles, threads=6, throughput=True, device="cuda")[1] == 6
    )
    assert threads_and_workers(monkeypatch, bundles, threads=1)[1] == 1
    for gibibytes, workers in ((16, 6), (5, 4), (2, 1), (1, 1)):
        monkeypatch.setattr(loading, "memory", lambda given=gibibytes: given << 30)
        assert threads_and_workers(monkeypatch, bundles, threads=12)[1] == workers


def test_the_module_itself_loads_nothing_heavy() -> None:
    heavy = "[m for m in ('numpy', 'cv2') if m in sys.modules]"
    code = f"import sys, sharp_cli.scoring.loading; print({heavy})"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
