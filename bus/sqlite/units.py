"""Units of the writer: what is written in one transaction with others, and who is told afterwards."""

import asyncio
from collections.abc import Callable, Sequence
from typing import Any

from needlework.bus.records import NewMessage, Receipt, Slot
from needlework.bus.sqlite.inserting import insert
from needlework.bus.sqlite.transaction import Transaction


class FutureUnit:
    """A unit that somebody awaits; `work` is a function of the transaction."""

    __slots__ = ("future", "risky", "work")

    def __init__(self, work: Callable[[Transaction], Any], future: "asyncio.Future[Any]", risky: bool) -> None:
        self.work, self.future, self.risky = work, future, risky

    def apply(self, transaction: Transaction) -> Any:
        return self.work(transaction)

    def settle(self, result: Any, error: Exception | None) -> None:
        resolve(self.future, result, error)


def resolve(future: "asyncio.Future[Any]", result: Any, error: Exception | None) -> None:
    """Tell whoever awaits `future`; one that was cancelled is told nothing."""
    if future.done():
        return
    if error is None:
        future.set_result(result)
    else:
        future.set_exception(error)


class PublishUnit:
    """A unit of the writer that stores messages, all or none."""

    __slots__ = ("future", "messages", "risky")

    def __init__(self, messages: Sequence[NewMessage], future: "asyncio.Future[list[Receipt]]") -> None:
        self.messages, self.future = messages, future
        self.risky = len(messages) > 1 and any(
            new.idempotency_key or new.batch or not new.lane.plain for new in messages
        )

    def apply(self, transaction: Transaction) -> list[Receipt]:
        return [insert(transaction, new) for new in self.messages]

    def settle(self, result: Any, error: Exception | None) -> None:
        resolve(self.future, result, error)


class PublishOne:
    """The same for a single message: the hot path."""

    __slots__ = ("future", "message")
    risky = False  # all checks come before the first row

    def __init__(self, message: NewMessage, future: "asyncio.Future[Receipt]") -> None:
        self.message, self.future = message, future

    def apply(self, transaction: Transaction) -> Receipt:
        return insert(transaction, self.message)

    def settle(self, result: Any, error: Exception | None) -> None:
        resolve(self.future, result, error)


def insert_for_slot(transaction: Transaction, messages: Sequence[NewMessage], slot: Slot) -> list[Receipt]:
    """Store the messages of a schedule's slot, which is taken with them; [] where it was taken before."""
    taken = transaction.connection.execute(
        "SELECT 1 FROM slots WHERE schedule = ? AND workspace = ? AND slot = ?",
        (slot.schedule, slot.workspace, slot.at),
    ).fetchone()
    if taken:
        return []
    receipts = [insert(transaction, new) for new in messages]
    transaction.connection.execute(
        "INSERT INTO slots (schedule, workspace, slot, message) VALUES (?, ?, ?, ?)",
        (slot.schedule, slot.workspace, slot.at, receipts[0].seq),
    )
    return receipts
