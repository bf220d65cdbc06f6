"""The root is the package: nothing in it may shadow the standard library or be loaded twice."""

import subprocess
import sys
from pathlib import Path

import pytest

SOURCE_LINES, TEST_LINES = 300, 400


def run(code: str, folder: Path) -> str:
    """What a fresh interpreter prints, started in `folder`, which is then first on its path."""
    done = subprocess.run([sys.executable, "-c", code], cwd=folder, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


@pytest.mark.parametrize("inside", [True, False], ids=["inside the root", "outside the root"])
def test_the_standard_librarys_http_is_importable(root: Path, tmp_path: Path, inside: bool) -> None:
    code = "import http.client, http.server; print(http.client.__file__)"
    assert not run(code, root if inside else tmp_path).startswith(str(root / "http"))


def test_http_has_no_init(root: Path) -> None:
    assert not (root / "http" / "__init__.py").exists()


def test_no_root_module_has_a_standard_librarys_name(tracked: list[Path]) -> None:
    modules = {path.stem for path in tracked if len(path.parts) == 1 and path.suffix == ".py"}
    packages = {path.parts[0] for path in tracked if path.name == "__init__.py" and len(path.parts) == 2}
    assert (modules | packages) & sys.stdlib_module_names - {"__init__", "__main__"} == set()


def test_importing_everything_from_inside_the_root_loads_no_second_copy(root: Path) -> None:
    code = """
import importlib, pathlib, sys
import needlework
folder = pathlib.Path(needlework.__file__).parent
for top in ("bus", "handlers", "cli"):
    for path in sorted((folder / top).rglob("*.py")):
        parts = path.relative_to(folder).with_suffix("").parts
        importlib.import_module(".".join(("needlework", *parts)).removesuffix(".__init__"))
print([name for name in ("bus", "handlers", "cli", "settings", "logs", "compose") if name in sys.modules])
"""
    assert run(code, root) == "[]"


def test_no_second_copy_is_loaded_by_the_tests_themselves() -> None:
    assert not {"bus", "handlers", "cli", "settings", "compose"} & sys.modules.keys()


def test_pytest_finds_no_package_in_the_tests_and_no_conftest_in_the_root(tracked: list[Path]) -> None:
    names = {str(path) for path in tracked}
    assert "conftest.py" not in names
    assert not {name for name in names if name.startswith("tests/") and name.endswith("__init__.py")}


def test_the_package_is_marked_as_typed(root: Path) -> None:
    assert (root / "py.typed").read_text() == ""


def test_files_stay_short(root: Path, sources: list[Path], tests: list[Path]) -> None:
    limits = [(path, SOURCE_LINES) for path in sources] + [(path, TEST_LINES) for path in tests]
    lengths = [(path, len((root / path).read_text().splitlines()), limit) for path, limit in limits]
    assert [f"{path}: {length} lines" for path, length, limit in lengths if length >= limit] == []
