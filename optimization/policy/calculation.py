"""Today's reorder point and order-up-to level, from the inputs of each row and nothing else.

Order of the rules: order quantity first (EOQ or price break, caps by cover and life, minimum and lot),
then the lowest reorder point that meets the target given that quantity, then the order-up-to level,
then what overrides them (shelf life, display, final buy, end of life). What takes effect of it is
decided elsewhere.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from optimization.parameters import PolicyParameters
from optimization.policy import budget_targets, final_orders
from optimization.policy.eoq import economic_order_quantity
from optimization.policy.inputs import PolicyInputs, inputs_hashes, inputs_of
from optimization.policy.order_quantity import DAYS_PER_YEAR, Wanted, order_quantity
from optimization.policy.order_up_to import order_up_to_level
from optimization.policy.position_losses import ReviewedDemand
from optimization.policy.price_breaks import quantities_with_discounts
from optimization.policy.service_aim import aimed_at
from optimization.policy.service_levels import Target, reorder_points
from optimization.separable import Loss, Separable, concatenated

Numbers = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]
Texts = npt.NDArray[np.object_]
Levels = tuple[Numbers, Numbers]


@dataclass(frozen=True)
class Calculation:
    """Today's calculation: what went in, what it is, and the rule that decided it.

    `terms` are the costs, `review_days`, `display_min_units` and `yearly` demand; `rules` say which rule
    other than the service target decided a row, the strongest first.
    """

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


@dataclass(frozen=True)
class _Quantities:
    """Price per unit at the order quantity, the quantity, its reason, and the plain EOQ."""

    price: Numbers
    quantity: Numbers
    reason: Texts
    eoq: Numbers


def calculated(inputs: PolicyInputs) -> Calculation:
    """Calculate the levels of every row; rows do not bear on each other.

    >>> from optimization.policy.inputs import PolicyInputs
    >>> one, no = np.ones(1), np.zeros(1, dtype=np.bool_)
    >>> found = calculated(PolicyInputs(30 * one, 45 * one, 21 * one, 14 * one, 40 * one, 0.2 * one,
    ...     0 * one, 12 * one, 7 * one, 0 * one, np.nan * one, 0.95 * one, np.array(["cycle"], object),
    ...     np.array(["backorder"], object), 0 * one, one, ~no, np.array([""], object), np.nan * one,
    ...     np.nan * one, no, no, 0 * one, 365 * one, 3 * one, 0 * one))
    >>> [level.tolist() for level in found.wanted]
    [[41.0], [51.0]]
    """
    demand, terms = _demand_of(inputs), terms_of(inputs)
    bought = _quantities(inputs, terms)
    target, method = _targets(inputs)
    (point, level), rules = _wanted_levels(inputs, terms, demand, target, bought.quantity)
    last = np.flatnonzero(inputs.is_last_order)
    if len(last):
        own = inputs.take(last)
        final = final_orders.levels(
            demand[last],
            terms_of(own),
            _life_days(own),
            own.demand_decay,
            own.final_buy_years,
            own.final_buy_salvage_share,
        )
        level[last], point[last] = final, np.maximum(final - 1.0, 0.0)
        method[last] = "final_buy"
    return Calculation(
        terms=terms,
        demand=demand,
        price=bought.price,
        quantity=bought.quantity,
        quantity_reason=bought.reason,
        eoq=bought.eoq,
        target=target,
        method=method,
        wanted=(point, level),
        rules=rules,
    )


@dataclass(frozen=True)
class Attempt:
    """A calculation, and the `Loss` of each row on which it failed: there it is that of an empty row."""

    calculation: Calculation
    loss: Texts


def _attempted(inputs: PolicyInputs) -> Attempt:
    return Attempt(calculated(inputs), np.full(len(inputs), None, dtype=object))


def _lost(inputs: PolicyInputs, loss: Loss) -> Attempt:
    nothing = inputs.without(np.ones(len(inputs), dtype=np.bool_))
    return Attempt(calculated(nothing), np.full(len(inputs), loss, dtype=object))


def _keys(inputs: PolicyInputs) -> list[str]:
    return [str(each) for each in inputs_hashes(inputs)]


def _harmless(inputs: PolicyInputs) -> PolicyInputs:
    first = inputs.take(np.arange(min(len(inputs), 1)))
    return first.without(np.ones(len(first), dtype=np.bool_))


CALCULATION: Separable[PolicyInputs, Attempt] = Separable(
    _attempted, concatenated, _lost, _keys, _harmless, part_items=20_000
)


def within_budget(inputs: PolicyInputs, is_vital: Flags, parameters: PolicyParameters) -> PolicyInputs:
    """Return the inputs with the service that the cash budget buys each row; as they are without one.

    The one step in which rows bear on each other: money goes where it avoids most shortage.
    """
    if parameters.cash_budget is None:
        return inputs
    terms = terms_of(inputs)
    quantity = _quantities(inputs, terms).quantity
    return inputs.within(
        budget_targets.service_within(_demand_of(inputs), terms, quantity, is_vital, parameters)
    )


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
    inputs = inputs_of(item_location, protection_demand, rows, parameters, None, None, service_control)
    return calculated(within_budget(inputs, is_vital(item_location), parameters)).wanted


def is_vital(item_location: pd.DataFrame) -> Flags:
    """Whether an item-location is vital: a cash budget may not lower its service as far as others'."""
    return (item_location["criticality"] == "V").to_numpy(dtype=np.bool_, na_value=False)


