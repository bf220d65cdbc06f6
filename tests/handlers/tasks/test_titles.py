"""What a sentence becomes as a task: a title that begins with its verb, an owner only where one is named."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from needlework.handlers.tasks.titles import MAX_TITLE, fingerprint, outline

SAID = datetime(2025, 11, 19, 10, tzinfo=UTC)  # a Wednesday
UTC_ZONE = ZoneInfo("UTC")

SENTENCES = [
    ("Could you please send me the contract end date by Friday?", "Send me the contract end date", None, "2025-11-21"),
    ("Please open an issue and attach the log.", "Open an issue and attach the log", None, None),
    ("Hi Maren, can you check the invoice?", "Check the invoice", None, None),
    ("Jo, please draft the message.", "Draft the message", "Jo", None),
    ("Jo will send the release notes by Friday.", "Send the release notes", "Jo", "2025-11-21"),
    ("- Sam will write the upgrade notes.", "Write the upgrade notes", "Sam", None),
    ("- [ ] Update the docs (Ada)", "Update the docs", "Ada", None),
    ("Can Sam send the figures tomorrow?", "Send the figures", "Sam", "2025-11-20"),
    ("@Ines please call the customer", "Call the customer", "Ines", None),
    ("TODO: renew the certificate before 2025-12-01", "Renew the certificate", None, "2025-12-01"),
    ("Let's discuss the price next week.", "Discuss the price", None, "2025-11-28"),
    ("We need to fix the export", "Fix the export", None, None),
    ("Don't forget to back up the server", "Back up the server", None, None),
    ("Review what we discussed on Monday with Ada", "Review what we discussed on Monday with Ada", None, "2025-11-24"),
    ("The offer has not arrived.", "Follow up: The offer has not arrived", None, None),
    ("Any news about the refund?", "Answer: Any news about the refund", None, None),
    ("Friday, please.", "Follow up: Friday", None, "2025-11-21"),
]


@pytest.mark.parametrize(("quote", "title", "owner", "due"), SENTENCES)
def test_a_sentence_becomes_a_task(quote: str, title: str, owner: str | None, due: str | None) -> None:
    found = outline(quote, "follow_up", SAID, UTC_ZONE)
    assert (found.title, found.owner) == (title, owner)
    assert (found.due_on.isoformat() if found.due_on else None) == due


def test_who_promises_in_the_first_person_owns_the_task() -> None:
    found = outline("I will send you the dates tomorrow morning.", "follow_up", SAID, UTC_ZONE, "jo@quayside.example")
    assert found.owner == "jo@quayside.example"
    assert found.title == "Send you the dates"
    asked = outline("Could you send me the dates?", "follow_up", SAID, UTC_ZONE, "maren@larkfield.example")
    assert asked.owner is None


def test_a_fault_is_to_be_fixed() -> None:
    found = outline("the export crashes with 501 shifts.", "bug", SAID, UTC_ZONE, "pia")
    assert found == ("Fix: The export crashes with 501 shifts", None, None)


def test_the_same_request_in_other_small_words_is_the_same_suggestion() -> None:
    assert fingerprint("Send me the contract", "acct_1", None) == fingerprint("Send the contract to us", "acct_1", None)
    assert fingerprint("Send the contract", "acct_1", None) != fingerprint("Send the contract", "acct_2", None)
    assert fingerprint("Send the contract", "acct_1", "Jo") != fingerprint("Send the contract", "acct_1", None)


@given(st.text(min_size=1, max_size=400), st.sampled_from(["bug", "follow_up"]))
def test_any_sentence_has_a_title_that_is_not_too_long(quote: str, kind: str) -> None:
    assert 0 < len(outline(quote, kind, SAID, UTC_ZONE, "Jo").title) <= MAX_TITLE
