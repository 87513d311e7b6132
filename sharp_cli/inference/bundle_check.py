"""Check that the networks of a bundle load."""

# ruff: noqa: PLC0415 - one kind's libraries are not needed for the others

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sharp_cli.bundles.store import Bundle


def check_loads(bundle: Bundle) -> None:
    """Load a bundle as what its kind is for.

    Raises:
        ModelError: It does not hold what it should.
    """
    match bundle.kind:
        case "hands":
            from sharp_cli.inference.hand_finder import HandFinder

            HandFinder(bundle, threads=1)
        case "joints":
            from sharp_cli.inference.joint_detector import JointDetector

            JointDetector(bundle, threads=1)
        case "findings":
            from sharp_cli.inference.findings_weights import read_weights

            read_weights(bundle)
