"""Every pool is audited, and the optimisation model solves a part of them again and must agree."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from optimization.allocation.optimal.audit import plan_breach
from optimization.allocation.optimal.claims import Claims
from optimization.allocation.optimal.closed_form import share_out
from optimization.allocation.optimal.model import ModelShares, solve_claims
from optimization.allocation.optimal.pools import Integers, Numbers
from optimization.allocation.optimal.sharing import Shared, share_claims
from optimization.errors import AuditError
from optimization.results import Mapper

MODEL_NAME = "allocation"
_TOLERANCE = 1e-6
# The model keeps each of its levels only up to a slack; together they stay within this share of supply.
_MODEL_TOLERANCE = 1e-5
POOLS_PER_MODEL = 100
# A worker starts in a few seconds, a batch is solved in less than half of one.
_BATCHES_WORTH_WORKERS = 20


def audited_run(claims: Claims, shared: Shared, name_of: Callable[[int], str]) -> dict[str, object]:
    """Audit every pool; the row that tells of the closed form.

    `name_of`: what a message calls the pool of a row. Raises `AuditError` naming the worst pool.
    """
    breach = plan_breach(claims, shared.quotas, shared.loans)
    relative = breach / np.maximum(claims.quotas.supply, 1.0)
    # Written so that a breach that is no number fails as well.
    if not relative.max(initial=0.0) <= _TOLERANCE:
        worst = int(np.argmax(relative))
        raise AuditError(
            f"the allocation of {name_of(worst)} breaks its rules by {breach[worst]:.6g} units; nothing "
            "may be published: report the snapshot"
        )
    unmet = _unmet(claims, shared.quotas)
    return _row("closed_form", unmet, unmet, 0, 0, float(breach.max(initial=0.0)), "closed form")


def checked_runs(
    claims: Claims, shared: Shared, most: int, mapper: Mapper, name_of: Callable[[int], str]
) -> list[dict[str, object]]:
    """Solve at most `most` pools of each kind again by the model; a row per batch.

    The mapper has them only where they are many enough to be worth its start. Raises `AuditError`
    where the model and the closed form differ.
    """
    chosen = checked_pools(claims, shared, most)
    parts = [chosen[at : at + POOLS_PER_MODEL] for at in range(0, len(chosen), POOLS_PER_MODEL)]
    spread = mapper if len(parts) >= _BATCHES_WORTH_WORKERS else map
    answers = spread(solve_claims, [claims.take(part) for part in parts])
    runs = []
    for number, (part, answer) in enumerate(zip(parts, answers, strict=True)):
        batch_id, taken = f"checked-{number:05d}", claims.take(part)
        exact = share_claims(taken, whole=False)
        difference = difference_of(taken, exact, answer)
        worst = float(difference.max(initial=0.0))
        if not worst <= _MODEL_TOLERANCE:
            raise AuditError(
                f"model and closed form of the allocation differ by {worst:.3g} of supply in batch "
                f"{batch_id}, {name_of(int(part[np.argmax(difference)]))}; nothing may be published: report "
                "the snapshot"
            )
        runs.append(
            _row(
                batch_id,
                _unmet(taken, exact.quotas),
                _unmet(taken, answer.shares),
                answer.row_count,
                answer.column_count,
                max(answer.max_violation, worst),
                answer.solver_version,
            )
        )
    return runs


def checked_pools(claims: Claims, shared: Shared, most: int) -> Integers:
    """Pools for the model: so many evenly spaced of all that share anything, and of each special kind.

    Kinds: a guarantee or cap binds; open orders are short; something could be lent.
    """
    pools, quotas = claims.quotas, shared.quotas
    shares_something = (pools.supply > 0) & (pools.demand > 0).any(axis=1)
    at_least = (quotas <= pools.guaranteed) & (pools.guaranteed > 0) & (pools.most > pools.guaranteed)
    kinds = (
        shares_something,
        pools.is_scaled | (pools.most < pools.demand - 1e-9).any(axis=1) | at_least.any(axis=1),
        (claims.kept < claims.orders.most - 1e-9).any(axis=1),
        (shared.loans > 0).any(axis=1),
    )
    rows = [np.flatnonzero(kind & shares_something) for kind in kinds]
    spaced = [
        each[np.unique(np.linspace(0, len(each) - 1, most).astype(np.int64))] for each in rows if len(each)
    ]
    return np.unique(np.concatenate(spaced)) if spaced and most else np.zeros(0, dtype=np.int64)


def difference_of(claims: Claims, exact: Shared, answer: ModelShares) -> Numbers:
    """Worst difference between the fractional units of both ways per pool, as a share of its supply."""
    pairs = (
        (share_out(claims.orders, whole=False), answer.kept),
        (exact.quotas, answer.shares),
        (exact.loans, answer.loans),
    )
    difference = np.stack([np.abs(one - other).max(axis=1, initial=0.0) for one, other in pairs])
    return np.asarray(difference.max(axis=0) / np.maximum(claims.quotas.supply, 1.0))


def _unmet(claims: Claims, quotas: Numbers) -> float:
    return float(np.maximum(claims.quotas.demand - quotas, 0.0).sum())


def _row(
    batch_id: str, unmet: float, bound: float, rows: int, columns: int, violation: float, version: str
) -> dict[str, object]:
    return {
        "optimisation_model": MODEL_NAME,
        "batch_id": batch_id,
        "solver_status": "OPTIMAL",
        "objective": unmet,
        "objective_bound": bound,
        "relative_gap": max(unmet - bound, 0.0) / max(unmet, 1e-9),
        "row_count": rows,
        "column_count": columns,
        "slack_units": 0.0,
        "max_violation": violation,
        "is_audit_passed": True,
        "solver_version": version,
    }
