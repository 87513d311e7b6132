"""`sharp score` over folders, lists and manifests, and into a folder, unattended."""

from __future__ import annotations

import codecs
import csv
import errno
import gc
import json
import weakref
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from sharp_cli.core.records import Hand
from sharp_cli.results.formats import from_csv, from_json
from tests.cli.conftest import CHECKSUM
from tests.dicom_files import dataset, hand
from tests.fakes import FakeClassifier, FakeDetector, FakeFinder, hands_on, paint

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.cli.conftest import Done

    Sharp = Callable[..., Done]


def cells(file: str) -> list[list[str]]:
    with Path(file).open(newline="") as rows:
        return list(csv.reader(rows))[1:]


def record(folder: str = "out") -> dict[str, Any]:
    content = json.loads(Path(folder, "run.json").read_bytes())
    assert isinstance(content, dict)
    return content


def studies(folder: str = "out") -> dict[str, list[str]]:
    """The files of each study."""
    return {
        path.parent.name: [row.file for row in from_json(path.read_bytes(), str(path)).inputs]
        for path in sorted(Path(folder).glob("*/result.json"))
    }


@pytest.mark.parametrize("more", [(), ("--out", "out")])
def test_folders_work_with_and_without_out(sharp: Sharp, more: tuple[str, ...]) -> None:
    for name in ("a/two.png", "a/b/p_L.png", "a/b/p_R.png"):
        paint(Path(name))
    Path("a/notes.txt").touch()
    done = sharp("score", "a", "--csv", "-", *more)
    assert done.code == 0
    assert "note: 1 other file skipped" in done.err
    rows = from_csv(done.out, "stdout")
    assert {(row.study, row.file) for row in rows} == {
        ("p", "a/b/p_L.png"), ("p", "a/b/p_R.png"), ("two", "a/two.png"),
    }  # fmt: skip
    assert len(rows) == 124


def test_what_out_writes(sharp: Sharp) -> None:
    for name in ("a/two.png", "a/p_L.png", "a/p_R.png", "a/none.png"):
        paint(Path(name))
    Path("a/notes.txt").touch()
    done = sharp("score", "a", "--out", "out")
    assert (done.code, done.out) == (1, b"")
    written = sorted(str(path.relative_to("out")) for path in Path("out").rglob("*.*"))
    assert written == [
        ".lock", "failures.csv",
        "p/overlay-p_L.png", "p/overlay-p_R.png", "p/result.csv", "p/result.json",
        "p/summary.csv", "results.csv", "run.json", "summary.csv",
        "two/overlay.png", "two/result.csv", "two/result.json", "two/summary.csv",
    ]  # fmt: skip
    rows = from_csv(Path("out/results.csv").read_bytes(), "x")
    parts = (Path("out", name, "result.csv").read_bytes() for name in ("p", "two"))
    assert rows == tuple(row for part in parts for row in from_csv(part, "x"))
    assert [row[:2] for row in cells("out/summary.csv")] == [
        [study, hand] for study in ("p", "two") for hand in ("left", "right", "")
    ]
    (failure,) = cells("out/failures.csv")
    assert failure[:2] == ["a/none.png", "NoHandError"]
    assert "done: 2 studies in out; 1 file failed, see out/failures.csv" in done.err
    assert "not validated on patients" in done.err
    run = record()
    assert run["counts"] == {
        "files": 4, "other_files": 1, "skipped_files": 0, "studies": 2, "failed_files": 1,
    }  # fmt: skip
    assert run["finished"] is True
    assert run["models"]["findings"] == {"name": "findings 1", "sha256": "0" * 64}
    assert run["settings"]["model"] == "mimo-local"
    assert str(Path.cwd()) not in json.dumps(run)


def test_what_shows_no_hand_beside_both_is_no_failure_and_counted(sharp: Sharp) -> None:
    for name in ("two.png", "none.png", "none_b.png"):
        paint(Path(name))
    rows = ("study,patient,hand,path", "a,p,,two.png", "a,p,,none.png", "b,q,,none_b.png")
    Path("list.csv").write_text("\n".join(rows), encoding="utf-8")
    done = sharp("score", "--manifest", "list.csv", "--out", "out")
    assert done.code == 1
    assert done.err.count("two.png: no hand found beside it, skipped: none.png") == 1
    (failure,) = cells("out/failures.csv")
    assert failure[:2] == ["none_b.png", "NoHandError"]
    counts = record()["counts"]
    assert (counts["files"], counts["skipped_files"], counts["failed_files"]) == (3, 1, 1)


