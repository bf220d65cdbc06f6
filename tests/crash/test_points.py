"""SIGKILL at named places: around BEGIN and COMMIT, before an ack, while starting, migrating and closing."""

import signal
from pathlib import Path

import pytest
from crash_checks import check_database
from crash_kit import Tally, check_trace, child, drain, read_acks, read_trace

RUNNING = ("before-begin:40", "before-commit:40", "after-commit:40", "before-ack:60")
STARTING = ("in-rescue:1", "in-rescue:3", "after-rescue:1")
CLOSING = ("before-release:1", "after-release:1", "in-close:1")


def die(folder: Path, generation: int, point: str, *options: str | float | Path) -> None:
    """A life that ends at a named place, and nowhere else."""
    with child(folder, "--generation", generation, *options, at=point) as one:
        if point in CLOSING and one.until("ready"):
            one.run_for(0.1)
            one.signal(signal.SIGTERM)
        assert one.wait(20) == -signal.SIGKILL, (point, one.out, one.err)


@pytest.mark.parametrize("places", [RUNNING, STARTING, CLOSING], ids=["running", "starting", "closing"])
def test_a_death_at_a_named_place_loses_and_doubles_nothing(tmp_path: Path, places: tuple[str, ...]) -> None:
    with child(tmp_path, "--generation", 100, "--rate", 3000) as one:
        one.until("ready")
        one.run_for(0.2)
    for generation, point in enumerate(places):
        die(tmp_path, generation, point, "--rate", 3000)
    tally = Tally()
    drain(tmp_path, tally)
    assert tally.problems == []
    assert check_trace(read_trace(tmp_path)) == []
    assert check_database(tmp_path) == []
    assert len(read_acks(tmp_path)) > 50


def test_a_migration_is_done_whole_or_not_at_all(tmp_path: Path) -> None:
    """Killed within and right after a migration: the next start finds the old state, or the new one."""
    data, more = tmp_path / "data", tmp_path / "more"
    data.mkdir()
    more.mkdir()
    with child(data, "--generation", 0, "--rate", 2000) as one:
        one.until("ready")
        one.run_for(0.2)
    lines = [f"CREATE TABLE more{n} (id INTEGER PRIMARY KEY) STRICT;\n" for n in range(3)]
    (more / "0001_more.sql").write_text("".join(lines))
    die(data, 1, "in-migration:1", "--more-migrations", more)
    die(data, 2, "after-migration:1", "--more-migrations", more)
    tally = Tally()
    drain(data, tally, "--more-migrations", more)
    assert tally.problems == []
    assert check_database(data) == []
    assert check_trace(read_trace(data)) == []
