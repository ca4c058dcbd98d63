"""Columns of the allocation to segments: plans, operations, the state they fold to, and what it cost.

Columns that other rooms carry as well stand in `optimization.contracts.columns`.
"""

from __future__ import annotations

from optimization.contracts.column import Column

# What may be done to the stock of a pool; the ledger's family `allocation` has the same names.
OPERATIONS = (
    "allocate",
    "unallocate",
    "reallocate",
    "consume",
    "reserve",
    "extend",
    "release",
    "offset",
    "adjust",
    "rebalance",
)
# What the system itself does beside those: the cycle of the day, and what falls due.
SYSTEM_OPERATIONS = ("sync", "cut", "return", "expire", "settle")
PURPOSES = (
    "SUPPLY_SYNC",
    "SUPPLY_ADJUSTMENT",
    "SEGMENT_ALLOCATION",
    "SEGMENT_REALLOCATION",
    "SEGMENT_CONSUMPTION",
    "RESERVATION",
    "RETURN",
    "EXPIRE",
    "OVERRIDE",
)
PLAN_STATES = ("draft", "proposed", "approved", "rejected", "effective", "expired", "superseded")
STRATEGIES = ("percentage", "fixed", "demand_share", "profit_share", "weight")
TRIGGERS = (
    "first_allocation",
    "supply_sync",
    "interval",
    "request",
    "rules_changed",
    "segments_changed",
    "deviation",
    "demand_spike",
    "none",
)
REBALANCE_DECISIONS = ("rebalanced", "suppressed", "not_due")
LOAN_STATUSES = ("OPEN", "RETURNED", "EXPIRED")
RESERVATION_STATUSES = ("ACTIVE", "CONSUMED", "RELEASED", "EXPIRED", "BROKEN")
ALLOCATION_METHODS = (
    "optimal",
    "rules",
    "highest_value",
    "first_come",
    "turn_and_earn",
    "balanced_days",
)
AUDIT_KINDS = ("level", "valuation", "condition")

