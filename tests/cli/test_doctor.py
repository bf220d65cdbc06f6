"""`needlework doctor`: each check says what is wrong and what to do, changes nothing, and fails where it must."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import anyio
import httpx2
import pytest
from needlework.bus.mounts import check_local, filesystem_of
from needlework.bus.owners import lock_epoch
from needlework.bus.sqlite.mark import Mark, write_mark
from needlework.cli.checks import installation, machine
from needlework.cli.checks.findings import Finding
from needlework.cli.client import Silent
from needlework.compose import load_registry, open_bus
from needlework.settings import FILE, load_settings
from needlework.tests.cli.test_server import start

PLUGIN = '''
from needlework.bus.messages import Message
from needlework.bus.subscriptions import subscribe

class Sweep(Message[None], topic="cleaning.sweep"):
    """Sweep."""
    room: str

@subscribe(Sweep, runner="broom")
async def sweep(message: Sweep, ctx: object) -> None:
    """Swept."""
'''
POLICY = """
[runners.broom]
description = "Sweeps"
[topics."cleaning.sweep"]
summary = "Sweep a room"
permission = "permissionWorkspacesWrite"
"""


def states(findings: list[dict[str, Any]]) -> dict[str, str]:
    return {each["check"]: each["state"] for each in findings}


def examined(server: Any, directory: Path, *words: str) -> tuple[int, dict[str, dict[str, Any]]]:
    """Exit code, and check -> what was found."""
    result = server("doctor", "--data", str(directory), "--json", *words)
    return result.exit_code, {each["check"]: each for each in json.loads(result.stdout)["findings"]}


@pytest.fixture
def stopped(server: Any, tmp_path: Path) -> Path:
    """A data directory that was served once."""
    server.raises(httpx2.ConnectError)
    directory = tmp_path / "data"

    async def make() -> None:
        async with open_bus(load_settings(directory, environ={})):
            pass

    anyio.run(make)
    directory.chmod(0o700)
    return directory


def test_a_running_server_and_its_machine_are_looked_at(tmp_path: Path) -> None:
    running = start(tmp_path / "data")
    try:
        result = running("doctor", "--data", str(running.data), "--json")
        found = {each["check"]: each for each in json.loads(result.stdout)["findings"]}
        assert found["processes"]["found"].startswith(f"served by {running.process.pid}; open in ")
        assert found["server"] == {
            "check": "server", "state": "ok", "found": f"{running.url} is ready", "advice": None
        }  # fmt: skip
        refused = running("doctor", "--data", str(running.data), "--purge", "nobody")
        assert (refused.exit_code, "nothing waits in vain for 'nobody'" in refused.stderr) == (1, True)
        for check in ("configuration", "code", "database", "file modes"):
            assert found[check]["state"] == "ok", found[check]
        assert "median" in found["fsync"]["found"]
        assert "GiB free" in found["disk space"]["found"]
        assert found["clock"]["state"] in ("ok", "warn")
        elsewhere = running("doctor", "--data", str(tmp_path), "--json")
        (server,) = [each for each in json.loads(elsewhere.stdout)["findings"] if each["check"] == "server"]
        assert "serves another directory" in server["found"]
    finally:
        running.stop()


def test_a_doctor_changes_nothing(server: Any, stopped: Path) -> None:
    before = {path: path.stat().st_mtime_ns for path in stopped.rglob("*") if "-wal" not in path.name}
    code, found = examined(server, stopped)
    assert code == 0
    assert found["server"]["found"] == "none runs here"
    assert found["processes"]["found"] == "none has this directory open"
    after = {path: path.stat().st_mtime_ns for path in before if path.exists()}
    assert {name: at for name, at in after.items() if "-shm" not in name.name} == {
        name: at for name, at in before.items() if "-shm" not in name.name
    }


def test_wrong_settings_fail_and_name_the_line(server: Any, stopped: Path) -> None:
    (stopped / FILE).write_text("prot = 1\n")
    code, found = examined(server, stopped)
    assert code == 1
    assert found["configuration"]["state"] == "fail"
    assert "unknown setting 'prot'" in found["configuration"]["found"]
    assert "fsync" in found


def test_files_that_others_may_read_are_named_with_the_command_that_mends_them(server: Any, stopped: Path) -> None:
    (stopped / "needlework.db").chmod(0o644)
    _, found = examined(server, stopped)
    assert found["file modes"]["advice"] == f"chmod go= {stopped}/needlework.db"


def test_a_database_that_lacks_what_was_acknowledged_fails(server: Any, stopped: Path) -> None:
    write_mark(stopped / "needlework.db.mark", Mark(5, 5))
    code, found = examined(server, stopped)
    assert code == 1
    assert found["database"]["found"] == "it ends at message 0, but 5 was acknowledged"
    (stopped / "needlework.db").write_bytes(b"x" * 8192)
    code, found = examined(server, stopped)
    assert (code, found["database"]["state"]) == (1, "fail")


def test_processes_with_other_code_are_told_and_dead_ones_are_not_asked() -> None:
    rows = [("a", 1, "api", "f1"), ("b", 2, "worker", "f2"), ("c", 3, "worker", "f1")]
    assert installation.same_code(rows, {"a", "c"})[0].state == "ok"
    (told,) = installation.same_code(rows, {"a", "b"})
    assert (told.state, told.found) == ("warn", "api 1: f1, worker 2: f2")
    assert installation.same_code(rows, set()) == []


def test_a_server_that_does_not_answer_is_told_from_none() -> None:
    def unreachable() -> Any:
        raise installation.Failure("connection refused")

    assert installation.server(None, unreachable, "u").state == "ok"
    assert installation.server(7, unreachable, "u").state == "warn"

    def silent() -> Any:
        raise Silent("no answer")

    assert installation.server(7, silent, "u").state == "fail"
    unready = installation.server(7, lambda: {"ready": False, "checks": {"database": False}}, "u")
    assert unready == Finding("server", "fail", "u is not ready: database", "see its log")


def test_secrets_that_are_not_there_or_open_to_others_are_named_and_never_shown(
    server: Any, stopped: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A variable that was not set showed only in the first post that failed."""
    monkeypatch.setenv("NW_TEST_SLACK", "xoxb-a-canary")
    secret = stopped / "github.txt"
    secret.write_text("a canary of github")
    secret.chmod(0o644)
    named = '[secrets]\nslack = { env = "NW_TEST_SLACK" }\n'
    (stopped / FILE).write_text(named)
    _, found = examined(server, stopped)
    assert (found["secrets"]["state"], found["secrets"]["found"]) == ("ok", "slack")
    (stopped / FILE).write_text(f'{named}github = {{ file = "{secret}" }}\nslack_b = {{ env = "NW_TEST_NONE" }}\n')
    code, found = examined(server, stopped)
    assert (code, found["secrets"]["state"]) == (0, "warn")
    assert f"github: others may read {secret}" in found["secrets"]["found"]
    assert "slack_b: the environment variable NW_TEST_NONE is not set" in found["secrets"]["found"]
    assert "canary" not in str(found)


