"""Small checks and conversions of text that the groups' messages share."""

import json
import re
from hashlib import sha256
from typing import Any

_AFTER_HOST = re.compile(r"[/?#\s]")
_LONGEST_DOMAIN = 253
_WORD = re.compile(r"\w", re.UNICODE)
_MINUTE = re.compile(r"^\s*[-*]\s+(?P<box>\[[ xX]?\]\s*)?\*\*(?P<name>[^*:]{1,60}):\*\*\s+(?=\S)")


def check_id(prefix: str, value: str | None) -> None:
    """Raise ValueError where a caller's own id is not `prefix_…` of letters, digits, `_` and `-`."""
    if value is not None and not re.fullmatch(rf"{prefix}_[A-Za-z0-9_-]{{1,64}}", value):
        raise ValueError(f"id {value[:40]!r} must be {prefix}_ and up to 64 letters, digits, _ or -")


def clean(text: str) -> str:
    """Text without NUL, which PostgreSQL cannot store and nobody can read."""
    return text.replace("\x00", "")


def minute(line: str) -> tuple[str, str | None, bool]:
    """A line of a meeting's summary (`- [ ] **Lin:** words`) as its words, the name, whether it has a box."""
    match = _MINUTE.match(line)
    return (line, None, False) if match is None else (line[match.end() :], match["name"].strip(), bool(match["box"]))


def content_hash(*parts: Any) -> str:
    """A hash of JSON-able values, the same on every machine."""
    return sha256(json.dumps(parts, ensure_ascii=True, sort_keys=True).encode()).hexdigest()


def match_expression(query: str | None) -> str | None:
    """What a person typed as an FTS5 expression: every word must occur, the last may be unfinished; None for nothing.

    Each word is quoted, so that none is read as FTS5's own syntax. Signs without a word among them find nothing.
    """
    typed = clean(query or "").split()
    words = [word.replace('"', '""') for word in typed if _WORD.search(word)]
    quoted = [f'"{word}"' for word in words]
    return " ".join(quoted) + ("*" if quoted else '""') if typed else None


def shorten(text: str, most: int) -> str:
    """`text` in at most `most` characters, cut between words where it has any."""
    if len(text) <= most:
        return text
    head = text[: most - 1]
    return (head.rsplit(" ", 1)[0] if " " in head[most // 2 :] else head).rstrip(" ,;:.-…") + "…"


def domain_of(address: str) -> str | None:
    """The domain of an e-mail address as `plain_domain` writes it, None where there is none."""
    _, at, domain = address.strip().rpartition("@")
    domain = plain_domain(domain)
    return domain if at and "." in domain else None


def plain_domain(text: str) -> str:
    """The one spelling of a domain, by which two are compared; empty for none.

    In lower case and ASCII, without what people write around it: an address's name, `https://`, `www.`, a path, a dot.
    """
    text = clean(text).strip().lower()
    text = _AFTER_HOST.split(text.partition("://")[2] or text)[0].rpartition("@")[2]
    text = text.partition(":")[0].strip(" .").removeprefix("www.")
    if text.isascii():
        return text
    try:
        return text[:_LONGEST_DOMAIN].encode("idna").decode()
    except UnicodeError:  # no name of a host: then it is only compared as it stands
        return text
