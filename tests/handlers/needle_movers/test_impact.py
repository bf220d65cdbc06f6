"""The impact: the worked example of its definition, and its laws."""

from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from needlework.handlers.needle_movers.impact import Evidence, Impact, Workspace, breakdown, impact
from needlework.handlers.times import DAY

NOW = 1_750_000_000_000_000
ALL = Workspace(active_accounts=40, total_mrr=60_000, churn_scored=True)
WORKED = [
    Evidence("acme", 0.92, 3, NOW - 2 * DAY, 4000, 0.42),
    Evidence("acme", 0.80, 2, NOW - 1 * DAY, 4000, 0.42),
    Evidence("blue", 0.74, 2, NOW - 9 * DAY, 1200, 0.15),
    Evidence("cato", 0.66, 1, NOW - 30 * DAY, 300, 0.08),
]


def shown(found: Impact) -> tuple[int, float]:
    return found.score, round(found.exact, 2)


def test_the_worked_example() -> None:
    found = impact(WORKED, ALL, NOW)
    assert {name: round(value, 3) for name, value in found.components.items()} == {
        "reach": 0.278, "revenue": 0.269, "severity": 0.768, "momentum": 0.571, "risk": 0.268,
    }  # fmt: skip
    assert shown(found) == (40, 40.16)
    assert found.missing == []


def test_what_the_workspace_has_no_data_for_drops_out_with_its_weight() -> None:
    without_churn = impact(WORKED, ALL._replace(churn_scored=False), NOW)
    assert shown(without_churn) == (42, 41.64)
    assert without_churn.missing == ["risk"]
    without_both = impact(WORKED, Workspace(active_accounts=40), NOW)
    assert shown(without_both) == (49, 49.02)
    assert without_both.missing == ["revenue", "risk"]
    assert set(without_both.components) == {"reach", "severity", "momentum"}


def test_repeats_by_one_account_change_nothing_but_momentum() -> None:
    repeats = [Evidence("cato", 0.66, 1, NOW - 30 * DAY, 300, 0.08)] * 10
    before, after = impact(WORKED, ALL, NOW), impact([*WORKED, *repeats], ALL, NOW)
    assert {**after.components, "momentum": 0} == {**before.components, "momentum": 0}
    assert after.components["momentum"] < before.components["momentum"]


def test_it_decays_while_nothing_is_said() -> None:
    assert shown(impact(WORKED, ALL, NOW + 30 * DAY)) == (29, 28.94)


def test_without_evidence_there_is_no_impact() -> None:
    assert shown(impact([], ALL, NOW)) == (0, 0.0)
    assert shown(impact([], Workspace(0), NOW)) == (0, 0.0)


@pytest.mark.parametrize(
    ("active", "note"),
    [
        (0, "no account is known: nothing to compare with"),
        (1, "of 1 active account: too few to compare"),
        (3, "of 3 active accounts: too few to compare"),
        (10, ""),
    ],
)
def test_an_impact_that_rests_on_few_accounts_says_so(active: int, note: str) -> None:
    """A first user with ten mails saw impacts near 90, and nothing that said what of."""
    found = impact(WORKED, Workspace(active), NOW)
    assert (found.active_accounts, breakdown(found)["note"]) == (active, note)
    assert impact([], Workspace(active), NOW).note == ""


def evidence() -> Any:
    return st.builds(
        Evidence,
        st.sampled_from(["acme", "blue", "cato", "dune", "echo"]),
        st.floats(0, 1),
        st.integers(0, 3),
        st.integers(NOW - 200 * DAY, NOW),
        st.floats(0, 10_000),
        st.floats(0, 1),
    )


some = st.lists(evidence(), max_size=12)


@given(some, st.randoms())
def test_the_order_of_evidence_does_not_matter(given: list[Evidence], random: Any) -> None:
    mixed = list(given)
    random.shuffle(mixed)
    assert impact(mixed, ALL, NOW) == impact(given, ALL, NOW)


@given(some)
@example([Evidence("acme", 0.1, 3, NOW, 1.0, 1.0), *[Evidence(name, 0.1, 3, NOW, 1.0, 1.0) for name in "bcdefgh"]])
@example([Evidence("acme", 5e-324, 3, NOW, 1.0, 1.0), Evidence("blue", 5e-324, 3, NOW, 1.0, 1.0)])
def test_it_stays_within_its_bounds(given: list[Evidence]) -> None:
    found = impact(given, ALL, NOW)
    assert 0 <= found.score <= 100
    assert all(0 <= value <= 1 for value in found.components.values())


@given(some, evidence())
def test_reach_and_revenue_never_fall_with_more_evidence(given: list[Evidence], more: Evidence) -> None:
    before, after = impact(given, ALL, NOW).components, impact([*given, more], ALL, NOW).components
    assert after["reach"] >= before["reach"]
    assert after["revenue"] >= before["revenue"]


@given(st.lists(evidence(), min_size=1, max_size=12), st.integers(0, 11), st.integers(0, 3))
def test_severity_never_falls_when_something_gets_worse(given: list[Evidence], which: int, more: int) -> None:
    index = which % len(given)
    worse = [*given]
    worse[index] = given[index]._replace(severity=min(3, given[index].severity + more))
    before, after = impact(given, ALL, NOW).components, impact(worse, ALL, NOW).components
    assert after["severity"] >= before["severity"]
    assert {**after, "severity": 0} == {**before, "severity": 0}


@given(some, st.floats(0, 1))
def test_risk_never_falls_when_an_account_is_likelier_to_leave(given: list[Evidence], least: float) -> None:
    likelier = [each._replace(churn=max(each.churn or 0, least)) for each in given]
    assert impact(likelier, ALL, NOW).components["risk"] >= impact(given, ALL, NOW).components["risk"] - 1e-12


@given(some, st.integers(0, 400))
def test_no_component_but_severity_and_risk_grows_with_time_alone(given: list[Evidence], days: int) -> None:
    now, later = impact(given, ALL, NOW).components, impact(given, ALL, NOW + days * DAY).components
    assert later["reach"] <= now["reach"]
    assert later["revenue"] <= now["revenue"]
    assert later["momentum"] <= now["momentum"]
