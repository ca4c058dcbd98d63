"""CPU, memory and proven gap of the network model: `python -m tests.benchmarks.network --items N`.

Makes an instance (or reads one: `--instance DIR`), plans it as the daily run does, and prints one JSON
object. Times are CPU seconds of this process and its workers, and wall seconds. The gap is that of the
whole-unit plan, priced by the audit on the true curves, against the certificate; both know nothing of
the engine. References in the same run: raw HiGHS on the same matrix up to `_RAW_COLUMNS` columns,
batches of items by HiGHS from a sample, and the baselines.
"""

from __future__ import annotations

import argparse
import gc
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import fields, replace
from functools import partial
from pathlib import Path
from typing import Any, Literal

import numpy as np

from optimization.network import costs
from optimization.network.baselines.plans import baseline_plans
from optimization.network.engine_choice import solve_network
from optimization.network.problem import Outcome, Plan, Problem
from optimization.network.proof.audit import audit_plan
from optimization.network.proof.certificate import certified_bound
from optimization.parameters import NetworkParameters
from optimization.results import Mapper
from tests.benchmarks.network_files import problem_of_instance, write_problem
from tests.benchmarks.network_highs import highs_batches, raw_highs
from tests.benchmarks.network_instances import hard, imbalanced
from tests.benchmarks.network_memory import children_peak_mb, forget_peak, peak_mb, resident_mb

_ENGINES: dict[str, Literal["auto", "whole", "items"]] = {"auto": "auto", "highs": "whole", "item": "items"}
_RAW_COLUMNS = 600_000
_PROTECTION_DAYS = 30.0


class Clock:
    """CPU and wall seconds by phase; workers count once they have ended."""

    def __init__(self) -> None:
        self.cpu: dict[str, float] = {}
        self.wall: dict[str, float] = {}

    @contextmanager
    def phase(self, name: str) -> Iterator[None]:
        """Time what happens inside."""
        cpu, wall = _cpu(), time.perf_counter()
        yield
        self.cpu[name] = self.cpu.get(name, 0.0) + _cpu() - cpu
        self.wall[name] = self.wall.get(name, 0.0) + time.perf_counter() - wall


def _cpu() -> float:
    import os

    used = os.times()
    return used.user + used.system + used.children_user + used.children_system


@contextmanager
def spread(workers: int) -> Iterator[Mapper]:
    """A mapper over so many processes; one means this one."""
    if workers == 1:
        yield map
        return
    import multiprocessing
    from concurrent.futures import ProcessPoolExecutor

    with ProcessPoolExecutor(workers, mp_context=multiprocessing.get_context("spawn")) as pool:
        yield pool.map


def instance(options: argparse.Namespace, parameters: NetworkParameters) -> Problem:
    """The problem that the options ask for."""
    if options.instance is not None:
        return problem_of_instance(options.instance, parameters)
    changes: dict[str, Any] = {"kind": options.kind, "segments": options.segments, "lots": options.lots}
    changes["policy"] = options.policy
    if options.imbalanced is not None:
        return imbalanced(options.items, options.locations, options.seed, options.imbalanced, **changes)
    return hard(options.items, options.locations, options.seed, **changes)


def data_mb(problem: Problem) -> float:
    """What the problem's own arrays take, each counted once, MB."""
    arrays = {
        id(array): array.nbytes
        for part in (
            problem.places, problem.curves, problem.moves, problem.rows, problem.move_uses, problem.order_uses
        )
        for array in (getattr(part, field.name) for field in fields(part))
    }  # fmt: skip
    return float(sum(arrays.values())) / 1e6


def proven(problem: Problem, outcome: Outcome, clock: Clock) -> dict[str, Any]:
    """What audit and certificate say about an outcome."""
    with clock.phase("audit"):
        audit = audit_plan(problem, outcome.plan, outcome.slack)
    with clock.phase("certificate"):
        certified = certified_bound(problem, outcome.proof).total
    units = np.concatenate([outcome.plan.moved, outcome.plan.ordered])
    price = outcome.proof.row_price
    slack = {
        family: float(audit.slack[problem.rows.family == family].sum())
        for family in dict.fromkeys(problem.rows.family.tolist())
    }
    cost = costs.plan_cost(problem, outcome.plan)
    return {
        "status": outcome.status,
        "engine": outcome.engine,
        "detail": outcome.detail,
        "plan_cost": audit.objective,
        "plan_cost_by_part": {field.name: getattr(cost, field.name) for field in fields(cost)},
        "bound": max(outcome.proof.bound, certified),
        "bound_of_engine": outcome.proof.bound,
        "bound_certified": certified,
        "gap": _gap(audit.objective, max(outcome.proof.bound, certified)),
        "gap_certified": _gap(audit.objective, certified),
        "slack_by_reason": {family: units for family, units in slack.items() if units > 0},
        "rows_with_price": int((price > 1e-9).sum()),
        # The item engine takes whole units from the start; of the whole problem the linear optimum tells.
        "not_whole": {
            "before_rounding": 0 if outcome.engine == "items" else None,
            "after": int((np.abs(units - np.round(units)) > 1e-9).sum()),
        },
        "moves_used": int((outcome.plan.moved > 0).sum()),
        "orders": int((outcome.plan.ordered > 0).sum()),
        "audit": {"ok": audit.ok, "worst": audit.worst, "breach": audit.breach},
        "objective_told_vs_audited": abs(outcome.objective - audit.objective)
        / max(abs(audit.objective), 1e-9),
    }


