"""Frames brought into their table's columns and types, also where they have no rows."""

from __future__ import annotations

import numpy as np
import pandas as pd

from optimization.allocation.book import Texts
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
            frame[column.name] = values.astype(pd.api.types.pandas_dtype(str(column.pandas_dtype(nullable))))
        elif nullable:
            frame[column.name] = values.astype(object).where(values.notna(), None)
        elif not len(values):
            frame[column.name] = values.astype(object)
    return table.validate(frame)


def or_none(texts: Texts) -> Texts:
    """Texts with None for the empty ones.

    >>> or_none(np.array(["", "a"], dtype=object)).tolist()
    [None, 'a']
    """
    told = np.array(texts, dtype=object)
    told[texts == ""] = None
    return told
