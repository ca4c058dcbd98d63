"""The rule engine on random pools and rules: what holds whatever is asked of it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from optimization.allocation.book import PoolFacts
from optimization.allocation.rules.targets import rule_outcome
from optimization.allocation.rules.weights import NAMES, weight_of
from tests.science_frames import AS_OF, allocation_rule
from tests.unit.allocation.pool_facts import pool_facts, segments

NAMED = ("A", "B", "C", "POOL")
K = 4  # the fourth segment is in no rule
POOLS = 150
STRATEGIES = ("percentage", "fixed", "demand_share", "profit_share", "weight")


@st.composite
def pools(draw: st.DrawFn) -> PoolFacts:
    """Many pools of up to 60 units by four segments in three tiers: one rule is tried on all of them."""
    random = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    shape = (POOLS, K)
    return pool_facts(
        segments("A", "B", "C", "D", tier=draw(st.lists(st.integers(1, 3), min_size=K, max_size=K))),
        random.integers(0, 61, POOLS).astype(float).tolist(),
        committed=random.integers(0, 13, shape) * random.integers(0, 2, shape),
        demand=random.integers(0, 31, shape),
        margin=random.integers(0, 10, shape),
        own=random.integers(0, 21, shape),
        is_whole=draw(st.booleans()),
    )


@st.composite
def rule_rows(
    draw: st.DrawFn, strategies: tuple[str, ...] = STRATEGIES, limited: bool = True
) -> pd.DataFrame:
    """One effective rule over three segments and the common pool."""
    strategy = draw(st.sampled_from(strategies))
    cuts = sorted(draw(st.lists(st.integers(0, 100), min_size=3, max_size=3)))
    shares = np.diff([0, *cuts, 100])
    least = np.array(draw(st.lists(st.integers(0, 15), min_size=4, max_size=4)), dtype=float)
    columns: dict[str, Any] = {
        "pool_mode": draw(st.sampled_from(["protect_commitments", "ibm_compat"])),
        "residue": draw(st.sampled_from(["pool", "largest_remainder"])),
        "non_participants": draw(st.sampled_from(["keep", "sweep_to_pool"])),
    }
    if strategy == "weight":
        columns["weight_expression"] = "demand_units * unit_margin - open_order_units + fair_weight"
    if limited:
        columns["min_units"] = least
        columns["max_units"] = np.where(draw(st.booleans()), least + draw(st.integers(0, 10)), np.inf)
        columns["max_units"][~np.isfinite(columns["max_units"])] = np.nan
    rows = list(zip(NAMED, shares, strict=True))
    return allocation_rule(
        [("R", name, strategy, float(share)) for name, share in draw(st.permutations(rows))],
        plan_state="effective",
        **columns,
    )


def _units(facts: PoolFacts, rows: pd.DataFrame) -> np.ndarray:
    told = rule_outcome(facts, rows, AS_OF)
    assert not len(told.findings)
    return told.targets.units


@given(facts=pools(), rows=rule_rows())
@settings(max_examples=60, deadline=None)
def test_no_unit_is_made_or_split_and_commitments_floors_and_caps_are_kept(
    facts: PoolFacts, rows: pd.DataFrame
) -> None:
    targets = rule_outcome(facts, rows, AS_OF).targets
    units = targets.units
    left = facts.supply - units.sum(axis=1)
    rule = rows.set_index("segment_id")
    protects = rows["pool_mode"].iloc[0] == "protect_commitments"
    committed = facts.committed if protects else np.zeros_like(facts.committed)

    assert (units >= 0).all() and (left >= -1e-9).all()
    assert ((targets.guaranteed >= -1e-9) & (targets.guaranteed <= units + 1e-9)).all()
    if facts.is_whole.all():
        assert (units == np.floor(units)).all()
    covered = committed.sum(axis=1) <= facts.supply
    assert (units[covered] >= committed[covered]).all()
    # Short of commitments, none of a later tier is kept while one of an earlier tier is not whole.
    for row in np.flatnonzero(~covered):
        short = units[row] < committed[row] - 1e-9
        first_short = facts.segments.tier[short].min()
        assert (units[row][facts.segments.tier > first_short] == 0).all()
    for number, name in enumerate("ABC"):
        most = rule["max_units"].fillna(np.inf)[name]
        assert (units[:, number] <= np.maximum(most, committed[:, number]) + 1e-9).all()
    # Whoever has less than the minimum took all that was left, so nobody of a later rank got anything.
    floors = rule["min_units"].fillna(0.0)
    for number, name in enumerate("ABC"):
        below = covered & (units[:, number] < floors[name] - 1e-9)
        for later, other in enumerate("ABC"):
            if rule["segment_rank"][other] > rule["segment_rank"][name]:
                assert np.allclose(units[below, later], committed[below, later])
    if rows["non_participants"].iloc[0] == "keep":
        promised = committed.sum(axis=1) + np.maximum(facts.own - committed, 0)[:, 3]
        assert (units[promised <= facts.supply, 3] >= facts.own[promised <= facts.supply, 3]).all()


@given(facts=pools(), rows=rule_rows(), seed=st.randoms(use_true_random=False))
@settings(max_examples=15, deadline=None)
def test_the_order_of_the_rows_says_nothing(facts: PoolFacts, rows: pd.DataFrame, seed: Any) -> None:
    order = list(range(len(rows)))
    seed.shuffle(order)
    one, other = (rule_outcome(facts, frame, AS_OF).targets for frame in (rows, rows.iloc[order]))

    assert np.array_equal(one.units, other.units)
    assert np.array_equal(one.reason, other.reason)
    assert np.array_equal(one.rules_hash, other.rules_hash)


@given(facts=pools(), rows=rule_rows())
@settings(max_examples=15, deadline=None)
def test_pools_are_independent_of_each_other(facts: PoolFacts, rows: pd.DataFrame) -> None:
    kept = np.arange(0, POOLS, 7)
    some = {name: getattr(facts, name)[kept] for name in PoolFacts.__dataclass_fields__ if name != "segments"}

    assert np.array_equal(_units(replace(facts, **some), rows), _units(facts, rows)[kept])


@given(facts=pools(), rows=rule_rows(("percentage",), limited=False), more=st.integers(0, 20))
@settings(max_examples=40, deadline=None)
def test_more_supply_lowers_nobody_in_percentages_without_limits(
    facts: PoolFacts, rows: pd.DataFrame, more: int
) -> None:
    """Largest remainders are left out: there one more unit may move a rounded one."""
    rows["residue"] = "pool"
    assert (_units(replace(facts, supply=facts.supply + more), rows) >= _units(facts, rows) - 1e-9).all()


@given(facts=pools(), rows=rule_rows(("percentage",)), more=st.integers(0, 20))
@settings(max_examples=40, deadline=None)
def test_with_minimums_more_supply_lowers_nobody_by_more_than_rounding(
    facts: PoolFacts, rows: pd.DataFrame, more: int
) -> None:
    """A segment that lives on what others leave loses what they gain by rounding down later."""
    rows["residue"] = "pool"
    rounding = len(NAMED) - 1 if facts.is_whole.all() else 1e-9
    assert (_units(replace(facts, supply=facts.supply + more), rows) >= _units(facts, rows) - rounding).all()


def test_with_minimums_one_more_unit_may_cost_one_as_two_shares_round_down_to_the_next() -> None:
    rows = allocation_rule(
        [("R", "A", "percentage", 30), ("R", "B", "percentage", 30), ("R", "C", "percentage", 40)],
        plan_state="effective",
        min_units=[0.0, 0.0, 5.0],
    )
    facts = pool_facts(segments("A", "B", "C"), [9, 10])

    assert _units(facts, rows).tolist() == [[2, 2, 5], [3, 3, 4]]


@given(text=st.text(alphabet="0123456789.+-*/()[]eabcdefghijklmnopqrstuvwxyz_'\"", max_size=60))
@settings(max_examples=200, deadline=None)
def test_a_text_is_refused_or_is_a_finite_weight(text: str) -> None:
    terms = {name: np.array([0.0, 1e200, 3.5]) for name in NAMES}
    try:
        weight = weight_of(text)
    except ValueError as refusal:
        assert "demand_units" in str(refusal)
    else:
        value = weight(terms)
        assert value.shape == (3,) and np.isfinite(value).all() and (value >= 0).all()


@pytest.mark.parametrize(
    "text",
    [
        "__import__('os').system('true')",
        "demand_units ** 99",
        "demand_units if 1 else 2",
        "[demand_units][0]",
        "demand_units.size",
        "True",
        "'a'",
        "lambda: 1",
        "demand_units // 2",
        "demand_units; 1",
        "",
        "(" * 150 + "1" + ")" * 150,
        "-" * 199 + "1" * 2,
    ],
)
def test_nothing_but_arithmetic_is_a_weight(text: str) -> None:
    with pytest.raises(ValueError, match=r"demand_units|characters"):
        weight_of(text)
