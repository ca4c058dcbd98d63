"""A valid frame from rows that were written one by one, and a frame's rows to be read one by one."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import pandas as pd

from optimization.contracts.column import Column
from optimization.contracts.table import Table


def frame_of(table: Table, rows: Iterable[Mapping[str, Any]]) -> pd.DataFrame:
    """Return rows as a frame of `table`, valid and in its types; what a row does not name is null.

    No rows make an empty frame. Raises `ContractError` where a row breaks the contract.
    """
    listed = list(rows)
    columns = {
        column.name: _series([row.get(column.name) for row in listed], column, table.is_nullable(column.name))
        for column in table.columns
    }
    return table.validate(pd.DataFrame(columns))


def _series(values: list[Any], column: Column, is_nullable: bool) -> pd.Series[Any]:
    """One column; a required one that lacks values keeps them null, for the contract to say so."""
    told = pd.Series(values, dtype=object)
    told = told.where(told.notna(), None)
    if column.kind == "text":
        return told
    if told.isna().any() and column.kind in ("integer", "flag"):
        is_nullable = True
    return told.astype(column.pandas_dtype(is_nullable))  # type: ignore[call-overload,no-any-return]


def records_of(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """Return rows as plain values; what is missing is None.

    >>> records_of(pd.DataFrame({"a": [1.0, float("nan")], "b": ["x", None]}))
    [{'a': 1.0, 'b': 'x'}, {'a': None, 'b': None}]
    """
    names = [str(name) for name in frame.columns]
    columns = [
        [None if gone else value for value, gone in zip(column.tolist(), column.isna().tolist(), strict=True)]
        for _, column in frame.items()
    ]
    return [dict(zip(names, values, strict=True)) for values in zip(*columns, strict=True)]
