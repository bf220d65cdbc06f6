"""Lines of summaries as a person reads them."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from needlework.handlers.labels.analyser import Segment, analyse
from needlework.handlers.labels.definitions import DEFAULTS_BY_KEY
from needlework.handlers.text.bullets import Scene, action
from needlework.handlers.text.cites import CITE, LAST, cite
from needlework.handlers.text.summarise import Turn
from needlework.handlers.text.timed import Task

MONDAY = datetime(2026, 1, 5, 9, tzinfo=UTC)


@pytest.mark.parametrize(
    ("said", "line"),
    [
        ("I will send the quote by Friday.", "- [ ] **Ann:** I will send the quote by Friday, due 2026-01-09 (turn 1)"),
        ("I will send the quote.", "- [ ] **Ann:** I will send the quote. (turn 1)"),
    ],
)
def test_a_day_stands_behind_the_words_and_not_behind_their_full_stop(said: str, line: str) -> None:
    scene = Scene([Turn("Ann", said)], ZoneInfo("UTC"), lambda _: MONDAY, lambda turn: f"(turn {turn + 1})")
    assert action(scene, Task(0, said, "Ann")) == line


def test_a_place_is_no_part_of_what_was_said() -> None:
    """Story: an id stood in the evidence of labels, and in what the models read."""
    line = "- [ ] **Ann:** Please send the quote by Friday. " + cite("turn 1", "conv_1", "cmsg_2")
    results = analyse([Segment(None, f"# Summary\n\n{line}\n")], [DEFAULTS_BY_KEY["action_items"]])
    (span,) = results[0].evidence
    assert span.quote == "- [ ] **Ann:** Please send the quote by Friday."


def test_without_a_conversation_a_place_is_named_only() -> None:
    assert cite("turn 1", None) == "(turn 1)"
    assert cite("10:42", "conv_1", "a/b c") == "[(10:42)](/ui/conversations#conv_1/a%2Fb%20c)"
    assert CITE.sub("", f"Yes. {cite('10:42', 'conv_1', 'a/b c')}") == "Yes."


def test_what_is_cited_in_the_middle_of_a_sentence_stays_where_it_is() -> None:
    """Evidence is quoted by its place: what was judged and what is quoted were different words."""
    text = f"Send it to Hamburg {cite('turn 4', 'conv_1', 'cmsg_2')}\nbefore Friday noon."
    assert LAST.sub("", text) == text
    assert LAST.sub("", f"Yes. {cite('10:42', 'conv_1', 'a/b c')}") == "Yes."
