"""What a run says looks the same in each format, and nothing of the data is markup."""

import html.parser
import re

from hypothesis import given
from hypothesis import strategies as st
from needlework.handlers.reports.document import Document, Section, as_html, as_markdown
from needlework.handlers.slack.mrkdwn import mrkdwn

_TEXT = st.one_of(
    st.text(max_size=30), st.sampled_from(["<script>", "| a | b |", "# x", "](http://e.test)", "**", "`"])
)


class _Tags(html.parser.HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.words: list[str] = []

    def handle_starttag(self, tag: str, attrs: object) -> None:
        self.tags.add(tag)

    def handle_data(self, data: str) -> None:
        self.words.append(data)


@given(_TEXT, _TEXT, _TEXT)
def test_no_text_of_the_data_is_markup(title: str, cell: str, quote: str) -> None:
    section = Section("Part", (quote,), ("A", "B"), ((cell, 1),), (quote,))
    document = Document(title, "2026", (section,))
    seen = _Tags()
    seen.feed(as_html(document))
    known = {
        "html",
        "head",
        "meta",
        "title",
        "style",
        "body",
        "h1",
        "h2",
        "p",
        "table",
        "thead",
        "tbody",
        "tr",
        "th",
        "td",
    }
    assert seen.tags <= known | {"blockquote"}
    lines = as_markdown(document).splitlines()
    assert [line for line in lines if line.startswith("## ")] == ["## Part"]
    (row,) = [line for line in lines if line.startswith("| ") and line.endswith(" 1 |")]
    assert len(re.findall(r"(?<!\\)\|", row.replace("\\\\", ""))) == 3
    assert not [line for line in mrkdwn(as_markdown(document)) if re.search(r"<http[^>]*\|", line)]


def test_figures_are_shown_as_people_write_them() -> None:
    document = Document("T", "P", (Section("S", (), ("A", "B", "C"), ((None, 1200.0, 0.5),)),))
    assert "| – | 1,200 | 0.5 |" in as_markdown(document)
