"""How much of a solve goes into stating it: arrays and Pyomo against HiGHS alone on the same matrix.

`python -m tests.benchmarks.network_assembly [--items N] [--locations L] [--knots K] [--uncoupled] [--seed S]`
prints one JSON object, CPU seconds. Without `--knots` every whole unit is a knot.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

from optimization.network.model import pyomo_model
from optimization.network.model.assembly import assembled
from optimization.network.model.model_data import model_data
from optimization.network.model.pieces import cut
from optimization.network.model.read_back import in_layout, plan_from, proof_from
from optimization.network.problem import Problem, Uses
from optimization.solver.call import Limits, load, options
from optimization.solver.matrix import MatrixModel, matrix_of
from tests.benchmarks.network_instances import hard


def timed(work: Callable[[], Any]) -> tuple[Any, float]:
    """The result and the CPU seconds that it took."""
    started = time.process_time()
    result = work()
    return result, time.process_time() - started


def loaded(model: MatrixModel) -> Any:
    """A HiGHS object that holds the model."""
    import highspy

    highs = highspy.Highs()
    for option, value in options(Limits(), presolve=False):
        highs.setOptionValue(option, value)
    load(highs, model)
    return highs


def uncoupled(problem: Problem) -> Problem:
    """The same problem without the rows that items share."""
    rows = problem.rows
    none = np.zeros(0, dtype=np.int64)

    def unused(uses: Uses) -> Uses:
        return Uses(np.zeros(len(uses.start), dtype=np.int64), none, np.zeros(0))

    empty = type(rows)(
        *(getattr(rows, name)[:0] for name in ("family", "key", "capacity", "base_use", "slack_price"))
    )
    return replace(
        problem, rows=empty, move_uses=unused(problem.move_uses), order_uses=unused(problem.order_uses)
    )


def measure(problem: Problem, knots: int | None) -> dict[str, Any]:
    """CPU seconds of every step both ways, and their ratios to HiGHS alone."""
    pieces, cutting = timed(lambda: cut(problem, most_knots=knots))
    data, numbers = timed(lambda: model_data(problem, pieces))
    (arrays, layout), assembly = timed(lambda: assembled(data))
    highs, loading = timed(lambda: loaded(arrays))
    _, solving = timed(highs.run)

    def read() -> Any:
        answer = highs.getSolution()
        values, duals = (np.array(part, dtype=np.float64) for part in (answer.col_value, answer.row_dual))
        return plan_from(data, layout, values), proof_from(data, layout, duals, -np.inf), values, duals

    (_, _, values, duals), reading = timed(read)
    model, building = timed(lambda: pyomo_model.build(data))
    compiled, compiling = timed(lambda: matrix_of(model, "network"))
    other, loading_again = timed(lambda: loaded(compiled))
    _, solving_again = timed(other.run)
    _, reading_again = timed(lambda: in_layout(layout, compiled, values, duals))
    raw = loading + solving
    stating = cutting + numbers + assembly + loading + reading
    pyomo = cutting + numbers + building + compiling + loading_again + solving_again + reading_again
    return {
        "columns": arrays.column_count,
        "rows": arrays.row_count,
        "objective": highs.getInfo().objective_function_value,
        "pyomo_objective": other.getInfo().objective_function_value,
        "cpu_seconds": {
            "cut": round(cutting, 4),
            "numbers": round(numbers, 4),
            "assembly": round(assembly, 4),
            "load": round(loading, 4),
            "solve": round(solving, 4),
            "read_back": round(reading, 4),
            "pyomo_build": round(building, 4),
            "pyomo_compile": round(compiling, 4),
            "pyomo_read_back": round(reading_again, 4),
        },
        "arrays_over_solve": round((assembly + loading + reading) / solving, 4),
        "arrays_with_cut_over_solve": round(stating / solving, 4),
        "pyomo_over_raw": round(pyomo / raw, 3),
        "pyomo_microseconds_per_column": round(
            1e6 * (building + compiling + loading_again) / arrays.column_count, 1
        ),
    }


def main() -> None:
    """Measure one instance."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--items", type=int, default=100)
    parser.add_argument("--locations", type=int, default=20)
    parser.add_argument("--knots", type=int)
    parser.add_argument("--uncoupled", action="store_true")
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    problem = hard(given.items, given.locations, seed=given.seed)
    measure(uncoupled(problem) if given.uncoupled else problem, 3)  # imports and first calls
    print(json.dumps(measure(uncoupled(problem) if given.uncoupled else problem, given.knots), indent=1))


if __name__ == "__main__":
    main()
