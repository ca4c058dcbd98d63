"""Decisions about demand plans beside those about policies: one table tells what became of each."""

from __future__ import annotations

import pandas as pd

from optimization.contracts.approval_tables import APPROVAL, DEMAND_PLAN_EVENT
from optimization.contracts.rows import frame_of, records_of
from optimization.demand.plan_approval import JudgedPlans
from optimization.parameters import GovernanceParameters
from optimization.roles import role_of


def with_plan_decisions(
    approval: pd.DataFrame, demand_plan_event: pd.DataFrame, judged: JudgedPlans, rules: GovernanceParameters
) -> pd.DataFrame:
    """Return `opt_out__approval` with the decisions about demand plans that it does not know yet.

    `judged` is what `judged_plans` made of `demand_plan_event` (`ledger__demand_plan_event`).
    """
    authors = judged.approvals.set_index("plan_version")["submitted_by"].to_dict()
    known = set(approval["event_id"])
    rows = []
    for event in records_of(DEMAND_PLAN_EVENT.validate(demand_plan_event).sort_values("ledger_seq")):
        if event["event_id"] in known:
            continue
        refusal = judged.refusals[str(event["event_id"])]
        rows.append(
            {
                **event,
                "subject_type": "demand_plan",
                "subject": event["plan_version"],
                "decided_what": event["demand_plan_decision"],
                "author": authors.get(event["plan_version"]),
                "actor_role": role_of(str(event["actor"]), rules),
                "is_effective": not refusal,
                "refusal_reason": refusal or None,
            }
        )
    return frame_of(APPROVAL, [*records_of(approval), *rows]) if rows else approval
