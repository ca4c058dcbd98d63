"""CPU of the matching: `python -m tests.benchmarks.matching --requests N --units M`.

Made frames: forty models of unequal size, six trims, nine colours, thirty options, a hundred places. The
calculation is `match_customers` as the daily run calls it, contract checks and tables included; a fifth
of the requests are firm orders, two fifths leads. Prints one line of JSON.
"""

from __future__ import annotations

import argparse
import json
import resource
import time
from typing import Any

from optimization.order_parameters import MatchingParameters
from optimization.promising.matching.planning import match_customers
from tests.matching_frames import AS_OF, made_inputs


def measure(requests: int, units: int, models: int = 40) -> dict[str, Any]:
    """Return seconds, rows and memory as plain figures."""
    # Compiles what numba compiles once per machine.
    match_customers(made_inputs(20, 20, models=2), AS_OF, MatchingParameters())
    inputs = made_inputs(requests, units, models=models)
    wall, cpu = time.perf_counter(), time.process_time()
    plan = match_customers(inputs, AS_OF, MatchingParameters())
    outcome = plan.match_outcome["reason_code"].value_counts().to_dict()
    run = plan.match_solver_run
    return {
        "requests": requests,
        "units": units,
        "models": models,
        "pairs_that_fit": int(plan.match_outcome["candidate_count"].sum()),
        "pairs_assigned_from": plan.report["pairs"],
        "rounds": plan.report["rounds"],
        "outcomes": outcome,
        "largest_gap": float(run["relative_gap"].max()),
        "cpu_seconds": round(time.process_time() - cpu, 2),
        "wall_seconds": round(time.perf_counter() - wall, 2),
        "peak_memory_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
    }


def main() -> None:
    """Print the figures as JSON."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--requests", type=int, default=5_000)
    parser.add_argument("--units", type=int, default=5_000)
    parser.add_argument("--models", type=int, default=40)
    arguments = parser.parse_args()
    print(json.dumps(measure(arguments.requests, arguments.units, arguments.models)))


if __name__ == "__main__":
    main()
