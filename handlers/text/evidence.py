"""Which turn of a conversation answers a question: words, meaning, what was spoken about around it, who speaks.

The numbers (`evidence.json`) are trained by `benchmarks/training/evidence.py` on meetings for which people marked what
answers a question. Each column is in standard deviations over the turns of the conversation, so that no number depends
on its length or subject.
"""

import json
from collections.abc import Sequence
from functools import lru_cache
from itertools import chain
from pathlib import Path
from typing import NamedTuple

import numpy as np
from needlework.handlers.text.bm25 import BM25, words
from needlework.handlers.text.encoder import Encoder
from needlework.handlers.text.hashing import Double
from needlework.handlers.text.logistic import softmax
from needlework.handlers.text.question import ASKING, name_parts, naming, parted
from needlework.handlers.text.summarise import Sentence, Turn, split

NUMBERS = Path(__file__).with_name("evidence.json")
COLUMNS = (
    "cosine", "cosine of the core", "cosine of the focus", "words", "focus' words, 3 around", "core's words, 8 around",
    "1 around", "25 around", "focus, 1 around", "frame, 3 around", "frame, 25 around", "like the whole", "length",
    "speaker named", "speaker named, cosine", "speaker named, length",
)  # fmt: skip
BESIDE, LESS = 4, 1.0
"""What is said within so many turns of a better answer belongs to it, and counts by so much less (of a logarithm)."""


class Found(NamedTuple):
    """A turn by its number, its sentence nearest to the question, and its share of 1 among all turns."""

    turn: int
    start: int
    end: int
    score: float


class Evidence:
    """A conversation, ready to be asked."""

    def __init__(self, turns: Sequence[Turn], encoder: Encoder) -> None:
        self.turns, self._encoder = turns, encoder
        self._found: list[Sentence] = split(turns)
        self._vectors = encoder.encode([each.text for each in self._found])
        self._owner = np.array([each.turn for each in self._found], dtype=np.int64)
        self._names = [name_parts(turn.speaker) for turn in turns]
        self._length = _standard(np.log1p([float(len(turn.text.split())) for turn in turns]))
        said = [words(turn.text) for turn in turns]
        self._said = BM25([[*words(turn.speaker), *own] for turn, own in zip(turns, said, strict=True)])
        self._around_said = {reach: BM25(_joined(said, reach)) for reach in (3, 8)}
        self._around = {reach: self._mean(reach) for reach in (0, 1, 3, 25)} if self._found else {}

    def ask(self, question: str, most: int = 10) -> list[int]:
        """The turns that answer best, by number, the best first (see `spread`)."""
        return [each.turn for each in self.find(question, most)]

    def find(self, question: str, most: int = 10) -> list[Found]:
        """The same, with the sentence to show; turns without a sentence of three words are left out."""
        if not self._found:
            return []
        scores = self.scores(question)
        near = self._vectors @ self._encoder.encode([question])[0]
        scores[np.setdiff1d(np.arange(len(scores)), self._owner)] = -np.inf
        shares = softmax(scores[None, :])[0]
        best = [
            self._found[max(np.flatnonzero(self._owner == turn), key=lambda at: near[at])]
            for turn in spread(scores, most)
        ]
        return [Found(each.turn, each.start, each.end, float(shares[each.turn])) for each in best]

    def scores(self, question: str) -> Double:
        """[turns]: how well each answers, as the logarithm of odds among them."""
        return np.asarray(self.rows(question) @ shipped())

    def rows(self, question: str) -> Double:
        """[turns, columns]: what the score is made of."""
        if not self._found:
            return np.zeros((len(self.turns), len(COLUMNS)))
        asked = parted(question, self._names)
        whole, core, focus, frame = self._encoder.encode(list(asked))
        cosine, named = _standard(self._best(whole)), naming(question, self._names)
        own = [word for word in words(question) if word not in ASKING]
        centre = self._vectors.mean(axis=0)
        columns = [
            cosine, _standard(self._best(core)), _standard(self._best(focus)),
            _standard(self._said.scores(own)),
            _standard(self._around_said[3].scores(words(asked.focus))),
            _standard(self._around_said[8].scores(words(asked.core))),
            _standard(self._around[1] @ whole), _standard(self._around[25] @ whole),
            _standard(self._around[1] @ focus),
            _standard(self._around[3] @ frame), _standard(self._around[25] @ frame),
            _standard(self._around[0] @ centre), self._length, named, named * cosine, named * self._length,
        ]  # fmt: skip
        return np.stack(columns, axis=1)

    def _best(self, vector: Double) -> Double:
        """[turns]: the cosine of each turn's nearest sentence."""
        best = np.full(len(self.turns), -1.0)
        np.maximum.at(best, self._owner, self._vectors @ vector)
        best[best == -1.0] = min(0.0, float(best[best > -1.0].min()))
        return best

    def _mean(self, reach: int) -> Double:
        """[turns, d]: the direction of the sentences of a turn and of so many turns before and after it."""
        sums = np.zeros((len(self.turns), self._encoder.dim))
        np.add.at(sums, self._owner, self._vectors)
        total = np.concatenate((np.zeros((1, sums.shape[1])), np.cumsum(sums, axis=0)))
        place = np.arange(len(self.turns))
        near = total[np.minimum(place + reach + 1, len(place))] - total[np.maximum(place - reach, 0)]
        return np.asarray(near / np.maximum(np.linalg.norm(near, axis=1, keepdims=True), 1e-9))


@lru_cache(maxsize=1)
def shipped() -> Double:
    """[columns]: the weights in the package."""
    read: dict[str, float] = json.loads(NUMBERS.read_text())
    return np.array([read[name] for name in COLUMNS])


def spread(scores: Double, most: int) -> list[int]:
    """The best places, by number: what lies near a better one counts less, once; what is -inf is no place."""
    left, near = scores.copy(), np.zeros(len(scores), dtype=bool)
    chosen: list[int] = []
    while len(chosen) < min(most, len(scores)):
        best = int(np.argmax(left))
        if left[best] == -np.inf:
            break
        chosen.append(best)
        beside = slice(max(0, best - BESIDE), best + BESIDE + 1)
        left[beside] -= np.where(near[beside], 0.0, LESS)
        near[beside] = True
        left[best] = -np.inf
    return chosen


def _joined(said: Sequence[Sequence[str]], reach: int) -> list[list[str]]:
    """The words of each turn and of so many before and after it."""
    return [list(chain.from_iterable(said[max(0, at - reach) : at + reach + 1])) for at in range(len(said))]


def _standard(values: Double) -> Double:
    spread = float(values.std())
    return np.asarray((values - values.mean()) / spread) if spread > 1e-12 else np.zeros_like(values)
