"""The card of a supplier, per location and in total: its word, its deliveries, and our own P90."""

from __future__ import annotations

import numpy as np
import pandas as pd

from optimization.contracts.inputs import ITEM_LOCATION, LEAD_TIME_SAMPLE, SUPPLY_LINE
from optimization.contracts.outputs import LEAD_TIME, SUPPLIER_SCORECARD
from optimization.demand.lead_times import LEVELS, known_at, order_durations, pair_lead_times
from optimization.demand.pooled_survival import group_curves
from optimization.demand.series import Flags, Numbers
from optimization.demand.supplier_reliability import Deliveries, Groups, expected_shares, measure
from optimization.keys import Integers
from optimization.reasons import first_that_holds
from optimization.results import Report
from optimization.screening import screened

# Below so many lines a counted share, and a change of one, says little.
FEW_LINES = 10
# The P90 is checked on the orders placed since then, against what was estimated then.
CHECK_DAYS = 182
ALL_LOCATIONS = "*"
_PAIR = ["supplier_id", "location_id"]


def score_suppliers(
    supply_line: pd.DataFrame,
    lead_time_sample: pd.DataFrame,
    item_location: pd.DataFrame,
    lead_time: pd.DataFrame,
    as_of: pd.Timestamp,
) -> tuple[pd.DataFrame, Report]:
    """Score every supplier per location and in total; returns `opt_out__supplier_scorecard`.

    Counted shares stand beside shrunk ones (location in supplier in network). The P90 that was
    estimated half a year ago is checked on the orders placed since that have had its time.
    `lead_time` is `opt_out__lead_time` of `as_of`, of which nothing later is read.
    Raises `ContractError` when a frame is not of its table.
    """
    lines, bad = screened(supply_line, SUPPLY_LINE)
    is_later = (lines[["ordered_date", "last_received_date"]] > as_of).any(axis=1).to_numpy()
    lines = lines[~bad & ~is_later].sort_values(list(SUPPLY_LINE.key))
    sample, bad_sample = screened(lead_time_sample, LEAD_TIME_SAMPLE)
    sample = known_at(sample[~bad_sample], as_of)
    lead_time = LEAD_TIME.validate(lead_time)
    pairs = pd.concat([lead_time[_PAIR], lines[_PAIR]]).drop_duplicates()
    pairs = pairs.sort_values(_PAIR, ignore_index=True)
    supplier, names = pd.factorize(pairs["supplier_id"], sort=True)
    totals = pd.DataFrame({"supplier_id": names.astype(object), "location_id": ALL_LOCATIONS})

    deliveries = measure(lines, as_of)
    of_pair = Groups(_row_in(pairs, lines), len(pairs))
    of_supplier = Groups(supplier[of_pair.of_line], len(totals))
    everyone = expected_shares(deliveries, Groups(np.zeros(len(lines), dtype=np.int64), 1))
    by_supplier = expected_shares(deliveries, of_supplier, everyone)
    by_pair = expected_shares(
        deliveries, of_pair, {name: share[supplier] for name, share in by_supplier.items()}
    )
    checked, is_covered = _checks(sample, screened(item_location, ITEM_LOCATION)[0], as_of)
    checked_pair = _row_in(pairs, checked)
    stated = pairs.merge(lead_time, how="left", on=_PAIR)[["lead_time_p50_days", "lead_time_p90_days"]]

    frame = pd.concat(
        [
            _card(totals, deliveries, of_supplier, by_supplier)
            .assign(**_coverage(Groups(supplier[checked_pair], len(totals)), is_covered))
            .assign(**_quantiles(_supplier_quantiles(sample, totals, as_of))),
            _card(pairs, deliveries, of_pair, by_pair)
            .assign(**_coverage(Groups(checked_pair, len(pairs)), is_covered))
            .assign(**_quantiles(stated.to_numpy(np.float64))),
        ]
    )
    frame = frame.sort_values(_PAIR, ignore_index=True)
    figures = {"lines": len(lines), "lines_set_aside": int(bad.sum())}
    return SUPPLIER_SCORECARD.validate(frame), Report.of(len(supply_line), frame, **figures)


