"""How well texts are told by theme: `python -m needlework.benchmarks.quality.themes [--data FOLDER]`.

banking77: from the name and 5 or 10 examples of each of 77 themes, on 12 texts a theme kept aside, three draws, by
matrices trained without the themes that they judge. Goals: .82 and .94 with 5 examples, .87 with 10.
clinc150: which texts belong to none of 150 themes, on texts kept aside from the threshold's choice. Goal: .88 at .84.
One table for people, one line of JSON.
"""

import argparse
import json
from pathlib import Path

import numpy as np
from needlework.benchmarks.training import sources
from needlework.benchmarks.training import themes as training
from needlework.handlers.text.bm25 import BM25, words
from needlework.handlers.text.encoder import shared_encoder
from needlework.handlers.text.features import Features
from needlework.handlers.text.hashing import Double
from needlework.handlers.text.logistic import fit
from needlework.handlers.text.themes import Theme, model, order, similarity
from numpy.typing import NDArray

ASIDE = 12
SEEDS = (0, 1, 2)
SHARE = 1000 / 5500
"""Of texts that belong to none, as in the field; what is kept aside has fewer, and is weighted."""
PRECISION = 0.84
FOLDS = 5
PARTS = 3
Row = dict[str, float | str]


def theme(name: str, texts: list[str]) -> Theme:
    """A theme of its name and examples."""
    plain = name.replace("_", " ")
    vectors = shared_encoder().encode([plain, *texts])
    return Theme(vectors[0], vectors[1:], [word for text in (plain, *texts) for word in words(text)])


def banking(data: Path) -> list[Row]:
    """Recall at 1 and 3 by how many examples; each third of the themes is judged by a matrix that never saw it."""
    rows = training.intents(data / "support_intents_banking77" / "train.tsv")
    names = sorted({name for name, _ in rows})
    by_name = {name: [text for label, text in rows if label == name] for name in names}
    part = np.random.default_rng(9).permutation(len(names)) % PARTS
    own, others = training.banking(data), training.assistant(data)
    moves = [training.learn(others.beside(own.only(part != number))) for number in range(PARTS)]
    found: dict[str, list[tuple[float, float]]] = {}
    for seed in SEEDS:
        draw = np.random.default_rng(seed)
        mixed = {name: [by_name[name][at] for at in draw.permutation(len(by_name[name]))] for name in names}
        aside = [(number, text) for number, name in enumerate(names) for text in mixed[name][:ASIDE]]
        truth = np.array([number for number, _ in aside])
        vectors = shared_encoder().encode([text for _, text in aside])
        queries = [words(text) for _, text in aside]
        for shots in (5, 10):
            themes = [theme(name, mixed[name][ASIDE : ASIDE + shots]) for name in names]
            near = np.stack([similarity(vectors, each) for each in themes], axis=1)
            found.setdefault(f"banking77, {shots} examples, similarity alone", []).append(recall(near, truth))
            for name, used in (("matrix left out", [np.zeros_like(moves[0])] * PARTS), ("themes never seen", moves)):
                both = np.stack([order(vectors, queries, themes, move) for move in used])[
                    part[truth], np.arange(len(truth))
                ]
                found.setdefault(f"banking77, {shots} examples, {name}", []).append(recall(both, truth))
    return [
        {
            "name": name,
            "recall@1": float(np.mean([r[0] for r in each])),
            "recall@3": float(np.mean([r[1] for r in each])),
        }
        for name, each in sorted(found.items())
    ]


def recall(scores: Double, truth: NDArray[np.int64]) -> tuple[float, float]:
    """Among the first, and among the first three."""
    best = np.argsort(-scores, axis=1)[:, :3]
    return float((best[:, 0] == truth).mean()), float((best == truth[:, None]).any(axis=1).mean())


