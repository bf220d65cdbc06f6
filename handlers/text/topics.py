"""What was spoken about, in order: where the subject changes, and the phrases that name each part.

A phrase is a run of words between small words. That it names a thing is seen in how it is used in this very text:
behind "the" or "of", not behind "to" or "we"; how much a word says, by its place among the frequent ones of English.
"""

import math
import re
from collections import Counter
from collections.abc import Collection, Sequence
from functools import lru_cache
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

import numpy as np
from needlework.handlers.text.speech import is_procedure
from needlework.handlers.text.summarise import Sentence
from needlework.handlers.text.tidy import FUNCTION_WORDS
from numpy.typing import NDArray

NAMED = 4
"""Phrases of one part."""
SHORTEST, MOST_PARTS, AROUND = 8, 8, 6
"""Sentences of a part, parts, and sentences on each side that are compared where one may begin."""
_VOCABULARY = Path(__file__).with_name("minilm") / "vocab.txt"
_COMMON = 1_000
_TOKEN = re.compile(r"[^\W_](?:[\w'’&+-]*\w)?|[.,;:!?()\"“”]")
_TENS = r"twenty|thirty|forty|fifty|sixty|seventy|eighty|ninety"
_NUMBER = re.compile(
    r"\W*\d[\d.,:%]*(?:st|nd|rd|th|k|m|am|pm)?|one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|"
    rf"\w{{3,6}}teen|{_TENS}|hundreds?|thousands?|(?:{_TENS})-\w+"
)
_EMPTY_WORDS = (
    "above across actually afternoon again ago agree agreed almost along already alright always angry another anybody "
    "anyone anything anyway april around asked august away back bad basically below best better beyond big bit boring "
    "bring brought came cannot care clear closed come comes coming completely couple course days december definitely "
    "different done early easier easy either else embarrassing evening end ended ends enough especially even ever "
    "every everybody everyone everything exactly example fact fair far fast february feel feeling felt finally find "
    "fine finished first fourth frankly free friday friend full fun get gets getting give given gives glad go goes "
    "going gone gonna good got gotten great guess guy guys half happen happened happens happy hard hear hello help "
    "here hi honest honestly hope hour hours however idea including instead january job july june keep kept kind know "
    "known knows last late later least leave left less let like likely little live long look looked looking looks lot "
    "lots love made main make makes making many march matter may maybe mean means meant meanwhile meeting middle mind "
    "minus minute minutes moment monday month months morning much must myself need needed needs never new next nice no "
    "nobody none normal nothing november obvious october of often oh ok okay old ones open option others ourselves own "
    "per perhaps pick piece please plus possible pretty probably problem put question questions quick quickly quite "
    "rather ready real really reason right roughly sad said same saturday saw say saying says second seconds see seem "
    "seemed seems seen sense sent september several shall show simple simply since small somebody someone something "
    "sometimes somewhere soon sorry sort start started still stuff sunday sure take taken takes talk talked talking "
    "tell than thank thanks themselves things think thinking third thought thursday till tired today together told "
    "tomorrow tonight took top topic total tried true try trying tuesday turn understand understood used useful using "
    "usually via wait want wanted wants way ways wednesday weekend well went whatever whether whoever whole without "
    "wonder word words worked working works world worse worst wow wrong yeah yep yes yesterday yet yourself"
)
_EMPTY = frozenset(_EMPTY_WORDS.split())
_WEAK_WORDS = (
    "amount area case cent data day dollar euro file group hand home house issue item kid level line list man message "
    "money name note number office page part people percent person place plan point pound rate result room rule set "
    "side state step system team test text thing time type use user value version week woman work year"
)
_WEAK = frozenset(_WEAK_WORDS.split())
"""What names a subject only together with another word."""
_BEFORE_THINGS_WORDS = (
    "a an the this that these those our your my their his her its each every no any some more another which what of "
    "for in on with from about per into without by at as under between through and or new"
)
_BEFORE_THINGS = frozenset(_BEFORE_THINGS_WORDS.split())
_BEFORE_DEEDS_WORDS = (
    "to will can could would should shall may might must i we you they he she it i'll we'll you'll they'll don't "
    "doesn't didn't can't won't couldn't not please let's is are was were be been being 's i'd we'd i'm we're they're "
    "you're it's that's have has had i've we've"
)
_BEFORE_DEEDS = frozenset(_BEFORE_DEEDS_WORDS.split())
_BEHIND = "the a an it them him her us me you that so this these those their our my your his when if"
_BEHIND_DEEDS = frozenset(_BEHIND.split())
"""Before these the last of several words is rather a deed: "Lin thinks so"."""


