"""Today's policy of every item-location, and what of it takes effect.

Order of the rules: order quantity first (EOQ or price break, caps by cover and life, minimum and lot),
then the lowest reorder point that meets the target given that quantity, then the order-up-to level,
then what overrides them (shelf life, display, final buy, end of life), then publication.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import pandas as pd

from optimization.contracts.inputs import ITEM_LOCATION, PRICE_BREAK
from optimization.contracts.outputs import POLICY, PROTECTION_DEMAND
from optimization.keys import known_positions, positions, sorted_by_key
from optimization.lifecycle import is_closed
from optimization.lots import line_terms
from optimization.measures import abc_xyz
from optimization.parameters import PolicyParameters
from optimization.policy import budget_targets, final_orders
from optimization.policy.dead_band import change_states
from optimization.policy.eoq import economic_order_quantity
from optimization.policy.order_quantity import DAYS_PER_YEAR, Wanted, order_quantity
from optimization.policy.order_up_to import order_up_to_level
from optimization.policy.position_losses import ReviewedDemand
from optimization.policy.price_breaks import quantities_with_discounts
from optimization.policy.safety_stock import safety_stock
from optimization.policy.service_aim import controlled
from optimization.policy.service_levels import Expected, Target, expected_service, reorder_points
from optimization.reasons import first_that_holds
from optimization.results import Report
from optimization.screening import screened

Numbers = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]
Texts = npt.NDArray[np.object_]
Levels = tuple[Numbers, Numbers]

_TERMS = (
    "unit_cost",
    "holding_rate",
    "order_cost",
    "shortage_cost",
    "review_days",
    "display_min_units",
)


def plan_policies(
    item_location: pd.DataFrame,
    protection_demand: pd.DataFrame,
    previous_policy: pd.DataFrame | None,
    parameters: PolicyParameters | None = None,
    price_break: pd.DataFrame | None = None,
    demand_history: pd.DataFrame | None = None,
    service_control: pd.DataFrame | None = None,
) -> tuple[pd.DataFrame, Report]:
    """Plan the policy of every item-location; returns `opt_out__policy`.

    Takes `opt_in__item_location`, `opt_out__protection_demand`, the last effective values
    (`item_id`, `location_id`, `reorder_point_units`, `order_up_to_units` and, where known, the classes
    `abc_class`, `abc_calculated`, `xyz_class`, `xyz_calculated`), None on the first run,
    `opt_in__price_break`, `opt_in__demand_history` for the decay of final buys, and
    `opt_out__service_control` for what to aim at so that the target is delivered.
    `reorder_point_units` and `order_up_to_units` are effective, the `proposed_` columns today's
    calculation. An item-location with implausible terms keeps its last value. Raises `ContractError`
    when a frame is not of its table, `KeyError` when an item-location has no protection demand.
    """
    parameters = parameters or PolicyParameters()
    item_location, poisoned = screened(sorted_by_key(item_location), ITEM_LOCATION)
    protection_demand = PROTECTION_DEMAND.validate(protection_demand)
    demand = protection_demand.iloc[known_positions(item_location, protection_demand, PROTECTION_DEMAND.name)]
    today = _today(
        item_location,
        demand,
        np.flatnonzero(~poisoned),
        parameters,
        price_break,
        demand_history,
        service_control,
    )
    terms, rules = today.terms, today.rules

    old = _previous(item_location, previous_policy)
    wanted = _keep_old(poisoned, old, today.wanted)
    change = np.where(np.isnan(old[1]), wanted[1], wanted[1] - old[1]) * terms["unit_cost"]
    state = change_states(old, wanted, change, parameters)
    # The last order of an item and the end of its life do not wait for a dead band.
    is_over = rules["FINAL_BUY"] | rules["END_OF_LIFE"]
    state[is_over & (state == "within_dead_band")] = "auto_approved"
    kept = (state == "within_dead_band") | (state == "proposed")
    effective = np.where(kept, old[0], wanted[0]), np.where(kept, old[1], wanted[1])

    expected = expected_service(*effective, today.demand, today.target.is_lost)
    status = demand["status"].to_numpy(dtype=object).copy()
    status[poisoned] = "QUARANTINED"
    reason = first_that_holds(
        {
            "POLICY_KEPT": poisoned,
            "APPROVAL_PENDING": state == "proposed",
            "WITHIN_DEAD_BAND": state == "within_dead_band",
            **rules,
        },
        "SERVICE_TARGET" if parameters.cash_budget is None else "BUDGET_TARGET",
    )
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
            "proposed_reorder_point_units": wanted[0],
            "proposed_order_up_to_units": wanted[1],
            **_expectations(effective, expected, today.quantity, terms),
            **_classes(item_location, terms, today.demand, previous_policy, parameters),
            "change_state": state,
            "change_value": change,
            "reason_code": reason,
            "method": today.method,
            "status": status,
            "criticality": item_location["criticality"],
            "previous_reorder_point_units": old[0],
            "previous_order_up_to_units": old[1],
        }
    )
    figures = {f"change_{name}": int(count) for name, count in frame["change_state"].value_counts().items()}
    return POLICY.validate(frame), Report.of(len(item_location), frame, **dict(sorted(figures.items())))


def todays_levels(
    item_location: pd.DataFrame,
    protection_demand: pd.DataFrame,
    parameters: PolicyParameters,
    service_control: pd.DataFrame | None = None,
) -> Levels:
    """Today's (s, S) of every row, before any comparison with what holds; units, each (n,).

    For the replays, which ask many times: the two frames are valid, sound and row for row alike.
    """
    rows = np.arange(len(item_location))
    found = _today(item_location, protection_demand, rows, parameters, None, None, service_control)
    return found.wanted


@dataclass(frozen=True)
class _Today:
    """Today's calculation: what went in, what it is, and the rule that decided it."""

    terms: dict[str, Numbers]
    demand: ReviewedDemand
    price: Numbers
    quantity: Numbers
    quantity_reason: Texts
    eoq: Numbers
    target: Target
    method: Texts
    wanted: Levels
    rules: dict[str, Flags]


