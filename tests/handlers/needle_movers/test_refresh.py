"""Refreshing: the impact as of now, summaries that quote what they claim; and the digest of a period."""

import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from needlework.handlers.needle_movers.match_messages import RefreshNeedleMover
from needlework.handlers.needle_movers.messages import (
    DigestNeedleMovers,
    ListEvidence,
    ListNeedleMovers,
    MergeNeedleMovers,
    UpdateNeedleMover,
)
from needlework.handlers.needle_movers.summaries import DELTA, LONG, SHORT, Quote, summarise
from needlework.handlers.times import DAY
from needlework.tests.handlers.needle_movers.kit import EXPORTS

pytestmark = pytest.mark.anyio
Desk = Any
NOW = 1_750_000_000_000_000


async def emerged(desk: Desk, say: Any) -> dict[str, Any]:
    """A needle mover of three accounts."""
    for number, (account, text) in enumerate(EXPORTS):
        await say(account, text, ago=number * 4)
    (found,) = (await desk(ListNeedleMovers()))["items"]
    return dict(found)


async def test_summaries_quote_what_they_claim(desk: Desk, say: Any) -> None:
    mover = await emerged(desk, say)
    found = await desk(RefreshNeedleMover(id=mover["id"], impact=True, summaries=True))
    assert (found["refreshed"], found["unchanged"]) == (["impact"], ["summaries"])  # written when it was linked
    evidence = {each["id"] for each in (await desk(ListEvidence(id=mover["id"])))["items"]}
    assert set(found["citations"].values()) <= evidence
    for name in ("summary_short", "summary_long", "summary_delta"):
        numbers = re.findall(r"\[(\d+)\]", found[name])
        assert numbers
        assert set(numbers) <= set(found["citations"])
    for _, text in EXPORTS:
        assert text in found["summary_long"]
    assert "from acme, blue" in found["summary_delta"]
    assert len(found["summary_short"]) <= 280


async def test_the_same_evidence_is_not_summarised_again(desk: Desk, say: Any) -> None:
    mover = await emerged(desk, say)
    refresh = RefreshNeedleMover(id=mover["id"], summaries=True)
    again = await desk(refresh)
    assert (again["refreshed"], again["unchanged"]) == ([], ["summaries"])
    assert again["summary_long"] == mover["summary_long"]
    assert again["updated_at"] == mover["updated_at"]
    desk.clock.step(8 * 86_400)  # what was of the last week is not any more
    later = await desk(refresh)
    assert (later["refreshed"], later["summary_delta"]) == (["summaries"], "")


async def test_nothing_asked_for_changes_nothing(desk: Desk, say: Any) -> None:
    mover = await emerged(desk, say)
    found = await desk(RefreshNeedleMover(id=mover["id"]))
    assert (found["refreshed"], found["unchanged"]) == ([], [])
    assert {name: found[name] for name in mover} == mover


async def test_the_impact_falls_while_nothing_is_said(desk: Desk, say: Any) -> None:
    mover = await emerged(desk, say)
    desk.clock.step(30 * 86_400)
    found = await desk(RefreshNeedleMover(id=mover["id"], impact=True))
    assert found["impact_before"] == mover["impact"]
    assert found["impact_after"] < found["impact_before"]
    assert found["impact"] == found["impact_after"]


async def test_what_a_person_wrote_stays(desk: Desk, say: Any) -> None:
    mover = await emerged(desk, say)
    await desk(UpdateNeedleMover(id=mover["id"], summary_user="Exports over 1,000 rows fail.", impact_override=80))
    found = await desk(RefreshNeedleMover(id=mover["id"], impact=True, summaries=True))
    assert found["summary_user"] == "Exports over 1,000 rows fail."
    assert (found["impact"], found["impact_after"]) == (80, found["impact_computed"])


