"""Import, analysis and matching through crashes, in short (`benchmarks/scale.py`): what comes out is the same."""

import json
import subprocess
import sys
from pathlib import Path

PROGRAM = Path(__file__).parents[2] / "benchmarks" / "scale.py"


SENTENCES = Path(__file__).parents[1] / "data" / "labels" / "support.tsv"


def test_what_is_found_in_conversations_is_the_same_after_crashes(tmp_path: Path) -> None:
    rows = [line.split("\t") for line in SENTENCES.read_text().splitlines() if not line.startswith("#")]
    text = tmp_path / "text.jsonl"
    with text.open("w") as file:
        for at in range(24):
            said = [{"text": row[1]} for row in rows[3 * at : 3 * at + 3]]
            file.write(json.dumps({"channel": "chat", "messages": said}) + "\n")
    words = [sys.executable, PROGRAM, "--count", "24", "--kill", "--text", text]
    done = subprocess.run(words, capture_output=True, text=True, timeout=200, check=False)
    assert done.returncode == 0, (done.stdout, done.stderr)
    found = {row["what"]: row["figure"] for row in json.loads(done.stdout.splitlines()[-1])}
    assert found["kills"] >= 2
    assert found["conversations"] == found["conversations, with kills"] == 24
    assert found["labels"] > 5
    assert found["processor time in the encoder (%)"] > 0