def _gap(cost: float, bound: float) -> float:
    return (cost - bound) / max(abs(cost), 1e-9)


def streamed(problem: Problem, outcome: Outcome) -> dict[str, Any]:
    """The bound of the proof recomputed in a process of its own that reads the problem in parts."""
    with tempfile.TemporaryDirectory() as folder:
        write_problem(problem, outcome.proof, Path(folder))
        told = subprocess.run(
            [sys.executable, "-m", "tests.benchmarks.network_stream", folder],
            check=True, capture_output=True, text=True,
        )  # fmt: skip
    result: dict[str, Any] = json.loads(told.stdout)
    return result


def baseline_costs(problem: Problem) -> dict[str, float]:
    """Objective of every baseline on the same problem."""
    n = len(problem.places)
    mean = np.bincount(problem.curves.place, weights=problem.curves.mean, minlength=n)
    plans: dict[str, Plan] = baseline_plans(problem, np.maximum(mean, 1e-9) / _PROTECTION_DAYS)
    return {name: costs.plan_cost(problem, plan).objective for name, plan in plans.items()}


def references(
    problem: Problem, outcome: Outcome, options: argparse.Namespace, clock: Clock
) -> dict[str, Any]:
    """HiGHS on the same problem, baselines, the streamed pass, and our CPU as a ratio of theirs."""
    cpu = clock.cpu["plan"]
    with clock.phase("baselines"):
        result: dict[str, Any] = {"baselines": baseline_costs(problem)}
    columns = len(problem.moves) + len(problem.places) * (options.knots or 60)
    if columns <= _RAW_COLUMNS:
        with clock.phase("raw_highs"):
            raw = raw_highs(problem, options.knots)
        result |= {"raw_highs": raw, "cpu_to_raw_highs": cpu / raw["cpu_total"]}
    with clock.phase("highs_batches"):
        batches = highs_batches(problem, outcome.proof.row_price, options.knots)
    result |= {"highs_batches": batches, "cpu_to_highs_batches": cpu / batches["cpu_method"]}
    with clock.phase("streamed"):
        return result | {"streamed": streamed(problem, outcome)}


def _options(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--items", type=int, default=1_000)
    parser.add_argument("--locations", type=int, default=20)
    parser.add_argument("--segments", type=int, default=0, help="demand curves per pool")
    parser.add_argument("--knots", type=int, help="most knots of a curve, for HiGHS; default every unit")
    parser.add_argument("--lots", action="store_true", help="cartons, minimum orders and loads, fixed costs")
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--imbalanced", type=float, metavar="SHARE", help="share of items out of balance")
    parser.add_argument("--engine", choices=sorted(_ENGINES), default="auto")
    parser.add_argument("--instance", type=Path, metavar="DIR", help="input frames as Parquet")
    parser.add_argument("--kind", choices=["normal", "count"], default="normal", help="family of demand")
    parser.add_argument("--policy", action="store_true", help="levels and demand before an order can come")
    parser.add_argument("--bare", action="store_true", help="no references: plan, audit and certificate only")
    return parser.parse_args(arguments)


def main(arguments: list[str] | None = None) -> None:
    """Print one JSON object."""
    options = _options(arguments)
    parameters = NetworkParameters(
        engine=_ENGINES[options.engine], **({"max_knots": options.knots} if options.knots else {})
    )
    clock = Clock()
    with clock.phase("compile"):
        warm: Literal["whole", "items"] = "whole" if options.engine == "highs" else "items"
        solve_network(hard(40, 5, 99), replace(parameters, engine=warm), map)
    with clock.phase("instance"):
        problem = instance(options, parameters)
    gc.collect()
    forget_peak()
    before = resident_mb()
    solve = partial(solve_network, problem, parameters)
    with clock.phase("plan"), spread(options.workers) as mapper:
        outcome = solve(mapper)
    peak = peak_mb()
    pairs = len(problem.places)
    told: dict[str, Any] = {
        "name": problem.name,
        "options": {name: str(value) for name, value in vars(options).items()},
        "items": problem.item_count,
        "pairs": pairs,
        "item_lanes": len(problem.moves),
        "rows": len(problem.rows),
        "memory_mb": {
            "data": data_mb(problem),
            "before": before,
            "peak": peak,
            "beyond_data": peak - before,
            "largest_worker": children_peak_mb() if options.workers > 1 else 0.0,
        },
    }
    told |= proven(problem, outcome, clock)
    told["cpu_us_per_pair"] = clock.cpu["plan"] / max(pairs, 1) * 1e6
    if not options.bare:
        told |= references(problem, outcome, options, clock)
        if outcome.engine == "whole" and "raw_highs" in told:
            told["not_whole"]["before_rounding"] = told["raw_highs"]["not_whole"]
    print(json.dumps(told | {"cpu": clock.cpu, "wall": clock.wall}, indent=1, default=float))


if __name__ == "__main__":
    main()
