"""F2: SIGKILL before, inside and after a disk call, and an error at it: nothing is lost, doubled or left half done.

All calls of a life, one by one: `benchmarks/faults/calls.py`.
"""

import random
from collections.abc import Iterator
from pathlib import Path

import pytest
from crash_disk import KILL_BEFORE, SYNC, UNLINK, disk
from crash_kit import read_acks
from crash_lives import ACTIONS, CALLS, Lives, lives

ANYWHERE = 16
"""Calls of a life that are tried, beside the first and the last ones."""


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Lives, Path, int]]:
    """Lives, a folder for them, and how many calls an unhurt one makes."""
    root = tmp_path_factory.mktemp("calls")
    with disk(root) as one, lives(one) as found:
        one.at(1 << 40, KILL_BEFORE, CALLS)
        (root / "whole").mkdir()
        status, text = found.live(root / "whole", 1, "live")
        assert status == 0, text
        yield found, root, one["seen"]


def test_a_kill_or_an_error_at_any_disk_call_loses_nothing(world: tuple[Lives, Path, int]) -> None:
    found, root, calls = world
    chance, problems, acknowledged = random.Random(1), [], 0
    numbers = sorted({1, 2, calls - 3, *chance.sample(range(3, calls), ANYWHERE)})
    for place, number in enumerate(numbers):
        how = list(ACTIONS)[place % len(ACTIONS)]
        problems += found.strike(root / f"{how}-{number}", number, how)
        acknowledged += len(read_acks(root / f"{how}-{number}"))
    assert problems == []
    assert acknowledged > 200
    assert calls > 900


def test_p11_a_start_whose_first_writes_fail_can_be_repeated_in_the_same_process(
    world: tuple[Lives, Path, int],
) -> None:
    """Story: a failed sync while runners were taken over left the process thinking that it owned them."""
    found, root, _ = world
    refused = 0
    for number in range(1, 12):
        folder = root / f"start-{number}"
        folder.mkdir()
        found.disk.heal()
        found.disk.at(number, ACTIONS["EIO"], SYNC | UNLINK)
        status, text = found.live(folder, 1, "live")
        found.disk.heal()
        assert status == 0, text
        refused += "refused" in text or "not started" in text
        assert found.check_opened(folder) == []
    assert refused > 2
