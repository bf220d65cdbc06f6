"""Tokens: shown once, kept as a hash, checked in constant time, gone within a second of being revoked."""

import contextlib
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
from needlework.bus import credentials
from needlework.bus.audit import Audit, Read, Write
from needlework.bus.clock import SECOND, Clock, rfc3339
from needlework.bus.errors import FieldError, InvalidMessage, NotFound, StorageError
from needlework.bus.permissions import ALL, Permission
from needlework.bus.principals import By, Principal, Requester, name_of
from needlework.bus.sql import Queries

_TOKEN = credentials.pattern("nw")
_FRESH = 0.5
"""Seconds for which a checked token is believed: another process may revoke it meanwhile."""
_TOUCH_EVERY = 60.0
_CACHE = 10_000
ENDED_KEPT = 30 * 24 * 3600 * SECOND
"""Microseconds for which a token that was revoked or has expired is still listed."""


class TokenRecord(msgspec.Struct, frozen=True):
    """A token as it is listed: never its secret, never its hash."""

    id: str
    name: str
    permissions: list[str]
    workspaces: list[int] | None
    created_at: str
    created_by: str
    expires_at: str | None = None
    last_used_at: str | None = None
    revoked_at: str | None = None


class _Known(msgspec.Struct, frozen=True):
    principal: Principal
    hash: bytes
    expires_at: int | None
    until: float


