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

    def missing(self, spans: Sequence[str]) -> list[str]:
        """Those that are not here; the others are used now."""
        found = []
        for span in spans:
            if span in self._places:
                self._places.move_to_end(span)
            else:
                found.append(span)
        return found

    def put(self, span: str, vector: Float) -> None:
        """Keep one."""
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
        """Those of `spans` that are here, and a copy of their vectors [spans, dim]."""
        there = [span for span in spans if span in self._places]
        return there, self._rows[[self._places[span] for span in there]]


_kept: WeakKeyDictionary["Bus", _Vectors] = WeakKeyDictionary()


async def of_spans(ctx: Context, spans: Sequence[str]) -> tuple[list[str], Float]:
    """The vectors of spans, at most `MOST / 2` of them; a span that is gone meanwhile is left out."""
    kept = _kept.setdefault(ctx.bus, _Vectors())
    missing = kept.missing(spans)
    if missing:
        ids = msgspec.json.encode(missing).decode()
        for row in await ctx.db.all(store.sql("span_vectors", workspace=ctx.workspace.id, ids=ids)):
            kept.put(row["id"], np.frombuffer(row["vector"], dtype=np.float32))
    return kept.of(spans)
