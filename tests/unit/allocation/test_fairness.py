"""What each way of sharing gives to whom, and what fairness costs."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from optimization.allocation.book import PoolFacts, Targets
from optimization.allocation.optimal import fairness as room
from optimization.allocation.optimal.alternatives import (
    balanced_days,
    first_come,
    highest_value,
    turn_and_earn,
)
from optimization.allocation.optimal.claims import state_claims
from optimization.allocation.optimal.fairness import fairness
from optimization.allocation.optimal.targets import optimal_targets
from optimization.errors import AuditError
from optimization.parameters import AllocationParameters
from tests.unit.allocation.facts import facts_of, segments_of

UNCHECKED = AllocationParameters(checked_pools=0)
SUMMED = ["pool_count", "short_pool_count", "demand_units", "served_units", "unmet_units"]


def optimal_of(facts: PoolFacts) -> Targets:
    return optimal_targets(facts, UNCHECKED)[0]


def told(facts: PoolFacts, rules: Targets | None = None) -> pd.DataFrame:
    """Rows over all pools by method, tier and segment."""
    frame = fairness(facts, optimal_of(facts), rules)
    frame = frame[frame["breakdown"] == "all"]
    return frame.set_index(["allocation_method", "priority_tier", "segment_id"])


def random_facts(seed: int, n: int = 40, whole: bool = True) -> PoolFacts:
    rng = np.random.default_rng(seed)
    demand = rng.integers(0, 9, (n, 4)).astype(float)
    return facts_of(
        rng.integers(0, 25, n),
        demand if whole else demand * 0.7,
        segments_of(
            4,
            tier=[1, 2, 2, 3],
            fair_weight=rng.choice([1.0, 2.0], 4),
            ring_fence_share=[0.0, 0.2, 0.0, 0.1],
            cap_share=[1.0, 0.5, 1.0, 1.0],
        ),
        is_whole=whole,
        committed=np.minimum(rng.integers(0, 3, (n, 4)), demand * 0.7),
        margin=rng.uniform(-1.0, 9.0, (n, 4)),
        recent=rng.integers(0, 30, (n, 4)),
        category=rng.choice(["C1", "C2"], n),
        region=rng.choice(["R1", "R2", "R3"], n),
    )


def test_the_price_is_the_margin_given_up_for_fairness() -> None:
    # 6 units, 6 + 6 wanted: fair is 3 + 3 = 3 · 10 + 3 · 4 money, the dearer first is 6 · 10.
    frame = told(facts_of(6, [[6, 6]], margin=[[10, 4]]))
    optimal, best = frame.loc[("optimal", 1, "*")], frame.loc[("highest_value", 1, "*")]
    assert optimal[["served_value", "price_of_fairness"]].tolist() == [42.0, 18.0]
    assert best[["served_value", "price_of_fairness"]].tolist() == [60.0, 0.0]
    assert optimal[["fill_rate", "min_fill_rate", "gini"]].tolist() == [0.5, 0.5, 0.0]
    assert best[["fill_rate", "min_fill_rate", "gini"]].tolist() == [0.5, 0.0, 0.5]
    # By segment: one gives up what the other gains.
    assert frame.loc["optimal"]["price_of_fairness"].to_dict() == {
        (0, "*"): 18.0,
        (1, "*"): 18.0,
        (1, "A"): 30.0,
        (1, "B"): -12.0,
    }


def test_without_a_known_margin_there_is_no_price() -> None:
    frame = told(facts_of([6, 6], [[6, 6]] * 2))
    assert frame[["served_value", "price_of_fairness"]].isna().all(axis=None)
    half = told(facts_of([6, 6], [[6, 6]] * 2, margin=[[0, 0], [0, 2]]))
    assert half.loc[("optimal", 1, "A")].isna()["served_value"]
    assert half.loc[("optimal", 1, "B"), "served_value"] == 6.0


def test_highest_value_keeps_tiers_and_guarantees() -> None:
    segments = segments_of(3, tier=[1, 2, 2], ring_fence_share=[0.0, 0.2, 0.0])
    claims = state_claims(facts_of(10, [[4, 8, 8]], segments))
    assert highest_value(claims, np.array([[1.0, 2.0, 9.0]])).tolist() == [[4.0, 2.0, 4.0]]


def test_first_come_knows_no_segments() -> None:
    segments = segments_of(3, tier=[1, 2, 2], ring_fence_share=[0.0, 0.2, 0.0])
    assert first_come(state_claims(facts_of(9, [[6, 6, 6]], segments))).tolist() == [[3.0] * 3]
    assert first_come(state_claims(facts_of(99, [[6, 6, 6]], segments))).tolist() == [[6.0] * 3]


def test_turns_earn_stock_and_what_is_not_wanted_stays() -> None:
    claims = state_claims(facts_of(12, [[2, 9, 9]]))
    assert turn_and_earn(claims, np.array([[6.0, 3.0, 0.0]])).tolist() == [[2.0, 4.0, 0.0]]
    assert turn_and_earn(claims, np.zeros((1, 3))).tolist() == [[0.0, 0.0, 0.0]]


@pytest.mark.parametrize("seed", range(5))
def test_balanced_days_gives_unit_by_unit_to_the_least_days(seed: int) -> None:
    rng = np.random.default_rng(seed)
    supply, demand = rng.integers(0, 20, 30), rng.integers(0, 8, (30, 3))
    recent = rng.choice([0.0, 0.5, 1.0, 2.0, 7.0], (30, 3))
    units = balanced_days(state_claims(facts_of(supply, demand)), recent)
    for row in range(30):
        given = [0, 0, 0]
        for _ in range(supply[row]):
            open_to = [s for s in range(3) if given[s] < demand[row, s] and recent[row, s] > 0]
            if open_to:
                given[min(open_to, key=lambda s: (given[s] / recent[row, s], s))] += 1
        assert units[row].tolist() == given


@pytest.mark.parametrize("whole", [True, False])
def test_sums_agree_over_segments_tiers_and_breakdowns(whole: bool) -> None:
    facts = random_facts(1, whole=whole)
    frame = fairness(facts, optimal_of(facts))
    assert set(frame["breakdown"]) == {"all", "category", "region", "item_kind"}
    units = ["demand_units", "served_units", "unmet_units", "served_value", "price_of_fairness"]
    key = ["allocation_method", "breakdown", "breakdown_value"]
    of_all = frame[frame["priority_tier"] == 0].set_index(key)[units]
    stars, single = frame["segment_id"] == "*", frame["segment_id"] != "*"
    for part in (stars & (frame["priority_tier"] > 0), single):
        pd.testing.assert_frame_equal(
            frame[part].groupby(key)[units].sum(), of_all, check_dtype=False, atol=1e-9
        )
    parts = frame.groupby(["allocation_method", "priority_tier", "segment_id", "breakdown"])[SUMMED].sum()
    for _, each in parts.groupby(level=[0, 1, 2]):
        assert np.allclose(each.to_numpy(), each.to_numpy()[0])
    assert np.allclose(frame["demand_units"], frame["served_units"] + frame["unmet_units"])


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("whole", [True, False])
def test_fairness_is_never_cheaper_than_the_highest_value(seed: int, whole: bool) -> None:
    facts = random_facts(seed, whole=whole)
    frame = told(facts).reset_index()
    plan = frame[(frame["allocation_method"] == "optimal") & (frame["segment_id"] == "*")]
    assert (plan["price_of_fairness"] >= -1e-9).all()
    # Within a tier both serve the same units.
    best = frame[(frame["allocation_method"] == "highest_value") & (frame["segment_id"] == "*")]
    assert plan["served_units"].tolist() == pytest.approx(best["served_units"].tolist())


def test_a_rule_decides_where_it_matches() -> None:
    facts = facts_of([6, 6], [[6, 6]] * 2)
    optimal = optimal_of(facts)
    assert "rules" not in told(facts).index
    assert "rules" not in told(facts, optimal).index
    rules = replace(optimal, units=np.array([[5.0, 1.0], [0.0, 0.0]]), rule=np.array([0, -1]))
    frame = told(facts, rules)
    assert frame.loc[("rules", 1, "A"), "served_units"] == 8.0
    assert frame.loc[("rules", 1, "B"), "served_units"] == 4.0
    assert frame.loc[("rules", 1, "*"), "short_pool_count"] == 2


def test_more_than_is_wanted_serves_nobody() -> None:
    facts = facts_of(9, [[6, 2]])
    rules = replace(optimal_of(facts), units=np.array([[1.0, 8.0]]), rule=np.array([0]))
    assert told(facts, rules).loc[("rules", 1, "*"), ["served_units", "unmet_units"]].tolist() == [3.0, 5.0]


def test_pools_count_where_something_is_wanted() -> None:
    frame = told(facts_of([5, 5, 0], [[6, 0], [1, 1], [0, 0]], segments_of(2, tier=[1, 2])))
    assert frame.loc[("optimal", 0, "*"), ["pool_count", "short_pool_count"]].tolist() == [2, 1]
    assert frame.loc[("optimal", 2, "B"), ["pool_count", "short_pool_count"]].tolist() == [1, 0]


def test_a_missing_category_is_unknown() -> None:
    facts = facts_of([1, 1], [[1], [1]], category=["C1", None])
    frame = fairness(facts, optimal_of(facts))
    assert set(frame.loc[frame["breakdown"] == "category", "breakdown_value"]) == {"C1", "unknown"}


@pytest.mark.parametrize("n", [0, 2])
def test_without_demand_there_is_nothing_to_tell(n: int) -> None:
    facts = facts_of(np.ones(n), np.zeros((n, 2)))
    assert len(fairness(facts, optimal_of(facts))) == 0


@pytest.mark.parametrize("units", [[[5.0, 5.0]], [[-1.0, 1.0]], [[np.nan, 1.0]]])
def test_a_method_that_gives_what_is_not_there_is_not_published(units: list[Any]) -> None:
    facts = facts_of(6, [[6, 6]])
    with pytest.raises(AuditError, match="'optimal' breaks its rules"):
        fairness(facts, replace(optimal_of(facts), units=np.array(units)))


def test_a_price_is_of_a_plan_that_keeps_the_tiers(monkeypatch: pytest.MonkeyPatch) -> None:
    facts = facts_of(6, [[6, 6]], segments_of(2, tier=[1, 2]))
    monkeypatch.setattr(room, "highest_value", lambda claims, margin: np.array([[3.0, 3.0]]))
    with pytest.raises(AuditError, match="'highest_value' breaks its rules"):
        fairness(facts, optimal_of(facts))
