"""The labelled data that the label models are trained and judged on, and the part of it that is kept
aside.

The part is chosen by a hash of what must not be torn apart (a sentence's text, a conversation, an issue's
title), so that it stays the same for whoever trains.
"""

import hashlib
import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
DATA = ROOT.parent / "shared" / "data"
EXAMPLES = ROOT / "handlers" / "labels" / "models" / "examples.tsv"
OWN_TEST = ROOT / "tests" / "data" / "labels" / "sentences.tsv"

ASIDE = 20
"""Per cent."""
SMALL_TALK = frozenset(
    {
        "openinggreeting",
        "closinggreeting",
        "thankyou",
        "confirmation",
        "rejection",
        "contentonly",
        "outofdomain",
    }
)


@dataclass(frozen=True)
class Sentence:
    """`labels` are the source's own; `group` is what the split keeps together."""

    text: str
    labels: frozenset[str]
    group: str

    @property
    def aside(self) -> bool:
        """Is it kept out of training?"""
        return bucket(self.group) < ASIDE


@dataclass(frozen=True)
class Issue:
    """One GitHub issue; `label` is bug, feature or question."""

    repo: str
    title: str
    body: str
    label: str

    @property
    def aside(self) -> bool:
        """Is it kept out of training?"""
        return bucket(self.title) < ASIDE


def bucket(key: str) -> int:
    """0..99, the same everywhere."""
    return int.from_bytes(hashlib.sha256(key.encode()).digest()[:4], "big") % 100


def emails(data: Path) -> list[Sentence]:
    """E-mail sentences: labels {"yes"} where they need action."""
    rows = (data / "email_intent" / "train.tsv").read_text(encoding="utf-8").split("\n")[1:]
    parted = (row.split("\t", 1) for row in rows if "\t" in row)
    return [Sentence(text, frozenset({"yes"} if label == "Yes" else ()), text) for label, text in parted]


def natural(rows: Iterable[Sentence], label: str, share: float) -> list[Sentence]:
    """`rows` with just so many of `label`, in hash order, that they are `share` of all."""
    kept = list(rows)
    without = [row for row in kept if label not in row.labels]
    having = sorted((row for row in kept if label in row.labels), key=lambda row: bucket(row.text + "share"))
    return without + having[: round(len(without) * share / (1 - share))]


def chats(data: Path) -> list[Sentence]:
    """Customers' chat sentences with their intents and domain; a conversation is a group."""
    return [
        Sentence(row["text"], frozenset((*row["intents"], row["domain"])), row["conversation_id"])
        for row in _lines(data / "support_dialogs_multidogo" / "train.jsonl")
    ]


def issues(data: Path) -> list[Issue]:
    """GitHub issues of five repositories."""
    rows = _lines(data / "github_issue_types" / "train.jsonl")
    return [Issue(row["repo"], row["title"] or "", row["body"] or "", row["label"]) for row in rows]


def meetings(data: Path, every: int) -> list[Sentence]:
    """Every so-manieth sentence of 40 transcripts, without labels; a meeting is a group."""
    found: list[Sentence] = []
    for number, meeting in enumerate(_lines(data / "qmsum" / "train_40.jsonl")):
        turns = [turn["content"] for turn in meeting["meeting_transcripts"]]
        parts = [part.strip() for turn in turns for part in re.split(r"(?<=[.?!]) ", turn)]
        long_enough = [part for part in parts if part.count(" ") >= 3]
        found += [Sentence(part, frozenset(), f"meeting {number}") for part in long_enough[::every]]
    return found


def questions(data: Path) -> list[Sentence]:
    """Customers' one-line questions and statements about banking, without labels but for the mark they
    end with."""
    rows = (data / "support_intents_banking77" / "train.tsv").read_text(encoding="utf-8").split("\n")[1:]
    texts = (row.split("\t", 1)[1].strip('"') for row in rows if "\t" in row)
    return [Sentence(text, frozenset(), text) for text in texts]


def own(path: Path) -> list[Sentence]:
    """Sentences written for this project, with all their labels."""
    rows = [line.split("\t") for line in path.read_text(encoding="utf-8").splitlines() if line and line[0] != "#"]
    return [Sentence(row[1], frozenset(row[0].split(",")) - {"-"}, row[1]) for row in rows]


def _lines(path: Path) -> Iterator[dict[str, Any]]:
    with path.open(encoding="utf-8") as file:
        for line in file:
            yield json.loads(line)
