"""What `mkdocs build` makes a site of: the pages of the repository, and the help of all commands.

The site is laid out as the repository is, so that a link leads to the same place in both.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from mkdocs.structure.files import File
from typer.main import get_command
from typer.testing import CliRunner

from sharp_cli.cli import app

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mkdocs.config.defaults import MkDocsConfig
    from mkdocs.structure.files import Files

ROOT: Final = Path(__file__).parents[1]
SHOWN: Final = (
    "README.md", "CONTRIBUTING.md", "CHANGELOG.md", "CITATION.cff", "LICENSE",
    "docs/*.md", "docs/journeys/*.md", "docs/*.jpg", "docs/*.png",
    "examples/*.jpg", "examples/*.ipynb",
    "examples/workflows/*", "models/*/MODEL_CARD.md",
)  # fmt: skip
COMMANDS: Final = "docs/commands.md"


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Give the files of the site: the theme's, those of the repository, and the commands' help."""
    for file in [*files]:
        if file.src_dir == config.docs_dir:
            files.remove(file)
    for path in (path for pattern in SHOWN for path in sorted(ROOT.glob(pattern))):
        place = path.relative_to(ROOT).as_posix()
        files.append(File.generated(config, place, abs_src_path=str(path)))
    files.append(File.generated(config, COMMANDS, content=commands_page()))
    return files


def commands_page() -> str:
    """The help of every command, in Markdown."""
    parts = ["# Commands", "The help of every command, as `--help` shows it."]
    for name in _names(get_command(app), "sharp"):
        arguments = [*name.split()[1:], "--help"]
        shown = CliRunner().invoke(app, arguments, env={"COLUMNS": "80"}).output
        parts += [f"## {name}", f"```text\n{shown}```"]
    return "\n\n".join(parts)


def _names(command: Any, name: str) -> Iterator[str]:
    yield name
    for under, one in getattr(command, "commands", {}).items():
        yield from _names(one, f"{name} {under}")
