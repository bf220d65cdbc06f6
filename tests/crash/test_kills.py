"""F1, F20, F21, F22: SIGKILL at random instants under 64 producers: nothing acknowledged is lost or runs twice."""

import random
from pathlib import Path

from crash_checks import buried, check_database
from crash_kit import Tally, check_trace, drain, kill_once, read_acks, read_trace


def test_thirty_kills_at_random_instants(tmp_path: Path) -> None:
    chance, tally = random.Random(1), Tally()
    for generation in range(30):
        starting = chance.random() < 0.2
        seconds = -0.6 * chance.random() if starting else 0.4 * chance.random()
        kill_once(tmp_path, generation, seconds, tally, "--rate", 3000, politely=generation % 10 == 9)
    drain(tmp_path, tally)
    assert tally.problems == []
    assert check_trace(read_trace(tmp_path)) == []
    assert check_database(tmp_path) == []
    assert len(read_acks(tmp_path)) > 1000
    assert not set(buried(tmp_path)) - {"poison"}, "only who was alone twice when the process died"
    assert tally.percentile(0.5) < 5


def test_order_by_key_holds_over_failures_and_kills(tmp_path: Path) -> None:
    """100 keys, three runners, every fifth attempt fails, the process is killed again and again."""
    tally = Tally()
    options = ("--only", "ordered", "--keys", 100, "--failing", 0.2, "--rate", 4000)
    for generation in range(4):
        kill_once(tmp_path, generation, 0.25, tally, *options)
    drain(tmp_path, tally, "--failing", 0.2)
    assert tally.problems == []
    trace = read_trace(tmp_path)
    assert check_trace(trace) == []
    assert check_database(tmp_path) == []
    assert {line[1] for line in trace} >= {"first", "second", "third"}
    assert any(line[0] == "F" for line in trace)
    assert len({line[4] for line in trace if line[1] == "first"}) == 100


def test_one_idempotency_key_from_64_clients_over_kills_is_one_message(tmp_path: Path) -> None:
    tally = Tally()
    for _ in range(5):
        kill_once(tmp_path, 0, 0.2, tally, "--only", "keyed", "--rate", 3000)
    drain(tmp_path, tally)
    assert tally.problems == []
    assert check_database(tmp_path) == []
    acks = read_acks(tmp_path)
    keys = {origin for _, _, origin, _ in acks}
    assert len(acks) > 64
    assert {(origin, seq) for seq, _, origin, _ in acks} == {
        (origin, next(seq for seq, _, other, _ in acks if other == origin)) for origin in keys
    }
