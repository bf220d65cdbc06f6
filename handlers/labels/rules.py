"""What patterns say of a sentence: ours (`strong.py`, `never.py`) and those of a workspace.

Patterns read the lower-cased sentence with straight apostrophes, at most `MAX_TEXT` characters of it.
"""

import re
from functools import lru_cache

from needlework.handlers.labels import german
from needlework.handlers.labels.definitions import LabelRules
from needlework.handlers.labels.never import NEVER
from needlework.handlers.labels.strong import SOON_WORDS, STRONG

MAX_TEXT = 700
MAX_GAPS = 3
"""Gaps of one phrase; what follows a fourth is not read, since gaps multiply."""
RULE_SCORE = 0.92
"""Of a sentence that a strong pattern matched. Below 1, since patterns err too."""

SOON = re.compile(SOON_WORDS)
"""A day or an hour to come, in a `plain` sentence."""


def _compiled(patterns: dict[str, tuple[str, ...]]) -> dict[str, re.Pattern[str]]:
    return {key: re.compile("|".join(f"(?:{p})" for p in group)) for key, group in patterns.items() if group}


_STRONG = _compiled(STRONG)
_NEVER = _compiled(NEVER)
_GERMAN = _compiled(german.STRONG)
_NEVER_GERMAN = _compiled(german.NEVER)


def plain(sentence: str) -> str:
    """What patterns read: lower case, straight apostrophes, single blanks, bounded length."""
    return " ".join(sentence[:MAX_TEXT].lower().replace("’", "'").split())


def strong(key: str, sentence: str) -> bool:
    """Does a built-in pattern say that the `plain` sentence carries the label?"""
    pattern = _STRONG.get(key)
    return pattern is not None and pattern.search(sentence) is not None


def german_verdict(key: str, sentence: str) -> bool | None:
    """What our patterns say of a `plain` sentence in German: carries it, must not carry it, or nothing."""
    never, found = _NEVER_GERMAN.get(key), _GERMAN.get(key)
    if never is not None and never.search(sentence):
        return False
    return True if found is not None and found.search(sentence) else None


def forbidden(key: str, sentence: str) -> bool:
    """Does a built-in pattern say that the `plain` sentence does not carry the label?"""
    pattern = _NEVER.get(key)
    return pattern is not None and pattern.search(sentence) is not None


@lru_cache(maxsize=1_024)
def _phrases(phrases: tuple[str, ...]) -> re.Pattern[str] | None:
    """Phrases of a workspace as one pattern: each word literally, `*` as up to four words."""
    parts: list[str] = []
    for phrase in phrases:
        first, *gaps = [part.split() for part in plain(phrase).split("*")[: MAX_GAPS + 1]]
        literal = ["".join(re.escape(word) + r"\W{1,3}" for word in part) for part in (first, *gaps)]
        if any(literal):
            parts.append(r"(?:\S+ ){0,4}?".join(literal))
    return re.compile(rf"(?<!\w)(?:{'|'.join(parts)})") if parts else None


def taught(rules: LabelRules, sentence: str) -> bool | None:
    """What a workspace's own phrases say of the `plain` sentence: carries it, must not carry it, or
    nothing."""
    padded = f"{sentence}  "
    never, phrases = _phrases(rules.never), _phrases(rules.phrases)
    if never is not None and never.search(padded):
        return False
    return True if phrases is not None and phrases.search(padded) else None
