"""A node that is attacked: what that costs it, and that it goes on."""

from __future__ import annotations

import json
import os
import signal
import struct
import subprocess
import sys
import time
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.error import HTTPError
from urllib.request import urlopen

import pytest
from pydicom.uid import DeflatedExplicitVRLittleEndian

from tests.pacs import attacks
from tests.pacs.archive import free_port
from tests.pacs.senders import film, is_listening, send

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

pytestmark = pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="no /proc")

ROOT = Path(__file__).parents[2]
MIB = 1 << 10  # KiB


@dataclass
class Bare:
    """A node without models in a process of its own."""

    folder: Path
    port: int = field(default_factory=free_port)
    health_port: int = field(default_factory=free_port)
    process: subprocess.Popen[bytes] | None = None

    def start(self, **variables: str) -> None:
        command = [sys.executable, "-m", "tests.pacs.bare_node", self.port, self.health_port]
        with (self.folder / "said").open("ab") as said:
            self.process = subprocess.Popen(
                [*map(str, command), self.folder],
                env={**os.environ, "PYTHONPATH": str(ROOT), **variables},
                stderr=said,
            )
        until(lambda: is_listening(self.port))

    def end(self) -> tuple[int, float]:
        """End it with SIGTERM; its exit code, and how long that took."""
        assert self.process is not None
        began = time.monotonic()
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(30), time.monotonic() - began

    def memory(self, what: str) -> int:
        """KiB of memory: VmRSS, what it has; VmHWM, what it had at most."""
        assert self.process is not None
        lines = Path(f"/proc/{self.process.pid}/status").read_text(encoding="ascii").splitlines()
        return next(int(line.split()[1]) for line in lines if line.startswith(what))

    def forget_peak(self) -> None:
        assert self.process is not None
        Path(f"/proc/{self.process.pid}/clear_refs").write_text("5", encoding="ascii")

    def stored(self) -> list[str]:
        return sorted(path.name for path in (self.folder / "archive").iterdir())

    def health(self) -> tuple[int, dict[str, Any]]:
        url = f"http://127.0.0.1:{self.health_port}/health"
        try:
            with urlopen(url, timeout=10) as answer:
                return answer.status, json.load(answer)
        except HTTPError as error:
            return error.code, json.load(error)


def until(what: Callable[[], bool], seconds: float = 120) -> None:
    end = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < end
        time.sleep(0.05)


@pytest.fixture(scope="module")
def bare(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bare]:
    one = Bare(tmp_path_factory.mktemp("bare"))
    one.start()
    yield one
    assert one.process is not None
    one.process.kill()
    one.process.wait()


@pytest.mark.parametrize(
    ("attack", "most"),
    [
        (lambda port: attacks.announce_4_gib(port, "STRANGER"), 4 * MIB),
        (lambda port: attacks.announce_4_gib(port, "SENDER"), 4 * MIB),
        (attacks.announce_4_gib_of_data, 4 * MIB),
        (attacks.endless_command, 8 * MIB),
        (attacks.crumbs, 32 * MIB),
        (attacks.items, 128 * MIB),
        (attacks.unheard_echoes, 32 * MIB),
    ],
    ids=["stranger", "announced", "data", "command", "crumbs", "items", "echoes"],
)
def test_it_costs_little_memory(bare: Bare, attack: Callable[[int], None], most: int) -> None:
    bare.forget_peak()
    before = bare.memory("VmRSS")
    attack(bare.port)
    assert bare.memory("VmHWM") - before < most
    assert is_listening(bare.port)


def test_a_bomb_is_not_unpacked(bare: Bare) -> None:
    made = film("bomb")
    made.file_meta.TransferSyntaxUID = DeflatedExplicitVRLittleEndian
    made.add_new(0x00431010, "OB", bytes(48 << 20))
    bare.forget_peak()
    before = bare.memory("VmRSS")
    assert send(bare.port, made) == [0xC000]
    assert bare.memory("VmHWM") - before < 32 * MIB


@pytest.mark.slow
def test_the_largest_image_is_held_twice_at_most(bare: Bare) -> None:
    chunk = attacks.data(attacks.value(attacks.STORE, 0, bytes(1 << 17)))
    bare.forget_peak()
    before = bare.memory("VmRSS")
    attacks.flood(attacks.associate(bare.port), [chunk] * 4096, seconds=300)
    assert bare.memory("VmHWM") - before < 600 * MIB


def half_sent(port: int) -> list[Any]:
    """Ten connections that stop in the middle: five of a request, five of data."""
    begun = [attacks.connect(port) for _ in range(5)]
    for one in begun:
        one.sendall(attacks.request()[:50])
    while len(begun) < 10:
        with suppress(OSError, struct.error):  # there is no place yet
            begun.append(attacks.associate(port))
            begun[-1].sendall(attacks.data(attacks.value(attacks.STORE, 0, bytes(1000)))[:500])
    return begun


def go_through(one: Bare, count: int) -> None:
    """Studies reach the archive, each once, while ten PDUs are half sent again and again."""
    films = [film(f"study {at} of {count}", at) for at in range(count)]
    for at, made in enumerate(films):
        if at % 10 == 0:
            held = half_sent(one.port)
        until(lambda: send(one.port, made) == [0])  # noqa: B023 - called at once
    wanted = {made.StudyInstanceUID for made in films}
    until(lambda: wanted <= {*one.stored()})
    assert one.health() == (
        200,
        {"failing": [], "received": 0, "scoring": 0, "outgoing": 0, "failed": 0},
    )
    for each in held:
        each.close()


def test_a_study_goes_through_half_sent_pdus(bare: Bare) -> None:
    go_through(bare, 1)


@pytest.mark.slow
def test_fifty_studies_go_through_half_sent_pdus(bare: Bare) -> None:
    go_through(bare, 50)


@pytest.mark.slow
def test_sigterm_ends_it_whatever_it_is_at(tmp_path: Path) -> None:
    endless, other = film("endless"), film("other")
    one = Bare(tmp_path)
    one.start(SHARP_TEST_ENDLESS=str(endless.StudyInstanceUID))
    assert send(one.port, endless) == [0]
    until(lambda: one.health()[1]["scoring"] == 1)
    held = half_sent(one.port)
    until(lambda: send(one.port, other) == [0])
    code, seconds = one.end()
    assert code == 0
    assert seconds < 5
    assert held
    one.start()
    until(lambda: len(one.stored()) == 2)
    assert one.stored() == sorted([endless.StudyInstanceUID, other.StudyInstanceUID])
    assert one.end()[0] == 0


def test_an_end_does_not_wait_for_c() -> None:
    script = (
        "import hashlib, sharp_cli.pacs.ending as ending; ending.SECONDS = 0.7\n"
        "with ending.ending(lambda: print('last', flush=True)):\n"
        "    print('begun', flush=True)\n"
        "    hashlib.pbkdf2_hmac('sha256', b'', b'', 2**31 - 1)\n"
    )
    with subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"begun\n"
        time.sleep(0.5)  # until it is in C
        process.send_signal(signal.SIGTERM)
        assert process.stdout.read() == b"last\n"
        assert process.wait(10) == 0
