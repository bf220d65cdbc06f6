"""An iCalendar file cut into its events, each with the time zones that it names: one broken event spoils no other."""

import re
from collections.abc import Iterator
from hashlib import sha256
from typing import Final, NamedTuple

from needlework.handlers.formats import charset

LARGEST: Final = 64 * 1024 * 1024
LONGEST_UID: Final = 400
_BEGIN: Final = re.compile(r"BEGIN:[A-Z][A-Z0-9-]*[ \t]*[\r\n]", re.IGNORECASE)
_FOLD: Final = re.compile(r"\n[ \t]")
_TZID: Final = re.compile(r'TZID="?([^:;"\n]+)', re.IGNORECASE)
_ZONE: Final = re.compile(r"^X-WR-TIMEZONE[:;]", re.IGNORECASE)


class EventText(NamedTuple):
    """All that a file says of one uid, as a calendar of its own; `hash` changes when any of it does."""

    uid: str
    text: str
    hash: str


class _Block(NamedTuple):
    """The lines of one component, unfolded, with what stands before it in its calendar."""

    calendar: int
    name: str
    lines: list[str]


def check(text: str) -> None:
    """Raise ValueError for what does not begin like an iCalendar file, or was cut off: what it lacks would seem gone.

    The component that it begins with need not be a calendar; then it holds no events.
    """
    if not _BEGIN.match(text.lstrip("\ufeff \t\r\n")):
        raise ValueError("not a calendar: it does not begin with BEGIN:VCALENDAR")
    lines = text.upper()
    if lines.rfind("BEGIN:VCALENDAR") > lines.rfind("END:VCALENDAR"):
        raise ValueError("a calendar that was cut off: END:VCALENDAR is missing at its end")


def decode(data: bytes) -> str:
    """The text of a calendar file. Raises ValueError for what is none."""
    if len(data) > LARGEST:
        raise ValueError(f"calendar larger than {LARGEST // 1024 // 1024} MiB")
    text = charset.document(data)
    check(text)
    return text


def events(text: str) -> list[EventText]:
    """The events of a calendar file by their uid, in the order of the file."""
    zones: dict[tuple[int, str], list[str]] = {}
    heads: dict[int, list[str]] = {}
    found: dict[str, list[_Block]] = {}
    for block in _blocks(text):
        if block.name == "VTIMEZONE":
            zones.setdefault((block.calendar, _value(block, "TZID")), block.lines)
        elif block.name == "VEVENT":
            found.setdefault(_uid(block), []).append(block)
        elif block.name == "" and _ZONE.match(block.lines[0]):
            heads.setdefault(block.calendar, []).extend(block.lines)
    return [_event(uid, blocks, zones, heads) for uid, blocks in found.items()]


def _event(
    uid: str, blocks: list[_Block], zones: dict[tuple[int, str], list[str]], heads: dict[int, list[str]]
) -> EventText:
    lines = ["BEGIN:VCALENDAR", "VERSION:2.0", *heads.get(blocks[0].calendar, [])]
    named = {name.strip() for block in blocks for line in block.lines for name in _TZID.findall(line)}
    for (calendar, name), zone in zones.items():
        if calendar == blocks[0].calendar and name in named:
            lines += zone
    for block in blocks:
        lines += block.lines
    text = "\n".join([*lines, "END:VCALENDAR", ""])
    # when the file was written (DTSTAMP) says nothing of the event: many programs write it anew each time
    stable = "\n".join(line for line in text.split("\n") if not line.upper().startswith("DTSTAMP"))
    return EventText(uid, text, sha256(stable.encode("utf-8", "surrogatepass")).hexdigest())


def _blocks(text: str) -> Iterator[_Block]:
    """Components right below a calendar; a calendar's own lines as blocks without a name."""
    calendar, inside, lines = 0, 0, []
    name = ""
    for line in _FOLD.sub("", text.replace("\r\n", "\n").replace("\r", "\n")).split("\n"):
        word, _, rest = line.strip().upper().partition(":")
        if not line.strip():
            continue
        if word == "BEGIN" and rest == "VCALENDAR":
            calendar, inside = calendar + 1, 0
        elif inside == 0 and word == "BEGIN":
            name, lines, inside = rest, [line.strip()], 1
        elif inside == 0:
            yield _Block(calendar, "", [line])
        else:
            lines.append(line)
            inside += {"BEGIN": 1, "END": -1}.get(word, 0)
            if inside == 0:
                yield _Block(calendar, name, lines)


def _value(block: _Block, wanted: str) -> str:
    """The value of a property of the component itself, not of one inside it."""
    depth = 0
    for line in block.lines:
        head, _, value = line.partition(":")
        word = head.partition(";")[0].strip().upper()
        depth += {"BEGIN": 1, "END": -1}.get(word, 0)
        if depth == 1 and word == wanted:
            return value.strip()
    return ""


def _uid(block: _Block) -> str:
    """The event's uid; one without gets one from its text, so that the same file means the same event."""
    uid = charset.clean(_value(block, "UID"))
    if not uid or len(uid) > LONGEST_UID:
        return "hash-" + sha256("\n".join([uid, *block.lines]).encode("utf-8", "surrogatepass")).hexdigest()[:32]
    return uid
