"""BM25 in memory, and themes told from a name and a few examples."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from needlework.handlers.text.bm25 import BM25, words
from needlework.handlers.text.encoder import shared_encoder
from needlework.handlers.text.themes import Theme, order, similarity

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
