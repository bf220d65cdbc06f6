"""The package in `examples/package`: installed beside needlework it is a plug-in like any other."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
COMMAND = "from needlework.cli.main import main; main()"


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the package, as pip would leave it: its modules and its metadata."""
    uv = os.environ.get("UV") or shutil.which("uv")
    assert uv, "building a package needs uv on the path"
    folder = tmp_path_factory.mktemp("installed")
    source = shutil.copytree(ROOT / "examples" / "package", folder / "source")
    build = [uv, "build", "--wheel", "--quiet", "--out-dir", str(folder / "wheels"), str(source)]
    done = subprocess.run([*build, "--offline"], capture_output=True, text=True, timeout=120)
    if done.returncode:
        done = subprocess.run(build, capture_output=True, text=True, timeout=240)
    assert done.returncode == 0, done.stderr
    (wheel,) = (folder / "wheels").glob("*.whl")
    shutil.unpack_archive(wheel, folder / "site", "zip")
    return folder / "site"


def python(site: Path, code: str, *words: str) -> str:
    """Run Python with the package installed; what it printed."""
    environ = {**os.environ, "PYTHONPATH": str(site)}
    done = subprocess.run(
        [sys.executable, "-P", "-c", code, *words], capture_output=True, text=True, timeout=100, env=environ
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_an_installed_package_is_checked_and_its_topics_tell_where_they_come_from(
    installed: Path, tmp_path: Path
) -> None:
    words = ("check", "--data", str(tmp_path), "--json")
    report = json.loads(python(installed, COMMAND, *words))
    without = json.loads(python(tmp_path, COMMAND, *words))
    assert report["ok"] is True
    assert (report["topics"], report["runners"]) == (without["topics"] + 1, without["runners"] + 1)
    code = (
        "from pathlib import Path; from needlework.compose import load_registry; from needlework.settings import *\n"
        f"print(load_registry(load_settings(Path({str(tmp_path)!r}))).topics['farewells.bid'].origin)"
    )
    assert python(installed, code).strip() == str(installed / "needlework_farewells" / "topics.toml")


def test_the_plugins_page_shows_the_package_that_ships() -> None:
    shown = (ROOT / "docs" / "plugins.md").read_text().partition("```toml\n")[2].partition("```")[0]
    assert shown == (ROOT / "examples" / "package" / "pyproject.toml").read_text()
