"""Slack's own marks in a message as people read them: names for ids, links, emoji for their names, three entities."""

import re
from collections.abc import Mapping
from typing import Final

LONGEST_MARK: Final = 4_000
_MARK: Final = re.compile(rf"<((?:[@#!]|[a-z][a-z0-9+.-]{{0,20}}:)[^<>\n]{{1,{LONGEST_MARK}}})>")
_ENTITY: Final = re.compile(r"&(amp|lt|gt);")
_CODE_OR_NAME: Final = re.compile(
    r"(?P<code>```.*?```|`[^`\n]*`)|:(?P<name>(?!skin-tone-)[a-z0-9_+'-]{1,60}):(?::skin-tone-(?P<tone>[2-6]):)?",
    re.DOTALL,
)
_LIGHTEST: Final = 0x1F3FB
_LETTER_A: Final = 0x1F1E6
_FLAG: Final = re.compile("flag-[a-z]{2}")
_ENTITIES: Final = {"amp": "&", "lt": "<", "gt": ">"}


def plain(text: str, people: Mapping[str, str], channels: Mapping[str, str]) -> str:
    """The text with `<@U1>` as `@Ann`, `<#C1>` as `#general`, `<https://a.b|there>` as `there (https://a.b)`.

    `people` and `channels` are names by id; an id without a name stays as it is.
    """
    shown = _MARK.sub(lambda found: _mark(found[1], people, channels), text)
    return _ENTITY.sub(lambda found: _ENTITIES[found[1]], shown)


def with_emoji(text: str) -> str:
    """The text with `:fire:` as 🔥. A name that is the team's own, such as `:our-logo:`, stays, and so does code."""
    return _CODE_OR_NAME.sub(_emoji, text) if ":" in text else text


def _emoji(found: re.Match[str]) -> str:
    from rich.emoji import Emoji, NoEmoji

    name, tone = found["name"], found["tone"]
    if not name or (name.isdigit() and _inside_a_word(found)):  # a time of day, an address
        return found[0]
    if _FLAG.fullmatch(name):
        return "".join(chr(_LETTER_A + ord(each) - ord("a")) for each in name[-2:])
    for each in (name, name.replace("-", "_")):
        try:
            return str(Emoji(each)) + (chr(_LIGHTEST + int(tone) - 2) if tone else "")
        except NoEmoji:
            continue
    return found[0]


def _inside_a_word(found: re.Match[str]) -> bool:
    text, (start, end) = found.string, found.span()
    return text[max(0, start - 1) : start].isalnum() or text[end : end + 1].isalnum()


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
