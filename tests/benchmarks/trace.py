"""How long an auditor waits for a trace: whole processes of `stockplan trace`, one after the other.

    python -m tests.benchmarks.trace [--traces 30] [--release R]

Rows of the current release (or of the one named) are sampled with a fixed seed, policies first. Beside
the quantiles of wall and CPU seconds stands what starting the command costs: `stockplan trace --help`,
measured in the same run.
"""

from __future__ import annotations

import argparse
import random
import resource
import subprocess
import sys
import time

from orchestration.evidence.table_keys import table_key
from orchestration.lake.parquet import read_arrow
from orchestration.lake.paths import Lake
from orchestration.publish.shelf import Release, current_release, releases
from orchestration.settings import settings

TABLES = ("policy", "policy", "inventory_position", "kpi", "exception", "replenishment_order")


def _seconds(arguments: list[str]) -> tuple[float, float]:
    """Wall and CPU seconds of one whole process. Raises `CalledProcessError` when it fails."""
    command = [sys.executable, "-c", "from orchestration.cli import main; main()", *arguments]
    before, started = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    wall, after = time.perf_counter() - started, resource.getrusage(resource.RUSAGE_CHILDREN)
    return wall, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def _chosen(lake: Lake, release_id: str | None) -> Release:
    found = current_release(lake) if release_id is None else None
    for one in releases(lake):
        if one.release_id == release_id:
            found = one
    if found is None:
        raise SystemExit("there is no such release; make one with: make run")
    return found


def main() -> None:
    """Print quantiles of wall and CPU seconds per trace."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--traces", type=int, default=30)
    parser.add_argument("--release")
    asked = parser.parse_args()
    release = _chosen(Lake(settings().home), asked.release)
    chance = random.Random(20230615)
    rows = {name: read_arrow(release.table(name)).to_pylist() for name in set(TABLES)}
    start = _seconds(["trace", "--help"])
    taken = []
    for number in range(asked.traces):
        table = TABLES[number % len(TABLES)]
        row = chance.choice(rows[table])
        key = [f"{name}={row[name]}" for name in table_key(table)]
        taken.append(_seconds(["trace", table, *key, "--release", release.release_id, "--format", "json"]))
    print(f"{asked.traces} traces of {release.release_id}; start-up {start[0]:.2f} s, CPU {start[1]:.2f} s")
    for name, place in (("wall", 0), ("CPU", 1)):
        ordered = sorted(one[place] for one in taken)
        p95 = ordered[-(-95 * len(ordered) // 100) - 1]
        print(
            f"{name:<5} median {ordered[len(ordered) // 2]:.2f} s  p95 {p95:.2f} s  most {ordered[-1]:.2f} s"
        )


if __name__ == "__main__":
    main()
