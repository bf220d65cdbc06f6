"""How well a workspace's own labels are told: `python -m needlework.benchmarks.quality.own_labels [--data FOLDER]`.

What customers of two help desks ask for (MultiDoGO), each intent as a label of the workspace's own with so many of its
sentences as examples and as many others as counter-examples, at the threshold that labels begin with. Micro F1 of all
intents over the aside chats.
"""

import argparse
import random
from collections.abc import Sequence
from pathlib import Path

from needlework.benchmarks.quality.labels import Row, measure, show
from needlework.benchmarks.training import sources
from needlework.benchmarks.training.sources import Sentence
from needlework.handlers.labels.analyser import Segment, analyse
from needlework.handlers.labels.definitions import LabelDefinition, LabelRules

PLANS = ((5, 0), (10, 10), (30, 30), (100, 100))
"""Examples and counter-examples."""
DOMAINS = ("software", "finance")


def intents(data: Path, domain: str, examples: int, counter: int) -> Row:
    """All intents of one help desk taken together."""
    rows = [row for row in sources.chats(data) if domain in row.labels]
    learned, judged = ([row for row in rows if row.aside == aside] for aside in (False, True))
    names = sorted({label for row in learned for label in row.labels} - sources.SMALL_TALK - {domain})
    definitions = [own_label(name, learned, examples, counter) for name in names]
    said = [
        result.present for row in judged for result in analyse([Segment(None, row.text)], definitions)
    ]  # fmt: skip
    name = f"{domain}, {examples} examples, {counter} counter-examples"
    return measure(name, said, [name in row.labels for row in judged for name in names])


def own_label(name: str, rows: Sequence[Sentence], examples: int, counter: int) -> LabelDefinition:
    """Half of the counter-examples, where there are enough, ask for something else."""
    mixed = list(rows)
    random.Random(0).shuffle(mixed)
    yes = list(dict.fromkeys(row.text for row in mixed if name in row.labels))
    no = [row for row in mixed if name not in row.labels]
    asking = [row.text for row in no if row.labels - sources.SMALL_TALK - set(DOMAINS) or "outofdomain" in row.labels]
    kept = dict.fromkeys([*asking[: counter // 2], *(row.text for row in no)])
    rules = LabelRules(examples=tuple(yes[:examples]), counter_examples=tuple(list(kept)[:counter]))
    return LabelDefinition(key=f"own_{name}", prompt=name, rules=rules)


def main() -> None:
    """Print the table and the line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=sources.DATA)
    data: Path = parser.parse_args().data
    rows = [intents(data, domain, *plan) for plan in PLANS for domain in DOMAINS]
    show(rows, 48)


if __name__ == "__main__":
    main()
