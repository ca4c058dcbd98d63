"""The KPI models' own SQL, run on additive measures that a test makes up; no dbt is started."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from typing import Any

import duckdb

from tests.rendered_models import PROJECT, create, model_file, rendered

_MACROS = ("types", "share_of", "kpi")
_KEYS = {
    "scope_type": "varchar",
    "scope_id": "varchar",
    "period": "varchar",
    "window_days": "integer",
    "period_end_date": "date",
}
# What every row has that does not say otherwise.
USUAL = {"scope_type": "network", "scope_id": "*", "period": "rolling", "window_days": 365}


@cache
def source_of(model: str) -> str | None:
    """Return the one table of measures that a KPI model reads; None where it reads several."""
    read = set(re.findall(r"ref\('(\w+)'\)", model_file(model).read_text(encoding="utf-8")))
    return read.pop() if len(read) == 1 else None


def kpi_models() -> list[str]:
    """Return every KPI model, by name."""
    return sorted(file.stem for file in (PROJECT / "models" / "marts").glob("kpi*/kpi_*.sql"))


@cache
def _database() -> duckdb.DuckDBPyConnection:
    """One database for every call: opening one takes longer than all that is done in it."""
    return duckdb.connect(config={"threads": 1})


@cache
def _sql(model: str) -> str:
    return rendered(model, _MACROS)


@cache
def measures_of(model: str) -> tuple[str, ...]:
    """Return the measures that a KPI model reads, without the keys of its rows."""
    sql = _sql(model)
    named = re.findall(r"measures\.(\w+)", sql)
    if "latest as (" in sql:
        named += re.findall(r"^ {8}(\w+_now),?$", sql, flags=re.MULTILINE)
    return tuple(dict.fromkeys(name for name in named if name not in _KEYS))


def kpi_rows(model: str, rows: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return the rows of a KPI model over measures; what a row does not name is null, keys are as usual."""
    source = source_of(model)
    if source is None:
        raise ValueError(f"{model} reads more than one table of measures")
    types = _KEYS | {name: "boolean" if name.startswith("is_") else "double" for name in measures_of(model)}
    known = [{name: value for name, value in (USUAL | dict(row)).items() if name in types} for row in rows]
    create(_database(), source, types, known)
    found = _database().execute(_sql(model))
    names = [column[0] for column in found.description or ()]
    return [dict(zip(names, row, strict=True)) for row in found.fetchall()]


def kpi_values(models: Iterable[str], **measures: Any) -> dict[str, float | None]:
    """Return every KPI of the models over one row of measures."""
    return {row["kpi"]: row["value"] for model in models for row in kpi_rows(model, [measures])}
