"""CPU of scenarios, frontier and annual plan: `python -m tests.benchmarks.scenarios --series N --groups M`.

Made frames of N item-locations, all of which are played: one scenario beside its baseline, the frontier on
its daily sample, and the annual plan of M categories in two regions with capacity and cash scarce, which
is the hard case. Prints one line of JSON.
"""

from __future__ import annotations

import argparse
import json
import resource
import time
from typing import Any

import numpy as np

from optimization.contracts.outputs import SEASONAL_INDEX
from optimization.contracts.rows import frame_of
from optimization.parameters import PolicyParameters
from optimization.planning.annual.parameters import AnnualParameters
from optimization.planning.annual.planning import plan_year
from optimization.planning.frontier import scenario_frontier
from optimization.planning.scenario import scenario_of
from optimization.planning.scenarios import baseline_of, run_scenario, uniforms_of
from tests.planning_frames import forecast_of, policy, world
from tests.science_frames import AS_OF, location_limit


def measure(series: int, groups: int) -> dict[str, Any]:
    """Return seconds and memory as plain figures."""
    items, demand = world(series)
    parameters = PolicyParameters()
    seconds: dict[str, float] = {}

    started = time.process_time()
    baseline = baseline_of(items, demand, None, AS_OF, parameters, series)
    plain = scenario_of({"name": "plain"})
    uniforms = uniforms_of(baseline, plain)
    seconds["baseline_and_paths"] = time.process_time() - started
    started = time.process_time()
    run_scenario(baseline, plain, uniforms)
    longer = scenario_of({"name": "longer", "overrides": [{"lead_time_multiplier": 1.5}]})
    run_scenario(baseline, longer, uniforms)
    seconds["two_scenarios"] = time.process_time() - started
    started = time.process_time()
    frontier, _ = scenario_frontier(items, demand, None, AS_OF, parameters)
    seconds["frontier"] = time.process_time() - started

    rows = np.arange(2 * groups)
    few, protection = world(len(rows), category=[f"C{row // 2:03}" for row in rows])
    limits = location_limit(list(few["location_id"]), storage_m3=2.0)
    needed = 4.0 * 30 / 7 * len(rows)
    started = time.process_time()
    told = plan_year(
        few,
        protection,
        policy(few, 3.0),
        forecast_of(few, 4.0),
        frame_of(SEASONAL_INDEX, []),
        limits,
        AS_OF,
        AnnualParameters(
            capacity_units=0.95 * needed,
            overtime_units=0.05 * needed,
            overtime_unit_cost=1.0,
            cash_limit=2.0 * float(few["unit_cost"].sum()),
        ),
    )
    seconds["annual_plan"] = time.process_time() - started
    run = told.annual_solver_run.iloc[0]
    return {
        "series": series,
        "frontier_points": int(frontier["scenario_id"].nunique()),
        "annual_groups": told.report["groups"],
        "annual_columns": int(run["column_count"]),
        "annual_status": str(run["solver_status"]),
        "cpu_seconds": {name: round(value, 2) for name, value in seconds.items()},
        "peak_memory_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
    }


def main() -> None:
    """Print the figures as JSON."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--series", type=int, default=10_000)
    parser.add_argument("--groups", type=int, default=50)
    arguments = parser.parse_args()
    print(json.dumps(measure(arguments.series, arguments.groups)))


if __name__ == "__main__":
    main()
