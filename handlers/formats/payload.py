"""One JSON object to one payload: fields under the names of ours or the usual other ones, checked."""

import re
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any, Final, get_args

import msgspec
from needlework.bus.topicfile import nearest
from needlework.handlers.formats import charset, header, moment, spelling
from needlework.handlers.formats.items import Item, Kind
from needlework.handlers.formats.spelling import SPOKEN

Row = dict[str, Any]

KINDS: Final = frozenset(get_args(Kind))
NOTE_KINDS: Final = frozenset({"manual", "chat_summary", "meeting_summary", "service_result"})
CHANNELS: Final = frozenset({"slack", "email", "meeting", "github", "chat"})
ACCOUNT: Final = frozenset({"domains", "mrr", "plan", "churned_at"})
USER: Final = frozenset({"email", "emails"})
MEETING: Final = frozenset({"start", "occurrence_start", "starts_at"})
ID: Final = ("external_id", "id", "message_id", "ts")
SENDER: Final = ("sender", "from", "speaker", "author", "user", "role")
TIME: Final = ("sent_at", "timestamp", "created_at", "date", "time", "ts")
TEXT: Final = ("text", "content", "body", "message", "utterance")
REPLY: Final = ("reply_to", "in_reply_to")
LONGEST_TEXT: Final = 1_000_000
LONGEST_LINE: Final = 2_000


def item(row: Row, *, received: datetime) -> Item:
    """Tell what a row is, and make its payload. ValueError says what is wrong with it."""
    named = row.get("kind")
    if isinstance(named, str) and named in KINDS:
        row, kind = _inner(row), named
    else:
        kind = _kind(row)
    spelling.check(row, kind, strict=named == kind)
    if kind == "conversation":
        return Item("conversation", conversation(row, received=received))
    if kind == "note":
        return Item("note", note(row))
    if kind == "account":
        return Item("account", account(row))
    return Item("user", user(row)) if kind == "user" else Item("meeting", _named(row))


def _inner(row: Row) -> Row:
    """What a row with `kind` says: its `data`, which nothing else may stand beside, or its other fields."""
    others = {key: value for key, value in row.items() if key != "kind"}
    data = others.pop("data", None)
    if not isinstance(data, dict):
        return others if data is None else {**others, "data": data}
    if others:
        raise ValueError(f"beside kind and data stands {', '.join(map(repr, sorted(others)))[:200]}: put it into data")
    return data


def account(row: Row) -> dict[str, Any]:
    """The payload of an account; what it has no field for is left to the ingest to refuse."""
    data = _dated(_named(row), "churned_at")
    domains = _several(data, "domain", "domains")
    return data | ({"domains": domains} if domains else {})


def user(row: Row) -> dict[str, Any]:
    """The payload of a user; `email` is one address or more, bare or beside a name."""
    data = _dated(_named(row), "last_seen_at")
    emails: list[str] = []
    for text in _several(data, "email", "emails"):
        found = [person["email"] for person in header.people(text) if "email" in person]
        if not found:
            raise ValueError(f"email {text[:60]!r} is not an address")
        emails += found
    return data | ({"emails": emails} if emails else {})


def _named(row: Row) -> dict[str, Any]:
    """A row with its texts cleaned; an id that others gave is an external id of ours."""
    data: dict[str, Any] = _tidy(row)
    if "external_id" not in data and isinstance(data.get("id"), str | int):
        data["external_id"] = str(data.pop("id"))
    return data


def _dated(data: dict[str, Any], name: str) -> dict[str, Any]:
    """The same with the time under `name` as we write it."""
    if data.get(name) is not None:
        try:
            data[name] = moment.rfc3339(moment.parse(data[name]))
        except ValueError as error:
            raise ValueError(f"{name}: {error}") from None
    return data


