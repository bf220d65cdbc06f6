"""Handlers in processes of their own: progress out, values back, killed at any moment, and nobody else is harmed."""

import contextlib
import os
import pickle
import select
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import msgspec
import pytest
from needlework.bus.bus import Bus
from needlework.bus.errors import ConfigError
from needlework.bus.messages import Reply
from needlework.bus.owners import is_alive
from needlework.bus.plugins import load_plugins
from needlework.bus.processes import CALL, HEAD, PROGRESS, _call
from needlework.bus.records import EventRecord, Publication, Receipt
from needlework.bus.registry import Registry
from needlework.bus.subscriptions import subscribe
from needlework.bus.testing import ManualClock, drain, running_bus
from needlework.tests.bus import kit
from needlework.tests.bus.laboratory import Train, train

pytestmark = pytest.mark.anyio

RETRY = {"attempts": 2, "first": "1s", "jitter": 0}
REGISTRY = kit.registry(train, lab__train={"process": True, "timeout": "10s", "retry": RETRY})


def plain(event: EventRecord) -> Any:
    """What an event tells."""
    return msgspec.json.decode(event.data)


def alive(pid: int) -> bool:
    """Whether a process exists; one that nobody has buried yet does not."""
    with contextlib.suppress(OSError):
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, 0)
        return True
    return False


async def noted(bus: Bus, receipt: Receipt) -> list[int]:
    """The processes that a message's handler tells of, its own last."""
    async with contextlib.aclosing(bus.events(workspace=kit.DEFAULT, message=receipt.id, after=None)) as found:  # type: ignore[type-var]
        async for event in found:
            assert isinstance(event, EventRecord)
            return [int(pid) for pid in plain(event)["note"].split()]
    raise AssertionError("it never began")


async def started(bus: Bus, receipt: Receipt) -> int:
    """The process of a message's handler, when it has begun."""
    return (await noted(bus, receipt))[0]


async def last_error(bus: Bus, receipt: Receipt) -> str:
    """What the last attempt at a message failed with."""
    return str((await bus.message(kit.DEFAULT, receipt.id))["attempts"][-1]["error"])


async def test_it_runs_elsewhere_reports_and_returns_a_value(tmp_path: Path) -> None:
    async with running_bus(REGISTRY, tmp_path) as bus:
        receipt = await kit.publish(bus, Train(model="churn"))
        found = await kit.events(bus, receipt)
    assert found[-1].kind == "result"
    pid = plain(found[-1])["pid"]
    assert pid != os.getpid()
    assert not alive(pid)
    reports = [plain(event) for event in found if event.kind == "progress"]
    assert reports[0] == {"done": 0, "of": 2, "note": str(pid)}
    assert reports[-1] == {"done": 2, "of": 2}


@pytest.mark.parametrize(
    ("how", "result"),
    [("nothing", None), ("reply", Reply({"rows": 2}, {"X-Rows": "2"})), ("large", "x" * 300_000)],
)
async def test_whatever_json_can_hold_comes_back(tmp_path: Path, how: str, result: Any) -> None:
    async with running_bus(REGISTRY, tmp_path) as bus:
        assert (await kit.ask(bus, Train(how=how))).data == result


@pytest.mark.parametrize(
    ("how", "text"),
    [
        ("fail", "ValueError: m does not converge"),
        ("exit", "SystemExit: 0"),
        ("unsaid", "TypeError: "),
        ("odd", "Refuse: carries what is not JSON"),
        ("die", "the handler's process ended with 3 before it answered"),
        ("kill", "the handler's process was killed by SIGKILL"),
    ],
)
async def test_a_failure_follows_the_retry_policy_and_the_service_goes_on(
    tmp_path: Path, clock: ManualClock, how: str, text: str
) -> None:
    async with running_bus(REGISTRY, tmp_path, clock=clock) as bus:
        receipt = await kit.publish(bus, Train(how=how))
        await drain(bus)
        await kit.pass_time(bus, clock, 2)
        found = [event for event in await kit.events(bus, receipt) if event.kind != "progress"]
        assert [event.kind for event in found] == ["retrying", "dead"]
        assert plain(found[0])["error"].startswith(text)
        assert plain(found[1])["detail"].startswith(text)
        assert (await kit.ask(bus, Train(model="next"))).data["model"] == "next"


async def test_the_text_of_a_failure_says_where_it_was(tmp_path: Path, clock: ManualClock) -> None:
    async with running_bus(REGISTRY, tmp_path, clock=clock) as bus:
        receipt = await kit.publish(bus, Train(how="fail"))
        await drain(bus)
        error = await last_error(bus, receipt)
        assert "laboratory.py:" in error
        assert " in train" in error


