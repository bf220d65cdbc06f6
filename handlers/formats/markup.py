"""HTML mail to text.

A scanner of its own: the standard library's html.parser raises on the `<![if` of Outlook's mail and takes
quadratic time on hostile input. This one reads each character a bounded number of times and cannot fail.
"""

import re
from html import unescape
from typing import Final

LONGEST: Final = 4_000_000
DEEPEST_QUOTE: Final = 8
TAG: Final = re.compile(r"""</?[a-zA-Z](?:"[^"]*"|'[^']*'|[^>"'])*+>""")
LONGEST_TAG: Final = 1_000  # a longer one ends at its first ">", whether or not that stands in quotes
OPEN: Final = re.compile(r"</?([a-zA-Z][a-zA-Z0-9:]{0,30})")
HUGE_REFERENCE: Final = re.compile(r"&#[0-9]{10,}")  # html.unescape refuses numbers of thousands of digits
SPACES: Final = re.compile(r"[ \t\r\n\f]+")
HIDDEN: Final = frozenset({"script", "style", "title", "template", "textarea", "noframes", "iframe", "xml"})
BLOCKS: Final = frozenset(
    {
        "address",
        "article",
        "aside",
        "body",
        "center",
        "dd",
        "details",
        "dialog",
        "div",
        "dl",
        "dt",
        "fieldset",
    }
    | {"figcaption", "figure", "footer", "form", "head", "header", "hr", "html", "li", "main", "nav"}
    | {"section", "summary", "tr"}
)
HEADINGS: Final = frozenset({"h1", "h2", "h3", "h4", "h5", "h6"})
PARAGRAPHS: Final = HEADINGS | {"ol", "p", "pre", "table", "ul"}
CELLS: Final = frozenset({"td", "th"})


class Page:
    """The lines of a page as they come: words, line ends, paragraphs, quotes."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.line: list[str] = []
        self.quotes = 0
        self.verbatim = 0

    def text(self, raw: str) -> None:
        """Add text: spaces collapse, except in <pre>."""
        words = unescape(HUGE_REFERENCE.sub("\ufffd", raw)).replace("\xa0", " ")
        if not self.verbatim:
            self.line.append(SPACES.sub(" ", words))
            return
        first, *rest = words.split("\n")
        self.line.append(first)
        for each in rest:
            self.end(force=True)
            self.line.append(each)

    def end(self, *, force: bool = False) -> None:
        """End the line, if there is one (or in any case)."""
        joined = "".join(self.line)
        line = joined.rstrip() if self.verbatim else " ".join(joined.split(" ")).strip()
        self.line = []
        if line or force:
            self.lines.append("> " * min(self.quotes, DEEPEST_QUOTE) + line)

    def paragraph(self) -> None:
        """End the line and leave one blank line behind it."""
        self.end()
        if self.lines and self.lines[-1].strip("> "):
            self.lines.append(("> " * min(self.quotes, DEEPEST_QUOTE)).rstrip())

    def tag(self, name: str, *, closing: bool) -> None:
        """What a tag means for the lines."""
        if name == "blockquote":
            self.end()
            self.quotes = max(0, self.quotes - closing)
            self.paragraph()  # the blank line stands outside of the quote
            self.quotes += not closing
        elif name == "br":
            self.end(force=True)
        elif name in PARAGRAPHS:
            self.paragraph()
        elif name in BLOCKS:
            self.end()
        elif name in CELLS and not closing and self.line:
            self.line.append(" ")
        if name == "li" and not closing:
            self.line.append("- ")
        if name == "pre":
            self.verbatim = max(0, self.verbatim + (-1 if closing else 1))


def text(source: str) -> str:
    """The readable text of HTML: blocks on lines of their own, scripts, styles and comments left out."""
    source = source[:LONGEST]
    page = Page()
    at, last = 0, source.rfind(">")
    while at < len(source):
        start = source.find("<", at)
        if start < 0 or start > last:  # no tag any more: what is left is text
            page.text(source[at:])
            break
        page.text(source[at:start])
        at = _markup(source, start, page)
    page.end()
    return re.sub(r"\n(?:[> ]*\n){2,}", "\n\n", "\n".join(page.lines)).strip()


def _markup(source: str, start: int, page: Page) -> int:
    """Take the markup that begins at `start`; answers where the text goes on."""
    if source.startswith("<!--", start):
        end = source.find("-->", start + 2)  # "<!-->" is a whole comment
        return len(source) if end < 0 else end + 3
    opened = OPEN.match(source, start)
    if opened is None:
        if source[start + 1 : start + 2] not in ("!", "?", "/"):  # "a < b" is text
            page.text("<")
            return start + 1
        return source.find(">", start) + 1
    whole = TAG.match(source, start, start + LONGEST_TAG)
    end = whole.end() if whole else source.find(">", start) + 1
    name, closing = opened[1].lower(), source[start + 1] == "/"
    if name in HIDDEN and not closing and source[end - 2] != "/":
        hidden = re.compile(rf"</{name}\b[^>]{{0,200}}>", re.IGNORECASE).search(source, end)
        return len(source) if hidden is None else hidden.end()
    page.tag(name, closing=closing)
    return end
