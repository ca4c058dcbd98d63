"""Who should have what of every pool when no rule of a plan decides: the optimal targets.

Every pool is solved by the closed form, loans included: once the quotas are known, what the common
pool can lend is a sharing problem of the same shape. The optimisation model states ratio, cap,
safety stock and tiers on its own and solves again a sample of all pools and of every special kind
(guarantee or cap binds, open orders short, loans at stake); both must agree, or nothing is published.
What couples pools, such as one demand that several locations may serve, is the joint plan's, which
takes the same constraint families.
"""

from __future__ import annotations

import hashlib

import numpy as np
import pandas as pd

from optimization.allocation.book import POOL, PoolFacts, Segments, Targets, Texts
from optimization.allocation.optimal.checking import audited_run, checked_runs
from optimization.allocation.optimal.claims import state_claims
from optimization.allocation.optimal.sharing import reasons_of, share_claims
from optimization.contracts.allocation_tables import ALLOCATION_SOLVER_RUN
from optimization.errors import ContractError
from optimization.parameters import AllocationParameters
from optimization.results import Mapper

METHOD = "tiers_fair_share"


def optimal_targets(
    facts: PoolFacts, parameters: AllocationParameters | None = None, mapper: Mapper = map
) -> tuple[Targets, pd.DataFrame]:
    """Target of every pool and segment, and the frame `opt_out__allocation_solver_run`.

    Order of claims: open orders (by tier where they are short), guarantees capped at demand, tiers, the
    highest common fill by weight within the tier, loans, the common pool. Whole units by largest
    remainder; of equal fractions the previous quota wins, then the segment id. A cap is of quotas; what
    lies beyond it can only be borrowed, and the reason says whether it can. A poisoned pool has no
    supply. Raises `ContractError` when a segment is named POOL or its
    tier is below 1, and `AuditError` when a pool fails
    the audit or the model disagrees with the closed form.
    """
    parameters = parameters or AllocationParameters()
    if POOL in facts.segments.segment_id:
        raise ContractError(
            f"segment {POOL!r} is what no segment owns and cannot compete for it; take it out of the segments"
        )
    if (facts.segments.tier < 1).any():
        raise ContractError("priority_tier begins with 1, for 0 stands for all tiers; repair the segments")
    claims = state_claims(facts)
    shared = share_claims(claims)

    def name_of(row: int) -> str:
        return f"item {facts.item_id[row]!r} at {facts.location_id[row]!r}"

    runs = [
        audited_run(claims, shared, name_of),
        *checked_runs(claims, shared, parameters.checked_pools, mapper, name_of),
    ]
    reason = np.where(facts.is_poisoned[:, None], "INPUT_IMPLAUSIBLE", reasons_of(claims, shared))
    targets = Targets(
        units=shared.quotas,
        guaranteed=claims.fenced,
        reason=reason,
        method=np.full(len(facts), METHOD, dtype=object),
        rule=np.full(len(facts), -1, dtype=np.int64),
        rules_hash=np.full(len(facts), terms_hash(facts.segments), dtype=object),
    )
    return targets, ALLOCATION_SOLVER_RUN.validate(pd.DataFrame(runs))


def terms_hash(segments: Segments) -> str:
    """Fingerprint of the segments' terms, 16 hexadecimal digits; supply and demand are not in it."""
    columns: dict[str, Texts] = vars(segments)
    text = "\n".join(f"{name}={[str(value) for value in columns[name].tolist()]}" for name in sorted(columns))
    return hashlib.sha256(text.encode()).hexdigest()[:16]
