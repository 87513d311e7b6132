"""Processes that work ahead."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from functools import partial
from pathlib import Path

import pytest

from sharp_cli.execution.process_pool import Limit, SerialPool, process_pool

ROOT = Path(__file__).parents[2]


def prepare(word: str) -> str:
    return word


def work(word: str, number: int) -> str:
    """Ends its process at 13, and fails at negative numbers."""
    if number == 13:
        os._exit(1)
    if number < 0:
        raise ValueError(number)
    return f"{word} {number}"


def lost(number: int) -> str:
    return f"lost {number}"


def test_results_come_in_order_from_processes_that_were_prepared() -> None:
    with process_pool(2, partial(prepare, "ready")) as pool:
        found = list(pool.map(work, range(9), on_crash=lost))
    assert found == [f"ready {number}" for number in range(9)]


@pytest.mark.parametrize("count", [1, 3])
def test_the_items_that_end_a_process_are_lost_alone(count: int) -> None:
    items = [1, 13, 2, 3, 13, 13, 4]
    with process_pool(count, partial(prepare, "ready")) as pool:
        found = list(pool.map(work, items, on_crash=lost))
        again = list(pool.map(work, [5], on_crash=lost))
    assert found == [lost(item) if item == 13 else f"ready {item}" for item in items]
    assert again == ["ready 5"]


def slow(_: str, seconds: float) -> float:
    time.sleep(seconds)
    return seconds


def test_what_takes_too_long_is_given_up_and_its_process_begun_anew() -> None:
    begun = time.monotonic()
    with process_pool(1, partial(prepare, "ready")) as pool:
        limit: Limit[float, float] = Limit(lambda _: 2.0, lambda seconds: -seconds)
        found = list(pool.map(slow, [0.0, 900.0, 0.1], on_crash=abs, limit=limit))
    assert found == [0.0, -900.0, 0.1]
    assert time.monotonic() - begun < 120


def test_what_ended_with_its_process_is_begun_again(tmp_path: Path) -> None:
    begun = tmp_path / "begun"
    with process_pool(1, partial(prepare, "ready")) as pool:
        assert list(pool.map(once, [begun], on_crash=str)) == ["done"]


def once(_: str, begun: Path) -> str:
    """Ends its process the first time."""
    if not begun.exists():
        begun.touch()
        os._exit(1)
    return "done"


def large(_: str, item: bytes) -> int:
    """Ends its process over the first kind of item."""
    if item.startswith(b"0"):
        time.sleep(0.3)  # the next one is on its way meanwhile
        os._exit(1)
    return len(item)


def test_processes_that_end_over_large_items_hold_nothing_up(tmp_path: Path) -> None:
    script = """
from functools import partial
from tests.execution.test_process_pool import large, prepare
from sharp_cli.execution.process_pool import process_pool
if __name__ == "__main__":
    items = [digit * 5_000_000 for digit in (b"1", b"0", b"1", b"0", b"0", b"1")]
    with process_pool(1, partial(prepare, "ready")) as pool:
        print(list(pool.map(large, items, on_crash=lambda _: "lost")))
"""
    (tmp_path / "script.py").write_text(script)
    done = subprocess.run(
        [sys.executable, tmp_path / "script.py"],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        timeout=60,
        check=True,
    )
    assert done.stdout == b"[5000000, 'lost', 5000000, 'lost', 'lost', 5000000]\n"


def test_items_are_taken_no_further_ahead_than_processes_can_work() -> None:
    taken = []

    def items() -> object:
        for number in range(9):
            taken.append(number)
            yield number

    with process_pool(2, partial(prepare, "ready")) as pool:
        results = pool.map(work, items(), on_crash=lost)  # type: ignore[arg-type]
        next(results)
        assert taken == [0, 1, 2]


def test_an_error_comes_where_the_result_is_asked_for() -> None:
    with process_pool(1, partial(prepare, "ready")) as pool:
        results = pool.map(work, [1, -1], on_crash=lost)
        assert next(results) == "ready 1"
        with pytest.raises(ValueError, match="-1"):
            next(results)


def test_without_processes_work_is_done_only_when_asked_for() -> None:
    taken: list[int] = []
    results = SerialPool(taken).map(list.append, range(3), on_crash=lambda _: None)
    assert taken == []
    next(results)
    assert taken == [0]


def test_processes_end_with_one_that_is_killed(tmp_path: Path) -> None:
    script = """
import os
from tests.execution.test_process_pool import pid, prepare
from functools import partial
from sharp_cli.execution.process_pool import process_pool
if __name__ == "__main__":
    with process_pool(1, partial(prepare, "ready")) as pool:
        for number in pool.map(pid, range(1), on_crash=str):
            print(number, flush=True)
        input()
"""
    (tmp_path / "script.py").write_text(script)
    process = subprocess.Popen(
        [sys.executable, tmp_path / "script.py"],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert process.stdout is not None
    worker = int(process.stdout.readline())
    process.kill()
    process.communicate()
    end = time.monotonic() + 30
    while _is_running(worker):
        assert time.monotonic() < end
        time.sleep(0.05)


def pid(_: str, __: int) -> str:
    return str(os.getpid())


def _is_running(process: int) -> bool:
    try:
        state = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state not in "ZX"
