"""Plug-ins: folders of handlers and installed packages, imported before the registry joins them.

A folder is imported as `needlework_plugins.<name>`, so that it neither shadows anything nor is shadowed.
A plug-in is code with the rights of the service; nothing here contains it.
"""

import importlib
import pkgutil
import sys
import traceback
from collections.abc import Iterable, Iterator
from importlib.metadata import EntryPoint, entry_points
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType

import msgspec

GROUP = "needlework.handlers"
"""The entry point group of installed plug-ins."""
NAMESPACE = "needlework_plugins"
POLICY = "topics.toml"


class Plugin(msgspec.Struct, frozen=True):
    """One plug-in that was imported: its package, its policy file, where it came from."""

    name: str
    package: str
    policy: Path | None
    origin: str


def load_plugins(
    folders: Iterable[Path], *, installed: Iterable[EntryPoint] | None = None
) -> tuple[list[Plugin], list[str]]:
    """Every plug-in that imports, and for each that does not its name, its place and the error."""
    plugins: list[Plugin] = []
    problems: list[str] = []
    taken: dict[str, str] = {}
    for folder in _plugin_folders(folders, problems):
        name = folder.name.replace("-", "_")
        if not name.isidentifier():
            problems.append(f"plug-in {folder}: {folder.name!r} is not a name; use letters, digits and _")
        elif name in taken:
            problems.append(f"plug-in {folder}: {taken[name]} is called {name!r} already")
        else:
            taken[name] = str(folder)
            _attempt(name, str(folder), problems, plugins, folder)
    for entry in entry_points(group=GROUP) if installed is None else installed:
        _attempt(entry.name, f"package {entry.value}", problems, plugins, entry)
    return plugins, problems


def _plugin_folders(folders: Iterable[Path], problems: list[str]) -> Iterator[Path]:
    """Each folder that holds handlers itself, and each folder directly below that does."""
    for folder in folders:
        if not folder.is_dir():
            problems.append(f"plug-ins {folder}: there is no such folder")
            continue
        inner = sorted(
            path for path in folder.iterdir() if path.is_dir() and not path.name.startswith((".", "_"))
        )
        for candidate in (folder, *inner):
            if any(candidate.glob("*.py")):
                yield candidate.absolute()
                if candidate is folder:
                    break  # its sub-folders are parts of it


def _attempt(
    name: str, origin: str, problems: list[str], plugins: list[Plugin], source: Path | EntryPoint
) -> None:
    try:
        package = _import_folder(name, source) if isinstance(source, Path) else _import_entry(source)
    except (Exception, SystemExit) as error:
        problems.append(f"plug-in {name!r} ({origin}) can't be imported: {_where(error, source)}")
        return
    policy = Path(package.__path__[0]) / POLICY if getattr(package, "__path__", None) else None
    found = policy if policy is not None and policy.is_file() else None
    plugins.append(Plugin(name, package.__name__, found, origin))


def _import_folder(name: str, folder: Path) -> ModuleType:
    parent = sys.modules.setdefault(NAMESPACE, _package(NAMESPACE))
    full = f"{NAMESPACE}.{name}"
    for loaded in [module for module in sys.modules if module == full or module.startswith(f"{full}.")]:
        del sys.modules[loaded]  # another folder of this name, or an earlier state of this one
    init = folder / "__init__.py"
    package = _package(full, folder)
    if init.is_file():
        spec = spec_from_file_location(full, init, submodule_search_locations=[str(folder)])
        if spec is None or spec.loader is None:
            raise ImportError(f"{init} can't be loaded")
        package = module_from_spec(spec)
        sys.modules[full] = package
        spec.loader.exec_module(package)
    sys.modules[full] = package
    setattr(parent, name, package)
    importlib.invalidate_caches()
    _import_below(package)
    return package


def _import_entry(entry: EntryPoint) -> ModuleType:
    package = importlib.import_module(entry.module)
    _import_below(package)
    return package


def _import_below(package: ModuleType) -> None:
    def fail(name: str) -> None:
        raise  # walk_packages calls this while it handles the error

    for info in pkgutil.walk_packages(getattr(package, "__path__", ()), f"{package.__name__}.", onerror=fail):
        importlib.import_module(info.name)


def _package(name: str, folder: Path | None = None) -> ModuleType:
    package = ModuleType(name)
    package.__path__ = [str(folder)] if folder else []
    return package


def _where(error: BaseException, source: Path | EntryPoint) -> str:
    """The error, and the last line of the plug-in's own code that led to it."""
    text = f"{type(error).__name__}: {error}"
    if isinstance(error, SyntaxError) and error.filename:
        return f"{error.filename}:{error.lineno}: {text}"
    folder = str(source) if isinstance(source, Path) else ""
    frames = [
        frame for frame in traceback.extract_tb(error.__traceback__) if folder and folder in frame.filename
    ]
    return f"{frames[-1].filename}:{frames[-1].lineno}: {text}" if frames else text
