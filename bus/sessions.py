"""Signed-in browsers: a single-use ticket or a token is exchanged for a session, which ends by itself."""

import contextlib
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
from needlework.bus import credentials
from needlework.bus.audit import Audit, Read, Write
from needlework.bus.clock import SECOND, Clock, rfc3339
from needlework.bus.errors import GuardFailed, NotFound, StorageError
from needlework.bus.principals import By, Principal, Requester
from needlework.bus.sql import Queries, Statement

_SESSION = credentials.pattern("nws")
_TICKET = credentials.pattern("nwt")
TICKET_LIFE = 60 * SECOND
IDLE_LIFE = 12 * 3600 * SECOND
WHOLE_LIFE = 7 * 24 * 3600 * SECOND
_SEEN_EVERY = 15 * 60 * SECOND
_FRESH = 0.5
_CACHE = 10_000


class SessionRecord(msgspec.Struct, frozen=True):
    """A session as it is listed: never what its browser presents, never its hash."""

    id: str
    permissions: list[str]
    workspaces: list[int] | None
    opened_by: str
    created_at: str
    last_used_at: str
    """To a quarter of an hour."""
    expires_at: str
    """Its last moment; sooner where nobody uses it for 12 hours."""


class SessionStore:
    """Opens, lists, checks and ends sessions; issues the tickets that open them."""

    def __init__(
        self,
        read: Read,
        write: Write,
        clock: Clock,
        source: credentials.Source = os.urandom,
        audit: Audit | None = None,
    ) -> None:
        self._read, self._write, self._clock, self._source = read, write, clock, source
        self._audit = audit or Audit(read, write, clock)
        self._sql = Queries(Path(__file__).parent / "sqlite" / "sessions.sql")
        self._known: dict[str, tuple[bytes, Principal, int, float]] = {}
        self._callbacks: list[Callable[[str], None]] = []

    def on_end(self, callback: Callable[[str], None]) -> None:
        """Call `callback` with the id of each session that ends; it must not block."""
        self._callbacks.append(callback)

    async def ticket(self, by: Principal | Requester) -> str:
        """A way in for one minute and one use, with the rights of `by`; it ends with whatever `by` comes from."""
        owner = by.principal if isinstance(by, Requester) else by
        text, _, hashed = credentials.make("nwt", self._source)
        now = self._clock.now()
        prune = self._sql("prune_tickets", before=now - TICKET_LIFE)
        rights = _rights(owner)
        add = self._sql("add_ticket", hash=hashed, by=owner.root, now=now, expires_at=now + TICKET_LIFE, **rights)
        await self._write([prune, add, self._audit.statement(by, None, "ticket.issued", owner.root)])
        return text

    async def redeem(self, ticket: str, request_id: str | None = None, origin: str | None = None) -> str | None:
        """Spend a ticket for a session's cookie value; None where it is unknown, late or spent."""
        if not _TICKET.fullmatch(ticket):
            return None
        hashed, now = credentials.digest(ticket), self._clock.now()
        rows = await self._read(self._sql("ticket", hash=hashed, now=now))
        if not rows or rows[0]["used_at"] is not None or rows[0]["expires_at"] <= now:
            return None
        permissions, workspaces = credentials.unpack(rows[0])
        owner = Principal(rows[0]["issued_by"], permissions, workspaces)
        try:
            return await self._open(
                Requester(owner, request_id, origin), self._sql("use_ticket", 1, hash=hashed, now=now)
            )
        except GuardFailed:
            return None  # somebody else was faster

    async def open(self, by: Principal, request_id: str | None = None, origin: str | None = None) -> str:
        """A session's cookie value with the rights of `by` (who presented a token)."""
        return await self._open(Requester(by, request_id, origin))

    async def _open(self, by: Requester, *before: Any) -> str:
        owner = by.principal
        text, ident, hashed = credentials.make("nws", self._source)
        now = self._clock.now()
        add = self._sql(
            "add_session",
            id=ident,
            hash=hashed,
            by=owner.root,
            now=now,
            expires_at=now + WHOLE_LIFE,
            **_rights(owner),
        )
        prune = self._prune(now)
        line = self._audit.statement(by, None, "session.opened", ident)
        await self._write([*before, prune, add, line])
        return text

    async def check(self, text: str) -> Principal | None:
        """Who a cookie belongs to; None for one that is unknown, wrong, idle too long, or ended."""
        match = _SESSION.fullmatch(text)
        known = self._known.get(match[1]) if match else None
        if known is not None and known[3] >= self._clock.monotonic():
            return known[1] if credentials.same(text, known[0]) and known[2] > self._clock.now() else None
        rows = await self._read(self._sql("session", id=match[1] if match else "", now=self._clock.now()))
        row = rows[0] if rows else None
        if not credentials.same(text, row["hash"] if row else None) or row is None:
            return None
        now, until = self._clock.now(), min(row["expires_at"], row["seen_at"] + IDLE_LIFE)
        if row["ended_at"] is not None or until <= now:
            self._forget(row["id"])
            return None
        if now - row["seen_at"] > _SEEN_EVERY:
            await self._see(row["id"], now)
        permissions, workspaces = credentials.unpack(row)
        principal = Principal(f"session:{row['id']}", permissions, workspaces, row["id"], row["opened_by"])
        if len(self._known) >= _CACHE:
            self._known.clear()
        self._known[row["id"]] = (bytes(row["hash"]), principal, until, self._clock.monotonic() + _FRESH)
        return principal

    async def list(self) -> list[SessionRecord]:
        """The sessions that a browser can still use, newest first."""
        now = self._clock.now()
        return [_record(row) for row in await self._read(self._sql("sessions", now=now, idle=now - IDLE_LIFE))]

    async def end(self, by: By, ident: str | None = None) -> None:
        """Sign out; with `ident` somebody else, at once in this process and within a second in others.

        Raises NotFound where no such session can still be used.
        """
        who = by.principal if isinstance(by, Requester) else by
        ident = ident or (who.token_id if isinstance(who, Principal) else None)
        if ident is None or ident not in {record.id for record in await self.list()}:
            raise NotFound("no such session")
        end = self._sql("end_session", id=ident, now=self._clock.now())
        await self._write([end, self._audit.statement(by, None, "session.ended", ident)])
        self._forget(ident)

    async def prune(self) -> None:
        """Remove the tickets and sessions that nobody can use any more."""
        now = self._clock.now()
        await self._write([self._sql("prune_tickets", before=now - TICKET_LIFE), self._prune(now)])

    def _prune(self, now: int) -> Statement:
        return self._sql("prune_sessions", now=now, idle=now - IDLE_LIFE)

    async def sweep(self, idents: frozenset[str]) -> None:
        """Look again at sessions that hold something open, and tell of those that ended."""
        if idents:
            ids = msgspec.json.encode(list(idents)).decode()
            for row in await self._read(self._sql("ended_sessions", ids=ids, now=self._clock.now())):
                self._forget(row["id"])

    async def _see(self, ident: str, now: int) -> None:
        with contextlib.suppress(StorageError):  # a full disk must not sign people out
            await self._write([self._sql("see_session", id=ident, now=now)])

    def forget_all(self) -> None:
        """Another process changed sessions: each is looked up again when it is next presented."""
        self._known.clear()

    def _forget(self, ident: str) -> None:
        self._known.pop(ident, None)
        for callback in self._callbacks:
            callback(ident)


def _record(row: Any) -> SessionRecord:
    permissions, workspaces = credentials.unpack(row)
    return SessionRecord(
        row["id"], sorted(permissions), None if workspaces is None else sorted(workspaces), row["opened_by"],
        rfc3339(row["created_at"]), rfc3339(row["seen_at"]), rfc3339(row["expires_at"]),
    )  # fmt: skip


def _rights(principal: Principal) -> dict[str, str | None]:
    workspaces = None if principal.workspaces is None else credentials.pack(principal.workspaces)
    return {"permissions": credentials.pack(principal.permissions), "workspaces": workspaces}
