"""The day's plan on small cases: who gives, who gets, who orders, and what fails how."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from optimization.errors import ContractError, SolverError
from optimization.network import engine_choice
from optimization.network.planning import NetworkPlan, plan_network
from tests.science_frames import AS_OF, lane, location_limit, recent_transfer
from tests.unit.network.day_plans import BOTH_WAYS, day_inputs, day_plan


def _by_location(plan: NetworkPlan) -> pd.DataFrame:
    return plan.frames.position_plan.set_index("location_id")


def _moved(plan: NetworkPlan) -> float:
    return float(plan.frames.transfer_order["transfer_units"].sum())


def test_excess_goes_where_it_is_short_and_the_rest_is_ordered() -> None:
    plan = day_plan([5.0, 5.0], on_hand_units=[40.0, 0.0])
    move = plan.frames.transfer_order.iloc[0]
    assert (move["from_location_id"], move["to_location_id"]) == ("L1", "L2")
    assert move["net_gain"] >= 0.2 * move["transfer_cost"]
    assert move["net_gain"] == pytest.approx(
        move["destination_value"] - move["source_value"] - move["transfer_cost"]
    )
    order = plan.frames.replenishment_order.iloc[0]
    after = _by_location(plan)
    assert order["location_id"] == "L2"
    assert after.loc["L2", "position_after_units"] >= after.loc["L2", "policy_level_units"]
    assert after.loc["L1", "reason_code"] == "GAVE_STOCK"
    assert after["position_after_units"].sum() == 40.0 + order["replenish_units"]


def test_without_a_lane_the_policy_alone_decides() -> None:
    plan = day_plan([5.0, 5.0], lanes=lane([]), on_hand_units=[40.0, 0.0])
    assert plan.frames.transfer_order.empty
    row = _by_location(plan).loc["L2"]
    assert row["position_after_units"] == row["policy_level_units"]


def test_a_donor_keeps_what_it_needs_shows_and_has_promised() -> None:
    shown = day_plan(
        [5.0, 5.0], on_hand_units=[40.0, 0.0], reserved_units=[12.0, 0.0], display_min_units=[25.0, 0.0]
    )
    assert _moved(shown) == 40 - 12 - 25
    # The 80 % quantile of its own demand (mean 5, variance 7.5) is 7.
    assert _moved(day_plan([5.0, 25.0], on_hand_units=[20.0, 0.0])) == 20 - 7


def test_an_item_at_its_end_is_given_away_and_not_ordered() -> None:
    # L1 may no longer order: below its reorder point it still has more than its own demand needs.
    ended = day_plan(
        [5.0, 5.0],
        on_hand_units=[12.0, 0.0],
        lifecycle_status="phase_out",
        last_order_date=AS_OF - pd.Timedelta(days=30),
        shortage_cost=60.0,
    )
    assert ended.frames.replenishment_order.empty
    assert 0 < _moved(ended) <= 12 - 7


def test_stock_on_order_cannot_be_given_away() -> None:
    plan = day_plan([5.0, 5.0], on_hand_units=[2.0, 0.0], supply=[("L1", 60.0, 5)])
    assert _moved(plan) <= 2


def test_only_supply_that_comes_within_the_interval_makes_a_transfer_needless() -> None:
    # Lead time 14 days, review 7: what comes on day 10 serves the interval, what comes on day 30 does not.
    def received(days: int) -> float:
        return _moved(day_plan([5.0, 5.0], on_hand_units=[40.0, 2.0], supply=[("L2", 9.0, days)]))

    assert received(30) > received(10) == 0.0


def test_overdue_supply_that_nobody_counts_is_needed_again() -> None:
    inputs = day_inputs([5.0, 5.0], on_hand_units=[40.0, 2.0], supply=[("L2", 9.0, 1)])
    trusted = plan_network(inputs, AS_OF)
    uncounted = plan_network(replace(inputs, open_supply=inputs.open_supply.assign(is_counted=False)), AS_OF)
    assert _moved(uncounted) > _moved(trusted) == 0.0


def test_a_transfer_that_arrives_after_the_supplier_would_is_not_made() -> None:
    slow = lane(BOTH_WAYS, days=14.0)
    assert day_plan([5.0, 5.0], lanes=slow, on_hand_units=[40.0, 0.0]).frames.transfer_order.empty


def test_a_fixed_cost_that_the_move_cannot_win_back_stops_it() -> None:
    def count(fixed: float) -> int:
        lanes = lane(BOTH_WAYS, fixed=fixed)
        return len(day_plan([5.0, 5.0], lanes=lanes, on_hand_units=[40.0, 0.0]).frames.transfer_order)

    assert (count(1.0), count(500.0)) == (1, 0)


def test_a_move_within_the_dead_band_is_not_made() -> None:
    def unit_moves(cost: float) -> float:
        # L2 does not trigger and wants one or two units more than it has.
        return _moved(day_plan([5.0, 5.0], lanes=lane(BOTH_WAYS, cost), on_hand_units=[40.0, 12.0]))

    free, gains = unit_moves(0.0), []
    plan = day_plan([5.0, 5.0], lanes=lane(BOTH_WAYS, 0.05), on_hand_units=[40.0, 12.0])
    gains = (plan.frames.transfer_order["net_gain"] / plan.frames.transfer_order["transfer_cost"]).tolist()
    assert free >= unit_moves(0.05) >= unit_moves(5.0) == 0.0
    assert all(gain >= 0.2 - 1e-9 for gain in gains)


def test_a_move_of_the_last_days_is_not_taken_back() -> None:
    recent = recent_transfer([("L2", "L1")])
    assert day_plan([5.0, 5.0], recent=recent, on_hand_units=[40.0, 0.0]).frames.transfer_order.empty


def test_orders_are_in_lots_of_at_least_the_minimum() -> None:
    plan = day_plan([5.0, 5.0], on_hand_units=[0.0, 40.0], moq_units=20.0, lot_units=6.0)
    units = plan.frames.replenishment_order["replenish_units"].tolist()
    assert units and all(quantity >= 20 and quantity % 6 == 0 for quantity in units)


def test_a_minimum_over_the_supplier_is_met_where_it_avoids_most_shortage() -> None:
    def planned(**terms: Any) -> NetworkPlan:
        columns: dict[str, Any] = {"order_cost": 0.0, "on_hand_units": [0.0, 20.0, 40.0]} | terms
        return day_plan([10.0] * 3, lanes=lane([]), **columns)

    alone = planned(moq_units=150.0, moq_scope="line")
    assert alone.frames.replenishment_order["replenish_units"].min() >= 150.0
    # Nobody is lifted beyond one more interval of demand, so that less than the minimum is ordered.
    whole = planned(moq_units=150.0, moq_scope="supplier")
    assert whole.report["orders_below_minimum"] == 1
    assert whole.frames.replenishment_order["replenish_units"].sum() < 150.0
    whole = planned(moq_units=30.0, moq_scope="supplier")
    assert whole.frames.replenishment_order["replenish_units"].sum() == 30.0
    assert whole.report["orders_below_minimum"] == 0
    assert set(whole.frames.replenishment_order["reason_code"]) == {"SUPPLIER_MINIMUM"}
    # Orders are per location; the first one is lifted to 15 units of 40.
    worth = planned(min_order_value=600.0, on_hand_units=[10.0, 40.0, 40.0])
    assert worth.frames.replenishment_order["replenish_units"].tolist() == [15.0]


def test_a_budget_cuts_what_is_worth_least_and_says_so() -> None:
    limits = location_limit(["L1"], purchase_budget=400.0)
    plan = day_plan([10.0, 10.0], lanes=lane([]), limits=limits, on_hand_units=[0.0, 0.0])
    assert plan.frames.replenishment_order.set_index("location_id").loc["L1", "replenish_units"] == 10.0
    assert _by_location(plan)["reason_code"].tolist() == ["BUDGET_BINDS", "ORDERED_TO_POLICY"]
    row = plan.frames.network_row.iloc[0]
    assert (row["row_use_after"], row["reason_code"]) == (400.0, "CAPACITY_BINDS")


def test_the_solve_reports_a_bound_and_passes_the_audit() -> None:
    lanes = lane([("L1", "L2"), ("L1", "L3")], fixed=2.0)
    plan = day_plan([5.0, 5.0, 3.0], lanes=lanes, on_hand_units=[60.0, 0.0, 1.0])
    run = plan.frames.network_solver_run.iloc[0]
    assert run["is_audit_passed"]
    assert run["objective_bound"] <= run["objective"] + 1e-9
    assert run["relative_gap"] <= 0.001
    assert run["solver_status"] in ("OPTIMAL", "WITHIN_GAP")


def test_without_a_proven_plan_the_policys_orders_stand_and_say_why(monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*_: object) -> None:
        raise SolverError("the solver gave up")

    monkeypatch.setattr(engine_choice, "_solved", fails)
    plan = day_plan([5.0, 5.0], on_hand_units=[40.0, 0.0])
    assert plan.frames.transfer_order.empty
    order = plan.frames.replenishment_order.iloc[0]
    assert (order["status"], order["reason_code"]) == ("FALLBACK", "SOLVER_NO_SOLUTION")
    run = plan.frames.network_solver_run.iloc[0]
    assert (run["solver_status"], run["detail"]) == ("FALLBACK", "SolverError: the solver gave up")
    assert _by_location(plan)["status"].tolist() == ["FALLBACK", "FALLBACK"]


def test_a_row_with_an_implausible_term_is_left_alone_and_costs_only_itself() -> None:
    clean = day_plan([5.0, 5.0, 5.0], on_hand_units=[40.0, 0.0, 0.0])
    plan = day_plan([5.0, 5.0, 5.0], on_hand_units=[40.0, 0.0, 0.0], unit_cost=[40.0, 40.0, np.nan])
    rows, other = _by_location(plan), _by_location(clean)
    assert (rows.loc["L3", "status"], rows.loc["L3", "reason_code"]) == ("QUARANTINED", "INPUT_IMPLAUSIBLE")
    assert rows.loc["L3", "position_after_units"] == 0.0
    pd.testing.assert_frame_equal(rows.loc[["L2"]], other.loc[["L2"]])


def test_ids_are_those_of_the_content() -> None:
    first, second = (day_plan([5.0, 5.0], on_hand_units=[40.0, 0.0]).frames for _ in range(2))
    pd.testing.assert_frame_equal(first.transfer_order, second.transfer_order)
    pd.testing.assert_frame_equal(first.replenishment_order, second.replenishment_order)


def test_a_long_range_of_stock_is_still_within_the_gap() -> None:
    plan = day_plan([4_000.0, 4_000.0], on_hand_units=[30_000.0, 0.0])
    assert _moved(plan) > 1_000
    assert plan.frames.network_solver_run["relative_gap"].max() <= 0.001


def test_a_table_without_a_column_is_refused_by_name() -> None:
    with pytest.raises(ContractError, match="opt_in__lane"):
        day_plan([5.0, 5.0], lanes=lane(BOTH_WAYS).drop(columns="cost_fixed"))


@pytest.mark.parametrize("with_rows", [False, True])
def test_nothing_to_plan_makes_empty_tables(with_rows: bool) -> None:
    inputs = day_inputs([5.0, 5.0])
    none = {name: getattr(inputs, name).iloc[:0] for name in ("item_location", "policy", "protection_demand")}
    rows = (lambda model, places: None) if with_rows else None
    frames = plan_network(replace(inputs, **none), AS_OF, user_rows=rows).frames
    assert frames.position_plan.empty and frames.transfer_order.empty and frames.replenishment_order.empty
    assert frames.network_solver_run["solver_status"].tolist() == ["OPTIMAL"]