async def test_control_flow_means_what_it_means_everywhere(tmp_path: Path, clock: ManualClock) -> None:
    async with running_bus(REGISTRY, tmp_path, clock=clock) as bus:
        refused = await kit.ask(bus, Train(how="refuse"))
        assert refused.kind == "refused"
        assert refused.data == {
            "status": 422, "code": "few", "detail": "too few rows", "least": 50,
            "errors": [{"field": "rows", "message": "3 of 50"}],
        }  # fmt: skip
        unknown = await kit.ask(bus, Train(how="unknown"))
        assert (unknown.kind, unknown.data["status"], unknown.data["code"]) == ("refused", 404, "not_found")
        assert (await kit.ask(bus, Train(how="discard"))).data == {"discarded": "nothing new"}
        receipt = await kit.publish(bus, Train(how="retry"))
        await drain(bus)
        assert await last_error(bus, receipt) == "Retry: later"


async def test_its_time_limit_kills_it(tmp_path: Path, clock: ManualClock) -> None:
    async with running_bus(REGISTRY, tmp_path, clock=clock) as bus:
        receipt = await kit.publish(bus, Train(how="hang"))
        pid = await started(bus, receipt)
        clock.advance(11)
        await kit.until(lambda: not alive(pid))
        await drain(bus)
        assert (await last_error(bus, receipt)).startswith("TimeoutError: timed out after 10 s")


@pytest.mark.parametrize(("how", "count"), [("family", 2), ("tree", 3)])
async def test_p04_what_it_started_ends_with_its_time_limit(
    tmp_path: Path, clock: ManualClock, how: str, count: int
) -> None:
    """Story: a forked child outlived the time limit, and the delivery waited for it, since it held the pipe open. One
    that had left the group went on beside the next attempt."""
    async with running_bus(REGISTRY, tmp_path, clock=clock) as bus:
        receipt = await kit.publish(bus, Train(how=how))
        everybody = await noted(bus, receipt)
        assert [alive(pid) for pid in everybody] == [True] * count
        clock.advance(11)
        await kit.until(lambda: not any(map(alive, everybody)))
        await drain(bus)
        assert (await last_error(bus, receipt)).startswith("TimeoutError: timed out after 10 s")


@pytest.mark.parametrize("how", ["runaway", "abandon"])
async def test_whoever_left_its_group_with_the_pipe_holds_up_nobody(
    tmp_path: Path, clock: ManualClock, how: str
) -> None:
    """As a daemon does: it asked to be left alone. The handler itself has answered, or has died."""
    async with running_bus(REGISTRY, tmp_path, clock=clock) as bus:
        receipt = await kit.publish(bus, Train(how=how))
        runaway = await started(bus, receipt)
        try:
            await drain(bus)
            assert alive(runaway)
            if how == "runaway":
                assert await kit.state(bus, receipt) == "done"
            else:
                assert await last_error(bus, receipt) == "the handler's process ended with 3 before it answered"
        finally:
            os.kill(runaway, signal.SIGKILL)


