"""F6, F7, F8 in short: a real server on a disk that is full, fails or is slow answers as promised, and heals.

Longer: `benchmarks/faults/trouble.py`.
"""

from pathlib import Path

import pytest
from crash_disk import disk
from crash_trouble import CASES, run

SHORT = ("full log", "nothing may grow", "20 % of syncs fail", "reads fail", "read-only")


@pytest.mark.parametrize("name", SHORT)
def test_p11_a_disk_in_trouble_is_told_and_nothing_is_lost(tmp_path: Path, name: str) -> None:
    with disk(tmp_path / "there" / "data") as one:
        seen = run(CASES[name], one, tmp_path / "there", seconds=0.6)
    assert seen.problems == []
    assert seen.acknowledged


def test_p11_a_slow_disk_is_waited_for_by_those_who_write_and_nobody_else(tmp_path: Path) -> None:
    """Each sync takes 0.3 s: many publishes share one, and whoever asks for something else does not wait."""
    with disk(tmp_path / "there" / "data") as one:
        seen = run(CASES["slow"], one, tmp_path / "there", seconds=2.5, publishers=96)
    assert seen.problems == []
    assert min(seen.healthy[200], seen.reads[200]) > seen.syncs  # who had to wait for a sync could ask once a sync
