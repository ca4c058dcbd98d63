"""From a stated sheet and a release to the rows and columns that are shown.

Two columns are made here for people: the drivers of a policy change in words, and the unit of a KPI.
"""

from __future__ import annotations

from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from orchestration.publish.reading import Meaning, ReleaseReader
from orchestration.publish.workbook.sheets import NETWORK_FIRST, Sheet

# They are the same on every row and stand in the first line of the sheet.
_SAID_ONCE = ("release_id", "as_of")
_MADE = {
    ("policy_change", "drivers"): Meaning(
        data_type="varchar",
        description="What drove the change of the reorder point, most first; every part is in change_drivers",
        owner="planning",
    ),
    ("kpi", "unit"): Meaning(
        data_type="varchar", description="Unit of the KPI, from kpi_catalogue", owner="planning"
    ),
}


@dataclass(frozen=True)
class Absent:
    """A sheet that the release cannot fill, and why."""

    sheet: Sheet
    why: str


@dataclass(frozen=True)
class Shown:
    """A sheet with its rows; `cut` tells what a longer table has beside them."""

    sheet: Sheet
    rows: pa.Table
    cut: str = ""

    def meaning(self, source: ReleaseReader, column: str) -> Meaning:
        """Return what a shown column means, made ones included."""
        return _MADE.get((self.sheet.table, column)) or source.meaning(self.sheet.table, column)


def shown_rows(sheet: Sheet, source: ReleaseReader, most_rows: int) -> Shown | Absent:
    """Return the rows of `sheet` in order, those with most value where there are more than `most_rows`."""
    if not source.has(sheet.table):
        return Absent(sheet, f"this release has no table {sheet.table}")
    if not source.has(sheet.table, *sheet.needs):
        return Absent(sheet, f"{sheet.table} of this release has no {', '.join(sheet.needs)}")
    most_rows = min(most_rows, sheet.most_rows or most_rows)
    rows = source.arrow(sheet.table, sheet.columns or None)
    rows = rows.drop_columns([name for name in _SAID_ONCE if name in rows.column_names])
    if sheet.only is not None:
        rows = sheet.only(rows)
    rows = _with_made(sheet, rows, source)
    count = rows.num_rows
    if count > most_rows and sheet.value in rows.column_names:
        size = pc.fill_null(pc.abs(rows[sheet.value]), -1)
        order = [("~size", "descending"), ("~row", "ascending")]
        marked = rows.append_column("~size", size).append_column("~row", pa.array(range(count)))
        rows = marked.sort_by(order).slice(0, most_rows).drop_columns(["~size", "~row"])
    order = [part for part in sheet.order if part[0] in rows.column_names]
    rows = (rows.sort_by(order) if order else rows).slice(0, most_rows)
    wanted = sheet.columns or tuple(rows.column_names)
    rows = rows.select([name for name in wanted if name in rows.column_names])
    return Shown(sheet, rows, _cut(sheet, count, rows.num_rows))


def _cut(sheet: Sheet, count: int, kept: int) -> str:
    if count <= kept:
        return ""
    chosen = f"those with most {sheet.value.replace('_', ' ')}" if sheet.value else "the first"
    return f" Only {kept:,} of {count:,} rows, {chosen}; all of them: stockplan show {sheet.table}."


def _with_made(sheet: Sheet, rows: pa.Table, source: ReleaseReader) -> pa.Table:
    if sheet.table == "policy_change" and "drivers" in sheet.columns:
        return _with_drivers(rows, source)
    if sheet.table == "kpi" and source.has("kpi_catalogue", "kpi", "unit"):
        units = source.arrow("kpi_catalogue", ["kpi", "unit"])
        known = dict(zip(units["kpi"].to_pylist(), units["unit"].to_pylist(), strict=True))
        found = [known.get(name) for name in rows["kpi"].to_pylist()]
        rows = rows.append_column("unit", pa.array(found, pa.string()))
    if sheet.table == "kpi" and "scope_type" in rows.column_names:
        rows = rows.append_column(NETWORK_FIRST, pc.not_equal(rows["scope_type"], "network"))
    return rows


def _with_drivers(rows: pa.Table, source: ReleaseReader) -> pa.Table:
    """Put the drivers of the reorder point of each change into words."""
    if not source.has("policy_reason", "item_id", "location_id", "policy_number", "driver", "driver_units"):
        return rows
    parts = source.arrow(
        "policy_reason", ["item_id", "location_id", "policy_number", "driver", "driver_units", "driver_rank"]
    )
    parts = parts.filter(pc.equal(parts["policy_number"], "reorder_point"))
    parts = parts.sort_by([("driver_rank", "ascending")]) if "driver_rank" in parts.column_names else parts
    told: dict[tuple[str, str], list[str]] = {}
    for part in parts.to_pylist():
        if part["driver_units"]:
            words = f"{str(part['driver']).replace('_', ' ')} {part['driver_units']:+,.2f}"
            told.setdefault((part["item_id"], part["location_id"]), []).append(words)
    keys = zip(rows["item_id"].to_pylist(), rows["location_id"].to_pylist(), strict=True)
    said = ["; ".join(told[key]) if key in told else None for key in keys]
    return rows.append_column("drivers", pa.array(said, pa.string()))
