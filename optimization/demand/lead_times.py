"""Lead-time distribution per supplier and location, from receipts and from orders still open.

Times are measured as a ratio to the master lead time, so that a location of a far supplier can
lean on the network without being drawn to the days of a near one. What suppliers deliver, and
when against their word, is in `supplier_reliability.py`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.special import ndtri

from optimization.contracts.inputs import ITEM_LOCATION, LEAD_TIME_SAMPLE
from optimization.contracts.outputs import LEAD_TIME, LEAD_TIME_QUANTILE
from optimization.demand.pooled_survival import (
    SLICE_LEVELS,
    Curves,
    Durations,
    any_row,
    group_curves,
    pooled_slices,
)
from optimization.demand.series import Flags, Numbers
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
    found = pair_lead_times(sample[~bad_sample], item_location, as_of)
    frame = pd.DataFrame(
        {
            "supplier_id": found.pairs["supplier_id"],
            "location_id": found.pairs["location_id"],
            "sample_count": found.count,
            "open_order_count": found.count - found.received,
            "lead_time_days": found.mean,
            "lead_time_sd_days": found.sd,
            **{
                f"lead_time_p{round(level * 100)}_days": found.quantiles[:, k]
                for k, level in enumerate(LEVELS)
            },
            "method": np.where(found.is_unverified, "master_cv_0.3", "kaplan_meier_shrunk").astype(object),
            "status": np.where(found.is_unverified, "FALLBACK", "OK").astype(object),
            "reason_code": first_that_holds(
                {"lt_unverified": found.is_unverified, "lt_pooled": found.received < FEW_RECEIPTS}
            ),
        }
    )
    kept = pd.DataFrame(
        {
            "supplier_id": np.repeat(found.pairs["supplier_id"].to_numpy(dtype=object), len(KEPT_LEVELS)),
            "location_id": np.repeat(found.pairs["location_id"].to_numpy(dtype=object), len(KEPT_LEVELS)),
            "quantile_level": np.tile(KEPT_LEVELS, len(found.pairs)),
            "lead_time_days": found.quantiles[:, len(LEVELS) :].ravel(),
        }
    )
    figures = {"samples": int(found.count.sum()), "samples_set_aside": int(bad_sample.sum())}
    report = Report.of(len(lead_time_sample), frame, **figures)
    return LEAD_TIME.validate(frame), LEAD_TIME_QUANTILE.validate(kept), report


@dataclass(frozen=True)
class PairLeadTimes:
    """Lead times, days, per supplier and location (n,); `pairs` names them.

    `quantiles` (n, k) are at LEVELS and then at KEPT_LEVELS; `count` are the samples, of which
    `received` are finished; `is_unverified` where the supplier has none.
    """

    pairs: pd.DataFrame
    count: Integers
    received: Integers
    is_unverified: Flags
    mean: Numbers
    sd: Numbers
    quantiles: Numbers


def pair_lead_times(sample: pd.DataFrame, item_location: pd.DataFrame, as_of: pd.Timestamp) -> PairLeadTimes:
    """Estimate as `estimate_lead_times` does, on valid frames."""
    sample = known_at(sample, as_of)
    master = _master(item_location, sample)
    pairs = master[["supplier_id", "location_id"]]
    pair = pd.MultiIndex.from_frame(pairs).get_indexer(pd.MultiIndex.from_frame(sample[list(pairs)]))
    master_days = master["lead_time_days"].to_numpy(np.float64)
    ratio = sample["lead_time_days"].to_numpy(np.float64) / master_days[pair]
    durations = order_durations(sample, ratio, as_of)

    supplier = pd.factorize(master["supplier_id"], sort=True)[0].astype(np.int64)
    received = np.bincount(pair[~durations.is_censored], minlength=len(master))
    of_supplier = np.bincount(supplier, weights=received, minlength=supplier.max(initial=-1) + 1)
    unverified = of_supplier[supplier] == 0
    rows = np.concatenate([pair, np.arange(len(master))]).astype(np.int64)
    root = np.stack([_network(durations), _MASTER_SLICES])
    view = [unverified[rows].astype(np.int64), supplier[rows]]
    curves = pooled_lead_times(durations, [view], rows, root, _ALL_LEVELS)

    count = np.bincount(pair, minlength=len(master))
    untouched = unverified & (count == 0)
    by_master = 1.0 + UNVERIFIED_CV * ndtri(_ALL_LEVELS)
    return PairLeadTimes(
        pairs=pairs,
        count=count,
        received=received,
        is_unverified=unverified,
        mean=np.where(untouched, 1.0, curves.mean) * master_days,
        sd=np.where(untouched, UNVERIFIED_CV, curves.sd) * master_days,
        quantiles=np.where(untouched[:, None], by_master, curves.quantiles) * master_days[:, None],
    )


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
    of ever narrower groupings of all rows (everyone, supplier; or everyone, mode, mode and country):
    within it each group leans on the one around it, and the first numbers the rows of `root`
    (r, slices), the widest distributions. The quantiles of the views are averaged, and the cell's
    own durations weigh n/(n+`pool_receipts`) against that. `cell` numbers the narrowest grouping,
    which lies within every view.
    """
    at = any_row(cell)
    parents = [pooled_slices(durations, view, root, pool_receipts)[view[-1][at]] for view in views]
    own = cell[: len(durations.days)]
    return group_curves(durations, own, len(at), levels, np.mean(parents, axis=0), pool_receipts)


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
