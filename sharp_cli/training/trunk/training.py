"""Train a trunk on annotated radiographs of intact hands, and write it as a bundle."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any, Final

import torch
from torch import nn

from sharp_cli.core.errors import UsageError
from sharp_cli.datasets.labels import read_labels
from sharp_cli.datasets.splits import (
    VALIDATION_EVERY,
    name_sources,
    select_hands,
    split_validation,
)
from sharp_cli.execution.devices import torch_device
from sharp_cli.inference.trunk import Layers, torch_state
from sharp_cli.synthetic.intact_hands import phantom_hands, read_intact_hands, with_grades
from sharp_cli.training.classifier.thresholds import DEFAULT_THRESHOLD
from sharp_cli.training.findings_bundle import Member, head_tensors, trunk_tensors, write_findings
from sharp_cli.training.run import begin, fingerprint, record_options
from sharp_cli.training.trunk.batches import HandSources
from sharp_cli.training.trunk.efficientnet import read_imagenet
from sharp_cli.training.trunk.fit import TRAINED_RATE, train
from sharp_cli.training.trunk.initial import bundle_trunk
from sharp_cli.training.trunk.network import RECIPES, SIZE, TrunkNetwork
from sharp_cli.training.trunk.teacher import Teacher

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from sharp_cli.execution.devices import Device
    from sharp_cli.synthetic.intact_hands import IntactHand
    from sharp_cli.training.trunk.start import Distillation, Start

LOGGER: Final = logging.getLogger(__name__)

LABELS_FILE: Final = "labels.csv"
JOINTS_FILE: Final = "joints.csv"

PHANTOMS: Final = 20
"""Intact synthetic patients to learn from besides."""


def train_trunk(
    annotations: Path,
    images: Path,
    out: Path,
    work: Path,
    *,
    names: Path | None,
    start: Start,
    cohort: Path | None,
    distillation: Distillation | None,
    steps: int,
    device: Device,
    threads: int,
    seed: int,
) -> None:
    """Train a trunk on every annotated hand that is not held out, and write a bundle of it.

    An interrupted run resumes from the checkpoint in `work`.

    Args:
        annotations: Joint positions, see `annotations.check.read_checked`; the joints must be
            intact.
        images: Folder of the radiographs that they name.
        out: Folder of the bundle: the trunk, and a `siso` head for each finding and joint group.
        work: Folder for checkpoints.
        names: What the points are called there; None for their own names.
        start: What to start from.
        cohort: Folder with `labels.csv` and `joints.csv`, as `sharp phantom` writes it, of
            radiographs to learn from besides; None for none.
        distillation: What to imitate besides; None for nothing.
        steps: Batches to train on.
        device: Where to train.
        threads: CPU threads.
        seed: Random seed.

    Raises:
        SharpError: Annotations, radiographs or weights cannot be used, `work` holds another
            training, there is no such device, or a folder cannot be made.
    """
    place = torch_device(device)
    begin(out, work, threads=threads)
    taught_by = distillation.teacher if distillation else None
    unlabelled = distillation.unlabelled if distillation else None
    hands = read_intact_hands(annotations, images, names)
    LOGGER.info("%s", name_sources(hands))
    record_options(
        work,
        {
            "annotations": sorted(f"{hand.image} {hand.side}" for hand in hands),
            "architecture": start.architecture,
            "init": fingerprint(start.bundle),
            "imagenet-weights": fingerprint(start.imagenet),
            "cohort": fingerprint(cohort and cohort / LABELS_FILE),
            "teacher": fingerprint(taught_by),
            "unlabelled": fingerprint(unlabelled / JOINTS_FILE if unlabelled else None),
            "steps": steps,
            "seed": seed,
        },
    )
    torch.manual_seed(seed)
    teacher = Teacher(taught_by, device=place) if taught_by else None
    network = _initial(start, teacher.width if teacher else 0)
    training, validation = split_validation(select_hands(hands, held_out=False))
    learned, checked = ([], []) if cohort is None else _read_cohort(cohort)
    best = train(
        network,
        HandSources(
            training,
            phantom_hands(PHANTOMS),
            learned,
            read_intact_hands(unlabelled / JOINTS_FILE, unlabelled) if unlabelled else (),
        ),
        HandSources(validation, (), checked),
        work,
        steps=steps,
        rate=network.recipe.rate if start.bundle is None else TRAINED_RATE,
        seed=seed,
        device=place,
        teacher=teacher,
    )
    network.load_state_dict(torch.load(best, map_location="cpu", weights_only=True))
    write_trunk(network, out, hands=len(training), phantoms=PHANTOMS, labelled=len(learned))


def _initial(start: Start, teacher: int = 0) -> TrunkNetwork:
    recipe = RECIPES[start.architecture]
    network = TrunkNetwork(recipe, batch_norm=start.bundle is None, teacher=teacher)
    if start.bundle is not None:
        layers = bundle_trunk(start.bundle)
        if layers.architecture.name != start.architecture:
            message = (
                f"--architecture {start.architecture}: the trunk of {start.bundle} is another; "
                f"give --architecture {layers.architecture.name}"
            )
            raise UsageError(message)
        network.trunk.load_state_dict(torch_state(layers))
    elif start.imagenet is not None:
        network.trunk.load_state_dict(read_imagenet(start.imagenet))
    return network


def _read_cohort(folder: Path) -> tuple[list[IntactHand], list[IntactHand]]:
    """Labelled hands to learn from, and those of the last fifth of patients to validate with."""
    labels = read_labels(folder / LABELS_FILE).joints
    hands = with_grades(read_intact_hands(folder / JOINTS_FILE, folder), labels)
    patients = sorted({one.patient for one in labels})
    last = set(patients[len(patients) - len(patients) // VALIDATION_EVERY :])
    kept = {one.image for one in labels if one.patient in last}
    return (
        [hand for hand in hands if hand.image not in kept],
        [hand for hand in hands if hand.image in kept],
    )


def write_trunk(
    network: TrunkNetwork, folder: Path, *, hands: int, phantoms: int, labelled: int
) -> None:
    """Write a trained network as a bundle.

    Args:
        network: The network.
        folder: Folder of the bundle.
        hands: Number of annotated hands that it learned from.
        phantoms: Number of intact phantoms.
        labelled: Number of hands of the labelled cohort.
    """
    network = network.cpu().eval()
    tensors = trunk_tensors(network.trunk)
    heads: dict[str, NDArray[Any]] = {}
    for name, head in network.heads.items():
        assert isinstance(head, nn.Sequential)  # noqa: S101 - for the type checker
        heads |= head_tensors(f"siso/{name}", head)
    write_findings(
        folder,
        [Member({f"siso/{name}": tensors for name in network.heads}, heads)],
        size=SIZE,
        thresholds={"siso": dict.fromkeys(network.heads, DEFAULT_THRESHOLD)},
        extra={
            "architecture": (
                f"{Layers.of(tensors).architecture.title}; "
                "two fully connected layers a finding and group"
            ),
            "trained_on": (
                f"{hands} annotated hands and {phantoms} intact phantoms with lesions put in, "
                f"and {labelled} hands of a labelled cohort"
            ),
        },
        card=None,
    )
