"""Train the classifier of a findings bundle, from annotated radiographs to the bundle."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

from sharp_cli import output
from sharp_cli.classify import takes_gpu
from sharp_cli.networks import FindingsNetwork
from sharp_cli.train import findings, findings_bundle
from sharp_cli.train.joint_patches import read_hands

if TYPE_CHECKING:
    from pathlib import Path

    from sharp_cli.classify import Device


def train_classifier(
    annotations: Path,
    images: Path,
    out: Path,
    work: Path,
    *,
    names: Path | None,
    minutes: float,
    device: Device,
    threads: int,
) -> None:
    """Train a classifier on every annotated hand that is not held out, and write its bundle.

    A run that was cut short goes on from the checkpoint in `work`.

    Args:
        annotations: Joint positions, see `annotations.check.read_checked`; the joints must be
            intact.
        images: Folder of the radiographs that they name.
        out: Folder of the bundle.
        work: Folder for checkpoints.
        names: What the points are called there; None if by their own names.
        minutes: Time to train; the learning rate follows it.
        device: Where to train.
        threads: CPU threads.

    Raises:
        SharpError: Annotations or radiographs cannot be used, a folder cannot be made, or there is
            no such device.
    """
    output.make_folder(out)
    output.make_folder(work)
    place = "cuda" if takes_gpu(device) else "cpu"
    hands = findings.split(read_hands(annotations, images, names))
    best = findings.train(hands, work, minutes=minutes, device=place, threads=threads)
    network = FindingsNetwork()
    network.load_state_dict(torch.load(best, map_location="cpu", weights_only=True))
    findings_bundle.export(
        network.eval(),
        out,
        size=findings.SIZE,
        validation=hands.validation,
        test=hands.test,
        trained_on=f"annotated radiographs and of {findings.PHANTOMS} synthetic patients",
    )
