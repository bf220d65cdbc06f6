"""Titles: short, of what all evidence says, in a form that can be read; and which of them are made anew."""

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from needlework.handlers.needle_movers.match_messages import RefreshNeedleMover
from needlework.handlers.needle_movers.matching import KINDS
from needlework.handlers.needle_movers.messages import UpdateNeedleMover
from needlework.handlers.needle_movers.phrases import phrases
from needlework.handlers.needle_movers.titles import UNNAMED, title_of
from needlework.handlers.text.encoder import shared_encoder
from needlework.tests.handlers.needle_movers.kit import EXPORTS, emerged, movers

Desk = Any
DATA = Path(__file__).parents[2] / "data" / "needle_movers" / "titles.toml"
CLUSTERS = tomllib.loads(DATA.read_text())["clusters"]
MISSED = {"price of add-on": "it says that there is no budget, not what costs too much"}
"""What the rules do not find."""
_GREETING = re.compile(r"^(?:hi|hello|hey|dear|yo|good (?:morning|afternoon|evening))\b", re.IGNORECASE)
_PERSON = re.compile(r"\b(?:i|we|i'm|we're|you|us|me|my|our|your)\b", re.IGNORECASE)


def title(*quotes: str, label: str = "") -> str:
    return title_of(quotes, shared_encoder().encode, KINDS.get(label, ""))


def faults(found: str, holds: list[str]) -> list[str]:
    """What a good title has and this one has not, and the other way round."""
    wrong = [f"lacks {words}" for words in holds if not re.search(words, found, re.IGNORECASE)]
    wrong += ["too long"] if len(found) > 70 or len(found.split()) > 9 else []
    wrong += ["one word"] if len(found.split()) < 2 else []
    wrong += ["no capital"] if not re.match(r"[A-Z0-9]", found) else []
    return wrong + [name for name, words in {"greets": _GREETING, "speaks": _PERSON}.items() if words.search(found)]


@pytest.mark.parametrize("cluster", CLUSTERS, ids=lambda cluster: cluster["name"])
def test_a_title_is_short_and_says_what_its_evidence_says(cluster: dict[str, Any]) -> None:
    found = title(*cluster["quotes"], label=cluster["label"])
    assert bool(faults(found, cluster["holds"])) == (cluster["name"] in MISSED), found
    assert title(*reversed(cluster["quotes"]), label=cluster["label"]) == found


def test_the_clusters_are_of_several_sizes_and_kinds() -> None:
    sizes = {len(each["quotes"]) for each in CLUSTERS}
    assert (len(CLUSTERS) >= 15, sizes >= {1, 3, 4, 5}, len({each["label"] for each in CLUSTERS}) >= 7) == (True,) * 3
    assert {each["part"] for each in CLUSTERS} == {"tuned", "held"}


@pytest.mark.parametrize(
    ("quote", "expected"),
    [
        ("- [ ] **Ada Lindqvist:** the export fails.", "Export fails"),
        (
            "Hi team, just a quick note: I can't log in with SSO since the update.",
            "Can't log in with SSO since the update",
        ),
        ("If it fails once more we will have to leave, I am serious.", "Will have to leave"),
        ("It would help if employees had a calendar feed of their shifts.", "Calendar feed of the shifts"),
        ("!!!", UNNAMED),
        ("", UNNAMED),
    ],
)
def test_a_single_sentence_is_cut_to_what_it_says(quote: str, expected: str) -> None:
    assert title(quote) == expected


def test_no_address_of_a_page_is_in_a_title() -> None:
    """Titles go to Slack, to GitHub and into tasks without anybody's look at them."""
    assert "evil" not in title("The report at https://evil.example/login is empty again", "See www.evil.example now")


def test_a_title_never_loses_a_no() -> None:
    """ "We have decided not to renew our contract" must not become "Renew the contract"."""
    for quote in ("We have decided not to renew our contract.", "I don't think that we are going to renew in March."):
        assert all(re.search(r"\bnot\b|n't", each.text) or "renew" not in each.text.lower() for each in phrases(quote))


@settings(max_examples=30, deadline=None)
@given(st.lists(st.text(st.characters(codec="utf-8"), max_size=300), max_size=4))
def test_whatever_was_said_a_title_is_a_short_line(quotes: list[str]) -> None:
    found = title_of(quotes, shared_encoder().encode)
    assert 0 < len(found) <= 70
    assert found.splitlines() == [found]


@pytest.mark.anyio
async def test_a_new_mover_has_a_title_and_its_summaries(desk: Desk, say: Any) -> None:
    """A first user saw raw sentences as titles, and `summary_short` empty until a refresh."""
    mover = await emerged(desk, say)
    assert mover["title"] == "CSV export crashes with an error"
    assert mover["title_provenance"] == "model"
    assert mover["summary_short"].startswith("3 statements from 3 sides [1][2][3]: “")
    assert all(text in mover["summary_long"] for _, text in EXPORTS)
    assert set(mover["citations"]) == {"1", "2", "3"}


@pytest.mark.anyio
async def test_what_is_linked_is_in_the_summary_and_the_title_stays(desk: Desk, say: Any) -> None:
    mover = await emerged(desk, say)
    await say("acme", "The CSV export failed once more with the same error.")
    (after,) = await movers(desk)
    assert after["summary_short"].startswith("4 statements from 3 sides")
    assert "failed once more" in after["summary_long"]
    assert after["title"] == mover["title"]


@pytest.mark.anyio
async def test_a_refresh_makes_a_title_of_all_evidence_but_never_of_a_persons(desk: Desk, say: Any) -> None:
    await say("acme", "We are seriously considering cancelling our subscription, the CSV export fails all the time.")
    (mover,) = await movers(desk)
    assert mover["title"] == "Considering cancelling the subscription"
    for account in ("acme", "blue", "cato"):
        await say(account, f"If the CSV export of the {account} team is not repaired we will cancel our subscription.")
    (more,) = await movers(desk)
    assert more["title"] == mover["title"]
    assert more["evidence"]["linked"] > mover["evidence"]["linked"]
    found = await desk(RefreshNeedleMover(id=mover["id"], summaries=True))
    assert found["refreshed"] == ["summaries"]
    assert found["title"] != mover["title"]
    again = await desk(RefreshNeedleMover(id=mover["id"], summaries=True))
    assert (again["refreshed"], again["title"]) == ([], found["title"])
    await desk(UpdateNeedleMover(id=mover["id"], title="Acme may go"))
    await say("acme", "We will cancel our subscription if the CSV export stays broken.")
    kept = await desk(RefreshNeedleMover(id=mover["id"], summaries=True))
    assert (kept["title"], kept["title_provenance"]) == ("Acme may go", "user")
