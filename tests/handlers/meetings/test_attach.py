"""Which meeting a transcript is of, where it says when it was held, and where it does not."""

import threading
from typing import Any

import pytest
from needlework.bus.clock import SECOND, rfc3339
from needlework.handlers.accounts.messages import IngestAccount
from needlework.handlers.conversations.messages import IngestConversation, MessageInput, ReadConversation
from needlework.handlers.formats import transcript
from needlework.handlers.meetings.messages import AddTranscript, IngestMeeting, ListMeetings, ReadMeeting
from needlework.handlers.notes.messages import ReadNote
from needlework.handlers.people import Person
from needlework.handlers.system.dead_messages import ListDead
from needlework.handlers.times import DAY, MINUTE

pytestmark = pytest.mark.anyio
SAID = (
    ("Ada", "The export of large invoices fails."),
    ("Grace", "It runs out of memory above two hundred pages."),
    ("Ada", "Then we stream the pages."),
    ("Grace", "I will write the design by Friday."),
    ("Ada", "And tell the support team."),
)


def spoken(at: int | None, facts: dict[str, Any] | None = None, said: Any = SAID) -> list[MessageInput]:
    """The turns, a second apart from `at`."""
    return [
        MessageInput(sender=who, text=text, external_id=f"turn-{n}", facts=facts or {},
                     sent_at=None if at is None else rfc3339(at + n * SECOND))
        for n, (who, text) in enumerate(said)
    ]  # fmt: skip


async def sent(desk: Any, clock: Any, messages: list[MessageInput], **more: Any) -> None:
    """A transcript comes in, and its meeting is looked for."""
    await desk(IngestConversation(**{"channel": "meeting", "subject": "Export review", "messages": messages} | more))
    for _ in range(3):
        clock.advance(60)
        await desk.drain()


async def meetings(desk: Any) -> list[dict[str, Any]]:
    return list((await desk(ListMeetings()))["items"])


async def test_a_transcript_without_a_date_goes_to_the_meeting_of_its_title(desk: Any, clock: Any) -> None:
    start = clock.now() - 3 * DAY
    times = {"start": rfc3339(start), "end": rfc3339(start + 30 * MINUTE)}
    held = await desk(IngestMeeting(title="Export Review", **times))
    await desk(IngestMeeting(title="Another", **times))
    await sent(desk, clock, spoken(clock.now(), {"time_from": "file"}))
    found = await desk(ReadMeeting(id=held["id"]))
    assert (found["transcript_state"], found["start"], found["start_from"]) == ("present", rfc3339(start), "stated")
    assert len(await meetings(desk)) == 2


async def test_a_day_alone_finds_the_meeting_of_that_day(desk: Any, clock: Any) -> None:
    noon = clock.now() - 3 * DAY
    first = await desk(IngestMeeting(title="Export review", start=rfc3339(noon - 4 * 60 * MINUTE)))
    await desk(IngestMeeting(title="Export review", start=rfc3339(noon + 4 * DAY)))
    await sent(desk, clock, spoken(noon, {"time_from": "day"}))
    assert (await desk(ReadMeeting(id=first["id"])))["transcript_state"] == "present"


@pytest.mark.parametrize(
    ("facts", "known"), [({}, "stated"), ({"time_from": "file"}, "file"), ({"time_from": "day"}, "day"), (None, "now")]
)
async def test_a_start_that_was_assumed_says_so(
    desk: Any, clock: Any, facts: dict[str, Any] | None, known: str
) -> None:
    """Story: a transcript without a date silently became a meeting of today."""
    await sent(desk, clock, spoken(None if facts is None else clock.now() - DAY, facts))
    (meeting,) = await meetings(desk)
    assert meeting["start_from"] == known
    clock.advance(600)
    await desk.drain()
    note = await desk(ReadNote(id=(await desk(ReadMeeting(id=meeting["id"])))["summary_note_id"]))
    remarks = [line for line in note["body_md"].split("\n") if line.startswith("*The transcript names")]
    assert len(remarks) == (0 if known == "stated" else 1)


async def test_a_start_that_is_stated_later_is_assumed_no_more(desk: Any, clock: Any) -> None:
    await sent(desk, clock, spoken(clock.now(), {"time_from": "file"}))
    (meeting,) = await meetings(desk)
    await desk(IngestMeeting(id=meeting["id"], facts={"room": "3"}))
    assert (await desk(ReadMeeting(id=meeting["id"])))["start_from"] == "file"
    await desk(IngestMeeting(id=meeting["id"], start=rfc3339(clock.now() - DAY)))
    found = await desk(ReadMeeting(id=meeting["id"]))
    assert (found["start_from"], found["facts"]) == ("stated", {"room": "3"})


