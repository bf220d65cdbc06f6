"""Which turn of a conversation answers a question: words, meaning, and what was spoken about around it."""

from collections.abc import Sequence

import numpy as np
from needlework.handlers.text.bm25 import BM25, words
from needlework.handlers.text.encoder import Encoder
from needlework.handlers.text.summarise import Sentence, Turn, split
from numpy.typing import NDArray

WEIGHTS = {"cosine": 1.0, "words": 0.3, "around": 0.6, "speaker": 0.5}
"""Of the four signals, each but the last in standard deviations over the turns of the conversation."""
AROUND = 3
_ASKING = frozenset(
    words(
        "discuss discussed discussion think thought thoughts group team meeting say said talk summarize summary opinion"
    )
)
Double = NDArray[np.float64]


class Evidence:
    """A conversation, ready to be asked."""

    def __init__(self, turns: Sequence[Turn], encoder: Encoder) -> None:
        self.turns, self._encoder = turns, encoder
        self._found: list[Sentence] = split(turns)
        self._vectors = encoder.encode([each.text for each in self._found])
        self._owner = np.array([each.turn for each in self._found], dtype=np.int64)
        self._index = BM25([words(f"{turn.speaker} {turn.text}") for turn in turns])
        self._near = self._around()

    def ask(self, question: str, most: int = 10) -> list[int]:
        """The turns that answer best, by number, the best first."""
        scores = self.scores(question)
        return [int(turn) for turn in np.argsort(-scores, kind="stable")[:most]]

    def scores(self, question: str) -> Double:
        """[turns]: how well each answers."""
        count = len(self.turns)
        if not self._found:
            return np.zeros(count)
        vector = self._encoder.encode([question])[0]
        best = np.full(count, -1.0)
        np.maximum.at(best, self._owner, self._vectors @ vector)
        best[best == -1.0] = min(0.0, float(best[best > -1.0].min()))
        lexical = self._index.scores([word for word in words(question) if word not in _ASKING])
        asked = question.lower()
        speaker = np.array([float(bool(turn.speaker) and turn.speaker.lower() in asked) for turn in self.turns])
        return (
            WEIGHTS["cosine"] * _standard(best)
            + WEIGHTS["words"] * _standard(np.asarray(lexical, dtype=np.float64))
            + WEIGHTS["around"] * _standard(np.asarray(self._near @ vector, dtype=np.float64))
            + WEIGHTS["speaker"] * speaker
        )

    def _around(self) -> NDArray[np.float32]:
        """[turns, d]: the mean of the sentences of a turn and of the three before and after it."""
        sums = np.zeros((len(self.turns), self._encoder.dim), dtype=np.float32)
        np.add.at(sums, self._owner, self._vectors)
        total = np.concatenate((np.zeros((1, sums.shape[1]), dtype=np.float32), np.cumsum(sums, axis=0)))
        place = np.arange(len(self.turns))
        near = total[np.minimum(place + AROUND + 1, len(place))] - total[np.maximum(place - AROUND, 0)]
        return np.asarray(near / np.maximum(np.linalg.norm(near, axis=1, keepdims=True), 1e-9), dtype=np.float32)


def _standard(values: Double) -> Double:
    spread = float(values.std())
    return (values - values.mean()) / spread if spread else np.zeros_like(values)
