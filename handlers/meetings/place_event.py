"""Place an event of a calendar: its occurrences of these weeks become meetings, those that are gone are cancelled."""

from functools import partial
from typing import Any

import anyio.to_thread
import msgspec
from needlework.bus.context import Context
from needlework.bus.errors import Refuse
from needlework.bus.subscriptions import subscribe
from needlework.handlers.answers import Saved
from needlework.handlers.formats.occurrences import CalendarMissing, Occurrence, occurrences
from needlework.handlers.meetings import attendees, calendars, store, summaries
from needlework.handlers.meetings.calendar_messages import CalendarEvents, Placed
from needlework.handlers.people import Person
from needlework.handlers.times import DAY
from needlework.handlers.zones import workspace_zone

BEFORE, AFTER = 7 * DAY, 30 * DAY
FAR = 1_500 * DAY
"""How far ahead a moved occurrence, or another one at all, is looked for: a leap year's birthday and a bit."""


@subscribe(CalendarEvents, runner="calendar_events")
async def place(message: CalendarEvents, ctx: Context) -> Placed:
    """All occurrences of one event in one commit. An event that can't be read leaves its meetings as they are."""
    values = {"workspace": ctx.workspace.id, "connection": message.connection_id, "uid": message.event_uid}
    event = await ctx.db.one(calendars.sql("find_event", **values))
    if event is None:
        raise Refuse(404, "not_found", f"no event {message.event_uid!r} of a calendar {message.connection_id!r}")
    if event["status"] == "removed":
        return await _gone(ctx, event)
    start, end = ctx.now - BEFORE, ctx.now + AFTER
    try:
        found = await _expand(ctx, event["text"], start, end)
        ahead = found or await _expand(ctx, event["text"], end, end + FAR)
    except ValueError as error:
        _mark(ctx, event, done=True, error=str(error))
        return Placed(occurrences=0, error=str(error))
    placed = await _place(ctx, event, found, start)
    _mark(ctx, event, done=not ahead or (len(found) == 1 and not found[0].recurrence_id))
    return placed


async def _expand(ctx: Context, text: str, start: int, end: int) -> list[Occurrence]:
    try:
        return await anyio.to_thread.run_sync(partial(occurrences, text, start, end, workspace_zone(ctx)))
    except CalendarMissing as missing:
        raise Refuse(422, "extra_missing", str(missing)) from None


def _mark(ctx: Context, event: calendars.Row, *, done: bool, error: str | None = None) -> None:
    seen = {"id": event["id"], "raw_hash": event["raw_hash"], "status": event["status"]}
    values = {"workspace": ctx.workspace.id, "now": ctx.now, "done": int(done), "error": error}
    ctx.write(calendars.sql("expanded", 1, **seen, **values))


async def _gone(ctx: Context, event: calendars.Row) -> Placed:
    """The event is in its calendar no more: what has not ended will not take place. Feeds drop what is past."""
    cancelled = await _cancel(ctx, event, await _meetings(ctx, event))
    _mark(ctx, event, done=True)
    return Placed(occurrences=0, cancelled=cancelled)


async def _meetings(ctx: Context, event: calendars.Row) -> list[Any]:
    """The meetings that this calendar has made of the event; the same event may stand in another one too."""
    rows = await ctx.db.all(store.sql("meetings_of_event", workspace=ctx.workspace.id, uid=event["uid"]))
    return [row for row in rows if row["connection_id"] == event["connection_id"]]


