"""Regression gates: what was measured on the aside split, minus two points.

From the shared sample data where it is there; our own sentences always.
"""

import pytest
from needlework.benchmarks.quality import labels
from needlework.benchmarks.training import sources

needs_data = pytest.mark.skipif(not sources.DATA.exists(), reason="the sample data is not beside the repository")


@needs_data
def test_action_items_in_mail() -> None:
    assert float(labels.action_items(sources.DATA)[0]["f1"]) >= 0.745


@needs_data
def test_kinds_of_github_issues() -> None:
    assert float(labels.issues(sources.DATA)[-1]["f1"]) >= 0.76


@needs_data
def test_faults_reported_in_chat() -> None:
    assert float(labels.chat_faults(sources.DATA)[0]["f1"]) >= 0.66


@needs_data
def test_questions_without_their_mark() -> None:
    assert float(labels.unmarked_questions(sources.DATA)[0]["f1"]) >= 0.86


@needs_data
def test_labels_stay_rare_in_other_peoples_text() -> None:
    rates = labels.firing(sources.DATA)
    assert {key: rate for key, rate in rates.items() if key in labels.RARE and rate > 12} == {}


@pytest.mark.parametrize(("name", "least"), [("sentences", 0.84), ("second", 0.78), ("idioms", 0.72), ("unseen", 0.73)])
def test_own_sentences(name: str, least: float) -> None:
    rows = labels.own_sentences(sources.OWN_TEST.with_name(f"{name}.tsv"), name)
    assert sum(float(row["f1"]) for row in rows) / len(rows) >= least