def test_what_else_was_asked_for_holds_what_was_done_before_too(sharp: Sharp) -> None:
    for name in ("a/two.png", "a/none.png"):
        paint(Path(name))
    assert sharp("score", "a", "--out", "out").code == 1
    paint(Path("a/x_L.png"))
    done = sharp(
        "score", "a", "--out", "out", "--json", "-", "--csv", "all.csv", "--overlay", "o.png"
    )
    document = from_json(done.out, "stdout")
    assert [row.study for row in document.inputs] == ["two", "x_L"]
    assert [failure.file for failure in document.failures] == ["a/none.png"]
    assert document.models["hands"].name == "hands 1"
    assert Path("all.csv").read_bytes() == Path("out/results.csv").read_bytes()
    assert sorted(path.name for path in Path().glob("o-*")) == ["o-two.png", "o-x_L.png"]


@pytest.mark.parametrize(
    "content",
    [
        "x_L.png\r\nx_R.png\r\n".encode("utf-8-sig"),
        "x_L.png\r\nx_R.png\r\n".encode("utf-16"),
        codecs.BOM_UTF16_BE + "x_L.png\nx_R.png".encode("utf-16-be"),
        b"\n \t\nx_L.png\n\n  \nx_R.png\n\n",
    ],
)
def test_lists_on_stdin_as_windows_writes_them(sharp: Sharp, content: bytes) -> None:
    for name in ("x_L.png", "x_R.png"):
        paint(Path(name))
    done = sharp("score", "-", "--csv", "r.csv", stdin=content)
    assert done.code == 0
    rows = list(csv.DictReader(Path("r.csv").read_text().splitlines()))
    assert {row["file"] for row in rows} == {"x_L.png", "x_R.png"}


def test_a_list_in_another_encoding_is_refused_by_name(sharp: Sharp) -> None:
    done = sharp("score", "-", stdin="x_L.png\n".encode("utf-16-le"))
    assert done.code == 2
    assert "UTF-16 with a byte order mark" in done.err


def test_a_list_on_stdin(sharp: Sharp) -> None:
    paint(Path("a/two.png"))
    paint(Path("x_L.png"))
    done = sharp("score", "-", stdin=b"x_L.png\n\na\r\nmissing.png\n")
    assert {row.study for row in from_csv(done.out, "x")} == {"x_L", "two"}
    assert done.code == 1
    assert "error: missing.png" in done.err
    assert sharp("score", "-", stdin=Path("x_L.png").read_bytes()).code == 2


def test_a_manifest(sharp: Sharp) -> None:
    for name in ("m/1/left.png", "m/1/right.png", "m/2/right.png", "m/two.png"):
        paint(Path(name))
    Path("m/manifest.csv").write_text(
        "study,patient,hand,path,age\n"
        "S-1,P-1,left,1/left.png,60\nS-1,P-1,right,1/right.png,60\n"
        "S-2,P-1,left,2/right.png,60\nS-3,P-1,,two.png,60\nS-4,P-1,,gone.png,60\n"
    )
    done = sharp("score", "--manifest", "m/manifest.csv", "--out", "out")
    assert done.code == 1
    assert studies() == {
        "S-1": ["m/1/left.png", "m/1/right.png"],
        "S-2": ["m/2/right.png"],
        "S-3": ["m/two.png"],
    }
    assert "the manifest says left, the picture shows a right hand (PA view)" in done.err
    assert [row[0] for row in cells("out/failures.csv")] == ["m/gone.png"]
    with Path("m/manifest.csv").open("a") as file:
        file.write("S-5,P-1,,two.png,60\n")
    assert sharp("score", "--manifest", "m/manifest.csv", "--out", "new").code == 1
    assert "two.png is of two studies" in sharp("score", "--manifest", "m/manifest.csv").err


def test_a_manifest_as_a_spreadsheet_saves_it_on_stdin(sharp: Sharp) -> None:
    paint(Path("two.png"))
    content = "study;patient;hand;path\r\nMüller;P-1;;two.png\r\n".encode("cp1252")
    done = sharp("score", "--manifest", "-", "--out", "out", stdin=content)
    assert done.code == 0, done.err
    assert "note: stdin: read as Windows-1252, semicolons" in done.err
    # So Excel knows what it reads.
    for name in ("results.csv", "summary.csv"):
        content = Path("out", name).read_bytes()
        assert content.startswith("\ufeffstudy,".encode())
        assert content.count("\ufeff".encode()) == 1
        assert "\nMüller," in content.decode()
    assert sharp("score", "--manifest", "-", stdin=b"study,path").code == 1


