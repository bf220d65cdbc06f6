"""The body of a mail: its readable text, and its attachments by name, type and size."""

import binascii
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from email.message import Message
from quopri import decodestring
from typing import Any, Final

from needlework.handlers.formats import charset, header, markup

LONGEST_TEXT: Final = 1_000_000
MOST_ATTACHMENTS: Final = 500
DEEPEST: Final = 50
BYTES_PER_CHARACTER: Final = 8
TRANSFER: Final = re.compile(r"[a-z0-9-]+")
UUENCODED: Final = frozenset({"x-uuencode", "uuencode", "uue", "x-uue"})

Mail = Message
Attachment = dict[str, Any]


@dataclass
class Body:
    """What was found below one part."""

    text: list[str] = field(default_factory=list)
    attachments: list[Attachment] = field(default_factory=list)
    html: bool = False
    attached: list[Mail] = field(default_factory=list)


def read(message: Mail) -> tuple[str, list[Attachment], int | None]:
    """The text (bounded), the attachments, and the text's whole length where it had to be cut."""
    body = _part(message, 0)
    text = _joined(body)
    if not text and body.attached:  # a mail that only passes another one on says what that one says
        text = _joined(_part(body.attached[0], DEEPEST - 2))
    whole = len(text)
    return text[:LONGEST_TEXT], body.attachments[:MOST_ATTACHMENTS], whole if whole > LONGEST_TEXT else None


def parts(part: Mail) -> list[Mail]:
    """The parts directly below one; none below a leaf."""
    content = part.get_payload() if part.is_multipart() else []
    return [each for each in content if isinstance(each, Message)]


def _joined(body: Body) -> str:
    """The texts of a body, one blank line between them."""
    return "\n\n".join(each for each in (text.strip("\n") for text in body.text) if each.strip())


def _part(part: Mail, depth: int) -> Body:
    """Everything below one part; what is nested absurdly deep is only listed."""
    kind = part.get_content_type()
    if part.is_multipart():
        children = parts(part)
        if kind.startswith("message/"):
            return Body(attachments=[_attachment(part)], attached=children if kind == "message/rfc822" else [])
        if depth >= DEEPEST:
            return Body(attachments=[_attachment(each) for each in children])
        bodies = [_part(each, depth + 1) for each in children]
        return _alternative(bodies) if kind == "multipart/alternative" else _mixed(bodies)
    return _leaf(part, kind, root=depth == 0)


def _mixed(bodies: list[Body]) -> Body:
    """All texts in their order, all attachments."""
    whole = Body()
    for each in bodies:
        whole.text += each.text
        whole.attachments += each.attachments
        whole.attached += each.attached
        whole.html = whole.html or each.html
    return whole


def _alternative(bodies: list[Body]) -> Body:
    """The first plain text that says something, else the first text; every attachment."""
    whole = _mixed(bodies)
    spoken = [each for each in bodies if _joined(each)]
    chosen = next((each for each in spoken if not each.html), spoken[0] if spoken else None)
    whole.text = chosen.text if chosen else []
    whole.html = chosen.html if chosen else False
    return whole


def _leaf(part: Mail, kind: str, *, root: bool) -> Body:
    """One part without parts: text of the mail, or an attachment."""
    disposition = (part.get("content-disposition") or "").strip().lower()
    readable = kind in ("text/plain", "text/html") or kind.startswith("multipart/")
    if not readable or disposition.startswith("attachment") or (filename(part) and not root):
        return Body(attachments=[_attachment(part)])
    limit = BYTES_PER_CHARACTER * LONGEST_TEXT
    text = charset.decode(content_bytes(part)[:limit], parameter(part, "charset"))
    if kind == "text/html":
        return Body(text=[charset.clean(markup.text(text))], html=True)
    text = charset.clean(text)
    if (parameter(part, "format") or "").lower() == "flowed":
        text = unflow(text, delete_space=(parameter(part, "delsp") or "").lower() == "yes")
    return Body(text=[text])


