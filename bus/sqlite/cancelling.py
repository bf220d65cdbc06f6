"""The move *cancel*: a delivery that has not been handed to a handler ends at once; the next of its key is promoted."""

from collections.abc import Callable

from needlework.bus.records import Delivery, TopicLane
from needlework.bus.sql import Statement
from needlework.bus.sqlite.finishing import end, run_statement
from needlework.bus.sqlite.inserting import forget_waiting
from needlework.bus.sqlite.keys import place_of
from needlework.bus.sqlite.rescuing import unpack_window
from needlework.bus.sqlite.transaction import Transaction

_WINDOW = "SELECT w.entries, o.epoch FROM windows w JOIN owners o ON o.runner = w.runner WHERE w.runner = ?"


def cancel(
    transaction: Transaction,
    seq: int,
    topics: dict[int, TopicLane],
    data: bytes,
    line: Callable[[str], Statement] | None = None,
    is_alive: Callable[[str], bool] = lambda epoch: False,
) -> tuple[int, list[int]]:
    """Cancel what waits of message `seq`: (how many ended, the runners that hold it in flight).

    The log's line says `requested` where a part is in flight: whether that can be stopped shows afterwards.
    """
    transaction.flush()
    row = transaction.connection.execute(
        "SELECT workspace, topic, created, key, batch FROM messages WHERE seq = ?", (seq,)
    ).fetchone()
    if row is None or row["topic"] not in topics:
        return 0, []
    lane = topics[row["topic"]]
    ended, in_flight = 0, []
    for runner in lane.runners:
        if transaction.in_window(runner.number, seq) or _in_flight_elsewhere(transaction, runner.number, seq, is_alive):
            in_flight.append(runner.number)
            continue
        spot = place_of(transaction, seq, runner.number)
        delivery = Delivery(runner, lane, seq, row["workspace"], spot[0], spot[1], row["created"])
        delivery.key, delivery.batch = row["key"], row["batch"]
        delivery.attempt, delivery.moved = spot[2], True
        if _take_out(transaction, delivery):
            forget_waiting(transaction, row["workspace"], lane.number, row["key"], seq)
            _end_waiting(transaction, delivery, data)
            ended += 1
    if line is not None and (ended or in_flight):
        run_statement(transaction.connection, line("requested" if in_flight else "done"))
    return ended, in_flight


def _in_flight_elsewhere(transaction: Transaction, runner: int, seq: int, is_alive: Callable[[str], bool]) -> bool:
    """Whether a living process may have it in flight: its stored window has, besides, what has ended since."""
    if runner in transaction.owned:
        return False
    row = transaction.connection.execute(_WINDOW, (runner,)).fetchone()
    return row is not None and seq in unpack_window(row["entries"]) and is_alive(row["epoch"])


def _take_out(transaction: Transaction, delivery: Delivery) -> bool:
    execute = transaction.connection.execute
    place = (delivery.runner.number, delivery.workspace, delivery.priority, delivery.due, delivery.seq)
    gone = execute(
        "DELETE FROM deliveries WHERE runner = ? AND workspace = ? AND priority = ? AND due = ? AND message = ?",
        place,
    ).rowcount
    parked = execute(
        "DELETE FROM parked WHERE message = ? AND runner = ?", (delivery.seq, delivery.runner.number)
    ).rowcount
    return bool(gone or parked)


def _end_waiting(transaction: Transaction, delivery: Delivery, data: bytes) -> None:
    """End it; only where it was its key's head does the next one move up."""
    lane, runner = delivery.lane, delivery.runner
    head = None
    if lane.ordered:
        head = transaction.connection.execute(
            "SELECT 1 FROM heads WHERE runner = ? AND workspace = ? AND topic = ? AND key = ? AND message = ?",
            (runner.number, delivery.workspace, lane.number, delivery.key, delivery.seq),
        ).fetchone()
    end(transaction, delivery, "cancelled", data, promote_next=head is not None)
