"""Allocation: conservation, fences, tiers, and that the model and the closed form are one."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from optimization.allocation.optimal.audit import allocation_breach
from optimization.allocation.optimal.closed_form import share_out
from optimization.allocation.optimal.model import solve_pools
from optimization.allocation.optimal.pools import Pools, state_pools
from optimization.allocation.optimal.rounding import largest_remainder

K = 4


@st.composite
def pools(draw: st.DrawFn, whole: bool | None = None) -> Pools:
    n = draw(st.integers(1, 4))
    units = st.integers(0, 60)
    is_whole = draw(st.booleans()) if whole is None else whole

    def per_pool(each: st.SearchStrategy[int]) -> np.ndarray:
        return np.array(draw(st.lists(each, min_size=n, max_size=n)), dtype=float)

    def shares(values: list[float]) -> np.ndarray:
        return np.array(draw(st.lists(st.sampled_from(values), min_size=K, max_size=K)))

    demand = np.array(
        draw(st.lists(st.lists(units, min_size=K, max_size=K), min_size=n, max_size=n)), dtype=float
    )
    return state_pools(
        per_pool(units),
        np.full(n, is_whole),
        demand if is_whole else demand * 0.7,
        shares([0.0, 0.0, 0.1, 0.3, 0.5]),
        shares([1.0, 1.0, 0.8, 0.25]),
        shares([1.0, 2.0, 0.5]),
        np.array(draw(st.lists(st.integers(1, 3), min_size=K, max_size=K))),
    )


@given(pools())
@settings(max_examples=150, deadline=None)
def test_nothing_is_broken(given_pools: Pools) -> None:
    shares = share_out(given_pools)
    assert allocation_breach(given_pools, shares).max() <= 1e-9
    rest = given_pools.supply - shares.sum(axis=1)
    unmet = (given_pools.most - shares).sum(axis=1)
    # Either everybody has the most they may have, or the pool is empty.
    assert (np.minimum(rest, unmet) <= 1e-6).all()


@given(pools())
@settings(max_examples=25, deadline=None)
def test_model_and_closed_form_are_equal(given_pools: Pools) -> None:
    closed = share_out(given_pools, whole=False)
    assert solve_pools(given_pools).shares == pytest.approx(closed, abs=1e-5)


@given(pools(whole=True))
@settings(max_examples=100, deadline=None)
def test_whole_shares_are_within_a_unit_of_the_fractional_ones_in_total(given_pools: Pools) -> None:
    whole, exact = share_out(given_pools), share_out(given_pools, whole=False)
    assert np.array_equal(whole, np.round(whole))
    assert (np.abs(whole.sum(axis=1) - exact.sum(axis=1)) <= 1.0 + 1e-9).all()


@given(pools(), st.integers(0, K - 1), st.integers(1, 30))
@settings(max_examples=80, deadline=None)
def test_a_higher_tier_is_never_worse_when_a_lower_one_wants_more(
    given_pools: Pools, segment: int, more: int
) -> None:
    bigger = given_pools.most.copy()
    bigger[:, segment] += more
    grown = Pools(
        **{**given_pools.__dict__, "most": bigger, "demand": np.maximum(given_pools.demand, bigger)}
    )
    higher = given_pools.tier < given_pools.tier[segment]
    before, after = share_out(given_pools), share_out(grown)
    assert np.array_equal(before[:, higher], after[:, higher])


@given(st.lists(st.floats(0.0, 50.0), min_size=2, max_size=6))
def test_rounding_keeps_the_sum_and_moves_nobody_by_a_unit(values: list[float]) -> None:
    shares = np.array([values])
    shares[0, 0] += np.ceil(shares.sum()) - shares.sum()
    rounded = largest_remainder(shares)
    assert rounded.sum() == pytest.approx(round(shares.sum()))
    assert (np.abs(rounded - shares) < 1.0).all()
