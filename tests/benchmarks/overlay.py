"""Latency of an overlay: from operations in the ledger to published tables, cold and warm.

    python -m tests.benchmarks.overlay --item-locations 100000 --events 1000

A synthetic release (three shares per item-location, supply and a commitment at each) is published
once; then that many operations are written, spread over as many pools. Measured are one overlay in a
process that knows nothing yet (`cold`), the first of a process that keeps the tables (`warm_first`),
and its next ones after a hundredth of the operations each (`warm`, median and worst of five). Prints
one line of JSON; seconds of wall and of CPU.
"""

from __future__ import annotations

import argparse
import json
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from orchestration.lake.paths import Lake
from orchestration.publish.overlay import OverlayOutcome, WarmOverlay, publish_overlay
from orchestration.settings import Settings
from tests.overlay_base import Base

REFRESHES = 5


def measure(item_locations: int, events: int, home: Path) -> dict[str, Any]:
    """Return the latencies as plain figures."""
    base = Base(Lake(home), Settings(home=home), items=max(item_locations // 2, 1))
    started = time.perf_counter()
    release = base.publish()
    setup = time.perf_counter() - started
    # Compiles what numba compiles once per machine; nobody waits for that twice.
    base.operate("consume", "FLEET", 1.0)
    publish_overlay(base.lake, base.ledger, base.settings, None, "benchmark")

    random = np.random.default_rng(events)
    _operate(base, random, events)
    cold, outcome = _timed(lambda: publish_overlay(base.lake, base.ledger, base.settings, None, "benchmark"))
    warm = WarmOverlay(base.lake, base.ledger, base.settings)
    _operate(base, random, max(events // 100, 1))
    first, _ = _timed(lambda: warm.publish(None, "benchmark"))
    refreshes = []
    for _ in range(REFRESHES):
        _operate(base, random, max(events // 100, 1))
        refreshes.append(_timed(lambda: warm.publish(None, "benchmark"))[0])
    idle, _ = _timed(lambda: warm.publish(None, "benchmark"))
    assert outcome.overlay is not None
    return {
        "item_locations": item_locations,
        "release_rows": sum(release.rows.values()),
        "events": events,
        "rejected_lines": outcome.rejected,
        "overlay_rows": sum(outcome.overlay.rows.values()),
        "setup_seconds": round(setup, 2),
        "cold": cold,
        "warm_first": first,
        "warm": {
            "median_seconds": statistics.median(one["seconds"] for one in refreshes),
            "worst_seconds": max(one["seconds"] for one in refreshes),
            "median_cpu_seconds": statistics.median(one["cpu_seconds"] for one in refreshes),
        },
        "warm_nothing_new": idle,
    }


def _operate(base: Base, random: np.random.Generator, count: int) -> None:
    """Write operations of all usual kinds on places drawn at random."""
    kinds = [("consume", "FLEET"), ("consume", "RETAIL"), ("allocate", "RETAIL"), ("unallocate", "FLEET")]
    places = random.integers(0, 2 * base.items, count)
    chosen = random.integers(0, len(kinds), count)
    base.operate_many(
        [(*kinds[kind], 1.0, int(place), {}) for kind, place in zip(chosen, places, strict=True)]
    )


def _timed(work: Callable[[], OverlayOutcome]) -> tuple[dict[str, float], OverlayOutcome]:
    wall, cpu = time.perf_counter(), time.process_time()
    outcome = work()
    return {
        "seconds": round(time.perf_counter() - wall, 3),
        "cpu_seconds": round(time.process_time() - cpu, 3),
    }, outcome


def main() -> None:
    """Print the figures as JSON."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--item-locations", type=int, default=100_000)
    parser.add_argument("--events", type=int, default=1_000)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as home:
        print(json.dumps(measure(arguments.item_locations, arguments.events, Path(home))))


if __name__ == "__main__":
    main()
