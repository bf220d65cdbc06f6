"""Question -> the turn that answers it: `python -m needlework.benchmarks.quality.evidence [--data FOLDER]`.

On all meetings of the data: nothing in it was trained on them but the four weights, which were chosen before on
half of such meetings (held-out ones gave .500 at the first, .783 within the first five).
"""

import argparse
import json
from pathlib import Path

from needlework.benchmarks.training.sources import DATA
from needlework.benchmarks.training.summaries import meetings
from needlework.handlers.text.encoder import shared_encoder
from needlework.handlers.text.evidence import Evidence


def main() -> None:
    """Print the line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=DATA)
    ranks: list[tuple[bool, int]] = []
    for meeting in meetings(parser.parse_args().data):
        asked = Evidence(meeting.turns, shared_encoder())
        for question, spans in meeting.questions:
            right = {turn for first, last in spans for turn in range(first, last + 1)}
            found = asked.ask(question)
            ranks.append((meeting.aside, next((n for n, turn in enumerate(found) if turn in right), 99)))
    for name, part in (("all", ranks), ("aside", [each for each in ranks if each[0]])):
        hits = {f"hit@{k}": round(sum(rank < k for _, rank in part) / len(part), 3) for k in (1, 5, 10)}
        print(json.dumps({"meetings": name, "questions": len(part), **hits}))


if __name__ == "__main__":
    main()
