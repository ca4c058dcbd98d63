"""Speed of the allocation: `python -m tests.benchmarks.allocation --pools N --segments S [--events M]`.

Makes N pools of S segments (two tiers, a fence, a cap with loans, open orders, previous quotas; about
half are short) and prints one JSON object. CPU seconds of this process, one core, and pools per CPU
minute of: the closed form (claims, quotas, loans), the optimal targets with audit and reasons, the
six methods of the fairness table, the rule engine under three rules, and the optimisation model
on `--sample` of the pools. Beside them the closed form at a tenth of the pools, peak memory, the worst
breach of any pool and the worst difference between model and closed form. With `--events` the fold of
so many operations, and of a tenth of them.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Callable
from typing import Any, TypeVar

import numpy as np
import pandas as pd

from optimization.allocation.book import PoolFacts, Segments
from optimization.allocation.optimal.audit import plan_breach
from optimization.allocation.optimal.checking import POOLS_PER_MODEL, difference_of
from optimization.allocation.optimal.claims import Claims, state_claims
from optimization.allocation.optimal.fairness import fairness
from optimization.allocation.optimal.model import solve_claims
from optimization.allocation.optimal.sharing import Shared, share_claims
from optimization.allocation.optimal.targets import optimal_targets
from optimization.allocation.rules.targets import rule_outcome
from optimization.parameters import AllocationParameters
from tests.benchmarks import allocation_ledger
from tests.benchmarks.network_memory import forget_peak, peak_mb
from tests.science_frames import AS_OF, allocation_rule
from tests.unit.allocation.facts import facts_of, segments_of

CATEGORIES = ("BRAKES", "ENGINE", "FILTERS")
T = TypeVar("T")


def segments(k: int) -> Segments:
    """The first in tier 1 with a cap beyond which it borrows, the second with a fence, all others plain."""
    number = np.arange(k)
    return segments_of(
        k,
        segment_id=[f"S{each:03d}" for each in number],
        tier=np.minimum(number, 1) + 1,
        fair_weight=1.0 + number % 2,
        ring_fence_share=np.where(number == 1, 0.2, 0.0),
        cap_share=np.where(number == 0, 0.6, 1.0),
        may_borrow=number < 2,
        borrow_ratio=0.5,
    )


def facts(n: int, k: int, seed: int) -> PoolFacts:
    """Pools of whole units; about half have less than is wanted. The same for the same arguments."""
    dice = np.random.default_rng(seed)
    demand = dice.negative_binomial(1, 0.2, (n, k)).astype(float)
    return facts_of(
        dice.poisson(4.0 * k, n),
        demand,
        segments(k),
        committed=np.minimum(dice.poisson(0.5, (n, k)), demand),
        own=dice.poisson(3.0, (n, k)),
        recent=dice.poisson(20.0, (n, k)),
        margin=dice.uniform(1.0, 50.0, (n, k)),
        safety=dice.poisson(1.0, n),
        category=np.array(CATEGORIES, dtype=object)[dice.integers(0, len(CATEGORIES), n)],
    )


def rules(k: int) -> pd.DataFrame:
    """A rule by percentage for one category, one by demand for another, one by weight for the rest."""
    names = segments(k).segment_id.tolist()
    parts = {
        "R1": ("percentage", [100.0 / k] * k, "BRAKES"),
        "R2": ("demand_share", [0.0] * k, "ENGINE"),
        "R3": ("profit_share", [0.0] * k, None),
    }
    rows = [
        (rule, name, strategy, quantity)
        for rule, (strategy, quantities, _) in parts.items()
        for name, quantity in zip(names, quantities, strict=True)
    ]
    return allocation_rule(rows, plan_state="effective", category=[parts[rule][2] for rule, _, _, _ in rows])


def timed(work: Callable[[], T]) -> tuple[T, float]:
    """The result and the CPU seconds that it took."""
    started = time.process_time()
    result = work()
    return result, time.process_time() - started


def told(pools: int, seconds: float) -> dict[str, float]:
    return {
        "pools": pools,
        "cpu_seconds": round(seconds, 3),
        "pools_per_cpu_minute": round(pools / max(seconds, 1e-9) * 60.0),
    }


def closed_form(pools: PoolFacts) -> tuple[Claims, Shared]:
    claims = state_claims(pools)
    return claims, share_claims(claims)


def model(claims: Claims, sample: int) -> dict[str, float]:
    """Solve `sample` evenly spaced pools by the model, in batches as the plan does."""
    chosen = np.unique(np.linspace(0, len(claims) - 1, sample).astype(np.int64))
    parts = [claims.take(chosen[at : at + POOLS_PER_MODEL]) for at in range(0, len(chosen), POOLS_PER_MODEL)]
    answers, seconds = timed(lambda: [solve_claims(part) for part in parts])
    differences = [
        difference_of(part, share_claims(part, whole=False), answer).max()
        for part, answer in zip(parts, answers, strict=True)
    ]
    return told(len(chosen), seconds) | {
        "solves": sum(answer.solves for answer in answers),
        "worst_difference_share_of_supply": float(max(differences)),
    }


def measured(n: int, k: int, sample: int, seed: int) -> dict[str, Any]:
    """Everything about n pools of k segments."""
    pools, tenth = facts(n, k, seed), facts(max(n // 10, 1), k, seed)
    # The compiler's and importers' work belongs to no measurement.
    model(closed_form(tenth)[0], 2)
    _, small = timed(lambda: closed_form(tenth))
    forget_peak()
    (claims, shared), seconds = timed(lambda: closed_form(pools))
    result: dict[str, Any] = {
        "pools": n,
        "segments": k,
        "short_pools": int((pools.demand.sum(axis=1) > pools.supply).sum()),
        "closed_form": told(n, seconds) | {"peak_mb": round(peak_mb())},
        "closed_form_tenth": told(len(tenth), small),
        "lent_units": float(shared.loans.sum()),
        "worst_breach_units": float(plan_breach(claims, shared.quotas, shared.loans).max()),
    }
    unchecked = AllocationParameters(checked_pools=0)
    (targets, _), seconds = timed(lambda: optimal_targets(pools, unchecked))
    result["optimal_targets"] = told(n, seconds)
    ruled, seconds = timed(lambda: rule_outcome(pools, rules(k), AS_OF).targets)
    result["rule_engine"] = told(n, seconds) | {"ruled_pools": int((ruled.rule >= 0).sum())}
    _, seconds = timed(lambda: fairness(pools, targets, ruled))
    result["fairness"] = told(n, seconds)
    result["model"] = model(claims, min(sample, n))
    return result


def main(arguments: list[str] | None = None) -> int:
    """Run the benchmark; see the module's docstring."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--pools", type=int, default=1_000_000)
    parser.add_argument("--segments", type=int, default=3)
    parser.add_argument("--sample", type=int, default=400)
    parser.add_argument("--events", type=int, default=0)
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args(arguments)
    result = measured(asked.pools, asked.segments, asked.sample, asked.seed)
    if asked.events:
        allocation_ledger.measured(1_000)
        result["fold"] = [allocation_ledger.measured(max(asked.events // part, 1_000)) for part in (10, 1)]
    print(json.dumps(result))
    return 0


if __name__ == "__main__":
    sys.exit(main())
