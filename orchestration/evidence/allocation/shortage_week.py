"""A week of scarce stock as a planner reads it: who got what, why, and what fairness cost.

Reads published tables only: the newest release of each of the last business dates.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING

from optimization.errors import StockplanError
from optimization.reasons import REASONS
from orchestration.lake.parquet import read_arrow
from orchestration.lake.paths import Lake
from orchestration.publish.shelf import Release, releases

if TYPE_CHECKING:
    import pandas as pd

DAYS = 7
_POOL = ["item_id", "location_id"]


@dataclass(frozen=True)
class ShortageWeek:
    """The week's releases, oldest first, and its tables.

    `segments`: one row per segment. `pool`: one row per date and segment of the pool that was asked for,
    or of the one with most to share and most lacking. `fairness`: one row per way of sharing the last
    day's stock.
    """

    releases: tuple[Release, ...]
    segments: pd.DataFrame
    pool: pd.DataFrame
    fairness: pd.DataFrame


def shortage_week(lake: Lake, item_id: str | None = None, location_id: str | None = None) -> ShortageWeek:
    """Tell the last seven business dates that are published, of one pool or of the tightest.

    Raises `StockplanError` when nothing is published, or nothing of the pool that is asked for.
    """
    chosen = _newest_per_date(lake)
    shares = _gathered(chosen, "allocation")
    pool = _tightest(shares, item_id, location_id)
    entries = _gathered(chosen, "allocation_ledger")
    used = _used(entries[entries["operation"].isin(["consume", "reserve"])])
    return ShortageWeek(
        chosen,
        _segments(shares, used),
        _pool_days(shares, used, *pool),
        _fairness(_table(chosen[-1], "fairness")),
    )


def _newest_per_date(lake: Lake) -> tuple[Release, ...]:
    shelf = releases(lake)
    if not shelf:
        raise StockplanError("there is no release yet; make the first one with: make run")
    first = shelf[-1].as_of - timedelta(days=DAYS - 1)
    newest: dict[date, Release] = {one.as_of: one for one in shelf if one.as_of >= first}
    return tuple(one for one in newest.values() if "allocation_ledger" in one.tables)


def _table(release: Release, name: str) -> pd.DataFrame:
    frame: pd.DataFrame = read_arrow(release.table(name)).to_pandas(date_as_object=False)
    return frame


def _gathered(chosen: Sequence[Release], name: str) -> pd.DataFrame:
    import pandas as pd

    return pd.concat([_table(one, name) for one in chosen], ignore_index=True)


def _tightest(shares: pd.DataFrame, item_id: str | None, location_id: str | None) -> tuple[str, str]:
    """The pool of which most is both given and lacking, among those that several want; ties by key."""
    wanted = shares[shares["segment_id"] != "POOL"]
    for name, value in (("item_id", item_id), ("location_id", location_id)):
        if value is not None:
            wanted = wanted[wanted[name] == value]
    if wanted.empty:
        raise StockplanError(
            "no segment wants anything of this item and location in the week; list pools with: "
            'stockplan show allocation --where "unmet_units > 0"'
        )
    sums = wanted.groupby(_POOL).agg(
        unmet=("unmet_units", "sum"), given=("allocated_units", "sum"), segments=("segment_id", "nunique")
    )
    sums["contested"] = sums[["unmet", "given"]].min(axis=1).where(sums["segments"] > 1, 0.0)
    order = sums.reset_index().sort_values(
        ["contested", "unmet", *_POOL], ascending=[False, False, True, True], kind="stable"
    )
    return str(order["item_id"].iloc[0]), str(order["location_id"].iloc[0])


def _used(consumed: pd.DataFrame) -> pd.DataFrame:
    """Units by date, pool and segment: from the own quota, from the common pool, refused."""
    accepted = consumed["entry_status"] == "accepted"
    told = consumed[["as_of", *_POOL, "segment_id"]].assign(
        own_units=consumed["own_units"].abs().where(accepted, 0.0),
        borrowed_units=consumed["pool_units"].abs().where(accepted & (consumed["segment_id"] != "POOL"), 0.0),
        refused_units=consumed["units"].where(~accepted, 0.0),
    )
    return told.groupby(["as_of", *_POOL, "segment_id"], as_index=False).sum()


def _segments(shares: pd.DataFrame, used: pd.DataFrame) -> pd.DataFrame:
    last = shares[shares["as_of"] == shares["as_of"].max()]
    held = last.groupby(["segment_id", "segment_name", "priority_tier"], as_index=False).agg(
        wanted_units=("demand_units", "sum"),
        guaranteed_units=("guaranteed_units", "sum"),
        quota_units=("allocated_units", "sum"),
        unmet_units=("unmet_units", "sum"),
    )
    week = used.groupby("segment_id", as_index=False)[["own_units", "borrowed_units", "refused_units"]].sum()
    told = held.merge(week, on="segment_id", how="left").fillna(
        {"own_units": 0.0, "borrowed_units": 0.0, "refused_units": 0.0}
    )
    in_order: pd.DataFrame = told.sort_values(
        ["priority_tier", "segment_id"], kind="stable", ignore_index=True
    )
    return in_order


def _pool_days(shares: pd.DataFrame, used: pd.DataFrame, item_id: str, location_id: str) -> pd.DataFrame:
    here = shares[(shares["item_id"] == item_id) & (shares["location_id"] == location_id)]
    told = here.merge(used, on=["as_of", *_POOL, "segment_id"], how="left", suffixes=("_open", ""))
    told = told.fillna({"own_units": 0.0, "borrowed_units": 0.0, "refused_units": 0.0})
    told = told.assign(why=told["reason_code"].map(REASONS).fillna(told["reason_code"]))
    return told.sort_values(["as_of", "priority_tier", "segment_id"], kind="stable", ignore_index=True)[
        [
            "as_of",
            *_POOL,
            "segment_id",
            "demand_units",
            "guaranteed_units",
            "allocated_units",
            "own_units",
            "borrowed_units",
            "refused_units",
            "unmet_units",
            "why",
        ]
    ]


def _fairness(fairness: pd.DataFrame) -> pd.DataFrame:
    """Each way of sharing: what every segment would be served of its demand, and what that costs."""
    everything = fairness[(fairness["breakdown"] == "all") & (fairness["breakdown_value"] == "*")]
    total = everything[(everything["segment_id"] == "*") & (everything["priority_tier"] == 0)]
    by_segment = everything[everything["segment_id"] != "*"].pivot_table(
        index="allocation_method", columns="segment_id", values="fill_rate", aggfunc="first"
    )
    told = total.set_index("allocation_method")[
        ["served_units", "unmet_units", "min_fill_rate", "gini", "served_value", "price_of_fairness"]
    ]
    joined: pd.DataFrame = by_segment.add_prefix("fill ").join(told, how="right").reset_index()
    return joined
