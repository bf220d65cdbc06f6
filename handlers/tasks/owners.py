"""Who is named for a task: a person, and only where the sentence says so."""

import re
from collections.abc import Collection
from typing import NamedTuple

from needlework.handlers.tasks.verbs import NO_NAMES, VERBS

_NAME = r"(?P<name>[A-Z][a-zà-ÿ]+(?:\s[A-Z][a-zà-ÿ]+)?)"
_ASKED = re.compile(
    r"(?:please|pls|kindly|can you|could you|would you|will you|do you mind|are you able|(?P<verb>[A-Za-z]+)\b)",
    re.IGNORECASE,
)
_FILLERS = re.compile(r"\W*(?:(?:please|then|also|and|thanks|so)\W+)*", re.IGNORECASE)


class _Way(NamedTuple):
    """One way to name somebody who takes part. `sure`: also anybody else; `asks`: also where a request follows."""

    pattern: re.Pattern[str]
    at_end: bool = False
    sure: bool = False
    asks: bool = False
    listed: bool = False
    """Also of others in a line of a list, where owners stand so."""


_WAYS = (
    _Way(re.compile(rf"^@{_NAME}\s*[,:]?\s+(?=\S)"), sure=True),
    _Way(re.compile(rf"^{_NAME}\s*,\s+(?=\S)"), asks=True),
    _Way(re.compile(rf"^{_NAME}\s*:\s+(?=\S)"), asks=True),
    _Way(re.compile(rf"^{_NAME}\s+(?:will|shall|agreed to|promised to)\s+"), sure=True),
    _Way(re.compile(rf"^{_NAME}\s+(?:should|must|needs to|has to|is going to|can|to|is to)\s+"), listed=True),
    _Way(re.compile(rf"^(?:[Cc]an|[Cc]ould|[Ww]ould|[Ww]ill)\s+{_NAME}\s+(?:please\s+)?"), asks=True),
    _Way(re.compile(rf"\s*\((?:[Oo]wner:?\s*|@){_NAME}\)\W*$"), at_end=True, sure=True),
    _Way(re.compile(rf"\s*\({_NAME}\)\W*$"), at_end=True, listed=True),
    _Way(re.compile(rf"\s+[-–—]+\s*@?{_NAME}\W*$"), at_end=True, listed=True),
    _Way(re.compile(rf"[,;.]?\s+(?:assigned to|[Oo]wner(?: is)?:?)\s+@?{_NAME}\W*$"), at_end=True, sure=True),
    _Way(re.compile(rf",\s+{_NAME}(?P<mark>[?.!]*)\s*$"), at_end=True),
)


def owner_in(text: str, people: Collection[str], *, listed: bool = False) -> tuple[str, str | None]:
    """`text` without the person it is for, and the person."""
    for way in _WAYS:
        match = way.pattern.search(text)
        if match is None:
            continue
        rest = text[: match.start()] + (match.groupdict().get("mark") or "") if way.at_end else text[match.end() :]
        rest = rest[_FILLERS.match(rest).end() :] if not way.at_end else rest  # type: ignore[union-attr]
        if not rest.strip() or not _is_name(match["name"]):
            continue
        known = any(same_person(match["name"], each) for each in people)
        if (
            known
            or way.sure
            or (way.listed and listed)
            or (way.asks and _asks(text[match.start("name") :], match["name"]))
        ):
            return rest, match["name"]
    return text, None


def same_person(one: str | None, other: str | None) -> bool:
    """Whether two ways to name somebody may be the same person: a first name, the whole name, an address."""
    if one is None or other is None:
        return one is other
    mine, theirs = _parts(one), _parts(other)
    return mine == theirs or (bool(mine and theirs) and mine[0] == theirs[0] and 1 in (len(mine), len(theirs)))


def _parts(name: str) -> list[str]:
    return re.findall(r"[^\W_]+", name.partition("@")[0].lower())


def _is_name(name: str) -> bool:
    """Whether no word of it is a verb, or one with which sentences and fields begin."""
    return not any(word in NO_NAMES or word.lower() in VERBS for word in name.split())


def _asks(text: str, name: str) -> bool:
    """Whether what follows a name asks for something."""
    found = _ASKED.match(text[len(name) :].lstrip(" ,:"))
    return found is not None and (found["verb"] is None or found["verb"].lower() in VERBS)