def _today(
    item_location: pd.DataFrame,
    protection_demand: pd.DataFrame,
    sound: npt.NDArray[np.int64],
    parameters: PolicyParameters,
    price_break: pd.DataFrame | None,
    demand_history: pd.DataFrame | None,
    service_control: pd.DataFrame | None,
) -> _Today:
    """Order quantity, target, levels and last orders; only `sound` rows get a last order."""
    mean, variance, interval, lead = (
        protection_demand[name].to_numpy(np.float64)
        for name in ("mean_units", "variance_units2", "protection_days", "lead_time_days")
    )
    demand = ReviewedDemand.of(mean, variance, np.clip(lead / interval, 0.0, 1.0))
    terms = {name: item_location[name].to_numpy(np.float64) for name in _TERMS}
    terms["yearly"] = mean / interval * DAYS_PER_YEAR
    price, quantity, quantity_reason, eoq = _quantities(item_location, terms, parameters, price_break)
    target, method = _targets(item_location, terms, demand, quantity, parameters)
    if service_control is not None and parameters.cash_budget is None:
        scope = protection_demand["model_scope"].to_numpy(dtype=object)
        target = replace(target, service=controlled(target, scope, service_control))
    wanted, rules = _wanted_levels(item_location, terms, demand, target, quantity)
    is_last = final_orders.is_last_review(item_location) & ~rules["END_OF_LIFE"]
    last = np.intersect1d(np.flatnonzero(is_last), sound)
    if len(last):
        final = final_orders.levels(item_location.iloc[last], demand[last], parameters, demand_history)
        wanted[1][last], wanted[0][last] = final, np.maximum(final - 1.0, 0.0)
    rules["FINAL_BUY"] = np.isin(np.arange(len(item_location)), last)
    method = np.where(rules["FINAL_BUY"], "final_buy", method).astype(object)
    return _Today(terms, demand, price, quantity, quantity_reason, eoq, target, method, wanted, rules)


def _life_days(item_location: pd.DataFrame) -> Numbers:
    shelf = item_location["shelf_life_days"].to_numpy(np.float64)
    return np.where(np.isnan(shelf), np.inf, shelf)


