"""Every rebalancing that was asked for, summed by trigger and rule, and why it took place or not."""

from __future__ import annotations

import numpy as np
import pandas as pd

from optimization.allocation.cycle import Cycle
from optimization.allocation.moments import as_stamps
from optimization.allocation.telling.rule_names import rule_names
from optimization.contracts.allocation_tables import REBALANCE_RUN
from optimization.reasons import REASONS


def rebalance_run_frame(cycle: Cycle, as_of: pd.Timestamp) -> pd.DataFrame:
    """`opt_out__rebalance_run` of the cycle's pools."""
    told = np.flatnonzero(cycle.is_told)
    verdict = cycle.verdict
    plan, rule = rule_names(cycle.aim.targets.rule[told], cycle.aim.rules)
    frame = pd.DataFrame(
        {
            "rebalance_trigger": verdict.trigger[told],
            "rebalance_decision": verdict.decision[told],
            "reason_code": verdict.reason[told],
            "plan_id": plan,
            "rule_id": rule,
            "rebalanced_units": verdict.moved_units[told],
            # The benefit that is won, or that is left out.
            "expected_benefit": verdict.benefit[told],
        }
    )
    key = list(REBALANCE_RUN.key)
    runs = frame.groupby(key, sort=True, as_index=False).agg(
        pool_count=("rebalanced_units", "size"),
        rebalanced_units=("rebalanced_units", "sum"),
        expected_benefit=("expected_benefit", "sum"),
    )
    day = as_of.date().isoformat()
    runs["action_id"] = [
        f"{row.rebalance_trigger}:{day}:{row.plan_id}/{row.rule_id}" for row in runs.itertuples()
    ]
    runs["event_at"] = as_stamps(np.full(len(runs), cycle.at, dtype=np.int64))
    runs["detail"] = [
        f"{row.pool_count:,} pools, {row.rebalanced_units:,.10g} units moved: {REASONS[str(row.reason_code)]}"
        for row in runs.itertuples()
    ]
    runs["pool_count"] = runs["pool_count"].astype("int64")
    return REBALANCE_RUN.validate(runs)
