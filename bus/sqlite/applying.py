"""How the writer carries out one unit: as it is, or inside a savepoint where it may fail after it has written."""

import sqlite3
from typing import Any, Protocol

from needlework.bus.errors import (
    IdempotencyConflict,
    InvalidMessage,
    LeaseLost,
    NeedleworkError,
    StorageBusy,
    StorageDamaged,
    StorageError,
    StorageFull,
)
from needlework.bus.records import Completions, Finish
from needlework.bus.sqlite.finishing import complete, finish_attempt
from needlework.bus.sqlite.transaction import Stale, Transaction
from needlework.bus.sqlite.units import PublishOne


class Unit(Protocol):
    """Something to be written in one transaction with others: a `Finish`, or an object with `apply(transaction)`."""

    @property
    def risky(self) -> bool:
        """Whether it may fail after it has written: then it gets a savepoint."""
        ...

    def settle(self, result: Any, error: Exception | None) -> None:
        """Called in the event loop after COMMIT, or after it failed."""
        ...


def apply(transaction: Transaction, unit: Any) -> Any:
    """Carry out one unit. A `Finish` comes as it is: one object less for each attempt."""
    kind = unit.__class__
    if kind is Finish:
        return finish_attempt(transaction, unit)
    return complete(transaction, unit) if kind is Completions else unit.apply(transaction)


def apply_plainly(transaction: Transaction, unit: Unit) -> tuple[Unit, Any, Exception | None]:
    """Apply one unit without a savepoint. A lone publish that is refused wrote nothing: the others go on."""
    try:
        return unit, apply(transaction, unit), None
    except (IdempotencyConflict, InvalidMessage) as error:
        if unit.__class__ is not PublishOne:
            raise
        return unit, None, error


def apply_safely(transaction: Transaction, unit: Unit) -> tuple[Unit, Any, Exception | None]:
    """Apply one unit inside a savepoint; what it collected is dropped with it where it fails."""
    transaction.flush()
    connection = transaction.connection
    connection.execute("SAVEPOINT unit")
    state = _Memory(transaction)
    try:
        result = apply(transaction, unit)
        transaction.flush()
    except Exception as error:
        known = LeaseLost(str(error)) if isinstance(error, Stale) else storage_error(error)
        if isinstance(known, StorageError) or not connection.in_transaction:
            raise
        connection.execute("ROLLBACK TO unit")
        connection.execute("RELEASE unit")
        state.restore()
        return unit, None, known
    connection.execute("RELEASE unit")
    return unit, result, None


class _Memory:
    """What a transaction held in memory before a unit, so that a failed unit leaves nothing behind."""

    def __init__(self, transaction: Transaction) -> None:
        commit = transaction.commit
        self.transaction = transaction
        self.seq, self.event = transaction.seq, transaction.event
        self.backlog, self.batches = (
            dict(transaction.backlog),
            {k: list(v) for k, v in transaction.batches.items()},
        )
        self.entered = {runner: len(seqs) for runner, seqs in transaction.entered.items()}
        self.lengths = (len(commit.handed), len(commit.waiting), len(commit.events), len(commit.freed))

    def restore(self) -> None:
        transaction, commit = self.transaction, self.transaction.commit
        transaction.seq, transaction.event = self.seq, self.event
        transaction.backlog, transaction.batches = self.backlog, self.batches
        transaction.messages, transaction.deliveries, transaction.gone = {}, [], {}
        transaction.parked, transaction.keys = [], {}
        transaction.flushed_events = self.lengths[2]
        for runner, seqs in transaction.entered.items():
            del seqs[self.entered.get(runner, 0) :]
        for items, length in zip(
            (commit.handed, commit.waiting, commit.events, commit.freed), self.lengths, strict=True
        ):
            del items[length:]  # type: ignore[attr-defined]


def storage_error(error: Exception) -> Exception:
    """What a database error means to a caller."""
    if isinstance(error, NeedleworkError) or not isinstance(error, sqlite3.Error):
        return error
    name = getattr(error, "sqlite_errorname", "") or ""
    text = str(error)
    if name == "SQLITE_FULL" or "disk is full" in text:
        return StorageFull("no space is left on the disk; nothing was stored", retry_after=5)
    if name.startswith(("SQLITE_BUSY", "SQLITE_LOCKED")):
        return StorageBusy("another process holds the database", retry_after=1)
    if name.startswith(("SQLITE_CORRUPT", "SQLITE_NOTADB")):
        damaged = StorageDamaged(f"the database file is damaged: {text}")
        damaged.__cause__ = error
        return damaged
    if name.startswith(("SQLITE_IOERR", "SQLITE_CANTOPEN", "SQLITE_READONLY", "SQLITE_PROTOCOL")):
        return StorageError(f"the disk refused: {text} ({name})", retry_after=5)
    return error
