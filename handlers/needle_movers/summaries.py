"""What a needle mover comes to, in words that were said: extractive, each claim with the evidence it rests on. Pure.

A number in brackets is evidence: `citations` tells which.
"""

import re
from collections.abc import Sequence
from typing import NamedTuple

from needlework.bus.clock import rfc3339
from needlework.handlers.needle_movers.impact import RECENT, recency
from needlework.handlers.words import content_hash, minute

SHORT, LONG, DELTA = 280, 1200, 600
_OPENING = re.compile(r"[“„«]|(?<!\w)\"(?=\w)")
_CLOSING = re.compile(r"[”»\"]")
NAMED = 5
"""Accounts named in one line."""


class Quote(NamedTuple):
    """One linked piece of evidence. `who` is the account's name, else the contact, else empty."""

    id: str
    text: str
    who: str
    severity: float
    score: float
    at: int


class Summaries(NamedTuple):
    """The texts of one mover, and which evidence each number is."""

    short: str
    long: str
    delta: str
    citations: dict[str, str]


def evidence_hash(quotes: Sequence[Quote], now: int) -> str:
    """Names what summaries are made from: the evidence, who said it, and what of it is of the last week."""
    said = sorted((each.id, each.who, each.severity, now - each.at < RECENT) for each in quotes)
    return content_hash("summaries-2", said)


def summarise(quotes: Sequence[Quote], before: int, after: int, now: int) -> Summaries:
    """Short, long and weekly delta; `before` is the impact of a week ago, `after` that of now."""
    ranked = _once(ordered(quotes, now))
    numbers = {each.id: number for number, each in enumerate(ranked, 1)}
    short, long = _short(ranked, numbers), _long(ranked, numbers)
    delta = _delta(ranked, numbers, before, after, now)
    used = {each.id for each in ranked if any(f"[{numbers[each.id]}]" in text for text in (short, long, delta))}
    return Summaries(short, long, delta, {str(numbers[id_]): id_ for id_ in sorted(used, key=numbers.__getitem__)})


def _once(quotes: Sequence[Quote]) -> list[Quote]:
    """A sentence that carries several labels is one statement."""
    found: dict[tuple[str, str, int], Quote] = {}
    for each in quotes:
        found.setdefault((each.who, each.text, each.at), each)
    return list(found.values())


def ordered(quotes: Sequence[Quote], now: int) -> list[Quote]:
    """The weightiest of each voice first, then the second of each, and so on."""
    weights = {each.id: (1 + each.severity) * each.score * recency(each.at, now) for each in quotes}
    ranked = sorted(quotes, key=lambda each: (-weights[each.id], each.id))
    turns: dict[str, int] = {}
    order = []
    for place, each in enumerate(ranked):
        voice = each.who or each.id
        turns[voice] = turns.get(voice, 0) + 1
        order.append((turns[voice], place, each))
    return [each for _, _, each in sorted(order, key=lambda entry: entry[:2])]


def _short(quotes: Sequence[Quote], numbers: dict[str, int]) -> str:
    if not quotes:
        return ""
    head = f"{_count(quotes)} {_cited(quotes[:3], numbers)}: "
    first = quotes[0]
    tail = f" [{numbers[first.id]}]"
    return head + _quoted(first.text, SHORT - len(head) - len(tail)) + tail


def _long(quotes: Sequence[Quote], numbers: dict[str, int]) -> str:
    """One line a quote, as many as fit."""
    text = ""
    for each in quotes:
        tail = f" [{numbers[each.id]}]"
        head = f"{'' if not text else chr(10)}- {each.who or 'Somebody'}, {rfc3339(each.at)[:10]}: "
        room = LONG - len(text) - len(head) - len(tail)
        if room < 40:
            break
        text += head + _quoted(each.text, min(room, 300)) + tail
    return text


def _delta(quotes: Sequence[Quote], numbers: dict[str, int], before: int, after: int, now: int) -> str:
    recent = [each for each in quotes if now - each.at < RECENT]
    if not recent:
        return ""
    names = list(dict.fromkeys(each.who for each in recent if each.who))
    who = f" from {', '.join(names[:NAMED])}" if names else ""
    who += f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
    moved = f"impact {before} → {after}" if before != after else f"impact {after} as before"
    return f"Last 7 days: {len(recent)} new{who} {_cited(recent[:5], numbers)}; {moved}."[:DELTA]


def _count(quotes: Sequence[Quote]) -> str:
    voices = len({each.who or each.id for each in quotes})
    pieces = f"{len(quotes)} statement" + ("s" if len(quotes) != 1 else "")
    return pieces if voices == 1 else f"{pieces} from {voices} sides"


def _cited(quotes: Sequence[Quote], numbers: dict[str, int]) -> str:
    return "".join(f"[{numbers[each.id]}]" for each in quotes)


def _quoted(text: str, room: int) -> str:
    """The text in quotation marks within `room` characters, cut at a word."""
    plain = minute(" ".join(text.split()))[0].lstrip("-*> ")
    if len(plain) + 2 > room:
        cut = plain.rfind(" ", room // 2, room - 3)
        plain = plain[: cut if cut > 0 else max(1, room - 3)].rstrip(" ,;:-") + "…"
    return f"“{_inner(plain)}”"


def _inner(text: str) -> str:
    """Quotation marks of a text as they stand within others."""
    opened = _OPENING.sub("‘", text)
    return _CLOSING.sub("’", opened)
