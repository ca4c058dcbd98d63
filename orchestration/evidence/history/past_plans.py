"""What frozen releases planned for the time that has passed since: the planned side of `plan_vs_actual`.

Each release is read as it was published; nothing is computed again. Only releases of exactly
`WINDOWS_WEEKS` ago are read, so that what was planned and what came cover the same days.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from optimization.contracts.history_tables import PAST_PLAN
from orchestration.contracts.arrow import arrow_schema
from orchestration.publish.shelf import Release

WINDOWS_WEEKS = (4, 13)
_PLACE = ["item_id", "location_id"]


def past_plan(frozen: Mapping[int, Release]) -> pa.Table:
    """Return `past__plan` from the releases of so many weeks ago, those there are.

    A release that lacks a table or a column of it planned nothing of that kind.
    """
    parts = [
        planned.assign(release_id=release.release_id, release_as_of=release.as_of, window_weeks=weeks)
        for weeks, release in sorted(frozen.items())
        if weeks in WINDOWS_WEEKS
        for planned in _planned(release, weeks)
    ]
    schema = arrow_schema(PAST_PLAN)
    if not parts:
        return schema.empty_table()
    rows = pd.concat(parts, ignore_index=True).sort_values(list(PAST_PLAN.key), kind="stable")
    return pa.Table.from_pandas(rows.reindex(columns=schema.names), schema=schema, preserve_index=False)


def _planned(release: Release, weeks: int) -> list[pd.DataFrame]:
    """Return units per kind of plan and item-location over the `weeks` after the release."""
    end = release.as_of + timedelta(weeks=weeks)
    forecast = _read(release, "forecast", "horizon_weeks", "mean_units")
    expected = _summed(forecast[forecast["horizon_weeks"] <= weeks], "mean_units", "forecast")
    policy = _read(release, "policy", "expected_fill_rate", "expected_stock_units")
    stock = _summed(policy.dropna(subset=["expected_stock_units"]), "expected_stock_units", "stock")
    # Filled is what is expected, times the share of it that the policy fills.
    filled = policy.dropna(subset=["expected_fill_rate"]).merge(expected, on=_PLACE)
    service = pd.DataFrame(
        {
            "item_id": filled["item_id"],
            "location_id": filled["location_id"],
            "planned_units": filled["planned_units"] * filled["expected_fill_rate"],
            "planned_base_units": filled["planned_units"],
            "plan_kind": "policy_service",
        }
    )
    orders = _due(_read(release, "replenishment_order", "need_date", "replenish_units"), "need_date", end)
    moves = _read(release, "transfer_order", "need_date", "transfer_units", place="to_location_id")
    supply = _due(_read(release, "supply_expectation", "expected_date", "open_units"), "expected_date", end)
    return [
        expected,
        service,
        stock,
        _summed(orders, "replenish_units", "replenishment"),
        _summed(_due(moves, "need_date", end), "transfer_units", "transfer"),
        _summed(supply, "open_units", "receipt"),
    ]


def _read(release: Release, table: str, *columns: str, place: str = "location_id") -> pd.DataFrame:
    wanted = ["item_id", place, *columns]
    empty = pd.DataFrame({name: [] for name in wanted})
    if table in release.tables:
        file = pq.ParquetFile(release.table(table))
        if set(wanted) <= set(file.schema_arrow.names):
            rows: pd.DataFrame = file.read(columns=wanted).to_pandas()
            return rows.rename(columns={place: "location_id"})
    return empty.rename(columns={place: "location_id"})


def _due(rows: pd.DataFrame, column: str, end: date) -> pd.DataFrame:
    """Keep what is due by `end`; what was overdue already is due as well."""
    due: pd.DataFrame = rows[rows[column].notna() & (rows[column] <= end)] if len(rows) else rows
    return due


def _summed(rows: pd.DataFrame, column: str, plan_kind: str) -> pd.DataFrame:
    summed = rows.groupby(_PLACE, sort=True)[[column]].sum().reset_index()
    return summed.rename(columns={column: "planned_units"}).assign(
        planned_base_units=float("nan"), plan_kind=plan_kind
    )
