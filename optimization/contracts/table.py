"""The class that states a border: a table, which lists columns.

Only the statement and its pandera form live here. Arrow and dbt forms are derived in
`orchestration.contracts.rendering`, because the science needs neither.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from optimization.contracts.column import Column
from optimization.contracts.columns import COLUMNS

if TYPE_CHECKING:
    import pandas as pd
    import pandera.pandas as pandera


@dataclass(frozen=True)
class Table:
    """A border table: its key, its columns, and which of them may be null.

    `required` columns are present and never null; `optional` ones are always present in the
    frame (an absent source column is filled with null) and may be null. `unknown` names raise
    `KeyError` when the table is first read. `redefined`: columns whose bounds differ in this table.
    """

    name: str
    description: str
    key: tuple[str, ...]
    required: tuple[str, ...]
    optional: tuple[str, ...] = ()
    redefined: tuple[Column, ...] = ()

    @cached_property
    def columns(self) -> tuple[Column, ...]:
        """The column definitions in the table's order: required, then optional."""
        own = {column.name: column for column in self.redefined}
        return tuple(own.get(name) or COLUMNS[name] for name in (*self.required, *self.optional))

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

        from optimization.contracts.text_type import Text

        return pandera.DataFrameSchema(
            {
                column.name: pandera.Column(
                    Text() if column.kind == "text" else column.pandas_dtype(self.is_nullable(column.name)),
                    checks=column.checks(),
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

    @cached_property
    def _schema(self) -> pandera.DataFrameSchema:
        # Stated once: to state it takes as long as to check a small frame.
        return self.to_pandera()

    def validate(self, frame: pd.DataFrame) -> pd.DataFrame:
        """Return `frame` in the table's column order, or raise naming column, rule and rows.

        Raises `optimization.errors.ContractError`.
        """
        import pandera.errors

        from optimization.errors import ContractError

        try:
            # pandera cannot list duplicates of a frame whose own index has some.
            checked = frame if frame.index.is_unique else frame.reset_index(drop=True)
            self._schema.validate(checked, lazy=True)
        except pandera.errors.SchemaErrors as failure:
            raise ContractError.from_failure_cases(self.name, failure.failure_cases) from failure
        return frame.loc[:, list(self.column_names)]
