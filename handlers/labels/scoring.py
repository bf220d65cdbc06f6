"""The trained numbers: how likely each sentence carries each built-in label.

Three files in `models/`, made by `benchmarks/training/train.py`: `action_items` (vector, cues and words),
`sentences` (vector and cues, one column a label), `issues` (a whole issue: bug, feature or question). A
score of 0.6 is where each label was found to be told best from the rest.
"""

import re
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from needlework.handlers.labels.asking import asking_flags
from needlework.handlers.labels.shape import issue_shapes
from needlework.handlers.text.cues import cue_flags
from needlework.handlers.text.encoder import VIEWS, Encoder
from needlework.handlers.text.features import Features
from needlework.handlers.text.hashing import Double, Float, counts, weighted
from needlework.handlers.text.logistic import Logistic, load, sigmoid

MODELS = Path(__file__).parent / "models"
ISSUE_KINDS = {"task_issue_bug": "bug", "feature_request": "feature", "question": "question"}
CHUNK = 600
"""Characters of an issue's body that one vector covers; longer chunks cost 4 to 6 points of F1."""
CHUNKS = 3
ISSUE_WORDS = 3_000

_CODE = re.compile(r"```[\s\S]*?(?:```|\Z)|<!--[\s\S]*?(?:-->|\Z)|https?://\S+")
_ISSUE_MARKS = (
    re.compile(r"^#{1,5} \w|^\*\*[^*\n]{3,60}\*\*:?[ \t]*$", re.MULTILINE),
    re.compile(r"```"),
    re.compile(r"<!--"),
    re.compile(r"steps to reproduce|repro(?:duction)? steps|expected behaviou?r|actual behaviou?r", re.IGNORECASE),
    re.compile(r"traceback \(most recent|^[ \t]+at \S{3,80}\(.{1,80}\)$", re.IGNORECASE | re.MULTILINE),
    re.compile(r"\b(?:OS|version|platform|environment)\b[^\n:]{0,30}: ", re.IGNORECASE),
    re.compile(r"^[ \t]*[-*] \[x\] ", re.MULTILINE | re.IGNORECASE),  # what is still to do is a list of people's
)


@dataclass(frozen=True)
class LabelModels:
    """Everything loaded once. `sentences` has one column a label, read as separate yes or no."""

    action_items: Logistic
    action_idf: Float
    sentences: Logistic
    issues: Logistic
    issue_idf: Float

    def scores(self, cues: Float, context: Float) -> dict[str, Double]:
        """Per label but action_items the score of each text, float64 [n]: from its cue flags and its vector, with
        neighbours."""
        columns = sigmoid(self.sentences.logits(Features(np.concatenate((context, cues), axis=1))))
        return {key: columns[:, index] for index, key in enumerate(self.sentences.classes)}

    def requests(self, texts: Sequence[str], wide: Float, cues: Float) -> Double:
        """The score of action_items, [n], from the `Encoder.wide` of the texts alone, their cue flags."""
        return self.action_items.probabilities(request_features(texts, wide, cues, self.action_idf))[:, 1]

    def alone(self, key: str, texts: Sequence[str], wide: Float) -> Double:
        """The score of one label, [n], for texts without neighbours."""
        cues = cue_flags(texts)
        if key == "action_items":
            return self.requests(texts, wide, cues)
        return self.scores(cues, wide[:, : wide.shape[1] // VIEWS])[key]

    def issue_scores(self, title: str, body: str, encoder: Encoder) -> dict[str, float]:
        """Probabilities of bug, feature and question, keyed by label; they sum to 1."""
        probabilities = self.issues.probabilities(issue_features([(title, body)], encoder, self.issue_idf))[0]
        by_kind = dict(zip(self.issues.classes, map(float, probabilities), strict=True))
        return {key: by_kind[kind] for key, kind in ISSUE_KINDS.items()}


def request_features(texts: Sequence[str], wide: Float, cues: Float, idf: Float) -> Features:
    """`Encoder.wide` | cue flags | what the rules of requests say | words, of each text."""
    dense = np.concatenate((wide, cues, asking_flags(texts)), axis=1)
    return Features(dense, weighted(counts(texts), idf))


def issue_features(issues: list[tuple[str, str]], encoder: Encoder, idf: Float) -> Features:
    """`Encoder.wide` of the title | of the body, mean of its chunks | cues of both | shapes | words of both, for
    (title, body) pairs."""
    titles = [title for title, _ in issues]
    bodies = [body for _, body in issues]
    chunks = np.stack([encoder.wide(_chunks(body)).mean(axis=0) for body in bodies])
    cues, shapes = (cue_flags(titles), cue_flags(bodies)), issue_shapes(issues)
    dense = np.concatenate((encoder.wide(titles), chunks, *cues, shapes), axis=1)
    return Features(dense.astype(np.float32), weighted(counts(issue_words(issues)), idf))


def issue_words(issues: list[tuple[str, str]]) -> list[str]:
    """What the words of an issue are counted in; the title twice, since it weighs more."""
    return [f"{title}\n{title}\n{body}"[:ISSUE_WORDS] for title, body in issues]


def looks_like_issue(text: str) -> bool:
    """Two or more marks of a filed issue: headings, code fences, templates, steps, traces, environment
    lists."""
    head = text[:8_000]
    return sum(1 for mark in _ISSUE_MARKS if mark.search(head)) >= 2


def _chunks(body: str) -> list[str]:
    prose = " ".join(_CODE.sub(" ", body[:20_000]).split())
    return [prose[start : start + CHUNK] for start in range(0, CHUNK * CHUNKS, CHUNK) if prose[start:]] or [""]


_lock = threading.Lock()
_loaded: LabelModels | None = None


def label_models() -> LabelModels:
    """The one set of models of this process, read at its first use."""
    global _loaded
    if _loaded is None:
        with _lock:
            if _loaded is None:
                _loaded = _load()
    return _loaded


def _load() -> LabelModels:
    action, action_rest = load(MODELS / "action_items.npz")
    sentences, _ = load(MODELS / "sentences.npz")
    issues, issue_rest = load(MODELS / "issues.npz")
    action_idf = action_rest["idf"].astype(np.float32)
    return LabelModels(action, action_idf, sentences, issues, issue_rest["idf"].astype(np.float32))