def _attachment(part: Mail) -> Attachment:
    """What an attachment is called, what it says it is, and how many bytes it has."""
    name = filename(part)
    if name is None and part.get_content_type() == "message/rfc822":
        inner = parts(part)
        subject = header.words(inner[0].get("subject") or "") if inner else ""
        name = (subject[:100] or "message") + ".eml"
    found: Attachment = {"name": name} if name else {}
    return found | {"type": charset.clean(part.get_content_type())[:200], "size": _size(part)}


def _size(part: Mail) -> int:
    """Bytes of a part; of an attached mail, those of its headers and leaves (its wire form is gone)."""
    size = 0
    for each in part.walk():
        if each is not part:
            size += sum(len(name) + len(value) + 4 for name, value in each.items())
        if not each.is_multipart():
            size += len(content_bytes(each))
    return size


def content_bytes(part: Mail) -> bytes:
    """The bytes of a leaf, its transfer encoding undone as far as it goes; an unknown encoding is none."""
    data = _wire(part)
    found = TRANSFER.search((part.get("content-transfer-encoding") or "").lower())
    encoding = found[0] if found else ""
    if encoding == "base64":
        return header.base64_bytes(data)
    if encoding == "quoted-printable":
        return decodestring(data)
    return b"".join(_uudecoded(data)) if encoding in UUENCODED else data


def _wire(part: Mail) -> bytes:
    """The bytes of a leaf as they came.

    Asked for text, the library decodes by the charset named, with losses and exceptions; asked for bytes, it
    undoes the transfer encoding in its own way. Without that header it gives the bytes.
    """
    name = "content-transfer-encoding"
    stated = part.get_all(name, [])
    del part[name]
    data = part.get_payload(decode=True)
    for each in stated:
        part[name] = each
    return data if isinstance(data, bytes) else b""


def _uudecoded(data: bytes) -> Iterator[bytes]:
    """The lines between `begin` and `end`; a broken line gives what its length byte promises."""
    inside = False
    for line in data.splitlines():
        if not inside:
            inside = line.startswith(b"begin ")
        elif line.strip() == b"end":
            return
        elif line:
            try:
                yield binascii.a2b_uu(line)
            except binascii.Error:
                length = ((line[0] - 32 & 63) * 4 + 5) // 3
                try:
                    yield binascii.a2b_uu(line[:length])
                except binascii.Error:
                    continue


def parameter(part: Mail, name: str) -> str | None:
    """A parameter of Content-Type; None where it is missing or cannot be read."""
    try:
        value = part.get_param(name)
    except (ValueError, LookupError, TypeError):  # e.g. continuations numbered with a thousand digits
        return None
    if isinstance(value, tuple):  # RFC 2231: charset, language, value
        value = value[2]
    return value if isinstance(value, str) else None


def filename(part: Mail) -> str | None:
    """The file name, RFC 2231, RFC 2047 and raw bytes decoded; never a path."""
    try:
        value = part.get_filename()
    except (ValueError, LookupError, TypeError):
        return None
    name = re.split(r"[/\\]", header.words(value or ""))[-1].strip().strip('"')
    return name[:255] or None


def unflow(text: str, *, delete_space: bool = False) -> str:
    """Join the soft line breaks of format=flowed (RFC 3676); quotes keep their depth."""
    paragraphs: list[list[str]] = []
    open_quotes: int | None = None
    for line in text.split("\n"):
        rest = line.lstrip(">")
        quotes = len(line) - len(rest)
        rest = rest.removeprefix(" ")
        soft = rest.endswith(" ") and rest != "-- "
        if soft and delete_space:
            rest = rest[:-1]
        if open_quotes == quotes and rest != "-- ":
            paragraphs[-1].append(rest)
        else:
            paragraphs.append([">" * quotes + (" " if quotes and rest else "") + rest])
        open_quotes = quotes if soft else None
    return "\n".join("".join(each) for each in paragraphs)
