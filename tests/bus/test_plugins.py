"""Plug-ins: a folder of handlers joins the registry; one that fails is named with its place."""

import sys
from collections.abc import Iterator
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest
from needlework.bus.errors import ConfigError
from needlework.bus.plugins import GROUP, NAMESPACE, load_plugins
from needlework.bus.registry import Registry
from needlework.bus.testing import plugin_registry

HANDLER = '''
from needlework.bus.messages import Message
from needlework.bus.subscriptions import subscribe

class Ping(Message[None], topic="demo.ping"):
    """Ping."""

@subscribe(Ping, runner="demo")
async def ping(message, ctx):
    """Answer."""
'''
POLICY = """
[runners.demo]
description = "Demo"
[topics."demo.ping"]
summary = "Ping"
permission = "permissionRead"
"""


def write(folder: Path, files: dict[str, str]) -> Path:
    """A folder with these files."""
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return folder


@pytest.fixture(autouse=True)
def _forget_plugins() -> Iterator[None]:
    yield
    for name in [name for name in sys.modules if name.split(".")[0] == NAMESPACE]:
        del sys.modules[name]


@pytest.mark.parametrize("direct", [True, False], ids=["the folder itself", "a folder below"])
def test_a_folder_joins_the_registry_with_its_own_policy(tmp_path: Path, direct: bool) -> None:
    folder = write(tmp_path / "demo", {"handlers.py": HANDLER, "topics.toml": POLICY})
    (plugin,), problems = load_plugins([folder if direct else tmp_path])
    assert problems == []
    assert (plugin.name, plugin.policy, plugin.origin) == ("demo", folder / "topics.toml", str(folder))
    registry = Registry.load([], [folder / "topics.toml"], plugin.modules)
    assert registry.topics["demo.ping"].runners == ("demo",)


def test_the_error_of_a_broken_plugin_tells_no_secret(tmp_path: Path) -> None:
    secret = f"nw_abcdefghijkl_{'A' * 43}"
    folder = write(tmp_path / "demo", {"handlers.py": f"raise RuntimeError({secret!r})", "topics.toml": POLICY})
    _, problems = load_plugins([folder], skip_broken=True)
    assert "RuntimeError: [redacted]" in problems[0]
    assert secret not in repr(problems)


def test_a_test_sees_the_plugins_of_its_folder_and_nothing_else(tmp_path: Path) -> None:
    write(tmp_path / "demo", {"handlers.py": HANDLER, "topics.toml": POLICY})
    registry = plugin_registry(tmp_path)
    assert (set(registry.topics), set(registry.runners)) == ({"demo.ping"}, {"demo"})
    write(tmp_path / "broken", {"handlers.py": "1 / 0"})
    with pytest.raises(ConfigError, match="ZeroDivisionError"):
        plugin_registry(tmp_path)


def test_a_file_joins_with_the_policy_beside_it(tmp_path: Path) -> None:
    write(tmp_path, {"demo.py": HANDLER, "demo.toml": POLICY, "other.py": "", "_helper.py": "1 / 0"})
    plugins, _ = load_plugins([tmp_path])
    assert [(plugin.name, plugin.policy) for plugin in plugins] == [
        ("demo", tmp_path / "demo.toml"),
        ("other", None),
    ]


def test_a_folder_in_a_plugin_is_a_part_of_it_unless_it_has_a_policy_of_its_own(tmp_path: Path) -> None:
    write(
        tmp_path / "all",
        {"demo.py": "", "topics.toml": "", "own/a.py": "", "own/topics.toml": "", "part/a.py": ""},
    )
    plugins, _ = load_plugins([tmp_path / "all"])
    assert [plugin.name for plugin in plugins] == ["all", "own"]


def test_its_files_may_import_each_other(tmp_path: Path) -> None:
    files = {"__init__.py": "", "words.py": "NAME = 1", "user.py": "from .words import NAME"}
    files["sub/__init__.py"] = f"from {NAMESPACE}.demo.words import NAME"
    write(tmp_path / "demo", files)
    (plugin,), _ = load_plugins([tmp_path])
    assert len(plugin.modules) == 4


def test_one_that_fails_is_named_with_its_line_and_the_others_are_loaded(tmp_path: Path) -> None:
    write(tmp_path / "broken", {"handlers.py": "import nowhere_to_be_found\n"})
    write(tmp_path / "leaves", {"handlers.py": "raise SystemExit(3)\n"})
    write(tmp_path / "twisted", {"handlers.py": "def (:\n"})
    write(tmp_path / "works", {"handlers.py": ""})
    plugins, problems = load_plugins([tmp_path], skip_broken=True)
    assert [plugin.name for plugin in plugins] == ["works"]
    assert problems[0].startswith("plug-in 'broken'")
    assert "handlers.py:1: ModuleNotFoundError: No module named 'nowhere_to_be_found'" in problems[0]
    assert "SystemExit: 3" in problems[1]
    assert "handlers.py:1: SyntaxError" in problems[2]


def test_one_that_fails_stops_the_start_unless_told_otherwise(tmp_path: Path) -> None:
    write(tmp_path / "broken", {"handlers.py": "1 / 0"})
    with pytest.raises(ConfigError, match="ZeroDivisionError") as caught:
        load_plugins([tmp_path])
    assert len(caught.value.problems) == 1
    assert "--skip-broken-plugins" in caught.value.hints[0]


def test_one_that_fails_tells_of_its_policy_too(tmp_path: Path) -> None:
    policy = POLICY.replace("permissionRead", "permisionRead") + 'prioritty = 3\nreply = "later"\n'
    write(tmp_path / "broken", {"handlers.py": "1 / 0", "topics.toml": policy})
    problems = load_plugins([tmp_path], skip_broken=True)[1]
    assert len(problems) == 4
    where = f"{tmp_path / 'broken' / 'topics.toml'}:4: [topics.demo.ping]"
    known = "permissionRead, permissionWorkspacesWrite, permissionTasksWrite"
    assert problems[1] == f"{where}: permission 'permisionRead' is none of {known} (did you mean \"permissionRead\"?)"
    assert problems[2] == f"{where}: unknown setting 'prioritty' (did you mean \"priority\"?)"
    assert problems[3] == f"{where}: reply 'later' is none of result, stream, accepted"


def test_names_must_be_names_and_differ(tmp_path: Path) -> None:
    write(tmp_path / "one" / "demo", {"a.py": ""})
    write(tmp_path / "two" / "demo", {"a.py": ""})
    write(tmp_path / "two" / "4th", {"a.py": ""})
    folders = [tmp_path / "one", tmp_path / "two", tmp_path / "absent"]
    problems = load_plugins(folders, skip_broken=True)[1]
    assert "'4th' is not a name" in problems[0]
    assert "is called 'demo' already" in problems[1]
    assert "there is no such folder" in problems[2]


def test_an_installed_package_offers_itself_by_an_entry_point(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    files = {"__init__.py": "", "handlers.py": HANDLER, "topics.toml": POLICY}
    folder = write(tmp_path / "nw_installed_demo", files)
    monkeypatch.syspath_prepend(tmp_path)
    entries = [EntryPoint("demo", "nw_installed_demo", GROUP), EntryPoint("gone", "nw_not_installed", GROUP)]
    (plugin,), problems = load_plugins([], skip_broken=True, installed=entries)
    assert (plugin.origin, plugin.policy) == ("package nw_installed_demo", folder / "topics.toml")
    assert [module.__name__ for module in plugin.modules] == [
        "nw_installed_demo",
        "nw_installed_demo.handlers",
    ]
    assert "No module named 'nw_not_installed'" in problems[0]
