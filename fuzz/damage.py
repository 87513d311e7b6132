"""Files that are damaged at random."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hypothesis import strategies as st

if TYPE_CHECKING:
    from collections.abc import Sequence


@st.composite
def damaged(draw: st.DrawFn, files: Sequence[bytes]) -> bytes:
    """One of some files, with parts of it replaced, left out, repeated or cut off."""
    content = draw(st.sampled_from(files))
    for _ in range(draw(st.integers(0, 4))):
        start = draw(st.integers(0, len(content)))
        end = draw(st.integers(start, min(len(content), start + 64)) | st.just(len(content)))
        new = draw(st.binary(max_size=16) | st.just(content[start:end] * 2))
        content = content[:start] + new + content[end:]
    return content
