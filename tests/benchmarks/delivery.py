"""CPU of the promises to order lines: `python -m tests.benchmarks.delivery --lines N`.

Made frames: an item-location for every line, ten places per item with lanes between all of them, supply and
shares as the promises' own benchmark has them, lines of one to six units, half of them promised the day
before. The calculation is `delivery_promises` as the daily run calls it, contract checks included. Prints
one line of JSON.
"""

from __future__ import annotations

import argparse
import json
import resource
import time
from typing import Any

import numpy as np
import pandas as pd

from optimization.contracts.order_inputs import OPEN_ORDER_LINE
from optimization.order_parameters import PromiseParameters
from optimization.parameters import AtpParameters
from optimization.promising.atp import available_to_promise
from optimization.promising.delivery.inputs import DeliveryInputs
from optimization.promising.delivery.planning import delivery_promises
from optimization.promising.unit_atp import unit_available_to_promise
from tests.benchmarks.atp import PLACES_PER_ITEM, SEGMENTS, made_frames
from tests.promise_frames import handover_capacity, rows_of, stock_unit, unit_hold, unit_reservation
from tests.science_frames import AS_OF, lane


def made_inputs(n: int, seed: int = 1) -> DeliveryInputs:
    """Inputs of n lines at n item-locations."""
    random = np.random.default_rng(seed)
    places, supply, _, shares, reserved = made_frames(n, seed)
    at = random.integers(0, n, n)
    number = np.arange(n)
    columns = {
        "order_id": np.char.mod("O%07d", number).astype(object),
        "line_id": "1",
        "item_id": places["item_id"].to_numpy()[at],
        "location_id": places["location_id"].to_numpy()[at],
        "segment_id": random.choice(SEGMENTS, n),
        "order_date": AS_OF - pd.Timedelta(days=5),
        "requested_date": (AS_OF + pd.to_timedelta(random.integers(0, 40, n), unit="D")).astype(
            "datetime64[ns]"
        ),
        "open_units": random.integers(1, 7, n).astype(float),
        "order_priority": random.integers(1, 6, n),
        "priority_tier": random.integers(1, 4, n),
    }
    empty = rows_of(OPEN_ORDER_LINE, [])
    lines = pd.DataFrame(columns).assign(customer_id=None, unit_id=None)[list(empty.columns)]
    key = ["item_id", "location_id", "segment_id", "due_date"]
    owed = lines.assign(due_date=lines["requested_date"], committed_units=lines["open_units"])
    owed = owed.groupby(key, as_index=False)["committed_units"].sum()
    atp, _ = available_to_promise(places, supply, owed, shares, reserved, AS_OF, AtpParameters())
    names = [f"L{place:02d}" for place in range(PLACES_PER_ITEM)]
    lanes = lane([(a, b) for a in names for b in names if a != b], days=3.0)
    leads = pd.DataFrame({"supplier_id": "S1", "location_id": names, "method": "km", "status": "OK"})
    leads = leads.assign(lead_time_p50_days=12.0, lead_time_p90_days=25.0)
    units = stock_unit()
    unit_atp, _ = unit_available_to_promise(
        units, unit_hold(), unit_reservation(), supply, AS_OF, PromiseParameters()
    )
    return DeliveryInputs(
        lines, places, owed, supply, shares, reserved, atp, lanes, units, unit_atp, leads, handover_capacity()
    )


def measure(n: int) -> dict[str, Any]:
    """Return seconds, rows by reason and memory as plain figures."""
    # Compiles what numba compiles once per machine.
    delivery_promises(made_inputs(20), AS_OF, PromiseParameters())
    inputs = made_inputs(n)
    before = delivery_promises(inputs, AS_OF, PromiseParameters()).delivery_promise
    inputs = DeliveryInputs(**{**vars(inputs), "previous_promise": before.iloc[::2].reset_index(drop=True)})
    wall, cpu = time.perf_counter(), time.process_time()
    plan = delivery_promises(inputs, AS_OF, PromiseParameters())
    return {
        "lines": n,
        "cpu_seconds": round(time.process_time() - cpu, 2),
        "wall_seconds": round(time.perf_counter() - wall, 2),
        "reasons": plan.delivery_promise["reason_code"].value_counts().to_dict(),
        "peak_memory_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
    }


def main() -> None:
    """Print the figures as JSON."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--lines", type=int, default=20_000)
    print(json.dumps(measure(parser.parse_args().lines)))


if __name__ == "__main__":
    main()
