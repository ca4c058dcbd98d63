"""Columns of what a run knows of itself: the releases before it, and the ledger's state.

Columns that other rooms carry as well stand in `optimization.contracts.columns`.
"""

from __future__ import annotations

from optimization.contracts.column import Column

HISTORY_COLUMNS = (
    # --- the release that a row comes from
    Column("release_id", "text", "Release that published the row"),
    Column("release_as_of", "date", "Business date of that release"),
    Column("releases_back", "integer", "How many business dates with a release ago; 1 is the last", ge=1),
    # --- KPIs
    Column("kpi", "text", "Name of the KPI"),
    Column("scope_type", "text", "network, region, location, category or segment"),
    Column("scope_id", "text", "Which one; * is the whole network"),
    Column("period", "text", "rolling (ends on the business date) or month (a whole calendar month)"),
    Column("window_days", "integer", "Days of the window; 0 is the business date itself", unit="days", ge=0),
    Column("period_end_date", "date", "Last day of the window"),
    Column("numerator", "number", "What is divided; of an amount or a quantile, the value itself"),
    Column("denominator", "number", "What it is divided by"),
    Column("value", "number", "The figure itself"),
    Column("n", "integer", "Observations behind the value", ge=0),
    Column("null_reason", "text", "Why there is no value"),
    # --- exceptions
    Column("exception_id", "text", "The same for the same exception on every date"),
    Column("exception_type", "text", "Kind of exception"),
    Column("suggested_action", "text", "What to do about it"),
    Column("days_open", "integer", "Days since it was first seen", unit="days", ge=0),
    Column("exception_status", "text", "new, open, worse or better"),
    Column("owner_role", "text", "Role that takes care of it"),
    Column("attention", "text", "look, watch or handled"),
    # --- runs of the policies
    Column("period_number", "integer", "Period of the calculation, counted back; 1 holds today", ge=1),
    Column("policy_keys", "integer", "Item-locations with a policy", ge=0),
    Column("calculated_keys", "integer", "Of them calculated by the run, changed or not", ge=0),
    Column("changed_keys", "integer", "Of them with another reorder point or order-up-to level", ge=0),
    Column("proposed_keys", "integer", "Of them with a change that waits for approval", ge=0),
    Column("approved_keys", "integer", "Of them with a change that was approved, by rule or person", ge=0),
    Column(
        "unbroken_periods", "integer", "Earlier periods in a row, up to the last, with a calculation", ge=0
    ),
    # --- the scorecard
    Column("note_subject", "text", "What is noted on: one check, or an area", isin=("check", "area")),
    Column("note_number", "integer", "Number of the check or of the area", ge=1, le=15),
    Column("observation", "text", "What was seen"),
    Column("unproven_columns", "text", "Columns that were generated or defaulted, joined by |"),
    Column(
        "recomputed_reorder_point_units",
        "number",
        "Reorder point of the second calculation",
        unit="units",
        ge=0,
    ),
    Column(
        "recomputed_order_up_to_units", "number", "Order-up-to of the second calculation", unit="units", ge=0
    ),
    Column("is_recomputed_equal", "flag", "Whether both levels come out the same again, to the bit"),
    Column("auto_approve_value", "number", "Value above which a change needs a person", unit="money", ge=0),
    # --- the ledger
    Column("ledger_head", "text", "Hash of the last event that the run reads; 64 zeros when it is empty"),
    Column("ledger_events", "integer", "Events that the run reads", ge=0),
    Column("is_intact", "flag", "Whether the chain holds, and every head that a release recorded is in it"),
    Column("fault", "text", "What is wrong with it, and what to do"),
)
