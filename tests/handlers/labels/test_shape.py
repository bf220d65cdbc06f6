"""What an issue looks like, in numbers, whatever it is about."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from needlework.handlers.labels.scoring import looks_like_issue
from needlework.handlers.labels.shape import GROUPS, issue_shapes

BUG = """### Steps to reproduce
- [x] I searched
<!-- what did you do? -->
```
at main (app.js:3)
```
**Do you see it often?**
It fails. Is this known?
"""


def groups(title: str, body: str) -> list[list[float]]:
    """The columns about the title, the prose, the lengths and the marks."""
    row = issue_shapes([(title, body)])[0]
    return [[round(float(each), 2) for each in part] for part in np.split(row, np.cumsum(GROUPS)[:-1])]


@pytest.mark.parametrize(
    ("title", "expected"),
    [
        ("Feature request: dark mode", [1, 0, 0, 0, 0, 0, 0]),
        ("[Bug] it stops", [0, 1, 0, 0, 0, 0, 0]),
        ("How to start?", [0, 0, 1, 0, 0, 0, 1]),
        ("Add an option", [0, 0, 0, 1, 0, 0, 0]),
        ("fix the docs", [0, 0, 0, 0, 1, 1, 0]),
        ("It stops", [0, 0, 0, 0, 0, 0, 0]),
    ],
)
def test_a_title_says_what_it_begins_with(title: str, expected: list[int]) -> None:
    assert groups(title, "")[0][:-1] == expected


def test_prose_is_what_is_no_form_no_comment_and_no_code() -> None:
    _, prose, lengths, marks = groups("It stops", BUG)
    assert prose == [round(float(np.log1p(1)) / 2, 2), 0, round(float(np.log1p(1)) / 2, 2)]
    assert lengths[1] == round(float(np.log1p(len("It fails. Is this known?"))) / 5, 2)
    assert marks[0] == round(float(np.log1p(3)) / 2, 2), "questions of the form count in the body"


@given(st.text(max_size=40), st.text(max_size=200))
def test_any_issue_has_a_finite_shape(title: str, body: str) -> None:
    shapes = issue_shapes([(title, body), ("", "")])
    assert shapes.shape == (2, sum(GROUPS))
    assert np.isfinite(shapes).all()


def test_marks_of_an_issue_stand_in_one_line() -> None:
    """Blank lines counted as the blanks before "at", tried from each of them: a blank page took five seconds."""
    assert looks_like_issue("```\n  at once(app.js:3)\n```")
    assert not looks_like_issue("```\n\nat once(please)")
    assert not looks_like_issue("\n" * 8_000)
