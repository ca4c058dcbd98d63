"""Columns of changes of the policy, what people decide of them, overrides, reviews and demand plans.

Columns that other rooms carry as well stand in `optimization.contracts.columns`.
"""

from __future__ import annotations

from optimization.contracts.column import Column

# Where a change stands; `none` and `within_dead_band` stand on the policy's row alone.
CHANGE_STATES = (
    "none",
    "within_dead_band",
    "bootstrap",
    "auto_approved",
    "proposed",
    "approved",
    "rejected",
    "expired",
    "withdrawn",
    "superseded",
)
CHANGE_KINDS = ("calculated", "planner", "override")
# What people may do about policies; the ledger's family `policy` has the same names.
POLICY_DECISIONS = (
    "proposed",
    "approved",
    "rejected",
    "withdrawn",
    "overridden",
    "override_ended",
)
OVERRIDE_STATES = ("pending", "active", "expired", "ended", "rejected", "withdrawn", "superseded", "lapsed")
# The declared rules that let a change through without a person, and the one that does not.
APPROVAL_RULES = (
    "bootstrap",
    "dead_band",
    "value_limit",
    "last_order",
    "override_over",
    "approver",
)
ACTOR_ROLES = ("planner", "approver", "both", "unrestricted", "none")
REVIEW_STATES = ("upcoming", "due", "completed", "late", "missed")
DEMAND_PLAN_DECISIONS = ("approved", "rejected")
DECISION_SOURCES = ("source", "ledger")
APPROVAL_SUBJECTS = ("policy_change", "policy_override", "demand_plan")

APPROVAL_COLUMNS: tuple[Column, ...] = (
    # --- what people decided, as the ledger holds it
    Column("policy_decision", "text", "What was done about a policy", isin=POLICY_DECISIONS),
    Column("demand_plan_decision", "text", "What was decided of a plan", isin=DEMAND_PLAN_DECISIONS),
    Column("reason", "text", "Why, in the words of the one who wanted it"),
    Column("owner", "text", "Who answers for it while it lasts"),
    Column("recorded_by", "text", "Login of the system under which the event was written"),
    Column("expires_date", "date", "Last day on which it waits, or on which it holds"),
    Column("completed_date", "date", "Day of the completed review"),
    Column("subject_type", "text", "What was decided about", isin=APPROVAL_SUBJECTS),
    Column("subject", "text", "The change, override or plan version that was decided about"),
    Column("decided_what", "text", "What was decided"),
    Column("actor_role", "text", "What the settings let the actor do", isin=ACTOR_ROLES),
    Column("is_effective", "flag", "Whether the event changed anything"),
    Column("refusal_reason", "text", "Why it changed nothing, from the closed list of reasons"),
    # --- changes of the policy
    Column("change_kind", "text", "Who wants it: the calculation, a planner, an override", isin=CHANGE_KINDS),
    Column("approval_rule", "text", "The declared rule under which it counts", isin=APPROVAL_RULES),
    Column("approval_rule_text", "text", "The same rule with the limits that it was held against"),
    Column("inputs_hash", "text", "Fingerprint of the numbers that the calculation took"),
    Column("old_reorder_point_units", "number", "Reorder point before the change", unit="units", ge=0),
    Column("old_order_up_to_units", "number", "Order-up-to level before the change", unit="units", ge=0),
    Column("new_reorder_point_units", "number", "Reorder point that the change wants", unit="units", ge=0),
    Column("new_order_up_to_units", "number", "Order-up-to level that the change wants", unit="units", ge=0),
    Column("proposed_date", "date", "Business date on which it was first wanted"),
    Column("days_pending", "integer", "Days since then, while it waits", unit="days", ge=0),
    # --- decisions that hold
    Column("held_change_id", "text", "Decision of a person that holds the value against the calculation"),
    Column(
        "held_reorder_point_units",
        "number",
        "What was calculated when it was decided; it holds while the calculation stays near",
        unit="units",
        ge=0,
    ),
    Column("held_order_up_to_units", "number", "The same of the order-up-to level", unit="units", ge=0),
    Column("held_until_date", "date", "Last day on which the decision holds against the calculation"),
    # --- overrides
    Column("override_id", "text", "One override: its change_id"),
    Column("override_state", "text", "Where the override stands", isin=OVERRIDE_STATES),
    Column(
        "base_reorder_point_units",
        "number",
        "What it replaces, and gives back at its end",
        unit="units",
        ge=0,
    ),
    Column("base_order_up_to_units", "number", "The same of the order-up-to level", unit="units", ge=0),
    Column("days_to_expiry", "integer", "Days until it ends by itself", unit="days", ge=0),
    # --- reviews
    Column("cycle_number", "integer", "Review cycle, counted from the first release", ge=1),
    Column("cycle_start_date", "date", "First day of the review cycle"),
    Column("cycle_end_date", "date", "Last day of the review cycle; the review is due then"),
    Column("grace_end_date", "date", "Last day on which the review still counts as in time"),
    Column("completed_by", "text", "Who completed the review"),
    Column(
        "days_late", "integer", "Days after the end of the cycle, so far or at completion", unit="days", ge=0
    ),
    Column("review_state", "text", "Where the cycle's review stands", isin=REVIEW_STATES),
    # --- demand plans
    Column("decision_source", "text", "Where the decision that counts was taken", isin=DECISION_SOURCES),
    Column("first_bucket_date", "date", "First day that the plan covers"),
    Column("last_bucket_date", "date", "Last day that the plan covers"),
    Column("plan_rows", "integer", "Buckets of the plan version", ge=0),
)