def _several(data: dict[str, Any], one: str, many: str) -> list[str]:
    """Take the values under the name of one and of many out of `data`: a list, or a text that separates them."""
    found: list[str] = []
    for name in (one, many):
        value = data.pop(name, None)
        for each in value if isinstance(value, list) else [] if value is None else [value]:
            if not isinstance(each, str):
                raise ValueError(f"{name} must be a text or a list of texts")
            found += [text for text in (part.strip() for part in re.split(r"[;,]", each)) if text]
    return found


def _kind(row: Row) -> str:
    """What an object without `kind` is, by the fields that only one kind has."""
    keys = row.keys()
    if any(isinstance(row.get(key), list) for key in SPOKEN) or "channel" in keys:
        return "conversation"
    if "body_md" in keys or ("title" in keys and keys & {"body", "text", "content"}):
        return "note"
    for kind, fields in (("account", ACCOUNT), ("meeting", MEETING), ("user", USER)):
        if keys & fields:
            return kind
    named = row.get("kind")
    if isinstance(named, str) and named not in NOTE_KINDS:
        raise ValueError(f"unknown kind {named[:60]!r}{nearest(named[:60], KINDS)}; known: {', '.join(sorted(KINDS))}")
    raise ValueError(
        "neither a conversation (messages, channel), a note (title, body_md), an account (domains, plan), "
        "a user (email) nor a meeting (start); add a field kind" + spelling.hint(row)
    )


def conversation(row: Row, *, received: datetime) -> dict[str, Any]:
    """The payload of a conversation with its messages."""
    own = first(row, "id", "fs_id")
    named = first(row, "external_id") or own
    digest = "hash:" + sha256(msgspec.json.encode(row, order="sorted")).hexdigest()[:32]
    external_id = line(named, "id") if named is not None else digest
    spoken: Any = first(row, *SPOKEN) or []
    if not isinstance(spoken, list):
        raise ValueError("messages must be a list")
    channel = row.get("channel") or ("meeting" if "meeting_transcripts" in row else "chat")
    if not isinstance(channel, str) or channel not in CHANNELS:
        raise ValueError(f"channel must be one of {', '.join(sorted(CHANNELS))}")
    if not spoken and named is None:
        raise ValueError("a conversation without messages and without id is none; give it an id if they come later")
    begun = first(row, "started_at", "created_at", "date")
    start = moment.parse(begun) if begun is not None else None
    messages = _messages(spoken, external_id, start or received - timedelta(seconds=len(spoken)))
    times = moment.ordered(each["sent_at"] for each in messages)
    started = moment.rfc3339(start) if start else (times or [moment.rfc3339(received)])[0]
    ended = first(row, "last_message_at")
    data: dict[str, Any] = {"id": own} if isinstance(own, str) and own.startswith("conv_") else {}
    data |= {
        "external_id": external_id,
        "channel": channel,
        "subject": line(first(row, "subject", "title") or "", "subject"),
        "participants": _participants(row, messages),
        "started_at": started,
        "last_message_at": moment.rfc3339(moment.parse(ended)) if ended else (times or [started])[-1],
        "messages": messages,
    }
    kept = ("account_id", "status", "connection_id", *(("channel_id",) if channel == "slack" else ()))
    return data | {key: line(row[key], key) for key in kept if row.get(key)}


def _messages(rows: list[object], external_id: str, start: datetime) -> list[dict[str, Any]]:
    """The messages of a conversation; what is wrong with one names its place."""
    found: list[dict[str, Any]] = []
    for number, row in enumerate(rows):
        try:
            found.append(message(row, f"{external_id}:{number}", start + timedelta(seconds=number)))
        except ValueError as error:
            raise ValueError(f"messages[{number}]: {error}") from None
    return found


