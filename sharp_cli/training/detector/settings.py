"""How a joint detector is trained: which networks there are, and what is chosen."""

from __future__ import annotations

import hashlib
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Final

from sharp_cli.core.errors import UsageError
from sharp_cli.training.views import VIEW_HEIGHT, VIEW_WIDTH, view_window

if TYPE_CHECKING:
    from pathlib import Path

    from sharp_cli.inference.joint_detector import Window

SIZE_STEP: Final = 32
"""Sides of views are multiples of this: the backbones halve them five times."""


@dataclass(frozen=True, slots=True)
class Net:
    """What follows one of DeepLabCut's backbones.

    Attributes:
        deconvolutions: Each halves the stride; without any, the backbone's maps are read as they
            are, by a convolution of 1 x 1.
        stride: Pixels of the view a cell of the answer.
    """

    deconvolutions: int
    stride: int

    @property
    def words(self) -> str:
        """The same in words."""
        count = ("no deconvolution", "one deconvolution", "two deconvolutions")[self.deconvolutions]
        return f"{count}, stride {self.stride}, location refinement"


_CSPNEXT: Final = Net(deconvolutions=2, stride=8)
_RESNET: Final = Net(deconvolutions=1, stride=8)
_HRNET: Final = Net(deconvolutions=0, stride=4)

NETS: Final = {
    "cspnext_s": _CSPNEXT,
    "cspnext_m": _CSPNEXT,
    "cspnext_x": _CSPNEXT,
    "resnet_50": _RESNET,
    "resnet_101": _RESNET,
    "hrnet_w18": _HRNET,
    "hrnet_w32": _HRNET,
    "hrnet_w48": _HRNET,
}
"""DeepLabCut's backbones, which it builds without fetching anything."""


@dataclass(frozen=True, slots=True)
class DetectorSettings:
    """How a detector is trained.

    Attributes:
        net: One of `NETS`.
        width: Of the views in pixels; a multiple of `SIZE_STEP`.
        height: Likewise.
        init: A DeepLabCut snapshot of the same net to start from; None for random weights.
        views: Augmented views drawn of each hand.
        epochs: Passes over all views; the learning rate follows them.
        seed: Random seed.
    """

    net: str = "cspnext_s"
    width: int = VIEW_WIDTH
    height: int = VIEW_HEIGHT
    init: Path | None = None
    views: int = 28
    epochs: int = 16
    seed: int = 1

    def check(self) -> None:
        """Refuse what no detector can be trained with.

        Raises:
            UsageError: There is no such net or size.
        """
        if self.net not in NETS:
            message = f"--net {self.net}: no such network; choose one of {', '.join(NETS)}"
            raise UsageError(message)
        for name, size in (("width", self.width), ("height", self.height)):
            if size % SIZE_STEP:
                message = f"--{name} {size}: not a multiple of {SIZE_STEP}; choose one"
                raise UsageError(message)

    @property
    def window(self) -> Window:
        """What the views show of a hand."""
        return view_window(self.width, self.height)

    def row(self) -> dict[str, Any]:
        """The settings by the names of their options; of a snapshot, its checksum."""
        init = None if self.init is None else hashlib.sha256(self.init.read_bytes()).hexdigest()
        return {**asdict(self), "init": init}
