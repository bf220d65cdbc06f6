"""`serve --dev`: the address stays, a change starts a child anew, a child that fails is shown, Ctrl-C ends both."""

import os
import signal
from pathlib import Path

import click
import httpx2
import pytest
from needlework.bus.errors import ConfigError
from needlework.cli import reload
from needlework.cli.serve import _words, serve
from needlework.settings import Settings
from needlework.tests.cli.programs import Program, running

PLUGIN = '''
from needlework.bus.context import Context
from needlework.bus.messages import Message
from needlework.bus.subscriptions import subscribe


class Say(Message[str], topic="dev.say"):
    """Say a word."""


@subscribe(Say, runner="dev")
async def say(message: Say, ctx: Context) -> str:
    """Say it."""
    return "{word}"
'''
POLICY = """
[runners.dev]
description = "Says"

[topics."dev.say"]
summary = "Say a word"
permission = "permissionRead"
route = "GET /api/dev"
query = true
"""


def developing(folder: Path) -> Program:
    """A running `serve --dev`."""
    words = ("--dev", "--port", "0", "--data", str(folder / "data"), "--plugins", str(folder / "plugins"))
    return running("serve", *words, folder=folder)


def says(url: str) -> str:
    """The word of the plug-in that serves now; waits where none listens."""
    return str(httpx2.get(f"{url}/api/dev", trust_env=False, timeout=30).json())


def alive(pid: int) -> bool:
    """Whether a process exists."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def test_a_change_is_served_at_the_same_address_and_a_mistake_is_shown_until_it_is_mended(tmp_path: Path) -> None:
    source = tmp_path / "plugins" / "dev.py"
    source.parent.mkdir()
    source.with_suffix(".toml").write_text(POLICY)
    source.write_text(PLUGIN.format(word="one"))
    with developing(tmp_path) as parent:
        line = parent.line
        url = line("listening on").split()[-1]
        assert says(url) == "one"
        source.write_text(PLUGIN.format(word="two"))
        assert "dev.py changed" in line("changed")
        assert says(url) == "two"  # asked while nobody listens
        assert line("listening on").split()[-1] == url
        source.write_text("import nothing_of_this_name\n")
        assert "No module named 'nothing_of_this_name'" in line("ModuleNotFoundError")
        line("it starts again when a file changes")
        broken = httpx2.get(f"{url}/api/dev", trust_env=False, timeout=10)  # it hung until somebody mended the file
        assert (broken.status_code, broken.json()["code"]) == (503, "not_started")
        assert broken.headers["retry-after"] == "1"
        source.write_text(PLUGIN.format(word="three"))
        line("listening on")
        assert says(url) == "three"
        child = int((tmp_path / "data" / "needlework.lock").read_text().split()[0])
        assert child != parent.process.pid
        assert parent.stop(signal.SIGINT) == 0
        assert not alive(child)


def test_sources_and_settings_are_looked_at_and_nothing_else(tmp_path: Path) -> None:
    settings = Settings(data=tmp_path, plugins=(tmp_path / "mine",))
    for name in ("mine/a.py", "mine/deep/b.sql", "plugins/c.css", "needlework.toml"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("")
    for name in ("mine/a.pyc", "mine/__pycache__/a.py", "mine/.git/x.py", "mine/.#a.py", "needlework.db"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("")
    found = reload.look(settings)
    ours = {str(path.relative_to(tmp_path)) for path in found if path.is_relative_to(tmp_path)}
    assert ours == {"mine/a.py", "mine/deep/b.sql", "plugins/c.css", "needlework.toml"}
    package = {str(path.relative_to(reload.HERE)) for path in found if path.is_relative_to(reload.HERE)}
    assert {"compose.py", "topics.toml", "bus/bus.py", "handlers/notes/queries.sql"} <= package
    assert not [name for name in package if name.startswith(("tests", "docs", ".venv"))]


def test_what_came_went_or_grew_has_changed(tmp_path: Path) -> None:
    same, grew, gone, new = (tmp_path / name for name in ("a", "b", "c", "d"))
    before = {same: (1, 1), grew: (1, 1), gone: (1, 1)}
    assert reload.changed(before, {same: (1, 1), grew: (1, 2), new: (2, 0)}) == [grew, gone, new]


def test_the_children_get_the_options_that_were_given() -> None:
    words = ["--dev", "--port", "0", "--demo", "--plugins", "a", "--plugins", "b c", "--trust-proxy"]
    with click.Context(serve) as ctx:
        serve.parse_args(ctx, words)
        assert _words(ctx) == ["--port", "0", "--demo", "--trust-proxy", "--plugins", "a", "--plugins", "b c"]


def test_every_address_of_a_name_is_listened_on_at_one_port() -> None:
    sockets = reload.listen("localhost", 0)
    ports = {each.getsockname()[1] for each in sockets}
    try:
        assert len(ports) == 1
        with pytest.raises(ConfigError) as caught:
            reload.listen("localhost", ports.pop())
        assert "can't listen on localhost" in caught.value.problems[0]
    finally:
        for each in sockets:
            each.close()
