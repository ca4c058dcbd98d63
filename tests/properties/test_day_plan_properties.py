"""The day's network plan from frames to frames: conservation, scale, order of rows, more freedom."""

from __future__ import annotations

import itertools
from dataclasses import fields, replace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from optimization.network.planning import NetworkInputs, NetworkPlan, plan_network
from tests.science_frames import AS_OF, lane, location_limit
from tests.unit.network.day_plans import day_inputs

N = 3
PAIRS = [(f"L{a}", f"L{b}") for a, b in itertools.permutations(range(1, N + 1), 2)]
SOME = settings(max_examples=6, deadline=None)

stocks = st.lists(st.integers(0, 40), min_size=N, max_size=N)
means = st.lists(st.floats(0.1, 12.0), min_size=N, max_size=N)


def _inputs(
    mean: list[float], stock: list[int], cost: float = 2.0, fixed: float = 0.0, **stated: Any
) -> NetworkInputs:
    lanes = lane(PAIRS, cost, fixed)
    return day_inputs(mean, lanes=lanes, on_hand_units=np.array(stock, dtype=float), **stated)


def _run(plan: NetworkPlan) -> Any:
    return plan.frames.network_solver_run.iloc[0]


@given(
    mean=means,
    stock=stocks,
    fixed=st.sampled_from([0.0, 6.0]),
    terms=st.sampled_from([{}, {"lot_units": 5.0}, {"lot_units": 5.0, "moq_units": 12.0}]),
)
@SOME
def test_units_are_conserved_whole_and_never_more_than_are_there(
    mean: list[float], stock: list[int], fixed: float, terms: dict[str, float]
) -> None:
    plan = plan_network(_inputs(mean, stock, fixed=fixed, **terms), AS_OF)
    frames = plan.frames
    orders = frames.replenishment_order["replenish_units"]
    assert frames.position_plan["position_after_units"].sum() == pytest.approx(sum(stock) + orders.sum())
    assert (frames.transfer_order["transfer_units"] % 1 == 0).all()
    assert (orders % terms.get("lot_units", 1.0) == 0).all()
    assert (orders >= terms.get("moq_units", 0.0)).all()
    given_away = frames.transfer_order.groupby("from_location_id")["transfer_units"].sum()
    for location, units in given_away.items():
        assert units <= stock[int(str(location)[1:]) - 1]
    assert 0 <= _run(plan)["relative_gap"] <= 0.001
    gains, costs = frames.transfer_order["net_gain"], frames.transfer_order["transfer_cost"]
    assert (gains >= 0.2 * costs - 1e-6).all()


@given(mean=means, stock=stocks, seed=st.integers(0, 50))
@SOME
def test_the_order_of_rows_does_not_matter(mean: list[float], stock: list[int], seed: int) -> None:
    inputs = _inputs(mean, stock, limits=location_limit(["L1", "L2"], handling_units=6.0))
    mixed = {
        field.name: getattr(inputs, field.name).sample(frac=1.0, random_state=seed)
        for field in fields(inputs)
    }
    first, second = plan_network(inputs, AS_OF).frames, plan_network(replace(inputs, **mixed), AS_OF).frames
    for name, frame in vars(first).items():
        if isinstance(frame, pd.DataFrame):
            pd.testing.assert_frame_equal(frame, getattr(second, name))


@given(mean=means, stock=stocks, scale=st.sampled_from([0.125, 64.0]))
@SOME
def test_money_in_another_unit_leaves_the_plan_s_worth(
    mean: list[float], stock: list[int], scale: float
) -> None:
    def objective(factor: float) -> float:
        money = {"unit_cost": 40.0 * factor, "shortage_cost": 12.0 * factor, "order_cost": 10.0 * factor}
        return float(_run(plan_network(_inputs(mean, stock, 2.0 * factor, **money), AS_OF))["objective"])

    assert objective(scale) == pytest.approx(scale * objective(1.0), rel=1e-6)


@given(mean=means, stock=stocks, most=st.integers(0, 8), more=st.integers(1, 5))
@SOME
def test_more_capacity_never_costs_more(mean: list[float], stock: list[int], most: int, more: int) -> None:
    def run(capacity: float) -> Any:
        limits = location_limit(["L1", "L2"], handling_units=capacity)
        return _run(plan_network(_inputs(mean, stock, limits=limits), AS_OF))

    narrow, wide = run(float(most)), run(float(most + more))
    assert wide["objective_bound"] <= narrow["objective"] * (1 + 1e-6) + 1e-6
    assert wide["objective"] <= narrow["objective"] * (1 + 0.0011) + 1e-6
