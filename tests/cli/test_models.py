"""`sharp models`: the list, and what is imported."""

from __future__ import annotations

import sys
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

import pytest

from sharp_cli.errors import ModelError

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.cli.conftest import Done

    Sharp = Callable[..., Done]


@pytest.fixture
def import_by(monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[..., list[str]]], None]:
    """Put a function in place of the import, for which deeplabcut would be loaded."""

    def put(function: Callable[..., list[str]]) -> None:
        module = ModuleType("deeplabcut_import")
        module.import_detector = function  # type: ignore[attr-defined]
        monkeypatch.setitem(sys.modules, "sharp_cli.train.deeplabcut_import", module)
        monkeypatch.setattr("sharp_cli.cli.terminal.find_spec", lambda _: True)

    return put


def test_an_import_gets_what_was_asked(
    sharp: Sharp, import_by: Callable[[Callable[..., list[str]]], None]
) -> None:
    calls: list[tuple[tuple[Path, ...], dict[str, Any]]] = []

    def record(*given: Path, **chosen: Any) -> list[str]:
        calls.append((given, chosen))
        return ["keypoints that are no joint are left out: tip"]

    import_by(record)
    Path("names.csv").touch()
    arguments = ("--out", "mine", "--names", "names.csv", "--size", "256")
    done = sharp("models", "import-dlc", ".", *arguments)
    assert (done.code, done.out) == (0, b"")
    assert done.err == (
        "warning: keypoints that are no joint are left out: tip\ndone: the bundle is in mine\n"
    )
    assert calls == [((Path(), Path("mine")), {"names": Path("names.csv"), "size": 256})]


def test_an_import_that_fails_is_told(
    sharp: Sharp, import_by: Callable[[Callable[..., list[str]]], None]
) -> None:
    def fail(*_: Path, **__: object) -> list[str]:
        message = "a.pt: not a snapshot"
        raise ModelError(message)

    import_by(fail)
    done = sharp("models", "import-dlc", ".", "--out", "mine")
    assert (done.code, done.err) == (3, "error: a.pt: not a snapshot\n")


def test_wrong_usage(sharp: Sharp) -> None:
    assert sharp("models", "import-dlc", "none.pt", "--out", "mine").code == 2
    assert sharp("models", "import-dlc", ".").code == 2
    assert sharp("models", "unknown").code == 2


def test_alone_it_lists(sharp: Sharp) -> None:
    done = sharp("models")
    assert done.code == 0
    assert done.out.startswith(b"kind,name,version,size,sha256,validated_on_patients\n")
