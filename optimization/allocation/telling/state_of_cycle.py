"""What `opt_out__allocation` tells of a cycle: quotas, targets and why they are what they are."""

from __future__ import annotations

import numpy as np
import pandas as pd

from optimization.allocation.book import Numbers
from optimization.allocation.cycle import Cycle
from optimization.allocation.telling.state import Told, allocation_frame, at_start_of_cycle, rule_columns
from optimization.reasons import first_that_holds

_TINY = 1e-9


def allocation_of_cycle(cycle: Cycle, pool_formula: str) -> pd.DataFrame:
    """The state after the cycle, as the next one will find it."""
    book, facts = cycle.book, cycle.facts
    poisoned = facts.is_poisoned
    targets = cycle.aim.targets

    def by_segment(values: Numbers) -> Numbers:
        wide = np.zeros_like(book.own)
        wide[:, cycle.current] = values
        return wide

    why_target = np.full(book.own.shape, "SEGMENT_GONE", dtype=object)
    why_target[:, cycle.current] = targets.reason
    was_cut = np.zeros(book.own.shape, dtype=np.bool_)
    for line in cycle.lines:
        if line.operation == "cut" and line.own_units.any():
            was_cut[line.pool, line.segment] = True
    off_target = np.abs(book.own - cycle.target) > _TINY
    reason = first_that_holds(
        {
            "INPUT_IMPLAUSIBLE": np.broadcast_to(poisoned[:, None], book.own.shape),
            "SUPPLY_CUT": was_cut,
            # Short of its target after a rebalancing because it repaid, else because nothing was moved.
            "LOAN_RETURNED": off_target & cycle.verdict.is_rebalanced[:, None],
            "NOT_REBALANCED": off_target,
        }
    )
    return allocation_frame(
        at_start_of_cycle(book),
        Told(
            demand=by_segment(facts.demand),
            guaranteed=by_segment(targets.guaranteed),
            target=cycle.target,
            previous=cycle.previous.book.own,
            previous_pool=cycle.previous.book.pool,
            counted=cycle.counted,
            pool_formula=np.full(len(book), pool_formula, dtype=object),
            rules_hash=cycle.rules_hash,
            rebalanced_at=cycle.rebalanced_at,
            trigger=cycle.verdict.trigger,
            decision=cycle.verdict.decision,
            reason=np.where(reason == None, why_target, reason),  # noqa: E711 - elementwise
            pool_reason=np.where(poisoned, "INPUT_IMPLAUSIBLE", "POOL_REST").astype(object),
            method=np.where(targets.method == "", "kept", targets.method).astype(object),
            status=np.where(poisoned, "QUARANTINED", "OK").astype(object),
            is_gone=~np.isin(np.arange(book.own.shape[1]), cycle.current),
            rule_names=rule_columns(targets.rule, cycle.aim.rules),
            asked_at=cycle.asked_at,
        ),
        cycle.is_told,
    )
