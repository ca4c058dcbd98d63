"""The network plan: conservation, bounds, and that more freedom never costs more."""

from __future__ import annotations

import itertools

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from optimization.network.audit import plan_cost
from optimization.network.batches import Batch, BatchPlan, solve_batch
from optimization.network.curves import expected_cost, segments
from optimization.network.items import Moves, Places
from optimization.network.lanes import useful_moves
from optimization.network.planning import NetworkPlan, plan_network
from optimization.network.statement import places_of
from optimization.parameters import NetworkParameters
from optimization.policy.planning import plan_policies
from tests.science_frames import AS_OF, item_location, lane, protection

N = 4
PAIRS = [(f"L{a}", f"L{b}") for a, b in itertools.permutations(range(1, N + 1), 2)]
SOME = settings(max_examples=12, deadline=None)
MANY = settings(max_examples=100, deadline=None)

stocks = st.lists(st.integers(0, 40), min_size=N, max_size=N)
means = st.lists(st.floats(0.1, 12.0), min_size=N, max_size=N)


def places_with(mean: list[float], stock: list[float], holding: float, shortage: float) -> Places:
    """Places of one item with Poisson demand, all stock spare, and no policy that triggers."""
    n = len(mean)
    demand, nothing = np.array(mean, dtype=float), np.zeros(n)
    return Places(
        item=np.zeros(n, dtype=np.int64),
        position=np.array(stock, dtype=float),
        spare=np.array(stock, dtype=float),
        mean=demand,
        variance=demand,
        near_mean=nothing,
        near_variance=nothing,
        holding_cost=np.full(n, holding),
        shortage_cost=np.full(n, shortage),
        reorder_point=np.full(n, -1.0),
        level=nothing,
        moq=nothing,
        lot=np.ones(n),
        is_planned=np.ones(n, dtype=bool),
    )


def _plan(
    mean: list[float], stock: list[int], cost: float = 2.0, fixed: float = 0.0, **columns: object
) -> NetworkPlan:
    items = item_location(N, on_hand_units=np.array(stock, dtype=float), **columns)
    demand = protection(items, mean)
    policy, _ = plan_policies(items, demand, None)
    return plan_network(items, policy, demand, lane(PAIRS, cost, fixed), AS_OF)


@given(mean=means, stock=stocks, fixed=st.sampled_from([0.0, 6.0]), lot=st.sampled_from([1.0, 5.0]))
@SOME
def test_units_are_conserved_whole_and_never_more_than_are_there(
    mean: list[float], stock: list[int], fixed: float, lot: float
) -> None:
    plan = _plan(mean, stock, fixed=fixed, lot_units=lot)
    after = plan.position_plan["position_after_units"].sum()
    assert after == pytest.approx(sum(stock) + plan.replenishment_order["replenish_units"].sum())
    assert (plan.transfer_order["transfer_units"] % 1 == 0).all()
    given_away = plan.transfer_order.groupby("from_location_id")["transfer_units"].sum()
    for location, units in given_away.items():
        assert units <= stock[int(str(location)[1:]) - 1]
    assert (plan.solver_run["relative_gap"] >= 0).all()
    assert (plan.transfer_order["net_gain"] >= 0.2 * plan.transfer_order["transfer_cost"] - 1e-6).all()


@given(mean=means, stock=stocks, seed=st.integers(0, 50))
@SOME
def test_the_order_of_rows_does_not_matter(mean: list[float], stock: list[int], seed: int) -> None:
    items = item_location(N, on_hand_units=np.array(stock, dtype=float))
    demand = protection(items, mean)
    policy, _ = plan_policies(items, demand, None)
    first = plan_network(items, policy, demand, lane(PAIRS), AS_OF)
    second = plan_network(
        *(frame.sample(frac=1.0, random_state=seed) for frame in (items, policy, demand, lane(PAIRS))), AS_OF
    )
    pd.testing.assert_frame_equal(first.transfer_order, second.transfer_order)
    pd.testing.assert_frame_equal(first.position_plan, second.position_plan)


@given(mean=means, stock=stocks, scale=st.sampled_from([0.1, 50.0]))
@SOME
def test_money_in_another_unit_leaves_the_plan_s_worth(
    mean: list[float], stock: list[int], scale: float
) -> None:
    def costs(factor: float) -> float:
        plan = _plan(
            mean,
            stock,
            2.0 * factor,
            unit_cost=40.0 * factor,
            shortage_cost=12.0 * factor,
            order_cost=10 * factor,
        )
        return float(plan.solver_run["objective"].sum())

    assert costs(scale) == pytest.approx(scale * costs(1.0), rel=1e-6)


