"""Border tables of governance: what people decided, as the ledger holds it, and what became of it."""

from __future__ import annotations

from optimization.contracts.approval_columns import CHANGE_STATES
from optimization.contracts.column import Column
from optimization.contracts.table import Table

_PAIR = ("item_id", "location_id")
_TOLD = ("event_id", "ledger_seq", "event_at", "business_date", "actor")
_LEVELS = ("reorder_point_units", "order_up_to_units")
_OLD = ("old_reorder_point_units", "old_order_up_to_units")
_NEW = ("new_reorder_point_units", "new_order_up_to_units")

_CHANGE_ID = Column("change_id", "text", "One change of a policy: the same while it waits")
_CONTENT = Column("content_hash", "text", "Fingerprint of what was decided; a decision holds for it alone")
_EVENT_ID = Column("event_id", "text", "Event of the ledger")
_EVENT_AT = Column("event_at", "timestamp", "Business time of the event (UTC)")
_COMMENT = Column("comment", "text", "What the decision was given along")
_CHANGE_STATE = Column("change_state", "text", "Where the change stands", isin=CHANGE_STATES)
_OF_EVENTS = (_CHANGE_ID, _CONTENT, _EVENT_ID, _EVENT_AT, _COMMENT)

# --- from the ledger

POLICY_EVENT = Table(
    "ledger__policy_event",
    "What people did about policies up to the business date, as the ledger holds it.",
    key=("event_id",),
    required=(*_TOLD, "policy_decision", "change_id", "content_hash"),
    optional=(
        *_PAIR,
        *_OLD,
        *_NEW,
        "reason",
        "owner",
        "expires_date",
        "comment",
        "recorded_by",
    ),
    redefined=_OF_EVENTS,
)

REVIEW_EVENT = Table(
    "ledger__review_event",
    "Completed reviews of the policies up to the business date, as the ledger holds them.",
    key=("event_id",),
    required=(*_TOLD, "completed_date"),
    optional=("comment", "recorded_by"),
    redefined=_OF_EVENTS,
)

DEMAND_PLAN_EVENT = Table(
    "ledger__demand_plan_event",
    "What was decided of demand plans up to the business date, as the ledger holds it.",
    key=("event_id",),
    required=(*_TOLD, "demand_plan_decision", "plan_version", "content_hash"),
    optional=("comment", "recorded_by"),
    redefined=_OF_EVENTS,
)

DECISION_EVENTS: tuple[Table, ...] = (POLICY_EVENT, REVIEW_EVENT, DEMAND_PLAN_EVENT)

# --- what becomes of it

POLICY_CHANGE = Table(
    "opt_out__policy_change",
    "Every change of a policy that was wanted, decided or made effective on the business date.",
    key=("change_id",),
    required=(
        "change_id",
        *_PAIR,
        "change_kind",
        "change_state",
        "author",
        *_NEW,
        "proposed_date",
        "inputs_hash",
        "content_hash",
        "reason_code",
    ),
    optional=(
        # Null where the item-location is no longer planned.
        *_LEVELS,
        "proposed_reorder_point_units",
        "proposed_order_up_to_units",
        "change_value",
        "method",
        "status",
        *_OLD,
        "approval_rule",
        "approval_rule_text",
        "approver",
        "decided_at",
        "reason",
        "comment",
        "owner",
        "expires_date",
        "days_pending",
    ),
    redefined=(*_OF_EVENTS, _CHANGE_STATE),
)

APPROVAL = Table(
    "opt_out__approval",
    "Every decision that was written into the ledger, and whether it changed anything; never shortened.",
    key=("event_id",),
    required=(
        "event_id",
        "ledger_seq",
        "event_at",
        "business_date",
        "subject_type",
        "subject",
        "decided_what",
        "actor",
        "actor_role",
        "is_effective",
    ),
    optional=(
        *_PAIR,
        "author",
        "content_hash",
        "comment",
        "refusal_reason",
        "recorded_by",
    ),
    redefined=_OF_EVENTS,
)

POLICY_OVERRIDE = Table(
    "opt_out__policy_override",
    "Every override of a policy there ever was: what it pins, who answers for it, and where it stands.",
    key=("override_id",),
    required=(
        "override_id",
        *_PAIR,
        *_LEVELS,
        "override_state",
        "author",
        "owner",
        "reason",
        "proposed_date",
        "expires_date",
        "change_value",
        "content_hash",
    ),
    optional=(
        *_OLD,
        "effective_from",
        "effective_to",
        "base_reorder_point_units",
        "base_order_up_to_units",
        "approval_rule",
        "approval_rule_text",
        "approver",
        "decided_at",
        "comment",
        "days_to_expiry",
    ),
    redefined=_OF_EVENTS,
)

REVIEW_CALENDAR = Table(
    "opt_out__review_calendar",
    "Review cycles of the policies from the first release on, and whether each was reviewed in time.",
    key=("cycle_number",),
    required=(
        "cycle_number",
        "cycle_start_date",
        "cycle_end_date",
        "grace_end_date",
        "review_state",
    ),
    optional=("completed_date", "completed_by", "days_late", "comment"),
    redefined=_OF_EVENTS,
)

DEMAND_PLAN_APPROVAL = Table(
    "opt_out__demand_plan_approval",
    "Every version of the demand plan, whether it is approved, and by whom.",
    key=("plan_version",),
    required=(
        "plan_version",
        "plan_status",
        "is_approved",
        "decision_source",
        "content_hash",
        "first_bucket_date",
        "last_bucket_date",
        "plan_rows",
        "planned_units",
        "reason_code",
    ),
    optional=("submitted_by", "approved_by", "approved_date", "comment"),
    redefined=_OF_EVENTS,
)

APPROVAL_OUTPUTS: tuple[Table, ...] = (
    POLICY_CHANGE,
    APPROVAL,
    POLICY_OVERRIDE,
    REVIEW_CALENDAR,
    DEMAND_PLAN_APPROVAL,
)