def test_a_process_that_is_stopped_is_named_with_what_wakes_it(server: Any, stopped: Path) -> None:
    """The doctor waited for 106 seconds, then warned of the address alone and ended with 0."""
    server.answers.clear()
    server.raises(httpx2.ReadTimeout)
    holding = (
        "import sys, time; from pathlib import Path; from needlework.bus.owners import lock_epoch, lock_server;"
        " kept = lock_server(Path(sys.argv[1])), lock_epoch(Path(sys.argv[1]), 'e1'); print('held'); time.sleep(600)"
    )
    words = [sys.executable, "-u", "-c", holding, str(stopped)]
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True) as holder:
        try:
            assert holder.stdout is not None
            holder.stdout.readline()
            holder.send_signal(signal.SIGSTOP)
            os.waitid(os.P_PID, holder.pid, os.WSTOPPED | os.WNOWAIT)
            code, found = examined(server, stopped)
        finally:
            holder.kill()
    assert code == 1
    assert (found["processes"]["state"], found["server"]["state"]) == ("fail", "fail")
    assert found["processes"]["advice"].endswith(f"kill -CONT {holder.pid}")


@pytest.mark.parametrize(
    ("kind", "allowed", "state"),
    [("ext4", False, "ok"), ("nfs4", False, "fail"), ("nfs4", True, "warn"), ("tmpfs", False, "warn")],
)
def test_a_file_system_of_a_network_fails_unless_it_is_allowed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str, allowed: bool, state: str
) -> None:
    mounts = tmp_path / "mountinfo"
    mounts.write_text(f"22 1 0:1 / / rw - {kind} source rw\n")
    monkeypatch.setattr(installation, "filesystem_of", lambda directory: filesystem_of(directory, mounts))
    monkeypatch.setattr(installation, "check_local", lambda directory: check_local(directory, mounts=mounts))
    settings = load_settings(tmp_path, {"network_file_system": allowed}, environ={})
    found = installation.file_system(tmp_path, settings)
    assert (found.found, found.state) == (kind, state)


