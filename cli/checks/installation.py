"""The installation: its settings and code, its files, its server, and what waits for code that is gone."""

import sqlite3
from collections.abc import Callable, Collection, Iterable, Mapping
from pathlib import Path
from typing import Any

from needlework.bus.errors import ConfigError
from needlework.bus.mounts import check_local, filesystem_of
from needlework.bus.owners import ProcessLock
from needlework.bus.sqlite.mark import read_mark
from needlework.bus.sqlite.orphans import Orphan, find_orphans
from needlework.cli.checks.findings import Finding
from needlework.cli.client import Silent
from needlework.cli.show import Failure, counted
from needlework.settings import Settings, load_settings

DATABASE = "needlework.db"
_IN_MEMORY = frozenset({"tmpfs", "ramfs"})
_LONG_LOG = 256 * 1024**2
_OWN = (DATABASE, f"{DATABASE}-wal", f"{DATABASE}-shm", f"{DATABASE}.mark", "needlework.lock")


def configuration(directory: Path, plugins: list[Path]) -> tuple[list[Finding], Settings | None, dict[str, Any]]:
    """The settings, and topic -> runners of the code."""
    from needlework.compose import load_registry

    try:
        settings = load_settings(directory, {"plugins": plugins or None})
        registry = load_registry(settings)
    except ConfigError as error:
        problems = [Finding("configuration", "fail", problem, "needlework check") for problem in error.problems]
        return problems, None, {}
    known = {name: topic.runners for name, topic in registry.topics.items()}
    found = f"{counted(len(known), 'topic')}, {counted(len(registry.runners), 'runner')}"
    return [Finding("configuration", "ok", found)], settings, known


def file_system(directory: Path, settings: Settings | None) -> Finding:
    """On what kind of file system the data lies: locks and flushes of a network's are not this machine's own."""
    kind = filesystem_of(directory) or "this system does not tell"
    try:
        check_local(directory)
    except ConfigError as error:
        allowed = settings is not None and settings.network_file_system
        return Finding("file system", "warn" if allowed else "fail", kind, error.problems[0])
    if kind in _IN_MEMORY:
        return Finding("file system", "warn", kind, "it is gone with the next restart of this machine; choose a disk")
    return Finding("file system", "ok", kind)


def modes(directory: Path, unix: Path | None = None) -> Finding:
    """Nobody else reads what is ours, or reaches the socket `unix` that we listen on."""
    ours = (directory, *map(directory.joinpath, _OWN), *(() if unix is None else (unix.parent, unix)))
    open_to_others = [path for path in ours if _others(path)]
    if open_to_others:
        names = " ".join(str(path) for path in open_to_others)
        return Finding("file modes", "warn", f"others may read {names}", f"chmod go= {names}")
    return Finding("file modes", "ok", "readable by their owner alone")


def _others(path: Path) -> bool:
    return path.exists() and bool(path.stat().st_mode & 0o077)


def secrets(settings: Settings) -> list[Finding]:
    """Whether what the settings refer to is there, and nobody else's to read; their values are told to nobody."""
    found, advice = [], None
    for name, secret in settings.secrets.items():
        path = None if secret.file is None else Path(secret.file)
        try:
            secret.read()
        except ConfigError as error:
            found.append(f"{name}: {error.problems[0]}")
            advice = "set it where the service starts, which may have other variables than this shell"
        else:
            if path is not None and _others(path):
                found.append(f"{name}: others may read {path}")
                advice = advice or f"chmod go= {path}"
    if not settings.secrets:
        return []
    names = ", ".join(settings.secrets)
    return [Finding("secrets", "warn", "; ".join(found), advice) if found else Finding("secrets", "ok", names)]


def processes(directory: Path) -> tuple[Finding, int | None]:
    """Who has the data directory open, and the server's process id."""
    server = _holder(directory / "needlework.lock")
    pids = sorted(living(directory).values())
    if server is None and not pids:
        return Finding("processes", "ok", "none has this directory open"), None
    served = f"served by {server}" if server else "not served"
    found = f"{served}; open in {', '.join(map(str, pids)) or 'none'}"
    if stopped := " ".join(str(pid) for pid in pids if _is_stopped(pid)):
        advice = f"they keep their runners and what they hold until they go on: kill -CONT {stopped}"
        return Finding("processes", "fail", f"{found}; stopped (SIGSTOP, a debugger): {stopped}", advice), server
    return Finding("processes", "ok", found), server


