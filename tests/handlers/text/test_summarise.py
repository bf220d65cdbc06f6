"""Summaries and evidence: within their length, in the order of speech, the same each time, on the right turn."""

from hypothesis import given, settings
from hypothesis import strategies as st
from needlework.handlers.text.encoder import shared_encoder
from needlework.handlers.text.evidence import Evidence
from needlework.handlers.text.summarise import Turn, plain, split, summarise

TURNS = [
    Turn("Ada", "Welcome to the meeting. We look at the export of large invoices to PDF today."),
    Turn("Grace", "The export runs out of memory because every page is kept until the file is written."),
    Turn("Edsger", "We decided to stream the pages, which needs a tenth of the memory."),
    Turn("Ada", "What shall we do about the office party in December?"),
    Turn("Grace", "The restaurant by the river still has a table for twenty people."),
]


def test_a_question_finds_its_turn() -> None:
    asked = Evidence(TURNS, shared_encoder())
    assert asked.ask("Why does the export fail?")[0] == 1
    assert asked.ask("Where could the party take place?", most=2)[0] in (3, 4)
    assert asked.ask("What did Edsger say about memory?")[0] == 2


def test_where_nothing_is_said_nothing_is_found() -> None:
    assert list(Evidence([Turn("Ada", "Hm.")], shared_encoder()).scores("Why?")) == [0.0]
    assert summarise([Turn("Ada", "Hm.")], shared_encoder()) == []


@settings(max_examples=10, deadline=None)
@given(st.integers(12, 60))
def test_a_summary_keeps_its_length_and_the_order_of_speech(words: int) -> None:
    chosen = summarise(TURNS, shared_encoder(), words)
    assert sum(len(each.words) for each in chosen) <= words or len(chosen) == 1
    assert [each.turn for each in chosen] == sorted(each.turn for each in chosen)
    assert chosen == summarise(TURNS, shared_encoder(), words)


def test_fillers_and_repetitions_are_taken_out() -> None:
    assert plain("um , I I think {disfmarker} we we should go .") == "I think we should go."


@settings(max_examples=30, deadline=None)
@given(st.lists(st.text(max_size=80), max_size=5))
def test_any_text_is_split(texts: list[str]) -> None:
    found = split([Turn("x", text) for text in texts])
    assert all(len(each.words) >= 3 for each in found)
