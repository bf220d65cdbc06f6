"""Hashed words, cue flags and the regression on them."""

from pathlib import Path

import numpy as np
import pytest
from needlework.handlers.text.cues import NAMES, WIDTH, cue_flags
from needlework.handlers.text.features import Features
from needlework.handlers.text.hashing import BUCKETS, HALF, counts, inverse_frequency, weighted
from needlework.handlers.text.logistic import fit, load

TEXTS = ["please send the file", "the file is broken", "", "😀 \ud800\x00", "Please, SEND the file!", "a b"]


def test_rows_do_not_depend_on_their_batch() -> None:
    idf = np.ones(BUCKETS, dtype=np.float32)
    together = weighted(counts(TEXTS), idf)
    for row, text in enumerate(TEXTS):
        alone = weighted(counts([text]), idf)
        at = together.row == row
        assert np.array_equal(together.column[at], alone.column)
        assert np.array_equal(together.value[at], alone.value)


def test_each_half_of_a_row_has_unit_norm() -> None:
    table = weighted(counts(TEXTS), inverse_frequency(counts(TEXTS)))
    for half in (table.column < HALF, table.column >= HALF):
        norm = np.sqrt(np.sum(table.value[(table.row == 0) & half] ** 2))
        assert norm == pytest.approx(1, abs=1e-5)


def test_a_word_pair_is_not_the_word_written_together() -> None:
    together, apart = counts(["abc"]), counts(["a bc"])
    words = [set(table.column[table.column < HALF].tolist()) for table in (together, apart)]
    assert not words[0] & words[1]


def test_sparse_products_agree_with_a_full_matrix() -> None:
    table = weighted(counts(TEXTS), inverse_frequency(counts(TEXTS)))
    full = np.zeros((len(TEXTS), BUCKETS))
    full[table.row, table.column] = table.value
    weights = np.random.default_rng(0).normal(size=(BUCKETS, 2))
    errors = np.random.default_rng(1).normal(size=(len(TEXTS), 2))
    assert np.allclose(table.dot(weights), full @ weights)
    assert np.allclose(table.transposed_dot(errors), full.T @ errors)


def test_taking_rows_keeps_their_order() -> None:
    dense = np.arange(len(TEXTS), dtype=np.float32)[:, None]
    features = Features(dense, weighted(counts(TEXTS), np.ones(BUCKETS, dtype=np.float32)))
    taken = features.take(np.array([4, 0, 2]))
    weights = np.random.default_rng(0).normal(size=(features.width, 1))
    assert np.allclose(taken.dot(weights), features.dot(weights)[[4, 0, 2]])


@pytest.mark.parametrize("classes", [("no", "yes"), ("a", "b", "c")])
def test_the_optimum_has_no_slope(classes: tuple[str, ...]) -> None:
    """At the minimum of |w|^2 / 2 + c * loss, w equals minus c times the gradient of the loss."""
    draw = np.random.default_rng(7)
    dense = draw.normal(size=(200, 5)).astype(np.float32)
    labels = draw.integers(0, len(classes), 200)
    model = fit(Features(dense), labels, classes, c=0.5)
    error = model.probabilities(Features(dense)) - np.eye(len(classes))[labels]
    error = error[:, 1:] if len(classes) == 2 else error
    assert np.allclose(model.weights, -0.5 * dense.T.astype(float) @ error, atol=2e-3)
    assert np.allclose(error.sum(axis=0), 0, atol=4e-3)


def test_fitting_twice_gives_the_same_numbers_and_saving_keeps_them(tmp_path: Path) -> None:
    features = Features(cue_flags(TEXTS), weighted(counts(TEXTS), np.ones(BUCKETS, dtype=np.float32)))
    models = [fit(features, [1, 0, 0, 0, 1, 0], ("no", "yes"), c=4) for _ in range(2)]
    assert np.array_equal(models[0].weights, models[1].weights)
    models[0].save(tmp_path / "model.npz", extra=np.arange(3))
    again, rest = load(tmp_path / "model.npz")
    assert np.allclose(again.probabilities(features), models[0].probabilities(features), atol=0.002)
    assert rest["extra"].tolist() == [0, 1, 2]
    assert again.classes == ("no", "yes")


def test_cue_flags_say_what_a_sentence_does() -> None:
    asked, fault, blank = cue_flags(["Could you please send it by Friday?", "It crashes with a traceback.", ""])
    named = {name: index for index, name in enumerate(NAMES)}
    assert asked[[named["please"], named["polite_modal"], named["deadline"], named["question_mark"]]].all()
    assert fault[[named["error"], named["trace"]]].all()
    assert not fault[named["please"]]
    assert blank.shape == (WIDTH,)