def none_of_these(data: Path) -> list[Row]:
    """What belongs to none: a regression of eleven scores and its threshold, both chosen without the judged fold."""
    folder = data / "intents_with_no_match_clinc150"
    known, judged_on = training.intents(folder / "train_small.tsv"), training.intents(folder / "val.tsv")
    names = sorted({name for name, _ in known} - {training.NONE})
    groups = {name: [text for label, text in known if label == name] for name in [*names, training.NONE]}
    val_labels, val_texts = [name for name, _ in judged_on], [text for _, text in judged_on]
    themes = [theme(name, groups[name]) for name in names]
    strangers = shared_encoder().encode(groups[training.NONE])
    scores, best = eleven(val_texts, themes, strangers)
    none = np.array([label == training.NONE for label in val_labels])
    right = np.array([names[at] == label for at, label in zip(best, val_labels, strict=True)])
    weights = np.where(none, SHARE / none.mean(), (1 - SHARE) / (1 - none.mean()))
    folds = np.random.default_rng(0).permutation(len(none)) % FOLDS
    said = np.zeros(len(none), dtype=bool)
    for fold in range(FOLDS):
        fitted, judged = folds != fold, folds == fold
        middle, spread = scores[fitted].mean(axis=0), scores[fitted].std(axis=0) + 1e-9
        plain = ((scores - middle) / spread).astype(np.float32)
        judge = fit(Features(plain[fitted]), none[fitted].astype(int), ("in", "none"), c=1, weights=weights[fitted])
        odds = judge.probabilities(Features(plain))[:, 1]
        said[judged] = odds[judged] >= threshold(odds[fitted], none[fitted], weights[fitted])
    hits = weights[said & none].sum()
    return [
        {
            "name": "clinc150, none of these (eleven scores)",
            "recall": float(hits / weights[none].sum()),
            "precision": float(hits / max(weights[said].sum(), 1e-9)),
            "in-scope accuracy": float((right & ~said)[~none].mean()),
        },
        {"name": "clinc150, in scope, nothing rejected", "in-scope accuracy": float(right[~none].mean())},
    ]


def eleven(texts: list[str], themes: list[Theme], strangers: NDArray[np.float32]) -> tuple[Double, NDArray[np.int64]]:
    """[n, 11] scores of how much a text belongs to any theme, and the theme it would belong to."""
    vectors = shared_encoder().encode(texts)
    lexical = BM25([each.words for each in themes])
    said = np.stack([lexical.scores(words(text)) for text in texts])
    logs = np.log(model(themes).probabilities(Features(vectors)) + 1e-12)
    ranked = -np.sort(-logs, axis=1)
    middle = np.stack([np.concatenate((each.name[None, :], each.examples)).mean(axis=0) for each in themes])
    central = -np.sort(-(vectors @ (middle / np.linalg.norm(middle, axis=1, keepdims=True)).T), axis=1)
    near = -np.sort(-(vectors @ np.concatenate([each.examples for each in themes]).T), axis=1)
    strange = (vectors @ strangers.T).max(axis=1)
    columns = [
        ranked[:, 0], ranked[:, 0] - ranked[:, 1], central[:, 0], central[:, 0] - central[:, 1],
        near[:, 0], near[:, :5].mean(axis=1), -(np.exp(logs) * logs).sum(axis=1), strange, near[:, 0] - strange,
        said.max(axis=1), said.max(axis=1) / np.array([max(1, len(set(words(text)))) for text in texts]),
    ]  # fmt: skip
    return np.stack(columns, axis=1).astype(np.float64), np.argmax(logs, axis=1)


def threshold(odds: Double, none: NDArray[np.bool_], weights: Double) -> float:
    """The lowest score at which the precision is reached."""
    order_ = np.argsort(-odds)
    hits, all_ = np.cumsum((weights * none)[order_]), np.cumsum(weights[order_])
    good = np.flatnonzero(hits >= PRECISION * all_)
    return float(odds[order_[good[-1]]]) if len(good) else 1.0


def main() -> None:
    """Print the table and the line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=sources.DATA)
    rows = [*banking(parser.parse_args().data), *none_of_these(parser.parse_args().data)]
    for row in rows:
        print(f"{row['name']:44}" + "  ".join(f"{key} {value:.3f}" for key, value in row.items() if key != "name"))
    print(json.dumps({"encoder": shared_encoder().id, "rows": rows}))


if __name__ == "__main__":
    main()
