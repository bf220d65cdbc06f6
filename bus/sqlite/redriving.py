"""The moves *redrive*, *purge* and *hasten*: dead letters go again or go away, waiting retries run now."""

from collections.abc import Sequence

import msgspec
from needlework.bus.letters import Redrive
from needlework.bus.records import RunnerLane, TopicLane
from needlework.bus.sqlite.inserting import insert
from needlework.bus.sqlite.keys import MOVE_POSITION, PARK, place_of, rejoin_key_queue
from needlework.bus.sqlite.transaction import Transaction

_LETTER = (
    "SELECT d.reason, d.error, d.cursor, m.workspace, m.topic, m.created, m.priority, m.key, m.flags, m.batch"
    " FROM dead d JOIN messages m ON m.seq = d.message WHERE d.message = ? AND d.runner = ?"
)
_TAKE_OUT = "DELETE FROM dead WHERE message = ? AND runner = ?"
_WHERE_IT_STOOD = (
    "SELECT m.workspace, p.priority, p.due, d.attempt FROM positions p JOIN messages m ON m.seq = p.message"
    " JOIN deliveries d ON d.runner = p.runner AND d.workspace = m.workspace AND d.priority = p.priority"
    " AND d.due = p.due AND d.message = p.message WHERE p.message = ? AND p.runner = ?"
)


def redrive(transaction: Transaction, topics: dict[int, TopicLane], letters: Sequence[Redrive]) -> list[int | None]:
    """Let dead letters go again: for each the message that carries it now, None where it is not dead any more."""
    transaction.flush()
    return [_redrive(transaction, topics, letter) for letter in letters]


def _redrive(transaction: Transaction, topics: dict[int, TopicLane], letter: Redrive) -> int | None:
    seq, runner = letter.seq, letter.runner
    execute = transaction.connection.execute
    row = execute(_LETTER, (seq, runner.number)).fetchone()
    if row is None or row["topic"] not in topics or not execute(_TAKE_OUT, (seq, runner.number)).rowcount:
        return None
    lane = topics[row["topic"]]
    if row["batch"] is not None:
        moved = 1 if letter.patched is not None else 0  # its new message counts itself in
        execute("UPDATE batches SET dead = dead - 1, total = total - ? WHERE id = ?", (moved, row["batch"]))
    told = {"kind": "redriven", "by": letter.by}
    if letter.patched is not None:
        receipt = insert(transaction, letter.patched)
        told |= {"as": receipt.id, "reason": row["reason"], "error": row["error"].partition("\n")[0]}
        _tell(transaction, letter, row["workspace"], lane, row["created"], "log", told)
        return receipt.seq
    _tell(transaction, letter, row["workspace"], lane, row["created"], "retrying", told)
    transaction.count(row["workspace"], lane.number, 1)
    attempt = place_of(transaction, seq, runner.number)[2]  # goes on rising; its failures begin anew
    execute(MOVE_POSITION, (seq, runner.number, row["priority"], transaction.now))
    suspicion = 2 if row["reason"] == "poison" else 0  # what killed the process goes on to run alone
    execute(
        "UPDATE positions SET cursor = ?, suspicion = ? WHERE message = ? AND runner = ?",
        (row["cursor"], suspicion, seq, runner.number),
    )
    where = (runner.number, row["workspace"], lane.number, row["key"])
    if lane.ordered and not rejoin_key_queue(transaction, runner, where, seq, row["priority"], attempt):
        return seq
    hold = transaction.controls.reason(lane, runner.name, row["workspace"], row["flags"])
    if hold is not None:
        execute(PARK, (seq, *where, row["priority"], transaction.now, transaction.now, attempt, hold))
    else:
        transaction.add_delivery(runner, row["workspace"], row["priority"], transaction.now, seq, attempt)
    return seq


def _tell(
    transaction: Transaction, letter: Redrive, workspace: int, lane: TopicLane, created: int, kind: str, data: object
) -> None:
    encoded = msgspec.json.encode(data)
    transaction.add_event(letter.seq, created, letter.runner.number, workspace, lane.number, kind, encoded)


def purge(transaction: Transaction, letters: Sequence[tuple[int, int]]) -> int:
    """Remove dead letters (message, runner); how many there were. Their messages go when their retention ends."""
    transaction.flush()
    return sum(transaction.connection.execute(_TAKE_OUT, letter).rowcount for letter in letters)


def hasten(transaction: Transaction, places: Sequence[tuple[int, RunnerLane]]) -> int:
    """Let waiting retries (message, runner) run now; how many waited. Each keeps its key and its attempt."""
    transaction.flush()
    execute, now, moved = transaction.connection.execute, transaction.now, 0
    for seq, runner in places:
        row = execute(_WHERE_IT_STOOD, (seq, runner.number)).fetchone()
        if row is None or row["due"] <= now or not row["attempt"] or transaction.in_window(runner.number, seq):
            continue
        stood = (runner.number, row["workspace"], row["priority"], row["due"], seq)
        execute(
            "DELETE FROM deliveries WHERE runner = ? AND workspace = ? AND priority = ? AND due = ? AND message = ?",
            stood,
        )
        execute(MOVE_POSITION, (seq, runner.number, row["priority"], now))
        transaction.add_delivery(runner, row["workspace"], row["priority"], now, seq, row["attempt"])
        moved += 1
    return moved
