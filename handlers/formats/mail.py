"""One mail (RFC 5322) to one conversation payload with one message.

Mails name what they answer; which thread that is, and of which others they tell, is known where they are stored.
"""

import re
from datetime import datetime
from email import policy
from email.message import Message
from email.parser import BytesParser
from hashlib import sha256
from typing import Any, Final

from needlework.handlers.formats import body, facts, header, moment
from needlework.handlers.formats.body import Mail, parameter
from needlework.handlers.formats.items import Item, Problem

LARGEST: Final = 64 * 1024 * 1024
LONGEST_HEADERS: Final = 256 * 1024
LONGEST_HEADER: Final = 20_000
MOST_PARTS: Final = 50_000
MOST_BOUNDARY_TESTS: Final = 30_000_000
LONGEST_SUBJECT: Final = 2_000
MOST_PEOPLE: Final = 200
NAME: Final = re.compile(rb"([!-9;-~]+)[ \t]*:")
ESSENTIAL: Final = re.compile(
    rb"(?:from|to|date|subject|message-id|received|content-type|mime-version)[ \t]*:", re.IGNORECASE
)


class Lenient(policy.Compat32):
    """Headers stay the plain strings of the wire: the standard wrapping raises on some raw bytes."""

    def header_fetch_parse(self, name: str, value: str) -> str:
        """Give a header's value as it stands, raw bytes as surrogate escapes."""
        return value[:LONGEST_HEADER]


POLICY: Final = Lenient()


def conversation(data: bytes, *, received: datetime, source: str = "mail") -> Item | Problem:
    """Read a mail; `received` stands in where neither Date nor Received say a time. Never raises."""
    if len(data) > LARGEST:
        return Problem(source, None, f"mail larger than {LARGEST // 1024 // 1024} MiB")
    try:
        message = parsed(data)
        if not message.keys():
            return Problem(source, None, "not a mail: no header was found")
        return Item("conversation", _payload(message, data, received))
    except RecursionError:
        pass
    try:  # parts nested too deep for the parser: headers and the body as it stands still say something
        return Item("conversation", _payload(parsed(data, headers_only=True), data, received))
    except RecursionError:
        return Problem(source, None, "mail nested too deep")


def parsed(data: bytes, *, headers_only: bool = False) -> Mail:
    """Parse bytes; where the parser itself gives up, only the headers, the body as one text."""
    data = repaired(data.lstrip(b"\r\n"))
    parser = BytesParser(Message, policy=POLICY)
    if not headers_only and _affordable(data):
        try:
            return parser.parsebytes(data)
        except (ValueError, LookupError, TypeError, AssertionError):
            pass
    return parser.parsebytes(data, headersonly=True)


def _affordable(data: bytes) -> bool:
    """Whether the parts of a mail can be parsed at a fair price, seen before they are parsed.

    Each part costs kilobytes however small it is, and each line is compared with every open boundary.
    """
    boundaries = data.lower().count(b"boundary")
    return data.count(b"\n--") <= MOST_PARTS and boundaries * data.count(b"\n") <= MOST_BOUNDARY_TESTS


def repaired(data: bytes) -> bytes:
    """Name the junk lines within a header block, so that the parser does not take the rest for the body."""
    end = re.search(rb"\r?\n\r?\n", data[:LONGEST_HEADERS])
    if end is None or not (NAME.match(data) or data.startswith(b"From ")):
        return data
    lines = data[: end.start()].splitlines(keepends=True)
    essential = [number for number, line in enumerate(lines) if ESSENTIAL.match(line)]
    last = essential[-1] if essential else 0
    for number, line in enumerate(lines):
        line = re.sub(rb"\A([!-9;-~]+)[ \t]+:", rb"\1:", line)
        header_line = line[:1] in b" \t" or line.startswith(b"From ") or NAME.match(line)
        lines[number] = line if header_line or number > last else b"X-Unreadable: " + line
    return b"".join(lines) + data[end.start() :]


def _payload(message: Mail, data: bytes, received: datetime) -> dict[str, Any]:
    """The conversation payload of a parsed mail."""
    hint = _hint(message)
    subject = header.words(message.get("subject") or "", hint)[:LONGEST_SUBJECT]
    senders = _people(message, hint, "from") or _people(message, hint, "sender", "reply-to", "return-path")
    sender = senders[0] if senders else {}
    text, attachments, whole = body.read(message)
    stated = facts.read(message, sender.get("email", ""), subject)
    sent, origin = _sent(message, received)
    stated |= {"time_from": origin} if origin else {}
    stated |= {"text_cut_from": whole} if whole else {}
    stated |= {"also_from": senders[1:20]} if len(senders) > 1 else {}
    own = (
        next(iter(header.ids(message.get("message-id") or "", bare=True)), "")
        or "hash:" + sha256(data).hexdigest()[:32]
    )
    everyone = _distinct(senders + _people(message, hint, "to", "cc"))
    root, parent = _thread(message, own, {each.get("email") for each in everyone})
    entry: dict[str, Any] = {"external_id": own, "sender": sender, "sent_at": sent, "text": text}
    entry |= {"reply_to": parent} if parent else {}
    entry |= {"facts": stated}
    entry |= {"attachments": attachments} if attachments else {}
    return {
        "external_id": root,
        "channel": "email",
        "subject": subject,
        "participants": everyone,
        "started_at": sent,
        "last_message_at": sent,
        "messages": [entry],
    }


def _thread(message: Mail, own: str, addresses: set[str | None]) -> tuple[str, str | None]:
    """The id of the first mail of the thread, and of the one that is answered, as far as the mail says.

    In-Reply-To may name who is answered beside what is, and References may name it alone.
    """
    answered, referred = (
        [each for each in header.ids(facts.value(message, name)) if each != own and each.lower() not in addresses]
        for name in ("in-reply-to", "references")
    )
    first = next(iter(referred or answered), own)
    return first, next(iter(answered or referred[-1:]), None)


def _hint(message: Mail) -> str | None:
    """The charset that raw bytes in headers most likely have: the one the text names."""
    for count, part in enumerate(message.walk()):
        named = parameter(part, "charset")
        if named or count > 10:
            return named
    return None


def _people(message: Mail, hint: str | None, *names: str) -> list[header.Person]:
    """The addresses of the named headers."""
    return [
        each
        for name in names
        for raw in message.get_all(name, [])[:20]
        for each in header.people(raw, hint)[:MOST_PEOPLE]
    ]


def _distinct(people: list[header.Person]) -> list[header.Person]:
    """Each person once, by address (by name where there is none)."""
    found: dict[str, header.Person] = {}
    for each in people:
        found.setdefault(each.get("email") or each.get("name", ""), each)
    return list(found.values())[:MOST_PEOPLE]


def _sent(message: Mail, received: datetime) -> tuple[str, str]:
    """When the mail was sent, and where that comes from if not from its Date header."""
    sent = moment.mail_date(header.unfold(message.get("date") or ""))
    if sent is not None:
        return moment.rfc3339(sent), ""
    for raw in message.get_all("received", [])[:50]:
        sent = moment.mail_date(header.unfold(raw).rpartition(";")[2])
        if sent is not None:
            return moment.rfc3339(sent), "received"
    return moment.rfc3339(received.replace(microsecond=0)), "file"
