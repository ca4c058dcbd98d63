"""Frames brought into their table's columns and types, also where they have no rows."""

from __future__ import annotations

import pandas as pd

from optimization.contracts.table import Table


def in_form(frame: pd.DataFrame, table: Table) -> pd.DataFrame:
    """`frame` with the table's columns and types, checked; columns that it lacks are null.

    Raises `ContractError` where its values do not keep the contract.
    """
    frame = frame.reindex(columns=list(table.column_names))
    for column in table.columns:
        nullable = table.is_nullable(column.name)
        values = frame[column.name]
        if column.kind != "text":
            frame[column.name] = values.astype(str(column.pandas_dtype(nullable)))
        elif nullable:
            frame[column.name] = values.astype(object).where(values.notna(), None)
        elif not len(values):
            frame[column.name] = values.astype(object)
    return table.validate(frame)
