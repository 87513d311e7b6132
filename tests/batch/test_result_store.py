"""The folder of results and its journal: whole studies only, whatever happens."""

from __future__ import annotations

import errno
import json
import os
import shutil
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from sharp_cli.batch.result_store import ResultStore, opened
from sharp_cli.batch.resume import remaining
from sharp_cli.batch.worker import overlay_names
from sharp_cli.core.errors import OutputError, UsageError
from sharp_cli.results.document import CSV_COLUMNS, Failure, ModelRow
from sharp_cli.results.failures import read_failures
from sharp_cli.results.formats import SUMMARY_COLUMNS
from sharp_cli.scoring.groups import Group

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from contextlib import AbstractContextManager

MODELS = {"hands": ModelRow("hands 1", "a" * 64)}


def results(folder: Path, **settings: object) -> AbstractContextManager[ResultStore]:
    return opened(folder, {"model": "siso", **settings}, MODELS)


def group(name: str, *files: str) -> Group:
    return Group(files or (f"{name}.png",), name)


def document(files: Iterable[str]) -> bytes:
    """What the journal reads of a result document."""
    content = {
        "inputs": [{"file": file, "sha256": f"of {file}"} for file in files],
        "joints": [{} for _ in files],
        "sens": [{}],
    }
    return f"{json.dumps(content)}\n".encode()


def content(study: str, *files: str) -> dict[str, bytes]:
    files = files or (f"{study}.png",)
    rows = [f"{study},{file}" for file in files]
    return {
        "result.csv": "\n".join(["study,file", *rows, ""]).encode(),
        "result.json": document(files),
        "summary.csv": f"study,hand\n{study},left\n".encode(),
        **dict.fromkeys(overlay_names(files), b"pictureIEND\xaeB`\x82"),
    }


def add(to: ResultStore, one: Group, **studies: Mapping[str, bytes]) -> None:
    to.journal.add(one.files, studies or {one.name: content(one.name, *one.files)})


def state(folder: Path) -> dict[str, bytes]:
    """All that is not hidden, and not of the run itself."""
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and path.name not in (".lock", "run.json")
    }


def test_it_holds_what_was_added(tmp_path: Path) -> None:
    with results(tmp_path / "out") as one:
        add(one, group("b"))
        add(one, group("p", "p_L.png", "p_R.png"))
        gone, grown = group("p", "p_R.png"), group("p", "p_R.png", "p_X.png")
        assert remaining((group("b"), gone), one.journal, {}) == []
        assert remaining((group("b"), grown), one.journal, {}) == [grown]
        apart = (group("p_L"), group("p_R"))
        assert remaining((group("b"), *apart), one.journal, {}) == list(apart)
        one.close([Failure("x.png", "NoHandError", "x.png: no hand")], {"files": 4}, finished=True)
    with results(tmp_path / "out") as one:
        assert one.journal.studies == {
            "b": {"b.png": "of b.png"},
            "p": {"p_L.png": "of p_L.png", "p_R.png": "of p_R.png"},
        }
    head = ",".join(CSV_COLUMNS)
    assert (tmp_path / "out/results.csv").read_text() == (
        f"{head}\nb,b.png\np,p_L.png\np,p_R.png\n"
    )
    head = ",".join(SUMMARY_COLUMNS)
    assert (tmp_path / "out/summary.csv").read_text() == f"{head}\nb,left\np,left\n"
    assert (tmp_path / "out/failures.csv").read_text() == (
        "file,error,reason\nx.png,NoHandError,x.png: no hand\n"
    )
    record = json.loads((tmp_path / "out/run.json").read_bytes())
    assert record["finished"] is True
    assert record["counts"] == {"files": 4, "studies": 2, "failed_files": 1}
    assert record["models"]["hands"]["sha256"] == "a" * 64
    assert record["started"] <= record["ended"]
    assert os.uname().nodename not in json.dumps(record)


