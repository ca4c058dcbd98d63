"""When open supply is to be expected: dates given how long a line has been waited for already.

Overdue supply is dated anew and marked, never dropped; whether it nets against need is decided
before, by the days for which a stated date is trusted.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from optimization.contracts.inputs import OPEN_SUPPLY, SUPPLY_LINE
from optimization.contracts.outputs import LEAD_TIME_QUANTILE, SUPPLY_EXPECTATION
from optimization.demand.lead_times import FEW_RECEIPTS, KEPT_LEVELS, pooled_lead_times, recency_weight
from optimization.demand.pooled_survival import SLICE_LEVELS, Durations, group_curves, remaining_quantiles
from optimization.demand.series import Flags, Numbers
from optimization.keys import Integers, sorted_by_key
from optimization.reasons import first_that_holds
from optimization.results import Report
from optimization.screening import screened

LEVELS: Numbers = np.array([0.5, 0.9])
# Beyond all evidence the rest is taken to end at a constant rate; its mean is never below a week.
LEAST_MEAN_REST_DAYS = 7.0


def expect_supply(
    open_supply: pd.DataFrame,
    supply_line: pd.DataFrame,
    lead_time_quantile: pd.DataFrame,
    as_of: pd.Timestamp,
) -> tuple[pd.DataFrame, Report]:
    """Date every open line by the supplier's record; returns `opt_out__supply_expectation`.

    Where the supplier has kept or broken at least five first dates, the line's first date plus
    the supplier's days late, given that it is later than today already; else the order date plus
    the lead time, given its age; else the stated date. Waiting longer than anything known leaves
    P(rest > x) = e^(-x/m), m the spread of what is known, at least a week. A stated date that was
    moved into the future is the earliest median. Both dates lie after `as_of`.
    Raises `ContractError` when a frame is not of its table.
    """
    supply, bad = screened(sorted_by_key(open_supply, OPEN_SUPPLY.key), OPEN_SUPPLY)
    lines, bad_line = screened(supply_line, SUPPLY_LINE)
    lines = lines[~bad_line]
    lead_time_quantile = LEAD_TIME_QUANTILE.validate(lead_time_quantile)

    late, is_late_known = _lateness(supply, lines, as_of)
    lead, is_lead_known = _lead_times(supply, lead_time_quantile)
    by_lead = ~is_late_known & is_lead_known
    slices = np.where(is_late_known[:, None], late, lead)
    start = supply["first_expected_date"].where(is_late_known, supply["ordered_date"])
    waited = (as_of - start).dt.days.to_numpy(np.float64)
    total, left = remaining_quantiles(slices, waited, LEVELS)
    known = is_late_known | by_lead
    beyond = known & (left == 0)
    rest_mean = np.maximum(np.nan_to_num(slices).std(axis=1), LEAST_MEAN_REST_DAYS)
    beyond_rest = -np.log1p(-LEVELS)[None, :] * rest_mean[:, None]
    rest = np.where(beyond[:, None], beyond_rest, total - waited[:, None])

    stated = supply["stated_date"]
    stated_rest = (supply["expected_date"] - as_of).dt.days.to_numpy(np.float64)
    rest = np.where(known[:, None], rest, stated_rest[:, None])
    is_overdue = supply["is_overdue"].to_numpy(dtype=np.bool_)
    is_moved = ~is_overdue & (stated > supply["first_expected_date"]).to_numpy()
    rest[:, 0] = np.where(is_moved, np.maximum(rest[:, 0], stated_rest), rest[:, 0])
    days = np.maximum.accumulate(np.maximum(np.ceil(rest - 1e-9), 1.0), axis=1)
    p50, p90 = (as_of + pd.to_timedelta(days[:, k], unit="D") for k in range(2))

    is_counted = supply["is_counted"].to_numpy(dtype=np.bool_)
    status = np.where(known & ~beyond, "OK", "FALLBACK").astype(object)
    reason = first_that_holds(
        {
            "OVERDUE_BEYOND_EVIDENCE": beyond,
            "NO_SUPPLIER_EVIDENCE": ~known,
            "OVERDUE_NOT_COUNTED": is_overdue & ~is_counted,
            "OVERDUE_REDATED": is_overdue,
        },
        "NOT_YET_DUE",
    )
    status[bad], reason[bad] = "QUARANTINED", "INPUT_IMPLAUSIBLE"
    kept = ["supply_order_id", "line_id", "item_id", "location_id", "open_units", "stated_date"]
    kept += ["expected_date", "is_overdue", "overdue_days", "is_counted", "supplier_id"]
    frame = supply[kept].assign(
        expected_p50_date=p50.astype("datetime64[ns]"),
        expected_p90_date=p90.astype("datetime64[ns]"),
        method=first_that_holds(
            {
                "constant_rate": beyond,
                "lateness_given_waiting": is_late_known,
                "lead_time_given_waiting": by_lead,
            },
            "as_stated",
        ),
        status=status,
        reason_code=reason,
    )
    figures = {"overdue": int(is_overdue.sum()), "not_counted": int((~is_counted).sum())}
    return SUPPLY_EXPECTATION.validate(frame), Report.of(len(open_supply), frame, **figures)


def _lateness(supply: pd.DataFrame, lines: pd.DataFrame, as_of: pd.Timestamp) -> tuple[Numbers, Flags]:
    """Slices of days late per open line, and where the supplier's record says anything.

    Lines that are still open are as late as today at least.
    """
    n = len(supply)
    first, last = lines["first_expected_date"], lines["last_received_date"]
    is_open = lines["is_open"].to_numpy(dtype=np.bool_)
    usable = first.notna() & (is_open | (last <= as_of)) & ~(lines["ordered_date"] > as_of)
    lines, is_open = lines[usable], is_open[usable.to_numpy()]
    first, last = first[usable], last[usable]
    end = last.where(~is_open, as_of)
    placed = lines["ordered_date"].fillna(first)
    age = (as_of - placed).dt.days.to_numpy(np.float64)
    lateness = np.asarray((end - first).dt.days, dtype=np.float64)
    durations = Durations(lateness, np.asarray(is_open, dtype=np.bool_), recency_weight(age))

    has_date = (supply["first_expected_date"].notna() & supply["supplier_id"].notna()).to_numpy()
    names = pd.concat([lines["supplier_id"], supply["supplier_id"].astype(object).fillna("")])
    places = pd.concat([lines["location_id"], supply["location_id"]])
    supplier = _numbered(names)
    pair = _numbered(pd.Series(supplier).astype(str).str.cat(places.to_numpy(dtype=object), sep="|"))
    finished = np.bincount(supplier[: len(lines)][~is_open], minlength=supplier.max(initial=-1) + 1)
    is_known = has_date & (finished[supplier[len(lines) :]] >= FEW_RECEIPTS)
    if not is_known.any():
        return np.zeros((n, len(SLICE_LEVELS))), np.zeros(n, dtype=np.bool_)
    everyone = np.zeros(len(lines), dtype=np.int64)
    root = group_curves(durations, everyone, 1, SLICE_LEVELS).quantiles
    curves = pooled_lead_times(durations, [[np.zeros_like(pair), supplier]], pair, root, SLICE_LEVELS)
    return curves.quantiles[pair[len(lines) :]], is_known


def _lead_times(supply: pd.DataFrame, lead_time_quantile: pd.DataFrame) -> tuple[Numbers, Flags]:
    """Slices of the lead time per open line, stretched to the number of slices, and where known."""
    ordered = lead_time_quantile.sort_values(list(LEAD_TIME_QUANTILE.key))
    key = ["supplier_id", "location_id"]
    groups = ordered[key].iloc[:: len(KEPT_LEVELS)]
    days = ordered["lead_time_days"].to_numpy(np.float64).reshape(len(groups), len(KEPT_LEVELS))
    wanted = supply[key].astype(object)
    at = pd.MultiIndex.from_frame(groups.astype(object)).get_indexer(pd.MultiIndex.from_frame(wanted))
    known = (at >= 0) & supply["supplier_id"].notna().to_numpy()
    if not len(days):
        return np.zeros((len(supply), len(SLICE_LEVELS))), np.zeros(len(supply), dtype=np.bool_)
    return np.repeat(days, len(SLICE_LEVELS) // len(KEPT_LEVELS), axis=1)[at], known


def _numbered(names: pd.Series) -> Integers:
    return np.asarray(pd.factorize(names, sort=True)[0], dtype=np.int64)
