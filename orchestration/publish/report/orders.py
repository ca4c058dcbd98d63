"""What to do today and what runs late: orders and transfers to release, promises, orders built to order."""

from __future__ import annotations

import pandas as pd

from orchestration.publish.reading import ReleaseReader
from orchestration.publish.report.blocks import Block, Grid, Section, Tile, Tiles, say, words
from orchestration.publish.report.grids import published_grid

_STATUS = "mto_order_status"
_LATE = (
    "order_id",
    "delay_status",
    "delay_days",
    "delay_cause",
    "model",
    "location_id",
    "quoted_price",
    "at_risk_probability",
    "current_promise_date",
    "predicted_p50_date",
    "predicted_p90_date",
)
_ORDER = (
    "item_id",
    "location_id",
    "supplier_name",
    "replenish_units",
    "order_value",
    "need_date",
    "reason_code",
)
_TRANSFER = (
    "item_id",
    "from_location_id",
    "to_location_id",
    "transfer_units",
    "transfer_cost",
    "net_gain",
    "need_date",
)
_SHOWN, _LATE_SHOWN = 10, 20


def plan_section(source: ReleaseReader) -> Section:
    """Return the section of today's orders and transfers."""
    name, title, lead = "plan", "Today's plan", "What to order and what to move, most worth first."
    blocks: list[Block] = []
    for table, value, columns, told in (
        ("replenishment_order", "order_value", _ORDER, "Orders to place"),
        ("transfer_order", "net_gain", _TRANSFER, "Transfers"),
    ):
        if not source.has(table, value):
            continue
        rows = source.frame(table).sort_values([value, f"{table}_id"], ascending=[False, True])
        if len(rows):
            shown = f"{told}: the first {min(_SHOWN, len(rows))} of {len(rows):,}"
            blocks.append(Grid(shown, published_grid(source, table, rows, f"plan-{table}", columns, _SHOWN)))
    if not blocks:
        return Section(name, title, lead, missing="Today's plan orders nothing and moves nothing.")
    return Section(name, title, lead, blocks)


def late_section(source: ReleaseReader) -> Section:
    """Return the section of orders built to order that run late or may."""
    name, title = "late", "Made to order: late and at risk"
    lead = "Orders built for a customer, held against what the customer was told."
    if not source.has(_STATUS, "delay_status", "order_id", "quoted_price"):
        return Section(name, title, lead, missing=f"This release has no table {_STATUS}.")
    rows = source.frame(_STATUS)
    tiles = [
        _count(rows[rows["delay_status"] == "late"], "late", "bad"),
        _count(rows[rows["delay_status"] == "at_risk"], "at risk", "warn"),
    ]
    tiles += [
        _count(rows[rows[flag].eq(True)], told, "warn")
        for flag, told in (("is_stuck", "stuck"), ("is_silent", "silent"), ("is_blocked", "blocked"))
        if flag in rows
    ]
    late = rows[rows["delay_status"].isin(["late", "at_risk"])]
    late = late.sort_values(
        ["delay_status", "quoted_price", "order_id"], ascending=[False, False, True], kind="stable"
    )
    blocks: list[Block] = [Tiles(tiles)]
    if len(late):
        late = late.assign(delay_cause=pd.Series(_causes(source, late), index=late.index, dtype=object))
        shown = f"The first {min(_LATE_SHOWN, len(late))} of {len(late):,}"
        html = published_grid(source, _STATUS, late, "late-orders", _LATE, _LATE_SHOWN)
        blocks.append(Grid(shown, html, "All of them: sheet late_orders of the workbook."))
    return Section(name, title, lead, blocks)


def _causes(source: ReleaseReader, late: pd.DataFrame) -> list[str | None]:
    """Why an order is late, in words: the stage by its name, not by its number."""
    stages: dict[str, str] = {}
    if source.has("mto_milestone", "milestone_code", "milestone_name"):
        rows = source.frame("mto_milestone", ["milestone_code", "milestone_name"]).dropna().drop_duplicates()
        stages = dict(zip(rows["milestone_code"], rows["milestone_name"], strict=True))
    told: list[str | None] = []
    for cause in late.get("delay_cause", pd.Series([None] * len(late))):
        if not isinstance(cause, str):
            told.append(None)
        elif cause in stages:
            told.append(f"waits for: {stages[cause]}")
        else:
            told.append(words(cause) if cause.isalpha() else f"quality event {cause}")
    return told


def _count(rows: pd.DataFrame, told: str, tone: str) -> Tile:
    value = say(float(rows["quoted_price"].fillna(0.0).sum()), "money")
    return Tile(told, f"{len(rows):,}", f"{value} at quoted price", tone if len(rows) else "good")  # type: ignore[arg-type]
