"""Mail headers: encoded words, addresses and message ids, however broken."""

import re
from base64 import b64decode
from collections.abc import Mapping
from email.utils import getaddresses
from quopri import decodestring
from typing import Final

from needlework.handlers.formats import charset

LONGEST: Final = 20_000
WORD: Final = re.compile(r"=\?([^?\s]{1,60})\?([bBqQ])\?([^\r\n]{0,4000}?)\?=")
FOLD: Final = re.compile(r"\r?\n[ \t]*|\r")
ADDRESS: Final = re.compile(r"[^\s<>,;:()\"'@\[\]]{1,120}@[^\s<>,;:()\"'@]{1,200}")
PLAIN_ADDRESS: Final = re.compile(r"[^\s<>,;@\"]{1,120}@[^\s<>,;@\"]{1,200}")
ANGLED: Final = re.compile(r"<([^<>]{1,400})>")
SPACED: Final = re.compile(r"\s*([@.])\s*")
COMMENT: Final = re.compile(r"\([^()]{0,200}\)")
NOT_BASE64: Final = re.compile(rb"[^A-Za-z0-9+/]")
LONGEST_ID: Final = 300
NAMES: Final = ("real_name", "display_name", "name", "username", "login")
"""What programs call people by, the name that others know them by too first: a handle is one program's own."""

Person = dict[str, str]


def base64_bytes(data: bytes) -> bytes:
    """Decode base64 that lost its padding or gained spaces; never raises."""
    letters = NOT_BASE64.sub(b"", data)
    if len(letters) % 4 == 1:
        letters = letters[:-1]
    return b64decode(letters + b"=" * (-len(letters) % 4))


def unfold(raw: str, hint: str | None = None) -> str:
    """A header's value on one line, its raw bytes read as UTF-8 or as the charset the mail names."""
    return FOLD.sub(" ", charset.unescape(raw[:LONGEST], hint))


def words(raw: str, hint: str | None = None) -> str:
    """Decode a header: RFC 2047 words, also broken ones; neighbours of one charset join before decoding."""
    text = unfold(raw, hint)
    out: list[str] = []
    pending, name, end = b"", "", 0
    for match in WORD.finditer(text):
        between = text[end : match.start()]
        here = match[1].partition("*")[0].lower()
        if pending and (between.strip() or here != name):
            out.append(charset.decode(pending, name))
            pending = b""
        if between.strip() or end == 0:
            out.append(between)
        name, end = here, match.end()
        pending += _word_bytes(match[2], match[3])
    if pending:
        out.append(charset.decode(pending, name))
    out.append(text[end:])
    return " ".join(charset.clean("".join(out)).split())


def _word_bytes(encoding: str, text: str) -> bytes:
    """The bytes of one encoded word."""
    data = text.encode("utf-8", "replace")
    return base64_bytes(data) if encoding in "bB" else decodestring(data, header=True)


def people(raw: str, hint: str | None = None) -> list[Person]:
    """The addresses of a header as {name?, email?}; where it is no list, what looks like an address."""
    text = unfold(raw, hint)
    found: list[Person] = []
    try:
        pairs = getaddresses([text])
    except (IndexError, ValueError, RecursionError):
        pairs = []
    compact = SPACED.sub(r"\1", " ".join(COMMENT.sub("", text).split()))
    for name, address in pairs:
        address = "".join(address.split())
        # "Big Bug bb@bug.com" comes back as BigBugbb@bug.com: an address must stand in the header as it is
        if address and (not PLAIN_ADDRESS.fullmatch(address) or address not in compact):
            return _loose(text)
        if address:
            found.append(person(words(name), address))
    return found or _loose(text)


def _loose(text: str) -> list[Person]:
    """Addresses in a text that is no address list; a single one takes the rest as its name."""
    addresses = list(dict.fromkeys(ADDRESS.findall(text)))
    if len(addresses) == 1:
        return [person(words(text.replace(addresses[0], " ")).strip(" <>\"'(),;:"), addresses[0])]
    if addresses:
        return [person("", each) for each in addresses]
    name = words(COMMENT.sub(" ", text)).strip(" <>\"'(),;:")
    return [person(name, "")] if name and not text.rstrip().endswith(";") else []


def person(name: str, address: str) -> Person:
    """One {name?, email?}: the address in lower case, a name that only repeats it left out."""
    name = charset.clean(name).strip().strip("'\"").strip()[:200]
    address = charset.clean(address).strip().lower()[:320]
    found = {"name": name} if name and name.lower() != address else {}
    return found | ({"email": address} if address else {})


def name_of(*records: Mapping[str, object]) -> str:
    """The name in what a program says of somebody (in several records): the full one, the one it shows, the handle."""
    found = (record.get(name) for name in NAMES for record in records)
    return next((" ".join(each.split()) for each in found if isinstance(each, str) and each.strip()), "")


def ids(raw: str, *, bare: bool = False) -> list[str]:
    """The message ids of a header in their order, without brackets, comments and spaces.

    A bare word is one only in Message-ID: in In-Reply-To it is often somebody's address.
    """
    text = unfold(raw)
    found = ["".join(COMMENT.sub("", each).split()) for each in ANGLED.findall(text)]
    if bare and not found and len(text.split()) == 1:
        found = [text.strip()]
    return list(dict.fromkeys(charset.clean(each) for each in found if 0 < len(each) <= LONGEST_ID))
