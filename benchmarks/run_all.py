"""Run every benchmark, or those named; `--write` puts figures into README.md, with how busy the machine was otherwise.

Run: uv run python benchmarks/run_all.py [--quick] [--write] [name ...]

A program's rows in README.md give way only to a run that was disturbed less; the figures have no say in it.
"""

import argparse
import json
import os
import re
import resource
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
README = HERE / "README.md"
PROGRAMS = ("publish", "drain", "latency", "delayed", "backlog", "features", "http_publish", "sse", "memory")
BEGIN, END = "<!-- figures -->\n", "<!-- end of figures -->"
HEAD = "| what | goal | figure | ratio to the reference of the same run |\n|---|---|---|---|\n"
_TITLE = re.compile(r"\| \*\*`(\w+)\.py`\*\*, (\d+) % of the machine busy otherwise \| \| \| \|\n")


def busy() -> float:
    """Seconds of processor time that the machine has spent so far, on anything."""
    user, nice, system, _, _, interrupts, soft, *_ = map(int, Path("/proc/stat").read_text().split("\n")[0].split()[1:])
    return (user + nice + system + interrupts + soft) / os.sysconf("SC_CLK_TCK")


def own() -> float:
    """The part of it that ended children of this process had."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def run(name: str, quick: bool) -> tuple[list[dict[str, Any]], int]:
    """A program's rows, and the percentage of the machine that others took. Raises CalledProcessError."""
    command = [sys.executable, str(HERE / f"{name}.py"), *(["--quick"] if quick else [])]
    start, all_before, own_before = time.monotonic(), busy(), own()
    answer = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    others = (busy() - all_before) - (own() - own_before)
    share = round(100 * max(0.0, others) / (time.monotonic() - start) / (os.cpu_count() or 1))
    *table, line = answer.stdout.splitlines()
    print(f"--- {name}.py, {share} % of the machine busy otherwise", *table, line, sep="\n", flush=True)
    return json.loads(line), share


def lines(name: str, rows: list[dict[str, Any]], share: int) -> str:
    """The rows as Markdown, under the program's name."""
    text = f"| **`{name}.py`**, {share} % of the machine busy otherwise | | | |\n"
    for row in rows:
        goal = f"{row['goal']} {'met' if row['met'] else '**missed**'}" if "goal" in row else ""
        ratio = f"{row['ratio']:.2f} of {row['reference']}" if "ratio" in row else ""
        text += f"| {row['what']} | {goal} | {row['figure']:,} | {ratio} |\n"
    return text


def write(name: str, rows: list[dict[str, Any]], share: int) -> None:
    """Put a program's rows into README.md, unless those there are of a calmer run."""
    before, _, rest = README.read_text().partition(BEGIN)
    table, _, after = rest.partition(END)
    _, *parts = _TITLE.split(table.removeprefix(HEAD))
    known = {parts[n]: (int(parts[n + 1]), parts[n + 2]) for n in range(0, len(parts), 3)}
    if name in known and known[name][0] < share:
        print(f"{name}: the figures in README.md are of a calmer run and stay")
        return
    blocks = {other: _title(other, known[other]) for other in known} | {name: lines(name, rows, share)}
    ordered = "".join(blocks[program] for program in PROGRAMS if program in blocks)
    README.write_text(f"{before}{BEGIN}{HEAD}{ordered}{END}{after}")


def _title(name: str, block: tuple[int, str]) -> str:
    return f"| **`{name}.py`**, {block[0]} % of the machine busy otherwise | | | |\n{block[1]}"


def main() -> None:
    """The programs in turn; one that fails ends the run."""
    parser = argparse.ArgumentParser(description="Run every benchmark.")
    parser.add_argument("names", nargs="*", choices=[*PROGRAMS, []], metavar="name")
    parser.add_argument("--quick", action="store_true", help="small counts: only whether they work")
    parser.add_argument("--write", action="store_true", help="put the figures into README.md")
    options = parser.parse_args()
    if options.quick and options.write:
        parser.error("small counts are no figures")
    for name in options.names or PROGRAMS:
        rows, share = run(name, options.quick)
        if options.write:
            write(name, rows, share)


if __name__ == "__main__":
    main()