@pytest.mark.parametrize(
    "arguments",
    [
        (),
        ("a", "--manifest", "m.csv"),
        ("a", "--out", "a"),
        ("./a/", "--out", "a/b/.."),
        ("a", "--out", "full"),
        ("a", "--out", "b", "--threshold", "2"),
    ],
)
def test_what_does_not_fit_together_is_usage(sharp: Sharp, arguments: tuple[str, ...]) -> None:
    paint(Path("a/b/two.png"))
    Path("full").mkdir()
    Path("full/thesis.doc").touch()
    done = sharp("score", *arguments)
    assert done.code == 2
    assert not done.out
    assert [path.name for path in Path("full").iterdir() if path.suffix] == ["thesis.doc"]


def test_failed_files_are_tried_again_and_take_their_place(sharp: Sharp) -> None:
    for name in ("a/p_R.png", "a/two.png", "a/q_L.png"):
        paint(Path(name))
    Path("a/p_L.png").write_bytes(Path("a/two.png").read_bytes()[:200])
    assert sharp("score", "a", "--out", "out").code == 1
    assert studies() == {"p": ["a/p_R.png"], "q_L": ["a/q_L.png"], "two": ["a/two.png"]}
    assert [row[0] for row in cells("out/failures.csv")] == ["a/p_L.png"]
    kept = Path("out/two/result.json").stat().st_mtime_ns
    paint(Path("a/p_L.png"))
    paint(Path("a/q_R.png"))
    done = sharp("score", "a", "--out", "out")
    assert done.code == 0
    assert "studies done before: 3, left: 2" in done.err
    assert studies() == {
        "p": ["a/p_L.png", "a/p_R.png"],
        "q": ["a/q_L.png", "a/q_R.png"],
        "two": ["a/two.png"],
    }
    assert Path("out/two/result.json").stat().st_mtime_ns == kept
    assert cells("out/failures.csv") == []
    assert sharp("score", "a", "--out", "undisturbed").code == 0
    assert Path("out/results.csv").read_bytes() == Path("undisturbed/results.csv").read_bytes()


def test_other_options_are_refused_by_name_and_change_nothing(sharp: Sharp) -> None:
    paint(Path("a/two.png"))
    assert sharp("score", "a", "--out", "out").code == 0
    before = Path("out/run.json").read_bytes()
    for arguments, text in (
        (("a", "--model", "siso"), "model: mimo-local there, siso now"),
        (("a", "--threshold", "0.5"), "threshold: None there, 0.5 now"),
        (("a", "--strict"), "strict: False there, True now"),
        (("a", "--trust", CHECKSUM), "trusted: None there, hands, joints, findings now"),
        (("a/two.png",), "files: ['a'] there, ['a/two.png'] now"),
    ):
        done = sharp("score", *arguments, "--out", "out")
        assert done.code == 2
        assert text in done.err
    assert Path("out/run.json").read_bytes() == before
    assert sharp("score", "a", "--out", "out", "--threads", "3").code == 0


def test_the_same_name_elsewhere_is_another_archive(
    sharp: Sharp, monkeypatch: pytest.MonkeyPatch
) -> None:
    paint(Path("one/two.png"))
    paint(Path("other/two.png"))
    for place, code in (("one", 0), ("../other", 2)):
        monkeypatch.chdir(place)
        assert sharp("score", ".", "--out", "../out").code == code


