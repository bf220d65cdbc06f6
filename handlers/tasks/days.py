"""Until when a sentence wants something done: the day of the clause that asks for it, never another clause's."""

import re
from collections.abc import Iterator
from datetime import date, datetime
from typing import NamedTuple
from zoneinfo import ZoneInfo

from needlework.handlers.text.dates import Due, find_due

DEADLINE = re.compile(r"(?:by|before|until|till|no later than|not later than|within|due)\b", re.IGNORECASE)
_NOTED = re.compile(r"[;.]*(?:,\s*due (?P<due>\d{4}-\d\d-\d\d))?[,;.]*\s*(?:\(turn \d+\))?\s*$")
_BELONGS = re.compile(
    r"\b(?:(?:before|after|during|until|since|which|who|when|where|than) (?:[\w'-]+ ){0,3}[\w'-]+|to|of|from)$",
    re.IGNORECASE,
)
"""What a day at the end belongs to: "before the release on Friday", "move it to Friday"."""
_TAIL = re.compile(
    r"[\s,;:.!?–—-]+$|,?\s+(?:please|pls|thanks|thank you|thx|asap|as soon as possible|(?:would|will) you|right|"
    r"ok(?:ay)?)"
    r"[\s.!?]*$",
    re.IGNORECASE,
)
_SUBJECT = r"(?:we|it|he|she|they|i|you|there|the [\w-]+)\b"
_BOUND = re.compile(
    r"[,;]\s+|\.\s+|\s+[-–—]+\s+|\s+(?:and|but|so|or)\s+(?=(?:we|it|he|she|they|i|you)\b)|"
    rf"\s+(?=(?:which|who|whose|because|whether|if|although|though|in case|so that|that {_SUBJECT})\b)",
    re.IGNORECASE,
)
_APART = re.compile(
    r"(?:(?:and|but|so|or|then)\s+)*(?:(?:which|who|whose|because|whether|if|although|though|in case|so that|"
    rf"that {_SUBJECT})\b|(?:we|it|he|she|they|i|you|there|this|that)(?:\s|'))",
    re.IGNORECASE,
)
"""What begins a clause of its own behind the one that asks for something."""
_PROMISE = re.compile(r"(?:and\s+)?i(?:'ll|\s+will)\b", re.IGNORECASE)
_WANTED = re.compile(r"\b(?:needs?|needed|due|deadline|want it|expect it|must have)\b", re.IGNORECASE)
"""A reason that says until when: "we need it by Friday"."""
_TOLD = re.compile(r"\b(?:discussed|agreed|promised|mentioned|said|announced)\b", re.IGNORECASE)
_THAT_DAY = re.compile(r"\b(?:on )?that (?:same )?(?:day|morning|afternoon|evening|night)\b", re.IGNORECASE)
_THAT_DAY_LAST = re.compile(rf"\s+{_THAT_DAY.pattern}\W*$", re.IGNORECASE)
_FEW = 2
"""So many words beside a day do not make a clause: "this week:", "by Friday, then"."""


class Until(NamedTuple):
    """A text without what a summary has noted behind it, the day that it wants something done, and where it says so."""

    text: str
    day: date | None
    due: Due | None
    noted: bool
    """Whether a summary says so."""


def until(text: str, said_at: datetime, zone: ZoneInfo) -> Until:
    """What the whole of `text` says; a day that a summary has noted behind it wins."""
    noted, day = _NOTED.search(text), None
    if noted is not None and (noted["due"] or "(turn" in noted[0]):
        text, day = text[: noted.start()], noted["due"]
    due = _due(text, said_at, zone)
    return Until(text, date.fromisoformat(day) if day else due.day if due is not None else None, due, day is not None)


def day_of_clause(text: str, what: str, said_at: datetime, zone: ZoneInfo, *, mine: bool = False) -> date | None:
    """The day of the clause of `text` that says `what` is to be done; `mine`: who says it promises it."""
    at = max(0, text.find(" ".join(what.split()[1:4])))  # its verb may have been put into another form
    own, others = text, []
    for start, end in _segments(text):
        if start <= at < end or (mine and _PROMISE.match(text[start:end])):
            continue
        if _is_another(text[start:end], before=end <= at):
            others.append(text[start:end])
            own = own[:start] + " " * (end - start) + own[end:]
    due = _due(own, said_at, zone)
    if due is None and _THAT_DAY.search(own):  # "it goes out on Wednesday, and I will call you that afternoon"
        due = next((found for each in others if (found := _due(each, said_at, zone)) is not None), None)
    return None if due is None else due.day


def without_day(text: str, said_at: datetime, zone: ZoneInfo) -> str:
    """`text` without its due phrase, where that is at the end: inside, it may be part of what is asked for."""
    text = plain(_THAT_DAY_LAST.sub("", text))
    due = find_due(text, said_at, zone)
    if due is None or text[due.end :].strip(" .,!?;:)"):
        return text
    kept = text[: due.start].rstrip(" ,")
    whole = not kept or " " not in kept or _BELONGS.search(kept) or find_due(kept, said_at, zone) is not None
    return text if whole else kept


def plain(text: str) -> str:
    """Without marks at the end, with a capital in front."""
    for _ in range(3):
        text = _TAIL.sub("", text)
    return text[:1].upper() + text[1:]


def _due(text: str, said_at: datetime, zone: ZoneInfo) -> Due | None:
    due = find_due(text, said_at, zone)
    if due is not None and re.search(r"\bto $", text[: due.start]):
        return None  # "move it to Friday": the day is what is to be changed
    return due


def _segments(text: str) -> Iterator[tuple[int, int]]:
    start = 0
    for bound in _BOUND.finditer(text):
        yield start, bound.end()
        start = bound.end()
    yield start, len(text)


def _is_another(segment: str, *, before: bool) -> bool:
    """Whether a part of the sentence says something of its own, and not until when."""
    if _WANTED.search(segment):
        return False
    if not before:
        return _APART.match(segment) is not None
    return bool(_TOLD.search(segment)) or len(re.findall(r"[\w']+", DAYS.sub(" ", segment))) > _FEW


DAYS = re.compile(
    r"\b(?:by|on|until|till|before|in|the|this|next|end|of|at|latest|no|later|than|within|(?:mon|tues|wednes|thurs|fri|"
    r"satur|sun)day|week|month|year|today|tomorrow|morning|afternoon|evening|tonight|january|february|march|april|may|"
    r"june|july|august|september|october|november|december|days?|weeks?|hours?|then|so|and|ok(?:ay)?|please|\d[\w./:-]*)\b",
    re.IGNORECASE,
)
"""Words of which a day is told."""
