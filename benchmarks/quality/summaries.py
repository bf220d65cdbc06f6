"""Summaries of 117 words, without an LLM: `python -m needlework.benchmarks.quality.summaries [--data FOLDER]`.

Judged on the meetings kept aside from training, by the numbers in the package, against the first 117 words; then, as
a check on so few, on all meetings, each by numbers trained on the other three quarters. Speakers' names count as words.
"""

import argparse
import json
from collections.abc import Callable
from pathlib import Path

from needlework.benchmarks.quality.rouge import rouge
from needlework.benchmarks.training.sources import DATA
from needlework.benchmarks.training.summaries import Table, fit, meetings, table
from needlework.handlers.text.summarise import Numbers, choose, shipped, spoken

WORDS = 117


def ours(each: Table, numbers: Numbers) -> str:
    """The summary of one meeting."""
    chosen = choose(each.found, each.vectors, numbers.score(each.rows), WORDS)
    return " ".join(spoken([each.found[i] for i in chosen]).split()[:WORDS])


def lead(each: Table) -> str:
    """The first words of a meeting."""
    return " ".join(" ".join(turn.text for turn in each.meeting.turns).split()[:WORDS])


def figures(name: str, tables: list[Table], text: Callable[[Table], str]) -> dict[str, object]:
    """Means over meetings."""
    pairs = [(text(each), each.meeting.summary) for each in tables]
    means = {f"rouge_{n}": round(sum(rouge(a, b, n) for a, b in pairs) / len(pairs), 2) for n in (1, 2)}
    return {"what": name, "meetings": len(pairs), **means}


def main() -> None:
    """Print the lines."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=DATA)
    tables = [table(each) for each in meetings(parser.parse_args().data)]
    aside = [each for each in tables if each.meeting.aside]
    folds = [fit([each for n, each in enumerate(tables) if n % 4 != fold]) for fold in range(4)]
    place = {each.meeting.id: n % 4 for n, each in enumerate(tables)}
    print(json.dumps(figures("lead, kept aside", aside, lead)))
    print(json.dumps(figures("ours, kept aside", aside, lambda each: ours(each, shipped()))))
    print(json.dumps(figures("lead, all", tables, lead)))
    print(json.dumps(figures("ours, all, by folds", tables, lambda each: ours(each, folds[place[each.meeting.id]]))))


if __name__ == "__main__":
    main()
