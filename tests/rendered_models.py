"""SQL of dbt models as text, for tests that run many variants of their inputs in one database.

Only what such models use is known here: `ref` is the model's plain name, `var` the project's value, and
the macros are those of the files named. Whatever needs a connection while it is rendered is not for this.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import duckdb
import jinja2
import pyarrow as pa
import yaml

from optimization.contracts.table import Table
from orchestration.contracts.arrow import DUCKDB_TYPES

PROJECT = Path(__file__).resolve().parents[1] / "dbt_project"
_VARS = yaml.safe_load((PROJECT / "dbt_project.yml").read_text(encoding="utf-8"))["vars"]


def model_file(name: str, suffix: str = ".sql") -> Path:
    """Return the file of a model. Raises `ValueError` unless there is exactly one."""
    (found,) = (PROJECT / "models").rglob(f"{name}{suffix}")
    return found


def rendered(name: str, macros: Iterable[str]) -> str:
    """Return the model's SQL with plain table names."""
    return rendered_text(model_file(name).read_text(encoding="utf-8"), macros)


def rendered_text(text: str, macros: Iterable[str]) -> str:
    """Return SQL with its macros, models and variables put in."""
    environment = jinja2.Environment(autoescape=False)  # noqa: S701 - SQL, not HTML
    known = "".join((PROJECT / "macros" / f"{macro}.sql").read_text(encoding="utf-8") for macro in macros)
    return environment.from_string(known + text).render(
        ref=lambda model: model, var=lambda variable: _VARS[variable]
    )


def published_types(name: str) -> dict[str, str]:
    """Return the columns of a published table with their types, as its contract states them."""
    content = yaml.safe_load(model_file(name, ".yml").read_text(encoding="utf-8"))
    (model,) = (one for one in content["models"] if one["name"] == name)
    return {column["name"]: column["data_type"] for column in model["columns"]}


def border_types(table: Table) -> dict[str, str]:
    """Return the columns of a border table with their types."""
    return {column.name: DUCKDB_TYPES[column.kind] for column in table.columns}


def create(
    database: duckdb.DuckDBPyConnection, name: str, types: dict[str, str], rows: list[dict[str, Any]]
) -> None:
    """Create a table of these columns and rows; what a row does not name is null."""
    columns = ", ".join(f"{column} {kind}" for column, kind in types.items())
    database.execute(f"create or replace table {name} ({columns})")
    if rows:
        unknown = {column for row in rows for column in row} - set(types)
        if unknown:
            raise KeyError(f"{name} has no columns {', '.join(sorted(unknown))}")
        held = pa.Table.from_pylist([{column: row.get(column) for column in types} for row in rows])
        database.execute(f"insert into {name} select * from held")
        del held
