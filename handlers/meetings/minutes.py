"""What a meeting comes to, as Markdown: pure functions of what was said and what was found in it."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple
from zoneinfo import ZoneInfo

from needlework.handlers.text.bullets import MOST, Scene, action, asked, document, flat, said, told
from needlework.handlers.text.carried import still_open
from needlework.handlers.text.cites import cite
from needlework.handlers.text.encoder import Encoder
from needlework.handlers.text.outcome import outcome
from needlework.handlers.text.summarise import Turn, split, summarise
from needlework.handlers.text.talk import Point
from needlework.handlers.text.topics import parts
from needlework.handlers.zones import wall_of

HIGHLIGHTS = 150
"""Words below which nothing is summarised: what was said is shown as it is."""
SHORT, OVERVIEW = 80, 117
"""Words of an overview: a third of what was said up to the first, a quarter from there to the second."""


class Heading(NamedTuple):
    """What is known of the meeting besides what was said; `source` is a remark on that, where one is due."""

    when: datetime
    zone: ZoneInfo
    people: list[str]
    open_items: list[str]
    source: str = ""
    title: str = ""


class Record(NamedTuple):
    """What was said, and where it stands: a conversation and the message of each turn, or notes (None)."""

    turns: Sequence[Turn]
    conversation: str | None = None
    messages: Sequence[str] = ()

    def cite(self, first: int, last: int | None = None) -> str:
        """How a turn is named, or the turns from one to another."""
        words = f"turn {first + 1}" if last is None or last == first else f"turns {first + 1}–{last + 1}"
        return cite(words, self.conversation, self.messages[first] if self.messages else "")


def minutes(record: Record, points: Sequence[Point], head: Heading, encoder: Encoder) -> str:
    """The whole text of a summary."""
    turns, local = record.turns, wall_of(head.when, head.zone)
    people = f" · {', '.join(head.people[:20])}" if head.people else ""
    first = f"*{local:%Y-%m-%d %H:%M} {head.zone.key}{people}*" + (f"\n\n*{head.source}*" if head.source else "")
    scene = Scene(turns, head.zone, lambda turn: head.when, record.cite)
    words = sum(len(turn.text.split()) for turn in turns)
    if words < HIGHLIGHTS:
        shown = [said(scene, number, turn.text) for number, turn in enumerate(turns[: MOST * 4])]
        return document(
            first, {"Highlights": shown, "Open from last time": still_open(head.open_items, turns)}, MOST * 4
        )
    came = outcome(turns, points, head.people)
    actions = [action(scene, task) for task in came.tasks]
    best = summarise(turns, encoder, words=min(OVERVIEW, max(min(SHORT, words // 3), words // 4)), without=came.said)
    return document(
        first,
        {
            "Overview": told(scene, best),
            "Decisions": [said(scene, turn, text) for turn, text in came.decisions],
            "Action items": actions,
            "Open from last time": still_open(head.open_items, turns, actions),
            "Open questions": [asked(scene, each) for each in came.open],
            "Questions answered": [asked(scene, each) for each in came.answered],
            "Topics": _topics(record, head, encoder),
        },
    )


def _topics(record: Record, head: Heading, encoder: Encoder) -> list[str]:
    found = split(record.turns)
    if not found:
        return []
    vectors = encoder.encode([each.text for each in found])
    names = [*head.people, *(turn.speaker for turn in record.turns)]
    return [
        f"- {flat(', '.join(each.phrases))} {record.cite(each.first, each.last)}"
        for each in parts(found, vectors, names, head.title)
    ]
