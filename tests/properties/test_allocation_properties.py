"""Optimal allocation: conservation, orders, fences, tiers, fairness, loans; the model is the closed form."""

from __future__ import annotations

from dataclasses import replace
from itertools import product
from typing import Any

import numpy as np
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from optimization.allocation.book import PoolFacts
from optimization.allocation.optimal.alternatives import highest_value
from optimization.allocation.optimal.audit import allocation_breach, plan_breach
from optimization.allocation.optimal.checking import difference_of
from optimization.allocation.optimal.claims import loan_limits, state_claims
from optimization.allocation.optimal.closed_form import share_out
from optimization.allocation.optimal.model import solve_claims
from optimization.allocation.optimal.rounding import largest_remainder
from optimization.allocation.optimal.sharing import share_claims
from tests.unit.allocation.facts import facts_of, segments_of

K = 4


@st.composite
def pool_facts(draw: st.DrawFn, whole: bool | None = None, k: int = K, most: int = 60) -> PoolFacts:
    n = draw(st.integers(1, 4))
    is_whole = draw(st.booleans()) if whole is None else whole

    def table() -> np.ndarray:
        row = st.lists(st.integers(0, most), min_size=k, max_size=k)
        return np.array(draw(st.lists(row, min_size=n, max_size=n)), dtype=float)

    def per_segment(values: list[Any]) -> np.ndarray:
        return np.array(draw(st.lists(st.sampled_from(values), min_size=k, max_size=k)))

    demand = table() * (1.0 if is_whole else 0.7)
    return facts_of(
        draw(st.lists(st.integers(0, 2 * most), min_size=n, max_size=n)),
        demand,
        segments_of(
            k,
            tier=per_segment([1, 2, 3]),
            fair_weight=per_segment([1.0, 2.0, 0.5]),
            ring_fence_share=per_segment([0.0, 0.0, 0.1, 0.3, 0.5]),
            cap_share=per_segment([1.0, 1.0, 0.8, 0.25]),
            may_borrow=per_segment([True, False]),
            borrow_ratio=per_segment([1.0, 0.5, 0.1]),
            borrow_cap_units=per_segment([np.inf, 7.0, 0.0]),
        ),
        is_whole=is_whole,
        committed=np.minimum(table(), demand) * draw(st.sampled_from([0.0, 1.0])),
        own=table(),
        safety=draw(st.sampled_from([0.0, 4.0, 100.0])),
    )


@given(pool_facts())
@settings(max_examples=150, deadline=None)
def test_nothing_is_broken(facts: PoolFacts) -> None:
    claims = state_claims(facts)
    shared = share_claims(claims)
    assert plan_breach(claims, shared.quotas, shared.loans).max() <= 1e-9
    rest = claims.quotas.supply - shared.quotas.sum(axis=1)
    unmet = (claims.quotas.most - shared.quotas).sum(axis=1)
    # Either everybody has the most they may have, or the pool is empty.
    assert (np.minimum(rest, unmet) <= 1e-6).all()


@given(pool_facts())
@settings(max_examples=100, deadline=None)
def test_open_orders_come_before_any_guarantee(facts: PoolFacts) -> None:
    claims = state_claims(facts)
    short = (claims.kept < claims.orders.most - 1e-9).any(axis=1)
    assert (share_claims(claims).quotas >= claims.kept - 1e-9).all()
    # Where the orders are short, nobody has more than was kept for them.
    assert share_claims(claims).quotas[short] == pytest.approx(claims.kept[short])


@given(pool_facts())
@settings(max_examples=100, deadline=None)
def test_loans_use_up_what_may_be_lent(facts: PoolFacts) -> None:
    claims = state_claims(facts)
    shared = share_claims(claims)
    lendable, limit = loan_limits(claims, shared.quotas)
    assert shared.loans.sum(axis=1) == pytest.approx(np.minimum(lendable, limit.sum(axis=1)))


@given(pool_facts())
@settings(max_examples=20, deadline=None, phases=[Phase.explicit, Phase.generate])
def test_model_and_closed_form_are_equal(facts: PoolFacts) -> None:
    claims = state_claims(facts)
    exact, solved = share_claims(claims, whole=False), solve_claims(claims)
    assert difference_of(claims, exact, solved).max() <= 1e-5


@given(pool_facts(whole=True))
@settings(max_examples=100, deadline=None)
def test_whole_quotas_are_within_a_unit_of_the_fractional_ones_in_total(facts: PoolFacts) -> None:
    pools = state_claims(facts).quotas
    whole, exact = share_out(pools), share_out(pools, whole=False)
    assert np.array_equal(whole, np.round(whole))
    assert (np.abs(whole.sum(axis=1) - exact.sum(axis=1)) <= 1.0 + 1e-9).all()


