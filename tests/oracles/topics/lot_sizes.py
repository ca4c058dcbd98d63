"""Order quantities: EOQ and its relatives, minimum quantities and lots."""

from __future__ import annotations

from typing import Any

import numpy as np

from optimization.lots import feasible_quantity
from optimization.policy import eoq, price_breaks
from tests.oracles.registry import answers


@answers("EOQ")
def economic_order_quantity(given: dict[str, Any]) -> Any:
    cost, holding, rate = given["fixed_cost"], given["holding_cost"], given["demand_rate"]
    quantity = float(
        eoq.economic_order_quantity(*(np.array([value], dtype=float) for value in (cost, holding, rate)))[0]
    )
    yearly = eoq.yearly_cost(quantity, cost, holding, rate)
    return {"Q": quantity, "cost": yearly, "total_cost": yearly + rate * given.get("unit_cost", 0.0)}


@answers("EOQ with backorders")
def eoq_with_backorders(given: dict[str, Any]) -> Any:
    quantity, share = eoq.eoq_with_backorders(
        given["fixed_cost"], given["holding_cost"], given["stockout_cost"], given["demand_rate"]
    )
    # At the optimum, ordering costs half of the whole.
    return {
        "Q": quantity,
        "stockout_fraction": share,
        "cost": 2.0 * given["fixed_cost"] * given["demand_rate"] / quantity,
    }


@answers("EPQ")
def economic_production_quantity(given: dict[str, Any]) -> Any:
    quantity = eoq.economic_production_quantity(
        given["fixed_cost"], given["holding_cost"], given["demand_rate"], given["production_rate"]
    )
    return {"Q": quantity, "cost": 2.0 * given["fixed_cost"] * given["demand_rate"] / quantity}


def _discount(given: dict[str, Any], incremental: bool) -> Any:
    quantity, region, cost = price_breaks.quantity_with_discounts(
        given["fixed_cost"],
        given["holding_cost_rate"],
        given["demand_rate"],
        given["breakpoints"],
        given["unit_costs"],
        incremental,
    )
    return {"Q": quantity, "region": region, "cost": cost}


@answers("EOQ all-units discount")
def all_units(given: dict[str, Any]) -> Any:
    return _discount(given, incremental=False)


@answers("EOQ incremental discount")
def incremental(given: dict[str, Any]) -> Any:
    return _discount(given, incremental=True)


@answers("MOQ and lot rounding")
def lots(given: dict[str, Any]) -> Any:
    columns = (
        np.array([case[name] for case in given["cases"]], dtype=float) for name in ("need", "moq", "lot")
    )
    return feasible_quantity(*columns).astype(int).tolist()


@answers("replenishment need from inventory position")
def replenishment_need(given: dict[str, Any]) -> Any:
    position = (
        given["on_hand"]
        + given["on_order_due_within_protection"]
        + given["on_order_late_unconfirmed"]
        - given["backorders"]
        - given["allocated"]
        - given["reserved_hold"]
    )
    need = np.array([given["S"] - position if position <= given["s"] else 0.0])
    order = feasible_quantity(need, np.array([float(given["moq"])]), np.array([float(given["lot"])]))
    return {"inventory_position": position, "order": float(order[0])}
