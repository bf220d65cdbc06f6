"""When spans that no needle mover takes make one of their own."""

import numpy as np
from needlework.handlers.needle_movers.founding import Loose, founders
from needlework.handlers.times import DAY

NOW = 1_750_000_000_000_000


def loose(id: str, subject: str, *, severity: float = 3.0, sure: bool = False) -> Loose:
    return Loose(id, "We will leave.", "churn_risk", subject, severity, NOW - DAY, np.ones(1, dtype=np.float32), sure)


def test_a_severe_remark_founds_alone_only_where_its_label_is_sure() -> None:
    """A model's faint guess at one sentence of one person was a risk to the business at once."""
    assert founders(loose("a", "acme"), []) == []
    assert founders(loose("a", "acme", sure=True), []) == [loose("a", "acme", sure=True)]
    assert founders(loose("a", "acme", severity=2.0, sure=True), []) == []


def test_three_of_two_accounts_found_however_sure_each_is() -> None:
    others = [loose("b", "blue"), loose("c", "acme")]
    assert len(founders(loose("a", "acme"), others)) == 3
    assert founders(loose("a", "acme"), [loose("b", "acme"), loose("c", "acme")]) == []
