"""Lines of a summary: who said it, what is to be done by whom until when, and where it was said."""

import bisect
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime
from itertools import accumulate, groupby
from typing import NamedTuple
from zoneinfo import ZoneInfo

from needlework.handlers.text.asked import Asked
from needlework.handlers.text.dates import find_due
from needlework.handlers.text.summarise import Sentence, Turn
from needlework.handlers.text.talk import Point
from needlework.handlers.text.tidy import tidy, together
from needlework.handlers.text.timed import Task

MOST = 12
"""Lines of one part."""
LABELS = ("decision", "action_items", "follow_up_promised", "question")
"""What is looked for in what was said, by the workspace's own labels."""
PIECE = 300
"""Words that are analysed at once."""
_BETWEEN = "\n\n"
"""Between turns: a sentence never goes on in the next one."""


class Scene(NamedTuple):
    """What was said, the time zone, when each turn was, and how a turn is named (see `cites`)."""

    turns: Sequence[Turn]
    zone: ZoneInfo
    when: Callable[[int], datetime]
    cite: Callable[[int], str]


def joined(turns: Sequence[Turn]) -> str:
    """The turns as one text, for an analysis."""
    return _BETWEEN.join(turn.text for turn in turns)


def pieces(turns: Sequence[Turn]) -> Iterator[tuple[int, Sequence[Turn]]]:
    """The turns in pieces of a few hundred words, each with its first turn's number.

    An analysis quotes ten sentences for a label: for a talk of an hour that would be few.
    """
    first = words = 0
    for number, turn in enumerate(turns, 1):
        words += len(turn.text.split())
        if words >= PIECE or number == len(turns):
            yield first, turns[first:number]
            first, words = number, 0


def place(turns: Sequence[Turn], spans: Iterable[tuple[str, int, str]], first: int = 0) -> list[Point]:
    """Spans (label, start, quote) of the joined text, each in its turn; the turns are numbered from `first`."""
    starts = [0, *accumulate(len(turn.text) + len(_BETWEEN) for turn in turns)]
    last = len(turns) - 1
    return [Point(label, first + min(bisect.bisect_right(starts, at) - 1, last), quote) for label, at, quote in spans]


def said(scene: Scene, turn: int, text: str) -> str:
    """A line for something said."""
    return f"- {_named(scene.turns[turn].speaker)}{flat(text)} {scene.cite(turn)}"


def told(scene: Scene, chosen: Sequence[Sentence]) -> list[str]:
    """Lines for chosen sentences: what is of one turn stands in one."""
    return [
        said(scene, turn, together(*(tidy(scene.turns[turn].text[each.start : each.end]) for each in those)))
        for turn, those in groupby(chosen, key=lambda each: each.turn)
    ]


def action(scene: Scene, task: Task) -> str:
    """A line for something to do, with its owner and its day."""
    due = find_due(task.text, scene.when(task.turn), scene.zone)
    text = flat(task.text)
    day = f", due {due.day.isoformat()}" if due is not None else ""
    return f"- [ ] {_named(task.owner)}{text.rstrip('.;,! ') if day else text}{day} {scene.cite(task.turn)}"


def asked(scene: Scene, each: Asked) -> str:
    """A line for a question, and for what was said to it."""
    reply = f" {_named(each.who)}{flat(each.reply)}" if each.reply else ""
    return said(scene, each.turn, f"{flat(each.text)}{reply}")


def document(head: str, parts: dict[str, list[str]], most: int = MOST) -> str:
    """A line about the whole, then each part that has lines, at most so many, under its title."""
    lines = [head, ""]
    for title, found in parts.items():
        if found:
            lines += [f"## {title}", *found[:most], ""]
    return "\n".join(lines).rstrip() + "\n"


def section(document: str, title: str) -> list[str]:
    """The lines under a title of a document, without empty ones."""
    _, found, rest = f"\n{document}".partition(f"\n## {title}\n")
    return [line for line in rest.partition("\n## ")[0].splitlines() if line.strip()] if found else []


def flat(text: str) -> str:
    """A text on one line, not without end."""
    return " ".join(text.split())[:600]


def _named(name: str) -> str:
    return f"**{flat(name)}:** " if name else ""
