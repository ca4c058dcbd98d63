"""Today's policy of every item-location, and what of it takes effect.

Order of the rules: order quantity first (EOQ, cover cap, minimum and lot), then the lowest reorder
point that meets the target given that quantity, then the order-up-to level, then publication.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

from optimization.contracts.inputs import ITEM_LOCATION
from optimization.contracts.outputs import POLICY, PROTECTION_DEMAND
from optimization.demand import distributions
from optimization.keys import positions, sorted_by_key
from optimization.lifecycle import is_closed
from optimization.lots import feasible_quantity
from optimization.parameters import PolicyParameters
from optimization.policy.dead_band import change_states
from optimization.policy.eoq import economic_order_quantity
from optimization.policy.fill_rate import fill_rate_of_lots
from optimization.policy.order_up_to import order_up_to_level
from optimization.policy.reorder_point import reorder_point_for_cycle, reorder_point_for_fill
from optimization.policy.safety_stock import safety_stock
from optimization.reasons import first_that_holds
from optimization.results import Report
from optimization.screening import screened

Numbers = npt.NDArray[np.float64]
Texts = npt.NDArray[np.object_]
DAYS_PER_YEAR = 365.0
# No finite stock serves every demand; a target of 1 is planned as this.
HIGHEST_TARGET = 0.9999


def plan_policies(
    item_location: pd.DataFrame,
    protection_demand: pd.DataFrame,
    previous_policy: pd.DataFrame | None,
    parameters: PolicyParameters | None = None,
) -> tuple[pd.DataFrame, Report]:
    """Plan the policy of every item-location; returns `opt_out__policy`.

    Takes `opt_in__item_location`, `opt_out__protection_demand` and the last effective values
    (`item_id`, `location_id`, `reorder_point_units`, `order_up_to_units`), None on the first run.
    `reorder_point_units` and `order_up_to_units` are effective, the `proposed_` columns today's
    calculation. An item-location with implausible terms keeps its last value. Raises
    `ContractError` when a frame is not of its table.
    """
    parameters = parameters or PolicyParameters()
    item_location, poisoned = screened(sorted_by_key(item_location), ITEM_LOCATION)
    protection_demand = PROTECTION_DEMAND.validate(protection_demand)
    demand = protection_demand.iloc[_known(item_location, protection_demand)]
    mean, variance = (demand[name].to_numpy(np.float64) for name in ("mean_units", "variance_units2"))
    terms = {name: item_location[name].to_numpy(np.float64) for name in _TERMS}
    yearly = mean / demand["protection_days"].to_numpy(np.float64) * DAYS_PER_YEAR
    holding_cost = terms["holding_rate"] * terms["unit_cost"]

    eoq = economic_order_quantity(terms["order_cost"], holding_cost, yearly)
    quantity = _order_quantity(item_location, eoq, yearly, parameters)
    point = _reorder_point(item_location, quantity, mean, variance)
    on_demand, display = point < 0, terms["display_min_units"]
    closed = is_closed(item_location)
    level = np.where(on_demand, display, order_up_to_level(point, quantity, display))
    # What must be shown is not there to be sold, so the order is due before it is touched.
    point = np.maximum(np.maximum(point, 0.0), np.minimum(display, level) - 1.0)
    point, level = np.where(closed, 0.0, point), np.where(closed, 0.0, level)

    old = _previous(item_location, previous_policy)
    point, level = _keep_old(poisoned, old, (point, level))
    change = np.where(np.isnan(old[1]), level, level - old[1]) * terms["unit_cost"]
    state = change_states(old, (point, level), change, parameters)
    kept = np.isin(state.astype(str), ["within_dead_band", "proposed"])
    effective = np.where(kept, old[0], point), np.where(kept, old[1], level)

    method = np.where(item_location["service_metric"] == "cycle", "cycle_quantile", "fill_of_lots").astype(
        object
    )
    status = demand["status"].to_numpy(dtype=object).copy()
    status[poisoned] = "QUARANTINED"
    reason = first_that_holds(
        {
            "POLICY_KEPT": poisoned,
            "APPROVAL_PENDING": state == "proposed",
            "WITHIN_DEAD_BAND": state == "within_dead_band",
            "END_OF_LIFE": closed,
            "DISPLAY_MINIMUM": (display > 0) & (level <= display),
            "ON_DEMAND": on_demand,
        },
        "SERVICE_TARGET",
    )
    frame = pd.DataFrame(
        {
            "item_id": item_location["item_id"],
            "location_id": item_location["location_id"],
            "service_target": item_location["service_target"],
            "service_metric": item_location["service_metric"],
            "lead_time_days": demand["lead_time_days"].to_numpy(),
            "review_days": item_location["review_days"],
            "moq_units": item_location["moq_units"],
            "lot_units": item_location["lot_units"],
            "safety_stock_units": safety_stock(effective[0], mean),
            "reorder_point_units": effective[0],
            "order_up_to_units": effective[1],
            "order_quantity_units": quantity,
            "eoq_units": eoq,
            "proposed_reorder_point_units": point,
            "proposed_order_up_to_units": level,
            **_expected(effective, quantity, mean, variance, yearly, terms["order_cost"], holding_cost),
            "change_state": state,
            "change_value": change,
            "reason_code": reason,
            "method": method,
            "status": status,
            "previous_reorder_point_units": old[0],
            "previous_order_up_to_units": old[1],
        }
    )
    states, counts = np.unique(state.astype(str), return_counts=True)
    figures = {f"change_{name}": int(count) for name, count in zip(states, counts, strict=True)}
    return POLICY.validate(frame), Report.of(len(item_location), frame, **figures)


_TERMS = ("unit_cost", "holding_rate", "order_cost", "moq_units", "lot_units", "display_min_units")


def _known(item_location: pd.DataFrame, protection_demand: pd.DataFrame) -> npt.NDArray[np.int64]:
    row = positions(item_location, protection_demand)
    if (row < 0).any():
        first = item_location.iloc[int(np.flatnonzero(row < 0)[0])]
        raise KeyError(
            f"opt_out__protection_demand lacks item {first['item_id']!r} at {first['location_id']!r}; "
            "compute it from the same opt_in__item_location"
        )
    return row


def _order_quantity(
    item_location: pd.DataFrame, eoq: Numbers, yearly: Numbers, parameters: PolicyParameters
) -> Numbers:
    """EOQ, capped by cover, at least one review period's demand, made whole, then feasible."""
    review = yearly / DAYS_PER_YEAR * item_location["review_days"].to_numpy(np.float64)
    wanted = np.minimum(np.maximum(eoq, review), yearly / DAYS_PER_YEAR * parameters.max_cover_days)
    whole = item_location["is_integer"].to_numpy(dtype=np.bool_)
    wanted = np.where(whole, np.maximum(np.round(wanted), 1.0), np.maximum(wanted, 1e-6))
    return feasible_quantity(
        wanted,
        item_location["moq_units"].to_numpy(np.float64),
        item_location["lot_units"].to_numpy(np.float64),
    )


