"""The vectors of spans in memory: what a span says never changes, so neither does its vector."""

from collections import OrderedDict
from collections.abc import Sequence
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

import msgspec
import numpy as np
from needlework.bus.context import Context
from needlework.handlers.needle_movers import store
from needlework.handlers.text.hashing import Float

if TYPE_CHECKING:
    from needlework.bus.bus import Bus

MOST = 8_192
"""12 MiB at 384 numbers; those used last."""


class _Vectors:
    """Rows of one array, given to another span once theirs was not used for longest."""

    def __init__(self) -> None:
        self._rows = np.empty((0, 0), dtype=np.float32)
        self._places: OrderedDict[str, int] = OrderedDict()

    def put(self, span: str, vector: Float) -> None:
        """Keep one; another that missed it at the same time may have put it here already."""
        if span in self._places:
            return
        place = len(self._places)
        if place >= MOST:
            _, place = self._places.popitem(last=False)
        elif place >= len(self._rows):
            grown = np.empty((min(MOST, max(256, 2 * place)), len(vector)), dtype=np.float32)
            grown[:place] = self._rows.reshape(-1, len(vector))[:place]
            self._rows = grown
        self._rows[place] = vector
        self._places[span] = place

    def of(self, spans: Sequence[str]) -> tuple[list[str], Float]:
        """Those of `spans` that are here, used now, and a copy of their vectors [spans, dim]."""
        there = [span for span in spans if span in self._places]
        for span in there:
            self._places.move_to_end(span)
        return there, self._rows[[self._places[span] for span in there]]


_kept: WeakKeyDictionary["Bus", _Vectors] = WeakKeyDictionary()


async def of_spans(ctx: Context, spans: Sequence[str]) -> tuple[list[str], Float]:
    """The vectors of spans, in any order; a span that is gone meanwhile is left out.

    What is here is copied before the others are read: whoever asks meanwhile may push it out.
    """
    kept = _kept.setdefault(ctx.bus, _Vectors())
    there, places = kept.of(spans)
    known = set(there)
    missing = [span for span in spans if span not in known]
    if missing:
        ids = msgspec.json.encode(missing).decode()
        rows = await ctx.db.all(store.sql("span_vectors", workspace=ctx.workspace.id, ids=ids))
        read = [np.frombuffer(row["vector"], dtype=np.float32) for row in rows]
        for row, vector in zip(rows, read, strict=True):
            kept.put(row["id"], vector)
        if read:
            places = np.concatenate([places, read]) if there else np.array(read)
            there += [row["id"] for row in rows]
    return there, places
