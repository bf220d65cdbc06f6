"""Summaries of Slack channels: which window they are of, when they are due, and what they say."""

import re
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from needlework.bus.clock import SECOND, micros, rfc3339
from needlework.handlers.conversations.messages import (
    AppendMessages,
    IngestConversation,
    MessageInput,
    ReadTranscript,
    SummariseChat,
    TickConversations,
)
from needlework.handlers.notes.messages import ListNotes, ReadNote
from needlework.handlers.text.bullets import section
from needlework.handlers.times import DAY, MINUTE
from needlework.handlers.zones import day_of

pytestmark = pytest.mark.anyio
Desk = Any
NOON = micros(datetime(2026, 1, 1, 12, tzinfo=UTC))
SAID = (
    ("Ann", "The export to PDF fails for every invoice with more than two hundred pages, at two customers."),
    ("Bob", "It runs out of memory, because every page is kept until the whole file is written."),
    ("Ann", "We decided: we go with streaming, and the old export stays behind a switch this month."),
    ("Bob", "I will send the design to everybody by Friday: https://docs.example.org/export."),
    ("Cleo", "Which customers did complain about it so far?"),
)


def posts(*said: tuple[str, str], at: int = NOON, **more: Any) -> list[MessageInput]:
    """Messages a minute apart, known by their number and time."""
    return [
        MessageInput(sender=who, text=text, sent_at=rfc3339(at + number * MINUTE), external_id=f"{at}.{number}", **more)
        for number, (who, text) in enumerate(said)
    ]


def later(clock: Any, seconds: float) -> None:
    """Time passes: at once, but for a minute in which that is noticed."""
    clock.step(seconds - 60)
    clock.advance(60)


@pytest.fixture
async def room(desk: Desk, clock: Any) -> Desk:
    """A desk at a minute after the noon of the first day of 2026."""
    clock.step((NOON - clock.now()) / SECOND)
    clock.advance(60)
    return desk


async def day(room: Desk, messages: list[MessageInput], channel: str = "C01") -> str:
    saved = await room(
        IngestConversation(channel="slack", channel_id=channel, subject="#export", messages=messages,
                           external_id=f"{channel}:day")
    )  # fmt: skip
    return str(saved["id"])


async def thread(room: Desk, messages: list[MessageInput], name: str = "1") -> str:
    first, *rest = messages
    answers = [MessageInput(sender=each.sender, text=each.text, sent_at=each.sent_at, external_id=each.external_id,
                            reply_to=first.external_id, facts=each.facts) for each in rest]  # fmt: skip
    subject = f"#export: {first.text[:40]}"
    saved = await room(
        IngestConversation(channel="slack", channel_id="C01", subject=subject, messages=[first, *answers],
                           external_id=f"C01:{name}")
    )  # fmt: skip
    return str(saved["id"])


async def ticked(room: Desk) -> int:
    """How many summaries one tick queues; they are written afterwards."""
    queued = (await room(TickConversations()))["summaries_queued"]
    await room.drain()
    return int(queued)


async def summaries(room: Desk) -> list[dict[str, Any]]:
    """Every summary of a chat, the newest first, with its text."""
    heads = (await room(ListNotes(kind="chat_summary")))["items"]
    return [await room(ReadNote(id=each["id"])) for each in heads]


async def test_a_day_is_summarised_once_it_is_over_and_once(room: Desk, clock: Any) -> None:
    await day(room, posts(*SAID))
    later(clock, 11.9 * 3600)
    assert await ticked(room) == 0
    later(clock, 0.2 * 3600)
    assert [await ticked(room) for _ in range(3)] == [1, 0, 0]
    (note,) = await summaries(room)
    assert (note["version"], note["provenance"]) == ("v1", "model")
    assert note["title"] == "Summary: #export, 2026-01-01"
    assert note["analyzed_version"] == "v1"


async def test_every_part_stands_in_it_and_every_line_names_its_message(room: Desk, clock: Any) -> None:
    conversation = await day(room, posts(*SAID))
    later(clock, 86_400)
    assert await ticked(room) == 1
    (note,) = await summaries(room)
    body = note["body_md"]
    parts = dict(part.split("\n", 1) for part in body.split("## ")[1:])
    assert list(parts) == ["TL;DR", "Decisions", "Action items", "Open questions", "Links"]
    assert "*#export · 2026-01-01 · Ann, Bob, Cleo · 5 messages*" in body
    assert "we go with streaming" in parts["Decisions"]
    assert "- [ ] **Bob:** I will send the design" in parts["Action items"]
    assert ", due 2026-01-02 [(" in parts["Action items"]
    assert "Which customers" in parts["Open questions"]
    assert parts["Links"].startswith("- https://docs.example.org/export [(12:03)](/ui/conversations#conv_")
    stored = await room.bus.reader.all(_messages_of(conversation))
    ids = {row[0] for row in stored}
    lines = [line for line in body.split("\n") if line.startswith("- ")]
    assert lines
    places = [line.rpartition("(/ui/conversations#")[2].rstrip(")").split("/") for line in lines]
    assert all(place[0] == conversation and place[1] in ids for place in places)
    assert not any(message in re.sub(r"\]\([^)]*\)", "]", body) for message in ids), "people read a time, no id"


