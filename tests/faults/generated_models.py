"""Generated models, a fifth of them broken: none may end with a wrong status or break a rule.

    python -m tests.faults.generated_models [--count 5000] [--first 0]

prints one JSON object and ends with 1 if any model has a complaint. Even numbers are matrices for the
solver room, odd ones whole network problems; a number makes the same model on every machine.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections import Counter
from dataclasses import dataclass

from optimization.network.engine_choice import solve_network
from optimization.network.problem import Outcome, Problem
from optimization.parameters import NetworkParameters
from tests.faults import generated_matrices, generated_problems

BROKEN_ONE_IN = 5


@dataclass(frozen=True)
class Verdict:
    """One model: what it was, whether it was broken, and what is wrong with how it ended."""

    number: int
    kind: str
    is_broken: bool
    complaints: tuple[str, ...]


def verdict(number: int) -> Verdict:
    """Make model `number`, solve it and judge the ending."""
    seed, is_problem = divmod(number, 2)
    seed, is_sound = divmod(seed, BROKEN_ONE_IN)
    # Sound seeds count on beside the broken ones, so that no model comes twice.
    seed = seed if not is_sound else seed * (BROKEN_ONE_IN - 1) + is_sound - 1
    if is_problem:
        problem = generated_problems.sound_case(seed) if is_sound else generated_problems.broken_case(seed)
        found, kind = generated_problems.complaints(problem, _solve), f"problem: {problem.kind}"
    else:
        matrix = generated_matrices.sound_case(seed) if is_sound else generated_matrices.broken_case(seed)
        found, kind = generated_matrices.complaints(matrix), f"matrix: {matrix.kind}"
    return Verdict(number, kind, not is_sound, tuple(found))


def _solve(problem: Problem, parameters: NetworkParameters) -> Outcome:
    return solve_network(problem, parameters, map)


def main(arguments: list[str] | None = None) -> int:
    """Judge `--count` models from number `--first` on and print what came of them."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=5_000)
    parser.add_argument("--first", type=int, default=0)
    chosen = parser.parse_args(arguments)
    began = time.process_time()
    verdicts = [verdict(number) for number in range(chosen.first, chosen.first + chosen.count)]
    wrong = [each for each in verdicts if each.complaints]
    print(
        json.dumps(
            {
                "models": len(verdicts),
                "broken_on_purpose": sum(each.is_broken for each in verdicts),
                "by_kind": dict(sorted(Counter(each.kind for each in verdicts).items())),
                "wrong": [
                    {"number": each.number, "kind": each.kind, "complaints": each.complaints}
                    for each in wrong
                ],
                "cpu_seconds": round(time.process_time() - began, 1),
            },
            indent=2,
        )
    )
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
