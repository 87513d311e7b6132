"""How a monochrome DICOM picture is to be shown: rescale, look-up tables and windows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

import numpy as np
from pydicom.dataset import Dataset
from pydicom.pixels.processing import apply_windowing

from sharp_cli.radiograph.grey import stretch, thin
from sharp_cli.radiograph.tags import number, text, value

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Step = Callable[[Floats], Floats]

_TABLE: Final = 1 << 16
"""Integers over a range up to this are mapped by a table, which saves time and memory."""

_16_BITS: Final = 0xFFFF

_BLOCK: Final = 256
"""How many rows are mapped at a time, to save memory."""

_FLAT: Final = 0.05
"""Below this range between the 1st and the 99th percentile, a window shows nothing of use."""


def show(
    stored: NDArray[Any], tags: Dataset, notes: list[str], *, inverse: bool
) -> NDArray[np.float32]:
    """Show stored values as the tags ask (DICOM PS3.3 C.11.1, C.11.2).

    The modality look-up table or rescale comes first, then the first VOI look-up table or, where
    there is none, the first window; where neither is of use, robust percentiles.

    Args:
        stored: Numbers, shape (height, width).
        tags: The tags of the file.
        notes: Gets what is wrong with them.
        inverse: Whether small values are to be bright.

    Returns:
        float32, shape (height, width), 0…1, padding, NaN and infinite values 0.

    Raises:
        RadiographError: All pixels are alike.
    """
    usable = _usable(stored, tags)
    if stored.dtype.kind == "f":
        stored = np.where(usable, stored, 0)
    modality = _modality(tags, notes)
    ends = np.array([stored.min(), stored.max()], dtype=np.float64)
    voi = _voi(tags, notes, negative=bool(modality(ends).min() < 0))
    shown = None
    if voi is not None:
        shown = _map(stored, lambda values: voi(modality(values)))
        sample = thin(shown)[thin(usable)]
        if not sample.size or np.subtract(*np.percentile(sample, (99, 1))) < _FLAT:
            notes.append("the file's window shows next to nothing; robust percentiles are used")
            shown = None
    if shown is None:
        shown = stretch(_map(stored, modality), usable)
    if inverse:
        np.subtract(1, shown, out=shown)
    shown[~usable] = 0
    return shown


def _usable(stored: NDArray[Any], tags: Dataset) -> NDArray[np.bool_]:
    """Which pixels are neither padding nor NaN or infinite."""
    finite: NDArray[np.bool_] = np.isfinite(stored)
    first = number(tags, "PixelPaddingValue")
    if first is None or stored.dtype.kind == "f":
        return finite
    last = number(tags, "PixelPaddingRangeLimit")
    # The cast wraps a value that was written unsigned into a signed picture.
    ends = np.array([first, first if last is None else last]).astype(np.int64).astype(stored.dtype)
    usable: NDArray[np.bool_] = (stored < ends.min()) | (stored > ends.max())
    return usable if usable.any() else finite


def _map(stored: NDArray[Any], step: Step) -> NDArray[np.float32]:
    shown = np.empty(stored.shape, dtype=np.float32)
    table, low = None, 0
    if stored.dtype.kind in "iu":
        low, high = int(stored.min()), int(stored.max())
        if high - low < _TABLE:
            table = step(np.arange(low, high + 1, dtype=np.float64)).astype(np.float32)
    for top in range(0, len(stored), _BLOCK):
        rows = stored[top : top + _BLOCK]
        shown[top : top + _BLOCK] = (
            step(rows.astype(np.float64)) if table is None else table[rows.astype(np.int64) - low]
        )
    return shown


def _modality(tags: Dataset, notes: list[str]) -> Step:
    table = _table(tags, "ModalityLUTSequence", notes, signed=_is_signed(tags))
    if table is not None:
        return table.look_up
    if "RescaleSlope" not in tags and "RescaleIntercept" not in tags:
        return lambda values: values
    slope, intercept = number(tags, "RescaleSlope"), number(tags, "RescaleIntercept")
    if not slope or intercept is None:
        notes.append("the file's rescale slope or intercept makes no sense and is not applied")
        return lambda values: values
    return lambda values: values * slope + intercept


def _is_signed(tags: Dataset) -> bool:
    return number(tags, "PixelRepresentation") == 1


def _voi(tags: Dataset, notes: list[str], *, negative: bool) -> Step | None:
    """The step to what is shown; `negative` is whether values below 0 come in."""
    table = _table(tags, "VOILUTSequence", notes, signed=_is_signed(tags) or negative)
    if table is not None:
        return table.between_0_and_1().look_up
    if not value(tags, "WindowCenter") and not value(tags, "WindowWidth"):
        return None
    centre, width = number(tags, "WindowCenter"), number(tags, "WindowWidth")
    function = text(tags, "VOILUTFunction").upper() or "LINEAR"
    least = 1.0 if function == "LINEAR" else np.nextafter(0.0, 1.0)
    if function not in ("LINEAR", "LINEAR_EXACT", "SIGMOID"):
        notes.append("the file's window has an unknown function; LINEAR is used")
        function = "LINEAR"
    if centre is None or width is None or width < least:
        notes.append("the file's window makes no sense; robust percentiles are used")
        return None
    # One bit, unsigned: pydicom then maps the window to 0…1.
    window = Dataset()
    window.PhotometricInterpretation = "MONOCHROME2"
    window.BitsStored = 1
    window.PixelRepresentation = 0
    window.WindowCenter = centre
    window.WindowWidth = width
    window.VOILUTFunction = function

    def step(values: Floats) -> Floats:
        with np.errstate(over="ignore"):  # of the sigmoid's exponential, far below the window
            return np.asarray(apply_windowing(values, window), dtype=np.float64)

    return step


class _Table(NamedTuple):
    """A look-up table: what `first`, `first` + 1, … become."""

    first: int
    entries: Floats

    def look_up(self, values: Floats) -> Floats:
        places = np.clip(values - self.first, 0, len(self.entries) - 1)
        return self.entries[places.astype(np.int64)]

    def between_0_and_1(self) -> _Table:
        low, high = self.entries.min(), self.entries.max()
        return _Table(self.first, (self.entries - low) / max(high - low, 1.0))


def _table(tags: Dataset, keyword: str, notes: list[str], *, signed: bool) -> _Table | None:
    """The first table of a sequence.

    Not pydicom's `apply_voi`, which goes wrong with more than 256 entries of 8 bits. The descriptor
    and the entries count by their bits: files write them with the VR of signed numbers or that of
    unsigned ones, whatever they are. The first value mapped is signed where what comes in is
    (DICOM PS3.3 C.11.1.1.1 and C.11.2.1.1), the others never are.
    """
    sequence = value(tags, keyword)
    if not sequence:
        return None
    try:
        item = sequence[0]
        count, first, _bits = (int(number) & _16_BITS for number in item.LUTDescriptor)
        count = count or 1 << 16  # 65536 does not fit into the tag
        if signed:
            first = int(np.uint16(first).astype(np.int16))
        data = item.LUTData
        if isinstance(data, bytes):
            order = "<" if tags.original_encoding[1] else ">"
            kind = f"{order}u2" if len(data) >= 2 * count else "u1"
            if kind == "u1" and order == ">" and item["LUTData"].VR == "OW":
                data = np.frombuffer(data, dtype="<u2").byteswap().tobytes()
            entries = np.frombuffer(data, dtype=kind, count=count).astype(np.float64)
        else:
            entries = (np.asarray(data)[:count].astype(np.int64) & _16_BITS).astype(np.float64)
        if len(entries) < count:
            raise ValueError  # noqa: TRY301 - handled like every other fault of the table
    except Exception:  # noqa: BLE001 - a damaged sequence makes pydicom raise just anything
        notes.append(f"the file's {keyword} is damaged and is not applied")
        return None
    return _Table(first, entries)
