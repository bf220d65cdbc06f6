"""Make the numbers of the label models: `python -m needlework.benchmarks.training.train [--data FOLDER]
[--all]`.

Deterministic: same data, same numbers (up to the last bits of the processor's arithmetic). Trains on what
is not kept aside, which is also what ships, so that `benchmarks/quality/labels.py` judges the very files in
the package.
"""

import argparse
from collections.abc import Callable
from pathlib import Path

import numpy as np
from needlework.benchmarks.training import sources
from needlework.benchmarks.training.sources import Sentence
from needlework.handlers.labels import rules, shape
from needlework.handlers.labels.asking import WIDTH as ASKING
from needlework.handlers.labels.scoring import MODELS, issue_features, issue_words, request_features
from needlework.handlers.text.cues import WIDTH, cue_flags
from needlework.handlers.text.encoder import VIEWS, shared_encoder
from needlework.handlers.text.features import Features
from needlework.handlers.text.hashing import HALF, Float, Sparse, counts, inverse_frequency
from needlework.handlers.text.logistic import Logistic, fit
from numpy.typing import NDArray

CUE_SCALE = 0.25
"""Cues against unit vectors in the small models: at 1 they drown twenty examples."""
BACKGROUND_WEIGHT = 1.0
"""As much as a near miss of ours: at the same number of false alarms it finds a fifth more than a tenth of it does."""
FILED_BACKGROUND_WEIGHT = 0.1
"""For the two labels that have other sources of negatives."""
REPORTING, TALKING = 1.5, 0.8
"""Of sentences of a help desk that report a fault, and of the others."""
TITLE_WEIGHT = {"task_issue_bug": 0.1, "feature_request": 0.05}
TITLE_KIND = {"task_issue_bug": "bug", "feature_request": "feature"}
WORDS = np.repeat([2.0, 0.7], HALF)
"""Scales of words and of letters."""
FOLDS = 5
DOUBT, DOUBTED = 0.8, 0.2
"""A row of mail that the other folds contradict by more than the first counts as much as the second."""
INNER_OF_ISSUES = 0.7
"""Scale of each view of the inner layer beside a vector of 1."""
SHAPES = np.repeat([2.0, 1.0, 0.5, 0.7], shape.GROUPS)
"""Scales of an issue's shape."""

CUTS = {
    "churn_risk": 0.2,
    "praise": 0.14,
    "decision": 0.2,
    "pricing_objection": 0.19,
    "competitor_mention": 0.19,
    "escalation": 0.16,
    "expansion_signal": 0.19,
    "follow_up_promised": 0.13,
    "task_issue_bug": 0.5,
    "feature_request": 0.45,
    "question": 0.6,
}
"""Where each model's own probability is cut; the bias is moved so that the cut becomes a score of 0.6."""