ALLOCATION_COLUMNS = (
    # --- groups and segments
    Column("group_level", "integer", "Level of the group in the hierarchy; 0 is the highest", ge=0, le=7),
    Column("group_name", "text", "What the level divides by: channel, customer group, region, order type"),
    Column("hierarchy_version", "integer", "Version of the hierarchy the row belongs to", ge=1),
    *(
        Column(f"group_{level}", "text", f"Value of the segment at level {level} of the hierarchy")
        for level in range(8)
    ),
    Column("segment_path", "text", "Values of the segment's groups from the highest down, joined by /"),
    Column("group_depth", "integer", "How many levels the segment's path has", ge=0, le=8),
    Column("segment_reason", "text", "Which rule gave the order its segment"),
    Column("customer_id", "text", "Customer, as a pseudonym"),
    Column("channel", "text", "Sales channel of the order"),
    Column("customer_type", "text", "Kind of customer: private, fleet, dealer, insurer, …"),
    Column("order_priority", "integer", "Priority that the order bears; 1 is first", ge=1),
    Column("may_borrow", "flag", "Whether the segment may take from the common pool when its own is used up"),
    Column(
        "borrow_ratio",
        "number",
        "Most of the pool at the start of a cycle the segment may take",
        unit="share",
        ge=0,
        le=1,
    ),
    Column("borrow_cap_units", "number", "Most the segment may have taken from a pool", unit="units", ge=0),
    Column("borrow_days", "integer", "A loan lapses after so many days", unit="days", ge=0),
    Column("borrow_repays", "flag", "Whether the segment's next supply first returns what it took"),
    Column(
        "release_after_days", "integer", "An unused quota goes back after so many days", unit="days", ge=0
    ),
    # --- plans and rules
    Column("plan_id", "text", "Allocation plan"),
    Column("plan_version_number", "integer", "Version of the allocation plan", ge=1),
    Column("plan_state", "text", "How far the plan has come", isin=PLAN_STATES),
    Column(
        "content_hash", "text", "Fingerprint of the plan's rules; an approval holds for this content only"
    ),
    Column("author", "text", "Who wrote it"),
    Column("approver", "text", "Who approved it; never the author"),
    Column(
        "plan_decision",
        "text",
        "What was decided of a plan",
        isin=("proposed", "approved", "rejected", "withdrawn"),
    ),
    Column("decided_at", "timestamp", "When it was decided"),
    Column("comment", "text", "What the decision was given along"),
    Column("rule_id", "text", "Rule of an allocation plan, or of the assignment of orders to segments"),
    Column("rule_version", "integer", "Version of the rule", ge=1),
    Column("rule_rank", "integer", "The smallest that matches is used", ge=0),
    Column("segment_rank", "integer", "Order in which a rule serves its segments", ge=0),
    Column("allocation_strategy", "text", "How a rule turns the pool into a quantity", isin=STRATEGIES),
    Column("share_pct", "number", "Percentage of the pool", unit="percent", ge=0, le=100),
    Column("fixed_units", "number", "Quantity that the rule gives", unit="units", ge=0),
    Column("max_units", "number", "Most the rule gives", unit="units", ge=0),
    Column(
        "weight_expression",
        "text",
        "Weight of a segment: arithmetic over demand_units, open_order_units, unit_margin, fair_weight",
    ),
    Column("condition_from", "date", "The rule holds from this date"),
    Column("condition_to", "date", "The rule holds before this date"),
    Column(
        "interval_hours",
        "number",
        "Shares are made anew after so many hours; 0 never by time",
        unit="hours",
        ge=0,
    ),
    Column("freeze_from", "date", "Shares stay as they are from this date"),
    Column("freeze_to", "date", "… and before this date"),
    Column("min_benefit", "number", "A rebalancing that wins less is left out", unit="money", ge=0),
    Column(
        "band_units",
        "number",
        "A smaller deviation from the target does not start a rebalancing",
        unit="units",
        ge=0,
    ),
    Column("band_share", "number", "The same as a share of the target", unit="share", ge=0),
    Column("pool_mode", "text", "What a rule shares out", isin=("protect_commitments", "ibm_compat")),
    Column(
        "residue", "text", "Where what rounding or a maximum leaves goes", isin=("pool", "largest_remainder")
    ),
    Column(
        "non_participants",
        "text",
        "What becomes of segments the rule does not name",
        isin=("keep", "sweep_to_pool"),
    ),
    # --- operations
    Column("ledger_seq", "integer", "Number of the event in the ledger", ge=0),
    Column("event_at", "timestamp", "Business time of the operation (UTC)"),
    Column("business_date", "date", "Business date of the operation"),
    Column("operation", "text", "What is done", isin=(*OPERATIONS, *SYSTEM_OPERATIONS)),
    Column("to_segment_id", "text", "Segment that receives, in a reallocation"),
    Column("units", "number", "Quantity of the operation; an adjustment may be negative", unit="units"),
    Column("actor", "text", "Who did it"),
    Column("audit_type", "text", "Whether a person or the system did it", isin=("USER", "SYSTEM")),
    Column("purpose", "text", "What the operation was for", isin=PURPOSES),
    Column("action_id", "text", "The record's own id"),
    Column("parent_action_id", "text", "Action of the request that caused it"),
    Column("related_by_action_id", "text", "Groups all records of one allocation or reallocation"),
    Column("reservation_id", "text", "Reservation that the operation makes or changes"),
    Column("expires_at", "timestamp", "When the reservation or loan ends (UTC)"),
    Column("due_date", "date", "When the customer wants it"),
    Column("note", "text", "What the actor wants to be remembered"),
    # --- lines: operations with what became of them
    Column("entry_id", "text", "Line of the allocation ledger; stable for the same content"),
    Column("entry_number", "integer", "Order of the lines within a release", ge=1),
    Column(
        "entry_status",
        "text",
        "Whether it took effect; a rejected one changes nothing",
        isin=("accepted", "rejected"),
    ),
    Column("effective_units", "number", "Quantity that took effect; 0 of a rejected one", unit="units"),
    Column("own_units", "number", "Part that changed the segment's own quota", unit="units"),
    Column("pool_units", "number", "Part that changed the common pool", unit="units"),
    Column("own_after_units", "number", "Segment's own quota afterwards", unit="units"),
    Column("pool_after_units", "number", "Common pool afterwards", unit="units"),
    Column("source_id", "text", "Where the operation came from: ledger event, order line, or plan"),
    # --- state
    Column(
        "allocatable_units",
        "number",
        "What the pool formula counts: quotas, common pool and what was consumed since",
        unit="units",
        ge=0,
    ),
    Column(
        "allocation_target_units",
        "number",
        "What the plan or model would give the segment",
        unit="units",
        ge=0,
    ),
    Column("previous_allocated_units", "number", "Quota before this release's cycle", unit="units", ge=0),
    Column("consumed_units", "number", "Consumed since the last supply sync", unit="units", ge=0),
    Column("cumulative_allocated_units", "number", "All that was ever allocated", unit="units", ge=0),
    Column("cumulative_consumed_units", "number", "All that was ever consumed", unit="units", ge=0),
    Column(
        "soft_reserved_units",
        "number",
        "Held by reservations that are neither consumed nor over",
        unit="units",
        ge=0,
    ),
    Column("borrowed_units", "number", "Taken from the common pool and not yet returned", unit="units", ge=0),
    Column(
        "borrowable_units",
        "number",
        "What the segment may still take; shared with others, never to be summed",
        unit="units",
        ge=0,
    ),
    Column(
        "available_units",
        "number",
        "What the segment can still be promised: own quota and borrowable",
        unit="units",
        ge=0,
    ),
    Column("safety_units", "number", "Part of the common pool that nobody borrows", unit="units", ge=0),
    Column("pool_formula", "text", "Name of the formula that counts the pool"),
    Column("rules_hash", "text", "Fingerprint of the rules and segments that made the target"),
    Column("rebalanced_at", "timestamp", "When the quotas were last made anew (UTC)"),
    Column(
        "quota_asked_at",
        "timestamp",
        "When the segment last asked for units of the pool, or was given a quota there (UTC)",
    ),
    Column("rebalance_trigger", "text", "What asked for a rebalancing", isin=TRIGGERS),
    Column("rebalance_decision", "text", "Whether it took place", isin=REBALANCE_DECISIONS),
    # --- loans and reservations
    Column("loan_id", "text", "Loan from the common pool; stable"),
    Column("loan_status", "text", "What became of the loan", isin=LOAN_STATUSES),
    Column("opened_at", "timestamp", "When it began (UTC)"),
    Column("closed_at", "timestamp", "When it ended (UTC)"),
    Column("returned_units", "number", "Given back", unit="units", ge=0),
    Column("expired_units", "number", "Lapsed", unit="units", ge=0),
    Column("released_units", "number", "Given back before consumption", unit="units", ge=0),
    Column("reservation_status", "text", "What became of the reservation", isin=RESERVATION_STATUSES),
    # --- rebalancing, fairness, performance
    Column("pool_count", "integer", "Pools", ge=0),
    Column("rebalanced_units", "number", "Units that changed hands", unit="units", ge=0),
    Column("short_pool_count", "integer", "Pools with less than is wanted", ge=0),
    Column(
        "expected_benefit",
        "number",
        "Margin of the demand that the new quotas cover and the old did not",
        unit="money",
    ),
    Column("allocation_method", "text", "How the stock was shared", isin=ALLOCATION_METHODS),
    Column("served_units", "number", "Demand covered", unit="units", ge=0),
    Column("served_value", "number", "Margin of the demand covered", unit="money"),
    Column("fill_rate", "number", "Demand covered per demand", unit="share", ge=0, le=1),
    Column("min_fill_rate", "number", "Worst fill of a segment within a tier", unit="share", ge=0, le=1),
    Column("gini", "number", "Inequality of fill within a tier; 0 is equal", unit="share", ge=0, le=1),
    Column(
        "price_of_fairness",
        "number",
        "Margin that the method gives up against serving the highest value first",
        unit="money",
    ),
    Column("recent_week_units", "number", "Requests of the last seven days", unit="units", ge=0),
    Column(
        "weekly_mean_units", "number", "Mean of the requests per week before the last one", unit="units", ge=0
    ),
    Column(
        "weekly_sd_units",
        "number",
        "Standard deviation of the requests per week before the last one",
        unit="units",
        ge=0,
    ),
    Column("unit_margin", "number", "Mean price less cost of a unit sold to the segment", unit="money"),
    # --- inventory audits
    Column("count_id", "text", "One count of a cycle count"),
    Column("counted_units", "number", "Units that were counted", unit="units", ge=0),
    Column("counted_date", "date", "Day of the count"),
    Column("counted_by", "text", "Who counted"),
    Column("condition", "text", "Condition that was found: sellable, damaged, incomplete, …"),
    Column("book_units", "number", "Units of the general ledger", unit="units"),
    Column("book_value", "number", "Value of the general ledger", unit="money"),
    Column("book_date", "date", "Date of the general ledger's extract"),
    # --- availability over time
    Column("from_date", "date", "From this day on, until the next row"),
    Column(
        "atp_units",
        "number",
        "Can be promised for delivery from this day on, every commitment kept",
        unit="units",
        ge=0,
    ),
    Column(
        "expected_atp_units",
        "number",
        "The same with supply at its expected (P50) instead of its safe (P90) date",
        unit="units",
        ge=0,
    ),
    Column("committed_units", "number", "Promised outflow that is due", unit="units", ge=0),
    Column("shortage_units", "number", "What is promised beyond all supply", unit="units", ge=0),
    Column("first_short_date", "date", "First day on which a promise cannot be kept"),
    Column(
        "is_shared_pool", "flag", "Whether others can be promised the same units; such rows are never summed"
    ),
)
