"""Lead-time distribution per supplier and location, from receipts and from orders still open.

Times are measured as a ratio to the master lead time, so that a location of a far supplier can
lean on the network without being drawn to the days of a near one. What suppliers deliver, and
when against their word, is in `supplier_reliability.py`.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from scipy.special import ndtri

from optimization.contracts.inputs import ITEM_LOCATION, LEAD_TIME_SAMPLE
from optimization.contracts.outputs import LEAD_TIME, LEAD_TIME_QUANTILE
from optimization.demand.pooled_survival import (
    SLICE_LEVELS,
    SLICES,
    Curves,
    Durations,
    group_curves,
    pooled_slices,
)
from optimization.demand.series import Numbers
from optimization.keys import Integers
from optimization.reasons import first_that_holds
from optimization.results import Report
from optimization.screening import screened

# Weight of the wider pool in receipts: with 20 own receipts an estimate is half its own. This and
# the half-life were chosen on public deliveries of orders sent up to 2010; there 20 or 40 receipts
# and 365 to 1,460 days score within two hundredths of each other, and ten receipts score worse.
POOL_RECEIPTS = 20.0
HALF_LIFE_DAYS = 730.0
FEW_RECEIPTS = 5
UNVERIFIED_CV = 0.3
# The master lead time counts as one receipt of the network.
MASTER_RECEIPTS = 1.0
LEVELS = (0.1, 0.5, 0.8, 0.9, 0.95)
# Kept for whoever needs the whole distribution: the middles of twenty equally likely slices.
KEPT_LEVELS: Numbers = (np.arange(20) + 0.5) / 20
_ALL_LEVELS: Numbers = np.concatenate([LEVELS, KEPT_LEVELS])
# The master lead time's default shape as slices, stretched so that their spread is the stated one.
_MASTER_SLICES: Numbers = 1.0 + UNVERIFIED_CV * ndtri(SLICE_LEVELS) / ndtri(SLICE_LEVELS).std()


def estimate_lead_times(
    lead_time_sample: pd.DataFrame, item_location: pd.DataFrame, as_of: pd.Timestamp
) -> tuple[pd.DataFrame, pd.DataFrame, Report]:
    """Estimate the distribution per supplier and location.

    Returns `opt_out__lead_time` and the whole distributions, `opt_out__lead_time_quantile`.
    Product-limit curves over receipts with open orders censored, an order counting half as much
    when it is two years old, each location leaning on its supplier and each supplier on the
    network with weight n/(n+20). A supplier without any receipt keeps its master lead time with a
    coefficient of variation of 0.3, lengthened where orders have waited longer, and the reason
    `lt_unverified`. Nothing after `as_of` is read. Raises `ContractError` when a frame is not of
    its table.
    """
    sample, bad_sample = screened(lead_time_sample, LEAD_TIME_SAMPLE)
    item_location, _ = screened(item_location, ITEM_LOCATION)
    sample = known_at(sample[~bad_sample], as_of)
    master = _master(item_location, sample)
    key = pd.MultiIndex.from_frame(master[["supplier_id", "location_id"]])
    pair = key.get_indexer(pd.MultiIndex.from_frame(sample[["supplier_id", "location_id"]])).astype(np.int64)
    master_days = master["lead_time_days"].to_numpy(np.float64)
    ratio = sample["lead_time_days"].to_numpy(np.float64) / master_days[pair]
    durations = order_durations(sample, ratio, as_of)

    supplier = pd.factorize(master["supplier_id"], sort=True)[0].astype(np.int64)
    received = np.bincount(pair[~durations.is_censored], minlength=len(master))
    of_supplier = np.bincount(supplier, weights=received, minlength=supplier.max(initial=-1) + 1)[supplier]
    unverified = of_supplier == 0
    pairs = np.concatenate([pair, np.arange(len(master))])
    root = np.where(unverified[pairs, None], _MASTER_SLICES, _network(durations))
    curves = pooled_lead_times(durations, [[supplier[pairs]]], pairs, root, _ALL_LEVELS)

    count = np.bincount(pair, minlength=len(master))
    untouched = unverified & (count == 0)
    mean = np.where(untouched, 1.0, curves.mean) * master_days
    spread = np.where(untouched, UNVERIFIED_CV, curves.sd) * master_days
    by_master = 1.0 + UNVERIFIED_CV * ndtri(_ALL_LEVELS)
    days = np.where(untouched[:, None], by_master, curves.quantiles) * master_days[:, None]
    frame = pd.DataFrame(
        {
            "supplier_id": master["supplier_id"],
            "location_id": master["location_id"],
            "sample_count": count,
            "open_order_count": count - received,
            "lead_time_days": mean,
            "lead_time_sd_days": spread,
            **{f"lead_time_p{round(level * 100)}_days": days[:, k] for k, level in enumerate(LEVELS)},
            "method": np.where(unverified, "master_cv_0.3", "kaplan_meier_shrunk").astype(object),
            "status": np.where(unverified, "FALLBACK", "OK").astype(object),
            "reason_code": first_that_holds(
                {"lt_unverified": unverified, "lt_pooled": ~unverified & (received < FEW_RECEIPTS)}
            ),
        }
    )
    kept = pd.DataFrame(
        {
            "supplier_id": np.repeat(master["supplier_id"].to_numpy(dtype=object), len(KEPT_LEVELS)),
            "location_id": np.repeat(master["location_id"].to_numpy(dtype=object), len(KEPT_LEVELS)),
            "quantile_level": np.tile(KEPT_LEVELS, len(master)),
            "lead_time_days": days[:, len(LEVELS) :].ravel(),
        }
    )
    figures = {"samples": len(sample), "samples_set_aside": int(bad_sample.sum())}
    report = Report.of(len(lead_time_sample), frame, **figures)
    return LEAD_TIME.validate(frame), LEAD_TIME_QUANTILE.validate(kept), report


def pooled_lead_times(
    durations: Durations,
    views: Sequence[Sequence[Integers]],
    cell: Integers,
    root: Numbers,
    levels: Numbers,
    pool_receipts: float = POOL_RECEIPTS,
) -> Curves:
    """Lead-time curves per cell, each leaning on the mean of its views.

    Rows are the durations first and then any further rows that want an estimate. A view is a chain
    of ever narrower groupings of all rows (supplier; or mode, then mode and country): within it
    each group leans on the one around it. The quantiles of the views are averaged, and the cell's
    own durations weigh n/(n+`pool_receipts`) against that. `cell` numbers the narrowest grouping, which lies
    within every view; `root` (rows, slices) or (slices,) is the widest distribution.
    """
    parents = [pooled_slices(durations, view, root, pool_receipts) for view in views]
    n_cells = int(cell.max(initial=-1)) + 1
    by_cell = np.zeros((n_cells, SLICES))
    by_cell[cell] = np.mean(parents, axis=0)
    return group_curves(durations, cell[: len(durations.days)], n_cells, levels, by_cell, pool_receipts)


def known_at(sample: pd.DataFrame, as_of: pd.Timestamp) -> pd.DataFrame:
    """Rows of `opt_in__lead_time_sample` as they were known at `as_of`.

    What was ordered later is left out; what was received later was still open.
    """
    sample = sample[(sample["ordered_date"] <= as_of).to_numpy()]
    age = (as_of - sample["ordered_date"]).dt.days.to_numpy(np.float64)
    days = sample["lead_time_days"].to_numpy(np.float64)
    return sample.assign(
        lead_time_days=np.minimum(days, age),
        is_censored=sample["is_censored"].to_numpy(dtype=np.bool_) | (days > age),
    )


def recency_weight(age_days: Numbers, half_life_days: float = HALF_LIFE_DAYS) -> Numbers:
    """Weight of an order placed so many days ago.

    >>> recency_weight(np.array([0.0, 730.0])).tolist()
    [1.0, 0.5]
    """
    return np.asarray(2.0 ** (-np.maximum(age_days, 0.0) / half_life_days), dtype=np.float64)


def order_durations(sample: pd.DataFrame, days: Numbers, as_of: pd.Timestamp) -> Durations:
    """Durations of `opt_in__lead_time_sample` rows, in `days` or as a ratio, weighed by recency.

    By the day of the order, not of the receipt: a weight must not hang on the duration itself.
    """
    age = (as_of - sample["ordered_date"]).dt.days.to_numpy(np.float64)
    return Durations(days, sample["is_censored"].to_numpy(dtype=np.bool_), recency_weight(age))


def _network(durations: Durations) -> Numbers:
    """Slices of all orders together; the master lead time says what happens where none is done."""
    everyone = np.zeros(len(durations.days), dtype=np.int64)
    parent = _MASTER_SLICES[None, :]
    slices: Numbers = group_curves(durations, everyone, 1, SLICE_LEVELS, parent, MASTER_RECEIPTS).quantiles[0]
    return slices


def _master(item_location: pd.DataFrame, sample: pd.DataFrame) -> pd.DataFrame:
    """Every supplier-location pair that is planned or sampled, with its mean master lead time.

    A sampled pair that is not planned takes its supplier's mean, or the mean of all; never below
    one day, so that a ratio exists.
    """
    columns = ["supplier_id", "location_id"]
    planned = item_location.groupby(columns, sort=True)["lead_time_days"].mean()
    pairs = pd.concat([item_location[columns], sample[columns]]).drop_duplicates().sort_values(columns)
    days = planned.reindex(pd.MultiIndex.from_frame(pairs)).to_numpy()
    of_supplier = pairs["supplier_id"].map(item_location.groupby("supplier_id")["lead_time_days"].mean())
    overall = float(item_location["lead_time_days"].mean()) if len(item_location) else 1.0
    days = np.where(np.isnan(days), of_supplier.fillna(overall).to_numpy(dtype=np.float64), days)
    return pairs.assign(lead_time_days=np.maximum(days, 1.0)).reset_index(drop=True)
