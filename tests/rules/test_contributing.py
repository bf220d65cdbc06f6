"""The operation that CONTRIBUTING.md adds: its diff applies, and then it works."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

FOLDERS = ("bus", "handlers", "http", "cli")
FILES = (
    "topics.toml",
    "pyproject.toml",
    "tests/conftest.py",
    "tests/handlers/conftest.py",
    "tests/rules/conftest.py",
    "tests/rules/test_topics.py",
)


@pytest.fixture
def diff(root: Path) -> str:
    """The diff as the page shows it."""
    (found,) = re.findall(r"^```diff\n(.*?)^```", (root / "CONTRIBUTING.md").read_text(), re.MULTILINE | re.DOTALL)
    return str(found)


@pytest.fixture
def changed(root: Path, tmp_path: Path, diff: str) -> Path:
    """A copy of the package with the diff applied."""
    copy = tmp_path / "needlework"
    for folder in FOLDERS:
        shutil.copytree(root / folder, copy / folder, ignore=shutil.ignore_patterns("__pycache__"))
    for name in [*FILES, *(path.name for path in root.glob("*.py"))]:
        (copy / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(root / name, copy / name)
    alone = {**os.environ, "GIT_CEILING_DIRECTORIES": str(tmp_path)}
    command = ["git", "apply", "--whitespace=error-all", "-"]
    done = subprocess.run(command, cwd=copy, input=diff, env=alone, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    return copy


def test_the_operation_of_the_contributing_page_is_a_file_a_table_and_a_test(diff: str) -> None:
    assert re.findall(r"^--- (.*)\n\+\+\+ (.*)$", diff, re.MULTILINE) == [
        ("/dev/null", "b/handlers/notes/count.py"),
        ("a/topics.toml", "b/topics.toml"),
        ("/dev/null", "b/tests/handlers/notes/test_count.py"),
    ]


def test_the_operation_of_the_contributing_page_works_once_its_diff_is_applied(changed: Path) -> None:
    """-P keeps the copy's own folder off the path: it is imported as `needlework`, like the original."""
    files = ["tests/handlers/notes/test_count.py", "tests/rules/test_topics.py"]
    command = [sys.executable, "-P", "-m", "pytest", "-q", *files]
    env = {**os.environ, "PYTHONPATH": str(changed.parent)}
    done = subprocess.run(command, cwd=changed, env=env, capture_output=True, text=True, timeout=100)
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_code_of_the_contributing_page_is_in_our_style(changed: Path) -> None:
    files = ["handlers/notes/count.py", "tests/handlers/notes/test_count.py"]
    for command in (["check"], ["format", "--check"]):
        done = subprocess.run(
            [sys.executable, "-m", "ruff", *command, "--no-cache", *files],
            cwd=changed,
            capture_output=True,
            text=True,
            timeout=60,
        )
        assert done.returncode == 0, done.stdout + done.stderr
