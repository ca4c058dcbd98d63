"""A plan's bound recomputed from Parquet in parts: `python -m tests.benchmarks.network_stream DIR`.

A process of its own, so that its peak memory is its own: the item engine solves every item again at the
final row prices, and the certificate is drawn up from the stored prices alone. Prints one JSON object.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

from optimization.network.engine.bound import bound_pass
from optimization.network.proof.certificate import certified_bound
from tests.benchmarks.network_files import stream_problem
from tests.benchmarks.network_instances import hard
from tests.benchmarks.network_memory import peak_mb


def main(arguments: list[str]) -> None:
    """Print both bounds, CPU seconds and the peak memory."""
    folder, warm = Path(arguments[0]), hard(20, 5)
    clock = time.process_time()
    bound_pass(warm, warm.rows.slack_price, map, 20)
    compile_seconds = time.process_time() - clock
    engine = certificate = rows = cpu_engine = cpu_certificate = 0.0
    started = time.process_time()
    for problem, proof in stream_problem(folder):
        clock = time.process_time()
        certified = certified_bound(problem, proof)
        certificate, rows = certificate + float(certified.by_item.sum()), certified.rows
        cpu_certificate, clock = cpu_certificate + time.process_time() - clock, time.process_time()
        engine += bound_pass(problem, proof.row_price, map, problem.item_count)[1].bound - rows
        cpu_engine += time.process_time() - clock
    print(
        json.dumps(
            {
                "bound_certificate": certificate + rows,
                "bound_engine": engine + rows,
                "cpu_compile": compile_seconds,
                "cpu_certificate": cpu_certificate,
                "cpu_engine": cpu_engine,
                "cpu_total": time.process_time() - started,
                "peak_mb": peak_mb(),
            }
        )
    )


if __name__ == "__main__":
    main(sys.argv[1:])
