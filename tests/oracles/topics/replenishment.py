"""(r,Q), (s,S), undershoot, lot sizing, joint orders, random yield and outages."""

from __future__ import annotations

from typing import Any

import numpy as np

from optimization.policy import (
    disruptions,
    joint_replenishment,
    lot_sizing,
    min_max,
    random_yield,
    reorder_lots,
    undershoot,
)
from tests.oracles.registry import answers

Lots = tuple[float, float, float, float, float, float]


def any_of(given: dict[str, Any], *names: str, default: Any = None) -> Any:
    """The first of several names under which a case may state the same thing."""
    for name in names:
        if name in given:
            return given[name]
    if default is None:
        raise KeyError(f"none of {names} is given")
    return default


def _costs(given: dict[str, Any]) -> tuple[float, float]:
    return any_of(given, "holding_cost", "h"), any_of(given, "stockout_cost", "backorder_cost", "p", "b")


def _lots(given: dict[str, Any]) -> Lots:
    """Holding, stock-out and fixed cost, rate, and mean and sd (variance: Poisson) of lead-time demand."""
    rate = any_of(given, "demand_mean_per_year", "demand_mean", "demand_rate", "lam")
    lead = any_of(given, "lead_time_years", "lead_time", "L")
    sd = any_of(given, "demand_sd_per_year", "demand_sd", "sd", default=rate**0.5)
    return (*_costs(given), given.get("fixed_cost", 0.0), rate, rate * lead, sd * lead**0.5)


@answers("(r,Q) expected-inventory-level approximation")
def expected_inventory(given: dict[str, Any]) -> Any:
    point, quantity, cost = reorder_lots.expected_inventory_approximation(*_lots(given))
    return {"r": point, "Q": quantity, "cost": cost}


@answers("(r,Q) EOQB approximation")
def eoqb(given: dict[str, Any]) -> Any:
    terms = _lots(given)
    point, quantity = reorder_lots.eoq_with_backorders_approximation(*terms)
    return {
        "r": point,
        "Q": quantity,
        "cost": reorder_lots.lots_cost_normal(point, quantity, *terms),
    }


@answers("(r,Q) loss-function approximation")
def loss_function(given: dict[str, Any]) -> Any:
    terms = _lots(given)
    point, quantity = reorder_lots.loss_function_approximation(*terms)
    return {"r": point, "Q": quantity, "cost": reorder_lots.lots_cost_normal(point, quantity, *terms)}


@answers("(r,Q) exact cost, normal", "(r,Q) exact, normal")
def exact_normal(given: dict[str, Any]) -> Any:
    terms = _lots(given)
    best = reorder_lots.best_lots_normal(*terms)
    found = {"r": best[0], "Q": best[1], "cost": best[2], "optimal_cost": best[2]}
    if "Q" in given:
        found |= {"cost": reorder_lots.lots_cost_normal(given["r"], given["Q"], *terms)}
    return found


@answers("(r,Q) Poisson exact", "(r,Q) exact cost, Poisson")
def exact_poisson(given: dict[str, Any]) -> Any:
    *terms, sd = _lots(given)
    point, quantity, cost = reorder_lots.best_lots_whole(*terms, sd**2)
    if "Q" in given:
        cost = reorder_lots.lots_cost_whole(given["r"], given["Q"], *terms, sd**2)
    return {"r": point, "Q": quantity, "cost": cost}


def _system(given: dict[str, Any]) -> min_max.PeriodicSystem | min_max.GivenSystem:
    holding, backorder = _costs(given)
    pmf = given.get("pmf", given.get("demand_pmf"))
    if pmf is not None:
        items = pmf.items() if isinstance(pmf, dict) else enumerate(pmf)
        values = {int(float(units)): float(weight) for units, weight in items}
        table = np.array([values.get(k, 0.0) for k in range(max(values) + 1)])
        return min_max.GivenSystem(holding, backorder, table)
    mean = any_of(given, "demand_mean", "mean", "lam")
    variance = given["demand_sd"] ** 2 if "demand_sd" in given else mean * given.get("vmr", 1.0)
    return min_max.PeriodicSystem(holding, backorder, mean, variance, int(given.get("lead_time", 0)))


@answers("(s,S) Poisson exact", "(s,S) Poisson exact, periodic, zero lead time", "(s,S) exact, discrete")
def exact_min_max(given: dict[str, Any]) -> Any:
    system, fixed = _system(given), given["fixed_cost"]
    best = min_max.best_min_max(system, fixed)
    found = {"s": best.reorder_point, "S": best.order_up_to, "cost": best.cost}
    if "s" in given and "S" in given:
        found["cost"] = min_max.min_max_cost(system, fixed, int(given["s"]), int(given["S"]))
    return found


