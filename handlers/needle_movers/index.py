"""The needle movers of a workspace in memory, to match spans with, and the thresholds that hold there.

They are read once and then brought up to date by what has changed since: `needle_movers.changed` tells, in whichever
process it was changed. The workspaces used last are kept, within `KEPT_BYTES`.
"""

import asyncio
from collections import OrderedDict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from sys import intern
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

import numpy as np
from needlework.bus.clock import SECOND
from needlework.bus.context import Context
from needlework.handlers.needle_movers import store
from needlework.handlers.needle_movers.crowd import Candidate, Crowd
from needlework.handlers.needle_movers.matching import Said, Verdict, keys_in, verdict
from needlework.handlers.text.bm25 import words
from needlework.handlers.text.encoder import shared_encoder
from needlework.handlers.text.hashing import Float

if TYPE_CHECKING:
    from needlework.bus.bus import Bus

EXAMPLES = 50
"""Pieces of evidence of one mover that are matched with, the latest ones."""
KEPT_BYTES = 64 << 20
"""Of the workspaces that are not matched in just now; the one that is, is kept whole."""
OLDEST = 3600 * SECOND
"""What was not looked at for so long is read anew: of a mover that is deleted for good no change can tell."""


@dataclass
class Index:
    """What spans are matched with, as of one revision of the workspace's matching."""

    crowd: Crowd
    revision: int
    definitions: int
    link_at: float
    suggest_at: float

    def verdict(self, said: Said) -> Verdict:
        """What becomes of a span."""
        return verdict(said, self.crowd, self.link_at, self.suggest_at)


@dataclass
class _Kept:
    """The movers of one workspace, as of the greatest `changed` that was read."""

    crowd: Crowd = field(default_factory=Crowd)
    changed: int = -1
    at: int = 0
    reading: asyncio.Lock = field(default_factory=asyncio.Lock)
    turn: asyncio.Lock = field(default_factory=asyncio.Lock)


_kept: WeakKeyDictionary["Bus", OrderedDict[int, _Kept]] = WeakKeyDictionary()


@asynccontextmanager
async def turn(ctx: Context) -> AsyncIterator[None]:
    """One span after the other in a workspace: of two at once, one would find the other faster, and begin anew."""
    async with _of(ctx).turn:
        yield


async def load(ctx: Context) -> Index:
    """The movers that evidence may be linked to: all but merged and purged ones, those of this encoder.

    The state is read first: what changes after it is seen by the guard on its revision. What comes back is true until
    the next `await`: whoever loads next brings the same crowd up to date.
    """
    kept = _of(ctx)
    async with kept.reading:
        state = await ctx.db.one(store.sql("read_state", workspace=ctx.workspace.id))
        if ctx.now - kept.at > OLDEST:
            kept.crowd, kept.changed = Crowd(), -1
        await _bring_up_to_date(ctx, kept)
        kept.at = ctx.now
    if state is None:
        return Index(kept.crowd, 0, 0, store.LINK_AT, store.SUGGEST_AT)
    numbers = {name: state[name] for name in ("revision", "definitions", "link_at", "suggest_at")}
    return Index(kept.crowd, **numbers)


def _of(ctx: Context) -> _Kept:
    """What is kept of this workspace; others give way to it, those first that were not used for longest."""
    spaces = _kept.setdefault(ctx.bus, OrderedDict())
    kept = spaces.setdefault(ctx.workspace.id, _Kept())
    spaces.move_to_end(ctx.workspace.id)
    total = sum(each.crowd.size for each in spaces.values()) if len(spaces) > 1 else 0
    for workspace in list(spaces)[:-1]:
        if total <= KEPT_BYTES:
            break
        if not (spaces[workspace].reading.locked() or spaces[workspace].turn.locked()):
            total -= spaces.pop(workspace).crowd.size
    return kept


async def _bring_up_to_date(ctx: Context, kept: _Kept) -> None:
    values = {"workspace": ctx.workspace.id, "changed": kept.changed}
    rows = await ctx.db.all(store.sql("index_movers", **values))
    if not rows:
        return
    encoder = shared_encoder().id
    evidence = await ctx.db.all(store.sql("index_evidence", most=EXAMPLES, encoder=encoder, **values))
    movers = {row["id"]: _candidate(row) for row in rows if row["stands"] and row["encoder"] == encoder}
    for row in evidence:
        if row["needle_mover_id"] in movers:
            _add(movers[row["needle_mover_id"]], row)
    for row in rows:  # from here on without an `await`: nobody sees half of it
        if row["id"] in movers:
            kept.crowd.put(movers[row["id"]])
        else:
            kept.crowd.drop(row["id"])
    kept.changed = max(row["changed"] for row in rows)


def _candidate(row: store.Row) -> Candidate:
    text = f"{row['title']} {row['description']} {row['summary_user'] or row['summary_short']}"
    return Candidate(row["id"], row["title"], row["kind"], vector(row), _words(text), store.rules_of(row), {})


def _add(mover: Candidate, row: store.Row) -> None:
    if row["state"] == "rejected":
        mover.rejected.add(row["span_id"])
        return
    mover.examples = {**mover.examples, row["span_id"]: vector(row)}
    mover.words += _words(row["quote"])
    if row["account_id"] is not None:
        mover.accounts.add(row["account_id"])
    if row["decided_by"] is not None:
        mover.confirmed.add(row["content_id"])


def _words(text: str) -> list[str]:
    """Words come again in many movers: each is held once."""
    return [intern(word) for word in words(text)]


def said_of(row: store.Row) -> Said:
    """A stored span, to be matched."""
    return Said(
        row["id"],
        row["quote"],
        vector(row),
        row["label_key"],
        row["content_id"],
        row["account_id"],
        keys_in(row["quote"], row["external_id"]),
    )


def vector(row: Any) -> Float:
    """The vector of a row."""
    return np.frombuffer(row["vector"], dtype=np.float32)
