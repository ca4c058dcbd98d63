"""Published and constructed instances stated as network problems: transport, matching, slots, flows.

A demand that must be met is a place's level at a price that no lane is worth; an answer that still
falls short of one means that the instance has no solution. Solved by the Pyomo statement.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from optimization.network.costs import plan_cost, position_after
from optimization.network.model import pyomo_model
from optimization.network.model.assembly import layout_of
from optimization.network.model.model_data import model_data
from optimization.network.model.pieces import cut
from optimization.network.model.read_back import in_layout, plan_from
from optimization.network.problem import COUNT, NORMAL, Numbers, Plan, Problem
from optimization.solver.highs import solve
from optimization.solver.matrix import matrix_of
from tests.unit.network.problems import curves_of, problem_of

Lane = tuple[int, int]


def best_plan(problem: Problem, whole: bool) -> Plan:
    """The optimum of the Pyomo statement, every whole unit a knot; raises `ValueError` without one."""
    data = model_data(problem, cut(problem), whole)
    model = matrix_of(pyomo_model.build(data), problem.name)
    answer = solve(model, max_nodes=200_000)
    if answer.status != "OPTIMAL":
        raise ValueError(f"{answer.status}: {answer.detail}")
    layout = layout_of(data)
    return plan_from(data, layout, in_layout(layout, model, answer.values, answer.row_dual)[0])


@dataclass(frozen=True)
class Flow:
    """Units by lane in the order of the instance, their cost, and units missing by place."""

    moved: Numbers
    cost: float
    missing: Numbers


@dataclass(frozen=True)
class Network:
    """Stock by place, what must be left there, and lanes with cost, fixed cost and limit.

    short_price: money per unit that a place may miss, None where nothing may be missing. passes:
    places may send on what they receive.
    """

    stock: Numbers
    must_have: Numbers
    lanes: Sequence[Lane]
    cost: Numbers
    fixed: Numbers
    limit: Numbers
    short_price: Numbers | None = None
    passes: bool = False


def cheapest(network: Network) -> Flow:
    """Cheapest way to leave every place with what it must have; `ValueError` where there is none."""
    n, total = len(network.stock), float(np.maximum(network.stock, 0.0).sum())
    limit = np.minimum(network.limit, total)
    scale = _whole_scale(np.concatenate([network.stock, network.must_have, limit]))
    order = np.array(sorted(range(len(network.lanes)), key=lambda lane: network.lanes[lane]), dtype=np.int64)
    # Dearer than any chain of lanes.
    never = 1.0 + n * float(np.abs(network.cost).max(initial=0.0) + network.fixed.max(initial=0.0))
    price = np.full(n, never) if network.short_price is None else network.short_price
    problem = problem_of(
        position=network.stock * scale,
        spare=np.full(n, total * scale) if network.passes else network.stock * scale,
        holding=0.0,
        shortage=0.0,
        moves=[network.lanes[lane] for lane in order],
        lane_cost=network.cost[order] / scale,
        lane_fixed=network.fixed[order],
        limit=limit[order] * scale,
        places={"level": network.must_have * scale, "level_price": price / scale},
    )
    plan = best_plan(problem, whole=bool(network.fixed.any()))
    missing = np.maximum(network.must_have - position_after(problem, plan) / scale, 0.0)
    if network.short_price is None and missing.max(initial=0.0) > 1e-6:
        raise ValueError(f"no solution: {missing.sum():g} units that must be there are missing")
    moved = np.empty(len(order))
    moved[order] = plan.moved / scale
    cost = network.cost @ moved + network.fixed @ (moved > 1e-9)
    return Flow(moved, float(cost + (price @ missing if network.short_price is not None else 0.0)), missing)


def _whole_scale(units: Numbers) -> float:
    """Power of ten that makes all units whole."""
    for power in range(7):
        if np.allclose(units * 10.0**power, np.round(units * 10.0**power), rtol=0.0, atol=1e-6):
            return 10.0**power
    raise ValueError("units have more than six decimals")


def transport(data: dict[str, Any]) -> dict[str, Any]:
    """Least cost from supplies to demands; `null` costs are lanes that do not exist."""
    cost, allowed = _costs(data["cost"])
    rows, columns = np.nonzero(allowed)
    supply, demand = np.array(data["supply"], dtype=float), np.array(data["demand"], dtype=float)
    short = data.get("shortage_cost", data.get("unmet_cost"))
    flow = cheapest(
        Network(
            stock=np.concatenate([supply, np.zeros(len(demand))]),
            must_have=np.concatenate([np.zeros(len(supply)), demand]),
            lanes=[(int(i), len(supply) + int(j)) for i, j in zip(rows, columns, strict=True)],
            cost=cost[allowed],
            fixed=_matrix(data.get("fixed_cost", 0.0), cost.shape)[allowed],
            limit=_matrix(data.get("capacity", np.inf), cost.shape)[allowed],
            short_price=None
            if short is None
            else np.concatenate([np.zeros(len(supply)), _list(short, len(demand))]),
        )
    )
    units = np.zeros(cost.shape)
    units[allowed] = flow.moved
    return {"cost": flow.cost, "flow": units.tolist(), "unmet": flow.missing[len(supply) :].tolist()}


def assignment(data: dict[str, Any]) -> dict[str, Any]:
    """Least cost (or greatest profit) of matching one to one; everyone on the smaller side is matched.

    `null` pairs are not allowed. With `unmatched_cost` a row may stay without a match.
    """
    largest = "profit" in data or data.get("sense", data.get("objective")) in ("max", "maximize")
    given = data["cost"] if "cost" in data else data["profit"] if "profit" in data else data["score"]
    cost, allowed = _costs(given)
    signed = -cost if largest or "score" in data else cost
    turned = "unmatched_cost" in data or signed.shape[0] <= signed.shape[1]
    seekers, offers = (signed.T, allowed.T) if not turned else (signed, allowed)
    rows, columns = np.nonzero(offers)
    many, count = seekers.shape
    # From offers to seekers; costs start at 0 so that nobody takes two.
    lowest = float(seekers[offers].min(initial=0.0))
    unmatched = data.get("unmatched_cost")
    flow = cheapest(
        Network(
            stock=np.concatenate([np.zeros(many), np.ones(count)]),
            must_have=np.concatenate([np.ones(many), np.zeros(count)]),
            lanes=[(many + int(j), int(i)) for i, j in zip(rows, columns, strict=True)],
            cost=seekers[offers] - lowest,
            fixed=np.zeros(len(rows)),
            limit=np.ones(len(rows)),
            short_price=None
            if unmatched is None
            else np.concatenate([_list(unmatched, many) - lowest, np.zeros(count)]),
        )
    )
    pairs = {int(rows[lane]): int(columns[lane]) for lane in np.flatnonzero(flow.moved > 0.5)}
    total = flow.cost + lowest * many
    return {
        "cost": -total if largest or "score" in data else total,
        "assignment": [pairs.get(row, -1) for row in range(many)],
    }


def slots(data: dict[str, Any]) -> dict[str, Any]:
    """Least weighted tardiness of unit orders in slots 1, 2, … with capacities."""
    due, capacity = np.array(data["due"], dtype=float), np.array(data["slots"], dtype=float)
    slot, count = np.arange(1, len(capacity) + 1, dtype=float), len(due)
    weight = _list(data.get("weight", 1.0), count)[:, None]
    early = _list(data.get("early_weight", data.get("earliness", 0.0)), count)[:, None]
    ready = _list(data.get("ready", data.get("release", -np.inf)), count)[:, None]
    late = slot[None, :] - due[:, None]
    cost = weight * np.maximum(late, 0.0) + early * np.maximum(-late, 0.0)
    possible = slot[None, :] >= ready
    rows, columns = np.nonzero(possible)
    unplaced = data.get("unplaced_cost", data.get("unmatched_cost"))
    flow = cheapest(
        Network(
            stock=np.concatenate([np.zeros(count), capacity]),
            must_have=np.concatenate([np.ones(count), np.zeros(len(slot))]),
            lanes=[(count + int(w), int(o)) for o, w in zip(rows, columns, strict=True)],
            cost=cost[possible],
            fixed=np.zeros(len(rows)),
            limit=np.ones(len(rows)),
            short_price=None
            if unplaced is None
            else np.concatenate([_list(unplaced, count), np.zeros(len(slot))]),
        )
    )
    placed = {int(rows[lane]): int(columns[lane]) + 1 for lane in np.flatnonzero(flow.moved > 0.5)}
    return {"cost": flow.cost, "slot": [placed.get(order, 0) for order in range(count)]}


def least_cost_flow(data: dict[str, Any]) -> dict[str, Any]:
    """Least cost flow through a network whose nodes pass on what they receive."""
    arcs, capacity, cost = _arcs(data)
    given = data["supply"] if "supply" in data else data["supplies"]
    names = sorted(
        {node for arc in arcs for node in arc} | set(given if isinstance(given, dict) else ()), key=str
    )
    if not isinstance(given, dict):
        names = sorted(range(len(given))) if not data.get("nodes") else list(data["nodes"])
        given = dict(zip(names, given, strict=True))
    number = {str(name): at for at, name in enumerate(names)}
    by_name = {str(name): float(units) for name, units in given.items()}
    stock = np.array([by_name.get(name, 0.0) for name in number])
    flow = cheapest(
        Network(
            stock=stock,
            must_have=np.zeros(len(stock)),
            lanes=[(number[str(source)], number[str(target)]) for source, target in arcs],
            cost=cost,
            fixed=np.zeros(len(arcs)),
            limit=capacity,
            passes=True,
        )
    )
    return {"cost": flow.cost, "flow": flow.moved.tolist()}


def _arcs(data: dict[str, Any]) -> tuple[list[tuple[Any, Any]], Numbers, Numbers]:
    """Ends, capacity and cost of arcs: [source, target, capacity, cost] or mappings or columns."""
    if "arcs" in data and data["arcs"] and isinstance(data["arcs"][0], dict):
        arcs = data["arcs"]
        ends = [
            (_first(arc, "from", "source", "tail", "s"), _first(arc, "to", "target", "head", "d"))
            for arc in arcs
        ]
        most = [arc.get("capacity", arc.get("cap", np.inf)) for arc in arcs]
        cost = [arc.get("cost", arc.get("unit_cost", 0.0)) for arc in arcs]
    elif "arcs" in data:
        ends = [(arc[0], arc[1]) for arc in data["arcs"]]
        most, cost = [arc[2] for arc in data["arcs"]], [arc[3] for arc in data["arcs"]]
    else:
        start = _first(data, "start_nodes", "from", "source", "tail")
        ends = list(zip(start, _first(data, "end_nodes", "to", "target", "head"), strict=True))
        most = _first(data, "capacities", "capacity")
        cost = _first(data, "unit_costs", "costs", "cost")
    limit = np.array([np.inf if units is None else units for units in most], dtype=float)
    return ends, limit, np.array(cost, dtype=float)


def _first(data: dict[str, Any], *names: str) -> Any:
    return next(data[name] for name in names if name in data)


def balance(data: dict[str, Any]) -> dict[str, Any]:
    """Least expected cost of moving one item between locations, in whole units.

    Poisson demand with means `mu`; normal with `sigma`, negative binomial with `variance` or `vmr`.
    Costs are one number or one per location; a lane costs the same everywhere or by a matrix. `t` is
    the one number that moves between two locations, what the only giver sends to each other, or a matrix.
    """
    stock = np.array(data["stock"], dtype=float)
    n = len(stock)
    mean = _list(_first(data, "mu", "mean", "demand_mean"), n)
    deviation = data.get("sigma", data.get("sd"))
    variance = mean * _list(data.get("vmr", 1.0), n)
    variance = _list(data["variance"], n) if "variance" in data else variance
    variance = variance if deviation is None else _list(deviation, n) ** 2
    cost, allowed = _costs(_matrix(data.get("lane_cost", data.get("cost", 0.0)), (n, n)).tolist())
    allowed &= ~np.eye(n, dtype=bool)
    if "lanes" in data:
        listed = np.zeros((n, n), dtype=bool)
        for lane in data["lanes"]:
            listed[lane[0], lane[1]] = True
            cost[lane[0], lane[1]] = lane[2] if len(lane) > 2 else cost[lane[0], lane[1]]
        allowed &= listed
    spare = np.minimum(stock, _list(data.get("spare", stock), n))
    rows, columns = np.nonzero(allowed & (spare > 0)[:, None])
    coming = _list(data.get("in_transit", data.get("pipeline", 0.0)), n)
    handling = data.get("handling")
    limit = _matrix(data.get("lane_capacity", data.get("capacity", np.inf)), (n, n))[rows, columns]
    fixed = _matrix(data.get("fixed_cost", data.get("lane_fixed_cost", 0.0)), (n, n))[rows, columns]
    short, kept = (
        _list(_first(data, *names), n) for names in (("b", "shortage_cost", "p"), ("h", "holding_cost"))
    )
    problem = problem_of(
        position=stock + coming,
        spare=np.floor(spare),
        moves=list(zip(rows.tolist(), columns.tolist(), strict=True)),
        lane_cost=cost[rows, columns],
        lane_fixed=fixed,
        limit=np.minimum(limit, spare[rows]),
        rows=[
            ("handling", str(at), most, 0.0, 1e6)
            for at, most in enumerate(_list(handling, n) if handling is not None else ())
        ],
        move_use=[(move, int(at), 1.0) for move, at in enumerate(rows)] if handling is not None else (),
        move_columns={
            "multiple": _matrix(data.get("multiple", data.get("lot", 1.0)), (n, n))[rows, columns],
            "minimum": _matrix(data.get("minimum", 0.0), (n, n))[rows, columns],
        },
        curves=curves_of(np.arange(n), mean, variance, kept, short, COUNT if deviation is None else NORMAL),
    )
    plan = best_plan(problem, whole=True)
    moved = np.zeros((n, n))
    moved[rows, columns] = plan.moved
    givers = np.unique(rows)
    units: Any = moved.tolist()
    if n == 2:
        units = float(moved.sum())
    elif len(givers) == 1:
        units = np.delete(moved[givers[0]], givers[0]).tolist()
    return {
        "cost": plan_cost(problem, plan).objective,
        "t": units,
        "moved": float(moved.sum()),
        "position": position_after(problem, plan).tolist(),
    }


def _costs(given: Any) -> tuple[Numbers, Any]:
    """Cost matrix with 0 for `null`, and where there was a number."""
    table = np.array([[np.nan if cost is None else cost for cost in row] for row in given], dtype=float)
    allowed = np.isfinite(table)
    return np.where(allowed, table, 0.0), allowed


def _matrix(given: Any, shape: tuple[int, ...]) -> Numbers:
    if not np.isscalar(given):
        given = [[np.nan if cost is None else cost for cost in row] for row in given]
    return np.broadcast_to(np.asarray(given, dtype=float), shape).copy()


def _list(given: Any, length: int) -> Numbers:
    return np.broadcast_to(np.asarray(given, dtype=float), (length,)).copy()