async def test_the_same_transcript_again_stays_one_meeting(desk: Any, clock: Any) -> None:
    for later in range(3):
        await sent(desk, clock, spoken(clock.now(), {"time_from": "file"}), external_id="transcript:1")
        assert len(await meetings(desk)) == 1, later
    await sent(desk, clock, spoken(clock.now(), {"time_from": "file"}), external_id="transcript:as-srt")
    mended = (*SAID[:4], ("Ada", "And tell the whole support team."))
    await sent(desk, clock, spoken(clock.now(), {"time_from": "file"}, mended), external_id="transcript:mended")
    assert len(await meetings(desk)) == 1


async def test_what_else_was_said_under_the_same_title_is_another_meeting(desk: Any, clock: Any) -> None:
    await sent(desk, clock, spoken(clock.now(), {"time_from": "file"}))
    clock.advance(7 * 86_400)
    other = [("Ada", "Streaming works."), ("Grace", "Support is told."), ("Ada", "Good, then we release it.")]
    await sent(desk, clock, spoken(clock.now(), {"time_from": "file"}, other))
    assert len(await meetings(desk)) == 2


@pytest.mark.parametrize(
    ("text", "known"),
    [("Date: 2026-03-04 10:00\n\nAda: Hello.\nGrace: Hi.\n", "stated"), ("Ada: Hello.\nGrace: Hi.\n", "none")],
)
async def test_a_meeting_without_a_start_takes_that_of_its_transcript(desk: Any, text: str, known: str) -> None:
    meeting = await desk(IngestMeeting(title="Export review"))
    saved = await desk(AddTranscript(id=meeting["id"], text=text))
    found = await desk(ReadMeeting(id=meeting["id"]))
    assert (saved["start_from"], found["start_from"]) == (known, known)
    assert found["start"] == ("2026-03-04T10:00:00Z" if known == "stated" else None)


@pytest.mark.parametrize("turns", [3, 800])
async def test_a_transcript_is_read_once_and_a_long_one_beside_the_loop(
    desk: Any, monkeypatch: pytest.MonkeyPatch, turns: int
) -> None:
    """Where its date was wanted it was read twice, in the loop: half a second in which nobody else was served."""
    whole, threads = transcript.conversation, []

    def counted(*arguments: Any, **named: Any) -> Any:
        threads.append(threading.current_thread() is threading.main_thread())
        return whole(*arguments, **named)

    monkeypatch.setattr(transcript, "conversation", counted)
    said = "".join(f"Ada: We talked about number {n}.\nGrace: So we did.\n" for n in range(turns))
    meeting = await desk(IngestMeeting(title="Export review"))
    saved = await desk(AddTranscript(id=meeting["id"], text=f"Date: 2026-03-04 10:00\n\n{said}"))
    assert (saved["turns"], saved["start_from"]) == (2 * turns, "stated")
    assert threads == [turns == 3]


WHO = [Person("Ada", "ada@home.example"), Person("Grace", "grace@acme.example"), Person("Bob")]


@pytest.mark.parametrize("invited", ["first", "later"])
@pytest.mark.parametrize("way", ["conversation", "text"])
async def test_what_is_said_at_a_meeting_belongs_to_the_account_of_who_was_invited(
    desk: Any, clock: Any, invited: str, way: str
) -> None:
    """Its transcript knows names, its calendar addresses: neither evidence nor tasks of a meeting were anybody's."""
    await desk(IngestAccount(id="acct_acme", domains=["acme.example"]))
    start, known = rfc3339(clock.now()), WHO if invited == "first" else None
    meeting = await desk(IngestMeeting(external_id="m1", title="Export review", start=start, attendees=known))
    if way == "text":
        await desk(AddTranscript(id=meeting["id"], text="".join(f"{who}: {text}\n" for who, text in SAID)))
    else:
        await sent(desk, clock, spoken(clock.now()))
    await desk.drain()
    await desk(IngestMeeting(external_id="m1", attendees=WHO))
    await desk.drain()
    conversation = (await desk(ReadMeeting(id=meeting["id"])))["conversation_id"]
    read = await desk(ReadConversation(id=conversation))
    assert read["account_id"] == "acct_acme"
    assert sorted(each.get("email", "") for each in read["participants"]) == ["ada@home.example", "grace@acme.example"]
    assert (await desk(ListDead()))["items"] == []
