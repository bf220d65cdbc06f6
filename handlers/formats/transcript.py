"""A meeting's transcript to one conversation of channel meeting, one message a turn."""

import re
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any, Final

from needlework.handlers.formats import charset, cues, header, moment, when
from needlework.handlers.formats.cues import Turn
from needlework.handlers.formats.items import Item, Problem

LARGEST: Final = 64 * 1024 * 1024
LONGEST_TEXT: Final = 1_000_000
LONGEST_MERGED: Final = 20_000  # a monologue is several messages, so that evidence stays near its time
CLOCK: Final = r"(?:\d{1,3}:)?\d{1,2}:\d{2}(?:[.,]\d{1,3})?"
LEADING: Final = re.compile(rf"[ \t]*(?:\[({CLOCK})\]|\(({CLOCK})\)|({CLOCK})(?=[ \t]))[ \t]*(?:[-–—][ \t]+)?")
TRAILING: Final = re.compile(rf"([^\s:\[(][^:\[(\n]{{0,58}}?)[ \t]*[\[(]({CLOCK})[\])][ \t]*:?[ \t]*(.*)")
TITLE: Final = re.compile(rf"([^\W\d_][^:\n]{{0,58}}?)[ \t]{{2,}}({CLOCK})[ \t]*")
HEADER: Final = re.compile(
    r"(title|subject|meeting|topic|date|start|started|start time|time|recorded"
    r"|attendees|participants|present)[ \t]*:[ \t]*(.{1,2000})",
    re.IGNORECASE,
)
MOST_HEADER_LINES: Final = 20
VTT_TITLE: Final = re.compile(r"\s*WEBVTT[ \t]+[-–—][ \t]*(\S[^\r\n]{0,199})")
LONGEST_HEADING: Final = 120
HEADING: Final = re.compile(r"[ \t]{0,3}#{1,6}[ \t]+(.*[^\W_].*)")


def looks_spoken(text: str) -> bool:
    """Whether a text has the turns of a transcript: at least two, and in a fair part of its lines."""
    lines = [each for each in text[:50_000].split("\n") if each.strip()][:400]
    spoken = sum(1 for each in lines if _turn(each).speaker or TITLE.fullmatch(each.strip()[:200]))
    return spoken >= 2 and spoken * 4 >= len(lines)


def conversation(data: bytes, *, received: datetime, source: str = "transcript", subject: str = "") -> Item | Problem:
    """Read a transcript: WebVTT and SRT by their cues, other text by its lines."""
    if len(data) > LARGEST:
        return Problem(source, None, f"transcript larger than {LARGEST // 1024 // 1024} MiB")
    text = charset.document(data)
    stated: dict[str, str] = {}
    if text.lstrip().startswith("WEBVTT") or any(map(cues.TIMES.match, text[:2000].split("\n"))):
        stated["date"] = text.partition("-->")[0][:1000]  # a note before the first cue
        if titled := VTT_TITLE.match(text):
            stated["title"] = titled[1].strip()
        found = cues.turns(text)
    else:
        stated, lines = _header(text)
        found = _lines(lines)
    turns = [each for each in _merged(found) if each.text]
    if not turns:
        return Problem(source, None, "no spoken turn in it: expected 'Name: text', WebVTT or SRT")
    start = _start(stated) or when.held(subject)
    return Item(
        "conversation",
        {
            "external_id": "transcript:" + sha256(data).hexdigest()[:32],
            "channel": "meeting",
            "subject": (stated.get("title") or when.title(subject))[:2000],
            **_messages(turns, start, received),
        }
        | _people(turns, stated),
    )


def _offsets(turns: list[Turn]) -> list[float]:
    """How many seconds after the start each turn is; one without a time follows the turn before by a second."""
    offsets: list[float] = []
    at = -1.0
    for turn in turns:
        at = at + 1 if turn.at is None else turn.at
        offsets.append(at)
    return offsets


def _messages(turns: list[Turn], stated: when.Held | None, received: datetime) -> dict[str, Any]:
    """The messages with their times. A file that states no start was written when its meeting ended.

    `facts.time_from` of a message says what its time is no better than: the file's own (`file`), the day alone (`day`),
    the order of the turns (`order`).
    """
    messages: list[dict[str, Any]] = []
    offsets = _offsets(turns)
    start = stated.at if stated else (received - timedelta(seconds=max(offsets))).replace(microsecond=0)
    assumed = "file" if stated is None else "" if stated.exact else "day"
    for number, (turn, at) in enumerate(zip(turns, offsets, strict=True)):
        facts: dict[str, Any] = {} if turn.at is None else {"seconds": round(turn.at, 3)}
        origin = assumed or ("order" if turn.at is None else "")
        facts |= {"time_from": origin} if origin else {}
        sent = moment.rfc3339(start + timedelta(seconds=at))
        sender = {"name": turn.speaker} if turn.speaker else {}
        messages.append(
            {
                "external_id": f"turn-{number}",
                "sender": sender,
                "sent_at": sent,
                "text": turn.text[:LONGEST_TEXT],
            }
            | ({"facts": facts} if facts else {})
        )
    times = moment.ordered(each["sent_at"] for each in messages)
    return {"started_at": moment.rfc3339(start), "last_message_at": times[-1], "messages": messages}


