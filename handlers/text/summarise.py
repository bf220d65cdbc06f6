"""Which sentences of a conversation tell best what it was about: a ridge over sentence features, then variety.

The numbers (`summary.json`) are trained by `benchmarks/training/summaries.py` on meetings whose summaries people
wrote. The features are counts, cosines and the sentence's vector, which helps on subjects it was not trained on too.
"""

import json
import math
import re
from collections import Counter
from collections.abc import Collection, Sequence
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

import numpy as np
from needlework.handlers.text.encoder import Encoder
from needlework.handlers.text.sentences import sentences
from needlework.handlers.text.speech import asks, content, defers, is_procedure, recaps
from numpy.typing import NDArray

NUMBERS = Path(__file__).with_name("summary.json")
Double = NDArray[np.float64]
MOST = 1_500
"""Sentences that are read, the longest of them; what is shorter says less and costs as much."""
LEAST_CONTENT, THIN = 3, 2.0
"""Words with a meaning of their own in a sentence that tells something, and how much one with fewer counts less."""
OPENING = 5
"""So many of them a sentence may hold and only greet or steer the talk."""
_NOISE = re.compile(r"\{[a-z]+\}|\[[a-z ]+\]|\b(?:um+|uh+|er+m?|mm-?hmm|hmm+|mm+|yeah|okay|ok)\b[ ,.]*", re.IGNORECASE)
_MARKS = re.compile(
    r"```.*?(?:```|$)|<?\bhttps?://\S+|\bwww\.\S+|(?<!\w):(?=[^:\s]{0,59}[a-z])[a-z0-9_+'-]{1,60}:(?!\w)"
)
"""Addresses and names of emoji, which tell nothing by themselves."""
_REPEATED = re.compile(r"\b(\w+(?: \w+)?)((?:[ ,]+\1)+)\b", re.IGNORECASE)
_SPACED = re.compile(r"\s+([,.?!;:])")
_WORD = re.compile(r"[a-z0-9][a-z0-9'-]*")
_STOP = (
    "a about all also am an and any are as at be been but by can could did do does don't for from get go going got had "
    "has have he her here him his how i i'd i'll i'm if in into is it it's its just know like maybe me mean more my no "
    "not now of on one or other our out really right said see she should so some sort stuff that that's the their them "
    "then there there's these they they're thing things think this those to up us very want was way we we're well were "
    "what when where which who why will with would you your"
)
STOP = frozenset(_STOP.split())
_CUES = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        r"\b(?:decid\w+|agree\w*|decision|conclu\w+|settle\w*|go with|went with|choose|chose)\b",
        r"\b(?:should|must|need(?:s|ed)? to|have to|has to|ought)\b",
        r"\b(?:we|i)(?:'ll| will|'re going to| are going to|'m going to)\b|\blet's\b",
        r"\?\s*$",
        r"\b(?:because|therefore|so that|in order to|the reason|since)\b",
        r"\b(?:problem|issue|concern|question|important|main|key|idea|suggest\w*|propos\w+|design|cost|report)\b",
        r"\b(?:but|however|although|instead|rather)\b",
        r"\d",
    )
)


class Turn(NamedTuple):
    """What somebody said at once."""

    speaker: str
    text: str


class Sentence(NamedTuple):
    """One sentence as it is shown, and the turn in which it was said: there it is `text[start:end]`."""

    turn: int
    speaker: str
    text: str
    words: tuple[str, ...]
    start: int
    end: int


def plain(text: str) -> str:
    """Speech without its fillers and repetitions, addresses and names of emoji."""
    bare = _SPACED.sub(r"\1", _NOISE.sub("", _MARKS.sub("", text)))
    bare = " ".join(_REPEATED.sub(r"\1", bare).split()).lstrip(" ,.-;:")
    return bare[:1].upper() + bare[1:]


def split(turns: Sequence[Turn]) -> list[Sentence]:
    """The sentences of a conversation that say something: three words or more."""
    found = []
    for number, turn in enumerate(turns):
        for span in sentences(turn.text):
            text = plain(turn.text[span.start : span.end])
            words = tuple(_WORD.findall(text.lower()))
            if len(words) >= 3:
                found.append(Sentence(number, turn.speaker, text, words, span.start, span.end))
    if len(found) > MOST:
        kept = sorted(range(len(found)), key=lambda i: -len(found[i].words))[:MOST]
        found = [found[i] for i in sorted(kept)]
    return found