def message(row: object, external_id: str, fallback: datetime) -> dict[str, Any]:
    """One message; fields that are none of ours become facts."""
    if isinstance(row, str):
        row = {"text": row}
    if not isinstance(row, dict):
        raise ValueError("a message must be an object or a text")
    said = first(row, *TEXT)
    if not isinstance(said, str):
        raise ValueError("a message without text")
    facts = row.get("facts") or {}
    if not isinstance(facts, dict):
        raise ValueError("facts must be an object")
    known = {*ID, *SENDER, *TIME, *TEXT, *REPLY, "facts", "attachments"}
    facts = _tidy({key: value for key, value in row.items() if key not in known} | facts)
    time = first(row, *TIME)
    facts |= {"time_from": "file"} if time is None else {}
    whole = charset.clean(said)
    facts |= {"text_cut_from": len(whole)} if len(whole) > LONGEST_TEXT else {}
    data: dict[str, Any] = {
        "external_id": line(first(row, *ID) or external_id, "message id"),
        "sender": who(first(row, *SENDER)),
        "sent_at": moment.rfc3339(fallback if time is None else moment.parse(time)),
        "text": whole[:LONGEST_TEXT],
    }
    answered = first(row, *REPLY)
    data |= {"reply_to": line(answered, "reply_to")} if answered else {}
    data |= {"facts": facts} if facts else {}
    return data | ({"attachments": _attachments(row["attachments"])} if row.get("attachments") else {})


def note(row: Row) -> dict[str, Any]:
    """The payload of a note."""
    body = first(row, "body_md", "body", "text", "content")
    title = first(row, "title", "subject")
    if not isinstance(body, str) and not isinstance(title, str):
        raise ValueError("a note needs title or body_md")
    digest = "hash:" + sha256(msgspec.json.encode(row, order="sorted")).hexdigest()[:32]
    data = {
        "external_id": line(first(row, "external_id", "id") or digest, "id"),
        "title": line(title or "", "title"),
        "body_md": charset.clean(body if isinstance(body, str) else "")[:LONGEST_TEXT],
    }
    kind = row.get("kind")
    data |= {"kind": kind} if isinstance(kind, str) and kind in NOTE_KINDS else {}
    return data | {key: line(row[key], key) for key in ("conversation_id", "meeting_id", "author") if row.get(key)}


def who(value: object) -> header.Person:
    """A person from a name, an address, both in one text, or an object with name and email."""
    if isinstance(value, dict):
        email = first(value, "email", "address")
        return header.person(header.name_of(value)[:LONGEST_LINE], str(email or "")[:LONGEST_LINE])
    if isinstance(value, str) and "@" in value:
        return next(iter(header.people(value)), {})
    return header.person(str(value), "") if isinstance(value, str | int) else {}


def _participants(row: Row, messages: list[dict[str, Any]]) -> list[header.Person]:
    """The participants that the row names, then the senders, each once."""
    named = row.get("participants") or []
    if not isinstance(named, list):
        raise ValueError("participants must be a list")
    found: dict[str, header.Person] = {}
    for each in [who(value) for value in named] + [message["sender"] for message in messages]:
        if each:
            found.setdefault(each.get("email") or each.get("name", ""), each)
    return list(found.values())


def _attachments(value: object) -> list[dict[str, Any]]:
    """Attachments as name, type and size; whatever else an export says of them is left out."""
    if not isinstance(value, list):
        raise ValueError("attachments must be a list")
    return [
        {key: _tidy(each[key]) for key in ("name", "type", "size") if isinstance(each.get(key), str | int)}
        for each in value
        if isinstance(each, dict)
    ]


def first(row: Row, *names: str) -> Any:
    """The value of the first name that has one."""
    return next((row[name] for name in names if row.get(name) is not None), None)


def line(value: object, name: str) -> str:
    """A short text on one line."""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise ValueError(f"{name} must be a text")
    return " ".join(charset.clean(str(value)).split())[:LONGEST_LINE]


def _tidy(value: Any) -> Any:
    """The same value with every text cleaned."""
    if isinstance(value, str):
        return charset.clean(value)
    if isinstance(value, dict):
        return {charset.clean(str(key)): _tidy(each) for key, each in value.items()}
    return [_tidy(each) for each in value] if isinstance(value, list) else value
