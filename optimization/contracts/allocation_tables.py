"""The allocation's border tables: what it reads beside the marts, and what it writes.

Inputs that dbt makes stand in `optimization.contracts.inputs`, those of the ledger here: they are
views of its events, made by Python.
"""

from __future__ import annotations

from dataclasses import replace

from optimization.contracts.columns import COLUMNS
from optimization.contracts.network_outputs import SOLVER_RUN_COLUMNS
from optimization.contracts.table import Table

_JUDGED = ("reason_code", "method", "status")
_POOL = ("item_id", "location_id")
_RULE = ("plan_id", "plan_version_number", "rule_id", "rule_version")

# --- from the marts

SEGMENT_ORDER = Table(
    "opt_in__segment_order",
    "Order lines of the last weeks with their segment: what consumes the segments' quotas.",
    key=("order_id", "line_id"),
    required=(
        "order_id",
        "line_id",
        *_POOL,
        "segment_id",
        "segment_reason",
        "order_date",
        "requested_units",
    ),
    optional=("requested_date",),
)

ALLOCATION_RULE = Table(
    "opt_in__allocation_rule",
    "Rules of the allocation plans, one row per segment that takes part; a condition that is null "
    "matches everything.",
    key=("plan_id", "plan_version_number", "rule_id", "segment_id"),
    required=(
        *_RULE,
        "segment_id",
        "plan_state",
        "author",
        "effective_from",
        "rule_rank",
        "segment_rank",
        "allocation_strategy",
    ),
    optional=(
        "effective_to",
        "item_id",
        "category",
        "location_id",
        "region",
        "condition_from",
        "condition_to",
        "share_pct",
        "fixed_units",
        "min_units",
        "max_units",
        "weight_expression",
        "interval_hours",
        "freeze_from",
        "freeze_to",
        "min_benefit",
        "band_units",
        "band_share",
        "pool_mode",
        "residue",
        "non_participants",
    ),
)

COMMITMENT = Table(
    "opt_in__commitment",
    "Promised outflow per item-location, segment and due date: open order lines and firm transfers out.",
    key=(*_POOL, "segment_id", "due_date"),
    required=(*_POOL, "segment_id", "due_date", "committed_units"),
)

# --- from the ledger

ALLOCATION_EVENT = Table(
    "ledger__allocation_event",
    "Operations on the segments' stock that the release before has not applied, as the ledger holds them.",
    key=("event_id",),
    required=(
        "event_id",
        "ledger_seq",
        "event_at",
        "business_date",
        "operation",
        *_POOL,
        "units",
        "actor",
        "audit_type",
        "action_id",
    ),
    optional=(
        "segment_id",
        "to_segment_id",
        "parent_action_id",
        "reservation_id",
        "expires_at",
        "due_date",
        "order_id",
        "note",
    ),
)

PLAN_DECISION = Table(
    "ledger__plan_decision",
    "What was decided of each allocation plan, in the ledger's order.",
    key=("ledger_seq",),
    required=(
        "ledger_seq",
        "plan_id",
        "plan_version_number",
        "plan_decision",
        "content_hash",
        "actor",
        "decided_at",
        "business_date",
    ),
    optional=("comment",),
)

PROPOSED_RULE = Table(
    "ledger__proposed_rule",
    "Rules of the plans that were proposed through the ledger; as opt_in__allocation_rule.",
    key=ALLOCATION_RULE.key,
    required=ALLOCATION_RULE.required,
    optional=ALLOCATION_RULE.optional,
)

LEDGER_TABLES: tuple[Table, ...] = (ALLOCATION_EVENT, PLAN_DECISION, PROPOSED_RULE)

# --- what the allocation writes

ALLOCATION = Table(
    "opt_out__allocation",
    "State of every pool after the day's cycle: the quota of each segment; segment POOL is the rest. "
    "Location * is the pool of an item that is allocated for all locations together.",
    key=(*_POOL, "segment_id"),
    required=(
        *_POOL,
        "segment_id",
        "segment_path",
        "demand_units",
        "guaranteed_units",
        "allocation_target_units",
        "previous_allocated_units",
        "allocated_units",
        "consumed_units",
        "cumulative_allocated_units",
        "cumulative_consumed_units",
        "soft_reserved_units",
        "borrowed_units",
        "borrowable_units",
        "available_units",
        "unmet_units",
        "allocatable_units",
        "safety_units",
        "pool_formula",
        "rules_hash",
        "rebalanced_at",
        "rebalance_trigger",
        "rebalance_decision",
        *_JUDGED,
    ),
    optional=(*_RULE, "quota_asked_at"),
)