class Part(NamedTuple):
    """A stretch of the talk: the phrases that name it, and its turns, the last one within."""

    phrases: list[str]
    first: int
    last: int


class _Run(NamedTuple):
    words: tuple[str, ...]
    shown: tuple[str, ...]
    place: int


def parts(
    found: Sequence[Sentence], vectors: NDArray[np.float32], names: Collection[str] = (), title: str = ""
) -> list[Part]:
    """The parts of a talk in order; `names` are people's, which name no subject; words of its `title` do."""
    bounds = _bounds(vectors)
    runs = _runs(found, {part for name in names for part in _words(name)})
    worth = _worth(runs, found, set(_words(title)))
    made: list[Part] = []
    taken: set[str] = set()
    for begin, end in pairwise(bounds):
        named = _best(runs, worth, (begin, end), taken)
        if named:
            made.append(Part(named, found[begin].turn, found[end - 1].turn))
    return _apart(made)


def _apart(made: list[Part]) -> list[Part]:
    """No turn in two parts: the one in which the subject changes opens the later one."""
    for at in range(1, len(made)):
        before = made[at - 1]
        if before.last >= made[at].first:
            made[at - 1] = before._replace(last=max(before.first, made[at].first - 1))
    return made


def _words(text: str) -> list[str]:
    return [token.lower() for token in _TOKEN.findall(text.replace("’", "'")) if token[0].isalnum()]


