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
FEW = settings(max_examples=5, deadline=None)


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


@given(
    mean=st.floats(0.2, 80.0),
    ratio=st.floats(1.0, 6.0),
    metric=st.sampled_from(["cycle", "fill", "ready"]),
    behaviour=st.sampled_from(["backorder", "lost", "mixed"]),
)
@FEW
def test_a_policy_rises_with_target_and_demand_and_serves_what_it_promises(
    mean: float, ratio: float, metric: str, behaviour: str
) -> None:
    items = item_location(
        3, service_target=[0.8, 0.9, 0.97], service_metric=metric, stockout_behaviour=behaviour
    )
    frame, _ = plan_policies(items, protection(items, [mean] * 3, ratio), None)
    point, level = frame["reorder_point_units"], frame["order_up_to_units"]
    assert point.is_monotonic_increasing and level.is_monotonic_increasing
    assert (level >= point).all()
    assert frame["expected_stock_units"].is_monotonic_increasing
    for name in ("expected_fill_rate", "expected_ready_rate", "expected_cycle_service"):
        assert frame[name].is_monotonic_increasing
    measured = {
        "cycle": "expected_cycle_service",
        "fill": "expected_fill_rate",
        "ready": "expected_ready_rate",
    }
    slack = 0.02 if behaviour == "lost" else 1e-9
    assert (frame[measured[metric]] >= frame["service_target"] - slack).all()
    more, _ = plan_policies(items, protection(items, [1.5 * mean] * 3, ratio), None)
    assert (more["order_up_to_units"] >= level).all()


@given(mean=st.floats(200.0, 2_000.0), ratio=st.floats(2.0, 20.0), pack=st.sampled_from([10, 25]))
@FEW
def test_another_unit_of_measure_leaves_the_physical_stock(mean: float, ratio: float, pack: int) -> None:
    def plan(units: float) -> pd.DataFrame:
        items = item_location(1, unit_cost=40.0 * units, shortage_cost=12.0 * units, service_metric="fill")
        return plan_policies(items, protection(items, [mean * pack / units], ratio * pack / units), None)[0]

    single, packed = plan(1.0), plan(float(pack))
    for name in ("reorder_point_units", "order_up_to_units", "order_quantity_units"):
        # One pack is the grain of the coarser unit.
        assert abs(single[name][0] - pack * packed[name][0]) <= 2 * pack + 0.01 * single[name][0]


@given(
    lead=st.lists(st.integers(0, 60), min_size=3, max_size=3),
    mean=st.floats(0.05, 2.0),
    metric=st.sampled_from(["cycle", "fill", "ready"]),
)
@FEW
def test_stock_rises_with_the_lead_time(lead: list[int], mean: float, metric: str) -> None:
    days = sorted(float(value) for value in lead)
    items = item_location(3, lead_time_days=days, service_metric=metric)
    frame, _ = plan_policies(items, protection(items, [mean * (value + 7) for value in days]), None)
    assert frame["order_up_to_units"].is_monotonic_increasing
