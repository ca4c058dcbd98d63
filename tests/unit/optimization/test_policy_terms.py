"""What bears on a policy beside its target: behaviour at stock-outs, prices, life, budget, last orders."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from optimization.demand import censored, empirical
from optimization.measures.abc_xyz import share_before, with_hysteresis
from optimization.parameters import PolicyParameters
from optimization.policy.planning import plan_policies
from optimization.policy.schedule import plan_schedule
from tests.science_frames import AS_OF, item_location, protection


def _plan(
    mean: list[float],
    parameters: PolicyParameters | None = None,
    price_break: pd.DataFrame | None = None,
    history: pd.DataFrame | None = None,
    **columns: Any,
) -> pd.DataFrame:
    items = item_location(len(mean), **columns)
    return plan_policies(items, protection(items, mean), None, parameters, price_break, history)[0]


def test_the_measure_and_the_stock_out_behaviour_decide_the_reorder_point() -> None:
    frame = _plan(
        [60.0] * 4,
        service_metric=["cycle", "fill", "fill", "ready"],
        stockout_behaviour=["backorder", "backorder", "lost", "mixed"],
        order_cost=0.0,
    ).set_index("method")
    assert set(frame.index) == {
        "cycle_quantile",
        "fill_of_positions",
        "fill_of_positions_lost",
        "ready_of_positions",
    }
    point = frame["reorder_point_units"]
    assert point["fill_of_positions_lost"] < point["fill_of_positions"] < point["cycle_quantile"]
    expected = frame["expected_fill_rate"]
    assert expected["fill_of_positions"] >= 0.95
    assert expected["fill_of_positions_lost"] == pytest.approx(0.95, abs=0.02)
    assert frame["expected_ready_rate"]["ready_of_positions"] >= 0.95
    assert (frame["days_of_supply"] == frame["expected_stock_units"] / (60.0 / 21.0)).all()


def test_a_large_lot_is_no_reason_to_plan_without_stock() -> None:
    """2.7 units in 21 days in lots of 60: the lot alone fills 95 %, had it ever been ordered."""
    frame = _plan(
        [2.7, 2.7, 0.0, 0.01],
        service_metric=["fill", "ready", "fill", "cycle"],
        lot_units=[60.0, 60.0, 60.0, 1.0],
        order_cost=0.0,
    )
    assert frame["reorder_point_units"].tolist() == [0.0, 0.0, 0.0, 0.0]
    assert frame["order_up_to_units"].tolist() == [60.0, 60.0, 0.0, 0.0]
    assert frame["reason_code"].tolist() == ["SERVICE_TARGET"] * 2 + ["ON_DEMAND"] * 2
    assert (frame["expected_fill_rate"][:2] >= 0.95).all()
    # One in a hundred intervals sees a request, so 99 % of them are served without any stock.
    assert frame["expected_cycle_service"][3] >= 0.95


@pytest.mark.parametrize("seed", range(4))
def test_a_policy_that_nothing_else_binds_is_expected_to_meet_what_it_is_planned_for(seed: int) -> None:
    """Of any lot, minimum, target and measure; lost sales by their approximation."""
    draw, rows = np.random.default_rng(seed), 150
    mean = np.where(draw.random(rows) < 0.1, 0.0, np.round(draw.lognormal(0.5, 1.8, rows), 3))
    frame = _plan(
        list(mean),
        service_metric=list(draw.choice(["cycle", "fill", "ready"], rows)),
        stockout_behaviour=list(draw.choice(["backorder", "lost", "mixed"], rows)),
        service_target=list(draw.choice([0.5, 0.8, 0.95, 0.99], rows)),
        lot_units=list(draw.choice([1.0, 4.0, 60.0, 500.0], rows)),
        moq_units=list(draw.choice([0.0, 7.0, 200.0], rows)),
        order_cost=list(draw.choice([0.0, 50.0], rows)),
    )
    mean = mean[frame["location_id"].str[1:].astype(int) - 1]
    bound = ~frame["reason_code"].isin(["SERVICE_TARGET", "ON_DEMAND"])
    assert not bound.any()
    on_demand = frame["reason_code"] == "ON_DEMAND"
    assert (frame.loc[~on_demand, "order_up_to_units"] >= 1.0).all()
    assert set(frame.loc[on_demand & (mean > 0), "service_metric"]) <= {"cycle"}
    names = {"cycle": "expected_cycle_service", "fill": "expected_fill_rate", "ready": "expected_ready_rate"}
    for metric, name in names.items():
        of = frame[(frame["service_metric"] == metric)]
        slack = np.where((of["stockout_behaviour"] == "lost") & (metric != "cycle"), 0.03, 1e-9)
        short = of[of[name] < of["planned_service"] - slack]
        assert short.empty, short[["planned_service", name, "reorder_point_units", "order_up_to_units"]]


def test_a_budget_is_not_spent_on_what_hardly_anybody_asks_for() -> None:
    """At a price of money at which no unit of a rare item pays, none is planned, and none is counted."""
    columns: dict[str, Any] = {
        "unit_cost": 100.0,
        "shortage_cost": 30.0,
        "criticality": "E",
        "order_cost": 0.0,
    }
    mean = [20.0] * 5 + [0.05] * 95
    ample = _plan(mean, PolicyParameters(cash_budget=1e9), **columns)
    budget = 0.25 * float((ample["expected_stock_units"] * 100.0).sum())
    tight = _plan(mean, PolicyParameters(cash_budget=budget), **columns)
    assert float((tight["expected_stock_units"] * 100.0).sum()) <= budget
    is_common = tight["location_id"].isin([f"L{number}" for number in range(1, 6)])
    assert (tight.loc[~is_common, "order_up_to_units"] == 0).all()
    assert (tight.loc[is_common, "order_up_to_units"] > 0).all()


def test_a_price_break_that_pays_lifts_the_order_quantity() -> None:
    scale = pd.DataFrame(
        {
            "item_id": "I1",
            "supplier_id": "S1",
            "min_quantity_units": [0.0, 60.0],
            "unit_price": [40.0, 30.0],
            "price_scheme": "all_units",
        }
    )
    row = _plan([10.0], price_break=scale).iloc[0]
    assert (row["order_quantity_units"], row["order_price"]) == (60.0, 30.0)
    assert row["order_quantity_reason"] == "PRICE_BREAK"
    dear = scale.assign(unit_price=[40.0, 39.99])
    row = _plan([10.0], price_break=dear).iloc[0]
    assert (row["order_quantity_reason"], row["order_price"]) == ("ECONOMIC_QUANTITY", 40.0)


def test_stock_is_held_down_to_what_sells_before_it_spoils() -> None:
    row = _plan([10.0], shelf_life_days=10.0).iloc[0]
    # 10 units in 21 days: 4 in 10 days.
    assert row["order_up_to_units"] == 4.0
    assert (row["reason_code"], row["order_quantity_reason"]) == ("SHELF_LIFE", "LIFE_CAP")


def test_the_last_review_before_the_last_order_date_buys_for_the_remaining_life() -> None:
    dates = [AS_OF + pd.Timedelta(days=3), AS_OF + pd.Timedelta(days=30)]
    history = pd.DataFrame(
        {
            "item_id": "I1",
            "location_id": "L1",
            "bucket_start_date": [AS_OF - pd.Timedelta(days=725), AS_OF - pd.Timedelta(days=100)],
            "demand_units": [300.0, 60.0],
        }
    )
    frame = _plan([10.0, 10.0], last_order_date=dates, shortage_cost=60.0)
    last, normal = frame.iloc[0], frame.iloc[1]
    assert (last["reason_code"], last["method"]) == ("FINAL_BUY", "final_buy")
    # Three years at 10 in 21 days are 521 units.
    assert 480 < last["order_up_to_units"] < 580
    assert last["reorder_point_units"] == last["order_up_to_units"] - 1
    assert normal["reason_code"] == "SERVICE_TARGET"
    fading = _plan([10.0, 10.0], history=history, last_order_date=dates, shortage_cost=60.0).iloc[0]
    assert fading["order_up_to_units"] < 0.8 * last["order_up_to_units"]


def test_a_cash_budget_replaces_the_targets_by_marginal_analysis() -> None:
    columns: dict[str, Any] = {
        "unit_cost": [400.0, 4.0, 400.0],
        "shortage_cost": [12.0, 12.0, 12.0],
        "criticality": ["E", "E", "V"],
        "order_cost": 0.0,
    }
    free = _plan([10.0] * 3, **columns)
    money = float((free["expected_stock_units"] * columns["unit_cost"]).sum())
    tight = _plan([10.0] * 3, PolicyParameters(cash_budget=0.8 * money), **columns)
    assert float((tight["expected_stock_units"] * columns["unit_cost"]).sum()) <= 0.85 * money
    assert tight["reason_code"].tolist() == ["BUDGET_TARGET"] * 3
    dear, cheap, vital = tight["planned_service"]
    assert cheap > dear
    assert vital >= 0.95
    ample = _plan([10.0] * 3, PolicyParameters(cash_budget=10 * money), **columns)
    assert (ample["planned_service"] >= 0.998).all()


def test_classes_wait_for_a_clear_or_a_second_sign() -> None:
    items = item_location(3, unit_cost=[100.0, 21.0, 1.0])
    demand = protection(items, [8.0, 8.0, 8.0])
    first, _ = plan_policies(items, demand, None)
    assert first["abc_class"].tolist() == ["A", "B", "C"]
    # The second item now lies a little before the cut of 80 %.
    moved = item_location(3, unit_cost=[79.0, 22.0, 1.0])
    second, _ = plan_policies(moved, demand, first)
    assert (second["abc_calculated"][1], second["abc_class"][1]) == ("A", "B")
    third, _ = plan_policies(moved, demand, second)
    assert third["abc_class"][1] == "A"


def test_one_dominant_item_is_a_and_items_without_value_are_c() -> None:
    assert share_before(np.array([0.0, 990.0, 10.0])).tolist() == [1.0, 0.0, 0.99]
    kept = with_hysteresis(
        np.array(["C"], dtype=object),
        np.array([1.0]),
        (0.8, 0.95),
        np.array(["A"], dtype=object),
        np.array(["A"], dtype=object),
    )
    # Far past the cut next to A: it moves at once.
    assert kept.tolist() == ["C"]


# --- dated levels


def _forecast(base: np.ndarray, uplift: np.ndarray) -> pd.DataFrame:
    n, horizon = base.shape
    rows, weeks = np.divmod(np.arange(n * horizon), horizon)
    mean = (base + uplift).ravel()
    return pd.DataFrame(
        {
            "item_id": "I1",
            "location_id": [f"L{row + 1}" for row in rows],
            "horizon_weeks": (weeks + 1).astype(np.int64),
            "bucket_start_date": (AS_OF + pd.to_timedelta(1 + 7 * weeks, "D")).astype("datetime64[ns]"),
            "base_units": base.ravel(),
            "uplift_units": uplift.ravel(),
            "sensed_factor": 1.0,
            "statistical_units": mean,
            "mean_units": mean,
            **{f"q{level}_units": mean for level in (50, 80, 90, 95)},
            "method": "given",
            "status": "OK",
            "plan_units": np.nan,
            "reason_code": pd.Series(None, index=range(len(mean)), dtype=object),
        }
    )


def test_levels_are_dated_where_the_path_leaves_the_interval_of_today() -> None:
    items = item_location(4, lifecycle_status=["active", "active", "active", "obsolete"])
    base, uplift = np.full((4, 13), 10.0), np.zeros((4, 13))
    uplift[1, 5:7] = 25.0
    base[2] = 10.0 * (1.0 + 0.08 * np.arange(13))
    base[3] = base[2]
    demand = protection(items, [30.0] * 4)
    policy, _ = plan_policies(items, demand, None)
    found, report = plan_schedule(items, _forecast(base, uplift), demand, policy)
    assert report["rows_out"] == len(found)
    # The calm item and the obsolete one keep their policy.
    assert set(found["location_id"]) == {"L2", "L3"}
    promotion, season = (found[found["location_id"] == name] for name in ("L2", "L3"))
    assert set(promotion["reason_code"]) == {"PROMOTION"}
    assert set(season["reason_code"]) == {"SEASON"}
    # Weeks 5 to 8 ahead look at week 6 or 7 from three weeks before it.
    assert promotion["effective_from"].min() == AS_OF + pd.Timedelta(days=1 + 7 * 3)
    assert promotion["effective_to"].max() == AS_OF + pd.Timedelta(days=7 * 7)
    today = policy["order_up_to_units"].iloc[0]
    assert (promotion["order_up_to_units"] > 1.1 * today).all()
    assert season["order_up_to_units"].is_monotonic_increasing
    for rows in (promotion, season):
        assert (rows["effective_from"].to_numpy()[1:] > rows["effective_to"].to_numpy()[:-1]).all()
    nothing, _ = plan_schedule(items.head(1), _forecast(base, uplift), demand, policy)
    assert not len(nothing)


# --- demand of few or cut-off observations


def test_censoring_raises_the_mean_and_refuses_to_guess_without_a_whole_observation() -> None:
    exact, cut = np.array([4.0, 6, 7, 10, 12]), np.array([6.0, 9, 10])
    grid = np.linspace(6.0, 14.0, 8001)
    from scipy import stats

    likelihood = stats.poisson.logpmf(exact[:, None], grid).sum(axis=0)
    likelihood += stats.poisson.logsf(cut[:, None] - 1, grid).sum(axis=0)
    assert censored.poisson_rate(exact, cut) == pytest.approx(grid[int(np.argmax(likelihood))], abs=2e-3)
    assert censored.poisson_rate(exact, np.zeros(0)) == pytest.approx(exact.mean(), abs=1e-6)
    assert censored.negative_binomial_moments(exact, cut)[0] == pytest.approx(8.948, abs=0.3)
    assert censored.poisson_rate(np.zeros(3), np.zeros(2)) == 0.0
    with pytest.raises(ValueError, match="not be censored"):
        censored.poisson_rate(np.zeros(0), cut)


def test_the_bootstrap_of_an_interval_is_that_of_all_draws() -> None:
    history = np.array([0.0, 1.0, 3.0])
    draws = np.array(np.meshgrid(history, history)).sum(axis=0).ravel()
    pmf = empirical.bootstrap_of_interval(history, 2)
    assert pmf == pytest.approx(np.bincount(draws.astype(int)) / len(draws))
    for level in (0.1, 0.5, 0.9, 1.0):
        assert empirical.quantile_of(pmf, level) == np.quantile(draws, level, method="inverted_cdf")
