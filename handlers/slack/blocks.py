"""What is sent to Slack: a note's text in blocks of at most 3,000 characters, at most 50 of them."""

import re
from collections.abc import Iterable, Iterator

import msgspec
from needlework.handlers.slack.mrkdwn import escape, mrkdwn

LONGEST = 3_000
"""Characters of one block."""
MOST = 50
"""Blocks of one message."""
FALLBACK = 300
"""Characters of the text that notifications show."""
_TOKEN = re.compile(r"<[^<>]*>|&\w+;|\s+|[^\s<>&]+|.", re.DOTALL)


class Payload(msgspec.Struct, frozen=True):
    """A message: what notifications show, and the sections."""

    text: str
    sections: list[str]
    edit_only: bool = False
    """Where nothing was posted that it could edit, it is not posted either."""

    def body(self) -> dict[str, object]:
        """The fields of `chat.postMessage`. `verbatim` and `parse` keep Slack from making mentions of names."""
        blocks = [
            {"type": "section", "text": {"type": "mrkdwn", "text": section, "verbatim": True}}
            for section in self.sections
        ]
        return {"text": self.text, "blocks": blocks, "parse": "none", "link_names": False, "unfurl_links": False}

    def shortened(self, where: str) -> "Payload | None":
        """Half of it, with a last line that says so; None where nothing can go."""
        body = [section for section in self.sections if not section.startswith(_CUT)]
        if len(body) < 2:
            return None
        return Payload(self.text, [*body[: max(1, len(body) // 2)], _cut(where)], self.edit_only)


_CUT = "_… the rest is in needlework: "


def _cut(where: str) -> str:
    return f"{_CUT}{escape(where)}_"


def payload(title: str, markdown: str, where: str) -> Payload:
    """The message for a text; `where` names the whole of it, should it be too long for one message."""
    title = " ".join(title.split())
    heading = [f"*{escape(title[:500]).replace('*', '∗')}*", ""] if title else []
    sections = list(_packed([*heading, *mrkdwn(markdown)]))
    if len(sections) > MOST:
        sections = [*sections[: MOST - 1], _cut(where)]
    return Payload(escape(title[:FALLBACK]) or "needlework", sections or [escape(where)])


def _packed(lines: Iterable[str]) -> Iterator[str]:
    """Lines joined to sections as long as they may be; a fence that is cut is closed and opened again."""
    section, fenced = "", False
    for line in lines:
        for piece in _pieces(line):
            room = LONGEST - (4 if fenced else 0)
            if section and len(section) + 1 + len(piece) > room:
                yield from _section(section + ("\n```" if fenced else ""))
                section = "```" if fenced else ""
            section = f"{section}\n{piece}" if section else piece
            if piece == "```":
                fenced = not fenced
    yield from _section(section)


def _section(text: str) -> Iterator[str]:
    if text.strip():
        yield text.strip("\n")


def _pieces(line: str) -> Iterator[str]:
    """A line in pieces that fit beside a fence; links and entities stay whole."""
    most = LONGEST - 16
    if len(line) <= most:
        yield line
        return
    piece = ""
    for token in _TOKEN.findall(line):
        for part in (token[start : start + most] for start in range(0, len(token), most)):
            if piece and len(piece) + len(part) > most:
                yield piece
                piece = ""
            piece += part
    yield piece
