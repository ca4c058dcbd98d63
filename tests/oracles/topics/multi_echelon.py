"""Guaranteed and stochastic service, METRIC and its exact rival, marginal analysis."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np

from optimization.policy import service_budget
from optimization.policy.multi_echelon import guaranteed_service, stochastic_serial, two_echelon
from tests.oracles.registry import answers
from tests.oracles.topics.replenishment import any_of

# The published path of the two-item example has twelve points.
PATH_STEPS = 12


def chain(given: dict[str, Any]) -> list[str]:
    """Stages of "3->2->1", upstream first."""
    return [name.strip() for name in given["order"].split("->")]


def stages_of(given: dict[str, Any]) -> dict[str, guaranteed_service.Stage]:
    """Stages of a tree given node by node, by attribute with edges, or as a chain."""
    nodes: dict[str, dict[str, Any]] = {
        str(name): dict(node) for name, node in given.get("nodes", {}).items()
    }
    names = list(nodes) or [str(name) for name in given["T"]]
    serves: dict[str, list[str]] = {
        name: [str(after) for after in nodes.get(name, {}).get("succ", [])] for name in names
    }
    edges = [tuple(map(str, edge)) for edge in given.get("edges", [])]
    if "order" in given:
        line = chain(given)
        edges += list(pairwise(line))
    for before, after in edges:
        serves[before].append(after)

    def value(name: str, key: str) -> Any:
        own = nodes.get(name, {}).get(key)
        if own is None:
            table = given.get(key)
            own = table.get(name) if isinstance(table, dict) else None
        if own is None:
            own = given.get(f"{key}_{name}")
        if own is None and key == "sd" and not serves[name] and not isinstance(given.get("sd"), dict):
            own = given.get("sd")
        return own

    return {
        name: guaranteed_service.Stage(
            time=int(value(name, "T")),
            holding_cost=float(value(name, "h")),
            serves=tuple(serves[name]),
            sd=float(value(name, "sd") or 0.0),
            inbound_time=int(value(name, "inbound_cst") or 0),
            outbound_time=None if value(name, "outbound_cst") is None else int(value(name, "outbound_cst")),
        )
        for name in names
    }


@answers("guaranteed service, tree", "guaranteed service, serial")
def guaranteed(given: dict[str, Any]) -> Any:
    plan = guaranteed_service.guaranteed_service(stages_of(given), given["z"])
    return {
        "CST": plan.service_time,
        "CST_one_optimum": plan.service_time,
        "net_lead_time": plan.net_lead_time,
        "safety_stock": plan.safety_stock,
        "cost": plan.cost,
    }


@answers("stochastic service serial (Clark-Scarf)")
def clark_scarf(given: dict[str, Any]) -> Any:
    downstream_first = chain(given)[::-1]
    if "local_h" in given:
        local = [given["local_h"][name] for name in downstream_first]
        holding = stochastic_serial.echelon_holding_costs(local)
    else:
        echelon = any_of(given, "echelon_h", "h")
        holding = tuple(echelon[name] for name in downstream_first)
    line = stochastic_serial.SerialLine(
        echelon_holding_cost=holding,
        lead_time=tuple(given["L"][name] for name in downstream_first),
        stockout_cost=given["stockout_cost"],
        mean=given["mean"],
        sd=given.get("sd"),
    )
    levels, cost = stochastic_serial.serial_base_stock(line)
    local_levels = stochastic_serial.local_base_stock(levels)
    return {
        "echelon_S": dict(zip(downstream_first, levels, strict=True)),
        "local_S": dict(zip(downstream_first, local_levels, strict=True)),
        "cost": cost,
    }


@answers("METRIC two-echelon evaluation")
def metric(given: dict[str, Any]) -> Any:
    rates = any_of(given, "base_rates", "rates")
    times = any_of(given, "transport", "transport_times")
    system = two_echelon.TwoEchelon(
        tuple(rates),
        tuple(times) if isinstance(times, list) else (times,) * len(rates),
        any_of(given, "depot_lead_time", "L0"),
        given.get("vmr", 1.0),
    )
    names: dict[str, two_echelon.Method] = {
        "METRIC": "metric",
        "exact_Graves_Simon": "exact",
        "VARI_METRIC": "vari_metric",
    }
    found = {}
    for name, method in names.items():
        got = two_echelon.evaluate(system, given["S0"], tuple(given["S"]), method)
        found[name] = {
            "depot_EBO": got.depot,
            "bases": [{"EBO": ebo, "fill": fill} for ebo, fill in zip(got.base, got.fill, strict=True)],
            "total_EBO": sum(got.base),
        }
    return found


@answers("marginal analysis under a budget")
def marginal(given: dict[str, Any]) -> Any:
    pipeline = np.array(any_of(given, "pipeline", "mean"), dtype=float)
    cost = np.array(given["cost"], dtype=float)
    items = service_budget.Items.plain(pipeline, pipeline * given.get("vmr", 1.0), cost)
    budget = given.get("budget")
    steps = given.get("steps", None if budget is not None else PATH_STEPS)
    path = service_budget.marginal_path(items, steps, np.inf if budget is None else budget)
    start = float(items.backorders(np.zeros(len(cost))).sum())
    spent, short = [0.0, *(point.cost for point in path)], [start, *(point.backorders for point in path)]
    # What a budget buys is the path's last point within it.
    at = {
        str(money): short[int(np.searchsorted(spent, money + 1e-9)) - 1]
        for money in range(int(spent[-1]) + 1)
    }
    stock = service_budget.stock_within(items, spent[-1] if budget is None else budget)
    return {
        "path": [[point.cost, list(point.stock)] for point in path],
        "EBO_at": at,
        "stock": stock.tolist(),
        "EBO": float(items.backorders(stock).sum()),
        "spent": float(stock @ cost),
    }