async def _cancel(ctx: Context, event: calendars.Row, rows: list[Any]) -> int:
    """Collect that these meetings will not take place, and that nothing is to be summarised; how many.

    What has ended took place, whatever its calendar holds of it later. Another calendar may hold the event still.
    """
    off = [row for row in rows if row["status"] != "cancelled" and (row["ends_at"] or row["starts_at"] or 0) > ctx.now]
    for row in off:
        seen = {"id": row["id"], "seen": row["updated_at"]}
        ctx.write(store.sql("cancel_meeting", 1, workspace=ctx.workspace.id, now=ctx.now, **seen))
        summaries.call_off(ctx, row["id"])
    if off:
        values = {"workspace": ctx.workspace.id, "uid": event["uid"], "connection": event["connection_id"]}
        for other in await ctx.db.all(calendars.sql("held_elsewhere", **values)):
            ctx.publish(CalendarEvents(connection_id=other["id"], event_uid=event["uid"]))
    return len(off)


async def _place(ctx: Context, event: calendars.Row, found: list[Occurrence], start: int) -> Placed:
    known = {row["recurrence_id"]: row for row in await _meetings(ctx, event)}
    missing = [row for key, row in known.items() if key not in {each.recurrence_id for each in found}]
    missing = [row for row in missing if (row["starts_at"] or 0) >= start and row["status"] != "cancelled"]
    if missing:  # moved beyond the window, or gone
        later = await _expand(ctx, event["text"], ctx.now + AFTER, ctx.now + FAR)
        wanted = {row["recurrence_id"] for row in missing}
        found = [*found, *(each for each in later if each.recurrence_id in wanted)]
    ids = {_external_id(event["uid"], each): each for each in found}
    taken = {"workspace": ctx.workspace.id, "ids": msgspec.json.encode(list(ids)).decode()}
    rows = {row["external_id"]: row for row in await ctx.db.all(store.sql("meetings_by_external_ids", **taken))}
    saved = [_save(ctx, event, each, rows.get(key), key) for key, each in ids.items()]
    for (key, each), meeting in zip(ids.items(), saved, strict=True):
        if meeting.unchanged is not True and key in rows and rows[key]["conversation_id"] is not None:
            await attendees.take_part(ctx, rows[key]["conversation_id"], _people(each))
    placed = {each.recurrence_id for each in found}
    cancelled = await _cancel(ctx, event, [row for row in missing if row["recurrence_id"] not in placed])
    created = sum(each.created for each in saved)
    same = sum(each.unchanged is True for each in saved)
    return Placed(
        occurrences=len(found), created=created, updated=len(saved) - created - same, cancelled=cancelled
    )  # fmt: skip


def _external_id(uid: str, each: Occurrence) -> str:
    return f"{uid}#{each.recurrence_id}" if each.recurrence_id else uid


def _people(each: Occurrence) -> list[Person]:
    return [Person(who.name, who.email) for who in each.attendees]


def _save(ctx: Context, event: calendars.Row, each: Occurrence, row: Any, external_id: str) -> Saved:
    """One occurrence as a meeting; what people have added to it stays."""
    facts = {} if row is None else msgspec.json.decode(row["facts"], type=dict[str, Any])
    facts |= {"all_day": each.all_day, "location": each.location, "agenda": each.description}
    stated = {
        "external_id": external_id,
        "title": each.title or "(no title)",
        "starts_at": each.start,
        "ends_at": each.end,
        "tz": each.tz,
        "status": each.status,
        "attendees": msgspec.json.encode(_people(each), order="sorted").decode(),
        "conversation_id": None,
        "facts": msgspec.json.encode({k: v for k, v in facts.items() if v not in ("", False)}, order="sorted").decode(),
    }
    saved = store.MEETINGS.save(ctx, row, None, stated)
    if row is None or saved.unchanged is not True or row["connection_id"] != event["connection_id"]:
        linked = {"connection": event["connection_id"], "uid": event["uid"], "recurrence": each.recurrence_id}
        ctx.write(store.sql("set_occurrence", 1, workspace=ctx.workspace.id, id=saved.id, **linked))
    if saved.unchanged is not True and each.status == "cancelled" and row is not None:
        summaries.call_off(ctx, saved.id)
    elif saved.unchanged is not True and each.status != "cancelled" and not each.all_day:
        summaries.expect(ctx, saved.id, each.end)
    return saved
