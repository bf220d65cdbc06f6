"""Slack's own marks in a message as people read them: names for ids, links, three entities."""

import re
from collections.abc import Mapping
from typing import Final

LONGEST_MARK: Final = 4_000
_MARK: Final = re.compile(rf"<((?:[@#!]|[a-z][a-z0-9+.-]{{0,20}}:)[^<>\n]{{1,{LONGEST_MARK}}})>")
_ENTITY: Final = re.compile(r"&(amp|lt|gt);")
_ENTITIES: Final = {"amp": "&", "lt": "<", "gt": ">"}


def plain(text: str, people: Mapping[str, str], channels: Mapping[str, str]) -> str:
    """The text with `<@U1>` as `@Ann`, `<#C1>` as `#general`, `<https://a.b|there>` as `there (https://a.b)`.

    `people` and `channels` are names by id; an id without a name stays as it is.
    """
    shown = _MARK.sub(lambda found: _mark(found[1], people, channels), text)
    return _ENTITY.sub(lambda found: _ENTITIES[found[1]], shown)


def _mark(inside: str, people: Mapping[str, str], channels: Mapping[str, str]) -> str:
    target, _, label = inside.partition("|")
    kind, rest = target[:1], target[1:]
    if kind == "@":
        return f"@{people.get(rest) or label or rest}"
    if kind == "#":
        return f"#{channels.get(rest) or label or rest}"
    if kind == "!":
        return _special(rest, label)
    link = target.removeprefix("mailto:").removeprefix("tel:")
    return link if not label or label in (target, link) else f"{label} ({link})"


def _special(word: str, label: str) -> str:
    """`<!here>`, `<!subteam^S1|@team>`, `<!date^…|10 May>`."""
    if label:
        return label
    name = word.partition("^")[0]
    return f"@{name}" if name in ("here", "channel", "everyone") else f"@{word}"
