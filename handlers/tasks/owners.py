"""Who is named for a task: a person, and only where the sentence says so."""

import re
from collections.abc import Collection
from typing import NamedTuple

from needlework.handlers.text.verbs import NO_NAMES, VERBS

_ONE = r"(?:[A-ZÀ-Þ]['’])?[A-ZÀ-Þ][a-zà-ÿ]+(?:-[A-ZÀ-Þ][a-zà-ÿ]+)?"
_NAME = rf"(?P<name>{_ONE}(?:\s{_ONE})?(?:\s(?:and|&)\s{_ONE})?)"
_ASKED = re.compile(
    r"(?:please|pls|kindly|can you|could you|would you|will you|do you mind|are you able|(?P<verb>[A-Za-z-]+)\b)",
    re.IGNORECASE,
)
_FILLERS = re.compile(r"\W*(?:(?:please|then|also|and|thanks|so)\W+)*", re.IGNORECASE)
_REQUEST = re.compile(r"(?:please\s+)?(?:can|could|would|will)\s+you\b", re.IGNORECASE)
_LIGHTLY = r"(?:(?:also|then|please|now|just)\s+)?"


class _Way(NamedTuple):
    """One way to name somebody who takes part. `sure`: also anybody else; `asks`: also where a request follows."""

    pattern: re.Pattern[str]
    at_end: bool = False
    sure: bool = False
    asks: bool = False
    listed: bool = False
    """Also of others in a line of a list, where owners stand so."""


_WAYS = (
    _Way(re.compile(r"^@(?P<name>[\w.-]{1,40}(?<![.-]))\s*(?:[,:]|[-–—]+\s)?\s*(?=\S)"), sure=True),
    _Way(re.compile(rf"^{_NAME}(?:\s*,\s+you(?:'ll| will| can| should)?|\s+you'll)\s+{_LIGHTLY}(?=[a-z])"), asks=True),
    _Way(re.compile(rf"^{_NAME}\s*[,:]\s+(?=\S)"), asks=True),
    _Way(re.compile(rf"^{_NAME}\s+[-–—]+\s+(?=\S)"), asks=True),
    _Way(
        re.compile(
            rf"^{_NAME}(?:'ll|\s+(?:will|shall|(?:has |have )?(?:agreed|promised|offered|volunteered) to|to|"
            rf"(?:is|are) (?:going )?to|needs? to|ha(?:s|ve) to))\s+{_LIGHTLY}"
        ),
        asks=True,
    ),
    _Way(re.compile(rf"^{_NAME}\s+(?:should|must|can)\s+{_LIGHTLY}(?=\S+\s)"), asks=True, listed=True),
    _Way(re.compile(rf"^(?:[Cc]an|[Cc]ould|[Ww]ould|[Ww]ill)\s+{_NAME}\s+(?:please\s+)?"), asks=True),
    _Way(re.compile(rf"^(?:[Ll]et's\s+)?[Hh]ave\s+{_NAME}\s+(?=[a-z])"), asks=True),
    _Way(re.compile(rf"\s*\((?:[Oo]wner:?\s*|@){_NAME}\)\W*$"), at_end=True, sure=True),
    _Way(re.compile(rf"\s*\({_NAME}\)\W*$"), at_end=True, listed=True),
    _Way(re.compile(rf"\s+[-–—]+\s*@?{_NAME}\W*$"), at_end=True, listed=True),
    _Way(re.compile(rf"[,;.]?\s+(?:assigned to|[Oo]wner(?: is)?:?)\s+@?{_NAME}\W*$"), at_end=True, sure=True),
    _Way(re.compile(rf",\s+{_NAME}(?P<mark>[?.!]*)\s*$"), at_end=True, asks=True),
)
_PRESENT = re.compile(rf"^{_NAME}\s+(?P<verb>[a-z]{{3,}}s)\s+(?=\S)")
_EVERYBODY = frozenset({"all", "channel", "here", "everyone", "everybody", "team"})


def owner_in(text: str, people: Collection[str], *, listed: bool = False) -> tuple[str, str | None]:
    """`text` without the person it is for, and the person, by the name that they have among `people`."""
    for way in _WAYS:
        match = way.pattern.search(text)
        if match is None:
            continue
        rest = text[: match.start()] + (match.groupdict().get("mark") or "") if way.at_end else text[match.end() :]
        rest = rest[_FILLERS.match(rest).end() :] if not way.at_end else rest  # type: ignore[union-attr]
        name = match["name"]
        known = any(same_person(name, each) for each in people)
        if not rest.strip() or not (known or _is_name(name)):
            continue
        if known or way.sure or (way.listed and listed) or (way.asks and _asks(rest, at_end=way.at_end)):
            return rest, None if name.lower() in _EVERYBODY else full_name(name, people)
    return text, None


def to_come(text: str) -> str:
    """ "Tom will fix the export" for "Tom fixes the export": with a day to come beside it, it is what Tom will do."""
    found = _PRESENT.match(text)
    if found is None or not _is_name(found["name"]) or (base := _base(found["verb"])) is None:
        return text
    return f"{found['name']} will {base} {text[found.end() :]}"


def _base(verb: str) -> str | None:
    """ "fix" for "fixes"; None for what is no verb of ours."""
    endings = ((verb[:-1], "s"), (verb[:-2], "es"), (verb[:-3] + "y", "ies"))
    return next((base for base, ending in endings if verb.endswith(ending) and base in VERBS), None)


def full_name(name: str, people: Collection[str]) -> str:
    """The one among `people` that may be meant by `name`, else the name as it was said; no address."""
    meant = {each for each in people if "@" not in each and same_person(name, each)}
    return meant.pop() if len(meant) == 1 else name


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


def _asks(rest: str, *, at_end: bool) -> bool:
    """Whether what stands beside a name asks for something."""
    if at_end:
        return _REQUEST.match(rest) is not None
    found = _ASKED.match(rest)
    return found is not None and (found["verb"] is None or found["verb"].lower() in VERBS)
