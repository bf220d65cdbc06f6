"""Items of earlier meetings end: said to be done, taken on anew, or ticked off."""

import pytest
from needlework.handlers.text.carried import still_open
from needlework.handlers.text.summarise import Turn

PLACE = "[(turn 4)](/ui/conversations#c/m)"
DRAFT = f"- [ ] **Ann:** I'll send you the draft of the offer by Friday, due 2026-01-09 {PLACE}"
RUNBOOK = "- [ ] **Bob Lee:** I'll correct the runbook for the database. (turn 2)"


def said(*turns: tuple[str, str]) -> list[Turn]:
    return [Turn(who, text) for who, text in turns]


@pytest.mark.parametrize(
    "turns",
    [
        said(("Ann", "The draft of the offer is sent.")),
        said(("Ann", "I sent the draft yesterday.")),
        said(("Cleo", "The offer's draft went out, Ann sent it on Monday.")),
        said(("Cleo", "Ann, did you send the draft of the offer?"), ("Ann", "Yes, on Monday.")),
        said(("Cleo", "Is the draft of the offer out?"), ("Ann", "Done.")),
        said(("Ann", "About the draft of the offer. It's done.")),
    ],
)
def test_what_is_said_to_be_done_is_open_no_more(turns: list[Turn]) -> None:
    assert still_open([DRAFT, RUNBOOK], turns) == [RUNBOOK]


@pytest.mark.parametrize(
    "turns",
    [
        said(("Ann", "The draft of the offer is not sent yet.")),
        said(("Ann", "I'll have the draft of the offer done tomorrow.")),
        said(("Cleo", "Did you send the draft of the offer?"), ("Ann", "No, I had no time.")),
        said(("Cleo", "Is the draft of the offer done?")),
        said(("Ann", "The draft of the offer is almost finished.")),
        said(("Cleo", "The invoice is paid, and the printer is fixed.")),
        said(("Cleo", "The draft of the new logo is done.")),
        [],
    ],
)
def test_what_is_not_done_stays_open(turns: list[Turn]) -> None:
    assert still_open([DRAFT, RUNBOOK], turns) == [DRAFT, RUNBOOK]


def test_what_is_taken_on_anew_stands_there_and_not_here() -> None:
    again = "- [ ] **Ann:** I'll send the draft on Tuesday, due 2026-01-13 (turn 1)"
    assert still_open([DRAFT, RUNBOOK], [], [again]) == [RUNBOOK]


def test_an_item_stands_there_once() -> None:
    assert still_open([RUNBOOK, RUNBOOK], []) == [RUNBOOK]
