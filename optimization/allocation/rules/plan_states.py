"""The state of every plan version: what the source says, what people decided since, and the date.

    draft -> proposed -> approved | rejected
    approved -> effective -> expired | superseded

A decision holds for one content. Whoever wrote a plan does not approve it.
"""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from optimization.allocation.rules.content import content_hash
from optimization.contracts.allocation_tables import ALLOCATION_PLAN, ALLOCATION_RULE

_VERSION = ["plan_id", "plan_version_number"]
_APPROVED = ("approved", "effective")
_LEAST_ADVANCED_FIRST = ("rejected", "draft", "proposed", "expired", "superseded", "approved")
_REASON_OF_STATE = {
    "draft": "PLAN_IS_DRAFT",
    "proposed": "PLAN_AWAITS_APPROVAL",
    "approved": "PLAN_BEFORE_ITS_DATE",
    "rejected": "PLAN_REJECTED",
    "effective": "PLAN_IN_FORCE",
    "expired": "PLAN_EXPIRED",
    "superseded": "PLAN_SUPERSEDED",
}


@dataclass(frozen=True)
class _Standing:
    """What decisions make of one plan version, before dates are looked at."""

    state: str
    reason: str
    approver: str | None = None
    decided_at: pd.Timestamp | None = None
    comment: str | None = None


def plan_states(
    source_rules: pd.DataFrame,
    proposed_rules: pd.DataFrame,
    decisions: pd.DataFrame,
    as_of: pd.Timestamp,
) -> pd.DataFrame:
    """Rows of `opt_out__allocation_plan`: every rule with its plan's state at `as_of`, and why.

    `source_rules` (`opt_in__allocation_rule`) and `proposed_rules` (`ledger__proposed_rule`) have
    the same columns; where both state a version, the source's rows stand. `decisions` are
    `ledger__plan_decision`; those of a later business date are not read. A version that the source
    calls approved or effective counts as approved there. From the first day of a newer approved
    version the older ones of its plan are superseded, also after the newer one has ended; they come
    back only if it is rejected or withdrawn.
    """
    as_of = pd.Timestamp(as_of).normalize()
    columns = list(ALLOCATION_PLAN.column_names)
    rules = _one_statement(source_rules, proposed_rules)
    if not len(rules):
        return pd.DataFrame({name: [] for name in columns})
    known = decisions[pd.to_datetime(decisions["business_date"]) <= as_of].sort_values("ledger_seq")
    by_version = dict(list(known.groupby(_VERSION, sort=False)))
    told = []
    for key, rows in rules.groupby(_VERSION, sort=True):
        told.append(_with_standing(rows, by_version.get(key, known.iloc[:0])))
    plan = _dated(pd.concat(told, ignore_index=True), as_of)
    return plan.sort_values(list(ALLOCATION_PLAN.key), kind="stable", ignore_index=True)[columns]


def _one_statement(source: pd.DataFrame, proposed: pd.DataFrame) -> pd.DataFrame:
    columns = list(ALLOCATION_RULE.column_names)
    stated = pd.MultiIndex.from_frame(source[_VERSION])
    further = proposed[~pd.MultiIndex.from_frame(proposed[_VERSION]).isin(stated)]
    parts = [frame.reindex(columns=columns) for frame in (source, further) if len(frame)]
    return pd.concat(parts, ignore_index=True) if parts else source.reindex(columns=columns)


def _with_standing(rows: pd.DataFrame, decisions: pd.DataFrame) -> pd.DataFrame:
    fingerprint = content_hash(rows)
    standing = _standing(rows, decisions, fingerprint)
    return rows.assign(
        plan_state=standing.state,
        content_hash=fingerprint,
        reason_code=standing.reason,
        approver=pd.Series(standing.approver, index=rows.index, dtype=object),
        decided_at=pd.Series(standing.decided_at, index=rows.index, dtype="datetime64[ns]"),
        comment=pd.Series(standing.comment, index=rows.index, dtype=object),
    )


def _standing(rows: pd.DataFrame, decisions: pd.DataFrame, fingerprint: str) -> _Standing:
    # A version whose rows are not of one mind is as far as its least advanced row.
    stated = {"approved" if name in _APPROVED else str(name) for name in rows["plan_state"]}
    state = next(name for name in _LEAST_ADVANCED_FIRST if name in stated)
    standing = _Standing(state, _REASON_OF_STATE[state])
    authors = set(rows["author"].astype(str))
    for decision in decisions.to_dict("records"):
        standing = _decided(standing, decision, fingerprint, authors)
    return standing


def _decided(
    standing: _Standing, decision: dict[Hashable, Any], fingerprint: str, authors: set[str]
) -> _Standing:
    """The standing after one decision; one that does not count leaves its reason, not its effect."""
    what, actor = str(decision["plan_decision"]), str(decision["actor"])
    decided_at = pd.Timestamp(str(decision["decided_at"]))
    said = decision.get("comment")
    comment = str(said) if isinstance(said, str) else None
    if what in ("rejected", "withdrawn"):
        # Out is the safe side: it holds whatever the content has become, until it is proposed anew.
        reason = _REASON_OF_STATE["rejected"] if what == "rejected" else "PLAN_WITHDRAWN"
        return _Standing("rejected", reason, None, decided_at, comment)
    if standing.state == "approved" or (what == "approved" and standing.state == "rejected"):
        return standing
    if str(decision["content_hash"]) != fingerprint:
        return replace(standing, reason="CONTENT_CHANGED")
    if what == "proposed":
        return _Standing("proposed", _REASON_OF_STATE["proposed"], None, decided_at, comment)
    if standing.state != "proposed":
        return standing
    if actor in authors:
        return replace(standing, reason="SELF_APPROVAL")
    return _Standing("approved", _REASON_OF_STATE["approved"], actor, decided_at, comment)


def _dated(plan: pd.DataFrame, as_of: pd.Timestamp) -> pd.DataFrame:
    """`plan` with approved rows made effective, expired or superseded by their dates, both inclusive."""
    begins = pd.to_datetime(plan["effective_from"])
    ends = pd.to_datetime(plan["effective_to"])
    is_approved = (plan["plan_state"] == "approved").to_numpy()
    has_begun = is_approved & (begins <= as_of).to_numpy()
    newest = plan["plan_version_number"].where(has_begun).groupby(plan["plan_id"]).transform("max")
    is_superseded = is_approved & (plan["plan_version_number"] < newest).to_numpy(dtype=np.bool_)
    is_over = has_begun & (ends < as_of).to_numpy()
    state = np.select(
        [is_superseded, is_over, has_begun],
        ["superseded", "expired", "effective"],
        default=plan["plan_state"].to_numpy(dtype=object),
    ).astype(object)
    moved = is_approved & (state != "approved")
    reason = np.array([_REASON_OF_STATE[name] for name in state], dtype=object)
    return plan.assign(plan_state=state, reason_code=np.where(moved, reason, plan["reason_code"]))
