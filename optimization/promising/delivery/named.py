"""Units that belong to somebody before any line takes from the book: named by lines, held or blocked."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd

from optimization.keys import positions
from optimization.promising.delivery.book import NEVER, Claims, Flags, Integers

Texts = npt.NDArray[np.object_]

# What may keep a unit from others and not from the order that it is kept for.
_KEPT_FOR_SOMEBODY = ("UNIT_RESERVED", "UNIT_OF_ORDER")
# What the ledger alone knows of, so that the place's stock still counts it.
_COUNTED_IN_STOCK = ("UNIT_RESERVED", "UNIT_BLOCKED")


class Named(NamedTuple):
    """Per line: whether it has the unit that it names, where that stands, and when it can be handed over.

    `row`: the unit's row in `opt_out__unit_atp`. Days are from today, `NEVER` where it has none;
    preparation and transport are in them.
    """

    is_had: Flags
    row: Integers
    location_id: Texts
    is_at_place: Flags
    is_elsewhere: Flags
    p50_day: Integers
    p90_day: Integers


def named_units(
    lines: pd.DataFrame,
    unit_atp: pd.DataFrame,
    stock_unit: pd.DataFrame,
    lanes: pd.DataFrame,
    as_of: pd.Timestamp,
) -> Named:
    """Return which lines have the unit that they name; of two that name the same, the first in order.

    A unit is had where it can be promised, is reserved or built for the line's order, or is sold ahead,
    and a lane leads from where it stands to where it is wanted, or it is there. `lanes`: as
    `sources.transits` gives them.
    """
    n = len(lines)
    row = pd.Index(unit_atp["unit_id"]).get_indexer(lines["unit_id"])
    row = np.where(lines["unit_id"].duplicated().to_numpy(), -1, row)
    known = np.maximum(row, 0)
    if not len(unit_atp):
        none = np.zeros(n, dtype=np.bool_)
        never = np.full(n, NEVER, dtype=np.int64)
        return Named(none, row, np.full(n, None, dtype=object), none, none, never, never)
    reason = unit_atp["reason_code"].to_numpy(object)[known]
    is_own = unit_atp["order_id"].to_numpy(object)[known] == lines["order_id"].to_numpy(object)
    is_free = unit_atp["is_promisable"].to_numpy(np.bool_)[known]
    is_free |= (np.isin(reason.astype(str), _KEPT_FOR_SOMEBODY) & is_own) | (reason == "UNIT_PRE_SOLD")
    where = unit_atp["location_id"].to_numpy(object)[known]
    to = lines["location_id"].to_numpy(object)
    pair = pd.DataFrame({"item_id": where, "location_id": to})
    lane = positions(
        pair, lanes.rename(columns={"from_location_id": "item_id", "to_location_id": "location_id"})
    )
    is_here = where == to
    status = pd.Series(stock_unit["unit_status"].to_numpy(object), index=stock_unit["unit_id"])
    is_at_place = (lines["unit_id"].map(status) == "at_location").to_numpy()
    ready = [
        unit_atp[name].to_numpy("datetime64[ns]")[known] for name in ("ready_p50_date", "ready_p90_date")
    ]
    is_had = (row >= 0) & is_free & (is_here | (lane >= 0)) & ~np.isnat(ready[1])
    days = []
    for dates, name in zip(ready, ("p50_days", "p90_days"), strict=True):
        moved = lanes[name].to_numpy(np.int64)[np.maximum(lane, 0)] if len(lanes) else np.zeros(n, np.int64)
        from_today = (np.where(is_had, dates, as_of.to_datetime64()) - as_of.to_datetime64()).astype(
            "timedelta64[D]"
        )
        there = from_today.astype(np.int64) + np.where(is_here, 0, moved)
        days.append(np.where(is_had, there, NEVER))
    return Named(
        is_had,
        row.astype(np.int64),
        text_where(is_had, where),
        is_had & is_at_place,
        is_had & ~is_here,
        days[0],
        days[1],
    )


def text_where(is_known: Flags, values: Texts) -> Texts:
    """Return the values where they are known, None elsewhere."""
    told = values.astype(object)
    told[~is_known] = None
    return told


def claims_of(
    named: Named,
    unit_atp: pd.DataFrame,
    stock_unit: pd.DataFrame,
    places: pd.DataFrame,
    as_of: pd.Timestamp,
) -> Claims:
    """Return what named, reserved and blocked units take from the books of the places where they are.

    A line's own unit at its own place leaves the published promise as it is: that counts the line
    already. Units that the source itself keeps from sale are not in the stock.
    """
    unit = stock_unit.set_index("unit_id").reindex(unit_atp["unit_id"])
    in_stock = ~(unit[["is_held", "is_pre_sold", "is_unseen"]].fillna(value=False).any(axis=1)) & unit[
        "is_sellable"
    ].eq(other=True)
    is_counted = unit_atp["is_promisable"].to_numpy(np.bool_) | (
        unit_atp["reason_code"].isin(_COUNTED_IN_STOCK).to_numpy() & in_stock.to_numpy(np.bool_)
    )
    place = positions(unit_atp, places)
    ready = unit_atp["ready_p90_date"].to_numpy("datetime64[ns]")
    preparation = np.ceil(unit["preparation_days"].fillna(0.0).to_numpy(np.float64)).astype("timedelta64[D]")
    day = (
        np.where(np.isnat(ready), as_of.to_datetime64(), ready) - preparation - as_of.to_datetime64()
    ).astype("timedelta64[D]")
    by_line = np.zeros(len(unit_atp), dtype=np.bool_)
    at_own_place = np.zeros(len(unit_atp), dtype=np.bool_)
    had = named.row[named.is_had]
    by_line[had] = True
    at_own_place[had] = ~named.is_elsewhere[named.is_had]
    is_kept = unit_atp["reason_code"].isin(_COUNTED_IN_STOCK).to_numpy()
    chosen = (place >= 0) & ~np.isnat(ready) & is_counted & (by_line | is_kept)
    return Claims(
        place[chosen],
        np.maximum(day.astype(np.int64)[chosen], 0),
        ~(by_line & at_own_place)[chosen],
    )
