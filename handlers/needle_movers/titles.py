"""The title of a needle mover: of all short phrases of its evidence the one that says what they all say. Pure.

A phrase is good where it lies near the middle of the evidence, holds the words that come again in it and few that do
not, and is a whole clause of a title's length.
"""

import re
from collections import Counter
from collections.abc import Callable, Sequence

import numpy as np
from needlework.handlers.needle_movers.phrases import DETERMINERS, PRONOUNS, Phrase, phrases
from needlework.handlers.text.bm25 import words
from needlework.handlers.text.hashing import Float
from needlework.handlers.words import content_hash

VERSION = "titles-2"
"""Names the rules; stored with what a title was made from."""
UNNAMED = "Unnamed"
READ = 40
"""Quotes that a title is made from, the weightiest."""
_ENCODED = 10
"""Phrases of them whose place among texts is asked for."""
_KEY_WORDS = 4
"""So many of the words that come again would be a whole title."""
_NEAR, _COVERS, _EXACT = 0.40, 0.35, 0.25
_PRONOUN, _OPENS, _CLOSES = 0.12, 0.05, 0.03
_THREAT = 0.20
_LEAVING = re.compile(
    r"\b(?:cancel|renew|switch|leav|mov(?:e|ing)\b|terminat|contract|subscription|provider|pric|expensive|cost|budget|"
    r"manager|complain|legal|lawyer|escalat|unacceptable|compar|alternative|competitor)",
    re.IGNORECASE,
)
"""What makes a risk one: beside it, in a single sentence, stands why, which may be nearer to its middle."""
_SPELLED = "two three four five six seven eight nine ten twelve twenty thirty forty fifty hundred"
_NUMBERS = frozenset(_SPELLED.split())
_SHORT = {1: 0.30, 2: 0.06}

Encode = Callable[[Sequence[str]], Float]


def title_of(quotes: Sequence[str], encode: Encode, kind: str = "") -> str:
    """At most 70 characters that begin with a capital, for a mover of a kind. The order of `quotes` does not matter."""
    said = sorted(set(quotes))
    found = _found(said)
    if not found:
        return UNNAMED
    weights = _weights(said)
    fits = {phrase: _fit(phrase, weights) for phrase in found}
    if kind == "risk" and len(said) == 1:
        fits = {phrase: fit + _THREAT * bool(_LEAVING.search(phrase.text)) for phrase, fit in fits.items()}
    likely = sorted(found, key=lambda phrase: (-fits[phrase], phrase.text))[:_ENCODED]
    vectors = encode([*said, *(phrase.text for phrase in likely)])
    middle = vectors[: len(said)].mean(axis=0)
    near = vectors[len(said) :] @ (middle / max(float(np.linalg.norm(middle)), 1e-9))
    scores = [fits[phrase] + _NEAR * float(one) for phrase, one in zip(likely, near, strict=True)]
    best = min(range(len(likely)), key=lambda at: (-round(scores[at], 6), likely[at].text))
    return likely[best].text


def input_hash(quotes: Sequence[str]) -> str:
    """Names what a title is made from."""
    return content_hash(VERSION, sorted(set(quotes)))


def _found(said: Sequence[str]) -> list[Phrase]:
    """The phrases of all quotes, each once."""
    found: dict[str, Phrase] = {}
    for quote in said:
        for phrase in phrases(quote):
            known = found.get(phrase.text.lower())
            if known is None or (phrase.opens, phrase.closes) > (known.opens, known.closes):
                found[phrase.text.lower()] = phrase
    return [phrase for phrase in found.values() if words(phrase.text)]


def _weights(said: Sequence[str]) -> dict[str, float]:
    """How much of the evidence holds each word, 0..1; what only one of several says is worth nothing."""
    counts = Counter(word for quote in said for word in set(words(quote)))
    least = 2 if len(said) > 1 else 1
    return {word: count / len(said) if count >= least else 0.0 for word, count in counts.items()}


def _fit(phrase: Phrase, weights: dict[str, float]) -> float:
    """What a phrase is worth but for its meaning."""
    own = [weights.get(word, 0.0) for word in dict.fromkeys(words(phrase.text))]
    most = sum(sorted(weights.values(), reverse=True)[:_KEY_WORDS]) or 1.0
    plain = phrase.text.lower().split()
    loose = sum(word in PRONOUNS for word in plain) + (plain[0] in DETERMINERS)
    loose += any((word[0].isdigit() or word in _NUMBERS) and not weights.get(word) for word in plain)  # of one alone
    loose += plain[0][0].isdigit()  # "30 % is too much": of what?
    whole = _OPENS * phrase.opens + _CLOSES * phrase.closes - _SHORT.get(len(plain), 0.0)
    return _COVERS * min(1.0, sum(own) / most) + _EXACT * sum(own) / len(own) + whole - _PRONOUN * loose
