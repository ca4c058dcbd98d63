"""CPU of the promises: `python -m tests.benchmarks.atp --item-locations N`.

Made frames: ten places per item, one supply line and one commitment per item-location on average, four
shares at each. The calculation is `available_to_promise` as the daily run calls it, contract checks
included. Prints one line of JSON.
"""

from __future__ import annotations

import argparse
import json
import resource
import time
from typing import Any

import numpy as np
import pandas as pd

from optimization.contracts.allocation_tables import SOFT_RESERVATION
from optimization.parameters import AtpParameters
from optimization.promising.atp import available_to_promise
from orchestration.contracts.arrow import arrow_schema
from tests.science_frames import AS_OF, item_location, supply_expectation

PLACES_PER_ITEM = 10
SEGMENTS = np.array(["FLEET", "POOL", "RETAIL", "STAFF"], dtype=object)


def made_frames(n: int, seed: int = 1) -> tuple[pd.DataFrame, ...]:
    """Item-locations, supply, commitments, shares and no reservations, of n item-locations."""
    random = np.random.default_rng(seed)
    number = np.arange(n)
    item = np.char.mod("I%07d", number // PLACES_PER_ITEM).astype(object)
    place = np.char.mod("L%02d", number % PLACES_PER_ITEM).astype(object)
    located = item_location(1).loc[np.zeros(n, dtype=int)].reset_index(drop=True)
    located = located.assign(
        item_id=item, location_id=place, on_hand_units=random.integers(0, 40, n).astype(float)
    )
    to = random.integers(0, n, n)
    day = (AS_OF + pd.to_timedelta(random.integers(1, 80, n), unit="D")).astype("datetime64[ns]")
    supply = supply_expectation(
        item_id=item[to],
        location_id=place[to],
        expected_date=day,
        expected_p50_date=day,
        expected_p90_date=day + pd.Timedelta(days=7),
    )
    who = np.unique(random.integers(0, len(SEGMENTS) * n, n))
    due = AS_OF + pd.to_timedelta(random.integers(0, 60, len(who)), unit="D")
    owed = pd.DataFrame(
        {
            "item_id": item[who // len(SEGMENTS)],
            "location_id": place[who // len(SEGMENTS)],
            "segment_id": SEGMENTS[who % len(SEGMENTS)],
            "due_date": due.astype("datetime64[ns]"),
            "committed_units": 3.0,
        }
    )
    shares = pd.DataFrame(
        {
            "item_id": np.repeat(item, len(SEGMENTS)),
            "location_id": np.repeat(place, len(SEGMENTS)),
            "segment_id": np.tile(SEGMENTS, n),
            "available_units": random.integers(0, 12, n * len(SEGMENTS)).astype(float),
            "borrowable_units": 0.0,
        }
    )
    return located, supply, owed, shares, arrow_schema(SOFT_RESERVATION).empty_table().to_pandas()


def measure(n: int) -> dict[str, Any]:
    """Return seconds, rows and memory as plain figures."""
    # Compiles what numba compiles once per machine.
    available_to_promise(*made_frames(PLACES_PER_ITEM), AS_OF, AtpParameters())
    frames = made_frames(n)
    wall, cpu = time.perf_counter(), time.process_time()
    promises, _ = available_to_promise(*frames, AS_OF, AtpParameters())
    return {
        "item_locations": n,
        "rows": len(promises),
        "cpu_seconds": round(time.process_time() - cpu, 2),
        "wall_seconds": round(time.perf_counter() - wall, 2),
        "peak_memory_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
    }


def main() -> None:
    """Print the figures as JSON."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--item-locations", type=int, default=100_000)
    print(json.dumps(measure(parser.parse_args().item_locations)))


if __name__ == "__main__":
    main()
