"""All movers at once say of a span what each says by itself, whatever came, changed and went before."""

from typing import Any

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from needlework.handlers.needle_movers.crowd import Candidate, Crowd
from needlework.handlers.needle_movers.matching import Said, verdict
from needlework.handlers.text.bm25 import BM25
from needlework.handlers.text.themes import similarity

WORDS = ["export", "fails", "login", "slow", "price", "seats", "report", "crash"]
DIM = 8


def place(rng: Any) -> Any:
    vector = rng.normal(size=DIM).astype(np.float32)
    return vector / np.linalg.norm(vector)


def candidate(number: int, rng: Any) -> Candidate:
    """A mover with up to six examples; spans are told apart by mover and number."""
    examples = {f"span_{number}_{at}": place(rng) for at in range(rng.integers(0, 7))}
    said = [WORDS[at] for at in rng.integers(0, len(WORDS), size=rng.integers(1, 9))]
    return Candidate(f"nm_{number}", "t", "issue", place(rng), said, examples=examples)


@given(st.lists(st.tuples(st.integers(0, 9), st.booleans()), min_size=1, max_size=40), st.integers(0, 999))
@settings(deadline=None, max_examples=60)
def test_a_crowd_that_changed_scores_as_each_of_its_movers_alone(steps: list[tuple[int, bool]], seed: int) -> None:
    rng = np.random.default_rng(seed)
    crowd, known = Crowd(), dict[str, Candidate]()
    for number, stays in steps:
        if stays or f"nm_{number}" not in known:
            known[f"nm_{number}"] = candidate(number, rng)
            crowd.put(candidate(number, rng))
            crowd.put(known[f"nm_{number}"])
        else:
            crowd.drop(f"nm_{number}")
            del known[f"nm_{number}"]
    vector, span = place(rng), f"span_{rng.integers(0, 10)}_1"
    query = [WORDS[at] for at in rng.integers(0, len(WORDS), size=4)]
    placed = list(crowd.placed())
    assert {each.id for _, each in placed} == known.keys()
    out = crowd.left_out(at for at, _ in placed[::3])
    left = [(at, each) for at, each in placed if at not in out]
    near, lexical = crowd.near(vector, span), crowd.lexical(query, out)
    alone = BM25([each.words for _, each in left]).scores(query)
    assert [lexical[at] for at, _ in left] == list(alone)
    for at, each in placed:
        assert abs(near[at] - similarity(vector[None, :], known[each.id].theme(span))[0]) < 1e-5
        assert np.allclose(crowd.middles()[at], known[each.id].middle)


def test_nobody_is_chosen_from_nobody() -> None:
    said = Said("span_1", "the export fails", np.ones(DIM, dtype=np.float32))
    crowd = Crowd([candidate(1, np.random.default_rng(0))])
    crowd.drop("nm_1")
    for each in (Crowd(), crowd):
        assert verdict(said, each, 0.6, 0.5).decision == "none"