def _bounds(vectors: NDArray[np.float32]) -> list[int]:
    """Where parts begin: where what is said before is least like what is said after; the end is the last one."""
    count = len(vectors)
    total = np.concatenate((np.zeros((1, vectors.shape[1])), np.cumsum(vectors, axis=0, dtype=np.float64)))
    places = np.arange(SHORTEST, count - SHORTEST + 1)
    before = total[places] - total[np.maximum(places - AROUND, 0)]
    after = total[np.minimum(places + AROUND, count)] - total[places]
    lengths = np.linalg.norm(before, axis=1) * np.linalg.norm(after, axis=1)
    alike = (before * after).sum(axis=1) / np.maximum(lengths, 1e-9)
    chosen: list[int] = []
    for place in places[np.argsort(alike, kind="stable")].tolist():
        if len(chosen) + 1 >= min(MOST_PARTS, 1 + count // (2 * SHORTEST)):
            break
        if all(abs(place - other) >= SHORTEST for other in chosen):
            chosen.append(place)
    return [0, *sorted(chosen), count]


def _runs(found: Sequence[Sentence], names: set[str]) -> list[_Run]:
    """Every candidate with its sentence: one to three words in a row that may name something."""
    runs: list[_Run] = []
    things, deeds = _uses(found)
    for place, each in enumerate(found):
        if is_procedure(each.text):
            continue
        open_: list[str] = []
        for token in [*_TOKEN.findall(each.text.replace("’", "'")), "."]:
            if _may_name(token, names):
                open_.append(token)
                continue
            told = len(open_) - (1 if len(open_) > 1 and token.lower() in _BEHIND_DEEDS else 0)
            for size in range(1, 4):
                for at in range(told - size + 1):
                    shown = tuple(open_[at : at + size])
                    words = tuple(map(_bare, shown))
                    if _names(words, shown, things, deeds):
                        runs.append(_Run(words, shown, place))
            open_ = []
    return runs


def _names(words: tuple[str, ...], shown: tuple[str, ...], things: Counter[str], deeds: Counter[str]) -> bool:
    """Whether a run of words is used as a name for something here."""
    last = words[-1]
    if last.endswith("ed") or deeds[last] > things[last] or deeds[words[0]] > 2 * things[words[0]]:
        return False
    if len(words) == 1:
        return last not in _WEAK and (things[last] > deeds[last] or shown[0][1:] != shown[0][1:].lower())
    return not last.endswith("ing") or things[last] > 0


def _uses(found: Sequence[Sentence]) -> tuple[Counter[str], Counter[str]]:
    """How often each word stands as a thing and as a deed, by the word before it."""
    things: Counter[str] = Counter()
    deeds: Counter[str] = Counter()
    for each in found:
        tokens = [token.lower() for token in _TOKEN.findall(each.text.replace("’", "'"))]
        for before, token in zip(["", *tokens], tokens, strict=False):
            if before in _BEFORE_DEEDS:
                deeds[_bare(token)] += 1
            elif before in _BEFORE_THINGS:
                things[_bare(token)] += 1
    return things, deeds


def _may_name(token: str, names: set[str]) -> bool:
    word = token.lower()
    return (
        len(word) > 2
        and "'" not in word.removesuffix("'s")
        and word not in FUNCTION_WORDS
        and word.removesuffix("'s") not in _EMPTY
        and word.removesuffix("'s") not in names
        and not word.endswith("ly")
        and not _NUMBER.fullmatch(word)
    )


def _bare(word: str) -> str:
    """A word without its plural, so that "invoice" and "invoices" are one."""
    word = word.lower().removesuffix("'s")
    if len(word) > 4 and word.endswith("ies"):
        return f"{word[:-3]}y"
    return word[:-1] if len(word) > 3 and word.endswith("s") and not word.endswith(("ss", "us", "is")) else word


def _worth(runs: Sequence[_Run], found: Sequence[Sentence], title: set[str]) -> dict[tuple[str, ...], float]:
    """How well each phrase names what it stands for: rare words, said again, several of them together."""
    times = Counter(run.words for run in runs)
    once = {words for words, count in times.items() if count == 1 and (words[0] in _WEAK or len(words) > 2)}
    times = Counter({words: count for words, count in times.items() if words not in once or len(words) == 1})
    single = Counter(run.words[0] for run in runs if len(run.words) == 1)
    worth = {}
    for words, count in times.items():
        rarity = [_rarity(word) * math.log1p(single[word] or count) for word in words]
        together = sum(rarity) / len(rarity) ** 0.5
        if len(words) > 1 and count == 1:
            together *= 0.8
        worth[words] = together * (1.3 if any(word in title or _bare(word) in title for word in words) else 1.0)
    return worth


def _best(
    runs: Sequence[_Run], worth: dict[tuple[str, ...], float], span: tuple[int, int], taken: set[str]
) -> list[str]:
    """The phrases of one part, the best first: said here rather than elsewhere, of words that named no part before."""
    begin, end = span
    everywhere = Counter(run.words for run in runs)
    here = Counter(run.words for run in runs if begin <= run.place < end and run.words in worth)
    shown: dict[tuple[str, ...], Counter[str]] = {}
    for run in runs:
        if begin <= run.place < end:
            shown.setdefault(run.words, Counter())[" ".join(run.shown)] += 1
    ranked = sorted(
        here, key=lambda words: (-worth[words] * (0.4 + here[words] / everywhere[words]) * here[words] ** 0.3, words)
    )
    chosen: list[tuple[str, ...]] = []
    for words in ranked:
        if len(chosen) == NAMED:
            break
        if len(words) == 1 and everywhere[words] == 1 and len(chosen) >= 2:
            continue
        if not taken.intersection(words):
            chosen.append(words)
            taken.update(words)
    return [shown[words].most_common(1)[0][0] for words in chosen]


@lru_cache(maxsize=1)
def _places() -> dict[str, int]:
    """The place of each word among the frequent ones, the most frequent first."""
    return {word: place for place, word in enumerate(_VOCABULARY.read_text("utf-8").split("\n")) if word.isalpha()}


def _rarity(word: str) -> float:
    """0 for the most frequent words, 3.4 for those that are in no list."""
    place = min(_places().get(part, 30_000) for part in word.split("-"))
    return math.log(max(_COMMON, place) / _COMMON)