async def test_variables_that_hold_secrets_of_ours_are_not_inherited(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("NEEDLEWORK_TOKEN", "SLACK", "OTHER"):
        monkeypatch.setenv(name, "value")
    async with running_bus(REGISTRY, tmp_path) as bus:
        bus.controls.withheld |= {"SLACK"}
        names = (await kit.ask(bus, Train(how="environment"))).data
    assert {"NEEDLEWORK_TOKEN", "SLACK", "OTHER"} & set(names) == {"OTHER"}


async def test_cancelling_kills_it(tmp_path: Path) -> None:
    async with running_bus(REGISTRY, tmp_path) as bus:
        receipt = await kit.publish(bus, Train(how="hang"))
        pid = await started(bus, receipt)
        assert await bus.cancel(kit.DEFAULT, receipt.id, "me") == {"cancelled": 1}
        await drain(bus)
        assert await kit.state(bus, receipt) == "cancelled"
        assert not alive(pid)


async def test_a_service_that_stops_leaves_no_process_and_the_message_unfinished(tmp_path: Path) -> None:
    async with running_bus(REGISTRY, tmp_path) as bus:
        receipt = await kit.publish(bus, Train(how="hang"))
        pid = await started(bus, receipt)
    assert not alive(pid)
    async with running_bus(REGISTRY, tmp_path, runners=[]) as bus:
        (delivery,) = (await bus.message(kit.DEFAULT, receipt.id))["deliveries"]
        assert (delivery["state"], delivery["attempt"]) == ("waiting", 1), "it was started"


@pytest.fixture
def foreign(tmp_path: Path) -> Registry:
    """The same handler in a plug-in, which nobody can import by its name."""
    folder = tmp_path / "plugins" / "lab"
    folder.mkdir(parents=True)
    (folder / "handlers.py").write_text(Path(train.__code__.co_filename).read_text())
    (folder / "topics.toml").write_text(
        '[runners.lab]\ndescription = "Trains"\n[topics."lab.train"]\nsummary = "Train"\n'
        'permission = "permissionWorkspacesWrite"\nprocess = true\n'
    )
    (plugin,), _ = load_plugins([folder.parent])
    return Registry.load([], [folder / "topics.toml"], plugin.modules)


async def test_the_handler_of_a_plug_in_is_found_there_too(tmp_path: Path, foreign: Registry) -> None:
    message = foreign.topics["lab.train"].type(model="theirs")
    async with running_bus(foreign, tmp_path / "data") as bus:
        publication = Publication(message=message, workspace=kit.DEFAULT)
        _, outcome = await bus.request(publication, timeout=20)
        assert outcome is not None
        assert outcome.data["model"] == "theirs"


SERVICE = """
import asyncio, sys
from pathlib import Path
from needlework.bus.testing import running_bus
from needlework.tests.bus import kit
from needlework.tests.bus.test_processes import REGISTRY, Train, noted

async def main():
    async with running_bus(REGISTRY, Path(sys.argv[1])) as bus:
        receipt = await kit.publish(bus, Train(how="tree"))
        print(bus.epoch, *await noted(bus, receipt), flush=True)
        await asyncio.Event().wait()

asyncio.run(main())
"""


@pytest.mark.crashes
def test_p04_all_that_a_handler_started_ends_with_a_killed_service_before_another_takes_over(tmp_path: Path) -> None:
    """Story: what it had forked went on for ever. The handler is in native code that keeps the interpreter's lock;
    whoever ends it all is stopped for a while, as on a machine that has no time for it."""
    with subprocess.Popen([sys.executable, "-c", SERVICE, tmp_path], stdout=subprocess.PIPE, text=True) as service:
        assert service.stdout is not None
        epoch, *words = service.stdout.readline().split()
        everybody = [int(word) for word in words]
        reaper = int(Path(f"/proc/{everybody[-1]}/stat").read_text().rpartition(")")[2].split()[1])
        try:
            os.kill(reaper, signal.SIGSTOP)
            service.kill()
            service.wait()
            assert [alive(pid) for pid in everybody] == [True] * 3
            assert is_alive(tmp_path, epoch), "its runners would be taken over beside what runs"
            ended = os.pidfd_open(reaper)
            os.kill(reaper, signal.SIGCONT)
            assert select.select([ended], [], [], 20)[0]
            os.close(ended)
            assert [alive(pid) for pid in everybody] == [False] * 3
            assert not is_alive(tmp_path, epoch)
        finally:
            for pid in (*everybody, reaper):
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)


def test_it_ends_with_the_service(tmp_path: Path) -> None:
    """Else it would go on computing for a service that is gone, beside the attempt of the next one."""
    call = pickle.dumps(_call(train, Train(how="hang")))
    command = [sys.executable, "-P", "-m", "needlework.bus.isolated", str(os.getpid())]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as child:
        assert child.stdin is not None
        assert child.stdout is not None
        child.stdin.write(HEAD.pack(CALL, len(call)) + call)
        child.stdin.flush()
        kind, length = HEAD.unpack(child.stdout.read(HEAD.size))
        assert (kind, msgspec.json.decode(child.stdout.read(length))["done"]) == (PROGRESS, 0)
        child.stdin.close()
        assert child.wait(timeout=20) == 1


def test_what_can_t_be_imported_by_name_is_refused_at_the_start() -> None:
    @subscribe(Train, runner="lab")
    def inner(message: Train, report: Any) -> None:
        """Not at the top."""

    @subscribe(Train, runner="lab")
    async def waits(message: Train, report: Any) -> None:
        """In the loop."""

    for function in (inner, waits):
        with pytest.raises(ConfigError, match="process = true needs a plain `def` at the top of a module"):
            kit.registry(function, lab__train={"process": True})
    with pytest.raises(ConfigError, match="process does not apply"):
        kit.registry(train, lab__train={"process": True, "query": True})
