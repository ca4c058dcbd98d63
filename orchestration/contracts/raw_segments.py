"""Source tables of customer segments: their terms, which orders are theirs, how stock is shared out."""

from __future__ import annotations

from optimization.contracts.allocation_tables import ALLOCATION_RULE as PLAN_RULE
from orchestration.contracts.raw_table import STAMPS, RawTable

_GROUPS = tuple(f"group_{level}" for level in range(8))
_SEGMENT_REFERENCE = {"segment_id": ("segment", "segment_id")}

SEGMENT = RawTable(
    "raw__segment",
    "Customer segments: their place in the hierarchy of groups, their tier, and what they may borrow.",
    key=("segment_id",),
    required=("segment_id", "segment_name", "priority_tier", *STAMPS),
    optional=(
        "service_target",
        "ring_fence_share",
        "cap_share",
        "fair_weight",
        *_GROUPS,
        "may_borrow",
        "borrow_ratio",
        "borrow_cap_units",
        "borrow_days",
        "borrow_repays",
        "release_after_days",
    ),
    is_mandatory=False,
    hierarchy=_GROUPS,
    disables=("allocation to customer segments",),
    column_disables={
        "group_0": "groups of segments (each segment stands by itself)",
        "may_borrow": "borrowing from the common pool (no segment may)",
        "release_after_days": "return of unused quotas to the common pool",
    },
)

ALLOCATION_GROUP = RawTable(
    "raw__allocation_group",
    "What each level of the segments' hierarchy divides by, in versions.",
    key=("group_level", "hierarchy_version"),
    required=("group_level", "hierarchy_version", "group_name", "effective_from", *STAMPS),
    is_mandatory=False,
    disables=("names of the levels of segment groups",),
)

SEGMENT_RULE = RawTable(
    "raw__segment_rule",
    "Which segment an order belongs to that names none, by what is known of it; a condition that is "
    "empty matches everything, the smallest rank wins.",
    key=("rule_id", "rule_version"),
    required=("rule_id", "rule_version", "rule_rank", "segment_id", *STAMPS),
    optional=(
        "channel",
        "customer_type",
        "order_priority",
        "region",
        "category",
        "item_id",
        "effective_from",
        "effective_to",
    ),
    is_mandatory=False,
    references=_SEGMENT_REFERENCE,
    ordered_dates=(("effective_from", "effective_to"),),
    disables=("segments of orders by rule",),
    normal_loss_rows=50,
)

SEGMENT_MEMBERSHIP = RawTable(
    "raw__segment_membership",
    "Which segment a customer belongs to from a date on.",
    key=("customer_id", "effective_from"),
    required=("customer_id", "effective_from", "segment_id", *STAMPS),
    optional=("effective_to",),
    is_mandatory=False,
    references=_SEGMENT_REFERENCE,
    ordered_dates=(("effective_from", "effective_to"),),
    disables=("segments of orders by customer",),
    normal_loss_rows=50,
)

# A plan is judged as a whole, with a fingerprint of all of its rules: a rule of an unknown segment is
# told by the allocation, and not taken out of the plan here.
ALLOCATION_RULE = RawTable(
    "raw__allocation_rule",
    "Rules of the allocation plans, one row per segment that takes part; a condition that is empty "
    "matches everything.",
    key=PLAN_RULE.key,
    required=(*PLAN_RULE.required, *STAMPS),
    optional=PLAN_RULE.optional,
    is_mandatory=False,
    ordered_dates=(
        ("effective_from", "effective_to"),
        ("condition_from", "condition_to"),
        ("freeze_from", "freeze_to"),
    ),
    disables=("allocation by rules of plans (the optimal allocation holds everywhere)",),
    normal_loss_rows=50,
)
