"""Scenarios: the same paths for all, exact differences, and what every override must do."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd
import pytest

from optimization.parameters import PolicyParameters
from optimization.planning.overriding import Capacity, overridden
from optimization.planning.paths import drawn_uniforms
from optimization.planning.playing import Capacitated
from optimization.planning.scenario import ScenarioError, scenario_of
from optimization.planning.scenarios import Baseline, Outcome, baseline_of, compared, run_scenario
from optimization.simulation.rules import OrderUpTo
from optimization.simulation.simulator import play
from tests.planning_frames import world
from tests.science_frames import AS_OF, item_location

SHORT = {"weeks": 30, "settling_weeks": 8, "paths": 2}


@pytest.fixture(scope="module")
def baseline() -> Baseline:
    items, demand = world(60)
    return baseline_of(items, demand, None, AS_OF, PolicyParameters(), 1_000)


def play_it(baseline: Baseline, **content: Any) -> Outcome:
    return run_scenario(baseline, scenario_of({"name": "x", **SHORT, **content}))


def network(outcome: Outcome) -> pd.Series:
    return outcome.by_scope.iloc[0]


def test_a_scenario_without_overrides_is_the_baseline_to_the_bit(baseline: Baseline) -> None:
    plain = play_it(baseline)
    same = play_it(
        baseline,
        description="says the same",
        overrides=[{"lead_time_multiplier": 1.0, "demand_multiplier": 1.0, "moq_multiplier": 1.0}],
    )
    pd.testing.assert_frame_equal(plain.series, same.series, check_exact=True)
    pd.testing.assert_frame_equal(plain.by_scope, same.by_scope, check_exact=True)
    difference = compared(plain.series, same.series, 1)
    assert (difference[["difference", "difference_low", "difference_high"]] == 0.0).all(axis=None)


def test_the_order_of_the_rows_and_the_rest_of_the_sample_change_nothing(baseline: Baseline) -> None:
    items, demand = world(60)
    shuffled = items.sample(frac=1.0, random_state=3)
    again = baseline_of(shuffled, demand.iloc[::-1], None, AS_OF, PolicyParameters(), 1_000)
    pd.testing.assert_frame_equal(play_it(baseline).series, play_it(again).series, check_exact=True)
    few = baseline_of(items.iloc[:5], demand, None, AS_OF, PolicyParameters(), 1_000)
    columns = ["item_id", "demand", "filled", "stock_value"]
    pd.testing.assert_frame_equal(
        play_it(few).series[columns], play_it(baseline).series[columns].head(5), check_exact=True
    )


def test_only_the_rows_of_the_scope_change(baseline: Baseline) -> None:
    plain, changed = (
        play_it(baseline, overrides=rows).series
        for rows in (
            [],
            [
                {
                    "where": {"category": ["glass"]},
                    "service_target": 0.99,
                    "lead_time_multiplier": 2,
                    "demand_multiplier": 1.5,
                }
            ],
        )
    )
    others = plain["category"] != "glass"
    pd.testing.assert_frame_equal(plain[others], changed[others], check_exact=True)
    assert (changed.loc[~others, "demand"] >= plain.loc[~others, "demand"]).all()
    assert changed.loc[~others, "stock_value"].sum() > plain.loc[~others, "stock_value"].sum()


# Figure and sign of its change; 0 is no change at all.
RULES: list[tuple[str, dict[str, Any], dict[str, int]]] = [
    ("service up", {"overrides": [{"service_target": 0.98}]}, {"fill_rate": 1, "average_stock_value": 1}),
    ("service down", {"overrides": [{"service_target": 0.7}]}, {"fill_rate": -1, "average_stock_value": -1}),
    ("more demand", {"overrides": [{"demand_multiplier": 1.5}]}, {"average_stock_value": 1}),
    ("dear capital", {"overrides": [{"cost_of_capital_change": 0.4}]}, {"orders_per_year": 1}),
    ("holding rate", {"overrides": [{"holding_rate": 0.02}]}, {"orders_per_year": -1}),
    ("larger minimum", {"overrides": [{"moq_units": 60}]}, {"orders_per_year": -1, "average_stock_value": 1}),
    ("capacity", {"overrides": [{"capacity_units_per_week": 20}]}, {"fill_rate": -1, "orders_per_year": -1}),
    (
        "outage",
        {"outages": [{"supplier": "S1", "from": "2024-09-15", "days": 60}]},
        {"fill_rate": -1, "average_stock_value": -1},
    ),
]


@pytest.mark.parametrize(("content", "signs"), [rule[1:] for rule in RULES], ids=[rule[0] for rule in RULES])
def test_an_override_does_what_it_must(
    baseline: Baseline, content: dict[str, Any], signs: dict[str, int]
) -> None:
    plain, changed = network(play_it(baseline)), network(play_it(baseline, **content))
    assert {name: int(np.sign(changed[name] - plain[name])) for name in signs} == signs


def test_longer_lead_times_cost_stock_or_service(baseline: Baseline) -> None:
    told = [
        network(play_it(baseline, overrides=[{"lead_time_multiplier": factor}])) for factor in (1.0, 1.5, 2.5)
    ]
    for shorter, longer in pairwise(told):
        assert (
            longer["average_stock_value"] > shorter["average_stock_value"]
            or longer["fill_rate"] < shorter["fill_rate"]
        )


def test_service_rises_with_every_step_of_target_and_of_budget(baseline: Baseline) -> None:
    targets = [
        network(play_it(baseline, overrides=[{"service_target": t}])) for t in (0.6, 0.75, 0.9, 0.95, 0.99)
    ]
    stock = network(play_it(baseline))["average_stock_value"]
    budgets = [network(play_it(baseline, budget=float(stock * share))) for share in (0.4, 0.7, 1.0, 1.5)]
    for steps in (targets, budgets):
        assert all(low["fill_rate"] < high["fill_rate"] for low, high in pairwise(steps))
        assert all(low["average_stock_value"] < high["average_stock_value"] for low, high in pairwise(steps))
    assert all(
        0.0 <= row["fill_rate_low"] <= row["fill_rate"] <= row["fill_rate_high"] <= 1.0 for row in targets
    )


def test_scopes_add_up_to_the_network(baseline: Baseline) -> None:
    table = play_it(baseline).by_scope
    for kind in ("category", "abc_class"):
        parts = table[table["scope_type"] == kind]
        for name in ("average_stock_value", "cost_per_year", "orders_per_year", "population_count"):
            assert parts[name].sum() == pytest.approx(table[name].iloc[0], rel=1e-12)


def test_a_sample_stands_for_the_whole() -> None:
    items, demand = world(600, seed=11)
    whole, part = (
        network(play_it(baseline_of(items, demand, None, AS_OF, PolicyParameters(), most)))
        for most in (1_000, 300)
    )
    assert part["series_count"] == 300
    assert part["population_count"] == 600
    assert part["fill_rate"] == pytest.approx(whole["fill_rate"], abs=0.03)
    assert part["orders_per_year"] == pytest.approx(whole["orders_per_year"], rel=0.1)


def test_demand_over_the_interval_is_what_the_policy_is_sized_for() -> None:
    from optimization.planning.paths import weekly_demand

    items, demand = world(8)
    uniforms = drawn_uniforms(items, 1, 30_000, 5)
    units = weekly_demand(demand, uniforms)[:, 0]
    weeks = demand["protection_days"].to_numpy() / 7
    assert (weeks == np.rint(weeks)).all()
    sums = units.reshape(8, -1, int(weeks[0])).sum(axis=2)
    rate = demand["mean_units"] / demand["protection_days"]
    own = demand["variance_units2"] - (rate * demand["lead_time_sd_days"]) ** 2
    np.testing.assert_allclose(sums.mean(axis=1), demand["mean_units"], rtol=0.03)
    np.testing.assert_allclose(sums.var(axis=1), np.maximum(own, demand["mean_units"]), rtol=0.12)


def test_a_capacity_is_never_exceeded_and_what_is_left_carries_a_large_order() -> None:
    rule = Capacitated(
        OrderUpTo(np.array([10.0, 10.0, 40.0])),
        np.zeros(3),
        np.array([1.0, 1.0, 12.0]),
        np.ones(3, dtype=np.int64),
        (Capacity(np.array([True, True, True]), 6.0),),
        paths=1,
    )
    outcome = play(np.full((3, 12), 2.0), rule, lead_time=0, lot=np.array([1.0, 1.0, 12.0]), keep_ledger=True)
    assert outcome.ledger is not None
    ordered = outcome.ledger.order.sum(axis=0).cumsum()
    assert (ordered <= 6.0 * np.arange(1, 13) + 1e-9).all()
    assert outcome.ordered[2] >= 12.0


def test_aged_stock_is_what_came_more_than_half_a_year_ago() -> None:
    items = item_location(1, on_hand_units=100.0, on_order_units=0.0, list_price=50.0)
    _, demand = world(1)
    demand = demand.assign(
        item_id="I1", location_id="L1", mean_units=1e-9, variance_units2=1e-9, protection_days=21.0
    )
    base = baseline_of(items, demand, None, AS_OF, PolicyParameters(), 10)
    told = network(play_it(base))
    assert told["aged_value_share"] == 1.0
    assert told["null_reason"] == "fill_rate: nobody asks for anything"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ({"overrides": [{}]}, "overrides[0]: the override changes nothing; give at least one of service"),
        (
            {"overrides": [{"service_target": 1.5}]},
            "overrides[0].service_target: Input should be less than 1",
        ),
        ({"supplier": "S1"}, "scenario: unknown key 'supplier'; use one of name, description, baseline"),
        (
            {"outages": [{"supplier": "S1", "until": 3}]},
            "unknown key 'until'; use one of supplier, from, days",
        ),
        (
            {"overrides": [{"where": {"region": ["x"]}, "holding_rate": 0}]},
            "one of category, supplier, location",
        ),
    ],
)
def test_a_fault_is_told_with_what_may_stand_there(content: dict[str, Any], message: str) -> None:
    with pytest.raises(ScenarioError, match="the scenario cannot be read") as told:
        scenario_of({"name": "x", **content})
    assert message in str(told.value)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (
            {"overrides": [{"where": {"category": ["Brakes"]}, "holding_rate": 0.1}]},
            "overrides[0].where: no item-location that is played has category 'Brakes'; there are brakes",
        ),
        ({"outages": [{"supplier": "S9", "from": "2025-01-01", "days": 5}]}, "outages[0]: no item-location"),
        (
            {"outages": [{"supplier": "S1", "from": "2024-07-01", "days": 5}]},
            "outages[0]: it begins before 2024-08-25, in the weeks that are played and not counted; set "
            "settling_weeks: 0",
        ),
    ],
)
def test_what_is_not_there_is_told(baseline: Baseline, content: dict[str, Any], message: str) -> None:
    with pytest.raises(ScenarioError) as told:
        play_it(baseline, **content)
    assert message in str(told.value)


def test_the_frames_that_were_given_stay_as_they_were(baseline: Baseline) -> None:
    items, demand = baseline.item_location.copy(), baseline.protection_demand.copy()
    scenario = scenario_of(
        {"name": "x", "overrides": [{"moq_units": 9, "lead_time_multiplier": 3, "service_target": 0.99}]}
    )
    changed = overridden(scenario, baseline.item_location, baseline.protection_demand, AS_OF)
    pd.testing.assert_frame_equal(baseline.item_location, items, check_exact=True)
    pd.testing.assert_frame_equal(baseline.protection_demand, demand, check_exact=True)
    assert (changed.item_location["moq_units"] == 9).all()
    longer = changed.protection_demand
    assert (longer["protection_days"] == 3 * items["lead_time_days"] + items["review_days"]).all()
    assert (longer["variance_units2"] > demand["variance_units2"]).all()
