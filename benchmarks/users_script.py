"""What a user would write in place of `sharp score`: DeepLabCut for the joints, VGG16 for findings.

    python benchmarks/users_script.py PROJECT LEFT.dcm RIGHT.dcm [--again N]

PROJECT holds DeepLabCut's config.yaml and vgg16.pt (`users_project.py` makes one). As in the
paper, the detector sees each radiograph at 256 x 256 pixels, and a VGG16 at 224 x 224 each of the
62 joints; boxes are cut by the size of the radiograph's pixels, which takes less than the paper's
common scale. Writes a row a joint as CSV. With --again it does all that N times more, and says how
many seconds each of them took.
"""

from __future__ import annotations

import argparse
import csv
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import cv2
import deeplabcut
import numpy as np
import torch
from pydicom import dcmread
from pydicom.pixels.processing import apply_voi_lut
from torchvision.models import vgg16

from sharp_cli.core.joints import POINTS, TARGETS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

VIEW: Final = 256
SIZE: Final = 224
LABELS: Final = ("intact", "non-intact")
MM_PER_BOX_PIXEL: Final = 0.1
MEAN: Final = torch.tensor([0.485, 0.456, 0.406])[:, None, None]
STD: Final = torch.tensor([0.229, 0.224, 0.225])[:, None, None]
"""Of ImageNet's pictures, as torchvision's VGG16 takes them."""


def main() -> None:
    """Score the radiographs of a patient."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("project", type=Path)
    parser.add_argument("radiographs", nargs="+", type=Path)
    parser.add_argument("--again", type=int, default=0)
    options = parser.parse_args()
    network = vgg16(init_weights=False, num_classes=len(LABELS))
    network.load_state_dict(torch.load(options.project / "vgg16.pt", weights_only=True))
    network.eval()
    rows = score(options.project, options.radiographs, network)
    csv.writer(sys.stdout).writerows(rows)
    spent = []
    for _ in range(options.again):
        start = time.perf_counter()
        score(options.project, options.radiographs, network)
        spent.append(time.perf_counter() - start)
    # Last of all: DeepLabCut has messages of its own.
    for one in spent:
        print(one, file=sys.stderr)


def score(
    project: Path, radiographs: Sequence[Path], network: torch.nn.Module
) -> list[tuple[Any, ...]]:
    """File, finding, joint, place, probability and label of every joint."""
    pictures = {}
    spacings = {}
    with tempfile.TemporaryDirectory() as folder:
        for radiograph in radiographs:
            tags = dcmread(radiograph)
            view = Path(folder) / f"{radiograph.stem}.png"
            pictures[radiograph], spacings[radiograph] = (
                shown(tags),
                float(tags.ImagerPixelSpacing[0]),
            )
            cv2.imwrite(str(view), cv2.resize(pictures[radiograph], (VIEW, VIEW)))
        found = deeplabcut.analyze_images(
            str(project / "config.yaml"), folder, destfolder=folder, device="cpu"
        )
    places = {Path(view).stem: answer["bodyparts"][0] for view, answer in found.items()}
    rows = []
    for radiograph, picture in pictures.items():
        height, width = picture.shape
        for target in TARGETS:
            x, y, _ = places[radiograph.stem][POINTS.index(target.joint)]
            place = (float(x) * width / VIEW, float(y) * height / VIEW)
            box = [round(side * MM_PER_BOX_PIXEL / spacings[radiograph]) for side in target.box]
            damage = probability(network, cv2.getRectSubPix(picture, box, place))
            label = LABELS[damage >= 0.5]  # noqa: PLR2004 - the larger of two classes
            rows.append((radiograph, target.finding, target.joint, *place, damage, label))
    return rows


def shown(tags: Any) -> NDArray[np.uint8]:
    """A radiograph as its tags say, bones bright, in 8 bit."""
    picture = apply_voi_lut(tags.pixel_array, tags).astype(np.float32)
    picture = (picture - picture.min()) / (picture.max() - picture.min())
    if tags.PhotometricInterpretation == "MONOCHROME1":
        picture = 1 - picture
    return np.asarray(255 * picture, dtype=np.uint8)


def probability(network: torch.nn.Module, patch: NDArray[np.uint8]) -> float:
    """Of damage in a patch."""
    square = torch.from_numpy(cv2.resize(patch, (SIZE, SIZE))).float() / 255
    with torch.inference_mode():
        logits = network(((square - MEAN) / STD)[None])
    return float(logits.softmax(dim=1)[0, 1])


if __name__ == "__main__":
    main()
