"""The two classes that state a border: a column, and a table that lists columns.

Only the statement and its pandera form live here. Arrow and dbt forms are derived in
`orchestration.contracts.rendering`, because the science needs neither.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    import pandas as pd
    import pandera.pandas as pandera

Kind = Literal["text", "integer", "number", "flag", "date", "timestamp"]

# pandas dtypes by (kind, nullable). Dates and timestamps are naive UTC nanoseconds, so that a
# frame read from Parquet and one made in a test compare equal; text is `str`, which holds both
# with and without pandas' future.infer_string.
_PANDAS_DTYPES: dict[tuple[Kind, bool], object] = {
    ("text", False): str,
    ("text", True): str,
    ("integer", False): "int64",
    ("integer", True): "Int64",
    ("number", False): "float64",
    ("number", True): "float64",
    ("flag", False): "bool",
    ("flag", True): "boolean",
    ("date", False): "datetime64[ns]",
    ("date", True): "datetime64[ns]",
    ("timestamp", False): "datetime64[ns]",
    ("timestamp", True): "datetime64[ns]",
}


@dataclass(frozen=True)
class Column:
    """One quantity, stated once for every table that carries it.

    `unit` is the physical or monetary unit (`units`, `days`, `money`, `share`, …); `ge`, `gt`,
    `le` bound numbers, `isin` closes a list of texts.
    """

    name: str
    kind: Kind
    description: str
    unit: str | None = None
    ge: float | None = None
    gt: float | None = None
    le: float | None = None
    isin: tuple[str, ...] | None = None

    def pandas_dtype(self, nullable: bool) -> object:
        """The dtype this column has in a frame; `str` means text, whatever its storage."""
        return _PANDAS_DTYPES[self.kind, nullable]


@dataclass(frozen=True)
class Table:
    """A border table: its key, its columns, and which of them may be null.

    `required` columns are present and never null; `optional` ones are always present in the
    frame (an absent source column is filled with null) and may be null. `unknown` names raise
    `KeyError` when the table is first read.
    """

    name: str
    description: str
    key: tuple[str, ...]
    required: tuple[str, ...]
    optional: tuple[str, ...] = ()

    @cached_property
    def columns(self) -> tuple[Column, ...]:
        """The column definitions in the table's order: required, then optional."""
        from optimization.contracts.columns import COLUMNS

        return tuple(COLUMNS[name] for name in (*self.required, *self.optional))

    @property
    def column_names(self) -> tuple[str, ...]:
        """Names in the order in which every file and frame of this table carries them."""
        return (*self.required, *self.optional)

    def is_nullable(self, column_name: str) -> bool:
        """Whether the column may hold nulls in this table."""
        return column_name in self.optional

    def to_pandera(self) -> pandera.DataFrameSchema:
        """The blocking check of a frame of this table: dtypes, bounds, lists, the key.

        Non-finite numbers are refused everywhere: a solver would answer "optimal" on them.
        """
        import pandera.pandas as pandera

        return pandera.DataFrameSchema(
            {
                column.name: pandera.Column(
                    column.pandas_dtype(self.is_nullable(column.name)),
                    checks=_checks(column),
                    nullable=self.is_nullable(column.name),
                    description=column.description,
                    metadata={"unit": column.unit},
                )
                for column in self.columns
            },
            unique=list(self.key) if self.key else None,
            strict=True,
            ordered=False,
            name=self.name,
            description=self.description,
        )

    def validate(self, frame: pd.DataFrame) -> pd.DataFrame:
        """Return `frame` in the table's column order, or raise naming column, rule and rows.

        Raises `optimization.errors.ContractError`.
        """
        import pandera.errors

        from optimization.errors import ContractError

        try:
            # pandera cannot list duplicates of a frame whose own index has some.
            checked = frame if frame.index.is_unique else frame.reset_index(drop=True)
            self.to_pandera().validate(checked, lazy=True)
        except pandera.errors.SchemaErrors as failure:
            raise ContractError.from_failure_cases(self.name, failure.failure_cases) from failure
        return frame.loc[:, list(self.column_names)]


def _checks(column: Column) -> list[pandera.Check]:
    import numpy as np
    import pandera.pandas as pandera

    checks = []
    if column.kind == "number":
        checks.append(pandera.Check(np.isfinite, name="finite", ignore_na=True))
    if column.ge is not None:
        checks.append(pandera.Check.ge(column.ge))
    if column.gt is not None:
        checks.append(pandera.Check.gt(column.gt))
    if column.le is not None:
        checks.append(pandera.Check.le(column.le))
    if column.isin is not None:
        checks.append(pandera.Check.isin(list(column.isin)))
    return checks
