"""Sentences that were labelled for a word or a shape of theirs, each with what it should have been."""

import pytest
from needlework.benchmarks.quality.labels import labels_of
from needlework.handlers.labels.analyser import Segment, analyse
from needlework.handlers.labels.definitions import DEFAULTS_BY_KEY


@pytest.mark.parametrize(
    "said",
    [
        "We'd like to switch from monthly to yearly billing.",
        "We want to move all our teams over to your platform.",
        "They cancelled their contract with the competitor and come to us.",
        "Contoso signed for three years.",
        "We sold forty seats to Contoso this morning.",
        "We cancelled the webinar.",
        "I left my old company last year.",
    ],
)
def test_a_sale_is_no_churn_risk(said: str) -> None:
    assert "churn_risk" not in labels_of(said)


@pytest.mark.parametrize(
    "said",
    [
        "Our team will switch to Globex next month.",
        "We will not move to your new platform, we cancel.",
        "We are moving away from your product.",
        "We signed up for more seats than we use and want to end the contract.",
        "Please cancel our subscription before the next call.",
    ],
)
def test_who_leaves_is_a_churn_risk_beside_the_words_of_a_sale(said: str) -> None:
    assert "churn_risk" in labels_of(said)


def test_what_a_fault_costs_is_no_objection_to_the_price() -> None:
    assert "pricing_objection" not in labels_of("This bug is costing us real money every day.")
    assert "pricing_objection" in labels_of("The subscription costs us too much money.")


def test_a_fault_without_a_word_of_a_complaint_is_no_escalation() -> None:
    assert labels_of("The ticket disappears from the queue.") == {"task_issue_bug"}


def test_the_name_of_who_speaks_is_no_part_of_what_is_said() -> None:
    """ "**Tom Berger:** Agreed." was praise: the name made three words of one, enough for a model."""
    text = "**Tom Berger:** Agreed."
    results = analyse([Segment(None, text)], list(DEFAULTS_BY_KEY.values()))
    assert [each.label for each in results if each.present] == []
    text = "**Tom Berger:** The export is broken."
    (found,) = analyse([Segment(None, text)], [DEFAULTS_BY_KEY["task_issue_bug"]])
    (evidence,) = found.evidence
    assert evidence.quote == "The export is broken." == text[evidence.start : evidence.end]


def test_a_heading_in_bold_says_what_follows() -> None:
    assert "action_items" in labels_of("**Action:** Tom to write the minutes.")
