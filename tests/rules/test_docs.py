"""What the documentation shows is run as it stands, and what it links to is there."""

import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from needlework.cli.main import main

LINK = re.compile(r"\[[^\]]*\]\(([^)#\s]+)[^)]*\)")
PATH = re.compile(r"`((?:bus|handlers|http|cli|docs|tests|examples)/[\w./-]*[\w/])`")
COMMAND = re.compile(r"needlework ([a-z]+)\b")
EXAMPLE = ("plugins/greetings/handlers.py", "test_greetings.py", "plugins/greetings/topics.toml")
"""The example of docs/handlers.md, in the order of its blocks: Python first."""


def pages(tracked: list[Path]) -> list[Path]:
    """Every Markdown page."""
    return [path for path in tracked if path.suffix == ".md"]


def blocks(page: Path, language: str) -> Iterator[str]:
    """The code blocks of a page in one language."""
    return iter(re.findall(rf"^```{language}\n(.*?)^```", page.read_text(), re.MULTILINE | re.DOTALL))


def run_pytest(folder: Path, name: str) -> None:
    """Run one file of tests as its reader would: in its folder, by pytest, with nothing given to it."""
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", name]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=100)
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_handlers_page_shows_the_example_that_ships(root: Path) -> None:
    page = root / "docs" / "handlers.md"
    shown = [*blocks(page, "python"), *blocks(page, "toml")]
    assert shown == [(root / "examples" / name).read_text() for name in EXAMPLE]


def test_the_example_of_the_handlers_page_passes_its_own_test(root: Path, tmp_path: Path) -> None:
    shutil.copytree(root / "examples", tmp_path / "mine", ignore=shutil.ignore_patterns("__pycache__"))
    run_pytest(tmp_path / "mine", "test_greetings.py")


def test_links_between_pages_lead_somewhere(root: Path, tracked: list[Path]) -> None:
    broken = [
        f"{page}: {link}"
        for page in pages(tracked)
        for link in LINK.findall((root / page).read_text())
        if "://" not in link and not (root / page.parent / link).exists()
    ]
    assert broken == []


def test_files_that_pages_name_exist(root: Path, tracked: list[Path]) -> None:
    missing = [
        f"{page}: {name}"
        for page in pages(tracked)
        for name in PATH.findall((root / page).read_text())
        if not (root / name).exists()
    ]
    assert missing == []


def test_commands_that_pages_show_exist(root: Path, tracked: list[Path]) -> None:
    known = set(main.commands) | {*main.list_commands(None)}  # type: ignore[arg-type]
    shown = {
        (str(page), name)
        for page in pages(tracked)
        for line in (root / page).read_text().splitlines()
        if line.startswith(("uv run needlework", "    needlework", "    uv run needlework"))
        for name in COMMAND.findall(line)[:1]
    }
    assert sorted(pair for pair in shown if pair[1] not in known) == []
