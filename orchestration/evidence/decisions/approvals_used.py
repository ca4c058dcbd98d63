"""Which approvals a release rests on: for its manifest."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from orchestration.lake.parquet import read_arrow


def used_approvals(tables: Mapping[str, Path]) -> tuple[str, ...]:
    """Return ids of the ledger's events that approved what the tables of a release hold, in order.

    Changes that took effect by an approval on its date, overrides that hold by one, and versions of the
    demand plan that are approved by one. Empty where the tables of governance are not among `tables`.
    """
    if not {"approval", "policy_change", "policy_override", "demand_plan_approval"} <= set(tables):
        return ()
    read = {
        name: read_arrow(tables[name]).to_pylist()
        for name in ("approval", "policy_change", "policy_override", "demand_plan_approval")
    }
    rests_on = {row["change_id"] for row in read["policy_change"] if row["change_state"] == "approved"}
    rests_on |= {row["override_id"] for row in read["policy_override"] if row["override_state"] == "active"}
    rests_on |= {
        row["plan_version"]
        for row in read["demand_plan_approval"]
        if row["is_approved"] and row["decision_source"] == "ledger"
    }
    used = [
        (row["ledger_seq"], row["event_id"])
        for row in read["approval"]
        if row["is_effective"] and row["decided_what"] == "approved" and row["subject"] in rests_on
    ]
    return tuple(event_id for _, event_id in sorted(used))