async def test_a_tldr_is_no_greeting_no_link_and_no_emoji(room: Desk, clock: Any) -> None:
    """Story: a TL;DR was "Https://status.example.com/incidents/4711" and "Hope you all had a great weekend"."""
    said = (
        ("Ann", "Good morning everyone! :sun_with_face: Hope you all had a great weekend"),
        ("Bob", "https://status.example.com/incidents/4711"),
        ("Ann", "The cluster in Frankfurt is slow again :fire:, p95 is at 4 seconds since 8:10"),
        ("Bob", "Is that from the change of the cache nodes on Friday?"),
        ("Cleo", "Yes, they were switched to half of the memory by mistake"),
        ("Ann", ":tada: :our_logo:"),
    )
    await day(room, posts(*said))
    later(clock, 86_400)
    assert await ticked(room) == 1
    (note,) = await summaries(room)
    assert [line.partition(" [(")[0] for line in section(note["body_md"], "TL;DR")] == [
        "- **Ann:** The cluster in Frankfurt is slow again 🔥, p95 is at 4 seconds since 8:10",
        "- **Bob:** Is that from the change of the cache nodes on Friday? **Cleo:** "
        "Yes, they were switched to half of the memory by mistake",
    ]


def _messages_of(conversation: str) -> Any:
    from needlework.bus.sql import Statement

    return Statement("SELECT id FROM conversation_messages WHERE conversation_id = ?", (conversation,))


async def test_a_question_that_somebody_answered_is_open_no_more(room: Desk, clock: Any) -> None:
    conversation = await day(room, posts(*SAID))
    answer = ("Ann", "Two of them: Acme and Blue Systems, both from the north.")
    await room(AppendMessages(id=conversation, items=posts(answer, at=NOON + 6 * MINUTE)))
    later(clock, 86_400)
    await ticked(room)
    assert "Open questions" not in (await summaries(room))[0]["body_md"]


async def test_what_is_said_later_is_another_version_of_the_same_note(room: Desk, clock: Any) -> None:
    conversation = await day(room, posts(*SAID))
    later(clock, 86_400)
    await ticked(room)
    late = posts(("Dan", "I forgot: we also need the numbers of last week, please."), at=NOON + 3600 * SECOND)
    await room(AppendMessages(id=conversation, items=late))
    assert await ticked(room) == 0, "what is being sent in has a minute to be whole"
    clock.advance(61)
    assert [await ticked(room) for _ in range(2)] == [1, 0]
    (note,) = await summaries(room)
    assert note["version"] == "v2"
    assert "Dan" in note["body_md"]
    await room(IngestConversation(channel="slack", external_id="C01:day", messages=late))
    later(clock, 3600)
    assert await ticked(room) == 0, "the same again is nothing new"


async def test_a_thread_is_summarised_after_half_an_hour_of_silence(room: Desk, clock: Any) -> None:
    conversation = await thread(room, posts(*SAID))
    clock.advance(32 * 60)
    assert await ticked(room) == 0
    clock.advance(2 * 60)
    assert await ticked(room) == 1
    (note,) = await summaries(room)
    assert note["conversation_id"] == conversation
    assert note["title"].startswith("Summary: #export: The export to PDF fails")
    later(clock, 86_400)
    assert await ticked(room) == 1, "its day is over too"
    assert len(await summaries(room)) == 1, "which holds nothing beside the thread"


async def test_the_day_holds_small_threads_and_names_those_that_speak_for_themselves(room: Desk, clock: Any) -> None:
    await thread(room, posts(*SAID), "large")
    await thread(room, posts(("Eve", "The lamp in the small room is broken."), ("Fay", "I will order one.")), "small")
    await day(room, posts(("Gus", "Good news: the audit went well."), ("Hal", "Very good."), ("Gus", "Cake at four.")))
    later(clock, 86_400)
    assert await ticked(room) == 3, "two threads, one day"
    body = next(each for each in await summaries(room) if each["conversation_id"] is None)["body_md"]
    assert "· 5 messages*" in body
    assert "streaming" not in body
    assert "- The export to PDF fails" in body.partition("## Threads with a summary of their own\n")[2]


