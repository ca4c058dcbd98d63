"""Distributions and policies: monotone, scale-free in money, indifferent to the order of rows."""

from __future__ import annotations

import numpy as np
import pandas as pd
from hypothesis import given, settings
from hypothesis import strategies as st

from optimization.demand import distributions
from optimization.lots import feasible_quantity
from optimization.policy.planning import plan_policies
from optimization.policy.position_losses import ReviewedDemand
from optimization.policy.reorder_point import reorder_point_for_cycle, reorder_point_for_fill
from tests.science_frames import item_location, protection

means = st.floats(0.01, 2_000.0)
ratios = st.floats(1.0, 30.0)
FEW = settings(max_examples=8, deadline=None)


def _one(value: float) -> np.ndarray:
    return np.array([value])


@given(mean=means, ratio=ratios, level=st.floats(0.01, 0.999))
@settings(max_examples=200, deadline=None)
def test_a_quantile_is_the_least_whole_number_that_reaches_its_level(
    mean: float, ratio: float, level: float
) -> None:
    found = distributions.quantiles(_one(mean), _one(mean * ratio), _one(level))[0]
    assert distributions.cdf(found, _one(mean), _one(mean * ratio))[0] >= level - 1e-9
    assert distributions.cdf(found - 1, _one(mean), _one(mean * ratio))[0] < level + 1e-9


@given(mean=means, ratio=ratios, x=st.floats(0.0, 3_000.0), step=st.floats(0.0, 100.0))
@settings(max_examples=200, deadline=None)
def test_the_loss_falls_with_stock_and_never_faster_than_one_to_one(
    mean: float, ratio: float, x: float, step: float
) -> None:
    low, high = (
        distributions.expected_shortage(_one(at), _one(mean), _one(mean * ratio))[0] for at in (x, x + step)
    )
    assert -1e-7 <= low - high <= step + 1e-7
    assert low >= max(mean - x, 0.0) - 1e-7


@given(
    mean=means, ratio=ratios, target=st.floats(0.5, 0.98), more=st.floats(0.0, 0.019), lot=st.integers(1, 200)
)
@settings(max_examples=100, deadline=None)
def test_the_reorder_point_rises_with_service_and_demand_and_falls_with_lots(
    mean: float, ratio: float, target: float, more: float, lot: int
) -> None:
    variance = mean * ratio

    def cycle(service: float, mu: float, var: float) -> float:
        return float(reorder_point_for_cycle(_one(service), _one(mu), _one(var))[0])

    def fill(service: float, quantity: float) -> float:
        demand = ReviewedDemand.of(_one(mean), _one(variance), _one(0.7))
        return float(reorder_point_for_fill(_one(service), _one(quantity), demand)[0])

    assert cycle(target, mean, variance) <= cycle(target + more, mean, variance)
    assert cycle(target, mean, variance) <= cycle(target, 1.5 * mean, 1.5 * variance)
    assert fill(target, float(lot)) <= fill(target + more, float(lot))
    assert fill(target, float(lot + 10)) <= fill(target, float(lot))


@given(need=st.floats(-50, 500), moq=st.floats(0, 100), lot=st.floats(0.25, 60))
@settings(max_examples=200, deadline=None)
def test_an_order_covers_need_and_minimum_in_whole_lots_and_never_a_lot_too_many(
    need: float, moq: float, lot: float
) -> None:
    quantity = float(feasible_quantity(_one(need), _one(moq), _one(lot))[0])
    if need <= 1e-9:
        assert quantity == 0
    else:
        assert quantity >= max(need, moq) - 1e-6 * lot
        assert quantity < max(need, moq) + lot
        assert abs(quantity / lot - round(quantity / lot)) < 1e-9


@given(
    scale=st.sampled_from([0.01, 3.0, 1_000.0]), mean=st.lists(st.floats(0.05, 60.0), min_size=2, max_size=4)
)
@FEW
def test_money_in_another_unit_leaves_every_quantity(scale: float, mean: list[float]) -> None:
    def plan(factor: float) -> pd.DataFrame:
        items = item_location(
            len(mean), unit_cost=40.0 * factor, order_cost=10.0 * factor, shortage_cost=12.0 * factor
        )
        return plan_policies(items, protection(items, mean), None)[0]

    quantities = ["reorder_point_units", "order_up_to_units", "order_quantity_units", "safety_stock_units"]
    pd.testing.assert_frame_equal(plan(1.0)[quantities], plan(scale)[quantities])


@given(mean=st.lists(st.floats(0.0, 60.0), min_size=3, max_size=6), seed=st.integers(0, 100))
@FEW
def test_the_order_of_rows_does_not_matter(mean: list[float], seed: int) -> None:
    items = item_location(len(mean))
    demand = protection(items, mean)
    shuffled = items.sample(frac=1.0, random_state=seed)
    expected, _ = plan_policies(items, demand, None)
    got, _ = plan_policies(shuffled, demand.sample(frac=1.0, random_state=seed + 1), None)
    pd.testing.assert_frame_equal(expected, got)
