"""Lead-time distribution per supplier and location, from receipts and from orders still open.

Times are measured as a ratio to the master lead time, so that a location of a far supplier can
lean on the network without being drawn to the days of a near one.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from optimization.contracts.inputs import ITEM_LOCATION, LEAD_TIME_SAMPLE
from optimization.contracts.outputs import LEAD_TIME
from optimization.demand.kaplan_meier import kaplan_meier
from optimization.demand.series import Flags, Numbers
from optimization.reasons import first_that_holds
from optimization.results import Report
from optimization.screening import screened

# Weight of the wider pool in receipts: with 8 own receipts an estimate is half its own.
POOL_RECEIPTS = 8.0
FEW_RECEIPTS = 5
UNVERIFIED_CV = 0.3
LEVELS = (0.5, 0.8, 0.9)
# Standard normal quantiles of the levels, for the master lead time's default spread.
_NORMAL_Z = np.array([0.0, 0.8416212335729143, 1.2815515655446004])


def estimate_lead_times(
    lead_time_sample: pd.DataFrame, item_location: pd.DataFrame, as_of: pd.Timestamp
) -> tuple[pd.DataFrame, Report]:
    """Estimate mean, spread and quantiles per supplier and location; returns `opt_out__lead_time`.

    Kaplan–Meier over receipts with open orders censored, shrunk location → supplier → network
    with weight n/(n+8). A supplier without any receipt keeps its master lead time with a
    coefficient of variation of 0.3 and the reason `lt_unverified`. Samples ordered after `as_of`
    are not read. Raises `ContractError` when a frame is not of its table.
    """
    sample, bad_sample = screened(lead_time_sample, LEAD_TIME_SAMPLE)
    item_location, _ = screened(item_location, ITEM_LOCATION)
    sample = sample[~bad_sample & (sample["ordered_date"] <= as_of).to_numpy()]
    master = _master(item_location, sample)
    key = pd.MultiIndex.from_frame(master[["supplier_id", "location_id"]])
    pair = key.get_indexer(pd.MultiIndex.from_frame(sample[["supplier_id", "location_id"]]))
    ratio = sample["lead_time_days"].to_numpy(np.float64) / master["lead_time_days"].to_numpy()[pair]
    censored = sample["is_censored"].to_numpy(dtype=np.bool_)
    supplier = pd.factorize(master["supplier_id"], sort=True)[0]
    of_supplier = supplier[pair] if len(pair) else pair

    everyone = _estimate(ratio, censored, None)
    by_supplier = _by_group(
        ratio, censored, of_supplier, np.tile(everyone, (supplier.max(initial=-1) + 1, 1))
    )
    by_pair = _by_group(ratio, censored, pair, by_supplier[supplier])
    received = np.bincount(pair[~censored], minlength=len(master))
    supplier_received = np.bincount(of_supplier[~censored], minlength=len(by_supplier))[supplier]

    unverified = supplier_received == 0
    by_pair[unverified] = np.concatenate([[1.0, UNVERIFIED_CV], 1.0 + UNVERIFIED_CV * _NORMAL_Z])
    days = by_pair * master["lead_time_days"].to_numpy()[:, None]
    pooled = ~unverified & (received < FEW_RECEIPTS)
    frame = pd.DataFrame(
        {
            "supplier_id": master["supplier_id"],
            "location_id": master["location_id"],
            "sample_count": np.bincount(pair, minlength=len(master)),
            "lead_time_days": days[:, 0],
            "lead_time_sd_days": days[:, 1],
            "lead_time_p50_days": days[:, 2],
            "lead_time_p80_days": days[:, 3],
            "lead_time_p90_days": days[:, 4],
            "method": np.where(unverified, "master_cv_0.3", "kaplan_meier_shrunk").astype(object),
            "status": np.where(unverified, "FALLBACK", "OK").astype(object),
            "reason_code": first_that_holds({"lt_unverified": unverified, "lt_pooled": pooled}),
        }
    )
    figures = {"samples": len(sample), "samples_set_aside": int(bad_sample.sum())}
    return LEAD_TIME.validate(frame), Report.of(len(lead_time_sample), frame, **figures)


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


def _by_group(ratio: Numbers, censored: Flags, group: np.ndarray, parent: Numbers) -> Numbers:
    """Estimate of every group, drawn to its row of `parent` with weight 8/(n+8)."""
    result = parent.copy()
    order = np.argsort(group, kind="stable")
    for members in np.split(order, np.flatnonzero(np.diff(group[order])) + 1):
        if len(members):
            own = _estimate(ratio[members], censored[members], parent[group[members[0]]])
            weight = (~censored[members]).sum() / ((~censored[members]).sum() + POOL_RECEIPTS)
            result[group[members[0]]] = weight * own + (1.0 - weight) * parent[group[members[0]]]
    return result


def _estimate(ratio: Numbers, censored: Flags, parent: Numbers | None) -> Numbers:
    """Mean, standard deviation and quantiles; a quantile not reached is the pool's or the last time."""
    if not (~censored).any():
        if parent is not None:
            return parent
        return np.concatenate([[1.0, UNVERIFIED_CV], 1.0 + UNVERIFIED_CV * _NORMAL_Z])
    curve = kaplan_meier(ratio, censored)
    pool = np.full(len(LEVELS), curve.last_time) if parent is None else parent[2:]
    found = [curve.quantile(level) for level in LEVELS]
    reached = [
        max(curve.last_time, float(wider)) if value is None else value
        for value, wider in zip(found, pool, strict=True)
    ]
    return np.array([*curve.moments(), *reached])
