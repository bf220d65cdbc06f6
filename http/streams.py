"""The open streams of this process: how many each workspace has, and which ones end with a token."""

import asyncio
import contextlib
import logging
from collections import Counter
from collections.abc import Iterator

import anyio
from needlework.bus.errors import NeedleworkError
from needlework.http.callers import People
from needlework.http.problems import Problem
from needlework.http.routes import Caller
from needlework.http.settings import HttpSettings

logger = logging.getLogger("needlework.http")


class OpenStream:
    """One open stream, and how to end it from outside."""

    __slots__ = ("farewell", "scope")

    def __init__(self) -> None:
        self.scope = anyio.CancelScope()
        self.farewell = b""

    def end(self, farewell: bytes) -> None:
        """Stop it; `farewell` is the last thing that its reader gets."""
        self.farewell = farewell
        self.scope.cancel()


class Streams:
    """All open streams of this process: counted per workspace, found by the token that opened them."""

    def __init__(self, people: People, settings: HttpSettings) -> None:
        self.settings = settings
        self._people = people
        self._counts: Counter[int] = Counter()
        self._by_owner: dict[str, set[OpenStream]] = {}
        self._open: set[OpenStream] = set()
        self._poll: asyncio.Task[None] | None = None
        people.tokens.on_revoke(lambda ident: self.revoke(f"token:{ident}"))
        people.sessions.on_end(lambda ident: self.revoke(f"session:{ident}"))

    def __len__(self) -> int:
        return len(self._open)

    def count(self, workspace: int | None) -> int:
        """How many are open in one workspace, or in all."""
        return len(self._open) if workspace is None else self._counts[workspace]

    def check(self, caller: Caller) -> None:
        """Raises Problem 429 where the workspace has as many streams as it may have."""
        if self._counts[caller.workspace.id] >= self.settings.streams_per_workspace:
            detail = f"this workspace has {self.settings.streams_per_workspace} open streams, which is the most"
            raise Problem(429, "too_many_streams", detail, retry_after=5)

    @contextlib.contextmanager
    def opened(self, caller: Caller) -> Iterator[OpenStream]:
        """A stream's place, held while it is open."""
        self.check(caller)
        entry, workspace = OpenStream(), caller.workspace.id
        owner = caller.principal.name if caller.principal.token_id is not None else None
        self._counts[workspace] += 1
        self._open.add(entry)
        if owner is not None:
            self._by_owner.setdefault(owner, set()).add(entry)
            self._start_polling()
        try:
            yield entry
        finally:
            self._open.discard(entry)
            self._counts[workspace] -= 1
            if owner is not None:
                self._by_owner[owner].discard(entry)
                if not self._by_owner[owner]:
                    del self._by_owner[owner]

    def revoke(self, owner: str) -> None:
        """End the streams that principal `owner` (`token:<id>`, `session:<id>`) opened."""
        for entry in list(self._by_owner.get(owner, ())):
            entry.end(b'event: reset\ndata: {"reason":"revoked"}\n\n')

    def close(self) -> None:
        """End every stream with a hint to come back: the server stops."""
        for entry in list(self._open):
            entry.end(b"retry: %d\n: the server stops\n\n" % self.settings.stream_retry)
        if self._poll is not None:
            self._poll.cancel()
            self._poll = None

    def _start_polling(self) -> None:
        """Look for tokens that another process revoked, while some token holds a stream open."""
        if self._poll is None or self._poll.done():
            self._poll = asyncio.ensure_future(self._look())

    async def _look(self) -> None:
        while self._by_owner:
            await asyncio.sleep(self.settings.revocation_poll)
            try:
                await self._people.tokens.sweep(self._idents("token:"))
                await self._people.sessions.sweep(self._idents("session:"))
            except NeedleworkError as error:
                logger.warning("revoked tokens could not be looked for: %s", error)

    def _idents(self, kind: str) -> frozenset[str]:
        return frozenset(owner.removeprefix(kind) for owner in self._by_owner if owner.startswith(kind))
