"""What becomes of sentences of mails, chats and meetings: those that ask or promise become tasks, no others do."""

from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from needlework.handlers.labels.analyser import Segment, analyse
from needlework.handlers.labels.definitions import DEFAULTS_BY_KEY
from needlework.handlers.tasks.from_labels import SUGGESTING
from needlework.handlers.tasks.titles import Outline, outline

SENTENCES = Path(__file__).parents[2] / "data" / "tasks" / "sentences.tsv"
SAID = datetime(2025, 11, 19, 10, tzinfo=UTC)
PEOPLE = ("Ada Lind", "Bob Ruiz")
OWNERS = {"-": None, "me": "Ada Lind", "other": "Bob Ruiz", "Bob": "Bob Ruiz", "bob": "Bob Ruiz"}
LEAST = {"tuned": (50, 1), "held": (47, 1), "fresh": (28, 1), "last": (18, 4)}
"""Of 52, 51, 30 and 24 that ask or promise, at least so many become tasks; of the others at most so many."""


def suggested(sentence: str) -> Outline | None:
    """What its labels make of a sentence that stands alone, as `from_labels` does it."""
    found = analyse([Segment(None, sentence)], [DEFAULTS_BY_KEY[key] for key in SUGGESTING])
    labels = {each.label: each.evidence[0].quote for each in found if each.present}
    for key, kind in SUGGESTING.items():
        if key in labels:
            made = outline(labels[key], kind, SAID, ZoneInfo("UTC"), PEOPLE[0], PEOPLE)
            return made if made.title else None
    return None


@pytest.mark.parametrize("part", LEAST)
def test_requests_and_promises_become_tasks_and_nothing_else_does(part: str) -> None:
    """A first user found half of the suggestions of a mailbox to be noise, and half of what was asked for missed."""
    counts: Counter[str] = Counter()
    wrong = []
    for line in SENTENCES.read_text(encoding="utf-8").splitlines():
        if line.startswith("#") or not line.startswith(part):
            continue
        _, owner, due, title, sentence = line.split("\t")
        made = suggested(sentence)
        counts["found" if title != "-" and made else "false" if made else "missed or none"] += 1
        if made is None or title == "-":
            continue
        day = made.due_on.isoformat() if made.due_on else "-"
        if (made.title if title != "*" else "*", made.owner, day) != (title, OWNERS.get(owner, owner), due):
            wrong.append((sentence, made))
    assert wrong == []
    least, most_false = LEAST[part]
    assert counts["found"] >= least
    assert counts["false"] <= most_false
