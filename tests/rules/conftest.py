"""What the rules look at: the tracked files, and their syntax trees."""

import ast
import subprocess
from collections.abc import Callable
from fnmatch import fnmatch
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGE_FOLDERS = ("bus", "handlers", "http", "cli")


@pytest.fixture(scope="session")
def root() -> Path:
    """The repository's root, which is the package."""
    return ROOT


def unpacked(folder: Path) -> list[Path]:
    """What is tracked where the source was unpacked, without git: all that `.gitignore` does not name."""
    ignored = [line.rstrip("/") for line in (folder / ".gitignore").read_text().splitlines()]
    paths = [path.relative_to(folder) for path in sorted(folder.rglob("*")) if path.is_file()]
    return [path for path in paths if not any(fnmatch(part, each) for part in path.parts for each in ignored)]


@pytest.fixture(scope="session")
def tracked() -> list[Path]:
    """The tracked files, relative to the root; those that are deleted but not yet committed are left out."""
    if not (ROOT / ".git").exists():
        return unpacked(ROOT)
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True)
    paths = [Path(name) for name in listed.stdout.decode().split("\0") if name]
    return [path for path in paths if (ROOT / path).is_file()]


@pytest.fixture(scope="session")
def sources(tracked: list[Path]) -> list[Path]:
    """The Python files of the package."""
    return [
        path for path in tracked if path.suffix == ".py" and (len(path.parts) == 1 or path.parts[0] in PACKAGE_FOLDERS)
    ]


@pytest.fixture(scope="session")
def tests(tracked: list[Path]) -> list[Path]:
    """The Python files of the tests."""
    return [path for path in tracked if path.suffix == ".py" and path.parts[0] == "tests"]


@pytest.fixture(scope="session")
def tree() -> Callable[[Path], ast.Module]:
    """The syntax tree of a file."""
    return lambda path: ast.parse((ROOT / path).read_text(), str(path))