def test_what_failed_before_is_reported_until_it_is_tried_again(tmp_path: Path) -> None:
    files = ("a,\n.png", "b.png", "c,\n.png")
    failures = [Failure(file, "NoHandError", 'no "hand"') for file in files]
    with results(tmp_path) as one:
        one.close(failures, {}, finished=False)
    with results(tmp_path) as one:
        add(one, group("b", failures[1].file))
        again = Failure(failures[0].file, "RadiographError", "gone")
        one.close([again], {}, finished=False)
        assert read_failures(tmp_path) == [again, failures[2]]
        one.close([again], {}, finished=True)
        assert read_failures(tmp_path) == [again]
    (tmp_path / "failures.csv").write_bytes(b"a\rb")
    assert read_failures(tmp_path) == []


def test_what_is_left_to_do_has_names_of_its_own(tmp_path: Path) -> None:
    with results(tmp_path) as one:
        add(one, group("x", "b/x.png"))
        add(one, group("q", "q_R.png"))
        new, done, half = (
            group("x", "a/x.png"),
            group("x-2", "b/x.png"),
            group("q", "q_L", "q_R.png"),
        )
        assert [
            (left.name, left.files) for left in remaining((new, done, half), one.journal, {})
        ] == [
            ("x-3", new.files),
            ("q", half.files),
        ]


def test_no_group_has_a_name_of_what_another_one_may_leave_there(tmp_path: Path) -> None:
    with results(tmp_path) as one:
        add(one, group("B", "g_b"))
        add(one, group("s", "h_1"))
        several = replace(group("h", "h_1", "h_2"), names={"h_1": ("s", "s-2"), "h_2": ("b",)})
        left = remaining((group("a", "g_a", "g_b"), several), one.journal, {})
        assert [each.name for each in left] == ["a", "h"]
        assert left[1].names == {"h_1": ("s", "s-2"), "h_2": ("b-2",)}


def test_a_group_takes_the_place_of_what_was_there_of_its_files(tmp_path: Path) -> None:
    with results(tmp_path) as one:
        add(one, group("p_R"))
        add(one, group("other"))
        add(one, group("p", "p_L.png", "p_R.png"))
        one.close([], {}, finished=True)
        assert set(one.journal.studies) == {"other", "p"}
    assert not (tmp_path / "p_R").exists()
    assert "p_R,p_R.png" not in (tmp_path / "results.csv").read_text()


class _Killed(BaseException):
    """Ends a process in whose place it is raised: nothing else is done by it."""


@pytest.fixture
def killed_at(monkeypatch: pytest.MonkeyPatch) -> Callable[[int], None]:
    """Lets the process be killed at its nth step, before what changes a folder."""

    def arm(steps: int) -> None:
        left = steps

        def mortal(function: Callable[..., Any]) -> Callable[..., Any]:
            def call(*arguments: Any, **options: Any) -> Any:
                nonlocal left
                left -= 1
                if left < 0:
                    raise _Killed
                return function(*arguments, **options)

            return call

        for name in ("rename", "replace", "unlink", "rmdir", "mkdir"):
            monkeypatch.setattr(Path, name, mortal(getattr(Path, name)))
        monkeypatch.setattr(shutil, "rmtree", mortal(shutil.rmtree))

    return arm


def work(folder: Path) -> None:
    """A run that replaces one study by two, and adds another."""
    with results(folder) as one:
        for left in remaining((group("p", "p_L", "p_R"), group("z")), one.journal, {}):
            if left.name == "p":
                add(one, left, p_L=content("p_L", "p_L"), p_R=content("p_R", "p_R"))
            else:
                add(one, left)
        one.close([], {}, finished=True)


@pytest.mark.parametrize("steps", range(60))
def test_killed_anywhere_it_holds_whole_groups_and_the_next_run_completes_it(
    tmp_path: Path, killed_at: Callable[[int], None], monkeypatch: pytest.MonkeyPatch, steps: int
) -> None:
    for name in ("out", "undisturbed"):
        with results(tmp_path / name) as one:
            add(one, group("p_R", "p_R"))
            one.close([], {}, finished=False)
    work(tmp_path / "undisturbed")
    old = content("p_R", "p_R")
    killed_at(steps)
    try:
        work(tmp_path / "out")
    except _Killed:
        pass
    else:
        assert steps > 20
    monkeypatch.undo()
    shown = state(tmp_path / "out")
    for name in {Path(file).parts[0] for file in shown if "/" in file and file[0] != "."}:
        whole = [old, content("p_R", "p_R"), content(name, name.removesuffix(".png"))]
        part = {
            Path(file).name: text for file, text in shown.items() if file.startswith(f"{name}/")
        }
        assert part in [*whole, content(name)]
    rows = shown["results.csv"].decode().splitlines()[1:]
    assert set(rows) <= {"p_L,p_L", "p_R,p_R", "z,z.png"}
    work(tmp_path / "out")
    assert state(tmp_path / "out") == state(tmp_path / "undisturbed")


