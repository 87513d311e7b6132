"""Completion: the shells are told commands, options and choices."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

import pytest

from tests.command import install

if TYPE_CHECKING:
    from collections.abc import Mapping


@pytest.fixture(scope="module")
def user(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The environment of somebody who uses bash and has installed the completion of `sharp`."""
    home = tmp_path_factory.mktemp("home")
    environment = {**install(home), "HOME": str(home)}
    bash("sharp --install-completion; true", environment)
    return environment


def bash(script: str, environment: Mapping[str, str]) -> list[str]:
    """What a script prints, by line."""
    done = subprocess.run(
        ["bash", "--norc", "-c", script],
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.splitlines()


@pytest.mark.parametrize(
    ("typed", "offered"),
    [
        ("sharp sc", ["score"]),
        ("sharp train cl", ["classifier"]),
        ("sharp score --thr", ["--threads", "--threshold"]),
        ("sharp score --model mimo-", ["mimo-both-hands", "mimo-local", "mimo-one-hand"]),
        ("sharp train classifier --init ''", ["bundle", "he", "imagenet", "random"]),
    ],
)
def test_bash_offers(typed: str, offered: list[str], user: Mapping[str, str]) -> None:
    script = (
        f'source "$HOME/.bashrc"; COMP_WORDS=({typed}); COMP_CWORD=$((${{#COMP_WORDS[@]}} - 1))\n'
        '_sharp_completion sharp; printf "%s\\n" "${COMPREPLY[@]}"'
    )
    assert sorted(bash(script, user)) == offered


def test_bash_completes_file_names_itself(user: Mapping[str, str]) -> None:
    asked = {"_SHARP_COMPLETE": "complete_bash", "COMP_WORDS": "sharp score a", "COMP_CWORD": "2"}
    assert not any(bash("sharp", {**user, **asked}))
    assert "-o default" in "".join(bash('source "$HOME/.bashrc"; complete -p sharp', user))


@pytest.mark.parametrize("shell", ["zsh", "fish"])
def test_other_shells_are_offered_choices(shell: str, user: Mapping[str, str]) -> None:
    asked = {
        "_SHARP_COMPLETE": f"complete_{shell}",
        "_TYPER_COMPLETE_ARGS": "sharp score --device c",
        "_TYPER_COMPLETE_FISH_ACTION": "get-args",
    }
    offered = "".join(bash("sharp", {**user, **asked}))
    assert "cpu" in offered
    assert "auto" not in offered
