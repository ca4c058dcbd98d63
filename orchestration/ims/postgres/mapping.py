"""What the mapping of a database says: where our tables and columns are, which dates are there, what is old.

A YAML file like that of the files connector, with tables in place of files. It names tables and
columns and holds no SQL: what has to be computed belongs into a view at the source.
"""

from __future__ import annotations

from datetime import date
from pathlib import Path
from zoneinfo import ZoneInfo

from pydantic import Field, field_validator, model_validator

from orchestration.contracts.raw import RAW_BY_NAME
from orchestration.ims.connector import SourceSettingsError
from orchestration.ims.mapping import ColumnMapping, Dialect, Section, check_names, read_mapping

Name = str
# PostgreSQL cuts longer names off, and would then find another table than was meant.
_LONGEST_NAME = 63


class BusinessDates(Section):
    """The table or view at the source that says which business dates are complete.

    One row per date in `column`, of type date. `changed_at`, when named, holds a value that changes
    when the date is closed again: it has the date run again.
    """

    schema_name: Name | None = Field(None, alias="schema")
    table: Name
    column: Name
    changed_at: Name | None = None


class DatabaseTable(ColumnMapping):
    """One of our tables: its table or view at the source, and its columns.

    `as_of_column`: the source keeps the table's state by date; rows of the business date are read.
    """

    schema_name: Name | None = Field(None, alias="schema")
    table: Name
    as_of_column: Name | None = None


class DatabaseMapping(Section):
    """The whole mapping.

    `keeps_history`: the source can still tell what it knew on a past date, so that past dates are
    offered too; otherwise only the newest is. `late_days`: so long after its `loaded_at` a row may
    still become visible; event tables are read again that far back. `timezone`: that of timestamps
    without one.
    """

    schema_name: Name = Field("public", alias="schema")
    business_dates: BusinessDates
    keeps_history: bool = False
    late_days: int = Field(3, ge=0, le=366)
    timezone: str = "UTC"
    missing_values: tuple[str, ...] = ()
    date_format: str | None = None
    timestamp_format: str | None = None
    tables: dict[str, DatabaseTable]

    @field_validator("timezone")
    @classmethod
    def _is_a_zone(cls, name: str) -> str:
        try:
            ZoneInfo(name)
        except (KeyError, ValueError, OSError) as error:
            raise ValueError(f"there is no time zone {name!r}; write it as Europe/Berlin") from error
        return name

    @model_validator(mode="after")
    def _names_can_be(self) -> DatabaseMapping:
        check_names(self.tables)
        for name, table in self.tables.items():
            if table.as_of_column and RAW_BY_NAME[name].role == "event":
                raise ValueError(
                    f"tables.{name}.as_of_column: {name} holds events, which are read by their "
                    "loaded_at; map that column in its place"
                )
        for one in self._source_names():
            if not one or len(one.encode()) > _LONGEST_NAME or "\x00" in one:
                raise ValueError(
                    f"{one!r} cannot be the name of a table or column; names have 1 to {_LONGEST_NAME} bytes"
                )
        return self

    @property
    def dialect(self) -> Dialect:
        """How the source writes what it keeps as text."""
        return Dialect(
            missing_values=self.missing_values,
            date_format=self.date_format,
            timestamp_format=self.timestamp_format,
        )

    def relation(self, name: str) -> tuple[str, str]:
        """Return schema and table of one of our tables."""
        table = self.tables[name]
        return table.schema_name or self.schema_name, table.table

    @property
    def dates_relation(self) -> tuple[str, str]:
        """Schema and table of the business dates."""
        return self.business_dates.schema_name or self.schema_name, self.business_dates.table

    def _source_names(self) -> list[str]:
        dates = self.business_dates
        names = [*self.dates_relation, dates.column]
        if dates.changed_at is not None:
            names.append(dates.changed_at)
        for name, table in self.tables.items():
            names += [*self.relation(name), *table.columns.values()]
            if table.as_of_column is not None:
                names.append(table.as_of_column)
        return names


def read_database_mapping(path: Path | None) -> DatabaseMapping:
    """Read and check the mapping. Raises `SourceSettingsError` naming the entry and the repair."""
    if path is None:
        raise SourceSettingsError(
            "source.mapping is not set; name the file that says where the source keeps our tables, in "
            "stockplan.yaml or as STOCKPLAN_SOURCE__MAPPING (docs/postgres_source.md shows one)"
        )
    return read_mapping(path, DatabaseMapping)


def newest_only(dates: list[date], mapping: DatabaseMapping) -> list[date]:
    """Return the dates that can be read honestly: all where the source keeps history, else the newest.

    A table without dates holds the state of now; read for a past date it would be a wrong number
    that nobody sees.
    """
    return dates if mapping.keeps_history else dates[-1:]
