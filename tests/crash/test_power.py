"""F3: the power goes at some instant, what was not synced is lost in some way: no image lacks what was acknowledged.

All ten thousand images: `benchmarks/faults/power.py`.
"""

import random
import shutil
from pathlib import Path

import pytest
from crash_disk import disk
from crash_images import WAYS, Machine, Step, check_image, read_trace
from crash_lives import Lives, lives


def images(root: Path, steps: list[Step], one: Lives, instants: int) -> list[str]:
    """Every broken promise of the images at some instants, each of them in all ways."""
    chance, machine, problems = random.Random(1), Machine(), []
    chosen = set(chance.sample(range(len(steps)), instants))
    for number, step in enumerate(steps):
        machine.step(step)
        for way in WAYS if number in chosen else ():
            folder = root / "image"
            folder.mkdir()
            machine.image(folder, way, chance)
            found = check_image(folder)
            if number % 8 == 0:
                found += one.check_opened(folder)
            problems += [f"{number} {way}: {problem}" for problem in found]
            shutil.rmtree(folder)
    return problems


@pytest.mark.parametrize("failing", [0.0, 0.05], ids=["syncs work", "syncs fail"])
def test_p01_a_power_cut_loses_nothing_that_was_acknowledged(tmp_path: Path, failing: float) -> None:
    """Story of the failing syncs: a process that died after one left a log that read well and was not on the disk;
    the next wrote behind the gap, and the power took it all."""
    with disk(tmp_path / "data", tmp_path / "trace") as recording, lives(recording) as one:
        assert one.many(tmp_path / "data", 4, random.Random(1), failing=failing) == []
        steps = list(read_trace(tmp_path / "trace"))
        assert images(tmp_path, steps, one, 20 if not failing else 40) == []
    assert sum(step.what == "N" for step in steps) > 40
    assert any(step.what == "S" and step.offset for step in steps) == bool(failing)


def test_the_images_show_what_a_disk_without_syncs_loses(tmp_path: Path) -> None:
    """The same trace with its syncs taken out must not pass: else the images would prove nothing."""
    with disk(tmp_path / "data", tmp_path / "trace") as recording, lives(recording) as one:
        assert one.many(tmp_path / "data", 1, random.Random(1)) == []
        steps = [step for step in read_trace(tmp_path / "trace") if step.what != "S"]
        problems = images(tmp_path, steps, one, 5)
    assert any("LOST" in problem for problem in problems)
