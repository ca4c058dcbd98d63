"""Which columns identify a row of a published table."""

from __future__ import annotations

from orchestration.publish.plausibility import PLAUSIBILITY

# The tables that explain the others; no plausibility is stated for them.
EVIDENCE_KEYS: dict[str, tuple[str, ...]] = {
    "check_result": ("asset", "check_name"),
    "data_dictionary": ("table_name", "column_name"),
    "lineage": ("output_table", "output_column", "input_table", "input_column"),
    "quarantine": ("table_name", "row_number", "column_name", "rule"),
}


def table_key(table: str) -> tuple[str, ...]:
    """Return the columns that identify a row of a published table; empty for one that nobody states.

    >>> table_key("lineage")
    ('output_table', 'output_column', 'input_table', 'input_column')
    """
    stated = PLAUSIBILITY.get(table)
    return stated.key if stated else EVIDENCE_KEYS.get(table, ())
