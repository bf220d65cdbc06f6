"""Pages, cursors, and what a person types into a search box."""

import base64
import sqlite3

import pytest
from hypothesis import given
from hypothesis import strategies as st
from needlework.bus.errors import Refuse
from needlework.handlers.answers import page_of, read_cursor, write_cursor
from needlework.handlers.words import domain_of, match_expression


def test_a_page_names_its_last_place_only_where_more_follows() -> None:
    rows = [{"seq": number} for number in range(3)]
    assert page_of(rows, 3, dict, "seq").next_cursor is None
    page = page_of(rows, 2, dict, "seq")
    assert read_cursor(page.next_cursor, 0) == (1,)
    assert page.items == rows[:2]


@given(st.integers(-(1 << 62), 1 << 62), st.text())
def test_a_cursor_reads_back(number: int, text: str) -> None:
    assert read_cursor(write_cursor(number, text), 0, "") == (number, text)


@given(st.text())
def test_any_other_text_is_refused_as_a_cursor(text: str) -> None:
    with pytest.raises(Refuse) as refused:
        read_cursor("!" + text, 0)
    assert refused.value.code == "bad_cursor"


@pytest.mark.parametrize("number", [10**23, -(10**23), 1 << 63])
def test_a_cursor_with_a_number_that_no_database_takes_is_refused(number: int) -> None:
    """It would be an OverflowError inside, which is 500."""
    with pytest.raises(Refuse):
        read_cursor(base64.urlsafe_b64encode(b"[%d]" % number).decode(), 0)


def test_a_cursor_of_another_list_is_refused() -> None:
    with pytest.raises(Refuse):
        read_cursor(write_cursor("id"), 0)


@given(st.text())
def test_nothing_that_a_person_types_is_fts5_syntax(query: str) -> None:
    connection = sqlite3.connect(":memory:")
    try:
        connection.execute("CREATE VIRTUAL TABLE words USING fts5 (text, tokenize = 'porter unicode61')")
        connection.execute("SELECT 1 FROM words WHERE words MATCH ?", (match_expression(query) or '""',)).fetchall()
    finally:
        connection.close()


@pytest.mark.parametrize(
    ("address", "domain"),
    [("Ann@Example.org", "example.org"), ("ann", None), ("ann@", None), ("ann@localhost", None)],
)
def test_the_domain_of_an_address(address: str, domain: str | None) -> None:
    assert domain_of(address) == domain
