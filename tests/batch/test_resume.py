"""Any archive, interrupted anywhere and resumed, gives what it gives undisturbed."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from hypothesis import given, settings
from hypothesis import strategies as st

from sharp_cli.batch.result_store import opened
from sharp_cli.batch.resume import remaining
from sharp_cli.radiograph.headers import Header
from sharp_cli.scoring.discover import RadiographFile
from sharp_cli.scoring.pairing import pair
from sharp_cli.scoring.plan import name_studies
from sharp_cli.scoring.study_grouping import group_into_studies
from tests.batch.test_result_store import content as stored
from tests.scoring.test_study_grouping import radiograph

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sharp_cli.core.joints import Side

    Shown = Sequence[tuple[Side, ...]]  # the hands of each radiograph; none where it fails

FILE = st.builds(
    "{}/{}.png".format,
    st.sampled_from("de"),
    st.sampled_from(["p", "p-2", "p_L", "p_R", "p_L-2", "q_L", "q_R", "L", "R", "q"]),
)
SHOWN = st.sampled_from(
    [(), (("left",),), (("right",),), (("left", "right"),), (("left",), ("left",))]
)
ARCHIVE = st.dictionaries(FILE, st.tuples(SHOWN, st.sampled_from([None, "s", "t"])), max_size=9)


def run(folder: Path, archive: Mapping[str, tuple[Shown, str | None]], groups: int = 99) -> None:
    """Work on so many groups of an archive."""
    files = [RadiographFile(file, Header(study_key=archive[file][1])) for file in sorted(archive)]
    planned = name_studies(pair(files, named=False))
    with opened(folder, {}, {}) as results:
        for group in remaining(planned, results.journal, {}):
            if not groups:
                break
            groups -= 1
            radiographs = [
                radiograph(file, *sides) for file in group.files for sides in archive[file][0]
            ]
            studies = {study.name: study for study in group_into_studies(group, radiographs)}
            if studies:
                results.journal.add(
                    group.files, {name: content(study) for name, study in studies.items()}
                )
        results.close([], {}, finished=groups > 0)


def content(study: object) -> dict[str, bytes]:
    rows = [f"{study.name},{one.file},{'+'.join(sorted(one.sides))}" for one in study.radiographs]  # type: ignore[attr-defined]
    table = "\n".join(["study,file,hand", *rows, ""]).encode()
    files = [one.file for one in study.radiographs]  # type: ignore[attr-defined]
    return {**stored(study.name, *files), "result.csv": table}  # type: ignore[attr-defined]


def results(folder: Path) -> list[str]:
    return (folder / "results.csv").read_text().splitlines()[1:]


@settings(max_examples=60, deadline=None)
@given(ARCHIVE, st.lists(st.integers(0, 4), max_size=3))
def test_the_same_results_whenever_it_was_stopped(
    archive: dict[str, tuple[Shown, str | None]], stops: list[int]
) -> None:
    with tempfile.TemporaryDirectory() as place:
        for groups in (*stops, 99):
            run(Path(place, "out"), archive, groups)
        run(Path(place, "undisturbed"), archive)
        assert results(Path(place, "out")) == results(Path(place, "undisturbed"))


@settings(max_examples=60, deadline=None)
@given(ARCHIVE, ARCHIVE)
def test_an_archive_that_has_grown_has_each_hand_once(
    archive: dict[str, tuple[Shown, str | None]], more: dict[str, tuple[Shown, str | None]]
) -> None:
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place, "out")
        run(folder, archive)
        grown = more | archive
        run(folder, grown)
        found = [row.split(",")[1:] for row in results(folder)]
        assert sorted(found) == sorted(
            [file, "+".join(sorted(sides))] for file, (shown, _) in grown.items() for sides in shown
        )
        named = [path.parent.name.casefold() for path in folder.glob("*/result.csv")]
        assert len(named) == len(set(named))


@settings(max_examples=60, deadline=None)
@given(st.lists(ARCHIVE, min_size=2, max_size=3))
def test_an_archive_whose_files_change_has_none_in_two_studies(
    archives: list[dict[str, tuple[Shown, str | None]]],
) -> None:
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place, "out")
        for archive in archives:
            run(folder, archive)
            files: dict[str, set[str]] = {}
            for study, file, _ in (row.split(",") for row in results(folder)):
                files.setdefault(study, set()).add(file)
            for study, held in files.items():
                for other, theirs in files.items():
                    # But one with two hands of a side is a study for each.
                    assert study == other or not held & theirs or held == theirs
            assert len({study.casefold() for study in files}) == len(files)
