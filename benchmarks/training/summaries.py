"""Make the numbers of the summary: `python -m needlework.benchmarks.training.summaries [--data FOLDER]`.

A quarter of the meetings, by a hash of their id, is kept aside and judges (`benchmarks/quality/summaries.py`).
A sentence is worth what it shares with the summary that a person wrote: its pairs of words count ten times its words.
"""

import argparse
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from needlework.benchmarks.quality.rouge import grams
from needlework.benchmarks.training.sources import DATA, bucket
from needlework.handlers.text.encoder import shared_encoder
from needlework.handlers.text.summarise import NUMBERS, Double, Numbers, Sentence, Turn, features, split
from numpy.typing import NDArray

STRENGTH = 3_000.0
"""Of the regularisation; chosen by cross-validation over the meetings that are not aside."""


class Meeting(NamedTuple):
    """One meeting of the data, read."""

    id: str
    aside: bool
    turns: list[Turn]
    summary: str
    questions: list[tuple[str, list[tuple[int, int]]]]


class Table(NamedTuple):
    """A meeting as rows: its sentences, their vectors, features and worth."""

    meeting: Meeting
    found: list[Sentence]
    vectors: NDArray[np.float32]
    rows: Double
    worth: Double


def meetings(data: Path) -> Iterator[Meeting]:
    """All of them."""
    for line in (data / "qmsum" / "train_40.jsonl").open(encoding="utf-8"):
        row: dict[str, Any] = json.loads(line)
        turns = [Turn(each["speaker"], each["content"]) for each in row["meeting_transcripts"]]
        spans = [
            (each["query"], [(int(a), int(b)) for a, b in each["relevant_text_span"]])
            for each in row["specific_query_list"]
        ]
        summary = row["general_query_list"][0]["answer"]
        yield Meeting(str(row["id"]), bucket(str(row["id"])) < 25, turns, summary, spans)


def worth(found: list[Sentence], summary: str) -> Double:
    """What each sentence shares with the summary: its pairs of words, and its words, for its length."""
    one, two = grams(summary, 1), grams(summary, 2)
    made = []
    for each in found:
        text = " ".join(each.words)
        mine, pairs = grams(text, 1), grams(text, 2)
        shared = sum((mine & one).values()) / (sum(mine.values()) + 2)
        made.append(shared + 10 * sum((pairs & two).values()) / (sum(pairs.values()) + 2))
    return np.array(made)


def table(meeting: Meeting) -> Table:
    """One meeting as rows."""
    found = split(meeting.turns)
    vectors = shared_encoder().encode([each.text for each in found])
    return Table(meeting, found, vectors, features(found, vectors), worth(found, meeting.summary))


def fit(tables: list[Table], strength: float = STRENGTH) -> Numbers:
    """A ridge over all their sentences; each meeting counts alike."""
    rows = np.concatenate([each.rows for each in tables])
    mean, scale = rows.mean(axis=0), np.maximum(rows.std(axis=0), 1e-3)
    x = (rows - mean) / scale
    y = np.concatenate([(each.worth - each.worth.mean()) / each.worth.std() for each in tables])
    weight = np.concatenate([np.full(len(each.worth), 300 / len(each.worth)) for each in tables])[:, None]
    weights = np.linalg.solve((x * weight).T @ x + strength * np.eye(x.shape[1]), (x * weight).T @ y)
    return Numbers(mean, scale, weights)


def main() -> None:
    """Train on what is not aside, and write the numbers into the package."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=DATA)
    tables = [table(each) for each in meetings(parser.parse_args().data) if not each.aside]
    numbers = fit(tables)
    plain = {name: [round(float(each), 6) for each in getattr(numbers, name)] for name in Numbers._fields}
    NUMBERS.write_text(json.dumps(plain, indent=1) + "\n")
    print(f"{NUMBERS.name}: {len(tables)} meetings, {len(plain['weights'])} weights")


if __name__ == "__main__":
    main()
