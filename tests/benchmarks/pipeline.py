"""What a business date costs: CPU, wall and memory, stage by stage, on the machine it runs on.

    python -m tests.benchmarks.pipeline                      demo, 10k and 100k item-locations
    python -m tests.benchmarks.pipeline --cases demo 10000   some of them
    python -m tests.benchmarks.pipeline --json FILE          also write the figures

Every case has a process of its own: a first day that pays for imports and parsing (cold), the next
day in the same process (warm), then the same SQL by DuckDB alone, side by side with dbt's share.
Figures are CPU seconds unless they are marked otherwise; compare them within one run only.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from datetime import date, timedelta
from pathlib import Path
from typing import Any

DAYS = 180
NEWEST = date(2023, 6, 15)
# Stage of the progress -> what the report calls it; all others are the science of demand and stock.
PARTS = {
    "seal": "seal",
    "marts": "dbt",
    "published": "dbt",
    "gate": "gate",
    "publish": "publish",
    **dict.fromkeys(
        (
            "ledger_unit_events",
            "unit_reservations",
            "unit_promises",
            "order_promises",
            "stock_review",
            "customer_matching",
            "order_checks",
            "stage_durations",
            "slot_plan",
            "order_status",
            "change_impacts",
            "substitution",
            "messages",
        ),
        "orders",
    ),
}
COLUMNS = ("seal", "dbt", "science", "orders", "gate", "publish", "overhead")
# Stages that cost less are not named one by one.
_NAMED_SECONDS = 1.0


def measure(case: str, folder: Path) -> dict[str, Any]:
    """Run two business dates of one case in this process and return the figures of each."""
    began_cpu, began_wall = time.process_time(), time.perf_counter()
    from orchestration.defs.resources import Pipeline, StageEvent
    from orchestration.run import open_instance, run_day
    from orchestration.settings import Settings

    source: dict[str, Any] = {"connector": "demo"}
    if case != "demo":
        source = {"connector": "generator", "generated": folder / "source"}
    spent: dict[str, float] = defaultdict(float)
    stages: dict[str, float] = defaultdict(float)

    def watch(event: StageEvent) -> None:
        if event.cpu_seconds is not None:
            spent[PARTS.get(event.stage, "science")] += event.cpu_seconds
            stages[event.stage] += event.cpu_seconds

    pipeline = Pipeline(Settings(home=folder / "home", source=source), watch=watch)  # type: ignore[arg-type]
    days: dict[str, Any] = {}
    with open_instance(pipeline) as instance:
        for name, as_of in (("cold", NEWEST - timedelta(days=1)), ("warm", NEWEST)):
            result = run_day(pipeline, as_of, instance)
            cpu = time.process_time() - began_cpu
            figures = {**spent, "overhead": cpu - sum(spent.values()), "cpu": cpu}
            days[name] = {
                **{key: round(value, 2) for key, value in figures.items()},
                "stages": {name: round(value, 2) for name, value in stages.items()},
                "wall": round(time.perf_counter() - began_wall, 2),
                "release": result.release.release_id,
                "item_locations": result.release.rows["policy"],
            }
            spent.clear()
            stages.clear()
            began_cpu, began_wall = time.process_time(), time.perf_counter()
    # Linux counts kilobytes. Taken before the yardstick, which is not the pipeline's memory.
    peak_gb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    from tests.benchmarks.duckdb_alone import run_stage_sql

    alone = sum(run_stage_sql(pipeline.lake.build_dir(NEWEST), stage) for stage in ("marts", "published"))
    return {
        "case": case,
        "days": days,
        "peak_gb": round(peak_gb, 2),
        "duckdb_alone": round(alone, 2),
        "dbt_to_duckdb": round(days["warm"]["dbt"] / alone, 2),
    }


def run_case(case: str) -> dict[str, Any]:
    """Prepare a case and measure it in a fresh process."""
    with tempfile.TemporaryDirectory(prefix="stockplan-benchmark-") as name:
        folder = Path(name)
        if case != "demo":
            from orchestration.ims.generator import generate_to_folder

            generate_to_folder(folder / "source", int(case), DAYS, 1, snapshots=2, end=NEWEST)
        done = subprocess.run(
            [sys.executable, "-W", "ignore", "-m", "tests.benchmarks.pipeline", "--measure", case, name],
            stdout=subprocess.PIPE,
            text=True,
            check=True,
        )
        return json.loads(done.stdout.strip().splitlines()[-1])


def report(results: list[dict[str, Any]]) -> None:
    """Print the figures of all cases, and how cost grows with size."""
    print(f"\n{'case':>8} {'day':>5} " + " ".join(f"{name:>9}" for name in (*COLUMNS, "cpu", "wall")))
    for result in results:
        for day, figures in result["days"].items():
            values = " ".join(f"{figures.get(name, 0.0):9.1f}" for name in (*COLUMNS, "cpu", "wall"))
            print(f"{result['case']:>8} {day:>5} {values}")
    for result in results:
        for day, figures in result["days"].items():
            dear = sorted(((value, name) for name, value in figures["stages"].items()), reverse=True)
            named = ", ".join(f"{name} {value:.1f}" for value, name in dear if value >= _NAMED_SECONDS)
            print(f"{result['case']:>8} {day:>5} {named}")
    print()
    for result in results:
        warm = result["days"]["warm"]
        print(
            f"{result['case']:>8}: {warm['item_locations']:,} item-locations, "
            f"peak {result['peak_gb']:.2f} GB, "
            f"{1000 * warm['cpu'] / warm['item_locations']:.2f} CPU ms per item-location (warm); "
            f"dbt {warm['dbt']:.1f} s is {result['dbt_to_duckdb']:.2f} times the same SQL by DuckDB alone "
            f"({result['duckdb_alone']:.1f} s)"
        )
    by_case = {result["case"]: result["days"] for result in results}
    if {"10000", "100000"} <= by_case.keys():
        for day in ("cold", "warm"):
            small, large = by_case["10000"][day], by_case["100000"][day]
            ratio = (large["cpu"] / large["item_locations"]) / (small["cpu"] / small["item_locations"])
            print(f"cost per item-location at 100k is {ratio:.2f} times that at 10k ({day})")


def main() -> None:
    """Parse arguments; without any, measure all three cases."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--cases", nargs="+", default=["demo", "10000", "100000"])
    parser.add_argument("--json", type=Path)
    parser.add_argument("--measure", nargs=2, metavar=("CASE", "FOLDER"), help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.measure:
        print(json.dumps(measure(arguments.measure[0], Path(arguments.measure[1]))))
        return
    results = []
    for case in arguments.cases:
        print(f"measuring {case} …", file=sys.stderr, flush=True)
        results.append(run_case(case))
    report(results)
    if arguments.json:
        arguments.json.write_text(json.dumps(results, indent=2))


if __name__ == "__main__":
    main()
