"""What a meeting comes to, as Markdown: pure functions of what was said and what was found in it."""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple
from zoneinfo import ZoneInfo

from needlework.handlers.text.dates import find_due
from needlework.handlers.text.encoder import Encoder
from needlework.handlers.text.summarise import STOP, Sentence, Turn, plain, split, summarise

HIGHLIGHTS = 150
"""Words below which nothing is summarised: what was said is shown as it is."""
MOST = 12
"""Lines of one part."""


class Point(NamedTuple):
    """A sentence that carries a label, and the turn in which it stands."""

    label: str
    turn: int
    text: str


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
    lines = [f"*{local:%Y-%m-%d %H:%M} {head.zone.key}{people}{source}*", ""]
    if sum(len(turn.text.split()) for turn in turns) < HIGHLIGHTS:
        lines += ["## Highlights", *(_line(turn.speaker, turn.text, n) for n, turn in enumerate(turns, 1))]
        return "\n".join(lines[: 2 + MOST * 4]) + "\n"
    chosen = summarise(turns, encoder)
    parts = {
        "Overview": [_line(each.speaker, each.text, each.turn + 1) for each in chosen],
        "Decisions": [_line(turns[p.turn].speaker, plain(p.text), p.turn + 1) for p in _of(points, "decision")],
        "Action items": [_action(p, turns, head) for p in _of(points, "action_items", "follow_up_promised")],
        "Open from last time": head.open_items,
        "Questions": [_line(turns[p.turn].speaker, plain(p.text), p.turn + 1) for p in _of(points, "question")],
        "Topics": topics(split(turns)),
    }
    for title, found in parts.items():
        if found:
            lines += [f"## {title}", *found[:MOST], ""]
    return "\n".join(lines).rstrip() + "\n"


def _of(points: Sequence[Point], *labels: str) -> list[Point]:
    """Points with one of these labels, in the order of speech, each place once."""
    found = {(point.turn, point.text): point for point in points if point.label in labels}
    return sorted(found.values(), key=lambda point: point.turn)


def _line(speaker: str, text: str, turn: int) -> str:
    named = f"**{_flat(speaker)}:** " if speaker else ""
    return f"- {named}{_flat(text)} (turn {turn})"


def _action(point: Point, turns: Sequence[Turn], head: Heading) -> str:
    """An item with its owner (named in it, or its speaker's own promise) and its day."""
    due = find_due(point.text, head.when, head.zone)
    day = f", due {due.day.isoformat()}" if due is not None else ""
    speaker = turns[point.turn].speaker
    lowered = point.text.lower()
    names = [name for name in {turn.speaker for turn in turns} | set(head.people) if name and name != speaker]
    named = sorted(name for name in names if _first(name) in lowered.replace(",", " ").replace(".", " ").split())
    promised = point.label == "follow_up_promised" or lowered.startswith(("i'll ", "i will ", "let me ", "i can "))
    owner = speaker if promised else (named[0] if named else "")
    shown = f"**{_flat(owner)}:** " if owner else ""
    return f"- [ ] {shown}{_flat(plain(point.text))}{day} (turn {point.turn + 1})"


def _first(name: str) -> str:
    return name.split()[0].lower()


def _flat(text: str) -> str:
    return " ".join(text.split())[:600]


def topics(found: Sequence[Sentence]) -> list[str]:
    """What was spoken about, in parts of equal length: the words that are of that part and not of the others."""
    size = max(20, -(-len(found) // 6))
    parts = [found[i : i + size] for i in range(0, len(found), size)]
    everywhere = Counter(word for part in parts for word in {w for each in part for w in each.words})
    lines = []
    for part in parts:
        said = Counter(word for each in part for word in each.words if word not in STOP and len(word) > 3)
        ranked = sorted(said, key=lambda word: (-said[word] / everywhere[word], word))
        named = [word for word in ranked if said[word] > 1][:4]
        if named:
            lines.append(f"- {', '.join(named)} (turns {part[0].turn + 1}–{part[-1].turn + 1})")
    return lines