@pytest.mark.parametrize(("milliseconds", "state"), [(0.01, "warn"), (0.4, "ok"), (8, "ok"), (90, "warn")])
def test_flushes_that_are_too_fast_to_be_true_or_slow_are_said(milliseconds: float, state: str) -> None:
    assert machine.judge_flushes([milliseconds / 1000] * 5).state == state


def test_a_clock_behind_the_last_message_fails_and_one_that_is_being_set_warns() -> None:
    assert machine.judge_clock(1_000.0, 1_060_000_000, 0.0).found == "the last message lies 60 s in the future"
    assert machine.judge_clock(1_000.0, 999_000_000, 0.2).state == "warn"
    assert machine.judge_clock(1_000.0, None, 0.0).state == "ok"


def test_little_room_warns_and_none_fails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for free, state in ((10**6, "fail"), (5 * 10**8, "warn"), (10**11, "ok")):
        monkeypatch.setattr("shutil.disk_usage", lambda path, free=free: type("Usage", (), {"free": free})())
        assert machine.room(tmp_path).state == state


def test_what_waits_for_code_that_is_gone_is_listed_and_ended_only_by_name(
    server: Any, tmp_path: Path, stopped: Path
) -> None:
    plugins = tmp_path / "plugins"
    plugins.mkdir()
    (plugins / "cleaning.py").write_text(PLUGIN)
    (plugins / "cleaning.toml").write_text(POLICY)
    settings = load_settings(stopped, {"plugins": [plugins]}, environ={})
    registry = load_registry(settings)
    ids: list[str] = []

    async def publish() -> None:
        from needlework.bus.records import Publication

        sweep = registry.topics["cleaning.sweep"].type
        async with open_bus(settings, registry=registry) as bus:
            workspace = bus.workspaces.by_name["default"]
            for room in "abc":
                message = sweep(room=room)
                ids.append((await bus.publish(Publication(message=message, workspace=workspace))).id)

    anyio.run(publish)
    assert "orphans" not in examined(server, stopped, "--plugins", str(plugins))[1]
    code, found = examined(server, stopped)
    assert code == 0
    assert found["orphans"]["found"].startswith("3 deliveries of cleaning.sweep wait for runner broom")
    assert "nothing waits in vain for 'content'" in server(
        "doctor", "--data", str(stopped), "--purge", "content"
    ).stderr  # fmt: skip
    lock = lock_epoch(stopped, "elsewhere")
    assert "open first" in server("doctor", "--data", str(stopped), "--purge", "broom").stderr
    lock.release(remove=True)
    code, found = examined(server, stopped, "--purge", "broom")
    assert (code, found["purge"]["found"]) == (0, "3 deliveries cancelled")
    assert "orphans" not in examined(server, stopped)[1]

    async def look() -> list[Any]:
        async with open_bus(settings, registry=registry) as bus:
            workspace = bus.workspaces.by_name["default"]
            assert (await bus.counts(workspace))["cleaning.sweep"]["unfinished"] == 0
            return [(await bus.message(workspace, each))["state"] for each in ids]

    assert anyio.run(look) == ["cancelled"] * 3
