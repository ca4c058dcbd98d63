"""Today's policy of every item-location, and what of it takes effect.

The calculation itself stands in `calculation`; here it meets the values that hold.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from optimization.contracts.inputs import ITEM_LOCATION
from optimization.contracts.outputs import POLICY, PROTECTION_DEMAND
from optimization.keys import known_positions, positions, sorted_by_key
from optimization.measures import abc_xyz
from optimization.parameters import GovernanceParameters, PolicyParameters
from optimization.policy.calculation import CALCULATION, is_vital, terms_of, within_budget
from optimization.policy.governed_day import Calculated
from optimization.policy.governed_rows import Before
from optimization.policy.inputs import inputs_hashes, inputs_of
from optimization.policy.order_quantity import DAYS_PER_YEAR
from optimization.policy.position_losses import ReviewedDemand
from optimization.policy.publication import governed
from optimization.policy.safety_stock import safety_stock
from optimization.policy.service_levels import Expected, expected_service
from optimization.reasons import first_that_holds
from optimization.results import Mapper, Report
from optimization.screening import screened
from optimization.separable import counted, refuse_many

Numbers = npt.NDArray[np.float64]
Texts = npt.NDArray[np.object_]
Levels = tuple[Numbers, Numbers]
# The day of a plan for which no decision counts, so that nothing hangs on it.
_NO_DAY = pd.Timestamp("1970-01-01")


@dataclass(frozen=True)
class PlannedPolicies:
    """The policies of a day with the tables of governance, and the report of the plan."""

    policy: pd.DataFrame
    policy_change: pd.DataFrame
    approval: pd.DataFrame
    policy_override: pd.DataFrame
    report: Report


def plan_policies(
    item_location: pd.DataFrame,
    protection_demand: pd.DataFrame,
    previous_policy: pd.DataFrame | None,
    parameters: PolicyParameters | None = None,
    price_break: pd.DataFrame | None = None,
    demand_history: pd.DataFrame | None = None,
    service_control: pd.DataFrame | None = None,
) -> tuple[pd.DataFrame, Report]:
    """Plan the policies where nobody has decided anything; `opt_out__policy` and the report.

    As `planned_policies`, which takes the decisions too: for a day that stands alone.
    """
    plan = planned_policies(
        item_location,
        protection_demand,
        Before(previous_policy),
        _NO_DAY,
        parameters=parameters,
        price_break=price_break,
        demand_history=demand_history,
        service_control=service_control,
    )
    return plan.policy, plan.report


def planned_policies(
    item_location: pd.DataFrame,
    protection_demand: pd.DataFrame,
    before: Before,
    as_of: pd.Timestamp,
    *,
    policy_event: pd.DataFrame | None = None,
    parameters: PolicyParameters | None = None,
    rules: GovernanceParameters | None = None,
    price_break: pd.DataFrame | None = None,
    demand_history: pd.DataFrame | None = None,
    service_control: pd.DataFrame | None = None,
    mapper: Mapper = map,
) -> PlannedPolicies:
    """Plan the policy of every item-location, and decide what of it takes effect.

    Takes `opt_in__item_location`, `opt_out__protection_demand`, what the last release left (its
    effective values and, where known, the classes `abc_class`, `abc_calculated`, `xyz_class`,
    `xyz_calculated`), `ledger__policy_event`, `opt_in__price_break`, `opt_in__demand_history` for the
    decay of final buys, and `opt_out__service_control` for what to aim at so that the target is
    delivered. `reorder_point_units` and `order_up_to_units` are effective, the `proposed_` columns
    today's calculation. An item-location with implausible terms, or on which the calculation fails,
    keeps its last value; `mapper` runs the calculation. Raises `ContractError` when a frame is not of its
    table, `KeyError` when an item-location has no protection demand, `TooManyLostError` when the
    calculation fails on many.
    """
    parameters, rules = parameters or PolicyParameters(), rules or GovernanceParameters()
    item_location, poisoned = screened(sorted_by_key(item_location), ITEM_LOCATION)
    protection_demand = PROTECTION_DEMAND.validate(protection_demand)
    demand = protection_demand.iloc[known_positions(item_location, protection_demand, PROTECTION_DEMAND.name)]
    inputs = inputs_of(
        item_location,
        demand,
        np.flatnonzero(~poisoned),
        parameters,
        price_break,
        demand_history,
        service_control,
    )
    inputs = within_budget(inputs, is_vital(item_location), parameters)
    (attempt,) = mapper(CALCULATION, [inputs])
    refuse_many(attempt.loss, "The calculation of the policy")
    poisoned = poisoned | (attempt.loss != None)  # noqa: E711 (element by element)
    today = attempt.calculation
    # The row's own terms, where its calculation failed too: classes compare all rows.
    terms, rules_met = terms_of(inputs), today.rules
    status = demand["status"].to_numpy(dtype=object).copy()
    status[poisoned] = "QUARANTINED"
    decided = governed(
        Calculated(
            keys=item_location[["item_id", "location_id"]],
            wanted=today.wanted,
            unit_cost=terms["unit_cost"],
            is_kept=poisoned,
            is_over=rules_met["FINAL_BUY"] | rules_met["END_OF_LIFE"],
            inputs_hash=inputs_hashes(inputs),
            reason=first_that_holds(
                rules_met, "SERVICE_TARGET" if parameters.cash_budget is None else "BUDGET_TARGET"
            ),
            method=today.method,
            status=status,
        ),
        policy_event,
        before,
        as_of,
        parameters,
        rules,
    )
    effective = decided.effective

    expected = expected_service(*effective, today.demand, today.target.is_lost)
    frame = pd.DataFrame(
        {
            "item_id": item_location["item_id"],
            "location_id": item_location["location_id"],
            "service_target": item_location["service_target"],
            "service_metric": item_location["service_metric"],
            "planned_service": today.target.service,
            "stockout_behaviour": item_location["stockout_behaviour"],
            "lead_time_days": demand["lead_time_days"].to_numpy(np.float64),
            "review_days": item_location["review_days"],
            "moq_units": item_location["moq_units"],
            "lot_units": item_location["lot_units"],
            "safety_stock_units": safety_stock(effective[0], today.demand.mean),
            "reorder_point_units": effective[0],
            "order_up_to_units": effective[1],
            "order_quantity_units": today.quantity,
            "order_quantity_reason": today.quantity_reason,
            "eoq_units": today.eoq,
            "order_price": today.price,
            "proposed_reorder_point_units": decided.wanted[0],
            "proposed_order_up_to_units": decided.wanted[1],
            **_expectations(effective, expected, today.quantity, terms),
            **_classes(item_location, terms, today.demand, before.policy, parameters),
            "change_state": decided.change_state,
            "change_value": decided.change_value,
            "reason_code": decided.reason,
            "method": today.method,
            "status": decided.status,
            "criticality": item_location["criticality"],
            "previous_reorder_point_units": decided.old[0],
            "previous_order_up_to_units": decided.old[1],
            **decided.held,
        }
    )
    figures = {f"change_{name}": int(count) for name, count in frame["change_state"].value_counts().items()}
    figures |= {f"calculation_{loss}": count for loss, count in counted(attempt.loss).items()}
    return PlannedPolicies(
        policy=POLICY.validate(frame),
        policy_change=decided.policy_change,
        approval=decided.approval,
        policy_override=decided.policy_override,
        report=Report.of(len(item_location), frame, **dict(sorted(figures.items()))),
    )


def _expectations(
    effective: Levels, expected: Expected, quantity: Numbers, terms: dict[str, Numbers]
) -> dict[str, Numbers]:
    """What the effective values are expected to do: service, stock, ordering plus holding per year."""
    yearly = terms["yearly"]
    width = np.maximum(effective[1] - effective[0], 0.0)
    # An order brings at least the demand of the review that led to it.
    brought = np.maximum(np.maximum(quantity, width), yearly / DAYS_PER_YEAR * terms["review_days"])
    orders = np.divide(yearly, brought, out=np.zeros_like(yearly), where=brought > 0)
    orders = np.where(effective[1] > 0, orders, 0.0)
    per_day = yearly / DAYS_PER_YEAR
    supply = np.divide(expected.stock, per_day, out=np.full_like(per_day, np.nan), where=per_day > 0)
    holding = terms["holding_rate"] * terms["unit_cost"] * expected.stock
    return {
        "expected_fill_rate": expected.fill,
        "expected_ready_rate": expected.ready,
        "expected_cycle_service": expected.cycle,
        "expected_stock_units": expected.stock,
        "expected_cost_per_year": terms["order_cost"] * orders + holding,
        "days_of_supply": supply,
    }


def _classes(
    item_location: pd.DataFrame,
    terms: dict[str, Numbers],
    demand: ReviewedDemand,
    previous_policy: pd.DataFrame | None,
    parameters: PolicyParameters,
) -> dict[str, Texts]:
    """ABC by yearly value at cost, XYZ by variation of demand over the interval, each with hysteresis."""
    before = abc_xyz.share_before(terms["yearly"] * terms["unit_cost"])
    cv = np.divide(
        np.sqrt(demand.variance), demand.mean, out=np.full_like(demand.mean, np.inf), where=demand.mean > 0
    )
    row = None
    if previous_policy is not None and "abc_class" in previous_policy and len(previous_policy):
        row = positions(item_location, previous_policy)
    found: dict[str, Texts] = {}
    for name, today, metric, cuts in (
        ("abc", abc_xyz.abc_of(before), before, (abc_xyz.A_SHARE, abc_xyz.B_SHARE)),
        ("xyz", abc_xyz.xyz_of(cv, parameters.xyz_cuts), cv, parameters.xyz_cuts),
    ):
        found[f"{name}_class"], found[f"{name}_calculated"] = today, today
        if row is not None and previous_policy is not None:
            in_force, calculated = (
                previous_policy[f"{name}_{kind}"].to_numpy(dtype=object)[row]
                for kind in ("class", "calculated")
            )
            in_force[row < 0] = None
            found[f"{name}_class"] = abc_xyz.with_hysteresis(today, metric, cuts, in_force, calculated)
    return found
