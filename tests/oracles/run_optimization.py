"""Run instances of models with known values: `python -m tests.oracles.run_optimization FILE.json`.

The file is a list of instances, each with id, model, data, value and tol. Prints
`id model value got ok` per instance, the models that nobody answers, and exits 1 on a miss.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from scipy.special import ndtri

from optimization.allocation.optimal.closed_form import share_out
from optimization.allocation.optimal.pools import Pools
from optimization.policy import lot_sizing, newsvendor
from optimization.policy.multi_echelon import guaranteed_service, stochastic_serial
from tests.oracles import network_instances as network
from tests.oracles import serial_and_tree_instances as known
from tests.oracles.run_cases import agrees
from tests.oracles.slot_instances import weighted_tardiness
from tests.oracles.topics.multi_echelon import stages_of

Answer = Callable[[dict[str, Any]], Any]

# The published values of serial lines are those of this grid, not of a finer one.
PUBLISHED_GRID = stochastic_serial.Grid(steps=1000, demand_steps=100, tail=4.0)


def newsvendor_instance(data: dict[str, Any]) -> Any:
    """Level and cost; normal where a standard deviation is given, Poisson otherwise."""
    holding, stockout = data["holding_cost"], data["stockout_cost"]
    if "demand_pmf" in data:
        pairs = sorted((float(units), float(weight)) for units, weight in data["demand_pmf"].items())
        level, cost = newsvendor.newsvendor_discrete(holding, stockout, *np.array(pairs).T)
    elif "demand_sd" in data:
        periods = data.get("lead_time", 0) + 1
        level, cost = newsvendor.newsvendor_normal(
            holding, stockout, data["demand_mean"] * periods, data["demand_sd"] * periods**0.5
        )
    else:
        level, cost = newsvendor.newsvendor_whole(holding, stockout, data["demand_mean"], data["demand_mean"])
    return {"S": level, "cost": cost}


def lot_sizing_instance(data: dict[str, Any]) -> Any:
    """Least cost of known demand over the horizon."""
    return lot_sizing.wagner_whitin(
        data["demand"], data["fixed_cost"], data["holding_cost"], data.get("purchase_cost", 0.0)
    ).cost


def serial_instance(data: dict[str, Any]) -> Any:
    """Echelon base-stock levels of a named line, or of one that is written out."""
    given = known.SERIAL[data["stockpyl_instance"]] if "stockpyl_instance" in data else data
    names = [str(name) for name in given.get("order", range(1, len(given["lead_time"]) + 1))]
    if "echelon_holding_cost" in given:
        holding = tuple(given["echelon_holding_cost"])
    else:
        holding = stochastic_serial.echelon_holding_costs(given["local_holding_cost"])
    line = stochastic_serial.SerialLine(
        holding, tuple(given["lead_time"]), given["stockout_cost"], given["mean"], given.get("sd")
    )
    levels, cost = stochastic_serial.serial_base_stock(line, PUBLISHED_GRID)
    return {"S_echelon": dict(zip(names, levels, strict=True)), "cost": cost}


def tree_instance(data: dict[str, Any]) -> Any:
    """Committed service times of a named tree, or of one that is written out."""
    given = known.TREES[data["stockpyl_instance"]] if "stockpyl_instance" in data else data
    factor = given["z"] if "z" in given else float(ndtri(given["service"]))
    plan = guaranteed_service.guaranteed_service(stages_of(given), factor)
    return {"cst": plan.service_time, "cost": plan.cost}


def allocation_instance(data: dict[str, Any]) -> Any:
    """Units of one pool by segment: guarantees, then tiers, then one common level within a tier.

    Guarantees that do not fit the supply are scaled alike, or served by priority where `rule` says so.
    """
    count, supply = len(data["demand"]), float(data["supply"])
    demand = np.array([data["demand"]], dtype=float)
    cap = np.array([np.inf if most is None else most for most in data.get("cap", [None] * count)])
    tier = np.array(data.get("priority", data.get("tier", [1] * count)))
    most = np.minimum(demand, cap)
    least = np.minimum(np.array([data.get("min", data.get("ring_fence", [0.0] * count))], dtype=float), most)
    is_scaled = least.sum() > supply
    if is_scaled and data.get("rule", data.get("scale")) == "priority":
        pool = Pools(*_pool(supply, least, np.zeros_like(least), least, np.ones_like(least), tier, data))
        return {"alloc": share_out(pool)[0].tolist()}
    least = least * supply / least.sum() if is_scaled else least
    is_proportional = data.get("fairness") == "proportional"
    weight = np.array([data.get("weight", data.get("weights", np.ones(count)))], dtype=float)
    weight = weight * demand if is_proportional else weight
    pool = Pools(*_pool(supply, demand, least, most, weight, tier, data))
    alloc = share_out(pool)[0]
    return {
        "alloc": alloc.tolist(),
        "unmet": (demand[0] - alloc).tolist(),
        "pool": supply - float(alloc.sum()),
    }


def _pool(
    supply: float, demand: Any, least: Any, most: Any, weight: Any, tier: Any, data: dict[str, Any]
) -> Any:
    is_whole = bool(data.get("whole", data.get("integer", False)))
    return np.array([supply]), np.array([is_whole]), demand, least, most, weight, tier, np.array([False])


def network_answer(data: dict[str, Any]) -> Answer | None:
    """Return the function that answers an instance of the network or matching models; None for others."""
    names = set(data)
    if {"due", "slots"} <= names:
        return weighted_tardiness if names <= {"due", "slots", "weight"} else network.slots
    if {"stock"} <= names and {"mu", "mean", "demand_mean"} & names:
        return network.balance
    if names & {"supply", "supplies"} and names & {"arcs", "start_nodes"}:
        return network.least_cost_flow
    if {"cost", "supply", "demand"} <= names:
        return network.transport
    if names & {"cost", "profit", "score"} and isinstance(
        data[min(names & {"cost", "profit", "score"})], list
    ):
        return network.assignment
    return allocation_instance if {"supply", "demand"} <= names else None


def answer_of(instance: dict[str, Any]) -> Answer | None:
    """Return the function that answers an instance, by what its data is about; None for other models."""
    data, name = instance["data"], data_name(instance)
    if answer := network_answer(data):
        return answer
    if name in known.SERIAL:
        return serial_instance
    if name in known.TREES:
        return tree_instance
    if {"holding_cost", "fixed_cost", "demand"} <= set(data):
        return lot_sizing_instance
    if {"holding_cost", "stockout_cost"} <= set(data) and {"demand_mean", "demand_pmf"} & set(data):
        return newsvendor_instance
    if {"lead_time", "stockout_cost"} <= set(data):
        return serial_instance
    return tree_instance if {"T", "h"} <= set(data) or "nodes" in data else None


def data_name(instance: dict[str, Any]) -> str:
    """Name of the published instance that a case only refers to."""
    return str(instance["data"].get("stockpyl_instance", ""))


def run(path: Path) -> tuple[list[tuple[dict[str, Any], Any, bool]], list[str]]:
    """Answer every instance that somebody answers; return the results and the open models."""
    instances = json.loads(path.read_text(encoding="utf-8"))
    results, open_models = [], []
    for instance in instances:
        answer = answer_of(instance)
        if answer is None:
            open_models.append(instance["model"])
            continue
        try:
            got = answer(instance["data"])
        except Exception as error:  # a broken answer is a miss with its reason, not the end of the run
            got = f"{type(error).__name__}: {error}"
        wanted = instance["value"]
        # A bare number or list is the answer's first part: its cost, or who gets what.
        if isinstance(got, dict) and not isinstance(wanted, dict):
            got = next(iter(got.values()))
        results.append((instance, got, agrees(wanted, got, float(instance["tol"]))))
    return results, sorted(set(open_models))


def main(arguments: list[str]) -> int:
    """Print the results of one file; 0 when every answered instance agrees, 2 on wrong usage."""
    if len(arguments) != 1:
        print("usage: python -m tests.oracles.run_optimization FILE.json", file=sys.stderr)
        return 2
    results, open_models = run(Path(arguments[0]))
    for instance, got, ok in results:
        value = json.dumps(instance["value"])
        print(instance["id"], "|", instance["model"], "|", value, "|", got, "|", "ok" if ok else "MISS")
    misses = sum(not ok for _, _, ok in results)
    print(f"\n{len(results)} instances, {misses} misses; {len(open_models)} models not covered:")
    for model in open_models:
        print("  -", model)
    return 1 if misses else 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