ALLOCATION_PLAN = Table(
    "opt_out__allocation_plan",
    "Every plan's rules with the state they are in and why.",
    key=ALLOCATION_RULE.key,
    required=(*ALLOCATION_RULE.required, "content_hash", "reason_code"),
    optional=(*ALLOCATION_RULE.optional, "approver", "decided_at", "comment"),
)

ALLOCATION_ENTRY = Table(
    "opt_out__allocation_entry",
    "Every operation since the release before and every change that this release's cycle made, with "
    "what became of it: the lines of the allocation ledger.",
    key=("entry_id",),
    required=(
        "entry_id",
        "entry_number",
        "event_at",
        "operation",
        *_POOL,
        "units",
        "effective_units",
        "own_units",
        "pool_units",
        "own_after_units",
        "pool_after_units",
        "purpose",
        "action_id",
        "related_by_action_id",
        "audit_type",
        "actor",
        "entry_status",
        "reason_code",
        "detail",
    ),
    optional=(
        "segment_id",
        "to_segment_id",
        "parent_action_id",
        "rule_id",
        "rule_version",
        "reservation_id",
        "expires_at",
        "due_date",
        "source_id",
    ),
)

BORROW_LOAN = Table(
    "opt_out__borrow_loan",
    "What segments took from the common pool: open loans, and those that ended since the release before.",
    key=("loan_id",),
    required=(
        "loan_id",
        *_POOL,
        "segment_id",
        "opened_at",
        "borrowed_units",
        "returned_units",
        "expired_units",
        "open_units",
        "loan_status",
        "borrow_repays",
        "action_id",
    ),
    optional=("expires_at", "closed_at", "reservation_id"),
)

SOFT_RESERVATION = Table(
    "opt_out__soft_reservation",
    "Reservations on quotas: active ones, and those that ended since the release before.",
    key=("reservation_id",),
    required=(
        "reservation_id",
        *_POOL,
        "segment_id",
        "opened_at",
        "units",
        "own_units",
        "pool_units",
        "consumed_units",
        "released_units",
        "expired_units",
        "open_units",
        "reservation_status",
        "action_id",
    ),
    optional=("expires_at", "closed_at"),
)

REBALANCE_RUN = Table(
    "opt_out__rebalance_run",
    "Every rebalancing that was asked for, by trigger and rule, and why it took place or not.",
    key=("rebalance_trigger", "rebalance_decision", "reason_code", "plan_id", "rule_id"),
    required=(
        "rebalance_trigger",
        "rebalance_decision",
        "reason_code",
        "plan_id",
        "rule_id",
        "action_id",
        "event_at",
        "pool_count",
        "rebalanced_units",
        "expected_benefit",
        "detail",
    ),
)

FAIRNESS = Table(
    "opt_out__fairness",
    "Who would get what by each way of sharing the same stock, and what fairness costs; segment * is "
    "all segments of the tier, tier 0 all tiers.",
    key=("allocation_method", "breakdown", "breakdown_value", "priority_tier", "segment_id"),
    required=(
        "allocation_method",
        "breakdown",
        "breakdown_value",
        "priority_tier",
        "segment_id",
        "pool_count",
        "short_pool_count",
        "demand_units",
        "served_units",
        "unmet_units",
    ),
    optional=("fill_rate", "min_fill_rate", "gini", "served_value", "price_of_fairness"),
    redefined=(replace(COLUMNS["priority_tier"], description="1 is served first; 0 is all tiers", ge=0),),
)

ALLOCATION_SOLVER_RUN = Table(
    "opt_out__allocation_solver_run",
    "Status, bound, gap and audit of every solve of the allocation model.",
    key=("optimisation_model", "batch_id"),
    required=SOLVER_RUN_COLUMNS,
)

ATP = Table(
    "opt_out__atp",
    "Available to promise from each day on which it changes, per item-location and segment; segment * "
    "is the item-location as a whole, location * the network, which is not the sum of its locations.",
    key=(*_POOL, "segment_id", "from_date"),
    required=(
        *_POOL,
        "segment_id",
        "from_date",
        "atp_units",
        "expected_atp_units",
        "shortage_units",
        "is_shared_pool",
        "projected_units",
        "discrete_units",
        *_JUDGED,
    ),
    optional=("first_short_date",),
)

ALLOCATION_INPUTS: tuple[Table, ...] = (SEGMENT_ORDER, ALLOCATION_RULE, COMMITMENT)
ALLOCATION_OUTPUTS: tuple[Table, ...] = (
    ALLOCATION,
    ALLOCATION_PLAN,
    ALLOCATION_ENTRY,
    BORROW_LOAN,
    SOFT_RESERVATION,
    REBALANCE_RUN,
    FAIRNESS,
    ALLOCATION_SOLVER_RUN,
)
