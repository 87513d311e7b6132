"""Decoding with gdcm in a process of its own, which it may crash.

Only gdcm decodes lossless JPEG without the GPL. Damaged data make it end the whole process (an
uncaught C++ exception, a segmentation fault), and the other files of a call must survive that.
"""

from __future__ import annotations

import io
import subprocess
import sys
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import JPEGLosslessSV1

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from sharp_cli.radiograph.bits import Bits

_NEEDED: Final = (
    "SamplesPerPixel",
    "PhotometricInterpretation",
    "PlanarConfiguration",
    "Rows",
    "Columns",
    "PixelData",
)

# The first place to look for modules is the working directory, which may hold anything.
_SCRIPT: Final = """
import sys
sys.path.pop(0)
import io, numpy, pydicom
tags = pydicom.dcmread(io.BytesIO(sys.stdin.buffer.read()), force=True)
try:
    import resource
    with open("/proc/self/status") as status:
        used = next(int(line.split()[1]) << 10 for line in status if line.startswith("VmData"))
except (ImportError, OSError):  # another system than Linux
    pass
else:
    resource.setrlimit(resource.RLIMIT_DATA, (used + int(sys.argv[1]),) * 2)
numpy.save(sys.stdout.buffer, tags.pixel_array, allow_pickle=False)
"""

_SECONDS: Final = 120.0
"""The largest picture takes a few seconds."""


_COPIES: Final = 16
_SPARE: Final = 64 << 20
"""What the process may take for a picture on Linux: as much as so many copies of it, of which gdcm
was measured to need 10, and bytes more for what is loaded."""


def decode(tags: Dataset, bits: Bits) -> NDArray[Any]:
    """Decode the pixel data of a file in one of the JPEG transfer syntaxes.

    Args:
        tags: Those of the file.
        bits: Its container and width are those of the stream.

    Returns:
        Unsigned integers, shape (rows, columns), colours (rows, columns, 3).

    Raises:
        subprocess.SubprocessError: The data are damaged.
    """
    part = Dataset()
    for keyword in _NEEDED:
        if keyword in tags:
            part[keyword] = tags[keyword]
    part.BitsAllocated = bits.container
    part.BitsStored = bits.container
    part.HighBit = bits.container - 1
    part.PixelRepresentation = 0
    part.file_meta = FileMetaDataset()
    # gdcm goes by the stream alone; this is the syntax from which pydicom keeps no depth away.
    part.file_meta.TransferSyntaxUID = JPEGLosslessSV1
    size = int(tags.Rows) * int(tags.Columns) * int(tags.SamplesPerPixel) * bits.container // 8
    file = io.BytesIO()
    part.save_as(file)
    done = subprocess.run(  # noqa: S603 - no part of the command comes from outside
        [sys.executable, "-c", _SCRIPT, str(_COPIES * size + _SPARE)],
        input=file.getvalue(),
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        timeout=_SECONDS,
        check=True,
    )
    pixels: NDArray[Any] = np.load(io.BytesIO(done.stdout), allow_pickle=False)
    return pixels
