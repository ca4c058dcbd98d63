"""Stock balance: days of cover by region and location against category, as heat tables."""

from __future__ import annotations

import math
from typing import Any

import pandas as pd
import pyarrow.compute as pc

from orchestration.publish.reading import ReleaseReader
from orchestration.publish.report.blocks import Block, Grid, Section, Text
from orchestration.publish.report.grids import grid

_NAME, _TITLE = "balance", "Stock balance"
# What fits a page, and what a browser draws at once: a company may have thousands of each.
_MOST_ROWS, _MOST_CATEGORIES = 25, 12
_DAYS_A_WEEK = 7
_PAIR = ["item_id", "location_id"]
# Days of cover up to which a colour holds; from scarce to plenty.
_BANDS = ((7.0, "--h0"), (14.0, "--h1"), (45.0, "--h2"), (90.0, "--h3"), (math.inf, "--h4"))
_ALL = "All"


def balance_section(source: ReleaseReader) -> Section:
    """Return the section of stock balance."""
    lead = (
        "Days of cover: units on hand divided by the units expected per day over the forecast's horizon. "
        "Orange is short (dark below 7 days, light below 14), blue is plenty (light from 45, dark from 90)."
    )
    needed = ("item_id", "location_id", "category", "region", "on_hand_units", "owned_value")
    if not source.has("inventory_position", *needed) or not source.has("forecast", *_PAIR, "mean_units"):
        return Section(
            _NAME, _TITLE, lead, missing="This release has no inventory_position with a forecast beside it."
        )
    rows = source.frame("inventory_position", needed).merge(_daily(source), on=_PAIR, how="left")
    rows["daily_units"] = rows["daily_units"].fillna(0.0)
    if rows.empty:
        return Section(_NAME, _TITLE, lead, missing="This release holds no stock.")
    blocks: list[Block] = [
        *(_heat(rows, by, many) for by, many in (("region", "regions"), ("location_id", "locations"))),
        Text(
            "A dash: nothing on hand, nothing expected. No demand: stock on hand that no forecast asks for."
        ),
    ]
    return Section(_NAME, _TITLE, lead, blocks)


def cover_shade(days: float | str | None) -> str:
    """Return the colour of days of cover.

    >>> cover_shade(3.0), cover_shade(30.0), cover_shade("no demand"), cover_shade(None)
    ('--h0', '--h2', '--h4', '')
    """
    if isinstance(days, str):
        return "--h4" if days == _NO_DEMAND else ""
    if days is None or math.isnan(days):
        return ""
    return next(colour for bound, colour in _BANDS if days < bound or bound == math.inf)


_NO_DEMAND = "no demand"


def _daily(source: ReleaseReader) -> pd.DataFrame:
    """Units expected per day, per item-location."""
    weeks = source.arrow("forecast", [*_PAIR, "mean_units"])
    sums = weeks.group_by(_PAIR).aggregate([("mean_units", "mean")])
    daily = pc.divide(sums["mean_units_mean"], float(_DAYS_A_WEEK))
    frame: pd.DataFrame = sums.select(_PAIR).append_column("daily_units", daily).to_pandas()
    return frame


def _heat(rows: pd.DataFrame, by: str, many: str) -> Grid:
    """The rows and the categories with most stock; what the other categories hold stands together."""
    names, n_names = _most_stock(rows, by, _MOST_ROWS)
    categories, n_categories = _most_stock(rows, "category", _MOST_CATEGORIES)
    place = {one: number for number, one in enumerate(categories, start=1)}
    others = len(categories) + 1
    # Columns go by number: a category may be called as anything else is.
    rows = rows.assign(column=rows["category"].map(place).fillna(others).astype(int))
    sums = ["on_hand_units", "daily_units"]
    totals = rows.groupby(by)[sums].sum()
    cells = rows.groupby([by, "column"])[sums].sum()
    heads = {"0": _ALL, **{str(number): str(one) for one, number in place.items()}}
    if n_categories > len(categories):
        heads[str(others)] = f"{n_categories - len(categories):,} others"
    told: dict[str, list[str | None]] = {by: list(names)}
    for column in heads:
        number = int(column)
        told[column] = [
            _told(_cover(totals.loc[name]))
            if number == 0
            else _told(_cover(cells.loc[(name, number)]))
            if (name, number) in cells.index
            else None
            for name in names
        ]
    markup = grid(
        pd.DataFrame(told, dtype=object),
        f"balance-{many}",
        {},
        heads,
        row_name=by,
        shade=lambda _, one: cover_shade(_days(one)),
        right=list(heads),
    )
    is_all = n_names == len(names)
    title = f"All {n_names} {many}" if is_all else f"The {len(names)} {many} with most stock of {n_names:,}"
    return Grid(title, markup)


def _most_stock(rows: pd.DataFrame, by: str, most: int) -> tuple[list[str], int]:
    """Return the names that hold most value, the most first, and how many there are in all."""
    value = rows.groupby(by)["owned_value"].sum()
    return sorted(value.index, key=lambda one: (-value[one], one))[:most], value.size


def _told(cell: float | str | None) -> str | None:
    return cell if isinstance(cell, str) or cell is None else f"{cell:,.0f}"


def _cover(sums: Any) -> float | str | None:
    on_hand, daily = float(sums["on_hand_units"]), float(sums["daily_units"])
    if daily > 0:
        return on_hand / daily
    return _NO_DEMAND if on_hand > 0 else None


def _days(said: Any) -> float | str | None:
    if not isinstance(said, str) or said == _NO_DEMAND:
        return said if isinstance(said, str) else None
    return float(said.replace(",", ""))
