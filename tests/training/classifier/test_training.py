"""Training of classifiers from labels to the bundle, with networks that take seconds."""

from __future__ import annotations

import csv
import json
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from sharp_cli.bundles.store import open_bundle
from sharp_cli.core.errors import DocumentError, UsageError
from sharp_cli.datasets.patient_folds import read_folds
from sharp_cli.inference.classifier import Classifier
from sharp_cli.training.classifier import fit as classifier_fit
from sharp_cli.training.classifier.fit import CHECKPOINT
from sharp_cli.training.classifier.loss import step_loss
from sharp_cli.training.classifier.metrics import METRIC_COLUMNS
from sharp_cli.training.classifier.results import PREDICTION_COLUMNS
from sharp_cli.training.classifier.settings import Hyperparameters, ThresholdRule
from sharp_cli.training.classifier.sources import Sources, earlier_studies
from sharp_cli.training.classifier.training import train_classifier
from sharp_cli.training.helpers import Helpers
from tests.fakes import FakeRayPool
from tests.labels import labelled_joint
from tests.tiny_findings import hand
from tests.training import cohort

if TYPE_CHECKING:
    from sharp_cli.training.classifier.label_check import Notice

MODELS = ("siso", "mimo-local")
FILES = ("predictions.csv", "metrics.csv", "folds.csv")


@pytest.fixture(autouse=True)
def tiny(monkeypatch: pytest.MonkeyPatch) -> None:
    cohort.tiny(monkeypatch)


def train(folder: Path, run: Path, **chosen: Any) -> list[Notice]:
    """Train on the cohort of a folder, and return what was reported."""
    files: dict[str, Any] = dict.fromkeys(
        ("annotations", "names", "dates", "folds", "hands", "detector")
    )
    settings = {
        name: chosen.pop(name) for name in [*chosen] if name not in (*files, "final", "helpers")
    }
    reported: list[Notice] = []
    final, helpers = chosen.pop("final", False), chosen.pop("helpers", None)
    train_classifier(
        Sources(folder / "labels.csv", folder, **{**files, **chosen}),
        run,
        settings=cohort.settings(models=settings.pop("models", MODELS), **settings),
        folds=3,
        final=final,
        device="cpu",
        threads=1,
        helpers=helpers,
        report=reported.append,
    )
    return reported


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("cohort")
    cohort.write(folder, cohort.cohort(6, studies=2))
    return folder


