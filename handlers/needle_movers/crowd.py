"""All needle movers of a workspace at once: how near each is to a span, in meaning and in words. Pure.

What `themes.similarity` and BM25 say of one mover, said of thousands by a few operations on arrays. One that changed is
put in again; nothing else is computed anew.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from needlework.handlers.needle_movers.messages import MatchingRules
from needlework.handlers.text.bm25 import LiveBM25
from needlework.handlers.text.hashing import Double, Float, Int
from needlework.handlers.text.themes import CENTROID_SHARE, ENOUGH, Theme, similarity

BLOCK = 256
"""Vectors that are kept together."""


@dataclass
class Candidate:
    """A needle mover to match with, and what is linked to it."""

    id: str
    title: str
    kind: str
    name: Float
    words: list[str]
    rules: MatchingRules = field(default_factory=MatchingRules)
    examples: Mapping[str, Float] = field(default_factory=dict)
    """By span id, so that a span is never its own example."""
    accounts: set[str] = field(default_factory=set)
    confirmed: set[str] = field(default_factory=set)
    """Conversations and notes in which a person confirmed evidence."""
    rejected: set[str] = field(default_factory=set)
    """Spans that a person rejected."""

    def theme(self, without: str) -> Theme:
        """The mover as a theme, without one span among its examples."""
        rows = [vector for span, vector in self.examples.items() if span != without]
        examples = np.stack(rows) if rows else np.empty((0, len(self.name)), dtype=np.float32)
        return Theme(self.name, examples, self.words)

    @property
    def middle(self) -> Float:
        """[dim]: the direction of its name and all its examples."""
        whole = np.stack([self.name, *self.examples.values()]).mean(axis=0)
        return np.asarray(whole / max(float(np.linalg.norm(whole)), 1e-9))

    @property
    def ruled(self) -> bool:
        """Whether people said anything of what belongs to it."""
        return bool(self.confirmed or self.rejected) or self.rules != MatchingRules()


class Crowd:
    """Candidates by their places, which they keep; a mover that is gone leaves an empty one."""

    def __init__(self, candidates: Iterable[Candidate] = ()) -> None:
        self._members: list[Candidate | None] = []
        self._places: dict[str, int] = {}
        self._ruled: set[int] = set()
        self._empty: set[int] = set()
        self._middles = np.empty((0, 0), dtype=np.float32)
        self._words = LiveBM25()
        self._examples = _Examples()
        for each in candidates:
            self.put(each)

    def __len__(self) -> int:
        return len(self._members) - len(self._empty)

    def placed(self) -> Iterator[tuple[int, Candidate]]:
        """All of them with their places."""
        return ((place, each) for place, each in enumerate(self._members) if each is not None)

    @property
    def size(self) -> int:
        """Bytes that it takes, about."""
        return self._middles.nbytes + self._words.size + self._examples.size + 2000 * len(self._members)

    @property
    def ruled(self) -> list[tuple[int, Candidate]]:
        """Those of which people said what belongs to them, with their places."""
        found = ((place, self._members[place]) for place in sorted(self._ruled))
        return [(place, each) for place, each in found if each is not None]

    def at(self, place: int) -> Candidate:
        """The one at a place."""
        found = self._members[place]
        assert found is not None, "an empty place is never chosen"
        return found

    def find(self, id: str) -> Candidate | None:
        """The one with this id."""
        place = self._places.get(id)
        return None if place is None else self._members[place]

    def put(self, given: Candidate) -> None:
        """A new one, or what one is now."""
        place = self._places.setdefault(given.id, len(self._members))
        if place == len(self._members):
            self._members.append(None)
            self._make_room(place, len(given.name))
        given.examples = self._examples.put(place, given.examples)
        self._middles[place] = given.middle
        self._words.put(place, given.words)
        self._members[place] = given
        self._empty.discard(place)
        (self._ruled.add if given.ruled else self._ruled.discard)(place)

    def drop(self, id: str) -> None:
        """It is gone."""
        place = self._places.get(id)
        if place is not None:
            self._members[place] = None
            self._examples.put(place, {})
            self._words.put(place, ())
            self._ruled.discard(place)
            self._empty.add(place)

    def middles(self) -> Float:
        """[places, dim]: each one's direction; that of an empty place means nothing."""
        return self._middles[: len(self._members)]

    def left_out(self, places: Iterable[int]) -> frozenset[int]:
        """`places` and the empty ones."""
        return frozenset(self._empty.union(places))

    def near(self, vector: Float, without: str) -> Double:
        """[places]: `themes.similarity` of a vector with each, the span `without` being nobody's example."""
        found = self.middles() @ vector
        nearest = self._examples.nearest(vector)
        if nearest is not None:
            places, means = nearest
            found[places] = CENTROID_SHARE * found[places] + (1 - CENTROID_SHARE) * means
        whole = found.astype(np.float64)
        for place in self._examples.owners(without):
            whole[place] = similarity(vector[None, :], self.at(place).theme(without))[0]
        return whole

    def lexical(self, query: Sequence[str], without: Collection[int]) -> Double:
        """[places]: BM25 of each over all but those at `without`."""
        return self._words.scores(query, without)

    def _make_room(self, place: int, dim: int) -> None:
        if place >= len(self._middles):
            grown = np.zeros((max(16, place + place // 4 + 1), dim), dtype=np.float32)
            grown[:place] = self._middles.reshape(-1, dim)[:place]
            self._middles = grown


class _Examples:
    """The examples of all candidates in blocks that never move, so that what is told of them stays true."""

    def __init__(self) -> None:
        self._blocks: list[Float] = []
        self._free: list[int] = []
        self._slots: dict[int, dict[str, int]] = {}
        """By place: span -> where its vector stands."""
        self._owners: dict[str, list[int]] = {}
        self._ready: tuple[Int, Int, Int] | None = None

    @property
    def size(self) -> int:
        return sum(block.nbytes for block in self._blocks) + 250 * len(self._owners)

    def owners(self, span: str) -> list[int]:
        """The places of whose examples a span is one."""
        return self._owners.get(span, [])

    def put(self, place: int, given: Mapping[str, Float]) -> dict[str, Float]:
        """What the one at a place has now: the vectors as they stand here."""
        slots = self._slots.setdefault(place, {})
        self._ready = None
        for span in slots.keys() - given.keys():
            self._free.append(slots.pop(span))
            self._owners[span].remove(place)
            if not self._owners[span]:
                del self._owners[span]
        for span in given.keys() - slots.keys():
            slots[span] = self._slot(len(given[span]))
            self._owners.setdefault(span, []).append(place)
        kept = {}
        for span, vector in given.items():
            kept[span] = self._blocks[slots[span] // BLOCK][slots[span] % BLOCK]
            kept[span][:] = vector
        self._slots[place] = {span: slots[span] for span in given}
        return kept

    def nearest(self, vector: Float) -> tuple[Int, Float] | None:
        """Places with examples enough, and the mean cosine of the two nearest of each."""
        places, starts, order = self._ready or self._arranged()
        if not len(places):
            return None
        values = np.concatenate([block @ vector for block in self._blocks])[order]
        first = np.maximum.reduceat(values, starts)
        lengths = np.diff(np.append(starts, len(values)))
        top = values == np.repeat(first, lengths)
        second = np.maximum.reduceat(np.where(top, np.float32(-2), values), starts)
        twice = np.add.reduceat(top, starts, dtype=np.int64) > 1
        return places, ((first + np.where(twice, first, second)) / 2).astype(np.float32)

    def _arranged(self) -> tuple[Int, Int, Int]:
        """Places with examples enough, where those of each begin in the third, and where they stand in the blocks."""
        enough = [(place, list(slots.values())) for place, slots in self._slots.items() if len(slots) >= ENOUGH]
        lengths = [len(slots) for _, slots in enough]
        starts = np.concatenate(([0], np.cumsum(lengths)[:-1])).astype(np.int64) if enough else np.zeros(0, np.int64)
        order = np.fromiter((slot for _, slots in enough for slot in slots), dtype=np.int64, count=sum(lengths))
        self._ready = np.array([place for place, _ in enough], dtype=np.int64), starts, order
        return self._ready

    def _slot(self, dim: int) -> int:
        if not self._free:
            start = len(self._blocks) * BLOCK
            self._blocks.append(np.zeros((BLOCK, dim), dtype=np.float32))
            self._free = list(range(start + BLOCK - 1, start - 1, -1))
        return self._free.pop()
