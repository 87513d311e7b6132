"""Which files may be one study."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sharp_cli.radiograph.headers import Header
from sharp_cli.scoring.discover import RadiographFile
from sharp_cli.scoring.pairing import pair
from sharp_cli.scoring.plan import name_studies, plan

if TYPE_CHECKING:
    from pathlib import Path

    from sharp_cli.core.joints import Side
    from sharp_cli.scoring.groups import Group


def radiograph(
    file: str,
    *,
    study: str | None = None,
    patient: str | None = None,
    day: str | None = None,
    side: Side | None = None,
    issuer: str | None = None,
) -> RadiographFile:
    return RadiographFile(file, Header(study, patient, day, side, issuer_key=issuer))


def paired(*radiographs: RadiographFile | str, named: bool = False) -> list[tuple[str, ...]]:
    return [group.files for group in groups(*radiographs, named=named)]


def groups(*radiographs: RadiographFile | str, named: bool = False) -> list[Group]:
    return pair([radiograph(p) if isinstance(p, str) else p for p in radiographs], named=named)


def test_the_same_dicom_study_is_a_group() -> None:
    radiographs = [radiograph(f"{at}.dcm", study=study) for at, study in enumerate("stss")]
    assert paired(*radiographs) == [("0.dcm", "2.dcm", "3.dcm"), ("1.dcm",)]
    assert [group.name for group in groups(*radiographs)] == ["0", "1"]


def test_names_pair_within_a_dicom_study() -> None:
    names = ("pa_L", "pa_R", "oblique_L", "oblique_R", "foot")
    assert paired(*(radiograph(f"{name}.dcm", study="s") for name in names)) == [
        ("pa_L.dcm", "pa_R.dcm"),
        ("oblique_L.dcm", "oblique_R.dcm"),
        ("foot.dcm",),
    ]


def test_a_study_of_very_many_files_is_none() -> None:
    found = groups(*(radiograph(f"{at}.dcm", study="s") for at in range(13)))
    assert len(found) == 13
    assert found[0].remarks == (("0.dcm", "not paired: 13 files are of one DICOM study"),)
    names = [f"{at}_{side}.dcm" for at in range(10) for side in "LR"]
    found = groups(*(radiograph(name, study="s") for name in names))
    assert [group.name for group in found] == [str(at) for at in range(10)]
    assert not any(group.remarks for group in found)


def test_two_hands_of_one_patient_and_day_are_a_group() -> None:
    left = radiograph("1", study="s", patient="p", day="d", side="left")
    right = radiograph("2", study="t", patient="p", day="d", side="right")
    both = radiograph("3", study="u", patient="p", day="d")
    later = radiograph("4", study="v", patient="p", day="e", side="right")
    assert paired(left, both, right, later) == [("1", "2"), ("3",), ("4",)]


def test_more_hands_of_one_patient_and_day_are_in_doubt() -> None:
    sides: tuple[Side, ...] = ("left", "right", "left")
    found = groups(*(radiograph(str(at), day="d", side=side) for at, side in enumerate(sides)))
    text = "not paired: of one patient and day are 2 left and 1 right hands"
    assert [group.remarks for group in found] == [((str(at), text),) for at in range(3)]
    only_lefts = groups(*(radiograph(str(at), day="d", side="left") for at in range(2)))
    assert [group.remarks for group in only_lefts] == [(), ()]


@pytest.mark.parametrize(
    ("left", "right", "name"),
    [
        ("p1_L.png", "p1_R.png", "p1"),
        ("x/left-p1.png", "x/right-p1.png", "p1"),
        ("p.L.0.png", "p.R.0.png", "p.0"),
        ("p_Left.png", "p_right.png", "p"),
        ("./L.png", "R.png", "L+R"),
        ("p1_LH.png", "p1_RH.png", "p1"),
        ("LeftHand_7.png", "RightHand_7.png", "7"),
        ("anna-links.tif", "anna-rechts.tif", "anna"),
        ("main gauche 2.png", "main droite 2.png", "main 2"),
        ("p.izquierda.png", "p.derecha.png", "p"),
        ("p01左.png", "p01右.png", "p01"),
        ("左手.png", "右手.png", "手"),
        ("müller_L.png", "müller_R.png", "müller"),
    ],
)
def test_names_that_differ_in_the_side_pair(left: str, right: str, name: str) -> None:
    found = groups(right, "other.png", left)
    assert [group.files for group in found] == [(left, right), ("other.png",)]
    assert found[0].name == name


@pytest.mark.parametrize(
    ("left", "right"),
    [
        ("p1_L.png", "p2_R.png"),
        ("a/p_L.png", "b/p_R.png"),
        ("p_L.png", "p_R.dcm"),
        ("pL.png", "pR.png"),
        ("p_L.png", "p_L2.png"),
        ("p_L.png", "p_right.png"),
    ],
)
def test_other_names_do_not_pair(left: str, right: str) -> None:
    assert paired(left, right, "third.png") == [(left,), (right,), ("third.png",)]


LISTED = "; if they are one study, list both in a manifest"


@pytest.mark.parametrize(
    ("left", "right", "why"),
    [
        ("a/p_L.png", "b/p_R.png", "they lie in different folders"),
        ("left/p.png", "right/p.png", "they lie in different folders"),
        ("p_L.png", "p_R.dcm", "their names end differently"),
        ("p_L.png", "P_R.png", "their names differ in more than the side"),
        ("p_L.png", "p_right.png", "their names differ in more than the side"),
        ("p-L.png", "p_R.png", "their names differ in more than the side"),
    ],
)
def test_what_looks_like_a_pair_and_is_none_is_told(left: str, right: str, why: str) -> None:
    first, second, other = groups(left, right, "third.png")
    assert first.remarks == ((left, f"not paired with {right}: {why}{LISTED}"),)
    assert second.remarks == ((right, f"not paired with {left}: {why}{LISTED}"),)
    assert other.remarks == ()


def test_hands_of_one_patient_and_two_days_are_told() -> None:
    left = radiograph("a/1", patient="p", day="d", side="left")
    right = radiograph("b/2", patient="p", day="e", side="right")
    found = groups(left, right)
    why = "the files are of one patient and of different days"
    assert [group.remarks[0][1] for group in found] == [
        f"not paired with b/2: {why}{LISTED}", f"not paired with a/1: {why}{LISTED}",
    ]  # fmt: skip


def test_the_only_two_of_a_folder_are_a_guess() -> None:
    found = groups("p/b.png", "p/a.png", "q/1.png", "q/2.png", "q/3.png", "r/1.png")
    assert [group.files for group in found if group.guessed] == [("p/b.png", "p/a.png")]
    assert len(found) == 5
    sides: tuple[tuple[Side | None, Side | None], ...] = (("left", "left"), ("left", None))
    for one, other in sides:
        couple = radiograph("p/1", side=one), radiograph("p/2", side=other)
        assert len(groups(*couple)) == (2 if other else 1)


@pytest.mark.parametrize(
    ("tags", "guessed"),
    [
        (({"study": "s"}, {"study": "t"}), False),
        (({"study": "s", "day": "d"}, {"study": "t", "day": "d"}), True),
        (({"day": "d"}, {"day": "e"}), False),
        (({"patient": "p"}, {"patient": "q"}), False),
        (({"patient": "p"}, {}), True),
    ],
)
def test_headers_may_forbid_the_guess(
    tags: tuple[dict[str, str], dict[str, str]],
    guessed: bool,  # noqa: FBT001
) -> None:
    one, other = (radiograph(f"p/{at}", **each) for at, each in enumerate(tags))  # type: ignore[arg-type]
    found = groups(one, other)
    assert [group.guessed for group in found] == ([True] if guessed else [False, False])
    assert guessed or all(group.remarks[0][1].startswith("not paired with p/") for group in found)


@pytest.mark.parametrize(("issuers", "one"), [(("a", None), True), (("a", "b"), False)])
def test_an_issuer_that_is_not_named_is_no_other_patient(
    issuers: tuple[str | None, str | None],
    one: bool,  # noqa: FBT001
) -> None:
    couple = [
        radiograph(str(at), study="s", patient="p", issuer=issuer)
        for at, issuer in enumerate(issuers)
    ]
    found = groups(*couple)
    assert len(found) == (1 if one else 2)
    assert one or "different patients" in found[0].remarks[0][1]


def test_names_that_match_more_than_one_are_in_doubt() -> None:
    found = groups("p_L.png", "p_R.png", "p_r.png", "q_L.png", "q_R.png")
    assert [group.files for group in found] == [
        ("p_L.png",), ("p_R.png",), ("p_r.png",), ("q_L.png", "q_R.png"),
    ]  # fmt: skip
    assert [text for _, text in found[0].remarks] == [
        "not paired with p_R.png: names match more than once",
        "not paired with p_r.png: names match more than once",
    ]
    assert len(found[2].remarks) == 1
    assert len(groups("L_p_L.png", "R_p_L.png", "L_p_R.png")) == 3


def test_two_named_files_alone_are_a_group() -> None:
    assert paired("b.png", "a.png", named=True) == [("b.png", "a.png")]
    assert not groups("b.png", "a.png", named=True)[0].guessed
    assert len(paired("b.png", "a.png", "c.png", named=True)) == 3


@pytest.mark.parametrize("study", [None, "s"])
@pytest.mark.parametrize("names", [("p_L.png", "p_R.png"), ("1.png", "2.png")])
def test_different_patients_never_pair_and_it_is_said(
    study: str | None, names: tuple[str, str]
) -> None:
    found = groups(
        *(radiograph(name, study=study, patient=name) for name in names),
        named=True,
    )
    assert [group.files for group in found] == [(name,) for name in names]
    for group, other in zip(found, reversed(names), strict=True):
        ((file, text),) = group.remarks
        assert file == group.files[0]
        assert text.startswith(f"not paired with {other}: ")
        assert "different patients" in text


def test_an_unknown_patient_may_pair() -> None:
    assert len(paired(radiograph("p_L.png", patient="x"), "p_R.png")) == 1


def test_a_lasting_pair_gives_no_warning() -> None:
    radiographs = [radiograph(f"{p}_{s}.png", study="s", patient=p) for p in "pq" for s in "LR"]
    found = groups(*radiographs)
    assert [group.name for group in found] == ["p", "q"]
    assert not any(group.remarks for group in found)


PART = st.sampled_from(["L", "R", "l", "left", "Right", "p1", "p2", "x"])
NAME = st.lists(PART, min_size=1, max_size=3).map(lambda parts: "_".join(parts) + ".png")
FILE = st.builds("{}/{}".format, st.sampled_from("de"), NAME)
KEY = st.sampled_from([None, "a", "b"])


def drawn(file: str, study: str, patient: str, day: str, side: Side) -> RadiographFile:
    """A day is always one of a patient."""
    of_patient = f"{patient}-{day}" if patient and day else None
    return radiograph(file, study=study, patient=patient, day=of_patient, side=side)


RADIOGRAPHS = st.lists(
    st.builds(drawn, FILE, KEY, KEY, KEY, st.sampled_from([None, "left", "right"])),
    unique_by=lambda one: one.file,
    max_size=15,
)


@given(RADIOGRAPHS, st.booleans())
def test_every_file_is_in_one_group_in_order(
    radiographs: list[RadiographFile],
    named: bool,  # noqa: FBT001
) -> None:
    found = pair(radiographs, named=named)
    place = {one.file: at for at, one in enumerate(radiographs)}
    assert sorted(file for group in found for file in group.files) == sorted(place)
    firsts = [min(place[file] for file in group.files) for group in found]
    assert firsts == sorted(firsts)


@given(RADIOGRAPHS, st.booleans())
def test_no_group_names_two_patients(radiographs: list[RadiographFile], named: bool) -> None:  # noqa: FBT001
    patients = {one.file: one.header.patient_key for one in radiographs}
    for group in pair(radiographs, named=named):
        assert len({patients[file] for file in group.files} - {None}) <= 1


@given(RADIOGRAPHS, st.randoms())
def test_the_order_of_files_changes_no_group(
    radiographs: list[RadiographFile], random: object
) -> None:
    shuffled = list(radiographs)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    one, other = (
        {frozenset(group.files) for group in pair(given_, named=False)}
        for given_ in (radiographs, shuffled)
    )
    assert one == other


@given(st.lists(st.sampled_from(["p1", "p2", "p3"]), unique=True), st.sampled_from("LlR"))
def test_a_pair_of_names_is_found_among_any_others(others: list[str], extra: str) -> None:
    found = paired("q_L.png", *(f"{name}_{extra}.png" for name in others), "q_R.png")
    assert found[0] == ("q_L.png", "q_R.png")
    assert len(found) == 1 + len(others)


def test_a_plan_names_groups_in_order(tmp_path: Path) -> None:
    for name in ("a/x.png", "b/x.png", "b/results.csv.png", "b/z.png"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(b"\x89PNG\r\n\x1a\n" + name.encode())
    made = plan([str(tmp_path)])
    assert [group.name for group in made.groups] == ["a-x", "results.csv-2", "b-x", "z"]
    names = ("a/x.png", "b/results.csv.png", "b/x.png", "b/z.png")
    assert made.files == [str(tmp_path / name) for name in names]


def test_what_is_guessed_wrongly_is_called_as_if_each_were_a_group() -> None:
    made = name_studies(groups("a/x.png", "b/x.png", "b/y.png"))
    assert [group.name for group in made] == ["a-x", "x+y"]
    assert [made[1].names[file][0] for file in made[1].files] == ["b-x", "y"]
