"""Every number that the formulas of a stock policy take, one value per item-location.

Whatever hangs on more than the row itself (a price scale, the decay of demand, what the replay of the
plan has shown, the share of a cash budget) is brought to a value of the row here, so that
`calculation` needs nothing beside these arrays and a row that was kept can be calculated again.
"""

from __future__ import annotations

from dataclasses import Field, dataclass, fields, replace
from hashlib import sha256
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from optimization.lifecycle import is_closed
from optimization.lots import line_terms
from optimization.parameters import PolicyParameters
from optimization.policy import final_orders
from optimization.policy.final_buy import decay_of
from optimization.policy.price_breaks import price_scales
from optimization.policy.service_aim import logit_shifts

Numbers = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]
Integers = npt.NDArray[np.int64]
Texts = npt.NDArray[np.object_]

_TERMS = (
    "unit_cost",
    "holding_rate",
    "order_cost",
    "shortage_cost",
    "review_days",
    "display_min_units",
    "shelf_life_days",
    "service_target",
)
# What `without` may not set to zero: divisors, and what is NaN where there is none.
_POSITIVE = (
    "protection_days",
    "lead_time_days",
    "unit_cost",
    "holding_rate",
    "review_days",
    "line_lot_units",
    "max_cover_days",
)
_MAY_BE_UNKNOWN = ("shelf_life_days", "logit_shift", "budget_service")
_DEMAND = ("mean_units", "variance_units2", "protection_days", "lead_time_days")


@dataclass(frozen=True)
class PolicyInputs:
    """What today's levels of n item-locations are calculated from; every field (n,).

    Demand over the protection interval (lead time plus review), terms, minimum and lot of an order line,
    `shelf_life_days` (NaN: keeps), `price_scale` (empty: one price), `logit_shift` (NaN: the target as
    stated) and `budget_service` (NaN: no cash budget), both on what the service is planned for; whether
    the item's life is over or this is its last order, with the yearly `demand_decay` of what is left;
    and the parameters that held.
    """

    mean_units: Numbers
    variance_units2: Numbers
    protection_days: Numbers
    lead_time_days: Numbers
    unit_cost: Numbers
    holding_rate: Numbers
    order_cost: Numbers
    shortage_cost: Numbers
    review_days: Numbers
    display_min_units: Numbers
    shelf_life_days: Numbers
    service_target: Numbers
    service_metric: Texts
    stockout_behaviour: Texts
    line_moq_units: Numbers
    line_lot_units: Numbers
    is_integer: Flags
    price_scale: Texts
    logit_shift: Numbers
    budget_service: Numbers
    is_end_of_life: Flags
    is_last_order: Flags
    demand_decay: Numbers
    max_cover_days: Numbers
    final_buy_years: Numbers
    final_buy_salvage_share: Numbers

    def __len__(self) -> int:
        return len(self.mean_units)

    def take(self, rows: Integers | Flags) -> PolicyInputs:
        """Return the inputs of these rows."""
        return PolicyInputs(**{one.name: getattr(self, one.name)[rows] for one in fields(self)})

    def without(self, rows: Flags) -> PolicyInputs:
        """Return the inputs with nothing asked for, known or bought at these rows.

        Every formula has an answer for such a row, whatever made it fail on the row itself.
        """
        zero = {one.name: np.where(rows, 0.0, getattr(self, one.name)) for one in _of_type(self, np.float64)}
        no = {one.name: getattr(self, one.name) & ~rows for one in _of_type(self, np.bool_)}
        safe: dict[str, Numbers | Texts] = {
            **{name: np.where(rows, 1.0, getattr(self, name)) for name in _POSITIVE},
            "service_target": np.where(rows, 0.5, self.service_target),
            **{name: np.where(rows, np.nan, getattr(self, name)) for name in _MAY_BE_UNKNOWN},
            "service_metric": np.where(rows, "cycle", self.service_metric).astype(object),
            "stockout_behaviour": np.where(rows, "backorder", self.stockout_behaviour).astype(object),
            "price_scale": np.where(rows, "", self.price_scale).astype(object),
        }
        return PolicyInputs(**{**zero, **no, **safe})

    def within(self, budget_service: Numbers) -> PolicyInputs:
        """Return the inputs with the service that a cash budget leaves, (n,)."""
        return replace(self, budget_service=budget_service)


def _of_type(inputs: PolicyInputs, kind: type[np.generic]) -> list[Field[Any]]:
    return [one for one in fields(inputs) if getattr(inputs, one.name).dtype == kind]


def inputs_of(
    item_location: pd.DataFrame,
    protection_demand: pd.DataFrame,
    sound: Integers,
    parameters: PolicyParameters,
    price_break: pd.DataFrame | None,
    demand_history: pd.DataFrame | None,
    service_control: pd.DataFrame | None,
) -> PolicyInputs:
    """Bring the frames to one value per row; `budget_service` is still unknown (NaN).

    The frames are valid, `item_location` and `protection_demand` row for row alike; only `sound`
    rows can have a last order. Raises `ContractError` when another frame is not of its table.
    """
    n = len(item_location)
    own = {name: item_location[name].to_numpy(np.float64) for name in _TERMS}
    asked = {name: protection_demand[name].to_numpy(np.float64) for name in _DEMAND}
    metric = item_location["service_metric"].to_numpy(dtype=object)
    moq, lot = line_terms(item_location)
    shift = np.full(n, np.nan)
    if service_control is not None and parameters.cash_budget is None:
        scope = protection_demand["model_scope"].to_numpy(dtype=object)
        shift = logit_shifts(own["service_target"], metric, scope, service_control)
    closed = is_closed(item_location)
    last = np.intersect1d(np.flatnonzero(final_orders.is_last_review(item_location) & ~closed), sound)
    decay = np.zeros(n)
    if len(last) and demand_history is not None:
        decay[last] = decay_of(final_orders.yearly_totals(item_location.iloc[last], demand_history))
    return PolicyInputs(
        **asked,
        **own,
        service_metric=metric,
        stockout_behaviour=item_location["stockout_behaviour"].to_numpy(dtype=object),
        line_moq_units=moq,
        line_lot_units=lot,
        is_integer=item_location["is_integer"].to_numpy(dtype=np.bool_),
        price_scale=price_scales(price_break, item_location),
        logit_shift=shift,
        budget_service=np.full(n, np.nan),
        is_end_of_life=closed,
        is_last_order=np.isin(np.arange(n), last),
        demand_decay=decay,
        max_cover_days=np.full(n, parameters.max_cover_days),
        final_buy_years=np.full(n, parameters.final_buy_years),
        final_buy_salvage_share=np.full(n, parameters.final_buy_salvage_share),
    )


def inputs_hashes(inputs: PolicyInputs) -> Texts:
    """SHA-256 of each row's inputs, names and values in full precision; equal inputs, equal hash.

    Which item-location the row is of does not go in, nor do the values that held before.

    >>> one, no = np.ones(2), np.zeros(2, dtype=np.bool_)
    >>> text = np.array(["", ""], dtype=object)
    >>> found = inputs_hashes(PolicyInputs(*[one] * 12, text, text, one, one, no, text, one, one, no, no,
    ...     *[one] * 4))
    >>> found[0] == found[1], found[0][:8]
    (True, 'b47d5899')
    """
    told = [
        [f"{one.name}={value!r}" for value in getattr(inputs, one.name).tolist()] for one in fields(inputs)
    ]
    lines = ("\n".join(values) for values in zip(*told, strict=True))
    return np.array([sha256(line.encode()).hexdigest() for line in lines], dtype=object)
