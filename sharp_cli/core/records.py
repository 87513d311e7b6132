"""The frozen records that pass from stage to stage.

Coordinates are pixels, x to the right and y down; (0, 0) is the centre of the top left pixel.
Pictures are arrays of shape (height, width), axis 0 downwards.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from sharp_cli.core.geometry import Affine
    from sharp_cli.core.inputs import ModelName
    from sharp_cli.core.joints import Finding, Side

SideSource = Literal["manifest", "dicom", "anatomy"]
View = Literal["PA", "AP"]
Status = Literal["ok", "uncertain"]
JointStatus = Literal["ok", "uncertain", "not-detected", "not-assessable"]
MissingRule = Literal["scale", "refuse", "zero"]
"""What a total does about joints without a grade: scale the sum of the others, give none, add 0."""
Label = Literal["intact", "non-intact"]
Certainty = Literal["certain", "uncertain", "unlike"]
Precision = Literal["fp32", "bf16"]
Plane = Literal["detector", "hand", "unknown"]
Corners = tuple[tuple[float, float], ...]


@dataclass(frozen=True, slots=True)
class Spacing:
    """The size of a pixel.

    Attributes:
        height: In mm.
        width: In mm.
        source: The DICOM tag that gives it, or the two whose quotient it is.
        plane: Whether it is the size in the hand or that of its shadow on the detector (or on a
            film that was digitised), which is larger.
    """

    height: float
    width: float
    source: str
    plane: Plane


@dataclass(frozen=True, slots=True)
class Radiograph:
    """A radiograph as read: pixels and what may be known of them, no patient identifiers.

    Attributes:
        file: The path as the user gave it.
        pixels: float32, shape (height, width), 0…1, bones bright.
        spacing: The size of a pixel, or None where the file does not say.
        side: The side that the file's tags give, or None.
        warnings: What the reader had to assume.
        aspect: How many times as high as wide a pixel is.
        view: AP where the tags say that it was taken from the palm, else PA.
        sha256: Of the file; empty for a picture that is none.
        object_sha256: Of its SOPInstanceUID; None where it has none.
    """

    file: str
    pixels: NDArray[np.float32]
    spacing: Spacing | None
    side: Side | None
    warnings: tuple[str, ...]
    aspect: float = 1.0
    view: View = "PA"
    sha256: str = ""
    object_sha256: str | None = None


@dataclass(frozen=True, slots=True)
class Hand:
    """One hand and its canonical frame: upright, thumb to the right, at the common scale.

    Attributes:
        file: The path of its radiograph as the user gave it.
        side: Left or right.
        side_source: Whether a manifest, the file's tags or the anatomy decided the side.
        to_image: Maps canonical coordinates to the file's own pixels; it mirrors a hand whose
            thumb is on the left in the picture. Its origin is the centre of the hand (see
            `sharp_cli.inference.hand_finder`); one unit is one pixel at the common scale.
        score: How sure the finder is that this is a hand, 0…1.
        status: `uncertain` where something speaks against a whole hand in PA view.
        reasons: What speaks against it, in words.
    """

    file: str
    side: Side
    side_source: SideSource
    to_image: Affine
    score: float
    status: Status = "ok"
    reasons: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Point:
    """One detected point.

    Attributes:
        joint: A name of `sharp_cli.core.joints.POINTS`.
        x: Column in the file's own pixels.
        y: Row in the file's own pixels.
        likelihood: That it is to be seen, and lies within 15 % of the median proximal phalanx
            length of the true place, 0…1; what the network gives, if the detector's bundle was not
            calibrated.
        status: `uncertain` below the limit of the detector's bundle.
    """

    joint: str
    x: float
    y: float
    likelihood: float
    status: Status = "ok"


@dataclass(frozen=True, slots=True)
class Patch:
    """What the classifier sees of one joint.

    Attributes:
        finding: `erosion` or `jsn`.
        joint: Name of the joint.
        pixels: uint16, shape (box height, box width) at the common scale, canonical orientation.
        corners: The box in the file's own pixels: four (x, y), clockwise in the canonical view
            from its top left.
        status: Of the point that it lies around.
    """

    finding: Finding
    joint: str
    pixels: NDArray[np.uint16]
    corners: Corners
    status: Status = "ok"


@dataclass(frozen=True, slots=True)
class Classification:
    """What the classifier says of one joint.

    Attributes:
        side: Left or right hand.
        finding: `erosion` or `jsn`.
        joint: Name of the joint.
        probability: Of damage (SHS grade 1 or more), 0…1.
        label: `non-intact` where the probability reaches the model's threshold.
        model: What classified it; see `inputs.FALLBACKS`.
        certainty: Of the label; `unlike` where the patch is unlike anything learned; None where the
            bundle does not say.
        at_least: The probabilities of a grade of at least 1, 2, ..., the first of which is
            `probability`; empty where the bundle does not grade.
    """

    side: Side
    finding: Finding
    joint: str
    probability: float
    label: Label
    model: ModelName
    certainty: Certainty | None = None
    at_least: tuple[float, ...] = ()
