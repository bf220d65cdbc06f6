"""What corrections are worth: `python -m needlework.benchmarks.quality.corrections [--data FOLDER]`.

A workspace whose people mean something of their own by a label decides on 10 or 30 sentences of its chats; F1 is
judged on other chats (the aside part), before and after. `decided`: the machine's finds, confirmed or rejected.
`mistakes`: what it had wrong, misses among them, which people add as examples.
"""

import argparse
import random
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from needlework.benchmarks.quality.labels import Row, measure, show
from needlework.benchmarks.training import sources
from needlework.benchmarks.training.sources import Sentence
from needlework.handlers.labels.analyser import Segment, analyse
from needlework.handlers.labels.definitions import DEFAULTS_BY_KEY, LabelDefinition
from needlework.handlers.labels.teaching import taught

SEEDS = 4
LEARNED, JUDGED = 400, 300
"""Sentences to choose corrections from, and to judge on."""
MEANINGS = {
    "faults (software desk)": ("software", "task_issue_bug"),
    "requests for service (software desk)": ("software", "action_items"),
}


def is_meant(row: Sentence, domain: str, key: str) -> bool:
    """Does the workspace mean this sentence? Its faults are ours; its requests are whatever is no small talk."""
    if key == "task_issue_bug":
        return "reportbrokensoftware" in row.labels
    return bool(row.labels - sources.SMALL_TALK - {domain})


def said(rows: Sequence[Sentence], definition: LabelDefinition) -> list[bool]:
    """Which of them carry the label."""
    return [analyse([Segment(None, row.text)], [definition])[0].present for row in rows]


def corrections(data: Path, name: str, count: int, kind: str) -> Row:
    """Mean F1 over draws of `count` corrections; 0 is before any."""
    domain, key = MEANINGS[name]
    rows = [row for row in sources.chats(data) if domain in row.labels]
    random.Random(0).shuffle(rows)
    learned = [row for row in rows if not row.aside][:LEARNED]
    judged = [row for row in rows if row.aside][:JUDGED]
    meant, start = [is_meant(row, domain, key) for row in learned], DEFAULTS_BY_KEY[key]
    found = said(learned, start)
    able = [at for at in range(len(learned)) if (found[at] if kind == "decided" else found[at] != meant[at])]
    figures = []
    for seed in range(SEEDS if count else 1):
        definition = start
        for at in random.Random(seed).sample(able, min(count, len(able))):
            definition = taught(definition, learned[at].text, "confirmed" if meant[at] else "rejected")
        figures.append(measure("", said(judged, definition), (is_meant(row, domain, key) for row in judged)))
    means = {name: float(np.mean([float(each[name]) for each in figures])) for name in ("precision", "recall", "f1")}
    return {"name": f"{name}, {count} {kind}", **means, "n": len(judged)}


def main() -> None:
    """Print the table and the line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=sources.DATA)
    data: Path = parser.parse_args().data
    plans = [(0, "decided"), (10, "decided"), (30, "decided"), (10, "mistakes"), (30, "mistakes")]
    rows = [corrections(data, name, count, kind) for name in MEANINGS for count, kind in plans]
    show(rows, 52)


if __name__ == "__main__":
    main()
