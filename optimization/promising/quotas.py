"""Quotas as promises read them: what each segment has left at each place after its commitments."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pandas as pd

from optimization.allocation.book import EVERYWHERE, POOL
from optimization.keys import positions, sorted_by_key
from optimization.promising.running import NO_DAY, Flags, Integers, Numbers, Texts


class Quotas(NamedTuple):
    """One row per place and segment, in key order: where, who, and the most it can be promised."""

    place: Integers
    segment_id: Texts
    limit: Numbers
    shortage: Numbers
    short_day: Integers
    is_shared: Flags


def quotas_at_places(
    allocation: pd.DataFrame,
    places: pd.DataFrame,
    owed: pd.DataFrame,
    owed_place: Integers,
    owed_day: Integers,
) -> Quotas:
    """Limit of every segment at every place: what is available to it less its commitments `owed`."""
    names = ["item_id", "location_id", "segment_id", "available_units", "borrowable_units"]
    stated = sorted_by_key(allocation[names], ("item_id", "location_id", "segment_id"))
    available = np.nan_to_num(stated["available_units"].to_numpy(np.float64), posinf=0.0, neginf=0.0)
    segments = pd.Index(stated["segment_id"].unique())
    code = segments.get_indexer(stated["segment_id"])
    is_everywhere = (stated["location_id"] == EVERYWHERE).to_numpy()

    # A commitment is the quota's of its own place, else of the item's pool of all places.
    items = pd.Index(places["item_id"].unique())
    item_of_place = items.get_indexer(places["item_id"])
    item = items.get_indexer(stated["item_id"])
    place = np.where(is_everywhere, NO_DAY, positions(stated, places))
    owner = np.where(is_everywhere, len(places) + item, place)
    usable = (item >= 0) & (is_everywhere | (place >= 0))
    width = max(len(segments), 1)
    key = owner * width + code
    order = np.flatnonzero(usable)[np.argsort(key[usable], kind="stable")]
    sorted_key = key[order]

    def quota_of(owners: Integers) -> Integers:
        wanted = np.where(owed_code < 0, -1, owners * width + owed_code)
        at = np.minimum(np.searchsorted(sorted_key, wanted), max(len(sorted_key) - 1, 0))
        hit = sorted_key[at] == wanted if len(sorted_key) else np.zeros(len(wanted), dtype=np.bool_)
        return np.where(hit, order[at] if len(order) else -1, -1)

    owed_code = segments.get_indexer(owed["segment_id"])
    quota = quota_of(owed_place)
    quota = np.where(quota < 0, quota_of(len(places) + item_of_place[owed_place]), quota)
    left, short, short_day = _less_owed(available, quota, owed_day, owed["committed_units"].to_numpy(float))

    at_place = np.flatnonzero(usable & ~is_everywhere)
    of_item, where = _spread(np.flatnonzero(usable & is_everywhere), item, item_of_place)
    quota = np.concatenate([at_place, of_item])
    where = np.concatenate([place[at_place], where])
    in_order = np.lexsort((_rank(segments)[code[quota]], where))
    quota, where = quota[in_order], where[in_order]
    borrows = stated["borrowable_units"].to_numpy(np.float64) > 0
    is_shared = borrows | is_everywhere | (stated["segment_id"] == POOL).to_numpy()
    return Quotas(
        where,
        stated["segment_id"].to_numpy(object)[quota],
        left[quota],
        short[quota],
        short_day[quota],
        is_shared[quota],
    )


def _less_owed(
    available: Numbers, quota: Integers, day: Integers, units: Numbers
) -> tuple[Numbers, Numbers, Integers]:
    """What quotas have left after their commitments, what they lack, and from which day."""
    known = quota >= 0
    order = np.lexsort((day[known], quota[known]))
    quota, day, units = quota[known][order], day[known][order], units[known][order]
    total = np.bincount(quota, units, minlength=len(available))
    balance = available - total
    short_day = np.full(len(available), NO_DAY, dtype=np.int64)
    in_short = balance[quota] < 0
    # Only quotas that fall short are walked day by day.
    left: dict[int, float] = {}
    for one, on, taken in zip(
        quota[in_short].tolist(), day[in_short].tolist(), units[in_short].tolist(), strict=True
    ):
        left[one] = left.get(one, float(available[one])) - taken
        if left[one] < 0 and short_day[one] == NO_DAY:
            short_day[one] = on
    return np.maximum(balance, 0.0), np.maximum(-balance, 0.0), short_day


def _spread(rows: Integers, item: Integers, item_of_place: Integers) -> tuple[Integers, Integers]:
    """Every row of an item's pool at every place of the item: (row, place)."""
    # Places are in key order, so that those of an item stand together.
    count = np.bincount(item_of_place, minlength=int(item.max(initial=-1)) + 1)
    begin = np.cumsum(count) - count
    times = count[item[rows]]
    within = np.arange(times.sum()) - np.repeat(np.cumsum(times) - times, times)
    return np.repeat(rows, times), np.repeat(begin[item[rows]], times) + within


def _rank(names: pd.Index) -> Integers:
    return np.asarray(names.argsort().argsort(), dtype=np.int64)
