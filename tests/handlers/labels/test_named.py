"""Leaving for a named party, and the fragments and doubts that models are kept from."""

import pytest
from needlework.handlers.labels.margins import is_fragment
from needlework.handlers.labels.named import leaving_for_a_name


@pytest.mark.parametrize(
    "sentence",
    [
        "We'll switch over to Globex in May.",
        "Our company is moving to Initech.",
        "They want to replace you with Umbrella.",
        "I am thinking about switching to Hooli.",
    ],
)
def test_somebody_leaves_for_a_name(sentence: str) -> None:
    assert leaving_for_a_name(sentence)


@pytest.mark.parametrize(
    "sentence",
    [
        "We are moving to Berlin in May.",
        "We switch to German for the call.",
        "We moved the meeting to Tuesday.",
        "We will switch to Python.",
        "I am moving to Leeds.",
        "we switch to another tool",
    ],
)
def test_places_times_tools_and_languages_are_no_rivals(sentence: str) -> None:
    assert not leaving_for_a_name(sentence)


def test_fragments_have_fewer_than_three_words_and_no_mark() -> None:
    assert all(map(is_fragment, ("", "body", "4.2.1 on android.", "subject line", "...")))
    assert not any(map(is_fragment, ("why?", "it does crash", "we can't log in")))
