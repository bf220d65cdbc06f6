"""Plug-ins: handler files and folders, and installed packages, imported before the registry joins them.

Files are imported as `needlework_plugins.<name>`, so that they neither shadow anything nor are shadowed.
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
from needlework.bus.errors import ConfigError
from needlework.bus.redacting import redact_text
from needlework.bus.topicfile import read_policies

GROUP = "needlework.handlers"
"""The entry point group of installed plug-ins."""
NAMESPACE = "needlework_plugins"
POLICY = "topics.toml"
WITHOUT_THEM = "--skip-broken-plugins starts without them"


class Plugin(msgspec.Struct, frozen=True):
    """One plug-in that was imported: its modules, its policy file, where it came from."""

    name: str
    origin: str
    modules: list[ModuleType]
    policy: Path | None


def load_plugins(
    folders: Iterable[Path], *, skip_broken: bool = False, installed: Iterable[EntryPoint] | None = None
) -> tuple[list[Plugin], list[str]]:
    """Every plug-in that imports, and for each that does not its name, its place and the error.

    Raises ConfigError with all of these unless `skip_broken`.
    """
    plugins: list[Plugin] = []
    problems: list[str] = []
    taken: dict[str, Path] = {}
    for path in _candidates(folders, problems):
        name = path.stem.replace("-", "_")
        if not name.isidentifier():
            problems.append(f"plug-in {path}: {path.stem!r} is not a name; use letters, digits and _")
        elif name in taken:
            problems.append(f"plug-in {path}: {taken[name]} is called {name!r} already")
        else:
            taken[name] = path
            _attempt(name, str(path), path, plugins, problems)
    for entry in entry_points(group=GROUP) if installed is None else installed:
        _attempt(entry.name, f"package {entry.value}", entry, plugins, problems)
    if problems and not skip_broken:
        raise ConfigError(problems, [WITHOUT_THEM])
    return plugins, problems


def _candidates(folders: Iterable[Path], problems: list[str]) -> Iterator[Path]:
    """What is a plug-in: a folder with a policy; else each file (NAME.py with NAME.toml) and folder in it."""
    for folder in folders:
        if not folder.is_dir():
            problems.append(f"plug-ins {folder}: there is no such folder")
            continue
        inside = sorted(path.absolute() for path in folder.iterdir() if not path.name.startswith((".", "_")))
        whole = (folder / POLICY).is_file()
        if whole:
            yield folder.absolute()
        for path in inside:
            own = any(path.glob("*.py")) if path.is_dir() else path.suffix == ".py"
            if own and (not whole or (path / POLICY).is_file()):
                yield path


def _attempt(name: str, origin: str, source: Path | EntryPoint, plugins: list[Plugin], problems: list[str]) -> None:
    policy = Path(POLICY)
    try:
        if isinstance(source, Path):
            policy = source / POLICY if source.is_dir() else source.with_suffix(".toml")
            modules = import_plugin(name, source)
        else:
            modules = _with_inner(importlib.import_module(source.module))
            policy = Path(modules[0].__file__ or "").parent / POLICY
    except (Exception, SystemExit) as error:  # a plug-in may raise anything while it is imported
        problems.append(f"plug-in {name!r} ({origin}) can't be imported: {_where(error, source)}")
        if isinstance(source, Path) and policy.is_file():  # whoever mends it sees all that is wrong with it
            problems += read_policies(policy)[1]
        return
    plugins.append(Plugin(name, origin, modules, policy if policy.is_file() else None))


def import_plugin(name: str, path: Path) -> list[ModuleType]:
    """Import a file, or a folder with every module in it, with or without `__init__.py`."""
    full = f"{NAMESPACE}.{name}"
    for loaded in [module for module in sys.modules if module == full or module.startswith(f"{full}.")]:
        del sys.modules[loaded]  # another one of this name, or an earlier state of this one
    parent = sys.modules.setdefault(NAMESPACE, _bare(NAMESPACE))
    file = path / "__init__.py" if path.is_dir() else path
    if file.is_file():
        spec = spec_from_file_location(full, file, submodule_search_locations=[str(path)] if path.is_dir() else None)
        if spec is None or spec.loader is None:
            raise ImportError(f"{file} can't be loaded")
        module = sys.modules[full] = module_from_spec(spec)
        spec.loader.exec_module(module)
    else:
        module = sys.modules[full] = _bare(full, path)
    setattr(parent, name, module)
    importlib.invalidate_caches()
    return _with_inner(module)


def _with_inner(module: ModuleType) -> list[ModuleType]:
    """A module, and where it is a package, every module below it, imported."""

    def fail(name: str) -> None:
        raise  # walk_packages calls this while it handles the error

    found = [module]
    for info in pkgutil.walk_packages(getattr(module, "__path__", ()), f"{module.__name__}.", onerror=fail):
        found.append(importlib.import_module(info.name))
    return found


def _bare(name: str, folder: Path | None = None) -> ModuleType:
    """A package without code of its own."""
    package = ModuleType(name)
    package.__path__ = [str(folder)] if folder else []
    return package


def _where(error: BaseException, source: Path | EntryPoint) -> str:
    """The error, and the last line of the plug-in's own code that led to it."""
    text = redact_text(f"{type(error).__name__}: {error}")
    if isinstance(error, SyntaxError) and error.filename:
        return f"{error.filename}:{error.lineno}: {text}"
    own = str(source) if isinstance(source, Path) else ""
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if own and frame.filename.startswith(own)]
    return f"{frames[-1].filename}:{frames[-1].lineno}: {text}" if frames else text