def test_an_interruption_is_gone_on_from(sharp: Sharp, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("a/a_L.png", "a/stop.png", "a/two.png"):
        paint(Path(name))
    done = sharp("score", "a", "--out", "out")
    assert done.code == 130
    assert "stopped: 1 of 3 files scored, in out; the same command goes on\n" in done.err
    assert "done:" not in done.err
    assert list(studies()) == ["a_L"]
    assert {row.study for row in from_csv(Path("out/results.csv").read_bytes(), "x")} == {"a_L"}
    assert record()["finished"] is False
    monkeypatch.setattr("tests.fakes.FakeFinder.find", _any_hand)
    assert sharp("score", "a", "--out", "out").code == 0
    assert list(studies()) == ["a_L", "stop", "two"]
    assert record()["finished"] is True


def _any_hand(self: FakeFinder, picture: Any) -> Any:  # noqa: ARG001
    hands = (Hand(picture.file, side, "anatomy", to, 0.9) for side, to in hands_on(picture.file))
    return tuple(hands), ()


def test_an_interruption_while_writing_loses_nothing(
    sharp: Sharp, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("a/1_L.png", "a/two.png", "a/two2.png"):
        paint(Path(name))
    original = Path.rmdir

    def rmdir(path: Path) -> None:
        original(path)
        raise KeyboardInterrupt

    monkeypatch.setattr(Path, "rmdir", rmdir)
    assert sharp("score", "a", "--out", "out").code == 130
    assert list(studies()) == ["1_L"]
    assert {row.study for row in from_csv(Path("out/results.csv").read_bytes(), "x")} == {"1_L"}


def test_a_full_disk_is_4(sharp: Sharp, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("a/two1.png", "a/two2.png", "a/two3.png"):
        paint(Path(name))
    original = Path.rename

    def rename(path: Path, target: Path) -> Path:
        if (path / "two2").exists():
            raise OSError(errno.ENOSPC, "No space left on device")
        return original(path, target)

    monkeypatch.setattr(Path, "rename", rename)
    done = sharp("score", "a", "--out", "out")
    assert done.code == 4
    assert "No space left on device" in done.err
    assert list(studies()) == ["two1"]
    assert record()["finished"] is False
    monkeypatch.setattr(Path, "rename", original)
    assert sharp("score", "a", "--out", "out").code == 0
    assert list(studies()) == ["two1", "two2", "two3"]


def test_a_share_that_vanishes_fails_its_files_which_are_tried_again(
    sharp: Sharp, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("a/two1.png", "a/two2.png", "a/two3.png"):
        paint(Path(name))
    original = FakeDetector.detect

    def detect(self: FakeDetector, picture: Any, hand_: Any) -> Any:
        if "two2" in picture.file and Path("a").exists():
            Path("a").rename("gone")
        return original(self, picture, hand_)

    monkeypatch.setattr(FakeDetector, "detect", detect)
    done = sharp("score", "a", "--out", "out")
    assert done.code == 1
    assert list(studies()) == ["two1", "two2"]
    assert [row[0] for row in cells("out/failures.csv")] == ["a/two3.png"]
    assert "there is no such file" in done.err
    Path("gone").rename("a")
    monkeypatch.undo()


def test_nothing_is_kept_of_what_is_done(sharp: Sharp, monkeypatch: pytest.MonkeyPatch) -> None:
    for at in range(7):
        paint(Path(f"a/two{at}.png"))
    seen: list[weakref.ref[Any]] = []
    alive = []
    original = FakeClassifier.classify

    def classify(self: FakeClassifier, given: Any, *args: Any, **options: Any) -> Any:
        gc.collect()
        alive.append(sum(ref() is not None for ref in seen))
        seen.extend(weakref.ref(p.pixels) for one in given for ps in one.values() for p in ps)
        return original(self, given, *args, **options)

    monkeypatch.setattr(FakeClassifier, "classify", classify)
    assert sharp("score", "a", "--out", "out").code == 0
    assert len(seen) == 7 * 62
    assert max(alive) == 0


def test_no_identifier_is_written(sharp: Sharp) -> None:
    Path("a").mkdir()
    pixels = (hand(520, 480) * 4095).astype("uint16")
    for name, side in (("two1.dcm", "L"), ("2.dcm", "R"), ("none.dcm", "L"), ("bug.dcm", "L")):
        tags: dict[str, Any] = {
            "StudyInstanceUID": "1.2.34567",
            "StudyDate": "20190203",
            "Laterality": side,
        }
        dataset(pixels, **tags).save_as(f"a/{name}", enforce_file_format=True)
    done = sharp("score", "a", "--out", "out")
    assert done.code == 1
    written = [path.read_bytes() for path in Path("out").rglob("*") if path.is_file()]
    for secret in (b"SECRET", b"Secret", b"1.2.34567", b"20190203", b"secret of the patient"):
        assert not any(secret in content for content in [*written, done.err.encode()])


def test_a_report_that_cannot_be_made_is_reported_and_is_no_failed_file(sharp: Sharp) -> None:
    paint(Path("a/two.png"))
    done = sharp("score", "a", "--out", "out", "--dicom-sr", "report.dcm")
    assert done.code == 1
    assert "error: a/two.png: " in done.err
    assert "files failed" not in done.err
    assert cells("out/failures.csv") == []
    assert list(studies()) == ["two"]


def test_studies_are_joined_to_the_manifest_by_its_own_names(sharp: Sharp) -> None:
    keys = ["2020/01", "x" * 260, "Case", "case", ".hidden", "plain"]
    rows = ["study,patient,hand,path"]
    for at, key in enumerate(keys):
        paint(Path(f"a/{at}L.png"), seed=at)
        rows.append(f"{key},p{at},left,a/{at}L.png")
    Path("m.csv").write_text("\n".join(rows))
    done = sharp("score", "--manifest", "m.csv", "--out", "out")
    assert done.code == 0
    names = ["2020_01", "x" * 200, "Case", "case-2", "hidden", "plain"]
    assert sorted(studies()) == sorted(names)
    with Path("out/results.csv").open(newline="") as table:
        found = {(row["study"], row["manifest_study"]) for row in csv.DictReader(table)}
    assert found == set(zip(names, keys, strict=True))
    assert "study '2020/01' of the manifest is called '2020_01' here" in done.err
    assert "'plain'" not in done.err
