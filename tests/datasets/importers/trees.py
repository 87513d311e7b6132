"""Made-up datasets, small, in the layouts of the public ones."""

from __future__ import annotations

import csv
import json
import zlib
from typing import TYPE_CHECKING, Any, Final

import cv2
import numpy as np

from sharp_cli.datasets.importers import arise_2025, ra2_dream, ram_h1200, ram_w600
from tests.datasets.annotations.pictures import SIZE, paint, points

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from pathlib import Path

    from sharp_cli.datasets.importers.cohort import Cohort

SPLIT: Final = {"train": ("0001", "0002"), "val": ("0003",), "test": ("0004",)}
"""Patients of the parts."""

STUDIES: Final = tuple(f"{patient}_0001" for part in SPLIT.values() for patient in part)

EROSION: Final = {
    "IP": "IP",
    "PIP-I": "PIP2",
    "PIP-M": "PIP3",
    "PIP-R": "PIP4",
    "PIP-S": "PIP5",
    "MCP-T": "MCP1",
    "MCP-I": "MCP2",
    "MCP-M": "MCP3",
    "MCP-R": "MCP4",
    "MCP-S": "MCP5",
    "CMC-T": "CMC1",
    "Tm": "multangular",
    "S": "navicular",
    "L": "lunate",
    "R": "radius",
    "U": "ulna",
}
JSN: Final = {
    **{stem: joint for stem, joint in EROSION.items() if joint[:3] in ("PIP", "MCP")},
    "CMC-M": "CMC3",
    "CMC-R": "CMC4",
    "CMC-S": "CMC5",
    "STT": "multangular-navicular",
    "SC": "capitate-navicular-lunate",
    "SR": "radiocarpal",
}
BONES: Final = {
    "Metacarpal1st": "CMC1",
    "Trapzium": "multangular",
    "Scaphoid": "navicular",
    "Lunate": "lunate",
    "DistalRadius": "radius",
    "DistalUlna": "ulna",
}

H1200_SCORES: Final = {
    "BE": ("SvdH_Scoring/SvdH_BE_Scoring", "_annotation_be_scores.json", EROSION),
    "JSN": ("SvdH_Scoring/SvdH_JSN_Scoring", "_annotation_jsn_scores.json", JSN),
}
H1200_BOXES: Final = "Joint_Localization/train/_annotations.coco.json"
W600: Final = "SvdHBEScoreClassification"
W600_SCORES: Final = f"{W600}/JointBE_SvdH_GT.json"


def patch(path: Path) -> None:
    """Write a small picture, 64 x 64, another one at each path."""
    path.parent.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(zlib.crc32(str(path).encode()))
    cv2.imwrite(str(path), rng.integers(100, 156, (64, 64), np.uint8))


def dump(path: Path, content: Any) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content))


def change(path: Path, edit: Callable[[Any], object]) -> None:
    """Edit what a JSON file holds, in place."""
    content = json.loads(path.read_text())
    edit(content)
    path.write_text(json.dumps(content))