@given(pool_facts(whole=True, k=3, most=5))
@settings(max_examples=60, deadline=None)
def test_no_whole_sharing_is_better_tier_by_tier_and_then_fairer(facts: PoolFacts) -> None:
    pools = state_claims(facts).quotas
    exact = share_out(pools, whole=False)
    tiers = np.unique(pools.tier)

    def goodness(row: int, units: np.ndarray) -> list[float]:
        parts = []
        for tier in tiers:
            members = (pools.tier == tier) & (pools.most[row] > pools.guaranteed[row])
            fill = units[members] / pools.weight[row, members]
            parts += [float(units[pools.tier == tier].sum()), *np.sort(fill).tolist()]
        return [round(part, 6) for part in parts]

    for row in range(len(pools)):
        ranges = [
            range(int(low), int(high) + 1)
            for low, high in zip(pools.guaranteed[row], pools.most[row], strict=True)
        ]
        mine = goodness(row, exact[row])
        for units in product(*ranges):
            if sum(units) <= pools.supply[row]:
                assert goodness(row, np.array(units, dtype=float)) <= mine


@given(pool_facts(whole=True, k=3, most=5), st.data())
@settings(max_examples=60, deadline=None)
def test_nothing_with_the_same_tiers_is_worth_more_than_the_highest_value(
    facts: PoolFacts, data: st.DataObject
) -> None:
    claims = state_claims(facts)
    pools, shares = claims.quotas, share_claims(claims).quotas
    prices = st.lists(st.integers(-3, 9), min_size=3, max_size=3)
    margin = np.array([data.draw(prices) for _ in range(len(pools))], dtype=float)
    best = highest_value(claims, margin)
    assert allocation_breach(pools, best).max() <= 1e-9
    for tier in np.unique(pools.tier):
        of_tier = pools.tier == tier
        assert best[:, of_tier].sum(axis=1) == pytest.approx(shares[:, of_tier].sum(axis=1))
    totals = [[best[row, pools.tier == tier].sum() for tier in pools.tier] for row in range(len(pools))]
    for row in range(len(pools)):
        ranges = [
            range(int(low), int(high) + 1)
            for low, high in zip(pools.guaranteed[row], pools.most[row], strict=True)
        ]
        for units in map(np.array, product(*ranges)):
            if [units[pools.tier == tier].sum() for tier in pools.tier] == totals[row]:
                assert units @ margin[row] <= best[row] @ margin[row] + 1e-9


@given(pool_facts(), st.integers(0, K - 1), st.integers(1, 30))
@settings(max_examples=80, deadline=None)
def test_a_higher_tier_is_never_worse_when_a_lower_one_wants_more(
    facts: PoolFacts, segment: int, more: int
) -> None:
    pools = state_claims(facts).quotas
    bigger = pools.most.copy()
    bigger[:, segment] += more
    grown = replace(pools, most=bigger, demand=np.maximum(pools.demand, bigger))
    higher = pools.tier < pools.tier[segment]
    assert np.array_equal(share_out(pools)[:, higher], share_out(grown)[:, higher])


@given(pool_facts(whole=True))
@settings(max_examples=80, deadline=None)
def test_quotas_once_given_stay_when_nothing_changes(facts: PoolFacts) -> None:
    given_before = share_claims(state_claims(facts)).quotas
    again = share_claims(state_claims(replace(facts, own=given_before))).quotas
    assert np.array_equal(again, given_before)


@given(st.lists(st.floats(0.0, 50.0), min_size=2, max_size=6))
def test_rounding_keeps_the_sum_and_moves_nobody_by_a_unit(values: list[float]) -> None:
    shares = np.array([values])
    shares[0, 0] += np.ceil(shares.sum()) - shares.sum()
    rounded = largest_remainder(shares)
    assert rounded.sum() == pytest.approx(round(shares.sum()))
    assert (np.abs(rounded - shares) < 1.0).all()


@given(st.lists(st.integers(0, 3), min_size=4, max_size=4), st.integers(1, 3))
def test_of_equal_remainders_those_win_that_change_least(previous: list[int], units: int) -> None:
    shares, held = np.full((1, 4), units / 4 + 1.0), np.array([previous], dtype=float)
    rounded = largest_remainder(shares, held)
    every = [np.array(each) for each in product((1.0, 2.0), repeat=4) if sum(each) == units + 4]
    assert np.abs(rounded - held).sum() == min(np.abs(each - held).sum() for each in every)