class TokenStore:
    """Creates, checks, lists and revokes tokens. `source` gives random bytes."""

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
        self._sql = Queries(Path(__file__).parent / "sqlite" / "tokens.sql")
        self._known: dict[str, _Known] = {}
        self._used: dict[str, int] = {}
        self._touched = clock.monotonic()
        self._callbacks: list[Callable[[str], None]] = []

    def on_revoke(self, callback: Callable[[str], None]) -> None:
        """Call `callback` with the id of each token that is revoked or found to be so; it must not block."""
        self._callbacks.append(callback)

    async def create(
        self,
        name: str,
        permissions: frozenset[Permission],
        workspaces: frozenset[int] | None,
        expires_at: int | None,
        by: By,
    ) -> tuple[str, TokenRecord]:
        """A new token's text, never to be seen again, and its record. It does not outlive a token that makes it."""
        self._refuse_bad(name, permissions, workspaces, expires_at)
        end = await self._end_of(by)
        if end is not None:
            if expires_at is not None and expires_at > end:
                late = FieldError("expires_at", f"is later than {rfc3339(end)}, when the token that makes it ends")
                raise InvalidMessage("the token can't be made as asked", errors=[late])
            expires_at = end if expires_at is None else expires_at
        text, ident, hashed = credentials.make("nw", self._source)
        now, who = self._clock.now(), name_of(by)
        packed = None if workspaces is None else credentials.pack(workspaces)
        add = self._sql(
            "add_token", id=ident, name=name, hash=hashed, permissions=credentials.pack(permissions),
            workspaces=packed, now=now, by=who, expires_at=expires_at,
        )  # fmt: skip
        await self._write([add, self._audit.statement(by, None, "token.created", ident, detail=name)])
        record = TokenRecord(
            id=ident, name=name, permissions=sorted(permissions), workspaces=_numbers(workspaces),
            created_at=rfc3339(now), created_by=who, expires_at=_moment(expires_at),
        )  # fmt: skip
        return text, record

    async def _end_of(self, by: By) -> int | None:
        """When the token ends whose rights `by` uses, itself or through a session; None for never."""
        principal = by.principal if isinstance(by, Requester) else by
        root = principal.root if isinstance(principal, Principal) else principal
        kind, _, ident = root.partition(":")
        rows = await self._read(self._sql("token", id=ident)) if kind == "token" else []
        return rows[0]["expires_at"] if rows else None

    async def list(self) -> list[TokenRecord]:
        """Every token, newest first, the revoked ones included."""
        return [_record(row) for row in await self._read(self._sql("tokens"))]

    async def any_live(self) -> bool:
        """Whether at least one token would be accepted: an exposed server needs one."""
        return bool((await self._read(self._sql("live_tokens", now=self._clock.now())))[0]["n"])

    async def revoke(self, ident: str, by: By) -> None:
        """End a token, at once in this process and within a second in others. Raises NotFound; idempotent."""
        rows = await self._read(self._sql("token", id=ident))
        if not rows:
            raise NotFound("no such token")
        if rows[0]["revoked_at"] is None:
            end = self._sql("revoke_token", id=ident, now=self._clock.now(), by=name_of(by))
            await self._write([end, self._audit.statement(by, None, "token.revoked", ident)])
        self._forget(ident)

    def cached(self, text: str) -> Principal | None:
        """The principal of a token that was checked a moment ago, without touching the database."""
        match = _TOKEN.fullmatch(text)
        known = self._known.get(match[1]) if match else None
        if match is None or known is None or known.until < self._clock.monotonic():
            return None
        if not credentials.same(text, known.hash) or _past(known.expires_at, now := self._clock.now()):
            return None
        self._used[match[1]] = now
        return known.principal

    async def check(self, text: str) -> Principal | None:
        """Who presents this token; None for one that is malformed, unknown, wrong, expired or revoked."""
        principal = self.cached(text)
        if principal is not None:
            await self._note_use()
            return principal
        match = _TOKEN.fullmatch(text)
        rows = await self._read(self._sql("token", id=match[1] if match else ""))
        row = rows[0] if rows else None
        if not credentials.same(text, row["hash"] if row else None) or row is None:
            return None
        now = self._clock.now()
        if row["revoked_at"] is not None or _past(row["expires_at"], now):
            self._forget(row["id"])
            return None
        self._used[row["id"]] = now
        await self._note_use()
        return self._learn(row)

    async def sweep(self, idents: frozenset[str]) -> None:
        """Look again at tokens that hold something open, and tell of those that another process revoked."""
        if idents:
            ids = msgspec.json.encode(list(idents)).decode()
            for row in await self._read(self._sql("ended_tokens", ids=ids, now=self._clock.now())):
                self._forget(row["id"])

    async def prune(self) -> None:
        """Remove tokens that ended long ago; the log for people keeps their lines."""
        await self._write([self._sql("prune_tokens", before=self._clock.now() - ENDED_KEPT)])

    async def flush(self) -> None:
        """Write when tokens were last used; for the minute's batch, and for a clean stop."""
        used, self._used = self._used, {}
        self._touched = self._clock.monotonic()
        if used:
            await self._write([self._sql("touch_token", id=ident, now=at) for ident, at in used.items()])

    async def _note_use(self) -> None:
        if self._clock.monotonic() - self._touched < _TOUCH_EVERY:
            return
        with contextlib.suppress(StorageError):  # a full disk must not lock people out
            await self.flush()

    def _learn(self, row: Any) -> Principal:
        permissions, workspaces = credentials.unpack(row)
        principal = Principal(f"token:{row['id']}", permissions, workspaces, row["id"])
        if len(self._known) >= _CACHE:
            self._known.clear()
        until = self._clock.monotonic() + _FRESH
        self._known[row["id"]] = _Known(principal, bytes(row["hash"]), row["expires_at"], until)
        return principal

    def forget_all(self) -> None:
        """Another process changed tokens: each is looked up again when it is next presented."""
        self._known.clear()

    def _forget(self, ident: str) -> None:
        self._known.pop(ident, None)
        for callback in self._callbacks:
            callback(ident)

    def _refuse_bad(
        self,
        name: str,
        permissions: frozenset[Permission],
        workspaces: frozenset[int] | None,
        expires_at: int | None,
    ) -> None:
        errors = []
        if not name.strip() or len(name) > 100 or not name.isprintable():
            errors.append(FieldError("name", "must be 1 to 100 printable characters"))
        if not permissions or not permissions <= ALL:
            errors.append(FieldError("permissions", f"must be some of {', '.join(sorted(ALL))}"))
        if workspaces is not None and not workspaces:
            errors.append(FieldError("workspaces", "must name a workspace, or be left out for all"))
        if expires_at is not None and expires_at < self._clock.now() + SECOND:
            errors.append(FieldError("expires_at", "must be in the future"))
        if errors:
            raise InvalidMessage("the token can't be made as asked", errors=errors)


def _past(expires_at: int | None, now: int) -> bool:
    return expires_at is not None and expires_at <= now


def _numbers(workspaces: frozenset[int] | None) -> list[int] | None:
    return None if workspaces is None else sorted(workspaces)


def _moment(at: int | None) -> str | None:
    return None if at is None else rfc3339(at)


def _record(row: Any) -> TokenRecord:
    permissions, workspaces = credentials.unpack(row)
    return TokenRecord(
        id=row["id"], name=row["name"], permissions=sorted(permissions), workspaces=_numbers(workspaces),
        created_at=rfc3339(row["created_at"]), created_by=row["created_by"],
        expires_at=_moment(row["expires_at"]), last_used_at=_moment(row["last_used_at"]),
        revoked_at=_moment(row["revoked_at"]),
    )  # fmt: skip
