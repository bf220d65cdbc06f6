"""What a run says, and how it looks: Markdown, HTML, JSON of the same document."""

import re
from html import escape

import msgspec

Cell = str | int | float | None
_MARKS = re.compile(r"([\\`*_\[\]<>|#~])")


class Section(msgspec.Struct, frozen=True):
    """A heading, sentences, a table, quotes; any of them may be empty."""

    heading: str
    lines: tuple[str, ...] = ()
    columns: tuple[str, ...] = ()
    rows: tuple[tuple[Cell, ...], ...] = ()
    quotes: tuple[str, ...] = ()


class Document(msgspec.Struct, frozen=True):
    """A whole report; texts are plain, the renderings escape them."""

    title: str
    period: str
    sections: tuple[Section, ...]


def as_markdown(document: Document) -> str:
    """Markdown in which no text of the data can be markup."""
    parts = [f"# {_plain(document.title)}", _plain(document.period)]
    for section in document.sections:
        parts.append(f"## {_plain(section.heading)}")
        parts += [_plain(line) for line in section.lines]
        if section.rows:
            head = [section.columns, tuple("---" for _ in section.columns)]
            table = [_row(head[0]), "| " + " | ".join(head[1]) + " |", *map(_row, section.rows)]
            parts.append("\n".join(table))
        parts += [f"> {_plain(quote)}" for quote in section.quotes]
    return "\n\n".join(parts) + "\n"


def _row(cells: tuple[Cell, ...]) -> str:
    return "| " + " | ".join(_plain(_shown(cell)) for cell in cells) + " |"


def _plain(text: str) -> str:
    """Text on one line with Markdown's own characters escaped."""
    return _MARKS.sub(r"\\\1", " ".join(text.split()))


def _shown(cell: Cell) -> str:
    if cell is None:
        return "–"
    return f"{cell:,.0f}" if isinstance(cell, float) and cell == int(cell) else f"{cell}"


_STYLE = (
    "body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;color-scheme:light dark}"
    "table{border-collapse:collapse;width:100%}th,td{text-align:left;padding:.3rem .6rem;border-bottom:1px solid #8886}"
    "blockquote{margin:.5rem 0;padding-left:1rem;border-left:3px solid #8886}"
)


def as_html(document: Document) -> str:
    """One page that needs nothing else: no script, no address."""
    parts = [f"<h1>{escape(document.title)}</h1><p>{escape(document.period)}</p>"]
    for section in document.sections:
        parts.append(f"<h2>{escape(section.heading)}</h2>")
        parts += [f"<p>{escape(line)}</p>" for line in section.lines]
        if section.rows:
            head = "".join(f"<th>{escape(name)}</th>" for name in section.columns)
            body = "".join(
                "<tr>" + "".join(f"<td>{escape(_shown(cell))}</td>" for cell in row) + "</tr>" for row in section.rows
            )
            parts.append(f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>")
        parts += [f"<blockquote>{escape(quote)}</blockquote>" for quote in section.quotes]
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">"
        f"<title>{escape(document.title)}</title><style>{_STYLE}</style></head><body>{''.join(parts)}</body></html>"
    )
