"""All drills, one after the other, and one table of their counts at the end: `make drill`.

A drill is a module of this folder with a function `run(scale, report)`: `scale` 1 is the count that
must be shown, 0.05 a twentieth of it. Nothing else has to be told of it.
"""

from __future__ import annotations

import argparse
import importlib
import pkgutil
import signal
import sys
import time
import traceback
from collections.abc import Callable
from pathlib import Path

from tests.drill.report import Report

_FOLDER = Path(__file__).parent


def drills() -> dict[str, Callable[[float, Report], None]]:
    """Return every drill by its name, the name of its module."""
    found = {}
    for module in sorted(one.name for one in pkgutil.iter_modules([str(_FOLDER)])):
        # Read as text first: the drills not asked for need not be imported, nor what they import.
        if "\ndef run(scale: float, report: Report)" in (_FOLDER / f"{module}.py").read_text("utf-8"):
            found[module] = _lazy(module)
    return found


def _lazy(module: str) -> Callable[[float, Report], None]:
    def run(scale: float, report: Report) -> None:
        importlib.import_module(f"tests.drill.{module}").run(scale, report)

    return run


def run_drills(names: list[str], scale: float, report: Report) -> None:
    """Run the drills named; one that breaks is a miss, and the next one goes on."""
    known = drills()
    for name in names:
        report.drill, started = name, time.monotonic()
        try:
            known[name](scale, report)
        except Exception:  # whatever a drill dies of is what it found
            report.miss(f"broke off:\n{traceback.format_exc()}")
        report.count("minutes", round((time.monotonic() - started) / 60, 2))


def main() -> int:
    """Return 0 when every count is as it must be, else 1."""
    parser = argparse.ArgumentParser(prog="python -m tests.drill", description=__doc__)
    parser.add_argument("--only", action="append", choices=sorted(drills()), help="one drill; may come again")
    parser.add_argument("--scale", type=float, default=1.0, help="1 is the full count, 0.05 a twentieth")
    arguments = parser.parse_args()
    report = Report()
    # Whoever ends a drill ends its servers and readers with it.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    run_drills(arguments.only or sorted(drills()), arguments.scale, report)
    print(f"\n{report.table()}")
    if report.misses:
        print(f"\n{len(report.misses)} misses:")
        print("\n".join(f"  {miss}" for miss in report.misses))
    return 1 if report.misses else 0


if __name__ == "__main__":
    sys.exit(main())
