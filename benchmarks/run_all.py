"""Run every benchmark, one after the other; `--write` puts the figures into README.md.

Run: uv run python benchmarks/run_all.py [--quick] [--write]
"""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
PROGRAMS = ("publish", "drain", "latency", "delayed", "backlog", "features", "http_publish", "sse", "memory")
BEGIN, END = "<!-- figures -->", "<!-- end of figures -->"


def run(name: str, quick: bool) -> list[dict[str, Any]]:
    """The rows of one program: its last line. Raises CalledProcessError where it fails."""
    command = [sys.executable, str(HERE / f"{name}.py"), *(["--quick"] if quick else [])]
    answer = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    *table, line = answer.stdout.splitlines()
    print(f"--- {name}.py", *table, sep="\n", flush=True)
    rows: list[dict[str, Any]] = json.loads(line)
    return rows


def table(found: dict[str, list[dict[str, Any]]]) -> str:
    """The rows as Markdown."""
    lines = ["| what | goal | figure | ratio to the reference of the same run |", "|---|---|---|---|"]
    for name, rows in found.items():
        lines.append(f"| **`{name}.py`** | | | |")
        for row in rows:
            goal = f"{row['goal']} {'met' if row['met'] else '**missed**'}" if "goal" in row else ""
            ratio = f"{row['ratio']:.2f} of {row['reference']}" if "ratio" in row else ""
            lines.append(f"| {row['what']} | {goal} | {row['figure']:,} | {ratio} |")
    return "\n".join(lines)


def write(text: str) -> None:
    """Replace the figures in README.md."""
    readme = HERE / "README.md"
    before, _, rest = readme.read_text().partition(BEGIN)
    _, _, after = rest.partition(END)
    readme.write_text(f"{before}{BEGIN}\n{text}\n{END}{after}")


def main() -> None:
    """All programs in turn; a program that fails ends the run."""
    found = {name: run(name, "--quick" in sys.argv) for name in PROGRAMS}
    print(json.dumps(found))
    if "--write" in sys.argv:
        write(table(found))


if __name__ == "__main__":
    main()