def _is_stopped(pid: int) -> bool:
    """As the kernel says, where it does."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] in ("T", "t")
    except (OSError, IndexError):
        return False


def living(directory: Path) -> dict[str, int]:
    """Epoch -> process id of every process that has the database open."""
    paths = (directory / "epochs").glob("*.lock")
    return {path.stem: pid for path in paths if (pid := _holder(path)) is not None}


def same_code(rows: Iterable[tuple[str, int, str, str]], alive: Collection[str]) -> list[Finding]:
    """Whether the attached processes run the same code; `rows` are (epoch, pid, role, fingerprint)."""
    attached = [row for row in rows if row[0] in alive]
    if not attached:
        return []
    found = ", ".join(f"{role} {pid}: {fingerprint}" for _, pid, role, fingerprint in attached)
    if len({row[3] for row in attached}) > 1:
        advice = "restart those with the old code: topics and policies differ between them"
        return [Finding("code", "warn", found, advice)]
    return [Finding("code", "ok", found)]


def _holder(path: Path) -> int | None:
    """The process that holds a lock file; nothing is made or removed."""
    lock = ProcessLock(path)
    if not path.is_file():
        return None
    pid = lock.holder()
    if lock.acquire():
        lock.release()
        return None
    return pid


def server(pid: int | None, ready: Callable[[], Any], url: str) -> Finding:
    """Whether the server that the commands would talk to answers."""
    try:
        answer = ready()
    except Failure as error:
        if pid is None:
            return Finding("server", "ok", "none runs here")
        if isinstance(error, Silent):
            return Finding("server", "fail", f"{pid} runs, but hangs: {error.what}", "see its log; start it again")
        return Finding("server", "warn", f"{pid} runs, but {url} does not answer: {error.what}", "--url, --token")
    checks = answer.get("checks", {}) if isinstance(answer, dict) else {}
    bad = [name for name, state in checks.items() if state is False]
    if bad:
        return Finding("server", "fail", f"{url} is not ready: {', '.join(bad)}", "see its log")
    if pid is None:
        return Finding("server", "warn", f"{url} answers, but serves another directory", "--data, --url")
    return Finding("server", "ok", f"{url} is ready")


def database(directory: Path, known: Mapping[str, Collection[str]]) -> tuple[list[Finding], int | None, list[Orphan]]:
    """The file, the time of its last message, and what waits in it for nobody."""
    path = directory / DATABASE
    if not path.is_file():
        return [Finding("database", "ok", "there is none yet; the first start makes it")], None, []
    try:
        alone = not path.with_name(f"{DATABASE}-wal").exists()  # then SQLite need not make one to read
        connection = sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro&immutable={alone:d}", uri=True)
        try:
            return _look(connection, path, known)
        finally:
            connection.close()
    except sqlite3.DatabaseError as error:
        return [Finding("database", "fail", str(error), "restore a backup: needlework restore --help")], None, []


def _look(
    connection: sqlite3.Connection, path: Path, known: Mapping[str, Collection[str]]
) -> tuple[list[Finding], int | None, list[Orphan]]:
    mark = read_mark(path.with_name(f"{DATABASE}.mark"))
    last = connection.execute("SELECT seq FROM sqlite_sequence WHERE name = 'messages'").fetchone()
    newest = connection.execute("SELECT max(created) FROM (SELECT created FROM messages ORDER BY seq DESC LIMIT 9)")
    orphans = find_orphans(connection, known) if known else []
    number = last[0] if last else 0
    if mark is not None and mark.message > number:
        found = f"it ends at message {number}, but {mark.message} was acknowledged"
        findings = [Finding("database", "fail", found, "restore a backup: needlework restore --help")]
    else:
        findings = [Finding("database", "ok", f"readable, up to message {number}")]
    log = path.with_name(f"{DATABASE}-wal")
    if log.is_file() and log.stat().st_size > _LONG_LOG:
        advice = "another program keeps the file open (a shell, a copy); the log shrinks when the service stops"
        findings.append(Finding("write-ahead log", "warn", f"{log.stat().st_size // 1024**2} MiB", advice))
    if connection.execute("SELECT 1 FROM sqlite_schema WHERE name = 'processes'").fetchone():
        rows = connection.execute("SELECT epoch, pid, role, fingerprint FROM processes ORDER BY started")
        findings += same_code(rows, living(path.parent))
    findings += [
        Finding(
            "orphans",
            "warn",
            f"{counted(each.unfinished, 'delivery', 'deliveries')} of {each.topic} wait for runner {each.runner},"
            " but no loaded code handles them",
            f"bring the code back (--plugins), or end them: needlework doctor --purge {each.topic}",
        )
        for each in orphans
    ]
    return findings, newest.fetchone()[0], orphans
