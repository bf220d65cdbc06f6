"""What the rules look at: the tracked files, and their syntax trees."""

import ast
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGE_FOLDERS = ("bus", "handlers", "http", "cli")


@pytest.fixture(scope="session")
def root() -> Path:
    """The repository's root, which is the package."""
    return ROOT


@pytest.fixture(scope="session")
def tracked() -> list[Path]:
    """The tracked files, relative to the root; those that are deleted but not yet committed are left out."""
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
