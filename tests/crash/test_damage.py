"""Damaged files (fault F12): every start refuses in one line, says so while it runs, or has lost nothing.

The short form; `benchmarks/faults/corruption.py` tries 500 places.
"""

import random
import shutil
from pathlib import Path

import pytest
from crash_damage import GOOD, NAMES, WAYS, Killed, damage

pytestmark = pytest.mark.anyio


@pytest.fixture
async def killed(tmp_path: Path) -> Killed:
    """What a killed bus leaves."""
    made = Killed(tmp_path / "killed")
    await made.make()
    return made


async def test_p11_nothing_acknowledged_is_lost_without_a_word(killed: Killed, tmp_path: Path) -> None:
    chance, seen = random.Random(3), dict[str, str]()
    for number in range(27):
        copy = tmp_path / "copy"
        shutil.copytree(killed.folder, copy)
        where = damage(copy / NAMES[number % 3], WAYS[number // 3 % 3], chance)
        seen[where] = await killed.start_again(copy)
        shutil.rmtree(copy)
    assert {where: outcome for where, outcome in seen.items() if outcome not in GOOD} == {}
    assert {"refused", "harmless"} <= set(seen.values())


@pytest.mark.parametrize("name", [*NAMES, "needlework.db.mark"])
async def test_p11_a_file_that_is_gone_or_empty_is_missed_where_it_held_something(
    killed: Killed, tmp_path: Path, name: str
) -> None:
    """Shared memory is made again from the log; a mark only guards, and is written anew."""
    for way in ("gone", "empty"):
        copy = tmp_path / way
        shutil.copytree(killed.folder, copy)
        (copy / name).unlink()
        if way == "empty":
            (copy / name).touch()
        expected = "refused" if name in NAMES[:2] else "harmless"
        assert await killed.start_again(copy) == expected, way
