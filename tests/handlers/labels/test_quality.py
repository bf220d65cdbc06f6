"""Regression gates: what was measured on the aside split, minus two points.

On our own sentences always, and on the shared sample data where it is there.
"""

from collections.abc import Callable, Iterable
from itertools import islice
from pathlib import Path

import pytest
from needlework.benchmarks.quality import labels
from needlework.benchmarks.training import sources

OWN = {"sentences": 0.89, "second": 0.82, "idioms": 0.77, "unseen": 0.79}
"""Least mean F1 of ten labels."""
SHARED: dict[str, tuple[Callable[[Path], Iterable[labels.Row]], int | None, float]] = {
    "action items in mail": (labels.action_items, 0, 0.773),
    "kinds of GitHub issues": (labels.issues, None, 0.766),
    "faults reported in chat": (labels.chat_faults, 0, 0.675),
    "questions without their mark": (labels.unmarked_questions, 0, 0.86),
}
"""What measures, the row that counts (None: the last), the least F1. Rows behind it are not asked for."""
MOST_PER_THOUSAND = dict.fromkeys(labels.RARE, 12) | {"follow_up_promised": 20}
"""Promises are not that rare: "I will call them tomorrow" stands in one of fifty sentences of mail."""
HERE = sources.DATA.is_dir()


@pytest.mark.parametrize("name", OWN)
def test_own_sentences(name: str) -> None:
    rows = labels.own_sentences(sources.OWN_TEST.with_name(f"{name}.tsv"), name)
    assert sum(float(row["f1"]) for row in rows) / len(rows) >= OWN[name]


def test_everyday_sentences() -> None:
    least = dict(zip(labels.EVERYDAY, (0.9, 0.9, 0.86, 0.78, 0.82, 0.87, 0.76, 0.97, 0.86), strict=True))
    rows = zip(least, labels.everyday(), strict=True)
    assert {part: row["f1"] for part, row in rows if float(row["f1"]) < least[part]} == {}


if HERE:

    @pytest.mark.parametrize("name", SHARED)
    def test_aside_data(name: str) -> None:
        measure, row, least = SHARED[name]
        *_, counts = islice(measure(sources.DATA), None if row is None else row + 1)
        assert float(counts["f1"]) >= least

    def test_rare_labels_stay_rare_in_other_peoples_text() -> None:
        rates = labels.firing(sources.DATA)
        assert {key: rates[key] for key in labels.RARE if rates[key] > MOST_PER_THOUSAND[key]} == {}
