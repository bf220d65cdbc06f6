"""What an input means, before any database is asked."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from needlework.handlers.conversations.merge import incoming, people
from needlework.handlers.conversations.messages import ConversationInput, MessageInput
from needlework.handlers.people import Person, person

TEXTS = st.sampled_from(["yes", "no", "thanks", ""])
MESSAGES = st.builds(
    MessageInput,
    text=TEXTS,
    sender=st.sampled_from(["ann@example.org", "Ben"]),
    sent_at=st.sampled_from([None, 100, 200]),
    external_id=st.sampled_from([None, "1", "2"]),
)


@given(st.lists(MESSAGES, max_size=8), st.randoms())
def test_the_same_messages_in_any_order_have_the_same_identities(
    messages: list[MessageInput], random: "st.Random"
) -> None:
    shuffled = list(messages)
    random.shuffle(shuffled)
    assert {each.identity for each in incoming(messages, 0)} == {each.identity for each in incoming(shuffled, 9)}


def test_two_equal_messages_without_ids_are_two() -> None:
    assert len(incoming([MessageInput(text="ok"), MessageInput(text="ok")], 0)) == 2


def test_one_external_id_is_one_message_and_the_last_text_wins() -> None:
    found = incoming([MessageInput(text=text, external_id="1") for text in ("draft", "sent")], 0)
    assert [each.given.text for each in found] == ["sent"]


def test_messages_without_a_time_happen_in_the_order_given() -> None:
    assert [each.sent_at for each in incoming([MessageInput(text=text) for text in "abc"], 50)] == [
        50,
        51,
        52,
    ]


@pytest.mark.parametrize(
    ("given_", "expected"),
    [
        ("Ann@Example.org ", Person(email="ann@example.org")),
        ("Ann Lee", Person(name="Ann Lee")),
        ("meet @ noon.today", Person(name="meet @ noon.today")),
        (Person(name=" Ann ", email="ANN@example.org"), Person(name="Ann", email="ann@example.org")),
    ],
)
def test_a_bare_text_is_an_address_or_a_name(given_: Person | str, expected: Person) -> None:
    assert person(given_) == expected


def test_senders_take_part_too_and_nobody_twice() -> None:
    found = incoming([MessageInput(text="hi", sender="ann@example.org"), MessageInput(text="hm")], 0)
    assert list(people(["ANN@example.org", "Ben"], found)) == ["ann@example.org", "Ben"]


@pytest.mark.parametrize(
    "fields", [{}, {"id": "c1"}, {"id": "conv_ü"}, {"subject": "x", "started_at": "soon"}, {"id": "conv_"}]
)
def test_a_conversation_that_cannot_be_told_from_others_is_refused(fields: dict[str, str]) -> None:
    with pytest.raises(ValueError, match=r"."):
        ConversationInput(**fields)


def test_emoji_that_slack_names_are_seen_and_leave_what_a_message_is_known_by() -> None:
    """People read `:fire:` on the pages and in summaries."""
    said = [MessageInput(text="It burns :fire: says :our-logo:")]
    (slack,), (mail,) = incoming(said, 0, "slack"), incoming(said, 0, "email")
    assert (slack.columns()["text"], mail.columns()["text"]) == ("It burns 🔥 says :our-logo:", said[0].text)
    assert (slack.identity, slack.hash) == (mail.identity, mail.hash)