def _card(
    keys: pd.DataFrame, lines: Deliveries, groups: Groups, expected: dict[str, Numbers]
) -> pd.DataFrame:
    """Counted and expected figures of each group, and why they may say little."""
    count, due, closed, recent, earlier = (
        groups.total(known).astype(np.int64)
        for known in (
            np.ones(len(lines.weight)),
            lines.is_due,
            lines.is_closed,
            lines.is_recent,
            lines.is_earlier,
        )
    )
    recent_share = groups.share(lines.is_recent & lines.is_late, lines.is_recent)
    earlier_share = groups.share(lines.is_earlier & lines.is_late, lines.is_earlier)
    says_much = recent >= FEW_LINES
    accepted = np.where(lines.is_closed, lines.fraction * lines.ordered, 0.0)
    promised = pd.Series(lines.promised_days).groupby(groups.of_line).median()
    return keys.assign(
        supply_line_count=count,
        due_line_count=due,
        closed_line_count=closed,
        late_share=groups.share(lines.is_late, lines.is_due),
        expected_late_share=expected["late"],
        recent_late_share=np.where(says_much, recent_share, np.nan),
        late_share_change=np.where(says_much & (earlier >= FEW_LINES), recent_share - earlier_share, np.nan),
        mean_lateness_days=groups.share(lines.lateness, lines.is_dated),
        short_share=np.clip(1.0 - groups.share(accepted, lines.ordered), 0.0, 1.0),
        full_share=groups.share(lines.is_closed & (lines.fraction >= 1.0), lines.is_closed),
        zero_share=groups.share(lines.is_closed & (lines.fraction <= 0.0), lines.is_closed),
        receipt_share=np.clip(expected["fraction"], 0.0, 1.0),
        receipt_share_sd=np.sqrt(np.clip(expected["fraction2"] - expected["fraction"] ** 2, 0.0, 1.0)),
        rejected_share=groups.share(lines.rejected, lines.received),
        expected_rejected_share=np.clip(expected["rejected"], 0.0, 1.0),
        promised_lead_time_days=promised.reindex(range(groups.n)).to_numpy(np.float64),
        method="counted_and_shrunk",
        status=np.where(due < FEW_LINES, "FALLBACK", "OK").astype(object),
        reason_code=first_that_holds(
            {
                "NO_FIRST_DATES": (count > 0) & (groups.total(lines.has_first_date) == 0),
                "NO_DUE_LINES": due == 0,
                "FEW_SUPPLY_LINES": due < FEW_LINES,
                "NO_CLOSED_LINES": closed == 0,
            }
        ),
    )


def _checks(
    sample: pd.DataFrame, item_location: pd.DataFrame, as_of: pd.Timestamp
) -> tuple[pd.DataFrame, Flags]:
    """Orders since the check began that have had the time of the P90 of then, and which came in it."""
    start = as_of - pd.Timedelta(days=CHECK_DAYS)
    before = pair_lead_times(sample, item_location, start)
    since = sample[(sample["ordered_date"] > start).to_numpy()]
    row = _row_in(before.pairs, since)
    since, row = since[row >= 0], row[row >= 0]
    within = before.quantiles[row, LEVELS.index(0.9)]
    has_had_time = (as_of - since["ordered_date"]).dt.days.to_numpy(np.float64) >= within
    has_come = ~since["is_censored"].to_numpy(dtype=np.bool_)
    is_covered = has_come & (since["lead_time_days"].to_numpy(np.float64) <= within + 1e-9)
    return since[has_had_time], is_covered[has_had_time]


def _supplier_quantiles(sample: pd.DataFrame, totals: pd.DataFrame, as_of: pd.Timestamp) -> Numbers:
    """Median and P90 of each supplier's own lead times over its locations; NaN without receipts."""
    supplier = pd.Index(totals["supplier_id"]).get_indexer(sample["supplier_id"]).astype(np.int64)
    sample, supplier = sample[supplier >= 0], supplier[supplier >= 0]
    durations = order_durations(sample, sample["lead_time_days"].to_numpy(np.float64), as_of)
    curves = group_curves(durations, supplier, len(totals), np.array([0.5, 0.9]))
    has_receipts = durations.counted(supplier, len(totals)) > 0
    return np.where(has_receipts[:, None], curves.quantiles, np.nan)


def _coverage(groups: Groups, is_covered: Flags) -> dict[str, np.ndarray]:
    checked = np.ones(len(is_covered))
    return {
        "checked_order_count": groups.total(checked).astype(np.int64),
        "p90_coverage": groups.share(is_covered, checked),
    }


def _quantiles(days: Numbers) -> dict[str, Numbers]:
    return {"lead_time_p50_days": days[:, 0], "lead_time_p90_days": days[:, 1]}


def _row_in(pairs: pd.DataFrame, frame: pd.DataFrame) -> Integers:
    """Row of each supplier and location in `pairs`, -1 where it is not there."""
    known, wanted = (pd.MultiIndex.from_frame(each[_PAIR].astype(object)) for each in (pairs, frame))
    return np.asarray(known.get_indexer(wanted), dtype=np.int64)
