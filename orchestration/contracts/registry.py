"""All borders in one list, and the tables that Python binds for dbt beside them.

`CONTEXT_TABLES` are what a run tells dbt about itself: the business date, which source tables
were there, and what the previous release held. They are sources like any other.
"""

from __future__ import annotations

from optimization.contracts.allocation_tables import LEDGER_TABLES
from optimization.contracts.approval_tables import DECISION_EVENTS
from optimization.contracts.history_tables import HISTORY_TABLES
from optimization.contracts.inputs import INPUTS
from optimization.contracts.order_inputs import UNIT_EVENT
from optimization.contracts.outputs import OUTPUTS
from optimization.contracts.table import Table
from orchestration.contracts.raw import RAW_TABLES

RUN_CONTEXT = Table(
    "run_context",
    "One row: the business date of this run with its sealed snapshot, the first day of history it "
    "reads, and the settings that the marts need.",
    key=("as_of",),
    required=(
        "as_of",
        "history_start_date",
        "kpi_windows_days",
        "default_service_target",
        "default_service_metric",
        "default_holding_rate",
        "default_shortage_share",
        "default_order_cost",
        "default_review_days",
        "default_lead_time_days",
        "overdue_trust_days",
        "auto_approve_value",
        "snapshot_id",
    ),
)
SOURCE_PRESENCE = Table(
    "source_presence",
    "Every table and optional column of the source contract, and whether the snapshot had it; "
    "column_name * is the table as a whole.",
    key=("table_name", "column_name"),
    required=(
        "table_name",
        "column_name",
        "is_present",
        "is_mandatory",
        "snapshot_rows",
        "quarantined_rows",
    ),
    optional=("disabled_feature", "unproven_columns"),
)

CONTEXT_TABLES: tuple[Table, ...] = (RUN_CONTEXT, SOURCE_PRESENCE)
BORDERS: tuple[Table, ...] = (
    *RAW_TABLES,
    *CONTEXT_TABLES,
    *INPUTS,
    *HISTORY_TABLES,
    *LEDGER_TABLES,
    UNIT_EVENT,
    *DECISION_EVENTS,
    *OUTPUTS,
)
BORDER_BY_NAME: dict[str, Table] = {table.name: table for table in BORDERS}