def _quantities(
    item_location: pd.DataFrame,
    terms: dict[str, Numbers],
    parameters: PolicyParameters,
    price_break: pd.DataFrame | None,
) -> tuple[Numbers, Numbers, Texts, Numbers]:
    """Price per unit at the quantity, order quantity, its reason, and the plain EOQ."""
    eoq = economic_order_quantity(
        terms["order_cost"], terms["holding_rate"] * terms["unit_cost"], terms["yearly"]
    )
    economic, price = eoq, terms["unit_cost"]
    if price_break is not None and len(price_break):
        economic, price = quantities_with_discounts(
            PRICE_BREAK.validate(price_break), item_location, eoq, terms
        )
    moq, lot = line_terms(item_location)
    quantity, reason = order_quantity(
        Wanted(
            economic=economic,
            yearly=terms["yearly"],
            review_days=terms["review_days"],
            moq=moq,
            lot=lot,
            is_whole=item_location["is_integer"].to_numpy(dtype=np.bool_),
            life_days=_life_days(item_location),
            is_price_break=economic > eoq + 1e-9,
        ),
        parameters.max_cover_days,
    )
    return price, quantity, reason, eoq


def _targets(
    item_location: pd.DataFrame,
    terms: dict[str, Numbers],
    demand: ReviewedDemand,
    quantity: Numbers,
    parameters: PolicyParameters,
) -> tuple[Target, Texts]:
    """What service each row is planned for, by which measure, and the rule that does it."""
    target = Target(
        item_location["service_target"].to_numpy(np.float64),
        item_location["service_metric"].to_numpy(dtype=object),
        (item_location["stockout_behaviour"] == "lost").to_numpy(),
    )
    if parameters.cash_budget is None:
        return target, target.method()
    service = budget_targets.service_within(
        demand,
        terms,
        quantity,
        (item_location["criticality"] == "V").to_numpy(dtype=np.bool_, na_value=False),
        parameters,
    )
    return Target(service, np.full(len(service), "cycle", object), target.is_lost), np.full(
        len(service), "budget_marginal", object
    )


def _wanted_levels(
    item_location: pd.DataFrame,
    terms: dict[str, Numbers],
    demand: ReviewedDemand,
    target: Target,
    quantity: Numbers,
) -> tuple[Levels, dict[str, Flags]]:
    """Today's (s, S), and which rule other than the service target decided it, the strongest first."""
    display = terms["display_min_units"]
    point = reorder_points(target, quantity, demand)
    on_demand = point < 0
    level = np.where(on_demand, display, order_up_to_level(point, quantity, display))
    # Stock that demand does not take before it spoils is not bought.
    days = _life_days(item_location)
    per_day = terms["yearly"] / DAYS_PER_YEAR
    life = np.where(np.isinf(days), np.inf, np.floor(per_day * np.where(np.isinf(days), 0.0, days)))
    life = np.maximum(life, 1.0)
    spoils = ~on_demand & (level > life)
    level = np.where(spoils, np.maximum(life, display), level)
    point = np.where(spoils, np.minimum(point, level - 1.0), point)
    # What must be shown is not there to be sold, so the order is due before it is touched.
    point = np.maximum(np.maximum(point, 0.0), np.minimum(display, level) - 1.0)

    closed = is_closed(item_location)
    point, level = np.where(closed, 0.0, point), np.where(closed, 0.0, level)
    rules = {
        "END_OF_LIFE": closed,
        "FINAL_BUY": np.zeros(len(level), dtype=np.bool_),
        "DISPLAY_MINIMUM": (display > 0) & (level <= display),
        "ON_DEMAND": on_demand,
        "SHELF_LIFE": spoils,
    }
    return (point, level), rules


def _previous(item_location: pd.DataFrame, previous_policy: pd.DataFrame | None) -> Levels:
    nothing = np.full(len(item_location), np.nan)
    if previous_policy is None or not len(previous_policy):
        return nothing, nothing.copy()
    row = positions(item_location, previous_policy)
    values = (
        previous_policy[name].to_numpy(np.float64)[row]
        for name in ("reorder_point_units", "order_up_to_units")
    )
    point, level = (np.where(row >= 0, value, np.nan) for value in values)
    return point, level


def _keep_old(poisoned: Flags, old: Levels, new: Levels) -> Levels:
    """The last value, or none at all, where the terms of the row cannot be trusted."""
    point, level = (
        np.where(poisoned, np.nan_to_num(before), after) for before, after in zip(old, new, strict=True)
    )
    return point, level


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
