"""Markdown to Slack's mrkdwn: nothing in the text can address a channel, a group or a person."""

import re
from urllib.parse import quote

_SPECIAL = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;"})
_CODE = re.compile(r"((?<!\\)`[^`\n]+`)")
_ESCAPED = re.compile(r"\\([!-/:-@\[-`{-~])")
_ROW = re.compile(r"\s*\|(.*)\|\s*$")
_RULE = re.compile(r"[\s|:-]+")
_LINK = re.compile(r"!?\[([^\]\n]{0,300})\]\((https?://[^\s()<>]{1,1000}|mailto:[^\s()<>]{1,300})\)")
_OWN = re.compile(r"\[([^\]\n]{0,300})\]\(/ui/[\w#%./~-]{1,400}\)")
"""A place on our own pages: Slack cannot open it, its words remain."""
_BARE = re.compile(r"(?<![\w/|])https?://[^\s<>()|*_~`\"']{1,1000}")
_HEADING = re.compile(r"\s{0,3}#{1,6}\s+(.*)$")
_ITEM = re.compile(r"(\s*)[-*+]\s+(\[[ xX]\]\s+)?")
_BOLD = re.compile(r"(\*\*|__)(?=\S)(.{1,600}?)(?<=\S)\1")
_STRUCK = re.compile(r"~~(?=\S)(.{1,600}?)(?<=\S)~~")
_STAR = re.compile(r"(?<![\w*])\*(?=[^\s*])([^*\n]*[^\s*])\*(?![\w*])")
_FENCE = re.compile(r"\s{0,3}(```|~~~)")
_MARK = "\x02"
LONGEST_ADDRESS = 1_000
"""Characters of a link, escaped: what is longer stays plain text."""


def escape(text: str) -> str:
    """Text with the three characters replaced that mean something to Slack."""
    return text.translate(_SPECIAL)


def mrkdwn(markdown: str) -> list[str]:
    """The lines of a Markdown text as Slack writes them."""
    lines: list[str] = []
    fenced = False
    for line in markdown.replace(_MARK, "").expandtabs(4).splitlines():
        if _FENCE.match(line):
            fenced = not fenced
            lines.append("```")
        elif not fenced and (row := _ROW.match(line)):
            lines += [] if _RULE.fullmatch(row[1]) else [_inline(" · ".join(_cells(row[1])))]
        else:
            lines.append(escape(line) if fenced else _line(line))
    return [*lines, "```"] if fenced else lines


def _cells(row: str) -> list[str]:
    return [cell.strip() for cell in re.split(r"(?<!\\)\|", row)]


def _line(line: str) -> str:
    heading = _HEADING.match(line)
    if heading:
        inner = _inline(heading[1].rstrip().rstrip("#").rstrip().replace("**", "").replace("__", ""))
        return f"*{inner}*" if inner else ""
    item = _ITEM.match(line)
    if item and line[item.end() :].strip():
        box = {"": "", "[ ]": "☐ ", "[x]": "☑ "}[(item[2] or "").strip().lower()]
        return f"{item[1]}• {box}{_inline(line[item.end() :])}"
    return _inline(line)


def _inline(text: str) -> str:
    parts = _CODE.split(text)
    return "".join(escape(part) if number % 2 else _marked(part) for number, part in enumerate(parts))


def _marked(text: str) -> str:
    """Bold, italic, struck and links of a piece without code. Links and `\\*` are set aside: no mark changes them."""
    links: list[str] = []

    def aside(link: str) -> str:
        links.append(link)
        return f"{_MARK}{len(links) - 1}{_MARK}"

    text = _ESCAPED.sub(lambda match: aside(escape(match[1])), text)
    text = _OWN.sub(r"\1", text)
    text = _LINK.sub(lambda match: aside(_link(match[2], match[1])), text)
    text = _BARE.sub(lambda match: aside(_link(match[0], "")), text)
    text = escape(text)
    text = _STAR.sub(r"_\1_", text)
    text = _BOLD.sub(r"*\2*", text)
    text = _STRUCK.sub(r"~\1~", text)
    return re.sub(f"{_MARK}(\\d+){_MARK}", lambda match: links[int(match[1])], text)


def _link(address: str, words: str) -> str:
    safe = quote(address, safe=":/?#[]@!$&'()*+,;=%~-._").replace("&", "&amp;")
    words = escape(words.strip()).replace("|", "¦")
    if len(safe) > LONGEST_ADDRESS:
        return words or escape(address)
    return f"<{safe}|{words}>" if words else f"<{safe}>"