async def test_what_was_merged_or_never_was_is_refused(desk: Desk, say: Any) -> None:
    mover = await emerged(desk, say)
    await say("blue", "We are seriously considering cancelling our subscription.")
    other = next(each for each in (await desk(ListNeedleMovers()))["items"] if each["id"] != mover["id"])
    await desk(MergeNeedleMovers(id=other["id"], into=mover["id"]))
    outcome = await desk.outcome(RefreshNeedleMover(id=other["id"]))
    assert (outcome.data["status"], outcome.data["merged_into"]) == (409, mover["id"])
    assert await desk.refusal(RefreshNeedleMover(id="nm_none")) == (404, "not_found")


async def test_a_digest_tells_what_became_of_each_in_a_period(desk: Desk, say: Any) -> None:
    mover = await emerged(desk, say)
    (found,) = await desk(DigestNeedleMovers())
    assert (found["id"], found["new_statements"], found["accounts"]) == (mover["id"], 2, 3)
    assert found["now"] == found["impact"] == mover["impact"]  # as the page shows it
    assert found["delta"] == found["impact"] - found["before"] > 0
    assert [each["who"] for each in found["quotes"]] == ["acme", "blue"]
    now = desk.clock.now() // 1_000_000
    (before,) = await desk(DigestNeedleMovers(from_=now - 21 * 86_400, until=now - 14 * 86_400))
    assert (before["impact"], before["before"], before["new_statements"]) == (0, 0, 0)
    assert before["now"] == mover["impact"]


async def test_what_carries_several_labels_counts_once_wherever_it_is_counted(desk: Desk, say: Any) -> None:
    """One threat was "1 statement" in its summary, three pieces of evidence on the page and three in its impact."""
    await say("acme", "If this is not solved soon we will have to move to another provider.")
    (mover,) = (await desk(ListNeedleMovers()))["items"]
    rows = (await desk(ListEvidence(id=mover["id"], state="linked")))["items"]
    assert len({each["label"] for each in rows}) == len(rows) > 1
    assert mover["evidence"]["linked"] == mover["impact_breakdown"]["evidence"] == 1
    assert mover["summary_short"].startswith("1 statement [1]: ")
    (digest,) = await desk(DigestNeedleMovers())
    assert digest["new_statements"] == len(digest["quotes"]) == 1


def test_quotation_marks_within_a_quote_are_single() -> None:
    said = 'The page says "timeout" and “try again”, it\'s "odd".'
    made = summarise([Quote("1", said, "acme", 2.0, 0.9, NOW - DAY)], 0, 50, NOW)
    assert "“The page says ‘timeout’ and ‘try again’, it's ‘odd’.”" in made.short


def test_a_sentence_with_several_labels_is_one_statement() -> None:
    """A threat was a churn risk, an escalation and a competitor's mention: its summary said it three times."""
    said = [Quote(str(number), "We will leave.", "acme", 3.0, 0.9, NOW - DAY) for number in range(3)]
    made = summarise([*said, Quote("4", "We will leave.", "blue", 3.0, 0.8, NOW - DAY)], 0, 50, NOW)
    assert made.short == "2 statements from 2 sides [1][2]: “We will leave.” [1]"
    assert made.citations == {"1": "0", "2": "4"}


def quotes() -> Any:
    return st.lists(
        st.builds(
            Quote,
            st.uuids().map(str),
            st.text(st.characters(codec="utf-8"), min_size=1, max_size=2000),
            st.sampled_from(["", "acme", "blue", "x" * 400]),
            st.floats(0, 3),
            st.floats(0, 1),
            st.integers(NOW - 100 * DAY, NOW),
        ),
        max_size=12,
        unique_by=lambda quote: quote.id,
    )


@given(quotes(), st.integers(0, 100), st.integers(0, 100))
def test_summaries_keep_their_lengths_and_cite_only_what_there_is(given: list[Quote], before: int, after: int) -> None:
    made = summarise(given, before, after, NOW)
    assert (len(made.short) <= SHORT, len(made.long) <= LONG, len(made.delta) <= DELTA) == (True, True, True)
    assert set(made.citations.values()) <= {each.id for each in given}
    assert bool(made.short) == bool(given)