def table(path: Path, columns: Iterable[str], rows: Iterable[Iterable[object]]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", newline="") as file:
        csv.writer(file).writerows([columns, *rows])


def grade(number: int, grades: int) -> int:
    """Grades that all come, the higher ones more rarely."""
    return number % grades if number % 3 == 0 else 0


def make_h1200(folder: Path) -> None:
    for part, patients in SPLIT.items():
        names = [f"{patient}_0001_{side}" for patient in patients for side in "LR"]
        paint(folder / "Segmentation" / part, *(f"{name}.bmp" for name in names))
        for prefix, (place, file, joints) in H1200_SCORES.items():
            home = folder / place / part
            scores = {
                f"{name}.bmp": {
                    f"{prefix}_{stem}": grade(one * 7 + number, 5)
                    for number, stem in enumerate(joints)
                }
                for one, name in enumerate(names)
            }
            dump(home / file, scores)
            for name in names:
                for stem in joints:
                    patch(home / name / f"{stem}.bmp")
    stems = {joint: stem for stem, joint in {**EROSION, **JSN}.items()}
    categories = [{"id": n, "name": stem} for n, stem in enumerate(stems.values())]
    images = [
        {"id": n, "file_name": f"0001_0001_{side}.bmp", "width": SIZE[0], "height": SIZE[1]}
        for n, side in enumerate("LR")
    ]
    # A box of 9 x 9 pixels whose middle pixel is the joint.
    annotations = [
        {"image_id": n, "category_id": number, "bbox": [x - 4, y - 4, 9, 9]}
        for n, side in enumerate(("left", "right"))
        for number, joint in enumerate(stems)
        for x, y in [points("left" if side == "left" else "right")[joint]]
    ]
    content = {"images": images, "categories": categories, "annotations": annotations}
    dump(folder / H1200_BOXES, content)
    metadata = [(study, f"p{study[:4]}") for study in STUDIES]
    table(folder / "Metadata.csv", ("Mapped Image Stem", "Normalized PatientID"), metadata)


def make_w600(folder: Path) -> None:
    wrists: list[dict[str, object]] = []
    for part, patients in SPLIT.items():
        for name in (f"{patient}_0001_{side}" for patient in patients for side in "LR"):
            scores = {bone: grade(len(wrists) + n, 6) for n, bone in enumerate(BONES)}
            wrists.append({"identifier": name, "joints": scores})
            for bone in BONES:
                patch(folder / W600 / part / name / f"{bone}.bmp")
    dump(folder / W600_SCORES, wrists)


RA2_NAMES: Final = (
    "mcp_E__ip", *(f"pip_E__{n}" for n in range(2, 6)), *(f"pip_J__{n}" for n in range(2, 6)),
    *(f"mcp_E__{n}" for n in range(1, 6)), *(f"mcp_J__{n}" for n in range(1, 6)),
    *(f"wrist_E__{bone}" for bone in ("mc1", "mul", "nav", "lunate", "radius", "ulna")),
    *(f"wrist_J__{joint}" for joint in ("cmc3", "cmc4", "cmc5", "mna", "capnlun", "radcar")),
)  # fmt: skip
RA2_COLUMNS: Final = (
    "Patient_ID",
    "Overall_Tol",
    *(f"{hand}_{name}" for hand in ("LH", "RH") for name in RA2_NAMES),
    "LF_mtp_E__1",
)


def make_ra2(folder: Path) -> None:
    patients = [f"UAB{n:03}" for n in range(4)]
    rows = [
        (patient, 9, *(grade(one + n, 5) for n in range(2 * len(RA2_NAMES))), 1)
        for one, patient in enumerate(patients)
    ]
    table(folder / "training.csv", RA2_COLUMNS, rows)
    files = [f"{patient}-{hand}.jpg" for patient in patients for hand in ("LH", "RH", "LF")]
    paint(folder / "images", *files)


ARISE_JOINTS: Final[Mapping[tuple[str, object], str]] = {
    **{("PIP", finger): f"PIP{finger}" for finger in range(2, 6)},
    **{("MCP", finger): f"MCP{finger}" for finger in range(1, 6)},
    ("IP", 1): "IP",
    ("scaphoid", ""): "navicular",
    ("DIP", 2): "",
}
ARISE_SCORES: Final = ("", "patient_id", "hand", "joint", "finger", "disease", "score", "expert_id")
ARISE_BOXES: Final = ("", "patient_id", "hand", "joint", "finger", "xcenter", "ycenter", "dx", "dy")


def make_arise(folder: Path) -> None:
    scores: list[tuple[object, ...]] = []
    boxes: list[tuple[object, ...]] = []
    for patient in range(1, 5):
        for hand in ("left", "right"):
            places = points("left" if hand == "left" else "right")
            for (kind, finger), joint in ARISE_JOINTS.items():
                x, y = places.get(joint, (5.0, 5.0))
                boxes.append((len(boxes), patient, hand, kind, finger, x, y, 9, 9))
                for disease in ("erosion", "JSN"):
                    if disease == "JSN" and (joint in ("IP", "navicular") or kind == "DIP"):
                        continue
                    # Grades 0, 1 and 3, in some order: the middle one is 1.
                    scores += [
                        (len(boxes) % 42, patient, hand, kind, finger, disease, said, expert)
                        for expert, said in enumerate((0.0, 3.0, 1.0), start=1)
                    ]
    table(folder / "scores.csv", ARISE_SCORES, scores)
    table(folder / "bboxes.csv", ARISE_BOXES, boxes)
    dump(folder / "train_val_split.json", {"train": [1, 2], "val": [3], "test": [4]})
    paint(folder / "jpeg", *(f"{patient}.jpeg" for patient in range(1, 5)))


MAKE: Final[Mapping[str, Callable[[Path], None]]] = {
    "ram-h1200": make_h1200,
    "ram-w600": make_w600,
    "ra2-dream": make_ra2,
    "arise-2025": make_arise,
}
READ: Final[Mapping[str, Callable[[Path], Cohort]]] = {
    "ram-h1200": ram_h1200.read_cohort,
    "ram-w600": ram_w600.read_cohort,
    "ra2-dream": ra2_dream.read_cohort,
    "arise-2025": arise_2025.read_cohort,
}
