"""Regression gates: what was measured on the aside split, minus two points.

From the shared sample data where it is there; our own sentences always.
"""

from pathlib import Path

import pytest
from needlework.benchmarks.quality import labels
from needlework.benchmarks.training import sources

needs_data = pytest.mark.skipif(
    not sources.DATA.exists(), reason="the sample data is not beside the repository"
)


@needs_data
def test_action_items_in_mail() -> None:
    assert float(labels.action_items(sources.DATA)[0]["f1"]) >= 0.74


@needs_data
def test_kinds_of_github_issues() -> None:
    assert float(labels.issues(sources.DATA)[-1]["f1"]) >= 0.75


@needs_data
def test_faults_reported_in_chat() -> None:
    assert float(labels.chat_faults(sources.DATA)[0]["f1"]) >= 0.67


@needs_data
def test_questions_without_their_mark() -> None:
    assert float(labels.unmarked_questions(sources.DATA)[0]["f1"]) >= 0.86


@needs_data
def test_labels_stay_rare_in_other_peoples_text() -> None:
    rates = labels.firing(sources.DATA)
    assert {key: rate for key, rate in rates.items() if key in labels.RARE and rate > 12} == {}


@pytest.mark.parametrize("path", [sources.OWN_TEST, labels.UNSEEN], ids=lambda path: path.stem)
def test_own_sentences(path: Path) -> None:
    rows = labels.own_sentences(path, "")
    mean = sum(float(row["f1"]) for row in rows) / len(rows)
    worst = min(float(row["precision"]) for row in rows)
    assert mean >= (0.88 if path == sources.OWN_TEST else 0.76)
    assert worst >= 0.6