@pytest.fixture(scope="module")
def made(data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of an undisturbed training."""
    run = tmp_path_factory.mktemp("run")
    with pytest.MonkeyPatch.context() as patch:
        cohort.tiny(patch)
        train(data, run)
    return run


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def same(one: Path, other: Path) -> bool:
    return all((one / file).read_bytes() == (other / file).read_bytes() for file in FILES)


def test_every_joint_is_judged_once_a_model_by_networks_that_have_not_seen_its_patient(
    data: Path, made: Path
) -> None:
    predictions = rows(made / "predictions.csv")
    assert tuple(predictions[0]) == PREDICTION_COLUMNS
    labels = rows(data / "labels.csv")
    keys = ("patient", "study", "hand", "finding", "joint")
    expected = [(model, *(row[key] for key in keys)) for model in MODELS for row in labels]
    assert [(row["model"], *(row[key] for key in keys)) for row in predictions] == expected
    folds = read_folds(made / "folds.csv", {row["patient"] for row in labels}, 3)
    thresholds = {
        (row["fold"], row["model"]): float(row["threshold"]) for row in rows(made / "metrics.csv")
    }
    for row, label in zip(predictions, labels * 2, strict=True):
        assert folds[row["patient"]] == int(row["fold"])
        assert row["truth"] == ("non-intact" if int(label["grade"]) else "intact")
        called = float(row["probability"]) >= thresholds[row["fold"], row["model"]]
        assert row["label"] == ("non-intact" if called else "intact")


def test_metrics_and_curves(made: Path) -> None:
    metrics = rows(made / "metrics.csv")
    assert tuple(metrics[0]) == METRIC_COLUMNS
    assert [(row["fold"], row["model"]) for row in metrics] == [
        (fold, model) for fold in "123" for model in MODELS
    ]
    assert sum(int(row["joints"]) for row in metrics) == 2 * 48
    assert all(1 <= int(row["best_epoch"]) <= int(row["epochs"]) <= 3 for row in metrics)
    curves = sorted(path.name for path in (made / "curves").iterdir())
    assert curves == ["mimo-local.png", "siso.png"]
    assert not [*made.glob("*set*.csv")]


def test_the_bundle_holds_the_networks_of_all_folds(data: Path, made: Path) -> None:
    bundle = open_bundle("findings", made / "bundle")
    assert bundle.name == f"{made.name} 1"
    assert len(bundle.meta["members"]) == 3
    assert set(bundle.meta["thresholds"]) == set(MODELS)
    assert bundle.meta["settings"]["fc-layers"] == 2
    assert bundle.meta["settings"]["context"] == "pooling"
    assert "mean of the other inputs" in bundle.meta["architecture"]
    assert bundle.meta["trained_on"].startswith("6 patients, 12 studies, 48 labelled joints")
    classifier = Classifier(bundle, device="cpu", threads=1)
    ((one, *_),) = classifier.classify([{"left": hand(1), "right": hand(2)}], "mimo-local")
    assert (one.side, one.joint, one.model) == ("left", "CMC1", "mimo-local")
    card = (made / "bundle" / "MODEL_CARD.md").read_text(encoding="utf-8")
    assert "the mean of 3 networks" in card.lower()
    assert str(data) not in card + json.dumps(dict(bundle.meta))


def test_a_run_cut_off_amid_an_epoch_goes_on_as_if_it_had_not_been(
    data: Path, made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    steps = 0

    def stop(*given: Any, **chosen: Any) -> Any:
        nonlocal steps
        steps += 1
        if steps == 50:
            raise KeyboardInterrupt
        return step_loss(*given, **chosen)

    with monkeypatch.context() as patch:
        patch.setattr(classifier_fit, "step_loss", stop)
        with pytest.raises(KeyboardInterrupt):
            train(data, tmp_path)
    assert 0 < len([*tmp_path.rglob(CHECKPOINT)]) < 6
    train(data, tmp_path)
    assert same(made, tmp_path)
    assert steps == 50


def test_a_finished_run_is_not_repeated_and_its_bundle_may_become_one_final_network(
    data: Path, made: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = {file: (made / file).read_bytes() for file in FILES}
    with monkeypatch.context() as patch:
        patch.delattr(classifier_fit, "step_loss")
        train(data, made)
    train(data, made, final=True)
    bundle = open_bundle("findings", made / "bundle")
    assert len(bundle.meta["members"]) == 1
    # One trunk a head, and none of the former bundle's.
    assert len([*(made / "bundle").glob("trunk-*")]) == len(MODELS)
    assert before == {file: (made / file).read_bytes() for file in FILES}
    train(data, made)
    assert len(open_bundle("findings", made / "bundle").meta["members"]) == 3


@pytest.mark.parametrize(
    ("changed", "named"),
    [
        ({"hyper": Hyperparameters(layers=1, batch=4)}, "--fc-layers"),
        ({"hyper": Hyperparameters(fc_init="random", dropout=0, batch=8)}, "--fc-init, --dropout"),
        ({"start": "random", "trunk": "shared"}, "--trunk, --init"),
        ({"threshold": ThresholdRule(sensitivity=0.9)}, "--sensitivity"),
        ({"seed": 2, "samples": 9, "models": ("siso",)}, "--model, --samples, --seed"),
        ({"folds": "folds.csv"}, "--fold-file"),
        ({"hands": "folds.csv"}, "--hands"),
    ],
)
def test_other_options_do_not_go_on_with_a_training(
    data: Path, made: Path, changed: dict[str, Any], named: str
) -> None:
    for name in ("folds", "hands"):
        if name in changed:
            changed = {name: made / changed[name]}
    with pytest.raises(UsageError, match=f"holds a training with another {named}"):
        train(data, made, **changed)


def test_other_labels_or_patches_do_not_go_on_with_a_training(made: Path, tmp_path: Path) -> None:
    cohort.write(tmp_path, cohort.cohort(6, studies=2, seed=5))
    with pytest.raises(UsageError, match="with another --labels, --images"):
        train(tmp_path, made)


def test_a_shared_trunk_of_all_heads(data: Path, tmp_path: Path) -> None:
    train(data, tmp_path, trunk="shared", epochs=1)
    assert len(rows(tmp_path / "metrics.csv")) == 6
    bundle = open_bundle("findings", tmp_path / "bundle")
    assert [len(set(one["trunks"].values())) for one in bundle.meta["members"]] == [1, 1, 1]
    assert len([*(tmp_path / "bundle").glob("trunk-*")]) == 3


def test_a_frozen_trunk(data: Path, made: Path, tmp_path: Path) -> None:
    train(data, tmp_path, frozen=True, epochs=2)
    assert len([*(tmp_path / "bundle").glob("trunk-*")]) == 1
    again = tmp_path / "again"
    train(data, again, frozen=True, epochs=2)
    assert same(tmp_path, again)
    assert not same(tmp_path, made)


def test_the_bundle_says_what_scores_mean_and_what_is_familiar(tmp_path: Path) -> None:
    folder = tmp_path / "cohort"
    cohort.write(folder, cohort.cohort(51))
    train(folder, tmp_path / "run", frozen=True, epochs=1)
    bundle = open_bundle("findings", tmp_path / "run" / "bundle")
    for held in (bundle.meta["calibration"], bundle.meta["conformal"]["limits"]):
        assert {model: list(heads) for model, heads in held.items()} == {
            model: ["erosion/CMC-M"] for model in MODELS
        }
    assert bundle.meta["familiarity"] == {"trunk-1.safetensors": "familiarity-1.safetensors"}
    classifier = Classifier(bundle, device="cpu", threads=1)
    (results,) = classifier.classify([{"left": hand(1), "right": hand(2)}], "mimo-local")
    assert {one.certainty for one in results} <= {"certain", "uncertain", "unlike"}
    assert "covered_non_intact" in (bundle.path / "MODEL_CARD.md").read_text(encoding="utf-8")


def test_search_makes_the_network_of_its_best_trial(data: Path, tmp_path: Path) -> None:
    train(data, tmp_path, frozen=True, epochs=1, search=2, models=("siso",))
    trials = [*tmp_path.rglob("trials.json")]
    assert len(trials) == 3
    for path in trials:
        losses = [one["loss"] for one in json.loads(path.read_bytes())]
        best = losses.index(min(losses)) + 1
        assert [one.name for one in path.parent.iterdir() if one.is_dir()] == [f"trial-{best}"]


@pytest.mark.parametrize(
    "chosen",
    [
        {"final": True},
        {"trunk": "shared"},
        {"frozen": True, "search": 2, "models": ("siso",)},
    ],
)
def test_with_help_nothing_is_different_nor_done_twice(
    data: Path,
    tmp_path: Path,
    chosen: dict[str, Any],
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr("sharp_cli.training.helpers.RayPool", FakeRayPool)
    caplog.set_level("INFO", "sharp_cli")

    def logged() -> list[str]:
        """What was computed, without how long it took."""
        lines = [one.message.split(";")[0] for one in caplog.records]
        caplog.clear()
        return sorted(line for line in lines if "epoch" in line or "trial" in line)

    train(data, tmp_path / "alone/run", epochs=2, **chosen)
    alone = logged()
    train(data, tmp_path / "helped/run", epochs=2, helpers=Helpers("cpu", 1), **chosen)
    assert logged() == alone
    files = [path for path in (tmp_path / "alone").rglob("*.*") if path.is_file()]
    assert len(files) > 20
    for path in files:
        helped = tmp_path / "helped" / path.relative_to(tmp_path / "alone")
        assert helped.read_bytes() == path.read_bytes(), path


def test_features_that_are_there_are_not_computed_again(
    data: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", "sharp_cli")

    def logged() -> list[str]:
        lines = [one.message.split(" of ")[1] for one in caplog.records if "time" in one.message]
        caplog.clear()
        return lines

    train(data, tmp_path, frozen=True, epochs=1, samples=24, models=("siso",))
    assert logged() == ["all patches, time 1", "all patches, time 2"]
    (tmp_path / "features" / "1.pt").unlink()
    train(data, tmp_path, frozen=True, epochs=1, samples=24, models=("siso",))
    assert logged() == ["all patches, time 2"]


def test_what_is_missing_is_reported_before_the_training(tmp_path: Path) -> None:
    joints = [one for one in cohort.cohort(6) if (one.study, one.side) != ("s1.1", "right")]
    lone = tmp_path / "lone"
    cohort.write(lone, joints)
    first = joints[0].patch
    assert first is not None
    (lone / first).write_bytes(b"no picture")
    notices = train(lone, tmp_path / "run", epochs=1, models=("mimo-local",))
    words = "\n".join(" ".join(one) for one in notices)
    assert first in words
    assert "the other hand, which mimo-local uses too, is missing" in words
    assert len(rows(tmp_path / "run" / "predictions.csv")) == len(joints) - 1


def test_without_both_classes_nothing_can_be_learned(tmp_path: Path) -> None:
    cohort.write(tmp_path, [labelled_joint(patient=f"p{n}", patch=f"{n}.png") for n in range(6)])
    with pytest.raises(UsageError, match="fold 1: no head has intact and non-intact joints"):
        train(tmp_path, tmp_path / "run")


def test_the_time_left_is_logged(
    data: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", "sharp_cli")
    train(data, tmp_path, epochs=2, models=("siso",))
    lines = [one.message for one in caplog.records if "epoch" in one.message]
    assert lines[0].startswith("fold 1, siso/erosion/CMC-M: epoch 1 of 2: loss ")
    assert lines[0].endswith("at most 1 min left")
    assert lines[-1].startswith("fold 3, siso/erosion/CMC-M: epoch 2 of 2: ")
    assert lines[-1].endswith("less than a minute left")


def dates(folder: Path, content: str) -> Path:
    path = folder / "dates.csv"
    path.write_text(f"study,date\n{content}", encoding="utf-8")
    return path


def test_the_study_before_is_the_last_one_with_an_earlier_date(tmp_path: Path) -> None:
    joints = [
        labelled_joint(patient=patient, study=study)
        for patient, study in (("a", "1"), ("a", "2"), ("a", "3"), ("a", "4"), ("b", "2"))
    ]
    path = dates(tmp_path, "1,2010-03-01\n2,2009-12-31\n3,2010-10-01\n4,2010-10-01\n")
    assert earlier_studies(path, joints) == {
        ("a", "1"): "2", ("a", "3"): "1", ("a", "4"): "1",
    }  # fmt: skip
    assert earlier_studies(None, joints) == {}


def test_wrong_dates_are_refused(tmp_path: Path) -> None:
    joints = [labelled_joint(study=study) for study in "12"]
    path = dates(tmp_path, "1,2010-03-01\n1,2011-03-01\n3,spring\n")
    with pytest.raises(DocumentError) as caught:
        earlier_studies(path, joints)
    for words in (
        "line 3: study 1 already has another date",
        "line 4: 'spring' is not a date such as 2024-05-31",
        "2: this study of the labels has no date",
    ):
        assert words in str(caught.value)


def test_mimo_time_learns_from_the_study_before(data: Path, tmp_path: Path) -> None:
    table = "".join(f"s{n}.{k},20{10 + k}-01-01\n" for n in range(1, 7) for k in (1, 2))
    train(data, tmp_path, dates=dates(tmp_path, table), models=("mimo-time",), epochs=1)
    assert len(rows(tmp_path / "predictions.csv")) == 48


SCRIPT = """
import sys
from sharp_cli.training.trunk import network as trunk_network
from sharp_cli.cli import main
from tests.tiny_findings import TINY
trunk_network.VGG16 = TINY
main()
"""


@pytest.mark.slow
@pytest.mark.parametrize("kill", [signal.SIGKILL, signal.SIGINT])
def test_a_killed_command_goes_on(data: Path, tmp_path: Path, kill: signal.Signals) -> None:
    def start(run: Path) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, "-c", SCRIPT, *cohort.training(data, run, samples=40, epochs=4)],
            stderr=subprocess.PIPE, text=True, cwd=Path(__file__).parents[3],
        )  # fmt: skip

    undisturbed = start(tmp_path / "undisturbed")
    _, said = undisturbed.communicate()
    assert undisturbed.returncode == 0, said
    killed = start(tmp_path / "killed")
    for epochs in (2, 5):
        while len([*(tmp_path / "killed").rglob(CHECKPOINT)]) * 4 < epochs:
            time.sleep(0.02)
        killed.send_signal(kill)
        _, said = killed.communicate()
        if kill is signal.SIGINT:
            assert killed.returncode == 130
            assert (
                f"error: interrupted; the same command resumes from what is in {tmp_path}" in said
            )
        killed = start(tmp_path / "killed")
    _, said = killed.communicate()
    assert killed.returncode == 0, said
    assert same(tmp_path / "undisturbed", tmp_path / "killed")
