"""BM25: how well the words of a query fit each of a few documents held in memory."""

import math
import re
from array import array
from collections import Counter
from collections.abc import Collection, Sequence
from sys import intern

import numpy as np
from numpy.typing import NDArray

K1, B = 1.2, 0.75
MAX_WORDS = 4_000
"""Words read of one document; what follows is not counted."""

_WORD = re.compile(r"[^\W_]+(?:['’][^\W_]+)?")
_ENDINGS = ("ingly", "edly", "ing", "ies", "ied", "ed", "es", "ly", "s")
_SHORTEST = 3
_STOP_WORDS = (
    "a about after all also am an and any are aren't as at be because been before being but by can can't "
    "cannot could did didn't do does doesn't doing don't down during each few for from get got had has "
    "hasn't have haven't having he her here hers him his how i i'd i'll i'm i've if in into is isn't it "
    "it's its just let me more most my no nor not now of off on once only or other our out over own "
    "please s same she should so some such t than that that's the their them then there these they this "
    "those through to too under until up us very was wasn't we we'd we'll we're we've were what when "
    "where which while who whom why will with won't would you you're your yours "
)
_STOP = frozenset(_STOP_WORDS.split())


def words(text: str) -> list[str]:
    """The words of a text that carry meaning, in small letters, without their English endings."""
    found = [match[0].lower().replace("’", "'") for match in _WORD.finditer(text)]
    return [_stem(word) for word in found[:MAX_WORDS] if word not in _STOP]


def _stem(word: str) -> str:
    """A small stemmer: equal for the forms of a word, whatever it is itself."""
    word = word.removesuffix("'s")
    for ending in _ENDINGS:
        if word.endswith(ending) and len(word) - len(ending) >= _SHORTEST and not word.endswith("ss"):
            word = word[: -len(ending)] + ("i" if ending in ("ies", "ied") else "")
            break
    if word.endswith("e") and len(word) > _SHORTEST:
        word = word[:-1]
    return word[:-1] + "i" if word.endswith("y") and len(word) > _SHORTEST else word


class BM25:
    """An index over documents, each given as its words (see `words`)."""

    def __init__(self, documents: Sequence[Sequence[str]]) -> None:
        self.size = len(documents)
        lengths = [len(document) for document in documents]
        average = sum(lengths) / self.size if sum(lengths) else 1.0
        counted = [Counter(document) for document in documents]
        frequency = Counter(word for counts in counted for word in counts)
        self._postings: dict[str, list[tuple[int, float]]] = {}
        for number, counts in enumerate(counted):
            norm = K1 * (1 - B + B * lengths[number] / average)
            for word, times in counts.items():
                rarity = math.log(1 + (self.size - frequency[word] + 0.5) / (frequency[word] + 0.5))
                weight = rarity * times * (K1 + 1) / (times + norm)
                self._postings.setdefault(word, []).append((number, weight))

    def scores(self, query: Sequence[str]) -> NDArray[np.float64]:
        """[documents]: 0 where no word of the query occurs; each word counts once."""
        found = np.zeros(self.size)
        for word in dict.fromkeys(query):
            for number, weight in self._postings.get(word, ()):
                found[number] += weight
        return found


class LiveBM25:
    """The same over documents that come and change, each at a place of its own; scores are those of a `BM25` made anew.

    Places are numbers from 0 without gaps.
    """

    def __init__(self) -> None:
        self._counts: list[dict[str, int]] = []
        self._lengths = array("q")
        self._postings: dict[str, array[int]] = {}
        """By word, the places of the documents that it is in."""

    @property
    def size(self) -> int:
        """Bytes that it takes, about."""
        return sum(64 + 36 * len(counts) for counts in self._counts) + 160 * len(self._postings)

    def put(self, place: int, document: Sequence[str]) -> None:
        """A document at a new place (the next one), or instead of the one that is there."""
        if place == len(self._counts):
            self._counts.append({})
            self._lengths.append(0)
        before, after = self._counts[place], dict(Counter(map(intern, document)))
        for word in before.keys() - after.keys():
            places = self._postings[word]
            places.remove(place)
            if not places:
                del self._postings[word]
        for word in after.keys() - before.keys():
            self._postings.setdefault(word, array("q")).append(place)
        self._counts[place], self._lengths[place] = after, len(document)

    def scores(self, query: Sequence[str], without: Collection[int] = ()) -> NDArray[np.float64]:
        """[places]: as `BM25.scores` where the documents at `without` are none; theirs mean nothing."""
        found = np.zeros(len(self._counts))
        size = len(self._counts) - len(without)
        total = sum(self._lengths) - sum(self._lengths[place] for place in without)
        average = total / size if total else 1.0
        for word in dict.fromkeys(query):
            places = self._postings.get(word, ())
            frequency = len(places) - sum(word in self._counts[place] for place in without)
            rarity = math.log(1 + (size - frequency + 0.5) / (frequency + 0.5))
            for place in places:
                times = self._counts[place][word]
                norm = K1 * (1 - B + B * self._lengths[place] / average)
                found[place] += rarity * times * (K1 + 1) / (times + norm)
        return found
