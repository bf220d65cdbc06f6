"""Help and hints name only topics and runners that this version has."""

import re
from pathlib import Path

import click
import pytest
from click.testing import CliRunner
from needlework.bus.registry import Registry
from needlework.cli.main import main
from needlework.compose import load_registry
from needlework.settings import load_settings

TOPIC = re.compile(r"needlework (?:publish|(?:pause|resume) topic) ([a-z]\S*)|--topic ([a-z]\S*)")
COMMAND = re.compile(r"(?:`|<code>|code\", \"|: |^ {4,6})(?:uv run )?needlework ([a-z]+)(?=[ `<\"\n])", re.MULTILINE)
RUNNER = re.compile(r"needlework (?:tick|(?:pause|resume) runner) ([a-z]\S*)")


def helps(command: click.Command, path: tuple[str, ...] = ()) -> list[str]:
    """What `--help` says of a command and of all below it."""
    found = [CliRunner().invoke(main, [*path, "--help"]).output]
    if isinstance(command, click.Group):
        context = click.Context(command)
        for name in command.list_commands(context):
            inner = command.get_command(context, name)
            assert inner is not None
            found += helps(inner, (*path, name))
    return found


@pytest.fixture(scope="module")
def registry(tmp_path_factory: pytest.TempPathFactory) -> Registry:
    """What ships."""
    return load_registry(load_settings(tmp_path_factory.mktemp("data"), environ={}))


def test_every_topic_and_runner_of_an_example_exists(registry: Registry) -> None:
    text = "\n".join([*helps(main), CliRunner().invoke(main, ["tick", "-n", "5"]).stderr])
    topics = {name for match in TOPIC.findall(text) for name in match if name}
    runners = set(RUNNER.findall(text))
    assert topics >= {"note.ingest", "conversation_note_analysis"}
    assert runners
    assert topics - set(registry.topics) == set()
    assert runners - {name for name, runner in registry.runners.items() if not runner.policy.hidden} == set()


def test_every_command_that_pages_documents_and_hints_name_exists(root: Path) -> None:
    """The page for signing in named `needlework login`, which was not there."""
    places = [root / "README.md", *(root / "docs").rglob("*.md"), *(root / "http" / "pages").iterdir()]
    places += [*(root / "http").glob("*.py"), *(root / "cli").rglob("*.py"), *(root / "bus").rglob("*.py")]
    named = {(word, path.name) for path in places for word in COMMAND.findall(path.read_text())}
    assert len(named) > 50
    assert isinstance(main, click.Group)
    known = main.list_commands(click.Context(main))
    assert {(word, name) for word, name in named if word not in known} == set()


def test_commands_of_the_documentation_name_what_exists(root: Path, registry: Registry) -> None:
    text = "\n".join(page.read_text() for page in [root / "README.md", *(root / "docs").rglob("*.md")])
    assert set(RUNNER.findall(text)) - set(registry.runners) == set()


@pytest.fixture
def root() -> Path:
    """The repository's root."""
    return Path(__file__).parents[2]
