"""What a meeting came to, against what a person noted: `python -m needlework.benchmarks.quality.minutes [--lines]`.

Sixteen talks of our own (`minutes/*.toml`), each with the decisions, action items (who, by when), open questions and
subjects that a careful minute-taker notes. Rules were written with the results of `seen` in sight, later with those of
`aside` too; `fresh` were written after that. Judged is the text that a reader gets: a line is right where it holds a
noted item's key (a pattern), and each item counts once. Precision counts lines, recall counts items.
"""

import argparse
import json
import re
import tomllib
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from needlework.handlers.formats import transcript
from needlework.handlers.formats.items import Item
from needlework.handlers.labels.analyser import Segment, analyse
from needlework.handlers.labels.definitions import DEFAULTS_BY_KEY
from needlework.handlers.meetings.minutes import Heading, Record, minutes
from needlework.handlers.text.bullets import LABELS, joined, pieces, place, section
from needlework.handlers.text.encoder import shared_encoder
from needlework.handlers.text.summarise import Turn
from needlework.handlers.text.talk import Point

FOLDER = Path(__file__).with_name("minutes")
HALVES = ("seen", "aside", "fresh")
_ACTION = re.compile(r"- \[ \] (?:\*\*(?P<who>.+?):\*\* )?(?P<text>.*?)(?:, due (?P<by>[\d-]{10}))? \(turn \d+\)$")
_PLACE = re.compile(r" \(turns? [\d–]+\)$")


class Noted(NamedTuple):
    """A talk, and what a person noted of it."""

    name: str
    half: str
    turns: list[Turn]
    when: datetime
    noted: dict[str, Any]


class Count(NamedTuple):
    """Lines shown, those of them that are right, items noted, those of them that were found."""

    shown: int = 0
    right: int = 0
    noted: int = 0
    found: int = 0

    def plus(self, other: "Count") -> "Count":
        """The sums of both."""
        return Count(*(mine + theirs for mine, theirs in zip(self, other, strict=True)))

    def row(self) -> dict[str, float | int]:
        """Precision and recall, with what they are made of."""
        precision, recall = self.right / max(1, self.shown), self.found / max(1, self.noted)
        return {"precision": round(precision, 3), "recall": round(recall, 3), "shown": self.shown, "noted": self.noted}


def talks() -> list[Noted]:
    """All of them, by name."""
    made = []
    for path in sorted(FOLDER.glob("*.toml")):
        noted = tomllib.loads(path.read_text("utf-8"))
        found = transcript.conversation(noted["text"].strip().encode(), received=datetime(2026, 1, 1, tzinfo=UTC))
        if not isinstance(found, Item):
            raise ValueError(f"{path.name}: {found.reason}")
        turns = [Turn(each["sender"].get("name", ""), each["text"]) for each in found.data["messages"]]
        when = datetime.fromisoformat(found.data["started_at"])
        made.append(Noted(path.stem, noted["half"], turns, when, noted))
    return made


def points(turns: Sequence[Turn]) -> list[Point]:
    """What the labels that every workspace begins with find."""
    definitions = [DEFAULTS_BY_KEY[label] for label in LABELS]
    made: list[Point] = []
    for first, some in pieces(turns):
        results = analyse([Segment(None, joined(some))], definitions)
        made += place(some, [(each.label, at.start, at.quote) for each in results for at in each.evidence], first)
    return made


def written(talk: Noted) -> str:
    """The summary that a reader gets."""
    head = Heading(talk.when, ZoneInfo("UTC"), [], [])
    return minutes(Record(talk.turns), points(talk.turns), head, shared_encoder())


def judge(talk: Noted, body: str) -> dict[str, Count]:
    """What was found of what was noted."""
    decided = [_PLACE.sub("", line) for line in section(body, "Decisions")]
    actions = [match for line in section(body, "Action items") if (match := _ACTION.match(line))]
    taken, both = _matched([each["text"] for each in actions], talk.noted["actions"])
    pairs = [(actions[line], talk.noted["actions"][item]) for line, item in both.items()]
    owned = sum((match["who"] or "") == item.get("who", "") for match, item in pairs)
    dated = sum((match["by"] or "") == item.get("by", "") for match, item in pairs)
    asked = [_PLACE.sub("", line) for line in section(body, "Open questions")]
    return {
        "decisions": _count(decided, talk.noted["decisions"]),
        "action items": Count(len(actions), taken, len(talk.noted["actions"]), len(both)),
        "owner of those found": Count(len(pairs), owned, len(pairs), owned),
        "day of those found": Count(len(pairs), dated, len(pairs), dated),
        "open questions": _count(asked, [{"key": key} for key in talk.noted["open"]]),
        "overview: subjects": _told(" ".join(section(body, "Overview") + decided).lower(), talk.noted["about"]),
    }


def _told(text: str, keys: Sequence[str]) -> Count:
    told = sum(bool(re.search(key, text)) for key in keys)
    return Count(len(keys), told, len(keys), told)


def _count(lines: Sequence[str], items: Sequence[dict[str, Any]]) -> Count:
    right, both = _matched(lines, items)
    return Count(len(lines), right, len(items), len(both))


def _matched(lines: Iterable[str], items: Sequence[dict[str, Any]]) -> tuple[int, dict[int, int]]:
    """How many lines are right, and the item that each of them found first."""
    both: dict[int, int] = {}
    for number, line in enumerate(lines):
        fitting = [at for at, item in enumerate(items) if re.search(item["key"], line.lower())]
        free = [at for at in fitting if at not in both.values()]
        if free:
            both[number] = free[0]
    return len(both), both


def main() -> None:
    """Print a table for people and a line of JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--lines", nargs="*", metavar="TALK", help="show the summaries of these talks (of all) too")
    parser.add_argument("--half", choices=HALVES, help="only these")
    given = parser.parse_args()
    rows = {}
    for half in [given.half] if given.half else HALVES:
        sums: dict[str, Count] = {}
        for talk in talks():
            if talk.half != half:
                continue
            body = written(talk)
            for name, count in judge(talk, body).items():
                sums[name] = sums.get(name, Count()).plus(count)
            if given.lines is not None and (not given.lines or talk.name in given.lines):
                print(f"=== {talk.name}\n{body}")
        for name, count in sums.items():
            rows[f"{half}, {name}"] = row = count.row()
            print(f"{f'{half}, {name}':32}" + "  ".join(f"{key} {value}" for key, value in row.items()))
    print(json.dumps(rows))


if __name__ == "__main__":
    main()
