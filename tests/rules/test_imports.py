"""The arrows: root and cli → http, handlers, bus; http → bus; handlers → bus; bus → nothing of ours."""

import ast
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

LIBRARIES = ("text", "formats", "net")
"""Groups without operations, open to every other group (docs/decisions/0003)."""
MAY_IMPORT = {
    "root": {"root", "cli", "http", "handlers", "bus"},
    "cli": {"root", "cli", "http", "handlers", "bus"},
    "http": {"http", "bus"},
    "handlers": {"handlers", "bus"},
    "bus": {"bus"},
}

Tree = Callable[[Path], ast.Module]


def imported(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """Every module that is imported anywhere in a file, functions included, with its line."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = "." * node.level + (node.module or "")
            yield node.lineno, base
            yield from ((node.lineno, f"{base}.{alias.name}") for alias in node.names)


def layer(parts: tuple[str, ...]) -> str:
    """Which layer a path or a module below the package belongs to."""
    return parts[0] if parts and parts[0] in MAY_IMPORT else "root"


def wrong(path: Path, module: str) -> str | None:
    """Why the file at `path` may not import `module`, or None where it may."""
    if module.startswith("."):
        return "is a relative import"
    parts = tuple(module.split("."))
    if parts[0] in ("bus", "handlers", "cli", "settings", "logs", "compose"):
        return "loads a second copy: write needlework.…"
    if parts[0] != "needlework" or len(parts) == 1:
        return None
    mine, theirs = layer(path.parts), layer(parts[1:])
    if theirs not in MAY_IMPORT[mine]:
        return f"points from {mine} to {theirs}"
    if mine == theirs == "handlers":
        return _between_groups(path, parts[2:])
    return None


def _between_groups(path: Path, target: tuple[str, ...]) -> str | None:
    group = path.parts[1] if len(path.parts) > 2 else None
    if not target or target[0] == group or target[0] in LIBRARIES:
        return None
    if (Path(__file__).parents[2] / "handlers" / f"{target[0]}.py").is_file():
        return None
    if group is None or group in LIBRARIES:
        return f"points from what all groups share to the group {target[0]}"
    if len(target) == 1 or target[1] == "messages":
        return None
    return f"reaches into another group past its messages.py ({target[0]})"


def test_every_import_follows_the_arrows(sources: list[Path], tree: Tree) -> None:
    found = [
        f"{path}:{line}: {module} {why}"
        for path in sources
        for line, module in imported(tree(path))
        if (why := wrong(path, module))
    ]
    assert found == []


def test_tests_import_the_package_by_its_name(tests: list[Path], tree: Tree) -> None:
    found = [
        f"{path}:{line}: {module}"
        for path in tests
        for line, module in imported(tree(path))
        if module.split(".")[0] in ("bus", "handlers", "cli", "settings", "logs", "compose", "tests")
    ]
    assert found == []


@pytest.mark.parametrize(
    ("path", "module", "allowed"),
    [
        ("bus/bus.py", "needlework.bus.clock", True),
        ("bus/bus.py", "needlework.handlers.notes.messages", False),
        ("bus/bus.py", "needlework.settings", False),
        ("http/app.py", "needlework.bus.bus", True),
        ("http/app.py", "needlework.handlers.notes.messages", False),
        ("http/app.py", "http.client", True),
        ("handlers/notes/tick.py", "needlework.handlers.labels.messages", True),
        ("handlers/notes/tick.py", "needlework.handlers.labels.store", False),
        ("handlers/notes/tick.py", "needlework.handlers.text.encoder", True),
        ("handlers/notes/tick.py", "needlework.handlers.times", True),
        ("handlers/notes/tick.py", "needlework.http.app", False),
        ("handlers/text/encoder.py", "needlework.handlers.notes.messages", False),
        ("handlers/notes/tick.py", "handlers.notes.store", False),
        ("handlers/notes/tick.py", ".store", False),
        ("cli/serve.py", "needlework.compose", True),
        ("compose.py", "needlework.http.app", True),
    ],
)
def test_the_rule_itself_tells_right_from_wrong(path: str, module: str, allowed: bool) -> None:
    assert (wrong(Path(path), module) is None) is allowed
