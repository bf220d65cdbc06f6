"""Named SQL: every query stands in a `.sql` file under its name, with one line of purpose."""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

_NAME = re.compile(r"^-- name: ([a-z][a-z0-9_]*)$")


class Statement(NamedTuple):
    """One SQL statement with its values, ready for `ctx.write` or `ctx.db`.

    `expect` is a guard: the number of rows it must change, else its whole unit is rolled back and run again.
    """

    sql: str
    params: Mapping[str, Any] | Sequence[Any] = ()
    expect: int | None = None


class Queries:
    """The queries of one `.sql` file. Raises KeyError with the nearest name for an unknown one."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.texts = dict(_parse(path.read_text()))

    def __getitem__(self, name: str) -> str:
        """The SQL text of query `name`."""
        try:
            return self.texts[name]
        except KeyError:
            raise KeyError(f"no query {name!r} in {self.path.name}; it has {', '.join(sorted(self.texts))}") from None

    def __call__(self, name: str, _expect: int | None = None, /, **params: Any) -> Statement:
        """Query `name` bound to `params` (`:name` placeholders)."""
        return Statement(self[name], params, _expect)


def _parse(text: str) -> list[tuple[str, str]]:
    found: list[tuple[str, list[str]]] = []
    for line in text.splitlines():
        match = _NAME.match(line)
        if match:
            found.append((match[1], []))
        elif found and not (line.startswith("--") and not found[-1][1]):
            found[-1][1].append(line)
    return [(name, "\n".join(lines).strip().rstrip(";")) for name, lines in found]
