"""What studies are called, before any file is read."""

from __future__ import annotations

import time

from sharp_cli.scoring.groups import Group
from sharp_cli.scoring.plan import name_studies


def test_every_study_that_a_group_may_be_has_a_name_of_its_own() -> None:
    one, two, listed, single = name_studies(
        [
            Group(("a/x.png", "a/y.png"), "x+y"),
            Group(("b/x.png", "b/y.png"), "x+y"),
            Group(("c", "d"), "T", listed=True),
            Group(("e/t.png",), "t"),
        ]
    )
    assert [one.name, two.name, listed.name, single.name] == ["a-x+y", "b-x+y", "T", "e-t"]
    assert one.names == {"a/x.png": ("x", "x-3"), "a/y.png": ("y", "y-3")}
    assert two.names == {"b/x.png": ("x-2", "x-4"), "b/y.png": ("y-2", "y-4")}
    assert listed.names == dict.fromkeys("cd", ("T", "T-2", "T-3", "T-4"))
    assert single.names == {"e/t.png": ("e-t", "e-t-2")}


def test_files_of_one_name_in_a_group_share_their_names() -> None:
    (group,) = name_studies([Group(("a/x.png", "b/x.png", "c/z.png"), "x")])
    assert group.names == {
        "a/x.png": ("x", "x-2", "x-3", "x-4"),
        "b/x.png": ("x", "x-2", "x-3", "x-4"),
        "c/z.png": ("z", "z-2"),
    }


def test_no_study_is_called_as_a_file_of_the_results_folder() -> None:
    (group,) = name_studies([Group(("run.json.png",), "run.json")])
    assert group.name == "run.json-2"


def test_naming_takes_as_long_for_each_of_many_files_of_one_name() -> None:
    groups = [Group((f"exports/{at}/IM0001.dcm",), "IM0001") for at in range(4_000)]
    begun = time.process_time()
    names = [group.name for group in name_studies(groups)]
    # To compare each with all others takes more than ten times as long.
    assert time.process_time() - begun < 4
    assert names == [f"{at}-IM0001" for at in range(4_000)]
