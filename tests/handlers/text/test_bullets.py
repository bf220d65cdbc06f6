"""Lines of summaries as a person reads them."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from needlework.handlers.text.bullets import Point, Scene, action
from needlework.handlers.text.summarise import Turn

MONDAY = datetime(2026, 1, 5, 9, tzinfo=UTC)


@pytest.mark.parametrize(
    ("said", "line"),
    [
        ("I will send the quote by Friday.", "- [ ] **Ann:** I will send the quote by Friday, due 2026-01-09 (turn 1)"),
        ("I will send the quote.", "- [ ] **Ann:** I will send the quote. (turn 1)"),
    ],
)
def test_a_day_stands_behind_the_words_and_not_behind_their_full_stop(said: str, line: str) -> None:
    scene = Scene([Turn("Ann", said)], ["Ann"], ZoneInfo("UTC"), lambda _: MONDAY, lambda turn: f"turn {turn + 1}")
    assert action(scene, Point("follow_up_promised", 0, said)) == line
