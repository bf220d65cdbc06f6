"""Conversations of real text imported, analysed and matched by a real server: how fast, in how much memory.

Run: uv run python benchmarks/scale.py [--quick] [--count N] [--apart] [--kill]

`--apart` lets each step wait for the one before, so that each has its own figures. `--kill` does it twice, the second
time with SIGKILL in the middle, and compares the outcomes. Unlike the others it measures against no reference.
"""

import argparse
import json
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from typing import Any

import common
import scale_outcome
import scale_text
from needlework.bus.ids import new_id
from needlework.cli.show import Failure
from scale_outcome import Outcome
from scale_server import Server

ANALYSIS = "conversation_note_analysis_processor"
AFTER = ("needle_mover_scheduler", "needle_mover", "tasks")
"""The runners that what an analysis found goes on to."""
TOPICS = ("conversation_note_analysis", "needle_mover_scheduler", "needle_mover", "needle_mover_actions", "task_labels")
KILLS = (0.05, 0.2, 0.4, 0.6, 0.8, 0.95)
"""Shares of the analyses after which the server is killed; once more follows while it matches."""
MARKS = (0.1, 0.5, 1.0)


class Run:
    """One import with all that follows from it."""

    def __init__(self, server: Server, file: Path, count: int) -> None:
        self.server, self._file, self.count = server, file, count
        self.batch = new_id("batch", time.time_ns() // 1000, Random())
        self.began = time.monotonic()
        self.imported = self.analysed = self.matched = 0.0
        self.seen: list[tuple[float, int]] = []
        self.cpu: dict[str, float] = {}
        """(seconds, analyses that have ended), as the stream told it."""

    def go(self, *, apart: bool, kills: list[float]) -> None:
        """From the first record to the last task."""
        if apart:
            self._hold("pause", ANALYSIS, *AFTER)
        watcher = threading.Thread(target=self._watch, args=(kills,), daemon=True)
        watcher.start()
        self._import()
        self.imported = self._mark("import")
        if apart:
            self._hold("resume", ANALYSIS)
        watcher.join()
        self.analysed = self._mark("analysis")
        if apart:
            self._hold("resume", *AFTER)
        if kills:
            time.sleep(2)
            self._again()
        self._until_matched()
        self.matched = self._mark("matching")

    def memory_at(self, share: float) -> float:
        """MiB resident when so many conversations were analysed."""
        at = next((at for at, done in self.seen if done >= share * self.count), self.seen[-1][0])
        return max((mib for when, mib in self.server.memory if at - 5 <= when - self.began <= at), default=0.0)

    def peak(self) -> float:
        """The most that it had, MiB."""
        return max(mib for _, mib in self.server.memory)

    def _import(self) -> None:
        """As a person does: an import that broke off is run again."""
        while True:
            words = ("import", str(self._file), "--json", "--batch", self.batch)
            ended = self.server.command(*words)
            if ended.returncode == 0:
                return
            if json.loads(ended.stdout or "{}").get("problems"):
                raise RuntimeError(ended.stdout[:2000])
            time.sleep(0.5)

    def _watch(self, kills: list[float]) -> None:
        """Follow the batch over its stream, through every crash, and kill where that is asked for."""
        left = [share * self.count for share in kills]
        while True:
            with suppress(Failure), self.server.client() as client:
                for event in client.events(f"/api/internal/batches/{self.batch}"):
                    if not event.data:
                        continue  # only a new place to resume from
                    state = json.loads(event.data)
                    ended = state["total"] - state["waiting"]
                    self.seen.append((time.monotonic() - self.began, ended))
                    if left and ended >= left[0]:
                        left.pop(0)
                        self._again()
                    if ended >= self.count:
                        return
            time.sleep(0.2)

    def _again(self) -> None:
        self.server.kill()
        self.server.start()

    def _until_matched(self) -> None:
        with self.server.client() as client:
            while any(self._left(client, topic) for topic in TOPICS):
                time.sleep(0.25)

    def _left(self, client: Any, topic: str) -> int:
        counts = client.get("/api/internal/counts").get(topic, {})
        return int(counts.get("waiting", 0)) + int(counts.get("running", 0))

    def _hold(self, verb: str, *runners: str) -> None:
        for runner in runners:
            ended = self.server.command(verb, "runner", runner)
            if ended.returncode:
                raise RuntimeError(ended.stderr)

    def _mark(self, step: str) -> float:
        self.cpu[step] = self.server.cpu() - sum(self.cpu.values())
        return time.monotonic() - self.began


@contextmanager
def running(file: Path, count: int, *, apart: bool = False, kills: tuple[float, ...] = ()) -> Iterator[Run]:
    """A run on a server and a directory of its own."""
    with common.scratch() as folder:
        server = Server(Path(folder))
        try:
            run = Run(server, file, count)
            run.go(apart=apart, kills=list(kills))
            yield run
        finally:
            server.kill()


def figures(run: Run, made: scale_text.Made, apart: bool) -> list[dict[str, Any]]:
    """The rows of one run, and what it left behind."""
    server, count = run.server, run.count
    total, (encoder, texts, asked) = server.cpu(), server.encoder()
    found = scale_outcome.look(server.folder / "data")
    begins = (0.0, run.imported, run.analysed) if apart else (0.0, 0.0, 0.0)
    ends = (run.imported, run.analysed, run.matched)
    rows = [
        (f"{step} (conversations/s)", count / (end - begin))
        for step, begin, end in zip(("import", "analysis", "matching and tasks"), begins, ends, strict=True)
    ]
    rows += [(f"processor time of {step} (ms a conversation)", 1000 * cpu / count) for step, cpu in run.cpu.items()]
    rows += [
        ("all of it (seconds)", run.matched),
        ("sentences (a conversation)", made.sentences / count),
        ("sentences that are new (%)", 100 * made.new / made.sentences),
        ("texts that the encoder read (a conversation)", texts / count),
        ("texts that its cache knew (%)", 100 * (1 - texts / asked)),
        ("processor time in the encoder (%)", 100 * encoder / total),
        *((f"memory at {share:.0%} of the analyses (MiB)", run.memory_at(share)) for share in MARKS),
        ("memory at the end (MiB)", server.memory[-1][1]),
        ("memory, the most (MiB)", run.peak()),
        ("database (MiB)", found.size),
        *found.counts.items(),
        *((f"WRONG: {name}", number) for name, number in found.wrong.items()),
    ]
    return [{"what": what, "figure": round(value, 1)} for what, value in rows]


def compare(one: Outcome, other: Outcome) -> list[dict[str, Any]]:
    """What a run with crashes has in common with one without."""
    rows = [
        {"what": f"{name}: the same after kills", "figure": one.same[name] == other.same[name]} for name in one.same
    ]
    rows += [{"what": f"{name}, with kills", "figure": count} for name, count in other.counts.items()]
    return rows + [{"what": f"WRONG: {name}", "figure": count} for name, count in other.wrong.items()]


def main() -> None:
    """Make the text, run once or twice, print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="200 conversations: only whether it works")
    parser.add_argument("--count", type=int, default=20_000, help="20000 by default")
    parser.add_argument("--apart", action="store_true", help="each step waits for the one before")
    parser.add_argument("--kill", action="store_true", help="a second run with SIGKILLs, compared with the first")
    parser.add_argument("--text", type=Path, help="a file of conversations, JSON lines, instead of ../shared/data")
    given = parser.parse_args()
    count = 200 if given.quick else given.count
    with common.scratch() as folder:
        file = Path(folder) / "conversations.jsonl"
        made = scale_text.write(file, count, datetime.now(UTC), given.text)
        with running(file, count, apart=given.apart) as run:
            rows = figures(run, made, given.apart)
            one = scale_outcome.look(run.server.folder / "data")
        if given.kill:
            with running(file, count, kills=KILLS) as run:
                rows.append({"what": "kills", "figure": run.server.kills})
                rows += compare(one, scale_outcome.look(run.server.folder / "data"))
    common.report(rows)
    if any(str(row["what"]).startswith("WRONG") or row["figure"] is False for row in rows):
        sys.exit("the outcome is wrong")


if __name__ == "__main__":
    main()
