"""Units in stock and sold as spells: ages, prices against peers, cover, discounts by age."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from optimization.vehicles.sale_hazard import Spells

Numbers = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]

COVER_DAYS = 56
_DISCOUNT_EDGES = (0, 30, 60, 90, 180)
_DISCOUNT_SALES = 30.0
# The newest spells: more tell no more and cost time.
_MOST_SPELLS = 60_000


@dataclass(frozen=True)
class History:
    """Spells of sold and present units; for the present ones (their order kept) model, gap and cover."""

    spells: Spells
    models: int
    days: int
    model: Integers
    price_gap: Numbers
    cover: Numbers


def history_of(sale: pd.DataFrame, unit: pd.DataFrame, age_days: Numbers, as_of: pd.Timestamp) -> History:
    """Spells from `opt_in__unit_sale` up to `as_of` and from the units that stand in stock."""
    today = as_of.normalize()
    sold = sale[sale["sold_date"] <= today]
    first_day = sold["sold_date"].min() if len(sold) else today
    sold_age = sold["age_days"].astype("Float64").to_numpy(dtype=np.float64, na_value=np.nan)
    by_dates = (sold["sold_date"] - sold["received_date"]).dt.days.to_numpy(np.float64)
    sold_age = np.where(np.isnan(sold_age), by_dates, sold_age)
    sold = sold.assign(age=sold_age)[sold_age >= 0.0].sort_values(["sold_date", "unit_id"], kind="stable")
    sold = sold.tail(_MOST_SPELLS)
    there = unit.assign(age=age_days)
    is_for_sale = unit["is_sellable"].to_numpy(np.bool_)
    names = ["item_id", "model", "trim", "list_price", "age"]
    both = pd.concat([sold[names], there[names]], ignore_index=True)
    model_name = both["model"].fillna(both["item_id"])
    model, codes = pd.factorize(model_name, sort=True)
    price = both["list_price"].astype(np.float64).where(both["list_price"] > 0)
    peers = price.groupby([model_name, both["trim"].fillna("")]).transform("median")
    gap = np.nan_to_num(np.log((price / peers).to_numpy(np.float64))).clip(-0.5, 0.5)
    cover = _cover(both["item_id"], sold, there, today)
    age = both["age"].to_numpy(np.float64)
    n_sold = len(sold)
    end = np.concatenate([_days(sold["sold_date"]), np.full(len(there), _day(today))])
    start = end - age.astype(np.int64)
    keep = np.concatenate([np.ones(n_sold, dtype=np.bool_), is_for_sale])
    is_sold = np.arange(len(both)) < n_sold
    entry = np.maximum(_day(first_day) - start, 0)
    spells = Spells(
        start[keep],
        entry[keep],
        age.astype(np.int64)[keep],
        is_sold[keep],
        model.astype(np.int64)[keep],
        gap[keep],
        cover[keep],
    )
    days = int((today - first_day).days)
    return History(spells, len(codes), days, model.astype(np.int64)[n_sold:], gap[n_sold:], cover[n_sold:])


def discounts(sale: pd.DataFrame, as_of: pd.Timestamp) -> Numbers:
    """Mean reduction from list to sold price by band of age, drawn to the mean of all; empty if unknown.

    Bands: up to 30, 60, 90, 180 days, and older; a band with 30 sales counts half by itself.
    """
    known = sale[(sale["sold_date"] <= as_of) & (sale["list_price"] > 0) & sale["sold_price"].notna()]
    if not len(known):
        return np.empty(0)
    share = (1.0 - known["sold_price"] / known["list_price"]).clip(0.0, 1.0).to_numpy(np.float64)
    age = known["age_days"].astype("Float64").to_numpy(dtype=np.float64, na_value=0.0)
    band = np.searchsorted(np.array(_DISCOUNT_EDGES[1:]), age, side="left")
    count = np.bincount(band, minlength=len(_DISCOUNT_EDGES))
    total = np.bincount(band, weights=share, minlength=len(_DISCOUNT_EDGES))
    mean = (total + _DISCOUNT_SALES * share.mean()) / (count + _DISCOUNT_SALES)
    # Nobody gives less away for having stood longer.
    return np.asarray(np.maximum.accumulate(mean), dtype=np.float64)


def discount_at(table: Numbers, age_days: Numbers) -> Numbers:
    """Reduction at an age, from `discounts`."""
    return table[np.searchsorted(np.array(_DISCOUNT_EDGES[1:]), age_days, side="left")]


def _cover(item: pd.Series, sold: pd.DataFrame, there: pd.DataFrame, today: pd.Timestamp) -> Numbers:
    """Log of today's stock over the sales of the last eight weeks, per configuration.

    Spells of the past carry today's value too: it tells fast configurations from slow ones, not weeks.
    """
    recent = sold[sold["sold_date"] > today - pd.Timedelta(days=COVER_DAYS)]
    sales = item.map(recent["item_id"].value_counts()).fillna(0.0).to_numpy(np.float64)
    stock = item.map(there["item_id"].value_counts()).fillna(0.0).to_numpy(np.float64)
    return np.asarray(np.log((stock + 1.0) / (sales + 1.0)), dtype=np.float64)


def _days(dates: pd.Series) -> Integers:
    return np.asarray(dates.to_numpy("datetime64[D]").astype(np.int64), dtype=np.int64)


def _day(date: pd.Timestamp) -> int:
    return int(np.datetime64(date, "D").astype(np.int64))
