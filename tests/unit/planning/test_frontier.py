"""The frontier: its points, the efficient set, the price of a service point."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from optimization.contracts.planning_tables import SCENARIO_FRONTIER
from optimization.parameters import PolicyParameters
from optimization.planning.frontier import (
    EQUAL_TARGETS,
    TYPICAL_SERVICE,
    marginal_prices,
    non_dominated,
    priced_service,
    scenario_frontier,
)
from optimization.simulation.frontier import at_fill
from tests.planning_frames import world
from tests.science_frames import AS_OF


@pytest.fixture(scope="module")
def table() -> pd.DataFrame:
    items, demand = world(120)
    found, report = scenario_frontier(items, demand, None, AS_OF, PolicyParameters())
    assert report["points"] == 1 + len(EQUAL_TARGETS) + len(TYPICAL_SERVICE)
    return found


def _network(table: pd.DataFrame, kind: str) -> pd.DataFrame:
    is_in = (table["scope_type"] == "network") & (table["scenario_kind"] == kind)
    return table[is_in].sort_values("fill_rate")


def test_the_table_keeps_its_contract_and_says_its_sample(table: pd.DataFrame) -> None:
    pd.testing.assert_frame_equal(SCENARIO_FRONTIER.validate(table), table)
    assert set(table["scope_type"]) == {"network", "category", "abc_class"}
    network = table[table["scope_type"] == "network"]
    assert set(network["series_count"]) == set(network["population_count"]) == {120}
    assert set(table["path_count"]) == {4}
    assert set(table["played_weeks"]) == {52}


def test_service_rises_as_money_gets_cheap(table: pd.DataFrame) -> None:
    points = _network(table, "budget").sort_values("service_factor")
    assert points["budget_multiplier"].is_monotonic_decreasing
    assert points["fill_rate"].is_monotonic_increasing
    assert points["average_stock_value"].is_monotonic_increasing


def test_the_price_of_money_needs_less_stock_than_one_target_for_all(table: pd.DataFrame) -> None:
    budget = _network(table, "budget")
    compared = 0
    for _, point in _network(table, "equal_target").iterrows():
        needed = at_fill(
            budget["fill_rate"].to_numpy(), budget["average_stock_value"].to_numpy(), point["fill_rate"]
        )
        if not np.isnan(needed):  # a target below the least point says nothing
            assert needed <= point["average_stock_value"]
            compared += 1
    assert compared >= 3


def test_efficient_points_are_those_that_nothing_beats_and_cost_ever_more(table: pd.DataFrame) -> None:
    for _, scope in table.groupby(["scope_type", "scope_id"]):
        run = scope["holding_cost_per_year"] + scope["order_cost_per_year"]
        told = scope.assign(run=run)[["fill_rate", "average_stock_value", "run"]].to_numpy()
        beaten = [
            any(
                other[0] >= own[0]
                and other[1] <= own[1]
                and other[2] <= own[2]
                and tuple(other) != tuple(own)
                for other in told
            )
            for own in told
        ]
        assert (scope["is_efficient"].to_numpy() == ~np.array(beaten)).all()
    prices = table.loc[table["scope_type"] == "network"].sort_values("fill_rate")
    told = prices["marginal_price_of_service_point"].dropna()
    assert len(told) >= 10
    assert (told >= 0).all()
    assert told.is_monotonic_increasing


@pytest.mark.parametrize("seed", range(20))
def test_the_price_is_the_slope_of_the_cheapest_mixture(seed: int) -> None:
    """By brute force: between a cheaper point and a fuller one, the least slope that the hull can have."""
    draw = np.random.default_rng(seed)
    fill, cash, cost = np.round(draw.random((3, 12)), 2)
    efficient = non_dominated(fill, cash, cost)
    price = marginal_prices(fill, cost, efficient)
    points = np.flatnonzero(efficient)
    cheapest = cost[points].min()
    start = fill[points][cost[points] == cheapest].max()

    def least_cost(level: float) -> float:
        """Least cost of a mixture of two efficient points that fills so much."""
        found = [
            cost[a]
            if fill[a] == fill[b]
            else cost[a] + (cost[b] - cost[a]) * (level - fill[a]) / (fill[b] - fill[a])
            for a in points
            for b in points
            if fill[a] <= level <= fill[b]
        ]
        return float(min(found))

    step = 1e-6
    for at in range(len(fill)):
        if not efficient[at] or fill[at] <= start:
            assert np.isnan(price[at])
        else:
            worked = (least_cost(fill[at]) - least_cost(fill[at] - step)) / (100 * step)
            assert price[at] == pytest.approx(worked, rel=1e-3, abs=1e-6)


def test_the_order_of_the_rows_changes_nothing(table: pd.DataFrame) -> None:
    items, demand = world(120)
    again, _ = scenario_frontier(items.iloc[::-1], demand.sample(frac=1.0, random_state=1), None, AS_OF)
    pd.testing.assert_frame_equal(table, again, check_exact=True)


def test_a_point_without_demand_says_nothing() -> None:
    items, demand = world(6)
    nothing = demand.assign(mean_units=0.0, variance_units2=0.0)
    found, _ = scenario_frontier(items, nothing, None, AS_OF)
    assert found["fill_rate"].isna().all()
    assert not found["is_efficient"].any()
    assert found["null_reason"].str.contains("nobody asks").all()


@pytest.mark.parametrize("seed", range(5))
def test_the_efficient_set_of_random_points(seed: int) -> None:
    draw = np.random.default_rng(seed)
    fill, cash, cost = np.round(draw.random((3, 40)), 1)
    found = non_dominated(fill, cash, cost)
    for own in range(40):
        beats = (fill >= fill[own]) & (cash <= cash[own]) & (cost <= cost[own])
        better = (fill > fill[own]) | (cash < cash[own]) | (cost < cost[own])
        assert found[own] == (not (beats & better).any())


def test_prices_skip_points_of_the_same_fill() -> None:
    price = marginal_prices(np.array([0.9, 0.9, 0.91]), np.array([1.0, 2.0, 4.0]), np.ones(3, dtype=bool))
    assert np.isnan(price[:2]).all()
    assert price[2] == pytest.approx(3.0)


def test_the_service_at_a_price_is_between_its_floor_and_the_highest() -> None:
    cost, short = np.array([1.0, 100.0, 1.0]), np.array([10.0, 10.0, 0.0])
    service = priced_service(cost, short, np.array([0.5, 0.95, 0.5]), 1e-5)
    assert service.tolist() == [0.999, 0.999, 0.5]
    assert priced_service(cost, short, np.array([0.5, 0.95, 0.5]), 9.0).tolist() == [0.5, 0.95, 0.5]
