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
# {table: the column that says what a row is of}
_LEVELS = {"kpi": "scope_type", "scenario_frontier": "scope_type", "annual_plan": "plan_level"}
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
    rows = with_made(sheet, rows, source)
    count = rows.num_rows
    if count > most_rows and sheet.value in rows.column_names:
        size = pc.fill_null(pc.abs(rows[sheet.value]), -1)
        order = [("~size", "descending"), ("~row", "ascending")]
        marked = rows.append_column("~size", size).append_column("~row", pa.array(range(count)))
        rows = marked.sort_by(order).slice(0, most_rows).drop_columns(["~size", "~row"])
    order = [part for part in sheet.order if part[0] in rows.column_names]
    rows = (rows.sort_by(order) if order else rows).slice(0, most_rows)
    wanted = sheet.columns or tuple(name for name in rows.column_names if name != NETWORK_FIRST)
    rows = rows.select([name for name in wanted if name in rows.column_names])
    return Shown(sheet, rows, _cut(sheet, count, rows.num_rows))


def _cut(sheet: Sheet, count: int, kept: int) -> str:
    if count <= kept:
        return ""
    chosen = f"those with most {sheet.value.replace('_', ' ')}" if sheet.value else "the first"
    return f" Only {kept:,} of {count:,} rows, {chosen}; all of them: stockplan show {sheet.table}."


def with_made(sheet: Sheet, rows: pa.Table, source: ReleaseReader) -> pa.Table:
    """Return the rows with the columns that are made here for the sheet."""
    if sheet.table == "policy_change" and "drivers" in sheet.columns:
        return _with_drivers(rows, source)
    if sheet.table == "kpi" and source.has("kpi_catalogue", "kpi", "unit"):
        units = source.arrow("kpi_catalogue", ["kpi", "unit"])
        known = dict(zip(units["kpi"].to_pylist(), units["unit"].to_pylist(), strict=True))
        found = [known.get(name) for name in rows["kpi"].to_pylist()]
        rows = rows.append_column("unit", pa.array(found, pa.string()))
    if sheet.table == "weekly_review" and source.has("kpi_catalogue", "kpi", "unit"):
        rows = _with_kpi_units(rows, source)
    level = _LEVELS.get(sheet.table)
    if level in rows.column_names:
        rows = rows.append_column(NETWORK_FIRST, pc.not_equal(rows[level], "network"))
    return rows


def _with_kpi_units(rows: pa.Table, source: ReleaseReader) -> pa.Table:
    """A line on a KPI has its KPI's unit: its subject begins with the KPI's name."""
    if not {"section", "subject", "figure_unit"} <= set(rows.column_names):
        return rows
    units = source.arrow("kpi_catalogue", ["kpi", "unit"])
    known = dict(zip(units["kpi"].to_pylist(), units["unit"].to_pylist(), strict=True))
    told = [
        known.get(str(subject).partition(" of ")[0], unit) if section == "kpi" else unit
        for section, subject, unit in zip(
            *(rows[name].to_pylist() for name in ("section", "subject", "figure_unit")), strict=True
        )
    ]
    place = rows.column_names.index("figure_unit")
    return rows.set_column(place, "figure_unit", pa.array(told, pa.string()))


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
