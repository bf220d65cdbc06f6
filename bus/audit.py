"""The log for people: who changed what, and what was done outside. Append-only; no secrets, no bodies."""

from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from needlework.bus.clock import Clock, rfc3339
from needlework.bus.principals import By, Principal, Requester, name_of
from needlework.bus.sql import Queries, Statement

if TYPE_CHECKING:
    from needlework.bus.workspaces import Workspace

Read = Callable[[Statement], Awaitable[Sequence[Any]]]
"""Rows of one statement, from a committed snapshot."""
Write = Callable[[list[Statement]], Awaitable[None]]
"""Commit some statements together; raises GuardFailed where one did not change the rows that it must."""

_LONGEST = 500
_TOP = (1 << 63) - 1


class Audit:
    """Writes and reads the log. `statement` is for callers that commit the line with their change."""

    def __init__(self, read: Read, write: Write, clock: Clock) -> None:
        self._read, self._write, self._clock = read, write, clock
        self._sql = Queries(Path(__file__).parent / "sqlite" / "audit.sql")

    def statement(
        self,
        by: By,
        workspace: "Workspace | int | str | None",
        action: str,
        target: str,
        outcome: str = "done",
        *,
        detail: str = "",
    ) -> Statement:
        """The line as a statement, for the unit that makes the change.

        `workspace` by name where that very unit makes it: it has no number before.
        """
        request = by if isinstance(by, Requester) else None
        principal = by.principal if isinstance(by, Requester) else by
        return self._sql(
            "add_entry_by_name" if isinstance(workspace, str) else "add_entry",
            at=self._clock.now(),
            principal=_short(name_of(by)),
            token_id=principal.token_id if isinstance(principal, Principal) else None,
            workspace=workspace if workspace is None or isinstance(workspace, int | str) else workspace.id,
            action=_short(action),
            target=_short(target),
            outcome=_short(outcome),
            detail=_short(detail),
            request_id=request.request_id if request else None,
            origin=_short(request.origin) if request and request.origin else None,
        )

    async def record(
        self,
        by: By,
        workspace: "Workspace | int | None",
        action: str,
        target: str,
        outcome: str = "done",
        *,
        detail: str = "",
    ) -> None:
        """Write one line by itself, for what changes nothing else (a refusal, an action outside)."""
        await self._write([self.statement(by, workspace, action, target, outcome, detail=detail)])

    async def list(
        self,
        workspace: "Workspace | int | None",
        *,
        limit: int = 50,
        cursor: str | None = None,
        action: str | None = None,
        principal: str | None = None,
        start: int = 0,
        end: int = _TOP,
        reader: str | None = None,
    ) -> dict[str, Any]:
        """A page of the log, newest first: `{"items": […], "next_cursor": …}`. None for every workspace.

        `reader` is the name of who asks: that an operator held work is told to all, which one and from where only to
        those who see every workspace; what is no workspace's else (tokens, sessions, denials) to those of them who may
        change who has access. None is one of them.
        `action` and `principal` are whole, or beginnings that end in `*`; times are microseconds UTC.
        """
        before = int(cursor) if cursor is not None and cursor.isascii() and cursor.isdigit() else _TOP
        before = min(before, _TOP)
        asked: dict[str, Any] = {
            "before": before, "limit": limit + 1, "action": _pattern(action), "principal": _pattern(principal),
            "start": start, "end": end,
        }  # fmt: skip
        if workspace is None:
            rows = await self._read(self._sql("all_entries", **asked))
        else:
            number = workspace if isinstance(workspace, int) else workspace.id
            sees = dict((await self._read(self._sql("sees", name=reader or "")))[0])
            rows = await self._read(self._sql("entries", workspace=number, **sees, **asked))
        items = [{**dict(row), "at": rfc3339(row["at"])} for row in rows[:limit]]
        return {"items": items, "next_cursor": str(items[-1]["id"]) if len(rows) > limit else None}


def _pattern(text: str | None) -> str | None:
    """A GLOB of which only a last `*` means something."""
    if text is None:
        return None
    stem, star = (text[:-1], "*") if text.endswith("*") else (text, "")
    return "".join(f"[{letter}]" if letter in "*?[" else letter for letter in stem) + star


def _short(text: str) -> str:
    """At most some hundred characters on one line: a log that a caller can flood or forge is no log."""
    line = "".join(letter if letter.isprintable() else "�" for letter in text[:_LONGEST])
    return line.encode("utf-8", "replace").decode()
