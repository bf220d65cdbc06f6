"""What is installed is what is tracked: four folders, the root modules, the policies, the type marker. So in images."""

import os
import shutil
import subprocess
import zipfile
from fnmatch import fnmatch
from pathlib import Path

FOLDERS = ("bus", "handlers", "http", "cli")
ROOT_FILES = ("topics.toml", "py.typed")
BUILT_WITH = ("LICENSE", "README.md", "pyproject.toml")


def shipped(path: Path) -> bool:
    """Whether a tracked file belongs into the wheel."""
    return path.parts[0] in FOLDERS or (len(path.parts) == 1 and (path.suffix == ".py" or path.name in ROOT_FILES))


def build(source: Path, target: Path) -> zipfile.ZipFile:
    """A wheel of `source`; first with what the cache holds, then with the network."""
    uv = os.environ.get("UV") or shutil.which("uv")
    assert uv, "building a wheel needs uv on the path"
    command = [uv, "build", "--wheel", "--quiet", "--out-dir", str(target), str(source)]
    done = subprocess.run([*command, "--offline"], capture_output=True, text=True, timeout=120)
    if done.returncode:
        done = subprocess.run(command, capture_output=True, text=True, timeout=240)
    assert done.returncode == 0, done.stderr
    (wheel,) = target.glob("*.whl")
    return zipfile.ZipFile(wheel)


def test_the_wheel_holds_the_tracked_files_and_nothing_else(root: Path, tracked: list[Path], tmp_path: Path) -> None:
    source = tmp_path / "source"
    for path in tracked:
        (source / path).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(root / path, source / path, follow_symlinks=False)
    with build(source, tmp_path / "wheels") as wheel:
        inside = {name.removeprefix("needlework/") for name in wheel.namelist() if name.startswith("needlework/")}
        others = {name.split("/")[0] for name in wheel.namelist()} - {"needlework"}
    assert inside == {str(path) for path in tracked if shipped(path)}
    assert all(name.endswith(".dist-info") for name in others)


def let_through(rules: list[str], path: Path) -> bool:
    """Whether a builder of images gets a file: what the last rule that names it, or its folder, says."""
    told = True
    for rule in rules:
        pattern = rule.removeprefix("!")
        named = path.parts if pattern.startswith("**/") else path.parts[:1]
        if any(fnmatch(part, pattern.removeprefix("**/")) for part in named):
            told = rule.startswith("!")
    return told


def test_an_image_is_built_from_what_the_wheel_holds_and_nothing_else(root: Path, tracked: list[Path]) -> None:
    lines = (root / ".dockerignore").read_text().splitlines()
    rules = [line for line in lines if line and not line.startswith("#")]
    beside = [
        "data/needlework.db",
        ".env",
        "token",
        ".venv/lib/x.py",
        "bus/__pycache__/x.pyc",
        "tests/test_heap.py",
        "uv.lock",
    ]
    got = {path for path in [*tracked, *map(Path, beside)] if let_through(rules, path)}
    assert got == {path for path in tracked if shipped(path) or str(path) in BUILT_WITH}
