"""What a meeting comes to, as Markdown: pure functions of what was said and what was found in it."""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple
from zoneinfo import ZoneInfo

from needlework.handlers.text.bullets import MOST, Point, Scene, action, document, pick, said
from needlework.handlers.text.encoder import Encoder
from needlework.handlers.text.summarise import STOP, Sentence, Turn, plain, split, summarise

HIGHLIGHTS = 150
"""Words below which nothing is summarised: what was said is shown as it is."""


class Heading(NamedTuple):
    """What is known of the meeting besides what was said."""

    when: datetime
    zone: ZoneInfo
    people: list[str]
    open_items: list[str]
    from_notes: bool


def minutes(turns: Sequence[Turn], points: Sequence[Point], head: Heading, encoder: Encoder) -> str:
    """The whole text of a summary."""
    local = head.when.astimezone(head.zone)
    people = f" · {', '.join(head.people[:20])}" if head.people else ""
    source = " · from notes, there is no transcript" if head.from_notes else ""
    first = f"*{local:%Y-%m-%d %H:%M} {head.zone.key}{people}{source}*"
    scene = Scene(turns, head.people, head.zone, lambda turn: head.when, lambda turn: f"turn {turn + 1}")
    if sum(len(turn.text.split()) for turn in turns) < HIGHLIGHTS:
        shown = [said(scene, number, turn.text) for number, turn in enumerate(turns[: MOST * 4])]
        return "\n".join([first, "", "## Highlights", *shown]) + "\n"
    parts = {
        "Overview": [said(scene, each.turn, each.text) for each in summarise(turns, encoder)],
        "Decisions": [said(scene, p.turn, plain(p.text)) for p in pick(points, "decision")],
        "Action items": [action(scene, p) for p in pick(points, "action_items", "follow_up_promised")],
        "Open from last time": head.open_items,
        "Questions": [said(scene, p.turn, plain(p.text)) for p in pick(points, "question")],
        "Topics": topics(split(turns)),
    }
    return document(first, parts)


def topics(found: Sequence[Sentence]) -> list[str]:
    """What was spoken about, in parts of equal length: the words that are of that part and not of the others."""
    size = max(20, -(-len(found) // 6))
    parts = [found[i : i + size] for i in range(0, len(found), size)]
    everywhere = Counter(word for part in parts for word in {w for each in part for w in each.words})
    lines = []
    for part in parts:
        here = Counter(word for each in part for word in each.words if word not in STOP and len(word) > 3)
        ranked = sorted(here, key=lambda word: (-here[word] / everywhere[word], word))
        named = [word for word in ranked if here[word] > 1][:4]
        if named:
            lines.append(f"- {', '.join(named)} (turns {part[0].turn + 1}–{part[-1].turn + 1})")
    return lines
