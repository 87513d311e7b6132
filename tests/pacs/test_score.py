"""`sharp score --from-dicomweb` with a real archive."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from sharp_cli.core.errors import UsageError
from sharp_cli.results.dicom.files import to_bytes
from sharp_cli.results.formats import from_csv, from_json
from tests.pacs.archive import PASSWORD, Orthanc
from tests.pacs.senders import film

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.cli.conftest import Done

    Sharp = Callable[..., Done]


def kinds(orthanc: Orthanc) -> list[str]:
    return sorted(one["Modality"] for one in orthanc.objects())


def test_results_go_back_to_the_archive_once(sharp: Sharp, orthanc: Orthanc) -> None:
    made = film("one")
    study = str(made.StudyInstanceUID)
    orthanc.put(to_bytes(made))
    ask = ("score", "--from-dicomweb", orthanc.url, "--study", study, "--store")
    first = sharp(*ask, "--csv", "a.csv", "--overlay", "a.png", "--json", "-")
    assert first.code == 0
    assert kinds(orthanc) == ["CR", "OT", "SR"]
    assert {one["StudyInstanceUID"] for one in orthanc.objects()} == {study}
    rows = from_csv(Path("a.csv").read_bytes(), "a.csv")
    assert {row.study for row in rows} == {study}
    assert {row.file for row in rows} == {f"{study}/{made.SOPInstanceUID}.dcm"}
    assert from_json(first.out, "stdout").joints == rows
    assert Path("a.png").is_file()
    again = sharp(*ask, "--csv", "b.csv")
    assert again.code == 0
    assert "series of Modality OT, SR ignored" in again.err
    assert kinds(orthanc) == ["CR", "OT", "SR"]
    assert Path("b.csv").read_bytes() == Path("a.csv").read_bytes()
    for told in (first, again):
        assert PASSWORD not in told.err
        assert "SECRET" not in told.err.upper()
        assert "/tmp" not in told.err + told.out.decode()  # noqa: S108 - where it must not point
    assert b"secret" not in Path("a.csv").read_bytes().lower()


def test_a_study_that_fails_does_not_stop_the_others(sharp: Sharp, orthanc: Orthanc) -> None:
    made, other = film("one"), film("other", Modality="XA")
    for one in (made, other):
        orthanc.put(to_bytes(one))
    studies = ("1.2.3", "nonsense", other.StudyInstanceUID, made.StudyInstanceUID)
    options = [word for study in studies for word in ("--study", study)]
    done = sharp("score", "--from-dicomweb", orthanc.url, *options, "--json", "-")
    assert done.code == 1
    document = from_json(done.out, "stdout")
    assert {row.study for row in document.inputs} == {made.StudyInstanceUID}
    assert [failure.file for failure in document.failures] == list(studies[:3])
    assert "no radiographs (but XA)" in done.err
    assert kinds(orthanc) == ["CR", "XA"]


def test_a_wrong_password(sharp: Sharp, orthanc: Orthanc, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SHARP_DICOMWEB_PASSWORD", "wrong")
    done = sharp("score", "--from-dicomweb", orthanc.url, "--study", "1.2.3")
    assert done.code == 1
    assert "no access (401)" in done.err
    assert "wrong" not in done.err


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--from-dicomweb", "https://host/web"), "needs --study"),
        (("--from-dicomweb", "https://host/web", "--study", "1.2", "--out", "x"), "no --out"),
        (("--from-dicomweb", "https://host/web", "--study", "1.2", "a.png"), "only one of them"),
        (("--study", "1.2", "a.png"), "--from-dicomweb"),
        (("--store", "a.png"), "--from-dicomweb"),
    ],
)
def test_options_that_do_not_fit(sharp: Sharp, arguments: tuple[str, ...], said: str) -> None:
    done = sharp("score", *arguments)
    assert done.code == UsageError.exit_code
    assert said in done.err
