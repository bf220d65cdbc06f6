"""The needle movers of a workspace in memory, to match spans with, and the thresholds that hold there."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from needlework.bus.context import Context
from needlework.handlers.needle_movers import store
from needlework.handlers.needle_movers.matching import Candidate, Said, Verdict, keys_in, verdict
from needlework.handlers.text.bm25 import words
from needlework.handlers.text.encoder import shared_encoder
from needlework.handlers.text.hashing import Float

EXAMPLES = 50
"""Pieces of evidence of one mover that are matched with, the latest ones."""


@dataclass
class Index:
    """What spans are matched with, as of one revision of the workspace's matching."""

    candidates: list[Candidate]
    revision: int
    definitions: int
    link_at: float
    suggest_at: float

    def verdict(self, said: Said) -> Verdict:
        """What becomes of a span."""
        return verdict(said, self.candidates, self.link_at, self.suggest_at)


async def load(ctx: Context) -> Index:
    """The movers that evidence may be linked to: all but merged and purged ones, those of this encoder.

    The state is read first: what changes after it is seen by the guard on its revision.
    """
    state = await ctx.db.one(store.sql("read_state", workspace=ctx.workspace.id))
    values = {"workspace": ctx.workspace.id, "encoder": shared_encoder().id}
    movers = {row["id"]: _candidate(row) for row in await ctx.db.all(store.sql("index_movers", **values))}
    for row in await ctx.db.all(store.sql("index_evidence", most=EXAMPLES, **values)):
        _add(movers[row["needle_mover_id"]], row)
    if state is None:
        return Index(list(movers.values()), 0, 0, store.LINK_AT, store.SUGGEST_AT)
    numbers = {name: state[name] for name in ("revision", "definitions", "link_at", "suggest_at")}
    return Index(list(movers.values()), **numbers)


def _candidate(row: store.Row) -> Candidate:
    text = f"{row['title']} {row['description']} {row['summary_user'] or row['summary_short']}"
    return Candidate(row["id"], row["title"], row["kind"], vector(row), words(text), store.rules_of(row))


def _add(mover: Candidate, row: store.Row) -> None:
    if row["state"] == "rejected":
        mover.rejected.add(row["span_id"])
        return
    mover.examples[row["span_id"]] = vector(row)
    mover.words += words(row["quote"])
    if row["account_id"] is not None:
        mover.accounts.add(row["account_id"])
    if row["decided_by"] is not None:
        mover.confirmed.add(row["content_id"])


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
