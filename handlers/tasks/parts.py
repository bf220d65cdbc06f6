"""A sentence in which several things are asked for or promised, as one task each: own words, own owner, own day."""

import re
from collections.abc import Collection, Iterator
from datetime import datetime
from typing import NamedTuple
from zoneinfo import ZoneInfo

from needlework.handlers.tasks.days import Until, until
from needlework.handlers.tasks.pointing import points
from needlework.handlers.tasks.titles import Outline, outline, reading
from needlework.handlers.text.dates import find_due
from needlework.handlers.text.frames import Whose
from needlework.handlers.text.verbs import VERBS
from needlework.handlers.words import minute

MOST = 4
"""Tasks in one sentence."""
_SEAM = re.compile(r"[,;]\s+(?:(?:and|but|while|then)\s+)*|\s+(?:and|but|while)\s+(?:then\s+)?", re.IGNORECASE)
_FRAMED = re.compile(
    r"(?:i|we|you)(?:'ll|’ll|\s+(?:will|shall)\b)|i\s+can\b|you\s+(?:can|must|should|need\s+to|have\s+to)\b|(?:can|could|would|will)\s+(?:you\b|(?-i:[A-ZÀ-Þ][a-z]))|please\b|"
    r"let\s+me\b|(?-i:@?[A-ZÀ-Þ][\w'-]*(?:\s[A-ZÀ-Þ][\w'-]*)?)(?:,\s+(?:please|you|can|could)|'ll|\s+(?:will|to|should|must|[a-z]+s)\b)",
    re.IGNORECASE,
)
"""What begins with somebody of its own, who has something to do."""
_BEGINNING = "i we you he she it they there who which that this if when because"
_OTHERS = frozenset(_BEGINNING.split())
"""What begins a clause of its own."""
_TO_WHOM = re.compile(r"[\w'-]+(?:\s+(?:you|me|us|him|her|them))?", re.IGNORECASE)


class Part(NamedTuple):
    """Characters `start` to `end` of a sentence, and the task in them."""

    start: int
    end: int
    outline: Outline
    whose: Whose | None = None
    """Whom its words leave it to."""


class _Said(NamedTuple):
    """When, where and by whom."""

    at: datetime
    zone: ZoneInfo
    sender: str | None
    people: Collection[str]

    def outline(self, text: str, kind: str) -> Outline:
        return outline(text, kind, self.at, self.zone, self.sender, self.people)

    def part(self, start: int, end: int, text: str, kind: str) -> Part:
        read = reading(self.until(text), kind, self.at, self.zone, self.people)
        return Part(start, end, self.outline(text, kind), read.whose if read else None)

    def until(self, text: str) -> Until:
        return until(" ".join(text.replace("’", "'").split()), self.at, self.zone)


def parts(
    quote: str, kind: str, said_at: datetime, zone: ZoneInfo, sender: str | None = None, people: Collection[str] = ()
) -> list[Part]:
    """The tasks in a sentence, in order: one or none as a rule. A fault is one, and so is a line of a summary."""
    said = _Said(said_at, zone, sender, people)
    whole = said.part(0, len(quote), quote, kind)
    if kind == "bug" or not whole.outline.title or minute(quote)[1] or said.until(quote).noted:
        return [whole] if whole.outline.title else []
    found = [said.part(start, end, text, kind) for start, end, text in _pieces(quote, said)]
    kept = [each for each in found if each.outline.title]
    return kept if len(kept) > 1 else [whole]


def _pieces(quote: str, said: _Said) -> Iterator[tuple[int, int, str]]:
    """Each with its words: those that it shares with the one before stand in front of them again."""
    start, shared, pieces = 0, "", 1
    for seam in _SEAM.finditer(quote):
        left, right = shared + quote[start : seam.start()], quote[seam.end() :]
        if pieces == MOST or not right:
            break
        following = _following(left, right, said)
        if following is None:
            continue
        yield start, seam.start(), left
        start, shared, pieces = seam.end(), following, pieces + 1
    yield start, len(quote), shared + quote[start:]


def _following(left: str, right: str, said: _Said) -> str | None:
    """What is to be put before the words behind a seam, so that they are a task by themselves; None where none is."""
    if _FRAMED.match(right):
        return "" if _is_whole(right, said) and said.outline(left, "follow_up").title else None
    text = " ".join(left.replace("’", "'").split())
    read = reading(said.until(text), "follow_up", said.at, said.zone, said.people)
    if read is None or not read.what or not text.endswith(read.what) or not _ends_with_day(read.what, said):
        return None
    frame, first = text[: -len(read.what)], re.match(r"[A-Za-z-]+", right)
    if first is None or first[0].lower() in _OTHERS:
        return None
    if first[0].lower() in VERBS:
        return frame if _is_whole(frame + right, said) else None
    verb = _TO_WHOM.match(read.what)
    if verb is None or find_due(_clause(right), said.at, said.zone) is None:
        return None
    return f"{frame}{verb[0]} " if _is_whole(f"{frame}{verb[0]} {right}", said) else None


def _is_whole(text: str, said: _Said) -> bool:
    """Whether it is a task by itself and says of what."""
    title = said.outline(text, "follow_up").title
    return bool(title) and not points(title)


def _ends_with_day(what: str, said: _Said) -> bool:
    due = find_due(what, said.at, said.zone)
    return due is not None and not what[due.end :].strip(" .,;")


def _clause(text: str) -> str:
    seam = _SEAM.search(text)
    return text if seam is None else text[: seam.start()]
