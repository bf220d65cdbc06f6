"""The move *rescue*: what a dead process had in flight is due again at once; what kills processes is found out.

    crash while in a window          -> suspicion 1: runs with a durable mark before each start
    crash while marked as started    -> suspicion 2: runs alone
    two crashes while it ran alone   -> dead, reason `poison`

A crash counts against a delivery as deadly only while nothing else ran, so no innocent message is buried.
"""

from array import array

from needlework.bus.records import Delivery, RunnerLane, TopicLane
from needlework.bus.sqlite.finishing import bury, end
from needlework.bus.sqlite.keys import place_of
from needlework.bus.sqlite.transaction import Transaction

DEATHS = 2
"""Deaths of the process, while a delivery ran alone, after which it is poison."""

_NEXT_FENCE = (
    "INSERT INTO fences (runner, fence) VALUES (?, 1)"
    " ON CONFLICT (runner) DO UPDATE SET fence = fence + 1 RETURNING fence"
)


def adopt(transaction: Transaction, runner: RunnerLane, epoch: str) -> int:
    """Make `epoch` the owner of `runner`; its new fencing number."""
    execute = transaction.connection.execute
    fence = int(execute(_NEXT_FENCE, (runner.number,)).fetchone()[0])
    execute("DELETE FROM arrivals WHERE runner = ?", (runner.number,))  # every lane is read anew
    execute(
        "INSERT INTO owners (runner, epoch, fence, since) VALUES (?, ?, ?, ?)"
        " ON CONFLICT (runner) DO UPDATE SET epoch = excluded.epoch, fence = excluded.fence, since = excluded.since",
        (runner.number, epoch, fence, transaction.now),
    )
    return fence


def rescue(transaction: Transaction, runner: RunnerLane, topics: dict[int, TopicLane]) -> int:
    """Judge what the window of `runner` held when its process died; how many deliveries are due again."""
    row = transaction.connection.execute("SELECT entries FROM windows WHERE runner = ?", (runner.number,)).fetchone()
    transaction.connection.execute("DELETE FROM windows WHERE runner = ?", (runner.number,))
    if row is None:
        return 0
    rescued = 0
    for seq in unpack_window(row["entries"]):
        delivery = _in_flight(transaction, runner, seq, topics)
        if delivery is not None:
            _judge(transaction, delivery)
            rescued += 1
    return rescued


def release(transaction: Transaction, runner: RunnerLane) -> None:
    """A clean stop: nothing of `runner` is in flight, no attempt was lost, no later crash will be blamed on it."""
    transaction.connection.executemany(
        "UPDATE positions SET mark = 0 WHERE message = ? AND runner = ?",
        [(seq, runner.number) for seq in transaction.windows.get(runner.number, ())],
    )
    transaction.connection.execute("DELETE FROM windows WHERE runner = ?", (runner.number,))
    transaction.connection.execute("DELETE FROM owners WHERE runner = ?", (runner.number,))


def _in_flight(transaction: Transaction, runner: RunnerLane, seq: int, topics: dict[int, TopicLane]) -> Delivery | None:
    """The delivery of a window entry, where it still stands in its lane (a finished one does not)."""
    execute = transaction.connection.execute
    message = execute("SELECT workspace, topic, created, key, batch FROM messages WHERE seq = ?", (seq,)).fetchone()
    if message is None or message["topic"] not in topics:
        return None
    priority, due, attempt = place_of(transaction, seq, runner.number)
    place = (runner.number, message["workspace"], priority, due, seq)
    found = execute(
        "SELECT 1 FROM deliveries WHERE runner = ? AND workspace = ? AND priority = ? AND due = ? AND message = ?",
        place,
    ).fetchone()
    if found is None:
        return None
    delivery = Delivery(runner, topics[message["topic"]], seq, message["workspace"], priority, due, message["created"])
    delivery.key, delivery.batch = message["key"], message["batch"]
    delivery.attempt, delivery.moved = attempt, True
    return delivery


def _judge(transaction: Transaction, delivery: Delivery) -> None:
    """One more crash in the company of this delivery."""
    execute = transaction.connection.execute
    number = delivery.runner.number
    execute(
        "INSERT INTO positions (message, runner, priority, due) VALUES (?, ?, ?, ?)"
        " ON CONFLICT (message, runner) DO NOTHING",
        (delivery.seq, number, delivery.priority, delivery.due),
    )
    known = execute(
        "SELECT suspicion, mark, deaths, cursor FROM positions WHERE message = ? AND runner = ?",
        (delivery.seq, number),
    ).fetchone()
    deaths = known["deaths"] + (known["mark"] == 2)
    suspicion = 2 if known["mark"] else max(1, known["suspicion"])
    execute(
        "INSERT INTO attempts (message, runner, attempt, at, kind, error) VALUES (?, ?, ?, ?, 'crashed', ?)"
        " ON CONFLICT (message, runner, attempt) DO NOTHING",
        (delivery.seq, number, delivery.attempt + 1, transaction.now, "the process died while this was in flight"),
    )
    if deaths >= DEATHS:
        delivery.cursor = known["cursor"]
        transaction.remove(delivery)
        text = f"the process died {deaths} times while this ran and nothing else did"
        end(transaction, delivery, "dead", b'{"code":"poison"}')
        bury(transaction, delivery, text, "poison")
        transaction.flush()
        return
    delivery.attempt += 1
    execute(
        "UPDATE positions SET suspicion = ?, mark = 0, deaths = ? WHERE message = ? AND runner = ?",
        (suspicion, deaths, delivery.seq, number),
    )
    execute(
        "UPDATE deliveries SET attempt = ?"
        " WHERE runner = ? AND workspace = ? AND priority = ? AND due = ? AND message = ?",
        (delivery.attempt, number, delivery.workspace, delivery.priority, delivery.due, delivery.seq),
    )


def unpack_window(entries: bytes) -> "array[int]":
    """A window row's packed message numbers."""
    numbers: array[int] = array("q")
    numbers.frombytes(entries)
    return numbers
