r"""New items by their nearest neighbours, and the decay of items at the end of their life.

A new item has no level of its own. It starts from the items that are nearest in category, price and
attributes, and its own weeks take over as they come; what its neighbours disagree on is its doubt.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from optimization.demand.series import WeeklySeries

Numbers = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]

NEIGHBOURS = 5
# The neighbours' level counts as much as this many weeks of own demand: four months.
PRIOR_WEEKS = 17.0
# Distances: a price twice as high is 0.69 away, an item of another category or model further.
_PENALTIES = {"category": 2.0, "model": 1.0, "trim": 0.5, "powertrain": 0.25}
# A rate of which only neighbours tell is at least this uncertain (coefficient of variation).
LEAST_CV = 0.7
# Weeks of the two windows whose ratio tells the decay at the end of life, and the units that tell
# as much as the pool of all such items.
DECAY_WEEKS = 26
DECAY_PRIOR_UNITS = 20.0
LEAST_WEEKLY_DECAY = 0.9
PHASE_OUT = ("phase_out", "obsolete")


@dataclass(frozen=True)
class Analogues:
    """Weekly rate, its squared relative error (0 where not new) and number of neighbours, each (n,)."""

    rate: Numbers
    error_cv2: Numbers
    neighbours: Integers


def new_item_rates(
    item_location: pd.DataFrame, rate: Numbers, is_new: Flags, own_units: Numbers, own_weeks: Numbers
) -> Analogues:
    """Level of the new rows from their item's neighbours; the other rows keep `rate`.

    `own_units` came in `own_weeks` since the first demand. A neighbour's level is its rate at the same
    location, else its mean in the region, else anywhere; an item that sells elsewhere is its own
    nearest neighbour. With m and v the mean and variance between neighbours, weighted by e^(−distance),
    the rate is (units + w·m)/(weeks + w), w = 17 weeks, with variance max(v, (0.7 m)²)·w/(weeks + w).
    Rows without any neighbour keep `rate`. Equally near items tie by key.
    """
    result, error = rate.copy(), np.zeros(len(rate))
    count = np.zeros(len(rate), dtype=np.int64)
    rows = np.flatnonzero(is_new)
    near = _nearest(_items(item_location[is_new]), _items(item_location[~is_new]))
    if not len(near):
        return Analogues(result, error, count)
    new = item_location.iloc[rows][["item_id", "location_id", "region"]].assign(row=rows)
    pairs = new.merge(near, on="item_id", how="inner")
    level = _level(pairs, item_location[~is_new].assign(rate=rate[~is_new]))
    row, weight = pairs["row"].to_numpy(dtype=np.int64), pairs["weight"].to_numpy(dtype=np.float64)
    n = len(rate)
    total = np.bincount(row, weights=weight, minlength=n)[rows]
    seen = total > 0
    at = rows[seen]
    mean = np.bincount(row, weights=weight * level, minlength=n)[at] / total[seen]
    square = np.bincount(row, weights=weight * level**2, minlength=n)[at] / total[seen]
    spread = np.maximum(square - mean**2, (LEAST_CV * mean) ** 2)
    weeks = own_weeks[at] + PRIOR_WEEKS
    result[at] = (own_units[at] + PRIOR_WEEKS * mean) / weeks
    variance = spread * PRIOR_WEEKS / weeks
    error[at] = np.divide(variance, result[at] ** 2, out=np.zeros(len(at)), where=result[at] > 0)
    count[at] = np.bincount(row, minlength=n)[at]
    return Analogues(result, error, count)


def end_of_life_factors(item_location: pd.DataFrame, series: WeeklySeries, horizon: int) -> Numbers:
    """Factor on the level of items that are phased out, (n, horizon); 1 for all others.

    The weekly decay is (newest 26 weeks / the 26 before)^(1/26), both drawn by 20 units to the ratio
    of all items that are phased out, at most 1 and at least 0.9. The level is an average of past weeks,
    so the decay runs from now on.
    """
    leaving = item_location["lifecycle_status"].isin(PHASE_OUT).to_numpy(dtype=np.bool_)
    leaving |= item_location["last_order_date"].notna().to_numpy(dtype=np.bool_)
    factor = np.ones((len(item_location), horizon))
    if not leaving.any():
        return factor
    age = series.end_week - 1 - series.week
    newest = np.bincount(
        series.row[age < DECAY_WEEKS], weights=series.units[age < DECAY_WEEKS], minlength=series.n
    )
    before = (age >= DECAY_WEEKS) & (age < 2 * DECAY_WEEKS)
    older = np.bincount(series.row[before], weights=series.units[before], minlength=series.n)
    pooled = min(float(newest[leaving].sum() + 1.0) / float(older[leaving].sum() + 1.0), 1.0)
    ratio = (newest + DECAY_PRIOR_UNITS * pooled) / (older + DECAY_PRIOR_UNITS)
    weekly = np.clip(ratio, 0.0, 1.0) ** (1.0 / DECAY_WEEKS)
    decay = np.maximum(weekly, LEAST_WEEKLY_DECAY)[leaving, None]
    factor[leaving] = decay ** np.arange(1, horizon + 1)[None, :]
    return factor


def _items(item_location: pd.DataFrame) -> pd.DataFrame:
    """One row per item in key order, with what its likeness is judged by."""
    columns = ["item_id", "item_kind", *_PENALTIES]
    items = item_location[[*columns, "unit_cost"]].drop_duplicates("item_id").sort_values("item_id")
    text = items[columns].astype(object).where(items[columns].notna(), "").astype(str)
    cost = np.maximum(items["unit_cost"].to_numpy(dtype=np.float64), 0.01)
    return text.assign(log_cost=np.log(cost)).reset_index(drop=True)


def _nearest(new: pd.DataFrame, old: pd.DataFrame) -> pd.DataFrame:
    """Up to five old items of the same kind per new item: item_id, neighbour, weight."""
    parts = []
    for kind, of_kind in new.groupby("item_kind", sort=True):
        known = old[old["item_kind"] == kind].reset_index(drop=True)
        if known.empty:
            continue
        log_cost, keys = known["log_cost"].to_numpy(), known["item_id"].to_numpy(dtype=object)
        values = {name: known[name].to_numpy(dtype=object) for name in _PENALTIES}
        own = {name: of_kind[name].to_numpy(dtype=object) for name in (*_PENALTIES, "item_id")}
        for at, cost in enumerate(of_kind["log_cost"].to_numpy()):
            distance = np.abs(log_cost - cost)
            for name, penalty in _PENALTIES.items():
                distance = distance + penalty * (values[name] != own[name][at])
            distance[keys == own["item_id"][at]] = 0.0
            chosen = np.lexsort((keys.astype(str), np.round(distance, 9)))[:NEIGHBOURS]
            parts.append(
                pd.DataFrame(
                    {
                        "item_id": own["item_id"][at],
                        "neighbour": keys[chosen],
                        "weight": np.exp(-distance[chosen]),
                    }
                )
            )
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame()


def _level(pairs: pd.DataFrame, old: pd.DataFrame) -> Numbers:
    """Rate of every pair's neighbour at the location, else in the region, else anywhere."""
    level = np.full(len(pairs), np.nan)
    for columns in (["location_id"], ["region"], []):
        mean = old.groupby(["item_id", *columns], sort=True)["rate"].mean()
        wanted = pairs[["neighbour", *columns]]
        key = pd.MultiIndex.from_frame(wanted) if columns else pd.Index(wanted["neighbour"])
        at = mean.index.get_indexer(key)
        found = np.where(at >= 0, mean.to_numpy(dtype=np.float64)[at], np.nan)
        level = np.where(np.isnan(level), found, level)
    return np.asarray(level, dtype=np.float64)
