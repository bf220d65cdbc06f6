"""How results are shown: aligned columns for people, JSON for programs, one clear line for a failure."""

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

import click
import msgspec

Command = TypeVar("Command", bound=Callable[..., Any])

# C0 and C1 controls but tab and line feed: what a stored text says must not reach the terminal as a command.
_CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")


class Failure(click.ClickException):
    """The command failed (exit code 1): what, where, and what to do, on standard error."""

    exit_code = 1

    def __init__(self, what: str, *hints: str) -> None:
        super().__init__("\n  ".join([printable(what), *map(printable, hints)]))
        self.what, self.hints = what, hints
        context = click.get_current_context(silent=True)
        self._as_json = bool(context and context.params.get("json"))

    def show(self, file: Any = None) -> None:
        """One line for people; for programs that asked for JSON, an object."""
        if self._as_json:
            click.echo(to_json({"error": self.what, "hints": self.hints}), err=True)
        else:
            click.echo(f"error: {self.message}", err=True)


def json_option(command: Command) -> Command:
    """`--json` on a command."""
    return click.option("--json", is_flag=True, help="Print JSON, for programs.")(command)


def as_json(value: Any) -> None:
    """`value` as one line of JSON on standard output."""
    click.echo(to_json(value))


def to_json(value: Any) -> str:
    """`value` as JSON without what a terminal would obey: JSON itself escapes the C0 controls alone."""
    return _CONTROLS.sub(lambda found: f"\\u{ord(found[0]):04x}", msgspec.json.encode(value).decode())


def printable(text: object) -> str:
    """`text` without what a terminal would obey."""
    return _CONTROLS.sub("\N{REPLACEMENT CHARACTER}", str(text))


def counted(number: int, one: str, many: str | None = None) -> str:
    """A number with its word: `1 record`, `2 records`."""
    return f"{number} {one if number == 1 else many or one + 's'}"


def table(rows: Sequence[Mapping[str, Any]], columns: Mapping[str, str], *, empty: str) -> None:
    """Rows as aligned columns, `columns` being field -> heading; `empty` is said where there are none."""
    if not rows:
        click.echo(empty, err=True)
        return
    cells = [list(columns.values())] + [[cell(row.get(field)) for field in columns] for row in rows]
    widths = [max(len(line[number]) for line in cells) for number in range(len(columns))]
    for line in cells:
        click.echo("  ".join(text.ljust(width) for text, width in zip(line, widths, strict=True)).rstrip())


def show_page(answer: Any, columns: Mapping[str, str], *, empty: str) -> None:
    """One page of a list as a table, and how to see the next one."""
    table(items(answer), columns, empty=empty)
    if isinstance(answer, dict) and answer.get("next_cursor"):
        click.echo(f"more with: --cursor {answer['next_cursor']}", err=True)


def items(answer: Any) -> list[dict[str, Any]]:
    """The objects of a list answer, which is a bare list or a page with `items`."""
    found = answer.get("items", []) if isinstance(answer, dict) else answer
    return list(found or [])


def fields(value: Mapping[str, Any], *, skip: Sequence[str] = ()) -> None:
    """One object, a field a line."""
    width = max((len(name) for name in value), default=0)
    for name, content in value.items():
        if name not in skip:
            click.echo(f"{name.ljust(width)}  {cell(content)}")


def cell(value: Any) -> str:
    """A value as one line of text."""
    if value is None:
        return "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, str | int | float):
        return printable(value).replace("\n", " ")
    if isinstance(value, list) and all(isinstance(item, str) for item in value):
        return printable(", ".join(value)) or "-"
    return printable(msgspec.json.encode(value).decode())
