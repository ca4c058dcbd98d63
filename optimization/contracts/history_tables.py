"""What a run reads of the releases before it, and of the ledger as a whole.

A `past__` table holds rows that earlier releases have published, under the columns' published names,
with the release that they come from. Key and `release_` columns are always there; every other column
is optional, because an old release may have been made before it existed.
"""

from __future__ import annotations

from optimization.contracts.column import Column
from optimization.contracts.table import Table

SCORECARD_STATUSES = ("yes", "no", "not_evidenced")
_RELEASE = ("release_id", "release_as_of", "releases_back")

PAST_KPI = Table(
    "past__kpi",
    "KPIs of the whole network as earlier releases have published them.",
    key=("release_id", "kpi", "scope_type", "scope_id", "period", "window_days", "period_end_date"),
    required=(*_RELEASE, "kpi", "scope_type", "scope_id", "period", "window_days", "period_end_date"),
    optional=("numerator", "denominator", "value", "n", "basis", "null_reason"),
    redefined=(Column("basis", "text", "On what the value stands, in words"),),
)
PAST_EXCEPTION = Table(
    "past__exception",
    "Exceptions of the last release, and of those of the days before it.",
    key=("release_id", "exception_id"),
    required=(*_RELEASE, "exception_id", "exception_type"),
    optional=(
        "severity",
        "item_id",
        "location_id",
        "value_at_risk",
        "quantity_units",
        "reason_code",
        "detail",
        "suggested_action",
        "first_seen_date",
        "days_open",
        "exception_status",
        "owner_role",
        "attention",
    ),
    redefined=(
        Column("severity", "text", "high, medium or low"),
        Column("quantity_units", "number", "Units concerned", unit="units"),
        Column("first_seen_date", "date", "Business date of the first release that told it"),
        Column("value_at_risk", "number", "Money at risk", unit="money"),
    ),
)
PAST_SCORECARD = Table(
    "past__scorecard",
    "What earlier releases said of the checks of the scorecard.",
    key=("release_id", "check_number"),
    required=(*_RELEASE, "check_number", "status"),
    optional=("value",),
    redefined=(
        Column("status", "text", "What the evidence said of the check", isin=SCORECARD_STATUSES),
        Column("check_number", "integer", "Number of the check", ge=1, le=15),
    ),
)
PAST_POLICY_RUN = Table(
    "past__policy_run",
    "One row per earlier release: how many stock policies it calculated, changed, proposed, approved.",
    key=("release_id",),
    required=(
        *_RELEASE,
        "period_number",
        "policy_keys",
        "calculated_keys",
        "changed_keys",
        "proposed_keys",
        "approved_keys",
    ),
)
PAST_POLICY_KEY = Table(
    "past__policy_key",
    "Item-locations whose policy was calculated in the periods before, without a break up to the last one.",
    key=("item_id", "location_id"),
    required=("item_id", "location_id", "unbroken_periods"),
)
PLAN_KINDS = ("forecast", "policy_service", "stock", "replenishment", "transfer", "receipt")
PAST_PLAN = Table(
    "past__plan",
    "What the releases of exactly 4 and 13 weeks ago planned for the time until now.",
    key=("window_weeks", "plan_kind", "item_id", "location_id"),
    required=(
        "release_id",
        "release_as_of",
        "window_weeks",
        "plan_kind",
        "item_id",
        "location_id",
        "planned_units",
    ),
    optional=("planned_base_units",),
    redefined=(
        Column("window_weeks", "integer", "Weeks from the release to the business date", unit="weeks", ge=1),
        Column("plan_kind", "text", "What was planned", isin=PLAN_KINDS),
        Column("planned_units", "number", "Planned; of service, units to be filled", unit="units", ge=0),
        Column("planned_base_units", "number", "Of service: units expected in all", unit="units", ge=0),
    ),
)
LEDGER_STATE = Table(
    "ledger__state",
    "One row: how far the run reads the ledger, and whether its chain holds.",
    key=("ledger_head",),
    required=("ledger_head", "ledger_events", "is_intact"),
    optional=("fault",),
)

HISTORY_TABLES: tuple[Table, ...] = (
    PAST_KPI,
    PAST_EXCEPTION,
    PAST_SCORECARD,
    PAST_POLICY_RUN,
    PAST_POLICY_KEY,
    PAST_PLAN,
    LEDGER_STATE,
)
