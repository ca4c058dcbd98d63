"""The column mapping: what the source calls our tables and columns, and where its files are.

A YAML file, read within bounds and checked before any data is touched. A column that
already bears our name needs no entry. What it may say is `Mapping`; nothing else is accepted.
"""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path
from typing import Annotated, TypeVar

import yaml
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, model_validator

from orchestration.bounded_yaml import read_yaml
from orchestration.contracts.raw import RAW_BY_NAME
from orchestration.ims.connector import SourceSettingsError

_PLAIN_NAME = re.compile(r"[^./\\\x00-\x1f][^/\\\x00-\x1f]*\.(csv|parquet)", re.IGNORECASE)


def _plain_file_name(name: str) -> str:
    if not _PLAIN_NAME.fullmatch(name):
        raise ValueError(
            f"{name!r} is not a plain file name ending in .csv or .parquet; files lie directly in "
            "the folder of their business date"
        )
    return name


class Section(BaseModel):
    """A part of a mapping: it says what it may say, and nothing else."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Dialect(Section):
    """How the source writes text files.

    `date_format` and `timestamp_format` are strptime patterns; without one, ISO is expected.
    `missing_values` are texts that mean "no value", beside those that always do.
    """

    delimiter: str = Field(",", min_length=1, max_length=1)
    quote: str = Field('"', min_length=1, max_length=1)
    encoding: str = "utf-8"
    decimal: str = Field(".", min_length=1, max_length=1)
    thousands: str = Field("", max_length=1)
    date_format: str | None = None
    timestamp_format: str | None = None
    missing_values: tuple[str, ...] = ()


class ColumnMapping(Section):
    """The columns of one of our tables (ours: theirs), and what is the same in every row.

    `values` translates the texts of a column, theirs: ours; what it does not list stays as it is.
    """

    columns: dict[str, str] = {}
    constants: dict[str, bool | int | float | date | str] = {}
    values: dict[str, dict[str, str]] = {}


class TableMapping(ColumnMapping):
    """One of our tables in a file, and how that file is written where it differs from the others."""

    file: Annotated[str, AfterValidator(_plain_file_name)]
    dialect: Dialect | None = None


class Mapping(Section):
    """The whole mapping: how files are written, and our tables by name."""

    dialect: Dialect = Dialect()
    tables: dict[str, TableMapping]

    @model_validator(mode="after")
    def _names_are_ours(self) -> Mapping:
        check_names(self.tables)
        return self

    def dialect_of(self, table_name: str) -> Dialect:
        """Return how the file of one of our tables is written."""
        return self.tables[table_name].dialect or self.dialect


_Columns = TypeVar("_Columns", bound=ColumnMapping)
_Kind = TypeVar("_Kind", bound=Section)


def check_names(tables: dict[str, _Columns]) -> None:
    """Raise `ValueError` where a mapping names a table or column that is none of ours, or one twice."""
    for name, table in tables.items():
        if name not in RAW_BY_NAME:
            raise ValueError(f"there is no table {name!r}; tables are {', '.join(RAW_BY_NAME)}")
        known = set(RAW_BY_NAME[name].column_names)
        for kind, entries in (
            ("columns", table.columns),
            ("constants", table.constants),
            ("values", table.values),
        ):
            unknown = sorted(set(entries) - known)
            if unknown:
                raise ValueError(
                    f"tables.{name}.{kind}: {', '.join(unknown)} is no column of {name}; its "
                    f"columns are {', '.join(sorted(known))}"
                )
        both = sorted(set(table.columns) & set(table.constants))
        if both:
            raise ValueError(
                f"tables.{name}: {', '.join(both)} is mapped to a column and to a constant; keep one"
            )


def read_mapping(path: Path, kind: type[_Kind]) -> _Kind:
    """Read and check a source's mapping. Raises `SourceSettingsError` naming the entry and the repair."""
    try:
        content = read_yaml(path)
    except OSError as error:
        raise SourceSettingsError(
            f"the mapping {path} cannot be read ({error.strerror}); "
            "`stockplan init FOLDER`, or init --postgres of a database, drafts one"
        ) from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise SourceSettingsError(f"the mapping {path} is not YAML: {error}") from error
    try:
        return kind.model_validate(content)
    except ValidationError as error:
        entries = "\n".join(
            f"  {'.'.join(str(part) for part in one['loc']) or 'mapping'}: {one['msg']}"
            for one in error.errors()
        )
        raise SourceSettingsError(f"the mapping {path} needs repair:\n{entries}") from error


def same_names(extensions: dict[str, str]) -> Mapping:
    """Return the mapping of a source that uses our names: table -> `<table>.<extension>`."""
    return Mapping(
        tables={name: TableMapping(file=f"{name}.{extension}") for name, extension in extensions.items()}
    )
