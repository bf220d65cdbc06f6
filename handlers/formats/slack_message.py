"""One message of a Slack export: who, when, what, and of which thread."""

import re
from datetime import datetime, timedelta
from typing import Any, Final, NamedTuple

from needlework.handlers.formats import charset, header, moment, slack_text
from needlework.handlers.formats.payload import LONGEST_TEXT

Row = dict[str, Any]
PARTS: Final = ("pretext", "title", "text")
"""What the attachment of a program says, where its message has no text; else its `fallback`."""
MOST_FILES: Final = 100
LARGEST_NUMBER: Final = 1 << 53
"""A greater one the server refuses, and all that was said that day with it."""
_NO_NAME: Final = re.compile(r"[^\w-]+")
_TS: Final = re.compile(r"(\d{9,11})\.(\d{1,6})\d{0,3}")


class Known(NamedTuple):
    """Who and what the ids of an export are: people, their names, and the names of channels."""

    people: dict[str, header.Person]
    names: dict[str, str]
    channels: dict[str, str]


class Said(NamedTuple):
    """A message as it is sent in, and the time that names its thread; empty outside of threads."""

    thread: str
    data: Row


def person(row: Row) -> header.Person:
    """Someone of users.json."""
    given = row.get("profile")
    profile: Row = given if isinstance(given, dict) else {}
    email = profile.get("email")
    found = header.person(header.name_of(row, profile), email if isinstance(email, str) else "")
    return {**found, "id": charset.clean(str(row["id"]))[:100]}


def mention(who: header.Person) -> str:
    """Somebody's name in one word, as who is mentioned: `@Ann.Lee`; that of an address where there is no name."""
    return _NO_NAME.sub(".", who.get("name") or who.get("email", "").partition("@")[0]).strip(".")


def read_message(row: Row, known: Known) -> Said:
    """Read one element of a day's list. ValueError says what is wrong with it."""
    if row.get("subtype") == "message_changed" and isinstance(row.get("message"), dict):
        row = row["message"]
    if row.get("type") != "message":
        raise ValueError("no message: its type is not 'message'")
    ts, at = _time(row.get("ts"), "ts")
    thread = row.get("thread_ts")
    thread = _time(thread, "thread_ts")[0] if thread is not None else ""
    if thread == ts and not row.get("reply_count") and not row.get("replies"):
        thread = ""
    data: Row = {
        "external_id": ts,
        "sender": _sender(row, known),
        "sent_at": moment.rfc3339(at),
        "text": _text(row, known)[:LONGEST_TEXT],
    }
    data |= {"reply_to": thread} if thread and thread != ts else {}
    facts = _facts(row, thread)
    data |= {"facts": facts} if facts else {}
    files = _files(row)
    return Said(thread, data | ({"attachments": files} if files else {}))


def _time(value: object, name: str) -> tuple[str, datetime]:
    """Slack's own time, which names a message: seconds, a point, and a count."""
    found = _TS.fullmatch(value) if isinstance(value, str) else None
    if found is None:
        raise ValueError(f"{name} is not a time of Slack, such as 1452845865.000008")
    at = moment.EPOCH + timedelta(seconds=int(found[1]), microseconds=int(found[2].ljust(6, "0")))
    if not moment.plausible(at):
        raise ValueError(f"{name} is out of range")
    return found[0], at


def _sender(row: Row, known: Known) -> header.Person:
    id_ = _word(row.get("user"))
    if id_ in known.people:
        return known.people[id_]
    profiles = [row[name] for name in ("user_profile", "bot_profile") if isinstance(row.get(name), dict)]
    found = header.person(_word(row.get("username")) or _word(header.name_of(*profiles)), "")
    own = id_ or _word(row.get("bot_id"))
    return found | ({"id": own} if own else {})


def _text(row: Row, known: Known) -> str:
    """What is written; of a program that writes none, what its attachments say."""
    text = row.get("text")
    if not isinstance(text, str | None):
        raise ValueError("text must be a text")
    if not text:
        attached = [each for each in _list(row.get("attachments")) if isinstance(each, dict)]
        said = [[each[part] for part in PARTS if isinstance(each.get(part), str)] for each in attached]
        last = [_word(each.get("fallback")) for each in attached]
        text = "\n".join("\n".join(parts) or other for parts, other in zip(said, last, strict=True))
    return charset.clean(slack_text.plain(text, known.names, known.channels)).strip()


def _facts(row: Row, thread: str) -> Row:
    """What Slack says of the message besides."""
    subtype, edited = _word(row.get("subtype")), row.get("edited")
    facts: Row = {"subtype": subtype} if subtype else {}
    facts |= {"thread_ts": thread} if thread else {}
    facts |= {"bot": True} if row.get("bot_id") or subtype in ("bot_message", "bot_add", "bot_remove") else {}
    if isinstance(edited, dict) and isinstance(edited.get("ts"), str) and _TS.fullmatch(edited["ts"]):
        facts["edited_at"] = moment.rfc3339(_time(edited["ts"], "edited")[1])
    counts = {
        _word(each.get("name")): each["count"]
        for each in _list(row.get("reactions"))[:MOST_FILES]
        if isinstance(each, dict) and _is_number(each.get("count"))
    }
    return facts | ({"reactions": counts} if counts else {})


def _files(row: Row) -> list[Row]:
    """Names, types and sizes of the files that came with it."""
    given = [*_list(row.get("files")), row.get("file")][:MOST_FILES]
    found = []
    for each in given:
        if isinstance(each, dict):
            known = {"name": _word(each.get("name")), "type": _word(each.get("mimetype")), "size": each.get("size")}
            found.append({key: value for key, value in known.items() if value and (key != "size" or _is_number(value))})
    return [each for each in found if each]


def _is_number(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= LARGEST_NUMBER


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []


def _word(value: object) -> str:
    return " ".join(charset.clean(value).split())[:200] if isinstance(value, str) else ""
