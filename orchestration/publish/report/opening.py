"""The first screen: how many look, what waits, how the network does; each figure leads to its section."""

from __future__ import annotations

import pandas as pd

from orchestration.publish.reading import ReleaseReader
from orchestration.publish.report.blocks import Tile, say
from orchestration.publish.report.exceptions import VALUES, value_of
from orchestration.publish.report.indicators import kinds, network_rows
from orchestration.publish.report.scorecard import level_of

_SHOWN = (("unit_fill_rate", 30), ("stockout_rate", 30), ("inventory_investment", 0), ("days_supply", 30))


def opening_tiles(source: ReleaseReader) -> list[Tile]:
    """Return the figures of the first screen, those that the release can tell."""
    tiles = [*_exceptions(source), *_waiting(source), *_level(source), *_kpis(source)]
    for table, value, name in (
        ("replenishment_order", "order_value", "orders to place"),
        ("transfer_order", "net_gain", "transfers"),
    ):
        if source.has(table, value):
            sums = source.frame(table, [value])[value]
            told = "at cost" if value == "order_value" else "gained"
            tiles.append(
                Tile(name, f"{len(sums):,}", f"{say(float(sums.sum()), 'money')} {told}", link="plan")
            )
    return tiles + _late(source)


def _exceptions(source: ReleaseReader) -> list[Tile]:
    if not source.has("exception", "value_at_risk"):
        return []
    rows = source.frame("exception", ["attention", *VALUES])
    name = "exceptions"
    if "attention" in rows:
        rows, name = rows[rows["attention"] == "look"], "exceptions to look at"
    value = say(float(value_of(rows).sum()), "money")
    return [Tile(name, f"{len(rows):,}", f"{value} at risk", "bad" if len(rows) else "good", "exceptions")]


def _waiting(source: ReleaseReader) -> list[Tile]:
    if not source.has("policy_change", "change_state", "change_value", "change_id"):
        return []
    rows = source.frame("policy_change", ["change_state", "change_value"])
    rows = rows[rows["change_state"] == "proposed"]
    value = say(float(rows["change_value"].abs().sum()), "money")
    tone = "warn" if len(rows) else "good"
    return [Tile("changes waiting", f"{len(rows):,}", f"{value} of stock moved", tone, "changes")]  # type: ignore[arg-type]


def _level(source: ReleaseReader) -> list[Tile]:
    level = level_of(source)
    return [] if level is None else [Tile("scorecard", f"level {level}", "of 3", link="scorecard")]


def _kpis(source: ReleaseReader) -> list[Tile]:
    rows = network_rows(source)
    if rows.empty:
        return []
    known = kinds(source)
    tiles: list[Tile] = []
    for name, days in _SHOWN:
        own = rows[(rows["kpi"] == name) & (rows["period"] == "rolling")]
        values = dict(zip(own["window_days"], own["value"], strict=True))
        value = values.get(days)
        if value is None or pd.isna(value):
            continue
        year = values.get(365)
        detail = "today" if days == 0 else f"{days} days"
        if year is not None and not pd.isna(year):
            detail += f"; {say(float(year), known[name].unit)} in 365"
        tiles.append(Tile(known[name].title, say(float(value), known[name].unit), detail, link="kpis"))
    return tiles


def _late(source: ReleaseReader) -> list[Tile]:
    if not source.has("mto_order_status", "delay_status"):
        return []
    states = source.frame("mto_order_status", ["delay_status"])["delay_status"]
    late, risk = int((states == "late").sum()), int((states == "at_risk").sum())
    tone = "bad" if late else "warn" if risk else "good"
    return [Tile("late built to order", f"{late:,}", f"{risk:,} more at risk", tone, "late")]  # type: ignore[arg-type]