def main() -> None:
    """Train the three files, or those named."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=sources.DATA)
    parser.add_argument("--only", choices=("action_items", "sentences", "issues"))
    options = parser.parse_args()
    programs: dict[str, Callable[[Path], None]] = {
        "action_items": action_items,
        "sentences": sentence_labels,
        "issues": issues,
    }
    for name, program in programs.items():
        if options.only in (None, name):
            program(options.data)
            print(f"{name}.npz {(MODELS / f'{name}.npz').stat().st_size / 1024:.0f} KiB")


def action_items(data: Path) -> None:
    """E-mail sentences, and chat sentences as small talk (no) so that greetings stay silent."""
    mails = [row for row in sources.emails(data) if not row.aside]
    talk = _sample([row for row in sources.chats(data) if not row.aside and _small_talk(row)], 500)
    rows = mails + talk
    texts = [row.text for row in rows]
    idf = inverse_frequency(counts(texts))
    wide = shared_encoder().wide(texts)
    features = request_features(texts, wide, cue_flags(texts), idf)
    truth = [int("yes" in row.labels) for row in rows]
    scale = np.concatenate((_view_scale(wide, 0.7, 1.0), np.full(WIDTH + ASKING, 0.5), WORDS))
    weights = _trust(features, truth, np.array([sources.bucket(text) % FOLDS for text in texts]), scale)
    model = _fit_scaled(features, truth, ("no", "yes"), 1, scale, weights).shifted(_shift(0.5))
    model.save(MODELS / "action_items.npz", idf=idf.astype(np.float16))


def _trust(
    features: Features, truth: list[int], fold: NDArray[np.int64], scale: NDArray[np.float64]
) -> NDArray[np.float64]:
    """How much each row counts: little where a model of the other folds is sure of the opposite, since people err."""
    said = np.zeros(len(truth))
    for number in range(FOLDS):
        rest, part = np.flatnonzero(fold != number), np.flatnonzero(fold == number)
        model = _fit_scaled(features.take(rest), [truth[at] for at in rest], ("no", "yes"), 1, scale)
        said[part] = model.probabilities(features.take(part))[:, 1]
    return np.where(np.abs(said - np.array(truth)) > DOUBT, DOUBTED, 1.0)


def issues(data: Path) -> None:
    """Whole issues, one model for all repositories."""
    rows = [row for row in sources.issues(data) if not row.aside]
    pairs = [(row.title, row.body) for row in rows]
    idf = inverse_frequency(counts(issue_words(pairs)))
    features = issue_features(pairs, shared_encoder(), idf)
    kinds = ("bug", "feature", "question")
    truth = [kinds.index(row.label) for row in rows]
    views = np.split(features.dense[:, : -2 * WIDTH - len(SHAPES)], 2, axis=1)
    wide = [_view_scale(view, 1.0, INNER_OF_ISSUES) for view in views]
    scale = np.concatenate((*wide, np.full(2 * WIDTH, 0.5), SHAPES, WORDS))
    model = _fit_scaled(features, truth, kinds, 1, scale)
    model.save(MODELS / "issues.npz", idf=idf.astype(np.float16))


def _view_scale(wide: Float, vector: float, inner: float) -> NDArray[np.float64]:
    """For the columns of `Encoder.wide`: `vector` for the first view, `inner` for the others once they are as wide as
    it, around their middle."""
    first, *others = np.split(wide.astype(np.float64), VIEWS, axis=1)
    spread = [inner / float(np.sqrt(view.var(axis=0).sum())) for view in others]
    return np.repeat([vector, *spread], first.shape[1])


def _fit_scaled(
    features: Features,
    truth: list[int],
    classes: tuple[str, ...],
    c: float,
    scale: NDArray[np.float64],
    weights: NDArray[np.float64] | None = None,
) -> Logistic:
    """Fit on columns times `scale` [width], the same as another strength of regularisation for each, the dense ones
    around their mean; folded back."""
    size, sparse = features.dense.shape[1], features.sparse
    if sparse is not None:
        value = sparse.value * scale[size + sparse.column]
        sparse = Sparse(sparse.rows, sparse.row, sparse.column, value.astype(np.float32))
    middle = features.dense.mean(axis=0, dtype=np.float64)
    dense = ((features.dense - middle) * scale[:size]).astype(np.float32)
    model = fit(Features(dense, sparse), truth, classes, c, weights, iterations=100)
    unscaled = model.weights * scale[:, None]
    return Logistic(classes, unscaled, model.bias - middle @ unscaled[:size])


def sentence_labels(data: Path) -> None:
    """Each label by itself: our own examples, a background of other people's sentences, and what the
    data covers."""
    own = sources.own(sources.EXAMPLES)
    background = _background(data)
    scale = _scaling(384, WIDTH, CUE_SCALE)
    columns: list[Float] = []
    biases: list[float] = []
    for key, cut in CUTS.items():
        rows, truth, weights = _question(data) if key == "question" else _about(key, own, background, data)
        dense = _dense([row.text for row in rows]) * scale
        model = fit(Features(dense), truth, ("no", "yes"), 8, weights, 150).shifted(_shift(cut))
        columns.append((model.weights[:, 0] * scale).astype(np.float32))
        biases.append(float(model.bias[0]))
    Logistic(tuple(CUTS), np.stack(columns, axis=1), np.array(biases)).save(MODELS / "sentences.npz")


Rows = tuple[list[Sentence], list[int], list[float]]


def _about(key: str, own: list[Sentence], background: list[Sentence], data: Path) -> Rows:
    rows = list(own)
    truth = [int(key in row.labels) for row in own]
    weights = [3.0 if carries else 1.0 for carries in truth]

    def add(more: list[Sentence], carried: list[bool], weight: list[float]) -> None:
        rows.extend(more)
        truth.extend(map(int, carried))
        weights.extend(weight)

    quiet = [row for row in background if not rules.strong(key, rules.plain(row.text)) and not _reports(key, row)]
    weight_of_quiet = FILED_BACKGROUND_WEIGHT if key in TITLE_WEIGHT else BACKGROUND_WEIGHT
    add(quiet, [False] * len(quiet), [weight_of_quiet] * len(quiet))
    if key == "task_issue_bug":
        chats = [row for row in sources.chats(data) if not row.aside and "software" in row.labels]
        longer = [row for row in chats if row.text.count(" ") >= 2]
        add(
            longer,
            [_reports(key, row) for row in longer],
            [REPORTING if _reports(key, row) else TALKING for row in longer],
        )
    if key in TITLE_WEIGHT:
        filed = [row for row in sources.issues(data) if not row.aside]
        titles = [Sentence(row.title, frozenset({row.label}), row.title) for row in filed]
        weight = [TITLE_WEIGHT[key] * (0.5 if row.label == "question" else 1.0) for row in filed]
        add(titles, [row.label == TITLE_KIND[key] for row in filed], weight)
    return rows, truth, weights


def _question(data: Path) -> Rows:
    """Sentences whose mark says what they are, with the mark taken off: chats rarely write it."""
    rows: list[Sentence] = []
    truth: list[int] = []
    everything = [
        *sources.emails(data),
        *sources.meetings(data, 12),
        *_sample(sources.questions(data), 2_500),
    ]
    for row in everything:
        bare = row.text.rstrip(" .?")
        if not row.aside and row.text.rstrip()[-1:] in {"?", "."} and "?" not in bare:
            rows.append(Sentence(bare, frozenset(), row.group))
            truth.append(int(row.text.rstrip().endswith("?")))
    return rows, truth, [0.5] * len(rows)


def _background(data: Path) -> list[Sentence]:
    def kept(rows: list[Sentence], number: int) -> list[Sentence]:
        return _sample([row for row in rows if not row.aside], number)

    mails, chats = kept(sources.emails(data), 2_000), kept(sources.chats(data), 1_200)
    return [*mails, *chats, *kept(sources.meetings(data, 12), 1_400), *kept(sources.questions(data), 600)]


def _sample(rows: list[Sentence], number: int) -> list[Sentence]:
    return sorted(rows, key=lambda row: (sources.bucket(row.text + "x"), sources.bucket(row.text + "y")))[:number]


def _reports(key: str, row: Sentence) -> bool:
    return key == "task_issue_bug" and "reportbrokensoftware" in row.labels


def _small_talk(row: Sentence) -> bool:
    return bool(row.labels) and row.labels <= sources.SMALL_TALK - {"outofdomain"} | {"software", "finance"}


def _dense(texts: list[str]) -> Float:
    return np.concatenate((shared_encoder().encode(texts), cue_flags(texts)), axis=1)


def _scaling(ones: int, cues: int, scale: float) -> Float:
    return np.concatenate((np.ones(ones), np.full(cues, scale))).astype(np.float32)


def _shift(cut: float) -> float:
    return float(np.log(0.6 / 0.4) - np.log(cut / (1 - cut)))


if __name__ == "__main__":
    main()