@pytest.mark.parametrize(
    "messages",
    [
        pytest.param(posts(*SAID[:4]), id="four"),
        pytest.param([*posts(*SAID[:4]), *posts(("Deploy", "Built 1.2.3."), at=NOON + DAY // 4, facts={"bot": True})],
                     id="a program"),
        pytest.param([*posts(*SAID[:4]), *posts(("Eve", "@Eve has joined"), at=NOON + DAY // 4,
                                                facts={"subtype": "channel_join"})], id="a join"),
        pytest.param(posts(*SAID[:4], ("Ann", "  ")), id="nothing"),
    ],
)  # fmt: skip
async def test_too_little_is_skipped_and_says_so(room: Desk, clock: Any, messages: list[MessageInput]) -> None:
    await day(room, messages)
    later(clock, 86_400)
    assert await ticked(room) == 1
    assert await summaries(room) == []
    asked = SummariseChat(channel_id="C01", window_start=rfc3339(NOON))
    assert await room(asked) == {"discarded": "too_little_content"}


async def test_one_person_alone_makes_no_thread_worth_a_summary(room: Desk, clock: Any) -> None:
    await thread(room, posts(*(("Ann", text) for _, text in SAID)))
    later(clock, 3600)
    assert await ticked(room) == 1
    assert await summaries(room) == []


async def test_only_slack_s_channels_are_summarised_and_each_workspace_has_its_own(room: Desk, clock: Any) -> None:
    await room(IngestConversation(channel="chat", channel_id="C01", messages=posts(*SAID)))
    await room(IngestConversation(channel="slack", messages=posts(*SAID)))
    await day(await room.other("acme"), posts(*SAID))
    later(clock, 86_400)
    assert await ticked(room) == 0


async def test_a_day_is_one_of_the_workspace_s_time_zone(room: Desk, clock: Any) -> None:
    """In Tokyo it is 21:00 at noon UTC: what is said at 16:00 UTC belongs to the day after."""
    await room.bus.workspaces.set_config(room.workspace, {"timezone": "Asia/Tokyo"}, "test")
    await day(room, [*posts(*SAID), *posts(("Dan", "And tomorrow we look at it again."), at=NOON + DAY // 6)])
    later(clock, 3 * 3600 + 61)
    assert await ticked(room) == 1
    (note,) = await summaries(room)
    assert note["title"].endswith("2026-01-01")
    assert "5 messages" in note["body_md"]


async def test_a_window_may_be_asked_for_by_any_moment_of_it(room: Desk) -> None:
    await day(room, posts(*SAID))
    answers = [
        await room(SummariseChat(channel_id="C01", window_start=at)) for at in (rfc3339(NOON), NOON // SECOND + 5)
    ]
    assert answers[0] == answers[1]
    assert answers[0]["messages"] == "5"
    await room.drain()
    assert [each["version"] for each in await summaries(room)] == ["v1"]


@given(
    at=st.integers(0, 4_000_000_000),
    zone=st.sampled_from(["UTC", "Europe/Berlin", "America/Sao_Paulo", "Asia/Kathmandu", "Pacific/Apia"]),
)
def test_a_moment_belongs_to_one_day_and_days_follow_each_other(at: int, zone: str) -> None:
    place = ZoneInfo(zone)
    found = day_of(at * SECOND, place)
    assert found.start <= at * SECOND < found.end
    assert day_of(found.start, place) == day_of(found.end - 1, place) == found
    assert day_of(found.end, place).start == found.end


async def test_what_a_bot_posts_is_nobody_s_words(room: Desk) -> None:
    """Story: commits and logs of a build became faults, and tasks to mend them."""
    log = posts(("CI", "The build fails with an error 500 since Monday."), at=NOON + DAY // 4, facts={"bot": True})
    conversation = await day(room, [*posts(*SAID[:2]), *log])
    found = await room(ReadTranscript(id=conversation))
    assert [line["text"] for line in found["lines"]] == [text for _, text in SAID[:2]]


@pytest.mark.parametrize("zone", ["UTC", "Asia/Tokyo"])
async def test_what_was_said_on_the_last_day_that_there_is_is_stored_and_summarised(room: Desk, zone: str) -> None:
    """Its end could not be reckoned: the conversation was a dead letter, with all that had come in with it."""
    await room.bus.workspaces.set_config(room.workspace, {"timezone": zone}, "test")
    last = micros(datetime(9999, 12, 31, 18, tzinfo=UTC))
    await day(room, posts(*SAID, at=last))
    summary = await room(SummariseChat(channel_id="C01", window_start="9999-12-31T18:00:00Z"))
    assert summary["messages"] == str(len(SAID))
