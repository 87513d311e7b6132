"""The Hugging Face hub: addresses of repositories, the user's token, and uploads."""

from __future__ import annotations

import os
import re
from importlib.util import find_spec
from typing import TYPE_CHECKING, Final
from urllib.parse import quote

from sharp_cli.core.errors import OutputError, UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping

SCHEME: Final = "hf://"
TOKEN: Final = "HF_TOKEN"  # noqa: S105 - the name of the variable

_ADDRESS: Final = re.compile(r"hf://([\w.-]+/[\w.-]+)(?:@([\w./-]+))?", re.ASCII)
_TOKEN_TEXT: Final = re.compile(r"[!-~]+")
"""What a header may hold; a library would quote anything else in its error."""


def endpoint() -> str:
    """The hub that HF_ENDPOINT names, as for huggingface_hub, or else https://huggingface.co."""
    return (os.environ.get("HF_ENDPOINT") or "https://huggingface.co").rstrip("/")


def token() -> str | None:
    """The user's token, if HF_TOKEN holds one.

    Raises:
        UsageError: It holds something that is no token.
    """
    found = os.environ.get(TOKEN, "").strip()
    if found and not _TOKEN_TEXT.fullmatch(found):
        message = f"{TOKEN}: holds what no token does, such as a space; set it again"
        raise UsageError(message)
    return found or None


def folder(source: str) -> str:
    """The address of the files of `hf://owner/name[@revision]`.

    Raises:
        UsageError: `source` is not of that form.
    """
    name, revision = _parts(source)
    return f"{endpoint()}/{name}/resolve/{quote(revision, safe='')}"


def upload(files: Mapping[str, bytes], target: str) -> None:
    """Add files to an existing repository, all in one commit.

    Args:
        files: Contents by name.
        target: `hf://owner/name[@branch]`.

    Raises:
        OutputError: The hub cannot be reached, or does not accept them.
        UsageError: `target` is not of that form, or huggingface_hub is not installed.
    """
    name, branch = _parts(target)
    if find_spec("huggingface_hub") is None:
        message = f"{target}: huggingface_hub not installed; run: pip install huggingface_hub"
        raise UsageError(message)
    os.environ["HF_HUB_DISABLE_TELEMETRY"] = "1"  # read when it is imported
    from huggingface_hub import CommitOperationAdd, HfApi  # noqa: PLC0415 - optional

    # Without HF_TOKEN it uses the token of its own login.
    api = HfApi(endpoint=endpoint(), token=token())
    try:
        api.create_commit(
            name,
            [CommitOperationAdd(file, content) for file, content in files.items()],
            commit_message="Push the bundle",
            revision=branch,
        )
    except Exception as error:  # its own, and those of the HTTP library of its version
        why = str(error).partition("\n")[0]
        message = (
            f"{target}: not taken by the hub ({why}); check the network, that the repository and "
            f"the branch are there, and that {TOKEN} or `hf auth login` gives access"
        )
        raise OutputError(message) from error


def _parts(source: str) -> tuple[str, str]:
    """Name and revision."""
    match = _ADDRESS.fullmatch(source)
    if match is None:
        message = f"{source}: not hf://owner/name or hf://owner/name@revision"
        raise UsageError(message)
    name, revision = match.groups(default="main")
    return name, revision
