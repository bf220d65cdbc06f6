"""BM25 in memory, and themes told from a name and a few examples."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from needlework.benchmarks.training import themes as training
from needlework.benchmarks.training.themes import Episode, gradient, loss
from needlework.handlers.text.bm25 import BM25, words
from needlework.handlers.text.encoder import shared_encoder
from needlework.handlers.text.hashing import Float, Int
from needlework.handlers.text.themes import NUMBERS, Theme, moved, order, shipped, similarity

DOCUMENTS = ["The CSV export fails", "Exports of large tables", "Password reset mail never arrives"]
EXAMPLES = {
    "card delivery": ("Where is my new card?", "My card has not arrived yet.", "When will the card be delivered?"),
    "refunds": ("I want my money back.", "How do I get a refund?", "Please refund the purchase."),
}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("The exports are failing", ["export", "fail"]),
        ("We tried to retry the queries", ["tri", "retri", "queri"]),
        ("it's the customer's invoice", ["customer", "invoic"]),
        ("and the of", []),
    ],
)
def test_words_that_carry_meaning_are_kept_without_their_endings(text: str, expected: list[str]) -> None:
    assert words(text) == expected


def test_the_document_with_the_rarer_words_comes_first() -> None:
    index = BM25([words(text) for text in DOCUMENTS])
    scores = index.scores(words("a CSV file that I export"))
    assert scores[0] > scores[1] > scores[2] == 0


@given(st.lists(st.lists(st.sampled_from("abcde"), max_size=6), min_size=1, max_size=6), st.text("abcdef", max_size=8))
def test_scores_are_never_negative_and_zero_without_a_common_word(documents: list[list[str]], query: str) -> None:
    scores = BM25(documents).scores(list(query))
    for document, score in zip(documents, scores, strict=True):
        assert (score > 0) == bool(set(document) & set(query))
        assert score >= 0


def themes(shots: int) -> list[Theme]:
    encoder = shared_encoder()
    return [
        Theme(encoder.encode([name])[0], encoder.encode(texts[:shots]), words(" ".join((name, *texts[:shots]))))
        for name, texts in EXAMPLES.items()
    ]


@pytest.mark.parametrize("shots", [0, 1, 3])
def test_a_text_is_nearest_to_its_theme_however_few_examples(shots: int) -> None:
    vectors = shared_encoder().encode(["I still wait for my card", "Can I be refunded?"])
    near = np.stack([similarity(vectors, theme) for theme in themes(shots)], axis=1)
    assert list(np.argmax(near, axis=1)) == [0, 1]
    assert near.max() <= 1.0001


def test_the_order_of_themes_uses_vectors_and_words() -> None:
    texts = ["I still wait for my card", "Can I be refunded?"]
    found = order(shared_encoder().encode(texts), [words(text) for text in texts], themes(3))
    assert list(np.argmax(found, axis=1)) == [0, 1]


def test_the_shipped_matrix_is_for_this_encoder_and_turns_vectors_as_it_was_trained_to() -> None:
    with np.load(NUMBERS, allow_pickle=False) as file:
        assert str(file["encoder"]) == shared_encoder().id
    vectors = shared_encoder().encode(
        ["Where is my new card?", "My card has not arrived yet.", "I want my money back."]
    )
    turned = moved(vectors, shipped())
    assert np.linalg.norm(turned, axis=1) == pytest.approx(1, abs=1e-5)
    assert (vectors * turned).sum(axis=1) == pytest.approx([0.701, 0.640, 0.812], abs=0.02)
    assert turned[0] @ turned[1] - turned[0] @ turned[2] > vectors[0] @ vectors[1] - vectors[0] @ vectors[2]


def episode(draw: np.random.Generator) -> Episode:
    """Two themes of two examples, three asked texts, in five dimensions."""
    share = np.array([[0.5, 0.5, 0, 0], [0, 0, 0.5, 0.5]])
    return Episode(draw.standard_normal((7, 5)), share, np.array([0, 1, 1]))  # type: ignore[arg-type]


@pytest.mark.parametrize("seed", range(3))
def test_training_follows_the_slope_of_its_loss(seed: int) -> None:
    draw = np.random.default_rng(seed)
    asked, move = episode(draw), 0.1 * draw.standard_normal((5, 5))
    found = gradient(asked, move)  # type: ignore[arg-type]
    for at in np.ndindex(5, 5):
        step = np.zeros((5, 5))
        step[at] = 1e-6
        slope = (loss(asked, move + step) - loss(asked, move - step)) / 2e-6  # type: ignore[arg-type]
        assert found[at] == pytest.approx(slope, abs=1e-5)


def test_training_is_the_same_each_time_and_tells_apart_what_noise_hid(monkeypatch: pytest.MonkeyPatch) -> None:
    """Themes differ in four dimensions of twelve; the rest is noise, which the matrix learns to leave out."""
    monkeypatch.setattr(training, "STEPS", 60)
    monkeypatch.setattr(training, "RATE", 0.02)
    draw = np.random.default_rng(1)
    centres = draw.standard_normal((30, 12)) * (np.arange(12) < 4)
    theme = np.repeat(np.arange(30), 10)
    rows = centres[theme] + draw.standard_normal((300, 12)) * (np.arange(12) >= 4)
    vectors = (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)
    known = training.Labelled(vectors, theme, vectors[::10])
    seen = known.only(np.arange(30) < 20)
    move = training.learn(seen)
    assert (move == training.learn(seen)).all()
    unseen = known.only(np.arange(30) >= 20)
    assert nearest(moved(unseen.vectors, move), unseen.theme) > nearest(unseen.vectors, unseen.theme) + 0.1


def nearest(vectors: Float, theme: Int) -> float:
    """How often the nearest other text is of the same theme."""
    cosines = vectors @ vectors.T - 2 * np.eye(len(vectors))
    return float((theme[np.argmax(cosines, axis=1)] == theme).mean())
