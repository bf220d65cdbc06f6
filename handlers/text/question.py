"""What a question to a conversation is about: its words without the asking, when that was spoken about, who is named.

"What did Grace think of the export when discussing the budget?" has the core "export budget", the focus "export", the
frame "budget", and names Grace.
"""

import math
import re
from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from needlework.handlers.text.bm25 import words
from needlework.handlers.text.hashing import Double

_ASKING = (
    "according agree agreed answer attitude conclude conclusion decide decided decision describe disagree discuss "
    "discussed discussing discussion explain explained group idea ideas introduce introduced meeting mention mentioned "
    "opinion opinions participant participants people propose proposed reason recommend said say suggest suggested "
    "suggestion summarise summarize summary talk talked talking team tell think thought thoughts view views whole"
)
ASKING = frozenset(words(_ASKING))
"""Words that ask for something; what is asked for does not hold them."""
_FRAME = re.compile(
    r"\b(?:when|while)\s+(?:\w+ing|it came to)\b(?: about| on| of)?|\bin the discussion (?:of|about|on)\b|\bduring\b"
    r"|\bas for\b|\bregarding\b|\bin terms of\b|\bbased on\b",
    re.IGNORECASE,
)
_WORD = re.compile(r"[^\W_]+(?:['’-][^\W_]+)*")
_PART = re.compile(r"[^\W_]+")
_BRACKETS = re.compile(r"\(.*?\)")
_TITLED = "mr mrs ms miss hon dr sir right the prof of am mp and for"
_TITLES = frozenset(_TITLED.split())
_LONG, _STEM = 7, 6
"""A name of so many letters is also known by its first ones: "Industrial Design" names the Industrial Designer."""


class Question(NamedTuple):
    """`core` is what is asked about; `focus` the part before "when discussing …", `frame` what follows it.

    Without such words both are the core; none is ever empty unless the question is.
    """

    text: str
    core: str
    focus: str
    frame: str


def parted(text: str, speakers: Sequence[Sequence[str]]) -> Question:
    """A question in its parts; `speakers` are names as `name_parts` gives them, which are no part of any."""
    named = {part for name in speakers for part in name}
    core = _about(text, named) or text
    before, *after = _FRAME.split(text, maxsplit=1)
    return Question(text, core, _about(before, named) or core, _about("".join(after), named) or core)


def name_parts(speaker: str) -> tuple[str, ...]:
    """A name in small letters without titles, and without what stands in brackets."""
    bare = _BRACKETS.sub("", speaker).strip() or speaker
    return tuple(part for part in _PART.findall(bare.lower()) if part not in _TITLES)


def naming(text: str, speakers: Sequence[tuple[str, ...]]) -> Double:
    """[speakers]: how much of each name the question holds, 0 to 1; what several people are called counts less."""
    people = {name for name in speakers if name}
    shared = Counter(part for name in people for part in set(name))
    asked = set(_PART.findall(text.lower()))
    asked |= {word[:-1] for word in asked if word.endswith("s")}
    share: dict[tuple[str, ...], float] = {(): 0.0}
    for name in people:
        rarity = [math.log(1 + len(people) / shared[part]) for part in name]
        share[name] = sum(r for r, part in zip(rarity, name, strict=True) if _said(part, asked)) / sum(rarity)
    return np.array([share[name] for name in speakers])


def _said(part: str, asked: set[str]) -> bool:
    return part in asked or (len(part) >= _LONG and any(len(word) >= _STEM and part.startswith(word) for word in asked))


def _about(text: str, named: set[str]) -> str:
    """The words that are neither a name, nor asking, nor small."""
    kept = (word for word in _WORD.findall(text) if word.lower() not in named)
    return " ".join(word for word in kept if (said := words(word)) and said[0] not in ASKING)