@answers("(s,S) power approximation")
def power(given: dict[str, Any]) -> Any:
    point, level = min_max.power_approximation(
        given["fixed_cost"],
        *_costs(given),
        any_of(given, "mean", "demand_mean"),
        any_of(given, "sd", "demand_sd"),
        given.get("lead_time", 0.0),
    )
    return {"s": point, "S": level, "Q": level - point}


@answers("undershoot")
def under(given: dict[str, Any]) -> Any:
    mean = np.array([any_of(given, "mean", "demand_mean")], dtype=float)
    variance = np.array([any_of(given, "sd", "demand_sd")], dtype=float) ** 2
    return {
        "E_undershoot_continuous": float(undershoot.expected_undershoot(mean, variance, is_whole=False)[0]),
        "E_undershoot_integer": float(undershoot.expected_undershoot(mean, variance)[0]),
    }


def _lot_terms(given: dict[str, Any]) -> dict[str, Any]:
    return {
        "demand": given["demand"],
        "fixed_cost": given["fixed_cost"],
        "holding_cost": given["holding_cost"],
        "unit_cost": any_of(given, "unit_cost", "purchase_cost", default=0.0),
        "initial": any_of(given, "initial", "initial_stock", "initial_inventory", default=0.0),
    }


@answers("Wagner-Whitin", "Wagner-Whitin with initial stock", "Wagner-Whitin, alternative optima")
def wagner_whitin(given: dict[str, Any]) -> Any:
    terms = _lot_terms(given)
    best = lot_sizing.wagner_whitin(**terms)
    optima = lot_sizing.wagner_whitin_optima(**terms)
    return {
        "Q": list(best.quantities),
        "Q_example": list(best.quantities),
        "cost": best.cost,
        "alternative_optima": [list(plan.quantities) for plan in optima],
    }


@answers("lot sizing with planned backorders")
def planned_backorders(given: dict[str, Any]) -> Any:
    waiting = any_of(given, "backorder_cost", "stockout_cost", "penalty_cost")
    plan = lot_sizing.lots_with_backorders(backorder_cost=waiting, **_lot_terms(given))
    return {"cost": plan.cost, "Q_example": list(plan.quantities), "Q": list(plan.quantities)}


@answers("Silver-Meal")
def silver_meal(given: dict[str, Any]) -> Any:
    terms = _lot_terms(given)
    terms.pop("unit_cost")
    plan = lot_sizing.silver_meal(**terms)
    return {"Q": list(plan.quantities), "cost": plan.cost}


@answers("joint replenishment", "joint replenishment, Silver heuristic")
def joint(given: dict[str, Any]) -> Any:
    plan = joint_replenishment.joint_replenishment(
        any_of(given, "shared_fixed_cost", "shared_cost", "fixed_cost"),
        *(
            np.array(any_of(given, *names), dtype=float)
            for names in (
                ("individual_fixed_costs", "individual_costs", "item_costs"),
                ("holding_costs", "holding_cost"),
                ("demand_rates", "demand_rate"),
            )
        ),
    )
    quantities, multiples = list(plan.quantities), list(plan.multiples)
    return {
        "Q": quantities,
        "order_quantities": quantities,
        "T": plan.cycle_time,
        "base_cycle_time": plan.cycle_time,
        "m": multiples,
        "multiples": multiples,
        "order_multiples": multiples,
        "cost": plan.cost,
    }


@answers("multiplicative yield", "additive yield")
def yields(given: dict[str, Any]) -> Any:
    terms = [given[name] for name in ("fixed_cost", "holding_cost", "demand_rate", "yield_mean", "yield_sd")]
    # A mean outside 0 … 1 is a quantity that is added, not a share.
    is_share = 0 < given["yield_mean"] <= 1
    rule = random_yield.eoq_with_proportional_yield if is_share else random_yield.eoq_with_additive_yield
    quantity, cost = rule(*terms)
    return {"Q": quantity, "cost": cost}


@answers("base-stock with disruptions")
def outages(given: dict[str, Any]) -> Any:
    level, cost = disruptions.base_stock_with_disruptions(
        *_costs(given),
        any_of(given, "demand", "demand_rate"),
        given["disruption_prob"],
        given["recovery_prob"],
        given.get("base_stock_level"),
    )
    return {"S": level, "cost": cost}


@answers("EOQ with disruptions")
def interrupted(given: dict[str, Any]) -> Any:
    quantity, cost = disruptions.eoq_with_disruptions(
        given["fixed_cost"],
        *_costs(given),
        given["demand_rate"],
        given["disruption_rate"],
        given["recovery_rate"],
    )
    return {"Q": quantity, "cost": cost}