def test_a_full_disk_is_an_output_error_and_leaves_nothing_torn(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    original, room = os.fdopen, 3

    def fdopen(*arguments: Any, **options: Any) -> Any:
        nonlocal room
        room -= 1
        if room < 0:
            os.close(arguments[0])
            raise OSError(errno.ENOSPC, "No space left on device")
        return original(*arguments, **options)

    with results(tmp_path) as one:
        add(one, group("a"))
        monkeypatch.setattr("sharp_cli.fileio.output.os.fdopen", fdopen)
        with pytest.raises(OutputError, match="No space left"):
            add(one, group("b"))
        monkeypatch.undo()
        assert set(one.journal.studies) == {"a"}
    assert {path.name for path in tmp_path.iterdir()} == {".lock", "a"}


def test_a_full_disk_at_the_tables_leaves_the_old_ones(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with results(tmp_path) as one:
        one.close([], {}, finished=False)
        before = (tmp_path / "results.csv").read_bytes()
        add(one, group("a"))
        monkeypatch.setattr(shutil, "copyfileobj", full)
        with pytest.raises(OutputError, match=r"results.csv.*No space left"):
            one.close([], {}, finished=True)
    assert (tmp_path / "results.csv").read_bytes() == before
    assert json.loads((tmp_path / "run.json").read_bytes())["finished"] is False


def test_tables_are_kept_up_to_date_but_not_all_the_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = 100.0
    monkeypatch.setattr("time.monotonic", lambda: now)
    with results(tmp_path) as one:
        original = one.close

        def slow(*arguments: Any, **options: Any) -> None:
            nonlocal now
            now += 2
            original(*arguments, **options)

        monkeypatch.setattr(one, "close", slow)
        for second, rows in ((0, 1), (100, 1), (203, 3)):
            now = 100.0 + second
            add(one, group(str(second)))
            one.update([], {})
            assert len((tmp_path / "results.csv").read_text().splitlines()) == 1 + rows


def test_another_process_is_refused(tmp_path: Path) -> None:
    with results(tmp_path) as one:
        one.close([], {}, finished=False)
        with (
            pytest.raises(UsageError, match=f"process {os.getpid()} writes there"),
            results(tmp_path),
        ):
            pass
        assert (tmp_path / ".lock.pid").read_text() == f"{os.getpid()}\n"
    with results(tmp_path):
        pass


def test_the_lock_of_a_dead_process_locks_nothing(tmp_path: Path) -> None:
    for name in (".lock", ".lock.pid"):
        (tmp_path / name).write_text("1\nand more")
    with results(tmp_path):
        assert (tmp_path / ".lock.pid").read_text() == f"{os.getpid()}\n"


def test_other_settings_are_refused_by_name(tmp_path: Path) -> None:
    with results(tmp_path, threshold=None) as one:
        one.close([], {}, finished=False)
    with pytest.raises(UsageError) as error, results(tmp_path, threshold=0.5):
        pass
    assert "(threshold: None there, 0.5 now)" in str(error.value)
    other = {"hands": ModelRow("hands 2", "b" * 64)}
    with pytest.raises(UsageError) as error, opened(tmp_path, {"model": "siso"}, other):
        pass
    assert "hands: hands 1 aaaaaaaa there, hands 2 bbbbbbbb now" in str(error.value)
    with results(tmp_path, threshold=None):
        pass


@pytest.mark.parametrize("text", ["x", "{}", "[]", '{"schema": "other"}'])
def test_a_record_of_something_else_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "run.json").write_text(text)
    with pytest.raises(UsageError, match="choose a new folder"), results(tmp_path):
        pass


def test_a_folder_of_something_else_is_refused(tmp_path: Path) -> None:
    (tmp_path / "thesis.doc").touch()
    with pytest.raises(UsageError, match="is not empty"), results(tmp_path):
        pass
    with pytest.raises(OutputError), results(tmp_path / "thesis.doc"):
        pass
