"""The Arrow form of a border table: the explicit schema through which every file is written."""

from __future__ import annotations

import pyarrow as pa

from optimization.contracts.column import Kind
from optimization.contracts.table import Table

ARROW_TYPES: dict[Kind, pa.DataType] = {
    "text": pa.string(),
    "integer": pa.int64(),
    "number": pa.float64(),
    "flag": pa.bool_(),
    "date": pa.date32(),
    "timestamp": pa.timestamp("us"),
}
DUCKDB_TYPES: dict[Kind, str] = {
    "text": "varchar",
    "integer": "bigint",
    "number": "double",
    "flag": "boolean",
    "date": "date",
    "timestamp": "timestamp",
}


def arrow_schema(table: Table) -> pa.Schema:
    """Return the schema of `table`'s Parquet files, columns in the contract's order."""
    return pa.schema(
        [
            pa.field(column.name, ARROW_TYPES[column.kind], nullable=table.is_nullable(column.name))
            for column in table.columns
        ]
    )