def _people(turns: list[Turn], stated: dict[str, str]) -> dict[str, list[header.Person]]:
    """Those who are named as present, then those who speak."""
    named = [header.people(each) for each in re.split(r"[,;]", stated.get("people", "")) if each.strip()]
    found = {each.get("name") or each["email"]: each for people in named for each in people}
    for turn in turns:
        if turn.speaker:
            found.setdefault(turn.speaker, {"name": turn.speaker})
    return {"participants": list(found.values())}


def _start(stated: dict[str, str]) -> when.Held | None:
    """When the meeting began, where the file says so itself."""
    said = (stated.get("start", ""), f"{stated.get('date', '')} {stated.get('start', '')}", stated.get("date", ""))
    for value in said:
        try:
            at = moment.parse(value)
        except ValueError:
            continue
        found = when.held(value)
        return when.Held(at, True, "") if found is None or found.exact else found
    return next((found for value in said if (found := when.held(value))), None)


def _header(text: str) -> tuple[dict[str, str], Iterator[str]]:
    """The lines before the first turn that state title, date and people; then the other lines."""
    stated: dict[str, str] = {}
    lines = text.split("\n")
    names = {
        "date": "date",
        "recorded": "date",
        "attendees": "people",
        "participants": "people",
        "present": "people",
        "start": "start",
        "started": "start",
        "start time": "start",
        "time": "start",
    }
    taken = 0
    for line in lines[:MOST_HEADER_LINES]:
        found = HEADER.fullmatch(line.strip())
        if found:
            stated.setdefault(names.get(found[1].lower(), "title"), found[2].strip())
        elif line.strip() and not _heads(line, stated):
            break
        taken += 1
    return stated, iter(lines[taken:])


def _heads(line: str, stated: dict[str, str]) -> bool:
    """Whether a line is a heading: with a date, "Acme call, 4 March 2026", or one of Markdown. `stated` takes it."""
    if len(line) > LONGEST_HEADING or _turn(line).speaker or LEADING.match(line):
        return False
    if (found := when.held(line)) is None:
        marked = HEADING.match(line)
        if marked:
            stated.setdefault("title", marked[1].strip())
        return marked is not None
    stated.setdefault("date", line.strip())
    if any(each.isalpha() for each in found.rest):
        stated.setdefault("title", when.title(line.strip("#* \t")))
    return True


def _lines(lines: Iterable[str]) -> Iterator[Turn]:
    """Turns of plain lines; a line without name or time goes on with the turn before."""
    open_turn: Turn | None = None
    said: list[str] = []
    for line in lines:
        titled = TITLE.fullmatch(line.strip()[:200])
        turn = Turn(titled[1], "", cues.clock(titled[2])) if titled else _turn(line)
        if titled or turn.speaker or turn.at is not None or open_turn is None:
            if open_turn:
                yield open_turn._replace(text="\n".join(said).strip())
            open_turn, said = turn, [turn.text]
        elif line.strip():
            said.append(line.strip())
    if open_turn:
        yield open_turn._replace(text="\n".join(said).strip())


def _turn(line: str) -> Turn:
    """One line: `[00:12:03] Name: text`, `Name (12:03): text` or `Name: text`."""
    found = LEADING.match(line)
    if found:
        name, text = cues.speaker(line[found.end() :].strip())
        return Turn(name, text, cues.clock(next(filter(None, found.groups()))))
    trailing = TRAILING.fullmatch(line.strip())
    if trailing:
        return Turn(trailing[1].strip(), trailing[3].strip(), cues.clock(trailing[2]))
    name, text = cues.speaker(line.strip())
    return Turn(name, text, None)


def _merged(turns: Iterable[Turn]) -> Iterator[Turn]:
    """Cues of one speaker in a row are one turn; nobody named goes on with the speaker before."""
    open_turn: Turn | None = None
    for turn in turns:
        text = turn.text.strip()
        same = open_turn is not None and turn.speaker in ("", open_turn.speaker)
        if open_turn and same and len(open_turn.text) < LONGEST_MERGED:
            open_turn = open_turn._replace(text=f"{open_turn.text} {text}".strip())
            continue
        if open_turn:
            yield open_turn
        open_turn = Turn(turn.speaker or (open_turn.speaker if open_turn else ""), text, turn.at)
    if open_turn:
        yield open_turn
