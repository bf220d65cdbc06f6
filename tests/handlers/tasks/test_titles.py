"""What a sentence becomes as a task: a title that begins with its verb, an owner only where one is named."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from needlework.handlers.tasks.owners import same_person
from needlework.handlers.tasks.titles import MAX_TITLE, fingerprint, outline

SAID = datetime(2025, 11, 19, 10, tzinfo=UTC)  # a Wednesday
UTC_ZONE = ZoneInfo("UTC")

SENTENCES = [
    ("Could you please send me the contract end date by Friday?", "Send me the contract end date", None, "2025-11-21"),
    ("Please open an issue and attach the log.", "Open an issue and attach the log", None, None),
    ("Hi Maren, can you check the invoice?", "Check the invoice", "Maren", None),
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
    ("The offer has not arrived.", "", None, None),
    ("Any news about the refund?", "", None, None),
    ("Friday, please.", "", None, None),
    ("Please hurry, we have to give notice.", "", None, None),
    ("Warning: message still undelivered", "", None, None),
    ("Address: They leave us", "", None, None),
    ("Expected: send a CSV file", "", None, None),
    ("Result: (0/352;0/0) Successful Send", "", None, None),
    ("Run it on the test server (Windows)", "Run it on the test server (Windows)", None, None),
    ("- [ ] **Lin Tanaka:** Lin, please write it by Friday., due 2025-11-21 (turn 16)", "Write it",
     "Lin Tanaka", "2025-11-21"),
    ("- [ ] **Pia:** Call her., due 2025-11-24 (turn 3)", "Call her", "Pia", "2025-11-24"),
    ("- [ ] Send me the list by Monday?, due 2025-11-17 (turn 4)", "Send me the list", None, "2025-11-17"),
    ("- [ ] **Pia:** Call her, due 2025-11-24", "Call her", "Pia", "2025-11-24"),
    ("Yes please, Pia, call her by Tuesday.", "Call her", "Pia", "2025-11-25"),
    ("- **Ada Lindqvist:** What about the backup?", "", None, None),
]  # fmt: skip


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


@pytest.mark.parametrize(
    ("quote", "title", "owner"),
    [
        ("Can you give me the text, Jo?", "Give me the text", "Jo Amsel"),
        ("Please also write a message, Pia.", "Write a message", "Pia"),
        ("Pia should call her.", "Call her", "Pia"),
        ("Paylane should answer.", "", None),
        ("Please send the list, Monday.", "Send the list", None),
    ],
)
def test_who_takes_part_may_be_named_in_more_ways(quote: str, title: str, owner: str | None) -> None:
    found = outline(quote, "follow_up", SAID, UTC_ZONE, "ada@x.test", ["Jo Amsel", "pia@x.test"])
    assert (found.title, found.owner) == (title, owner)


@pytest.mark.parametrize(
    "quote", ["PLEASE DO NOT REPLY TO THIS E-MAIL", "Please do", "Please be advised that it is so"]
)
def test_what_asks_for_nothing_is_no_task(quote: str) -> None:
    assert outline(quote, "follow_up", SAID, UTC_ZONE) == ("", None, None)


def test_a_fault_is_due_only_where_a_deadline_is_named() -> None:
    """ "This month" in a fault is when it happened."""
    said = [("The sync is broken, Paylane shows no hours this month.", None), ("Fix it by Friday.", "2025-11-21")]
    for quote, due in said:
        found = outline(quote, "bug", SAID, UTC_ZONE).due_on
        assert (found.isoformat() if found else None) == due


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("Jo", "Jo Amsel", True), ("jo@quayside.example", "Jo Amsel", True), ("Jo Amsel", "Jo Amsel", True),
        ("Jo Amsel", "Jo Brandt", False), ("Jo", "Joan", False), ("Jo", None, False), (None, None, True),
    ],
)  # fmt: skip
def test_a_person_is_the_same_by_first_name_and_by_the_whole(one: str | None, other: str | None, same: bool) -> None:
    assert same_person(one, other) is same_person(other, one) is same


def test_a_fault_is_to_be_fixed() -> None:
    found = outline("the export crashes with 501 shifts.", "bug", SAID, UTC_ZONE, "pia")
    assert found == ("Fix: The export crashes with 501 shifts", None, None)


@pytest.mark.parametrize("said", ["Ines does not.", "Greta doesn't.", "It is not their data, it is us."])
def test_an_answer_with_a_not_is_no_fault(said: str) -> None:
    assert outline(said, "bug", SAID, UTC_ZONE, "pia").title == ""
    assert outline("The export does not.", "bug", SAID, UTC_ZONE, "pia").title == ""
    assert outline("The export does not work.", "bug", SAID, UTC_ZONE, "pia").title


def test_the_same_request_in_other_small_words_is_the_same_suggestion() -> None:
    assert fingerprint("Send me the contract", "acct_1", None) == fingerprint("Send the contract to us", "acct_1", None)
    assert fingerprint("Send the contract", "acct_1", None) != fingerprint("Send the contract", "acct_2", None)
    assert fingerprint("Send the contract", "acct_1", "Jo") != fingerprint("Send the contract", "acct_1", None)


@given(st.text(min_size=1, max_size=400), st.sampled_from(["bug", "follow_up"]))
def test_any_sentence_has_a_title_that_is_not_too_long(quote: str, kind: str) -> None:
    assert len(outline(quote, kind, SAID, UTC_ZONE, "Jo").title) <= MAX_TITLE
