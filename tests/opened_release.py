"""A release whose tables hold every published column, with hostile text in each that holds text.

Columns and types come from the statements of the published models, so that a new table or column is
planted here on the day it is published.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from datetime import date, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import pyarrow as pa
import yaml

from orchestration.lake.parquet import write_arrow, write_json, write_text
from orchestration.lake.paths import Lake
from orchestration.publish.shelf import Release, newest_of, pointer_file
from orchestration.settings import PROJECT_ROOT

AS_OF = date(2024, 1, 31)
RELEASE_ID = "2024-01-31-1-0123abcd"
HOSTILE = (
    "=cmd|' /C calc'!A0",
    "+1+1",
    "-2+3",
    "@SUM(1+1)",
    "<script>alert(1)</script>",
    "</script><img src=x onerror=alert(1)>",
    "{{ 7*7 }} ${7*7} \"quoted\" 'single' & <b>",
    "Größe – 駆動 – عربى – 🚗",
    '=HYPERLINK("http://evil.example","click")',
    "</style><style>*{display:none}",
    "http://evil.example/a?b=1",
    "long " * 200,
)
ROWS = len(HOSTILE)
_KINDS = {
    "varchar": pa.string(), "double": pa.float64(), "bigint": pa.int64(), "integer": pa.int64(),
    "boolean": pa.bool_(), "date": pa.date32(), "timestamp": pa.timestamp("us"),
}  # fmt: skip
# Words from closed lists, without which a table would show nothing.
_WORDS: Mapping[str, tuple[str, ...]] = {
    "attention": ("look", "watch", "handled"),
    "change_state": ("proposed", "approved", "auto_approved"),
    "scope_type": ("network",),
    "period": ("month", "rolling"),
    "kpi": ("unit_fill_rate",),
    "delay_status": ("late", "at_risk"),
    "breakdown": ("all",),
    "target_basis": ("nominal",),
    "policy_method": ("current_plan", *HOSTILE),
    "section": ("exception", "resolved", "kpi"),
    "area": ("1", "*"),
    "plan_level": ("network",),
    "demand_scenario": ("two_stage", "p50"),
    "status": ("yes", "no", "not_evidenced"),
    "policy_number": ("reorder_point",),
}
_SHARED = ("item_id", "location_id")


@cache
def published_columns() -> dict[str, dict[str, tuple[str, str]]]:
    """Return {table: {column: (data type, description)}} of all published models."""
    found: dict[str, dict[str, tuple[str, str]]] = {}
    for path in sorted((PROJECT_ROOT / "dbt_project" / "models" / "published").glob("*.yml")):
        content = yaml.load(path.read_text(encoding="utf-8"), Loader=yaml.CSafeLoader)
        for model in content.get("models", []):
            found[model["name"]] = {
                column["name"]: (str(column["data_type"]), str(column.get("description", "")))
                for column in model["columns"]
            }
    return found


def hostile_table(name: str) -> pa.Table:
    """Return a table with the columns of the published one and `ROWS` rows; every column has a null."""
    columns: dict[str, pa.Array] = {
        "release_id": pa.array([RELEASE_ID] * ROWS),
        "as_of": pa.array([AS_OF] * ROWS, pa.date32()),
    }
    for place, (column, (kind, _)) in enumerate(published_columns()[name].items()):
        if column != "as_of":
            values = [_value(column, kind, place, row) for row in range(ROWS)]
            columns[column] = pa.array(values, _KINDS[kind])
    return pa.table(columns)


def _value(column: str, kind: str, place: int, row: int) -> Any:
    if column in _SHARED:
        return HOSTILE[(row + _SHARED.index(column)) % ROWS]
    if kind == "varchar" and (column == "segment_id" or column in _WORDS):
        words = _WORDS.get(column, ("*",))
        return words[row % len(words)]
    if row == (place + 3) % ROWS and kind != "bigint":
        return None
    match kind:
        case "varchar":
            return HOSTILE[(row + place) % ROWS]
        case "boolean":
            return row % 2 == 0
        case "date":
            return AS_OF + timedelta(days=7 * row)
        case "timestamp":
            return datetime(2024, 1, 31, 8) + timedelta(hours=row)
        case "double":
            return (-1.0) ** row * (0.5 + row / 16)
        case _:
            return row if column != "window_days" else (30, 90, 365)[row % 3]


def dictionary_table() -> pa.Table:
    """Return a data dictionary of the published columns, formulas and owners hostile."""
    rows = []
    for table, columns in published_columns().items():
        for place, (column, (kind, said)) in enumerate(columns.items()):
            unit = re.search(r" \[([^\]]*)\]$", said)
            rows.append(
                {
                    "release_id": RELEASE_ID, "as_of": AS_OF, "layer": "published", "table_name": table,
                    "column_name": column, "data_type": kind, "unit": unit[1] if unit else None,
                    "description": said, "formula": HOSTILE[place % ROWS],
                    "owner": HOSTILE[(place + 5) % ROWS],
                }
            )  # fmt: skip
    return pa.Table.from_pylist(rows)


def make_release(lake: Lake, only: Collection[str] | None = None, is_current: bool = True) -> Release:
    """Write the release into the lake, with these tables or all of them, and read it back."""
    names = sorted(published_columns()) if only is None else sorted(only)
    folder = lake.releases_dir / RELEASE_ID
    tables = dict(_tables(names))
    for name, table in tables.items():
        write_arrow(table, folder / "tables" / f"{name}.parquet")
    write_json(
        {
            "release_id": RELEASE_ID,
            "as_of": AS_OF.isoformat(),
            "content_hash": "0123abcd" * 8,
            "snapshots": [],
            "earlier_releases": [],
            "tables": {
                name: {"file": f"tables/{name}.parquet", "rows": table.num_rows, "logical_hash": ""}
                for name, table in tables.items()
            },
        },
        folder / "manifest.json",
    )
    if is_current:
        write_text(RELEASE_ID + "\n", pointer_file(lake))
    found = newest_of(lake, AS_OF)
    assert found is not None
    return found


def _tables(names: Collection[str]) -> Iterator[tuple[str, pa.Table]]:
    for name in names:
        yield name, hostile_table(name)
    if names:
        yield "data_dictionary", dictionary_table()


def lake_at(folder: Path) -> Lake:
    """Return a lake with the folders that a release needs."""
    lake = Lake(folder)
    lake.releases_dir.mkdir(parents=True)
    return lake
