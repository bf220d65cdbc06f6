"""The encoder: unit vectors, the same for a text whatever comes with it, and nothing that a text can
break."""

import threading

import numpy as np
import pytest
from needlework.handlers.text.encoder import MAX_CHARACTERS, VIEWS, MiniLM, readable, shared_encoder

STORED_COSINE = 0.7935
STORED = [-0.0338, -0.0503, 0.0523, -0.0193, 0.0095, -0.0542, -0.0037, -0.0806]
STORED_INNER = [[-0.104, -0.4, 0.487, 0.011], [0.461, 0.397, 0.877, 0.582], [-0.414, -0.61, 0.827, -0.339]]
HOSTILE = [
    "😀" * 50,
    "a\x00b",
    "\ud800 lone",
    "line\r\nline",
    "x" * 5_000,
    "\u200b\u200d",
    "日本語",
    "!" * 300,
    "\x1b[31m",
]


@pytest.fixture(scope="module")
def encoder() -> MiniLM:
    return shared_encoder()


def test_vectors_have_unit_norm_and_dim(encoder: MiniLM) -> None:
    rows = encoder.encode(["The invoice is wrong.", "Can you call me tomorrow?"])
    assert rows.shape == (2, encoder.dim)
    assert rows.dtype == np.float32
    assert np.linalg.norm(rows, axis=1) == pytest.approx([1, 1], abs=1e-5)


def test_meaning_is_near_and_another_meaning_far(encoder: MiniLM) -> None:
    wrong, mistake, cat = encoder.encode(["The invoice is wrong.", "There is a mistake on my bill.", "A cat sleeps."])
    assert float(wrong @ mistake) > 0.5
    assert float(wrong @ cat) < 0.2


def test_stored_vectors_are_found_again(encoder: MiniLM) -> None:
    """First numbers of vectors made when the model was built in; other processors may round a little
    differently."""
    vector = encoder.encode(["Please cancel our subscription."])[0]
    near = encoder.encode(["We want to end our subscription."])[0]
    assert float(vector @ near) == pytest.approx(STORED_COSINE, abs=0.02)
    assert float(vector[:8] @ np.array(STORED)) / float(np.linalg.norm(vector[:8]) * np.linalg.norm(STORED)) > 0.99


def test_the_inner_layer_is_found_again(encoder: MiniLM) -> None:
    """First numbers of the mean, the maximum and the first word, made when it was added."""
    row = encoder.wide(["Please cancel our subscription."])[0].reshape(VIEWS, encoder.dim)
    assert np.array_equal(row[0], encoder.encode(["Please cancel our subscription."])[0])
    for view, stored in zip(row[1:], STORED_INNER, strict=True):
        assert float(view[:4] @ np.array(stored)) / float(np.linalg.norm(view[:4]) * np.linalg.norm(stored)) > 0.99
        assert not np.allclose(view, row[0])


@pytest.mark.parametrize("text", ["", "\u200b"])
def test_the_inner_layer_of_a_blank_text_is_finite_and_its_vector_zero(encoder: MiniLM, text: str) -> None:
    row = encoder.wide([text])[0]
    assert np.isfinite(row).all()
    assert not row[: encoder.dim].any()


def test_a_vector_does_not_depend_on_its_batch() -> None:
    texts = ["short", "a somewhat longer sentence about contracts", *HOSTILE]
    together = MiniLM().encode(texts)
    alone = np.concatenate([MiniLM().encode([text]) for text in texts[:4]])
    assert np.array_equal(together[:4], alone)


def test_the_cache_gives_what_the_model_gave() -> None:
    encoder = MiniLM()
    first = encoder.encode(["once", "twice", "once"])
    assert np.array_equal(first[0], first[2])
    assert np.array_equal(first, encoder.encode(["once", "twice", "once"]))


@pytest.mark.parametrize("text", ["", "   ", "\x00", "\r\n\t"])
def test_blank_text_is_the_zero_vector(encoder: MiniLM, text: str) -> None:
    assert not encoder.encode([text]).any()


def test_nothing_at_all_is_an_empty_matrix(encoder: MiniLM) -> None:
    assert encoder.encode([]).shape == (0, encoder.dim)


@pytest.mark.parametrize("text", HOSTILE, ids=ascii)
def test_hostile_text_gives_finite_numbers(encoder: MiniLM, text: str) -> None:
    vector = encoder.encode([text])[0]
    assert np.isfinite(vector).all()
    assert np.linalg.norm(vector) == pytest.approx(1, abs=1e-5) or not vector.any()


def test_long_text_is_read_in_chunks_so_its_end_counts(encoder: MiniLM) -> None:
    filler = "the weather was nice and we walked along the river " * 40
    plain, ending = encoder.encode([filler, filler + "please cancel our contract immediately " * 8])
    assert float(plain @ ending) < 0.97


def test_what_is_beyond_the_cap_is_not_read() -> None:
    assert len(readable("word " * 10_000)) <= MAX_CHARACTERS


def test_threads_load_the_model_once_and_agree() -> None:
    encoder = MiniLM()
    rows: list[np.ndarray] = []
    threads = [threading.Thread(target=lambda: rows.append(encoder.encode(["same text"]))) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all(np.array_equal(rows[0], row) for row in rows)
