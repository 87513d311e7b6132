"""Processes on a Ray cluster, here one of this machine alone."""

from __future__ import annotations

import os
import sys
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from sharp_cli.core.errors import UsageError
from sharp_cli.execution import ray_pool
from sharp_cli.execution.process_pool import Limit
from sharp_cli.execution.ray_pool import RayPool, cluster_device, connected
from tests.execution.test_process_pool import lost, once, prepare, slow, work

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module", autouse=True)
def cluster() -> Iterator[bool]:
    """A cluster of two cores, whose processes find the tests; whether stdout is stderr then."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", str(ROOT))
        patch.setenv("RAY_OVERRIDE_RESOURCES", '{"CPU": 2}')
        patch.delenv("RAY_ADDRESS", raising=False)
        with connected(None):
            yield sys.stdout is sys.stderr


def pool() -> RayPool[str]:
    return RayPool(partial(prepare, "ready"), cpus=1)


def test_results_come_in_order_from_processes_that_were_prepared() -> None:
    assert list(pool().map(work, range(9), on_crash=lost)) == [f"ready {at}" for at in range(9)]


def test_the_items_that_end_every_process_are_lost_alone() -> None:
    items = [1, 13, 2, 3, 4]
    found = list(pool().map(work, items, on_crash=lost))
    assert found == [lost(item) if item == 13 else f"ready {item}" for item in items]


def test_what_ended_with_its_process_is_begun_again(tmp_path: Path) -> None:
    begun = tmp_path / "begun"
    assert list(pool().map(once, [begun], on_crash=str)) == ["done"]


def test_what_takes_too_long_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ray_pool, "_LOOK", 0.5)
    limit: Limit[float, float] = Limit(lambda seconds: 2.0 if seconds > 1 else 90.0, lambda _: -1.0)
    found = list(pool().map(slow, [0.0, 900.0, 0.1], on_crash=abs, limit=limit))
    assert found == [0.0, -1.0, 0.1]


def test_items_are_taken_no_further_ahead_than_twice_the_processes() -> None:
    taken = []

    def items() -> Iterator[int]:
        for number in range(99):
            taken.append(number)
            yield number

    next(pool().map(work, items(), on_crash=lost))
    assert len(taken) <= 2 * 2 + 1


def test_an_error_comes_where_the_result_is_asked_for() -> None:
    results = pool().map(work, [1, -1], on_crash=lost)
    assert next(results) == "ready 1"
    with pytest.raises(ValueError, match="-1"):
        next(results)


def fail() -> str:
    message = "no such models"
    raise UsageError(message)


def end() -> str:
    os._exit(1)


def test_processes_that_cannot_be_prepared_end_it() -> None:
    with pytest.raises(UsageError, match=r"^no such models$"):
        next(RayPool(fail, cpus=1).map(work, [1], on_crash=lost))
    with pytest.raises(UsageError, match="end before they are ready"):
        next(RayPool(end, cpus=2).map(work, [1], on_crash=lost))


def test_what_no_machine_has_is_refused() -> None:
    assert [cluster_device(device) for device in ("auto", "cpu", "cuda")] == ["cpu", "cpu", "cuda"]
    with pytest.raises(UsageError, match="no machine of the cluster has 999 CPU for"):
        RayPool(end, cpus=999)
    with pytest.raises(UsageError, match=r"1 CPU and 0\.25 GPU"):
        RayPool(end, cpus=1, gpus=0.25)


def test_ray_reports_its_use_to_nobody() -> None:
    assert os.environ["RAY_USAGE_STATS_ENABLED"] == "0"


def test_what_ray_prints_is_no_data(cluster: bool) -> None:  # noqa: FBT001 - a fixture
    assert cluster