def _reorder_point(
    item_location: pd.DataFrame, quantity: Numbers, mean: Numbers, variance: Numbers
) -> Numbers:
    target = np.minimum(item_location["service_target"].to_numpy(np.float64), HIGHEST_TARGET)
    point = reorder_point_for_cycle(target, mean, variance)
    # Fill and ready rate of whole units are the same mean over the positions, see fill_rate.py.
    by_fill = (item_location["service_metric"] != "cycle").to_numpy() & (mean > 0)
    if by_fill.any():
        point[by_fill] = reorder_point_for_fill(
            target[by_fill], quantity[by_fill], mean[by_fill], variance[by_fill]
        )
    return point


def _previous(item_location: pd.DataFrame, previous_policy: pd.DataFrame | None) -> tuple[Numbers, Numbers]:
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


def _keep_old(
    poisoned: npt.NDArray[np.bool_], old: tuple[Numbers, Numbers], new: tuple[Numbers, Numbers]
) -> tuple[Numbers, Numbers]:
    """The last value, or none at all, where the terms of the row cannot be trusted."""
    point, level = (
        np.where(poisoned, np.nan_to_num(before), after) for before, after in zip(old, new, strict=True)
    )
    return point, level


def _expected(
    effective: tuple[Numbers, Numbers],
    quantity: Numbers,
    mean: Numbers,
    variance: Numbers,
    yearly: Numbers,
    order_cost: Numbers,
    holding_cost: Numbers,
) -> dict[str, Numbers]:
    """What the effective values are expected to do: service, and ordering plus holding per year."""
    point, level = effective
    # The position runs from s + 1 to S, whose width is what an order really brings.
    width = np.maximum(level - point, 0.0)
    fill = np.where(level > 0, fill_rate_of_lots(point, np.maximum(width, 1.0), mean, variance), 0.0)
    fill = np.where(mean > 0, fill, 1.0)
    lowest = np.minimum(point + 1.0, level)
    cycle = np.where(mean > 0, distributions.cdf(lowest, mean, variance), 1.0)
    short = distributions.expected_shortage((lowest + level) / 2.0, mean, variance)
    stock = np.maximum((lowest + level) / 2.0 - mean + short, 0.0)
    orders = np.divide(yearly, np.maximum(quantity, width), out=np.zeros_like(yearly), where=quantity > 0)
    return {
        "expected_fill_rate": fill,
        "expected_cycle_service": np.clip(cycle, 0.0, 1.0),
        "expected_cost_per_year": order_cost * orders + holding_cost * stock,
    }
