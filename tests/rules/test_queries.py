"""Every named query is used, has one line of purpose, and carries its name alone."""

import re
from collections import Counter
from pathlib import Path

NAME = re.compile(r"^-- name: (\S+)\n(.*)$", re.MULTILINE)
VERB = re.compile(r"(WITH|SELECT|INSERT|UPDATE|DELETE)\b", re.IGNORECASE)


def queries(root: Path, tracked: list[Path]) -> list[tuple[Path, str, str]]:
    """(file, name, line behind the name) of every named query."""
    files = [path for path in tracked if path.suffix == ".sql" and "migrations" not in path.parts]
    return [(path, match[1], match[2]) for path in files for match in NAME.finditer((root / path).read_text())]


def owner(path: Path) -> Path:
    """The folder whose code uses the queries of a file: the bus, or the handler group."""
    return Path("bus") if path.parts[0] == "bus" else path.parent


def test_every_query_is_used(root: Path, tracked: list[Path], sources: list[Path]) -> None:
    texts = {path: (root / path).read_text() for path in sources}
    unused = []
    for file, name, _ in queries(root, tracked):
        used = (text for path, text in texts.items() if path.is_relative_to(owner(file)))
        if not any(f'"{name}"' in text for text in used):
            unused.append(f"{file}: {name}")
    assert unused == []


def test_every_query_says_what_it_is_for(root: Path, tracked: list[Path]) -> None:
    assert [f"{file}: {name}" for file, name, line in queries(root, tracked) if not re.match(r"-- \S", line)] == []


def test_no_file_names_two_queries_alike(root: Path, tracked: list[Path]) -> None:
    counts = Counter((file, name) for file, name, _ in queries(root, tracked))
    assert [key for key, count in counts.items() if count > 1] == []


def test_every_query_of_a_handler_group_keeps_to_its_workspace(root: Path, tracked: list[Path]) -> None:
    """A part such as `filter_content`, which is added to a query, begins with no verb and needs none."""
    found = []
    for path in tracked:
        if path.suffix == ".sql" and path.parts[0] == "handlers" and "migrations" not in path.parts:
            for part in (root / path).read_text().split("-- name: ")[1:]:
                sql = "\n".join(line for line in part.splitlines()[1:] if not line.startswith("--")).strip()
                if VERB.match(sql) and "workspace_id" not in sql:
                    found.append(f"{path}: {part.split()[0]}")
    assert found == []
