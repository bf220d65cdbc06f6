"""How well the labels are told: `python -m needlework.benchmarks.quality.labels [--data FOLDER]
[--intents]`.

Judges the models in the package on what was kept aside from their training. One table for people, one line
of JSON.
"""

import argparse
import json
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import numpy as np
from needlework.benchmarks.training import sources
from needlework.benchmarks.training.sources import OWN_TEST, Sentence
from needlework.handlers.labels.analyser import ANALYSER_VERSION, Segment, analyse
from needlework.handlers.labels.definitions import DEFAULT_LABELS
from needlework.handlers.labels.scoring import label_models
from needlework.handlers.text.cues import cue_flags
from needlework.handlers.text.encoder import shared_encoder
from needlework.handlers.text.features import Features
from needlework.handlers.text.hashing import counts, inverse_frequency, weighted
from needlework.handlers.text.logistic import fit
from numpy.typing import NDArray

OWN_SETS = ("sentences", "second", "idioms", "unseen")
"""Our own sentences, in the order in which they were written; `unseen` influenced `margins.py` alone."""
EVERYDAY = (
    ("everyday", "reported"),
    ("everyday", "tuned"),
    ("everyday", "held"),
    ("harmless", "tuned"),
    ("harmless", "held"),
    ("support", "tuned"),
    ("support", "held"),
    ("german", "tuned"),
    ("german", "held"),
)
"""Files and their parts; what is `held` was never looked at while patterns and examples were written."""
BY_OWN_SENTENCES = [d.key for d in DEFAULT_LABELS if d.key not in {"action_items", "question"}]
RARE = frozenset(BY_OWN_SENTENCES) - {"task_issue_bug", "feature_request"}
Flags = NDArray[np.bool_]
Row = dict[str, float | str]


def measure(name: str, said: Iterable[bool], true: Iterable[bool]) -> Row:
    """Precision, recall, F1 and the number of true ones."""
    p, t = np.array(list(said), dtype=bool), np.array(list(true), dtype=bool)
    hits = int((p & t).sum())
    precision, recall = hits / max(1, int(p.sum())), hits / max(1, int(t.sum()))
    f1 = 2 * hits / max(1, int(p.sum() + t.sum()))
    return {
        "name": name,
        "precision": precision,
        "recall": recall,
        "f1": f1,
        "true": int(t.sum()),
        "n": len(t),
    }


def labels_of(text: str) -> set[str]:
    """The labels of one sentence or issue by itself."""
    return {result.label for result in analyse([Segment(None, text)], DEFAULT_LABELS) if result.present}


def action_items(data: Path) -> Iterator[Row]:
    """Aside e-mail sentences with the share of Yes that mail has (.31), and as they come; measured as asked for."""
    aside = [row for row in sources.emails(data) if row.aside]
    rows = sources.natural(aside, "yes", 0.31)
    yield measure("action_items (mail, 31 % yes)", ("action_items" in labels_of(r.text) for r in rows), _yes(rows))
    yield measure("action_items (mail, as it comes)", ("action_items" in labels_of(r.text) for r in aside), _yes(aside))
    train = [row for row in sources.emails(data) if not row.aside]
    yield measure("  baseline: words, C=4", _words_only(train, rows), _yes(rows))


def issues(data: Path) -> list[Row]:
    """Aside issues: each kind, and the macro F1 as mean over repositories."""
    rows = [row for row in sources.issues(data) if row.aside]
    models, encoder = label_models(), shared_encoder()
    kinds = {"task_issue_bug": "bug", "feature_request": "feature", "question": "question"}
    said = []
    for row in rows:
        scores = models.issue_scores(row.title, row.body, encoder)
        said.append(kinds[max(scores, key=lambda key: scores[key])])
    true = [row.label for row in rows]
    out = [_kind(f"{key} (GitHub issue)", kind, said, true) for key, kind in kinds.items()]
    macros = []
    for repo in sorted({row.repo for row in rows}):
        at = [index for index, row in enumerate(rows) if row.repo == repo]
        parts = [_kind("", kind, [said[i] for i in at], [true[i] for i in at])["f1"] for kind in kinds.values()]
        macros.append(np.mean([float(part) for part in parts]))
    return [
        *out,
        {"name": "GitHub macro F1, mean of repositories", "f1": float(np.mean(macros)), "n": len(rows)},
    ]


def chat_faults(data: Path) -> list[Row]:
    """Aside chats of the software desk: which sentences report a fault."""
    rows = [row for row in sources.chats(data) if row.aside and "software" in row.labels]
    said = ("task_issue_bug" in labels_of(row.text) for row in rows)
    return [measure("task_issue_bug (chat sentence)", said, ("reportbrokensoftware" in r.labels for r in rows))]


def unmarked_questions(data: Path) -> list[Row]:
    """Aside sentences that ended with a mark, without it."""
    rows = [row for row in (*sources.emails(data), *sources.questions(data)[::8]) if row.aside]
    rows = [row for row in rows if row.text[-1:] in {"?", "."} and "?" not in row.text[:-1]]
    said = ("question" in labels_of(row.text[:-1]) for row in rows)
    return [measure("question (mark removed)", said, (row.text.endswith("?") for row in rows))]


