"""F5: a message that kills the process is dead after at most five deaths, and nothing innocent is buried with it."""

import sqlite3
import sys
from pathlib import Path

from crash_kit import Child, check_trace, read_trace

PROGRAM = Path(__file__).with_name("crash_poison.py")


def live(folder: Path, how: str, first: bool) -> tuple[str, bool]:
    """One life of the process: what it printed, and whether it died of the poison."""
    one = Child(sys.executable, PROGRAM, folder, how, *(["--publish"] if first else []))
    try:
        if how == "block" and one.until("blocked", 15) and "settled" not in one.out:
            one.kill()
        if not one.until("settled", 30):
            return one.out, True
        one.run_for(0.3)  # it stays up and goes on working
        assert one.process.poll() is None
        one.signal(15)
        assert one.wait() == 0, one.err
        return one.out, False
    finally:
        one.close()


def until_it_stays_up(folder: Path, how: str) -> tuple[str, int]:
    """Start it again and again: what the life printed that stayed up, and how many deaths came before."""
    for deaths in range(6):
        out, died = live(folder, how, first=deaths == 0)
        if not died:
            return out, deaths
    raise AssertionError("it died six times")


def test_a_message_that_kills_the_process_is_dead_after_five_deaths_at_most(tmp_path: Path) -> None:
    out, deaths = until_it_stays_up(tmp_path, "exit")
    assert 0 < deaths <= 5
    assert "settled dead: dead (poison): the process died 2 times while this ran and nothing else did" in out
    trace = read_trace(tmp_path)
    assert check_trace([line for line in trace if line[0] != "P"]) == []
    lives = {line[5] for line in trace}
    assert all(any(line[5] == life and line[0] == "E" for line in trace) for life in lives), "others flow in between"
    assert buried(tmp_path) == [("poison", deaths)]


def test_a_message_that_eats_memory_fails_or_is_poison_and_nothing_hangs(tmp_path: Path) -> None:
    """Memory may run out in the handler, which is a failure, or beside it in the bus, which must end loudly."""
    out, deaths = until_it_stays_up(tmp_path, "eat")
    assert "settled dead: dead (" in out
    assert deaths <= 5
    assert [reason for reason, _ in buried(tmp_path)] in (["attempts"], ["poison"])


def buried(folder: Path) -> list[tuple[str, int]]:
    """(reason, attempts) of each dead letter."""
    connection = sqlite3.connect(folder / "needlework.db")
    try:
        return list(connection.execute("SELECT reason, attempt FROM dead"))
    finally:
        connection.close()
