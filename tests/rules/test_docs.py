"""What the documentation shows is run as it stands, and what it links to is there."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from needlework.bus.plugins import load_plugins
from needlework.bus.records import Publication
from needlework.bus.registry import Registry
from needlework.bus.testing import drain, running_bus
from needlework.cli.main import main

LINK = re.compile(r"\[[^\]]*\]\(([^)#\s]+)[^)]*\)")
PATH = re.compile(r"`((?:bus|handlers|http|cli|docs|tests)/[\w./-]*[\w/])`")
COMMAND = re.compile(r"needlework ([a-z]+)\b")


def pages(tracked: list[Path]) -> list[Path]:
    """Every Markdown page."""
    return [path for path in tracked if path.suffix == ".md"]


def blocks(page: Path, language: str) -> Iterator[str]:
    """The code blocks of a page in one language."""
    return iter(re.findall(rf"^```{language}\n(.*?)^```", page.read_text(), re.MULTILINE | re.DOTALL))


@pytest.fixture
def anyio_backend() -> str:
    """The event loop that the service runs on."""
    return "asyncio"


@pytest.fixture
def example(root: Path, tmp_path: Path) -> Registry:
    """The complete plug-in of docs/handlers.md, loaded as one."""
    page = root / "docs" / "handlers.md"
    folder = tmp_path / "greetings"
    folder.mkdir()
    (folder / "handlers.py").write_text(next(blocks(page, "python")))
    (folder / "topics.toml").write_text(next(blocks(page, "toml")))
    (plugin,), _ = load_plugins([tmp_path])
    return Registry.load([], [folder / "topics.toml"], plugin.modules)


def test_the_plugin_of_the_handlers_page_is_complete(example: Registry) -> None:
    assert set(example.topics) == {"greetings.greet", "greetings.greeted"}
    assert example.topics["greetings.greet"].replier == "greetings"


@pytest.mark.anyio
async def test_the_test_of_the_handlers_page_passes(root: Path, example: Registry, tmp_path: Path) -> None:
    shown = list(blocks(root / "docs" / "handlers.md", "python"))[-1]
    greet = example.topics["greetings.greet"].type
    names = {"running_bus": running_bus, "drain": drain, "Publication": Publication, "Greet": greet}
    exec(compile(shown, "docs/handlers.md", "exec"), names)
    test = next(value for name, value in names.items() if name.startswith("test_"))
    await test(example, tmp_path / "bus")


def test_links_between_pages_lead_somewhere(root: Path, tracked: list[Path]) -> None:
    broken = [
        f"{page}: {link}"
        for page in pages(tracked)
        for link in LINK.findall((root / page).read_text())
        if "://" not in link and not (root / page.parent / link).exists()
    ]
    assert broken == []


def test_files_that_pages_name_exist(root: Path, tracked: list[Path]) -> None:
    example = ("handlers/notes/archive.py", "tests/handlers/notes/test_archive.py")
    missing = [
        f"{page}: {name}"
        for page in pages(tracked)
        for name in PATH.findall((root / page).read_text())
        if name not in example and not (root / name).exists()
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
