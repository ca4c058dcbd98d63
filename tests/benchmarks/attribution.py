"""CPU and residual of the attribution: `python -m tests.benchmarks.attribution --changes N --seed S`.

Generated changes of which anything may have moved at once: demand, variability, lead time, targets, costs,
lots, constraints, fallbacks, parameters, and what is held back or pinned before and after. Prints one JSON
object; the residual is that of the parts against the change, as a share of the change.
"""

from __future__ import annotations

import argparse
import json
import time

import numpy as np

from optimization.policy.attribution import attribute
from tests.policy_inputs import changed, held, policy_input


def main() -> None:
    """Generate, take apart, and say what it took."""
    parser = argparse.ArgumentParser(description="Attribution of generated changes.")
    parser.add_argument("--changes", type=int, default=10_000, help="changed item-locations")
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    # A generated row in ten or so ends where it began; those are no changes.
    rows = int(asked.changes * 1.2)
    before = held(policy_input(rows, asked.seed), asked.seed + 1)
    after = held(changed(before, asked.seed + 2), asked.seed + 3)
    begin = time.process_time()
    frame, report = attribute(before, after)
    spent = time.process_time() - begin
    one = frame.groupby(["item_id", "policy_number"])
    change = (one["new_units"].first() - one["old_units"].first()).to_numpy()
    left = np.abs(one["driver_units"].sum().to_numpy() - change)
    told = {
        "changed_item_locations": report["rows_taken_apart"],
        "changed_numbers": len(change),
        "parts": len(frame),
        "worst_residual_units": float(left.max()),
        "worst_residual_share": float((left / np.maximum(np.abs(change), 1e-3)).max()),
        "cpu_seconds": round(spent, 2),
        "cpu_seconds_per_1000": round(1000 * spent / float(report["rows_taken_apart"]), 3),
    }
    print(json.dumps(told))


if __name__ == "__main__":
    main()
