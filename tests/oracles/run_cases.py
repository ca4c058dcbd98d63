"""Run worked cases: `python -m tests.oracles.run_cases FILE.json`.

The file holds `cases`, each with id, topic, inputs, expected and tolerance. Prints
`id topic expected got ok` per case, the topics that nobody answers yet, and exits 1 on a miss.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from tests.oracles.registry import load_all


def agrees(expected: Any, got: Any, tolerance: float) -> bool:
    """Whether `got` carries everything that is expected, numbers within the absolute tolerance.

    A mapping may hold more than is expected; a sequence may not.
    """
    if isinstance(expected, dict):
        return isinstance(got, dict) and all(
            key in got and agrees(value, got[key], tolerance) for key, value in expected.items()
        )
    if isinstance(expected, list):
        return (
            isinstance(got, (list, tuple))
            and len(got) == len(expected)
            and all(agrees(a, b, tolerance) for a, b in zip(expected, got, strict=True))
        )
    if isinstance(expected, (int, float)) and not isinstance(expected, bool):
        return (
            isinstance(got, (int, float))
            and not isinstance(got, bool)
            and abs(got - expected) <= max(tolerance, 1e-12 * max(1.0, abs(expected)))
        )
    return bool(expected == got)


def run(path: Path) -> tuple[list[tuple[dict[str, Any], Any, bool]], list[str]]:
    """Answer every case of a file that somebody answers; return the results and the open topics."""
    registry = load_all()
    cases = json.loads(path.read_text(encoding="utf-8"))["cases"]
    results = []
    for case in (case for case in cases if case["topic"] in registry):
        try:
            got = registry[case["topic"]](case["inputs"])
        except Exception as error:  # a broken answer is a miss with its reason, not the end of the run
            got = f"{type(error).__name__}: {error}"
        results.append((case, got, agrees(case["expected"], got, float(case["tolerance"]))))
    return results, sorted({case["topic"] for case in cases} - set(registry))


def main(arguments: list[str]) -> int:
    """Print the results of one file; 0 when every answered case agrees, 2 on wrong usage."""
    if len(arguments) != 1:
        print("usage: python -m tests.oracles.run_cases FILE.json", file=sys.stderr)
        return 2
    results, open_topics = run(Path(arguments[0]))
    for case, got, ok in results:
        print(
            case["id"],
            "|",
            case["topic"],
            "|",
            json.dumps(case["expected"]),
            "|",
            got,
            "|",
            "ok" if ok else "MISS",
        )
    misses = sum(not ok for _, _, ok in results)
    print(f"\n{len(results)} cases, {misses} misses; {len(open_topics)} topics not covered:")
    for topic in open_topics:
        print("  -", topic)
    return 1 if misses else 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
