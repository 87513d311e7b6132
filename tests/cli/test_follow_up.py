"""`sharp score` of visits by a bundle that takes the study before into account."""

from __future__ import annotations

import json
from collections import Counter
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from sharp_cli.batch import ray_engine
from tests.dicom_files import dataset, hand
from tests.fakes import FakeClassifier, FakeFinder, FakeRayPool, paint

if TYPE_CHECKING:
    from collections.abc import Callable

    from sharp_cli.core.inputs import ModelName
    from sharp_cli.core.records import Hand, Radiograph
    from tests.cli.conftest import Done

    Sharp = Callable[..., Done]

MANIFEST = """study,patient,hand,path,date
b/2,b,,two-b2.png,2021-01-01
a1,a,,two-a1.png,2020-01-01
b/1,b,,two-b1.png,2020-01-01
a2,a,,two-a2.png,2020-07-01
c1,c,,two-c1.png,2020-07-01
"""
FILES = ("two-b2", "two-a1", "two-b1", "two-a2", "two-c1")


@pytest.fixture
def read(sharp: Sharp, monkeypatch: pytest.MonkeyPatch) -> Counter[str]:  # noqa: ARG001 - fakes
    """Visits, a bundle that holds `mimo-time`, and how often each radiograph is read."""
    for name in FILES:
        paint(Path(f"{name}.png"))
    Path("m.csv").write_text(MANIFEST)

    def choose(_: FakeClassifier, asked: ModelName | None, *, visits: bool = False) -> ModelName:
        return asked or ("mimo-time" if visits else "mimo-local")

    times: Counter[str] = Counter()
    find = FakeFinder.find

    def counting(self: FakeFinder, picture: Radiograph) -> tuple[tuple[Hand, ...], tuple[str, ...]]:
        times[Path(picture.file).stem] += 1
        return find(self, picture)

    monkeypatch.setattr(FakeClassifier, "choose", choose)
    monkeypatch.setattr(FakeFinder, "find", counting)
    return times


def results(folder: str) -> dict[str, Any]:
    return {
        path.parent.name: json.loads(path.read_bytes())
        for path in sorted(Path(folder).glob("*/result.json"))
    }


def used(document: Any) -> tuple[str | None, set[str]]:
    """The study before, and the models that classified."""
    return document["inputs"][0]["earlier_study"], {row["model"] for row in document["joints"]}


FOLLOWED = {
    "a1": (None, {"siso"}),
    "a2": ("a1", {"mimo-time"}),
    "b_1": (None, {"siso"}),
    "b_2": ("b/1", {"mimo-time"}),
    "c1": (None, {"siso"}),
}


def test_each_visit_is_classified_beside_the_one_before(sharp: Sharp, read: Counter[str]) -> None:
    done = sharp("score", "--manifest", "m.csv", "--json", "-")
    assert done.code == 0
    document = json.loads(done.out)
    assert [row["study"] for row in document["inputs"]] == ["b_1", "b_2", "a1", "a2", "c1"]
    assert read == dict.fromkeys(FILES, 1)
    probability = {
        (row["study"], row["hand"], row["finding"], row["joint"]): row["probability"]
        for row in document["joints"]
    }
    alone = sharp("score", "--manifest", "m.csv", "--model", "siso", "--json", "-")
    for row in json.loads(alone.out)["joints"]:
        joint = (row["hand"], row["finding"], row["joint"])
        if row["study"] == "a2":
            # The stand-in takes a tenth of the mean of both visits.
            both = 0.95 * row["probability"] + 0.05 * probability[("a1", *joint)]
            assert probability[("a2", *joint)] == pytest.approx(both, abs=1e-4)
    warnings = [one["message"] for one in document["warnings"] if "mimo" in one["message"]]
    assert set(warnings) == {
        f"{side} hand: siso, not mimo-time, where there is no earlier study: all its joints"
        for side in ("left", "right")
    }
    row = sharp("score", "--manifest", "m.csv", "--csv", "-").out.decode().splitlines()[63]
    assert row.startswith("b_2,")
    assert row.endswith(",b/2,b/1")


def test_a_folder_of_results_is_the_same_with_any_engine_and_when_resumed(
    sharp: Sharp, read: Counter[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert sharp("score", "--manifest", "m.csv", "--out", "out").code == 0
    assert {name: used(one) for name, one in results("out").items()} == FOLLOWED
    assert read == dict.fromkeys(FILES, 1)
    monkeypatch.setattr(ray_engine, "connected", nullcontext)
    monkeypatch.setattr(ray_engine, "RayPool", FakeRayPool)
    monkeypatch.setattr(ray_engine, "cluster_device", lambda _: "cpu")
    done = sharp("score", "--manifest", "m.csv", "--out", "ray", "--engine", "ray")
    assert done.code == 0
    assert results("ray") == results("out")
    # A film of the study before is another one now: both are scored anew, and no other.
    paint(Path("two-a1.png"), seed=5)
    read.clear()
    done = sharp("score", "--manifest", "m.csv", "--out", "out")
    assert "left: 2" in done.err
    assert read == {"two-a1": 1, "two-a2": 1}
    assert sharp("score", "--manifest", "m.csv", "--out", "fresh").code == 0
    assert results("out") == results("fresh") != results("ray")
    # Of an interrupted run only the later visit is left: the one before is read again.
    for file in Path("out/a2").iterdir():
        file.unlink()
    Path("out/a2").rmdir()
    read.clear()
    assert sharp("score", "--manifest", "m.csv", "--out", "out").code == 0
    assert read == {"two-a1": 1, "two-a2": 1}
    assert results("out") == results("fresh")


@pytest.mark.usefixtures("read")
def test_what_the_study_before_lacks_is_said(sharp: Sharp) -> None:
    Path("two-a1.png").write_bytes(b"no picture")
    Path("labels.csv").write_text(
        "patient,study,image,hand,finding,joint,grade\nb,b/1,two-b1.png,left,jsn,MCP2,x\n"
    )
    done = sharp(
        "score", "--manifest", "m.csv", "--out", "out", "--not-assessable", "labels.csv"
    )  # fmt: skip
    assert done.code == 1
    found = results("out")
    assert {name: used(one) for name, one in found.items()} == {
        "a2": (None, {"siso"}),
        "b_1": (None, {"siso", None}),
        "b_2": ("b/1", {"mimo-time", "siso"}),
        "c1": (None, {"siso"}),
    }
    assert "does without the study before, 'a1': it has no hands" in done.err
    assert (
        "left hand: siso, not mimo-time, where the earlier study lacks joints: MCP2 (jsn)"
        in done.err
    )
    strict = sharp("score", "--manifest", "m.csv", "--out", "strict", "--strict")
    assert list(results("strict")) == ["b_2"]
    assert "mimo-time lacks a hand or a joint of the study before" in strict.err


@pytest.mark.usefixtures("read")
def test_dates_of_dicom_files_order_visits_and_are_written_nowhere(sharp: Sharp) -> None:
    pixels = (hand(520, 480) * 4095).astype("uint16")
    for name, day in (("x", "20200203"), ("y", "20190203")):
        dataset(pixels, StudyDate=day).save_as(f"{name}.dcm", enforce_file_format=True)
    Path("m.csv").write_text("study,patient,hand,path\nlater,p,,x.dcm\nfirst,p,,y.dcm\n")
    assert sharp("score", "--manifest", "m.csv", "--out", "out").code == 0
    assert used(results("out")["later"]) == ("first", {"mimo-time"})
    assert used(results("out")["first"]) == (None, {"siso"})
    for path in Path("out").rglob("*.json"):
        assert b"20190203" not in path.read_bytes()
