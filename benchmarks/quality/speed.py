"""Conversations analysed a second, on one thread: `python -m needlework.benchmarks.quality.speed [--data FOLDER]`.

CPU seconds, so that other work on the machine counts little. Real chats repeat themselves and the encoder remembers;
"all new" is the other end: nine sentences of up to twelve words that were never seen before.
"""

import argparse
import json
from itertools import groupby
from pathlib import Path
from time import process_time

from needlework.benchmarks.training import sources
from needlework.handlers.labels.analyser import Segment, analyse
from needlework.handlers.labels.definitions import DEFAULT_LABELS

SENTENCES = 9


def rate(conversations: list[list[str]]) -> float:
    """Conversations a CPU second."""
    before = process_time()
    for texts in conversations:
        analyse([Segment(str(number), text) for number, text in enumerate(texts)], DEFAULT_LABELS)
    return len(conversations) / (process_time() - before)


def main() -> None:
    """Print the line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=sources.DATA)
    data: Path = parser.parse_args().data
    analyse([Segment(None, "Load the models, please.")], DEFAULT_LABELS)
    chats = [[row.text for row in rows] for _, rows in groupby(sources.chats(data), key=lambda row: row.group)]
    short = [row.text for row in sources.questions(data) if row.text.count(" ") < 12]
    new = [short[start : start + SENTENCES] for start in range(0, 200 * SENTENCES, SENTENCES)]
    rates = {"real chats": rate(chats[:400]), "all new": rate(new)}
    print(json.dumps({f"{name}, conversations a second": round(value, 1) for name, value in rates.items()}))


if __name__ == "__main__":
    main()