def _solved(places: Places, moves: Moves) -> BatchPlan:
    return solve_batch(Batch("x", places, moves), NetworkParameters(dead_band_factor=1.0))


def _all_moves(unit: float, fixed: float, limit: np.ndarray) -> Moves:
    pairs = np.array(list(itertools.permutations(range(len(limit)), 2)))
    return Moves(
        source=pairs[:, 0],
        target=pairs[:, 1],
        lane=np.arange(len(pairs)),
        unit_cost=np.full(len(pairs), unit),
        fixed_cost=np.full(len(pairs), fixed),
        limit=limit[pairs[:, 0]],
    )


@given(mean=means, stock=stocks, unit=st.floats(0.5, 8.0), fixed=st.sampled_from([0.0, 5.0]))
@SOME
def test_bound_below_plan_below_nothing_and_dearer_lanes_never_help(
    mean: list[float], stock: list[int], unit: float, fixed: float
) -> None:
    places = places_with(mean, [float(units) for units in stock], 1.0, 9.0)
    moves = _all_moves(unit, fixed, places.spare)
    plan, dearer = _solved(places, moves), _solved(places, _all_moves(unit + 1.0, fixed, places.spare))
    nothing = plan_cost(places, moves, np.zeros(len(moves)), np.zeros(N), 1.0)
    assert plan.bound <= plan.objective + 1e-9 <= nothing + 2e-9
    assert plan.bound <= dearer.objective + 1e-6 * nothing
    assert plan.max_violation == 0.0


@given(
    mean=st.tuples(st.floats(0.2, 8.0), st.floats(0.2, 8.0)),
    stock=st.integers(0, 12),
    unit=st.floats(0.1, 6.0),
)
@SOME
def test_two_places_are_solved_as_by_enumeration(mean: tuple[float, float], stock: int, unit: float) -> None:
    places = places_with(list(mean), [float(stock), 0.0], 1.0, 9.0)
    if stock == 0:
        return
    moves = _all_moves(unit, 0.0, places.spare).take(np.array([0]))
    costs = [
        plan_cost(places, moves, np.array([float(units)]), np.zeros(2), 1.0) for units in range(stock + 1)
    ]
    assert _solved(places, moves).objective == pytest.approx(min(costs), abs=1e-9)


@given(mean=st.floats(0.1, 200.0), ratio=st.floats(1.0, 8.0), knots=st.integers(3, 40))
@MANY
def test_pieces_are_convex_lie_on_or_above_the_curve_and_within_the_error(
    mean: float, ratio: float, knots: int
) -> None:
    places = places_with([mean], [0.0], 1.0, 9.0)
    places = Places(**{**places.__dict__, "variance": np.array([mean * ratio])})
    top = np.ceil(mean * 3.0) + 3.0
    pieces = segments(places, np.zeros(1), np.array([top]), knots)
    assert (np.diff(pieces.slope) >= -1e-9).all()
    at = np.arange(top + 1.0)
    exact = expected_cost(places.take(np.zeros(len(at), dtype=np.int64)), at)
    edges = np.concatenate([[0.0], np.cumsum(pieces.width)])
    values = pieces.base_cost[0] + np.concatenate([[0.0], np.cumsum(pieces.width * pieces.slope)])
    above = np.interp(at, edges, values) - exact
    assert above.min() >= -1e-7
    assert above.max() <= pieces.secant_error[0] + 1e-7


@given(
    mean=means,
    stock=stocks,
    fixed=st.sampled_from([0.0, 6.0]),
    terms=st.sampled_from([(0.0, 1.0), (0.0, 5.0), (12.0, 5.0)]),
)
@SOME
def test_the_filter_of_moves_never_drops_a_better_plan(
    mean: list[float], stock: list[int], fixed: float, terms: tuple[float, float]
) -> None:
    items = item_location(
        N, on_hand_units=np.array(stock, dtype=float), moq_units=terms[0], lot_units=terms[1]
    )
    demand = protection(items, mean)
    policy, _ = plan_policies(items, demand, None)
    places = places_of(items, policy, demand, np.zeros(N, dtype=bool))
    everything = _all_moves(2.0, fixed, places.spare)
    everything = everything.take(np.flatnonzero(everything.limit >= 1))
    numbers = np.arange(N)
    table = lane(PAIRS, 2.0, fixed)
    start, end = (
        table[name].str[1:].astype(int).to_numpy() - 1 for name in ("from_location_id", "to_location_id")
    )
    useful = useful_moves(places, numbers, table, start, end, np.full(N, 14.0), 1.0)
    assert len(useful) <= len(everything)
    best, found = _solved(places, everything), _solved(places, useful)
    assert found.objective == pytest.approx(best.objective, rel=1e-3)
    assert found.objective >= best.bound - 1e-6
