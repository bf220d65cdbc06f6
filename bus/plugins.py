"""Plug-ins: handler files in a folder, and installed packages with an entry point `needlework.handlers`.

A plug-in is code with your rights; nothing here sandboxes it.
"""

import importlib.util
import sys
from collections.abc import Sequence
from importlib.metadata import entry_points
from pathlib import Path
from types import ModuleType

from needlework.bus.errors import ConfigError

GROUP = "needlework.handlers"


class Plugin:
    """One loaded plug-in: its modules, its policy file, where it came from."""

    def __init__(self, name: str, origin: str, modules: list[ModuleType], policy: Path | None) -> None:
        self.name, self.origin, self.modules, self.policy = name, origin, modules, policy


def load_plugins(folders: Sequence[Path], *, skip_broken: bool = False) -> tuple[list[Plugin], list[str]]:
    """All plug-ins of the folders and of installed packages, and the problems that were skipped.

    Raises ConfigError naming each plug-in that fails to import, unless `skip_broken`.
    """
    found: list[Plugin] = []
    problems: list[str] = []
    for folder in folders:
        if not folder.is_dir():
            problems.append(f"plug-in folder {folder} does not exist")
            continue
        for path in sorted(folder.iterdir()):
            if path.suffix == ".py" and not path.name.startswith("_"):
                _load_one(found, problems, path.stem, str(path), lambda path=path: _from_file(path))
            elif (path / "__init__.py").exists():
                _load_one(found, problems, path.name, str(path), lambda path=path: _from_file(path / "__init__.py"))
    for point in entry_points(group=GROUP):
        _load_one(found, problems, point.name, f"package {point.value}", lambda point=point: _from_package(point.value))
    if problems and not skip_broken:
        raise ConfigError([*problems, "start with --skip-broken-plugins to go on without them"])
    return found, problems


def _load_one(found: list[Plugin], problems: list[str], name: str, origin: str, load: object) -> None:
    try:
        modules, policy = load()  # type: ignore[operator]
    except BaseException as error:  # a plug-in may raise anything while it is imported
        if isinstance(error, KeyboardInterrupt):
            raise
        problems.append(f"plug-in {name} ({origin}) fails to import: {type(error).__name__}: {error}")
        return
    found.append(Plugin(name, origin, modules, policy))


def _from_file(path: Path) -> tuple[list[ModuleType], Path | None]:
    """A file (its policy stands beside it as NAME.toml or topics.toml) or a package folder (topics.toml inside)."""
    package = path.name == "__init__.py"
    name = f"needlework_plugin_{path.parent.name if package else path.stem}"
    spec = importlib.util.spec_from_file_location(
        name, path, submodule_search_locations=[str(path.parent)] if package else None
    )
    if spec is None or spec.loader is None:
        raise ImportError(f"{path} is not a Python file")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    modules = [module]
    if package:
        for inner in sorted(path.parent.glob("*.py")):
            if inner.name != "__init__.py":
                modules.append(importlib.import_module(f"{name}.{inner.stem}"))
    candidates = [path.parent / "topics.toml"] if package else [path.with_suffix(".toml"), path.parent / "topics.toml"]
    return modules, next((candidate for candidate in candidates if candidate.exists()), None)


def _from_package(value: str) -> tuple[list[ModuleType], Path | None]:
    module = importlib.import_module(value.split(":")[0])
    modules = [module]
    for folder in getattr(module, "__path__", ()):
        modules += [importlib.import_module(f"{module.__name__}.{inner.stem}")
                    for inner in sorted(Path(folder).glob("*.py")) if inner.name != "__init__.py"]  # fmt: skip
    policy = Path(module.__file__ or "").parent / "topics.toml"
    return modules, policy if policy.exists() else None