def own_sentences(path: Path, name: str) -> list[Row]:
    """Sentences of ours; small numbers, and the same hand as the examples."""
    rows = sources.own(path)
    said = [labels_of(row.text) for row in rows]
    return [
        measure(f"{key} ({name})", (key in found for found in said), (key in row.labels for row in rows))
        for key in BY_OWN_SENTENCES
    ]


def everyday() -> list[Row]:
    """All labels of short everyday sentences taken together, a row for each of `EVERYDAY`."""
    out = []
    for file, part in EVERYDAY:
        lines = OWN_TEST.with_name(f"{file}.tsv").read_text(encoding="utf-8").splitlines()
        rows = [line.split("\t") for line in lines if line[:1] != "#"]
        mine = [(labels_of(text), set(labels.split(","))) for labels, text, of in rows if of == part]
        pairs = [(d.key in said, d.key in true) for said, true in mine for d in DEFAULT_LABELS]
        out.append(measure(f"all labels ({file}, {part})", *zip(*pairs, strict=True)))
    return out


def firing(data: Path) -> dict[str, float]:
    """Labels per 1,000 aside sentences of mail, chat and meetings that nobody labelled for them."""
    parts = [sources.emails(data), sources.chats(data), sources.meetings(data, 20)]
    rows = [row for part in parts for row in [r for r in part if r.aside][:400]]
    found = [labels_of(row.text) for row in rows]
    return {d.key: round(1000 * sum(d.key in labels for labels in found) / len(rows), 1) for d in DEFAULT_LABELS}


def intents(data: Path) -> list[Row]:
    """Not a label: the same columns trained on chat intents, to compare with the recipe (.81 and .865
    micro F1)."""
    out = []
    for domain in ("software", "finance"):
        rows = [row for row in sources.chats(data) if domain in row.labels]
        texts = [row.text for row in rows]
        table = counts(texts)
        dense = np.concatenate((shared_encoder().encode(texts), cue_flags(texts) * 0.5), axis=1).astype(np.float32)
        columns = Features(dense, weighted(table, inverse_frequency(table)))
        train, test = (np.flatnonzero([row.aside == side for row in rows]) for side in (False, True))
        names = sorted({label for row in rows for label in row.labels} - sources.SMALL_TALK - {domain})
        truth = np.array([[name in row.labels for name in names] for row in rows])
        guess = [_intent(columns, truth[:, k].astype(int), train, test) for k in range(len(names))]
        out.append(measure(f"{domain} chat intents, micro", np.stack(guess, axis=1).ravel(), truth[test].ravel()))
    return out


def _intent(columns: Features, truth: NDArray[np.int64], train: NDArray[np.int64], test: NDArray[np.int64]) -> Flags:
    model = fit(columns.take(train), truth[train], ("no", "yes"), c=10, iterations=60)
    return np.asarray(model.probabilities(columns.take(test))[:, 1] >= 0.35)


def _words_only(train: list[Sentence], test: list[Sentence]) -> Flags:
    table = counts([row.text for row in train])
    idf = inverse_frequency(table)
    empty = np.zeros((len(train), 0), dtype=np.float32)
    model = fit(Features(empty, weighted(table, idf)), [int(y) for y in _yes(train)], ("no", "yes"), c=4)
    columns = Features(empty[: len(test)], weighted(counts([row.text for row in test]), idf))
    return np.asarray(model.probabilities(columns)[:, 1] >= 0.5)


def _yes(rows: list[Sentence]) -> list[bool]:
    return ["yes" in row.labels for row in rows]


def _kind(name: str, kind: str, said: list[str], true: list[str]) -> Row:
    return measure(name, (s == kind for s in said), (t == kind for t in true))


def show(rows: Sequence[Row], width: int) -> None:
    """Print precision, recall and F1 as a table, names `width` characters wide, and all of it as a line of JSON."""
    print(f"{'':{width}}{'P':>7}{'R':>7}{'F1':>7}")
    for row in rows:
        print(f"{row['name']:{width}}" + "".join(f"{row[column]:7.3f}" for column in ("precision", "recall", "f1")))
    print(json.dumps(rows))


def main() -> None:
    """Print the table and the line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=sources.DATA)
    parser.add_argument("--intents", action="store_true", help="also the chat intents of the recipe (two minutes)")
    options = parser.parse_args()
    data: Path = options.data
    rows: list[Row] = [*action_items(data), *issues(data), *chat_faults(data), *unmarked_questions(data)]
    for name in OWN_SETS:
        rows += own_sentences(OWN_TEST.with_name(f"{name}.tsv"), name)
    rows += everyday()
    rows += intents(data) if options.intents else []
    print(f"{'':44}{'P':>7}{'R':>7}{'F1':>7}{'true':>7}{'n':>7}")
    for row in rows:
        cells = [f"{row[c]:7.3f}" if c in row else " " * 7 for c in ("precision", "recall", "f1")]
        print(f"{row['name']:44}{''.join(cells)}{row.get('true', ''):>7}{row['n']:>7}")
    fires = firing(data)
    print("labels per 1,000 unlabelled sentences: " + ", ".join(f"{key} {rate}" for key, rate in fires.items()))
    print(json.dumps({"version": ANALYSER_VERSION, "rows": rows, "firing": fires}))


if __name__ == "__main__":
    main()