def _demand_of(inputs: PolicyInputs) -> ReviewedDemand:
    share = np.clip(inputs.lead_time_days / inputs.protection_days, 0.0, 1.0)
    return ReviewedDemand.of(inputs.mean_units, inputs.variance_units2, share)


def terms_of(inputs: PolicyInputs) -> dict[str, Numbers]:
    """Return the costs, `review_days`, `display_min_units` and `yearly` demand of each row."""
    names = ("unit_cost", "holding_rate", "order_cost", "shortage_cost", "review_days", "display_min_units")
    yearly = inputs.mean_units / inputs.protection_days * DAYS_PER_YEAR
    return {**{name: getattr(inputs, name) for name in names}, "yearly": yearly}


def _life_days(inputs: PolicyInputs) -> Numbers:
    return np.where(np.isnan(inputs.shelf_life_days), np.inf, inputs.shelf_life_days)


def _quantities(inputs: PolicyInputs, terms: dict[str, Numbers]) -> _Quantities:
    eoq = economic_order_quantity(
        terms["order_cost"], terms["holding_rate"] * terms["unit_cost"], terms["yearly"]
    )
    economic, price = quantities_with_discounts(inputs.price_scale, eoq, terms)
    quantity, reason = order_quantity(
        Wanted(
            economic=economic,
            yearly=terms["yearly"],
            review_days=terms["review_days"],
            moq=inputs.line_moq_units,
            lot=inputs.line_lot_units,
            is_whole=inputs.is_integer,
            life_days=_life_days(inputs),
            is_price_break=economic > eoq + 1e-9,
        ),
        inputs.max_cover_days,
    )
    return _Quantities(price, quantity, reason, eoq)


def _targets(inputs: PolicyInputs) -> tuple[Target, Texts]:
    """What service each row is planned for, by which measure, and the rule that does it."""
    by_budget = ~np.isnan(inputs.budget_service)
    service = aimed_at(inputs.service_target, inputs.logit_shift)
    target = Target(
        np.where(by_budget, inputs.budget_service, service),
        np.where(by_budget, "cycle", inputs.service_metric).astype(object),
        np.asarray(inputs.stockout_behaviour == "lost"),
    )
    return target, np.where(by_budget, "budget_marginal", target.method()).astype(object)


def _wanted_levels(
    inputs: PolicyInputs, terms: dict[str, Numbers], demand: ReviewedDemand, target: Target, quantity: Numbers
) -> tuple[Levels, dict[str, Flags]]:
    """Today's (s, S) before a last order, and which rule other than the service target decided it."""
    display = terms["display_min_units"]
    point = reorder_points(target, quantity, demand)
    on_demand = point < 0
    level = np.where(on_demand, display, order_up_to_level(point, quantity, display))
    # Stock that demand does not take before it spoils is not bought.
    days = _life_days(inputs)
    per_day = terms["yearly"] / DAYS_PER_YEAR
    life = np.where(np.isinf(days), np.inf, np.floor(per_day * np.where(np.isinf(days), 0.0, days)))
    life = np.maximum(life, 1.0)
    spoils = ~on_demand & (level > life)
    level = np.where(spoils, np.maximum(life, display), level)
    point = np.where(spoils, np.minimum(point, level - 1.0), point)
    # What must be shown is not there to be sold, so the order is due before it is touched.
    point = np.maximum(np.maximum(point, 0.0), np.minimum(display, level) - 1.0)

    closed = inputs.is_end_of_life
    point, level = np.where(closed, 0.0, point), np.where(closed, 0.0, level)
    rules = {
        "END_OF_LIFE": closed,
        "FINAL_BUY": inputs.is_last_order,
        "DISPLAY_MINIMUM": (display > 0) & (level <= display),
        "ON_DEMAND": on_demand,
        "SHELF_LIFE": spoils,
    }
    return (point, level), rules
