"""What HiGHS alone takes on a network problem: the whole matrix at once, and batches of items at prices.

The yardsticks of the network benchmark. Models come from the array assembly, so the matrix is the
product's own; only the solver is called directly, with nothing around it that is not counted.
"""

from __future__ import annotations

import time
from dataclasses import replace
from typing import Any

import highspy
import numpy as np

from optimization.network.model.assembly import Layout, assembled
from optimization.network.model.model_data import model_data
from optimization.network.model.pieces import cut
from optimization.network.model.read_back import plan_from
from optimization.network.problem import Numbers, Problem, Rows, Uses
from optimization.network.subsets import ItemIndex, of_items
from optimization.solver.matrix import MatrixModel

PASSES = 15
"""Passes over all items that price coordination with batches took at a million item-locations."""


def loaded(model: MatrixModel, presolve: str) -> Any:
    """A HiGHS object with this linear model, one thread, dual simplex."""
    highs = highspy.Highs()
    options = {
        "output_flag": False,
        "threads": 1,
        "parallel": "off",
        "solver": "simplex",
        "presolve": presolve,
    }
    for option, setting in options.items():
        _told(highs.setOptionValue(option, setting), option)
    continuous = np.zeros(model.column_count, dtype=np.int32)
    _told(
        highs.passModel(
            model.column_count, model.row_count, len(model.value),
            int(highspy.MatrixFormat.kColwise), int(highspy.ObjSense.kMinimize), model.offset,
            model.cost, model.column_lower, model.column_upper, model.row_lower, model.row_upper,
            model.start, model.index, model.value, continuous,
        ),
        "passModel",
    )  # fmt: skip
    return highs


def solved(highs: Any) -> float:
    """Solve, and return the objective; raises `RuntimeError` when it is not proven optimal."""
    _told(highs.run(), "run")
    if highs.getModelStatus() != highspy.HighsModelStatus.kOptimal:
        raise RuntimeError(f"HiGHS ended with {highs.getModelStatus()}")
    return float(highs.getInfo().objective_function_value)


def _told(status: Any, what: str) -> None:
    if status == highspy.HighsStatus.kError:
        raise RuntimeError(f"HiGHS refused {what}")


def raw_highs(problem: Problem, knots: int | None) -> dict[str, float | int]:
    """CPU seconds by step of the whole linear model, knots at every unit (None) or at most so many.

    `objective` is the linear one: with knots at every unit a bound, otherwise none. `not_whole`: moves
    and orders that the linear optimum leaves in parts of a unit.
    """
    clock = time.process_time()
    data = model_data(problem, cut(problem, knots))
    cut_seconds, clock = time.process_time() - clock, time.process_time()
    model, layout = assembled(data)
    assembly, clock = time.process_time() - clock, time.process_time()
    highs = loaded(model, "choose")
    load, clock = time.process_time() - clock, time.process_time()
    objective = solved(highs)
    solve, clock = time.process_time() - clock, time.process_time()
    plan = plan_from(data, layout, np.array(highs.getSolution().col_value))
    read_back = time.process_time() - clock
    units = np.concatenate([plan.moved, plan.ordered])
    return {
        "columns": model.column_count,
        "rows": model.row_count,
        "knots": knots or 0,
        "cpu_cut": cut_seconds,
        "cpu_assembly": assembly,
        "cpu_load": load,
        "cpu_solve": solve,
        "cpu_read_back": read_back,
        "cpu_total": cut_seconds + assembly + load + solve + read_back,
        "assembly_to_solve": (assembly + load + read_back) / max(solve, 1e-9),
        "objective": objective,
        "not_whole": int((np.abs(units - np.round(units)) > 1e-6).sum()),
    }


def highs_batches(
    problem: Problem, price: Numbers, knots: int | None = None, sample: int = 200, batch: int = 25
) -> dict[str, float | int]:
    """CPU seconds of one pass by HiGHS over all items at row prices, from batches of a sample.

    Knots at every unit, or at most so many: then it solves a coarser problem than the plan's.
    Cold: assembly, load and first solve of a batch, presolve off. Warm: the same batch re-priced by a
    tenth and solved again from its basis. `cpu_method`: one cold and 14 warm passes over every item;
    the start prices, the master and the repair come on top and are left out.
    """
    sampled = min(sample, problem.item_count)
    cold = warm = 0.0
    rng, index = np.random.default_rng(1), ItemIndex.of(problem)
    for first in range(0, sampled, batch):
        part = of_items(problem, index, np.arange(first, min(first + batch, sampled))).problem
        again = _at_prices(part, price * rng.uniform(0.9, 1.1, len(price)))
        clock = time.process_time()
        data = model_data(_at_prices(part, price), cut(part, knots))
        model, layout = assembled(data)
        highs = loaded(model, "off")
        solved(highs)
        cold += time.process_time() - clock
        clock = time.process_time()
        _reprice(highs, again, layout, model)
        solved(highs)
        warm += time.process_time() - clock
    scale = problem.item_count / sampled
    return {
        "sampled_items": sampled,
        "cpu_cold_per_item": cold / sampled,
        "cpu_warm_per_item": warm / sampled,
        "passes": PASSES,
        "cpu_method": scale * (cold + (PASSES - 1) * warm),
    }


def _at_prices(problem: Problem, price: Numbers) -> Problem:
    # The rows' prices go into the costs of moves and orders; the rows themselves fall away.
    def charge(uses: Uses) -> Numbers:
        owner = np.repeat(np.arange(len(uses.start) - 1), np.diff(uses.start))
        paid = np.bincount(owner, price[uses.row] * uses.amount, minlength=len(uses.start) - 1)
        return np.asarray(paid, dtype=np.float64)

    def none(uses: Uses) -> Uses:
        return Uses(np.zeros_like(uses.start), np.zeros(0, dtype=np.int64), np.zeros(0))

    moves, places, nothing = problem.moves, problem.places, np.zeros(0)
    texts = np.zeros(0, dtype=object)
    return replace(
        problem,
        moves=replace(
            moves, unit_cost=moves.unit_cost + charge(problem.move_uses) / problem.dead_band_factor
        ),
        places=replace(places, order_cost=places.order_cost + charge(problem.order_uses)),
        rows=Rows(texts, texts, nothing, nothing, nothing),
        move_uses=none(problem.move_uses),
        order_uses=none(problem.order_uses),
    )


def _reprice(highs: Any, problem: Problem, layout: Layout, model: MatrixModel) -> None:
    cost = model.cost.copy()
    moved, ordered = layout.columns["moved"], layout.columns["ordered"]
    cost[moved.start : moved.stop] = problem.dead_band_factor * problem.moves.unit_cost
    cost[ordered.start : ordered.stop] = problem.places.order_cost[ordered.index]
    columns = np.arange(model.column_count, dtype=np.int32)
    _told(highs.changeColsCost(model.column_count, columns, cost), "changeColsCost")
