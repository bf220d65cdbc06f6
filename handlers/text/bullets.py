"""Lines of a summary: who said it, what is to be done by whom until when, and where it was said."""

import bisect
import re
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from itertools import accumulate
from typing import NamedTuple
from zoneinfo import ZoneInfo

from needlework.handlers.text.dates import find_due
from needlework.handlers.text.summarise import Turn, plain

MOST = 12
"""Lines of one part."""
LABELS = ("decision", "action_items", "follow_up_promised", "question")
"""What is looked for in what was said, by the workspace's own labels."""
_WORD = re.compile(r"[\w'-]+")
_PROMISES = ("i'll ", "i will ", "let me ", "i can ")


class Point(NamedTuple):
    """A sentence that carries a label, and the turn in which it stands."""

    label: str
    turn: int
    text: str


class Scene(NamedTuple):
    """What was said, when each turn was, who took part, and how a turn is named."""

    turns: Sequence[Turn]
    people: Sequence[str]
    zone: ZoneInfo
    when: Callable[[int], datetime]
    cite: Callable[[int], str]


def joined(turns: Sequence[Turn]) -> str:
    """The turns as one text, for an analysis."""
    return "\n".join(turn.text for turn in turns)


def place(turns: Sequence[Turn], spans: Iterable[tuple[str, int, str]]) -> list[Point]:
    """Spans (label, start, quote) of the joined text, each in its turn."""
    starts = [0, *accumulate(len(turn.text) + 1 for turn in turns)]
    last = len(turns) - 1
    return [Point(label, min(bisect.bisect_right(starts, at) - 1, last), quote) for label, at, quote in spans]


def pick(points: Sequence[Point], *labels: str) -> list[Point]:
    """Points with one of these labels, in the order of speech, each place once."""
    found = {(point.turn, point.text): point for point in points if point.label in labels}
    return sorted(found.values(), key=lambda point: point.turn)


def said(scene: Scene, turn: int, text: str) -> str:
    """A line for something said."""
    return f"- {_named(scene.turns[turn].speaker)}{flat(text)} ({scene.cite(turn)})"


def action(scene: Scene, point: Point) -> str:
    """A line for something to do, with its owner (who is named, or who promises it himself) and its day."""
    due = find_due(point.text, scene.when(point.turn), scene.zone)
    day = f", due {due.day.isoformat()}" if due is not None else ""
    speaker = scene.turns[point.turn].speaker
    lowered = point.text.lower()
    names = [name for name in {turn.speaker for turn in scene.turns} | set(scene.people) if name and name != speaker]
    words = _WORD.findall(lowered)
    named = sorted(name for name in names if _first(name) in words)
    promised = point.label == "follow_up_promised" or lowered.startswith(_PROMISES)
    owner = speaker if promised else (named[0] if named else "")
    text = flat(plain(point.text))
    return f"- [ ] {_named(owner)}{text.rstrip('.;,! ') if day else text}{day} ({scene.cite(point.turn)})"


def document(head: str, parts: dict[str, list[str]]) -> str:
    """A line about the whole, then each part that has lines, under its title."""
    lines = [head, ""]
    for title, found in parts.items():
        if found:
            lines += [f"## {title}", *found[:MOST], ""]
    return "\n".join(lines).rstrip() + "\n"


def flat(text: str) -> str:
    """A text on one line, not without end."""
    return " ".join(text.split())[:600]


def _named(name: str) -> str:
    return f"**{flat(name)}:** " if name else ""


def _first(name: str) -> str:
    return next(iter(name.lower().split()), "")
