"""The column mapping of the files connector: what the source calls our tables and columns.

A YAML file, read with `yaml.safe_load` and checked before any data is touched. A column that
already bears our name needs no entry. What it may say is `Mapping`; nothing else is accepted.
"""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path
from typing import Annotated

import yaml
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, model_validator

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


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Dialect(_Section):
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


class TableMapping(_Section):
    """One of our tables: its file, its columns (ours: theirs), and what is the same in every row.

    `values` translates the texts of a column, theirs: ours; what it does not list stays as it is.
    """

    file: Annotated[str, AfterValidator(_plain_file_name)]
    columns: dict[str, str] = {}
    constants: dict[str, bool | int | float | date | str] = {}
    values: dict[str, dict[str, str]] = {}
    dialect: Dialect | None = None


class Mapping(_Section):
    """The whole mapping: how files are written, and our tables by name."""

    dialect: Dialect = Dialect()
    tables: dict[str, TableMapping]

    @model_validator(mode="after")
    def _names_are_ours(self) -> Mapping:
        for name, table in self.tables.items():
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
        return self

    def dialect_of(self, table_name: str) -> Dialect:
        """Return how the file of one of our tables is written."""
        return self.tables[table_name].dialect or self.dialect


def read_mapping(path: Path) -> Mapping:
    """Read and check a mapping. Raises `SourceSettingsError` naming the entry and the repair."""
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise SourceSettingsError(
            f"the mapping {path} cannot be read ({error.strerror}); `stockplan init FOLDER` drafts one"
        ) from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise SourceSettingsError(f"the mapping {path} is not YAML: {error}") from error
    try:
        return Mapping.model_validate(content)
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
