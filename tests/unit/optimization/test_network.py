"""The network plan on small cases: who gives, who gets, who orders, and what fails how."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from optimization.errors import ContractError
from optimization.network import batches
from optimization.network.planning import NetworkPlan, plan_network
from optimization.parameters import NetworkParameters
from optimization.policy.planning import plan_policies
from optimization.solver.solution import Solution
from tests.science_frames import AS_OF, item_location, lane, protection

BOTH_WAYS = [("L1", "L2"), ("L2", "L1")]


def _plan(
    mean: list[float],
    lanes: pd.DataFrame | None = None,
    parameters: NetworkParameters | None = None,
    **columns: object,
) -> NetworkPlan:
    items = item_location(len(mean), **columns)
    demand = protection(items, mean)
    policy, _ = plan_policies(items, demand, None)
    lanes = lane(BOTH_WAYS) if lanes is None else lanes
    return plan_network(items, policy, demand, lanes, AS_OF, parameters)


def test_excess_goes_where_it_is_short_and_the_rest_is_ordered() -> None:
    plan = _plan([5.0, 5.0], on_hand_units=[40.0, 0.0])
    move = plan.transfer_order.iloc[0]
    assert (move["from_location_id"], move["to_location_id"]) == ("L1", "L2")
    assert move["net_gain"] >= 0.2 * move["transfer_cost"]
    assert move["net_gain"] == pytest.approx(
        move["destination_value"] - move["source_value"] - move["transfer_cost"]
    )
    order = plan.replenishment_order.iloc[0]
    after = plan.position_plan.set_index("location_id")
    assert order["location_id"] == "L2"
    assert after.loc["L2", "position_after_units"] >= after.loc["L2", "policy_level_units"]
    assert after.loc["L1", "reason_code"] == "GAVE_STOCK"
    assert after["position_after_units"].sum() == 40.0 + order["replenish_units"]


def test_without_a_lane_the_policy_alone_decides() -> None:
    plan = _plan([5.0, 5.0], lane([]), on_hand_units=[40.0, 0.0])
    assert plan.transfer_order.empty
    row = plan.position_plan.set_index("location_id").loc["L2"]
    assert row["position_after_units"] == row["policy_level_units"]
    assert plan.solver_run["batch_id"].tolist() == ["closed_form"]


def test_a_donor_keeps_what_it_needs_shows_and_has_promised() -> None:
    plan = _plan(
        [5.0, 5.0], on_hand_units=[40.0, 0.0], reserved_units=[12.0, 0.0], display_min_units=[25.0, 0.0]
    )
    assert plan.transfer_order["transfer_units"].sum() <= 40 - 12 - 25


def test_stock_on_order_cannot_be_given_away() -> None:
    plan = _plan([5.0, 5.0], on_hand_units=[2.0, 0.0], on_order_units=[60.0, 0.0])
    assert plan.transfer_order["transfer_units"].sum() <= 2


def test_a_transfer_that_arrives_after_the_supplier_would_is_not_made() -> None:
    slow = lane(BOTH_WAYS, days=14.0)
    assert _plan([5.0, 5.0], slow, on_hand_units=[40.0, 0.0]).transfer_order.empty


def test_a_fixed_cost_that_the_move_cannot_win_back_stops_it() -> None:
    assert len(_plan([5.0, 5.0], lane(BOTH_WAYS, fixed=1.0), on_hand_units=[40.0, 0.0]).transfer_order) == 1
    assert _plan([5.0, 5.0], lane(BOTH_WAYS, fixed=500.0), on_hand_units=[40.0, 0.0]).transfer_order.empty


def test_orders_are_in_lots_of_at_least_the_minimum() -> None:
    plan = _plan([5.0, 5.0], on_hand_units=[0.0, 40.0], moq_units=20.0, lot_units=6.0)
    units = plan.replenishment_order["replenish_units"].tolist()
    assert units and all(quantity >= 20 and quantity % 6 == 0 for quantity in units)


def test_a_minimum_over_the_supplier_is_met_where_it_avoids_most_shortage() -> None:
    columns: dict[str, object] = {"moq_units": 150.0, "order_cost": 0.0, "on_hand_units": [0.0, 20.0, 40.0]}
    alone = _plan([10.0] * 3, lane([]), moq_scope="line", **columns)
    assert alone.replenishment_order["replenish_units"].min() >= 150.0
    # Nobody is lifted beyond one more interval of demand, so that less than the minimum is ordered.
    whole = _plan([10.0] * 3, lane([]), moq_scope="supplier", **columns)
    assert whole.report["orders_below_minimum"] == 1
    assert whole.replenishment_order["replenish_units"].sum() < 150.0
    columns["moq_units"] = 30.0
    whole = _plan([10.0] * 3, lane([]), moq_scope="supplier", **columns)
    assert whole.replenishment_order["replenish_units"].sum() == 30.0
    assert whole.report["orders_below_minimum"] == 0
    assert set(whole.replenishment_order["reason_code"]) == {"SUPPLIER_MINIMUM"}
    worth = _plan(
        [10.0] * 3, lane([]), min_order_value=600.0, order_cost=0.0, on_hand_units=[10.0, 40.0, 40.0]
    )
    # Orders are per location; the first one is lifted to 15 units of 40.
    assert worth.replenishment_order["replenish_units"].tolist() == [15.0]


def test_every_solve_reports_a_bound_and_passes_the_audit() -> None:
    plan = _plan(
        [5.0, 5.0, 3.0], lane([("L1", "L2"), ("L1", "L3")], fixed=2.0), on_hand_units=[60.0, 0.0, 1.0]
    )
    runs = plan.solver_run
    assert runs["is_audit_passed"].all()
    assert (runs["objective_bound"] <= runs["objective"] + 1e-9).all()
    assert (runs["relative_gap"] <= 0.001).all()
    assert set(runs["solver_status"]) <= {"OPTIMAL", "WITHIN_GAP"}


def test_an_item_without_a_proven_plan_keeps_the_policy_order(monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*_: object) -> Solution:
        return Solution("FAILED", "kUnknown", np.empty(0), np.inf, -np.inf, np.inf, np.inf, "highs 0")

    monkeypatch.setattr(batches, "solve", fails)
    plan = _plan([5.0, 5.0], on_hand_units=[40.0, 0.0])
    assert plan.transfer_order.empty
    order = plan.replenishment_order.iloc[0]
    assert (order["status"], order["reason_code"]) == ("FALLBACK", "SOLVER_NO_SOLUTION")
    assert plan.solver_run["solver_status"].tolist() == ["OPTIMAL", "FAILED", "FAILED"]


def test_a_row_with_an_implausible_term_is_left_alone_and_costs_only_itself() -> None:
    clean = _plan([5.0, 5.0, 5.0], on_hand_units=[40.0, 0.0, 0.0])
    plan = _plan([5.0, 5.0, 5.0], on_hand_units=[40.0, 0.0, 0.0], unit_cost=[40.0, 40.0, np.nan])
    rows = plan.position_plan.set_index("location_id")
    assert (rows.loc["L3", "status"], rows.loc["L3", "reason_code"]) == ("QUARANTINED", "INPUT_IMPLAUSIBLE")
    assert rows.loc["L3", "position_after_units"] == 0.0
    other = clean.position_plan.set_index("location_id")
    pd.testing.assert_series_equal(rows.loc["L2"], other.loc["L2"])


def test_ids_are_those_of_the_content() -> None:
    first, second = (_plan([5.0, 5.0], on_hand_units=[40.0, 0.0]) for _ in range(2))
    pd.testing.assert_frame_equal(first.transfer_order, second.transfer_order)
    other = _plan([5.0, 5.0], on_hand_units=[41.0, 0.0])
    assert set(first.replenishment_order.iloc[:, 0]).isdisjoint(other.transfer_order.iloc[:, 0])


def test_a_long_range_of_stock_is_still_within_the_gap() -> None:
    plan = _plan([4_000.0, 4_000.0], on_hand_units=[30_000.0, 0.0])
    assert plan.transfer_order["transfer_units"].sum() > 1_000
    assert plan.solver_run["relative_gap"].max() <= 0.001


def test_a_lane_table_without_its_cost_is_refused_by_name() -> None:
    with pytest.raises(ContractError, match="opt_in__lane"):
        _plan([5.0, 5.0], lane(BOTH_WAYS).drop(columns="cost_fixed"))