def features(found: Sequence[Sentence], vectors: NDArray[np.float32]) -> Double:
    """[n, 22 + d] of the sentences of one conversation, whose vectors are [n, d]."""
    count = len(found)
    content = [[word for word in each.words if word not in STOP] for each in found]
    frequency = Counter(word for words in content for word in set(words))
    salience = {word: math.log1p(times) * math.log((1 + count) / (0.5 + times)) for word, times in frequency.items()}
    centroid = _unit(vectors.mean(axis=0))
    near = np.stack([_unit(vectors[max(0, i - 12) : i + 13].mean(axis=0)) for i in range(count)])
    spoken = Counter(each.speaker for each in found)
    last = max(each.turn for each in found) + 1
    rows = []
    for i, each in enumerate(found):
        size, own = len(each.words), content[i]
        weight = sum(salience[word] for word in own)
        rows.append(
            [
                math.log(size), min(size, 40) / 40, float(size > 40), len(own) / size, len(set(each.words)) / size,
                float(vectors[i] @ centroid), float(vectors[i] @ near[i]), weight / size, weight / 30,
                sum(frequency[word] / count for word in own) / max(1, len(own)),
                each.turn / last, abs(each.turn / last - 0.5), float(each.turn / last < 0.05),
                spoken[each.speaker] / count,
                *(float(bool(cue.search(each.text))) for cue in _CUES),
            ]
        )  # fmt: skip
    return np.concatenate((np.array(rows), vectors.astype(np.float64)), axis=1)


def _unit(vector: NDArray[np.floating]) -> NDArray[np.floating]:
    norm = float(np.linalg.norm(vector))
    return vector / norm if norm else vector


class Numbers(NamedTuple):
    """A trained ridge: the score is (features - mean) / scale @ weights."""

    mean: Double
    scale: Double
    weights: Double

    def score(self, rows: Double) -> Double:
        """[n] of [n, features]."""
        return np.asarray((rows - self.mean) / self.scale @ self.weights)


@lru_cache(maxsize=1)
def shipped() -> Numbers:
    """The numbers in the package."""
    read = json.loads(NUMBERS.read_text())
    return Numbers(*(np.array(read[name]) for name in Numbers._fields))


def tells(each: Sentence) -> bool:
    """Whether a sentence says something to who was not there: no question, no "I don't know", no greeting."""
    if asks(each.text) or defers(each.text):
        return False
    return len(content(each.text)) > OPENING or not is_procedure(each.text)


def choose(
    found: Sequence[Sentence],
    vectors: NDArray[np.float32],
    scores: Double,
    words: int,
    variety: float = 0.2,
    without: NDArray[np.bool_] | None = None,
) -> list[int]:
    """The best sentences within a number of words, none too much like one chosen already, in order of speech.

    A sentence that does not fit is passed over; one alone may be longer than all. What tells nothing is left out
    (see `tells`) where anything else is there; `without`, [n], marks what stands elsewhere.
    """
    spread = float(scores.std()) or 1.0
    worth = (scores - scores.mean()) / spread
    worth += [2.0 * recaps(each.text) - THIN * (len(content(each.text)) < LEAST_CONTENT) for each in found]
    closest = np.zeros(len(found))
    open_ = np.array([tells(each) for each in found])
    if without is not None and (open_ & ~without).any():
        open_ &= ~without
    if not open_.any():
        open_[:] = True
    chosen: list[int] = []
    left = words
    while open_.any():
        best = int(np.argmax(np.where(open_, worth - variety * 4 * closest, -np.inf)))
        open_[best] = False
        if len(found[best].words) > left and chosen:
            continue
        chosen.append(best)
        left -= len(found[best].words)
        closest = np.maximum(closest, vectors @ vectors[best])
        if left < 4:
            break
    return sorted(chosen)


def summarise(
    turns: Sequence[Turn], encoder: Encoder, words: int = 117, without: Collection[tuple[int, str]] = ()
) -> list[Sentence]:
    """The sentences that tell best what was said, within about `words` words, in the order of speech.

    `without`: turn and words of sentences that stand elsewhere in the same summary.
    """
    found = split(turns)
    if not found:
        return []
    vectors = encoder.encode([each.text for each in found])
    elsewhere = np.array([(each.turn, turns[each.turn].text[each.start : each.end]) in without for each in found])
    scores = shipped().score(features(found, vectors))
    chosen = [found[i] for i in choose(found, vectors, scores, words, without=elsewhere)]
    return [each for each in chosen if len(content(each.text)) >= LEAST_CONTENT] or chosen


def spoken(chosen: Sequence[Sentence]) -> str:
    """Chosen sentences as running text, each speaker named where he begins."""
    parts = []
    for before, each in zip([None, *chosen], chosen, strict=False):
        named = each.speaker and (before is None or before.speaker != each.speaker)
        parts.append(f"{each.speaker}: {each.text}" if named else each.text)
    return " ".join(parts)
