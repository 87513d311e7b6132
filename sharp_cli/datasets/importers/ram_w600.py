"""RAM-W600: radiographs of wrists, six bones a wrist scored for erosion.

TokyoTechMagicYang/RAM-W600 on Hugging Face, CC BY 4.0 (NeurIPS 2025). Names and layout are those
of its card and of its benchmark's code (github.com/YSongxiao/RAM-W600, datasets/carpal.py).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from sharp_cli.core.errors import DocumentError
from sharp_cli.datasets.importers.cohort import Cohort, Score
from sharp_cli.datasets.importers.files import parse_image_name, pictures, read_json, split_part

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

_SCORES: Final = "JointBE_SvdH_GT.json"
"""A list of `{"identifier": "0172_0003_L", "joints": {name: score}}`."""

_JOINTS: Final[Mapping[str, str]] = {
    "Metacarpal1st": "CMC1",
    "Trapzium": "multangular",
    "Scaphoid": "navicular",
    "Lunate": "lunate",
    "DistalRadius": "radius",
    "DistalUlna": "ulna",
}
"""The paper's joints by the stem of a patch, which is the name of a score too; spelt as there."""


def read_cohort(folder: Path) -> Cohort:
    """Read the scores and patches of RAM-W600.

    Args:
        folder: The download, or its folder `SvdHBEScoreClassification`.

    Raises:
        DocumentError: The scores are missing, several, or cannot be read.
    """
    files = sorted(folder.rglob(_SCORES))
    if len(files) != 1:
        found = "is in it more than once" if files else "is not in it"
        message = f"{folder}: {_SCORES} {found}; give the download, or SvdHBEScoreClassification"
        raise DocumentError(message)
    cohort = Cohort()
    content = read_json(files[0], cohort)
    if not isinstance(content, list):
        message = f"{files[0]}: is no list of wrists; download it again"
        raise DocumentError(message)
    wrists = _wrists(files[0].parent, cohort)
    seen: set[str] = set()
    for number, given in enumerate(content, start=1):
        wrist = given if isinstance(given, dict) else {}
        identifier, scores = wrist.get("identifier"), wrist.get("joints")
        if not isinstance(identifier, str) or not isinstance(scores, dict):
            cohort.remark(f"{_SCORES} no. {number}", "has no identifier and joints; excluded")
        elif identifier in seen:
            cohort.remark(identifier, "stands twice; the first is taken")
        else:
            seen.add(identifier)
            _score(identifier, scores, wrists.get(identifier, {}), folder, cohort)
    for identifier in sorted(wrists.keys() - seen):
        for patches in wrists[identifier].values():
            cohort.remark(patches.relative_to(folder).as_posix(), "patches without scores")
    return cohort


def _wrists(folder: Path, cohort: Cohort) -> dict[str, dict[str, Path]]:
    """The folder of patches in each part of the split, by its name: the identifier."""
    wrists: dict[str, dict[str, Path]] = {}
    for split in sorted(path for path in folder.iterdir() if path.is_dir()):
        found = split_part(split.name)
        if found is None:
            cohort.remark(split.name, "is no part of the split, train, val or test; excluded")
            continue
        for patches in sorted(path for path in split.iterdir() if path.is_dir()):
            wrists.setdefault(patches.name, {})[found] = patches
    return wrists


def _score(
    identifier: str,
    scores: Mapping[str, Any],
    folders: Mapping[str, Path],
    folder: Path,
    cohort: Cohort,
) -> None:
    """Add the scores of a wrist to a cohort."""
    named = parse_image_name(identifier)
    if named is None:
        cohort.remark(identifier, "does not end in a side, as 0172_0003_L; excluded")
        return
    if not folders:
        cohort.remark(identifier, "has no folder of patches in train, val or test; excluded")
        return
    cohort.parts[named.patient].update(folders)
    files = {path.stem: path for path in pictures(next(iter(folders.values())))}
    for name, given in scores.items():
        where = f"{identifier} {name}"
        patch = files.pop(name, None)
        if name not in _JOINTS:
            cohort.remark(where, "no joint that is scored for erosion; excluded")
        elif patch is None:
            cohort.remark(where, "there is no patch; excluded")
        elif (grade := cohort.grade(where, "erosion", given)) is not None:
            cohort.scores.append(
                Score(
                    where,
                    named.patient,
                    named.study,
                    image="",
                    side=named.side,
                    finding="erosion",
                    joint=_JOINTS[name],
                    grade=grade,
                    patch=patch.relative_to(folder).as_posix(),
                )
            )
    for patch in files.values():
        cohort.remark(patch.relative_to(folder).as_posix(), "a patch without a score")
