"""Demand with its band, and the stock it meets: the item-locations of the first exceptions."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import date, timedelta

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from orchestration.publish.reading import ReleaseReader
from orchestration.publish.report.blocks import Block, Chart, Section, Text, say, words
from orchestration.publish.report.exceptions import first_of_each_kind, open_exceptions
from orchestration.publish.report.pictures import BLUE, FAINT, INK, ORANGE, spec_of

_NAME, _TITLE, _SHOWN, _OF_A_KIND = "demand", "Demand, position and reorder point", 6, 2
# Exceptions that such a picture explains; others stand here only where there are none of these.
_EXPLAINED = (
    "stock_out", "stockout", "unmet_need", "segment_unmet", "overdue_supply", "excess", "over_promised",
    "forecast_drift", "promise_broken",
)  # fmt: skip
_PAIR, _WEEK_DAYS = ["item_id", "location_id"], 7
_LINES = ("expected stock", "weekly demand", "reorder point", "order-up-to level")
# {table: (date, units, sign, column that names the place)}: what today's release lets stock come and go by
_FLOWS = (
    ("supply_expectation", "expected_p50_date", "open_units", 1.0, "location_id"),
    ("replenishment_order", "need_date", "replenish_units", 1.0, "location_id"),
    ("transfer_order", "need_date", "transfer_units", 1.0, "to_location_id"),
    ("transfer_order", "release_date", "transfer_units", -1.0, "from_location_id"),
)


@dataclass(frozen=True)
class _Pair:
    item_id: str
    location_id: str
    why: str


def demand_section(source: ReleaseReader) -> Section:
    """Return the section of demand bands."""
    lead = "The item-locations of the first exceptions that have a forecast: what will go, and what is there."
    if not source.has("forecast", "q50_units", "q80_units", "q95_units"):
        return Section(_NAME, _TITLE, lead, missing="This release has no table forecast.")
    if not source.has("inventory_position", "on_hand_units", "reorder_point_units"):
        return Section(_NAME, _TITLE, lead, missing="This release has no table inventory_position.")
    chosen = _chosen(source)
    if not chosen:
        return Section(_NAME, _TITLE, lead, missing="No exception of today is about an item with a forecast.")
    blocks: list[Block] = [
        Text(
            "Shaded: demand that a week exceeds 1 time in 2 (lower edge), in 5 (dark) and in 20 (light). "
            "Expected stock: on hand less backorders, plus open supply and today's orders and transfers when "
            "they are due, less expected demand; drawn over lead time and review, as far as no later order "
            "can come. Below zero is a shortage. The reorder point is held against the position (on hand and "
            "on order less backorders)."
        )
    ]
    blocks += [_picture(source, pair, number) for number, pair in enumerate(chosen, start=1)]
    return Section(_NAME, _TITLE, lead, blocks)


def _chosen(source: ReleaseReader) -> list[_Pair]:
    """The first exceptions that have a forecast, each item-location once."""
    rows = open_exceptions(source)
    if not set(_PAIR) <= set(rows.columns):
        return []
    if "attention" not in rows and "value_at_risk" in rows:
        rows = rows.sort_values("value_at_risk", ascending=False, kind="stable")
    rows = rows.dropna(subset=_PAIR).drop_duplicates(_PAIR)
    forecast = source.arrow("forecast", _PAIR).group_by(_PAIR).aggregate([]).to_pandas()
    known = set(zip(forecast["item_id"], forecast["location_id"], strict=True))
    rows = rows[[pair in known for pair in zip(rows["item_id"], rows["location_id"], strict=True)]]
    explained = rows[rows["exception_type"].isin(_EXPLAINED)]
    first = first_of_each_kind(explained, _OF_A_KIND)
    left = [part.drop(first.index, errors="ignore") for part in (explained, rows)]
    chosen = pd.concat([first, *left])
    chosen = chosen[~chosen.index.duplicated()].head(_SHOWN)
    return [
        _Pair(str(row.item_id), str(row.location_id), words(str(row.exception_type)))
        for row in chosen.itertuples()
    ]


def _picture(source: ReleaseReader, pair: _Pair, number: int) -> Chart:
    import altair as alt

    weeks = _of(source, "forecast", pair).sort_values("bucket_start_date", ignore_index=True)
    place = _of(source, "inventory_position", pair).iloc[0]
    stock = _expected_stock(source, pair, place, weeks)
    band = pd.DataFrame({"day": _iso(weeks["bucket_start_date"])})
    for name in ("q50_units", "q80_units", "q95_units"):
        band[name[:3]] = weeks[name].astype(float).to_numpy()
    lines = pd.concat(
        [
            pd.DataFrame({"day": stock["day"], "units": stock["units"], "line": _LINES[0]}),
            pd.DataFrame({"day": band["day"], "units": weeks["mean_units"].astype(float), "line": _LINES[1]}),
            *(
                pd.DataFrame({"day": band["day"], "units": float(place[column]), "line": line})
                for line, column in zip(_LINES[2:], ("reorder_point_units", "order_up_to_units"), strict=True)
                if pd.notna(place.get(column))
            ),
        ]
    )
    time = alt.X("day:T", title=None, axis=alt.Axis(format="%d %b", tickCount=5, grid=False))
    legend = alt.Legend(title=None, columns=2, labelLimit=200)
    colours = alt.Scale(domain=list(_LINES), range=[ORANGE, BLUE, INK, FAINT])
    dashes = alt.Scale(domain=list(_LINES), range=[[1, 0], [1, 0], [6, 4], [2, 3]])
    base = alt.Chart(band).encode(x=time)
    dark = base.mark_area(color=BLUE, opacity=0.35, interpolate="step-after").encode(y="q50:Q", y2="q80:Q")
    light = base.mark_area(color=BLUE, opacity=0.16, interpolate="step-after").encode(y="q80:Q", y2="q95:Q")
    drawn = (
        alt.Chart(lines)
        .mark_line(strokeWidth=2)
        .encode(
            x=time,
            y=alt.Y("units:Q", title="units", axis=alt.Axis(tickCount=5)),
            color=alt.Color("line:N", scale=colours, legend=legend),
            strokeDash=alt.StrokeDash("line:N", scale=dashes, legend=legend),
            tooltip=[
                "line:N",
                alt.Tooltip("day:T", format="%Y-%m-%d"),
                alt.Tooltip("units:Q", format=",.1f"),
            ],
        )
    )
    chart = alt.layer(light, dark, drawn).properties(width="container", height=220)
    position = say(_number(place.get("inventory_position_units")))
    reorder, up_to = say(_number(place["reorder_point_units"])), say(_number(place.get("order_up_to_units")))
    short = next((day for day, units in zip(stock["day"], stock["units"], strict=True) if units < 0), None)
    told = (
        f"{pair.item_id} at {pair.location_id}: on hand {say(_number(place['on_hand_units']))}, position "
        f"{position}, reorder point {reorder}, order-up-to level {up_to}. Expected demand "
        f"{say(float(weeks['mean_units'].sum()))} units over {len(weeks)} weeks. "
        + (
            f"Expected stock falls below zero by {short}."
            if short
            else "Expected stock stays at or above zero."
        )
    )
    title = f"{pair.item_id} at {pair.location_id}: {pair.why}; position {position}, reorder point {reorder}"
    return Chart(f"demand-{number}", title, told, spec_of(chart), True)


def _expected_stock(
    source: ReleaseReader, pair: _Pair, place: pd.Series, weeks: pd.DataFrame
) -> pd.DataFrame:
    """Stock on the business date and at the end of each week that a later order cannot change."""
    days = _protection_days(source, pair)
    as_of = source.release.as_of
    ends = [day + timedelta(days=_WEEK_DAYS) for day in map(_day, weeks["bucket_start_date"])]
    level = float(place["on_hand_units"]) - (_number(place.get("backorder_units")) or 0.0)
    moves = _moves(source, pair)
    rows = [(as_of.isoformat(), level)]
    gone = 0.0
    for end, mean in zip(ends, weeks["mean_units"].astype(float), strict=True):
        if (end - as_of).days > days + _WEEK_DAYS and len(rows) > 1:
            break
        gone += mean
        come = sum(units for day, units in moves if day < end)
        rows.append((end.isoformat(), level + come - gone))
    return pd.DataFrame(rows, columns=["day", "units"])


def _protection_days(source: ReleaseReader, pair: _Pair) -> float:
    """Lead time and review: what is ordered after today comes later than this."""
    if not source.has("policy", "lead_time_days", "review_days"):
        return math.inf
    rows = _of(source, "policy", pair)
    days = float(rows["lead_time_days"].iloc[0] + rows["review_days"].iloc[0]) if len(rows) else math.inf
    return math.inf if math.isnan(days) else days


def _moves(source: ReleaseReader, pair: _Pair) -> list[tuple[date, float]]:
    moves = []
    for table, day, units, sign, at in _FLOWS:
        if not source.has(table, day, units, at, "item_id"):
            continue
        rows = source.arrow(table, ["item_id", at, day, units, "is_counted"])
        rows = rows.filter(
            pc.and_(pc.equal(rows["item_id"], pair.item_id), pc.equal(rows[at], pair.location_id))
        )
        moves += [
            (row[day], sign * row[units])
            for row in rows.to_pylist()
            if row.get("is_counted", True) and row[day] is not None and row[units] is not None
        ]
    return moves


def _of(source: ReleaseReader, table: str, pair: _Pair) -> pd.DataFrame:
    rows: pa.Table = source.arrow(table)
    kept = pc.and_(pc.equal(rows["item_id"], pair.item_id), pc.equal(rows["location_id"], pair.location_id))
    frame: pd.DataFrame = rows.filter(kept).to_pandas()
    return frame


def _day(value: date) -> date:
    return pd.Timestamp(value).date()


def _iso(days: pd.Series) -> list[str]:
    return [_day(day).isoformat() for day in days]


def _number(value: float | None) -> float | None:
    return None if value is None or pd.isna(value) else float(value)
