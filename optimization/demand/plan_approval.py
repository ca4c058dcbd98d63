"""Whether each version of the demand plan is approved: what the source says, and what people decided since.

A decision of the ledger holds for one content: a version whose numbers have changed since is no longer
approved by it. To reject is the safe side and holds whatever the content has become.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from optimization.contracts.approval_tables import DEMAND_PLAN_APPROVAL, DEMAND_PLAN_EVENT
from optimization.contracts.inputs import CONSENSUS_PLAN
from optimization.contracts.rows import frame_of, records_of
from optimization.parameters import GovernanceParameters
from optimization.roles import may_approve, same_person

_CONTENT = (
    "scope_level",
    "scope",
    "location_scope_level",
    "location_scope",
    "bucket_start_date",
    "bucket_end_date",
    "planned_units",
)


@dataclass(frozen=True)
class JudgedPlans:
    """`approvals` is `opt_out__demand_plan_approval`; `refusals` say per event why it changed nothing."""

    approvals: pd.DataFrame
    refusals: dict[str, str]


def plan_content_hash(rows: pd.DataFrame) -> str:
    """SHA-256 of what one version plans: scopes, buckets and units, in whatever order they come.

    >>> rows = pd.DataFrame({name: ["2024-07-01"] for name in _CONTENT[:-1]} | {"planned_units": [1.0]})
    >>> plan_content_hash(rows) == plan_content_hash(rows.assign(planned_units=2.0))
    False
    """
    lines = sorted(
        "|".join(str(row[name]) if name != "planned_units" else repr(float(row[name])) for name in _CONTENT)
        for row in rows[list(_CONTENT)].to_dict("records")
    )
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


def judged_plans(
    consensus_plan: pd.DataFrame,
    demand_plan_event: pd.DataFrame,
    rules: GovernanceParameters | None = None,
) -> JudgedPlans:
    """Tell every version's state after all decisions, and why each decision counts or does not.

    `consensus_plan` is `opt_in__consensus_plan`, `demand_plan_event` `ledger__demand_plan_event`; a later
    decision goes before an earlier one.
    """
    rules = rules or GovernanceParameters()
    plan = CONSENSUS_PLAN.validate(consensus_plan)
    standing = {
        str(version): _at_source(str(version), rows)
        for version, rows in plan.groupby("plan_version", sort=True)
    }
    refusals: dict[str, str] = {}
    for event in records_of(DEMAND_PLAN_EVENT.validate(demand_plan_event).sort_values("ledger_seq")):
        told = standing.get(str(event["plan_version"]))
        refusals[str(event["event_id"])] = refusal_of(told, event, rules)
        if told is not None and not refusals[str(event["event_id"])]:
            _decide(told, event)
    return JudgedPlans(frame_of(DEMAND_PLAN_APPROVAL, standing.values()), refusals)


def decided_plan(consensus_plan: pd.DataFrame, approvals: pd.DataFrame) -> pd.DataFrame:
    """Return the plan with what the ledger has decided: `is_approved` and `approved_date` of its versions.

    Versions of which the ledger says nothing stay as the source has them.
    """
    by_ledger = approvals[approvals["decision_source"] == "ledger"].set_index("plan_version")
    row = by_ledger.index.get_indexer(pd.Index(consensus_plan["plan_version"]))
    if not (row >= 0).any():
        return consensus_plan
    is_told = row >= 0
    approved = by_ledger["is_approved"].to_numpy(dtype=np.bool_)[row]
    since = by_ledger["approved_date"].to_numpy("datetime64[ns]")[row]
    return consensus_plan.assign(
        is_approved=np.where(is_told, approved, consensus_plan["is_approved"]),
        approved_date=np.where(is_told, since, consensus_plan["approved_date"].to_numpy("datetime64[ns]")),
    )


def _at_source(version: str, rows: pd.DataFrame) -> dict[str, Any]:
    """What the source says of a version; one whose rows are not of one mind is not approved."""
    is_approved = bool(rows["is_approved"].all())
    return {
        "plan_version": version,
        "plan_status": "approved" if is_approved else _least(rows["plan_status"]),
        "is_approved": is_approved,
        "decision_source": "source",
        "content_hash": plan_content_hash(rows),
        "first_bucket_date": rows["bucket_start_date"].min(),
        "last_bucket_date": rows["bucket_end_date"].max(),
        "plan_rows": len(rows),
        "planned_units": float(rows["planned_units"].sum()),
        "reason_code": "APPROVED_AT_SOURCE" if is_approved else "AWAITS_APPROVAL",
        "submitted_by": _one(rows["submitted_by"]),
        "approved_by": _one(rows["approved_by"]) if is_approved else None,
        "approved_date": rows["approved_date"].max() if is_approved else None,
        "comment": None,
    }


def refusal_of(told: Mapping[str, Any] | None, event: Mapping[str, Any], rules: GovernanceParameters) -> str:
    """Why a decision on a version changes nothing; '' if it does. `told`: its row of `approvals`, if any."""
    if told is None:
        return "UNKNOWN_PLAN_VERSION"
    if not may_approve(str(event["actor"]), rules):
        return "NOT_AN_APPROVER"
    if event["demand_plan_decision"] == "rejected":
        return "" if told["plan_status"] != "rejected" else "ALREADY_DECIDED"
    if told["is_approved"]:
        return "ALREADY_DECIDED"
    if event["content_hash"] != told["content_hash"]:
        return "CHANGE_EDITED"
    if told["submitted_by"] and same_person(str(event["actor"]), str(told["submitted_by"])):
        return "SELF_APPROVAL"
    return ""


def _decide(told: dict[str, Any], event: dict[str, Any]) -> None:
    is_approved = event["demand_plan_decision"] == "approved"
    told |= {
        "plan_status": event["demand_plan_decision"],
        "is_approved": is_approved,
        "decision_source": "ledger",
        "reason_code": "APPROVED_BY_DECISION" if is_approved else "REJECTED_BY_DECISION",
        "approved_by": event["actor"] if is_approved else None,
        "approved_date": event["business_date"] if is_approved else None,
        "comment": event["comment"],
    }


def _least(statuses: pd.Series[str]) -> str:
    """The least advanced of the rows' statuses."""
    found = set(statuses)
    return next(name for name in ("rejected", "draft", "proposed", "approved") if name in found)


def _one(names: pd.Series[Any]) -> str | None:
    """Who it was; several are told together."""
    told = sorted(set(names.dropna().astype(str)))
    return ", ".join(told) if told else None
