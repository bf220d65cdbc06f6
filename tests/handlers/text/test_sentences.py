"""Sentences and authored parts are exact spans of the text, whatever it holds."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from needlework.handlers.text.sentences import MAX_SENTENCE, sentences
from needlework.handlers.text.strip import authored

ANY_TEXT = st.text(
    st.one_of(st.sampled_from("ab. ?!\r\n\t>-–😀\x00\ud800é\u2028\x85#1,"), st.characters()), max_size=300
)


def cut(text: str) -> list[str]:
    return [text[span.start : span.end] for span in sentences(text)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Hello Mr. Smith. How are you?", ["Hello Mr. Smith.", "How are you?"]),
        ("Version 1.2.3 fails. Why?", ["Version 1.2.3 fails.", "Why?"]),
        ("@Tom.Abel please sign. Thanks @Ann.Lee. Bye.", ["@Tom.Abel please sign.", "Thanks @Ann.Lee.", "Bye."]),
        ("one\r\ntwo\r\n", ["one", "two"]),
        ("Leave that with me. I'll ask. No. I forgot.", ["Leave that with me.", "I'll ask.", "No.", "I forgot."]),
        ("It is invoice no. 5. Portland, Me. was cold.", ["It is invoice no. 5.", "Portland, Me. was cold."]),
        ("- first\n- second", ["- first", "- second"]),
        ("😀 Great. \x00 Bad.", ["😀 Great.", "\x00 Bad."]),
        ("Say \ud800 bye. Come down.", ["Say \ud800 bye.", "Come down."]),
        ("...", []),
        ("", []),
    ],
)
def test_where_sentences_end(text: str, expected: list[str]) -> None:
    assert cut(text) == expected


def test_wrapped_lines_are_one_sentence() -> None:
    text = "I would like to ask you whether the contract that we signed in\nApril can be prolonged. Thanks."
    assert len(cut(text)) == 2


def test_what_has_no_end_is_cut_before_it_is_searched() -> None:
    """Quotation marks that nothing closes made quadratic work: 200 KB would have taken minutes."""
    assert sentences("`" * 200_000) == []
    text = "It fails at noon. " * 1_000
    assert set(cut(text)) == {"It fails at noon."}


@settings(deadline=None)
@given(ANY_TEXT)
def test_spans_are_ordered_apart_and_without_margin(text: str) -> None:
    end = 0
    for span in sentences(text):
        quote = text[span.start : span.end]
        assert end <= span.start < span.end <= len(text)
        assert quote == quote.strip()
        assert len(quote) <= MAX_SENTENCE
        end = span.end


@settings(deadline=None)
@given(ANY_TEXT, st.integers(0, 50), st.integers(0, 300))
def test_a_part_is_not_left(text: str, start: int, end: int) -> None:
    stop = min(end, len(text))
    assert all(start <= span.start < span.end <= stop for span in sentences(text, start, stop))


@settings(deadline=None)
@given(ANY_TEXT)
def test_authored_spans_are_ordered_and_apart(text: str) -> None:
    end = 0
    for span in authored(text):
        assert end <= span.start < span.end <= len(text)
        end = span.end


@settings(deadline=None)
@given(st.text("abc .?!\n", min_size=1, max_size=200))
def test_no_letter_is_lost(text: str) -> None:
    assert sum(map(str.isalpha, text)) == sum(sum(map(str.isalpha, quote)) for quote in cut(text))
