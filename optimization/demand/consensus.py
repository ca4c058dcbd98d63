"""The consensus plan: an approved plan overrides the statistical mean and brings its own error.

A plan is given by month for a scope; here it is split to item-locations and weeks by the shares of
the statistical forecast, which is kept beside it. A plan that is missing, not approved or older
than a cycle changes nothing, and says why.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from optimization.contracts.inputs import CONSENSUS_PLAN
from optimization.demand.pooling import SCOPE_COLUMNS, Scopes
from optimization.demand.series import DAYS_PER_WEEK, Numbers, WeeklySeries
from optimization.demand.weeks import covered_share, days_of, week_starts
from optimization.keys import Integers
from optimization.parameters import PlanParameters
from optimization.reasons import first_that_holds
from optimization.screening import screened

Flags = npt.NDArray[np.bool_]

# Narrow scopes win over wide ones; what they plan counts towards the wide plan.
_WIDTH = {"item_id": 0, "model": 1, "category": 2, "item_kind": 3, "all": 4}
_PLACE_WIDTH = {"location_id": 0, "region": 1, "all": 2}
# Past months that weigh as much as the wider knowledge of how far plans err.
PRIOR_MONTHS = 4.0


@dataclass(frozen=True)
class Consensus:
    """What the plan makes of the weekly means.

    `units` (n, H) is the mean to use: the plan where one holds, else the statistical one;
    `plan_units` (n, H) the same where a plan holds, NaN elsewhere. `error_cv2` (n,) is the squared
    relative error of the plans behind a row, 0 without one. `reason` (n,) says why: None without any
    plan.
    """

    units: Numbers
    plan_units: Numbers
    error_cv2: Numbers
    reason: npt.NDArray[np.object_]

    @property
    def is_planned(self) -> Flags:
        """Rows of which a plan overrides at least one week, (n,)."""
        return np.asarray(np.isfinite(self.plan_units).any(axis=1))


def apply_plan(
    item_location: pd.DataFrame,
    consensus_plan: pd.DataFrame,
    series: WeeklySeries,
    weekly: Numbers,
    as_of: pd.Timestamp,
    parameters: PlanParameters | None = None,
) -> Consensus:
    """Override the statistical `weekly` means (n, H) by the plan that holds at `as_of`.

    `item_location` are the rows of `weekly` and of `series`, whose demand judges past plans;
    `consensus_plan` is `opt_in__consensus_plan`. Of a scope's versions the one approved last by
    `as_of` counts, while it is at most `cycle_days` old. A month that is covered in part takes the
    plan's part of it by days. Raises `ContractError` when the plan is not of its table.
    """
    parameters = parameters or PlanParameters()
    n, horizon = weekly.shape
    plan = _readable(consensus_plan)
    starts = week_starts(as_of, 0, horizon)
    ahead = _ahead(plan, as_of, horizon)
    is_approved = _is_approved(ahead, as_of)
    newest = _newest(ahead[is_approved], [*SCOPE_COLUMNS, "bucket_start_date"])
    fresh = _is_fresh(newest, as_of, parameters)

    find = Scopes(item_location)
    units, covered = weekly.copy(), np.zeros_like(weekly)
    holding = newest[fresh]
    for _, bucket in holding.groupby(["bucket_start_date", "bucket_end_date"], sort=True):
        share = covered_share(
            starts, days_of(bucket["bucket_start_date"])[:1], days_of(bucket["bucket_end_date"])[:1]
        )[0]
        planned, rows = _split(find, bucket, weekly * share, share)
        units[rows] += planned[rows] - weekly[rows] * share
        covered[rows] += share
    is_covered = covered > 0
    error = _plan_errors(find, plan, series, as_of, parameters)
    cv2 = np.zeros(n)
    for scope in sorted(_scopes_of(holding)):
        named = find.rows(*scope)
        cv2[named] = np.maximum(cv2[named], error[scope])
    planned_rows = np.asarray(is_covered.any(axis=1))
    reason = first_that_holds(
        {
            "PLAN_APPLIED": planned_rows,
            "PLAN_STALE": _named(find, newest[~fresh], n),
            "PLAN_NOT_APPROVED": _named(find, ahead[~is_approved], n),
        }
    )
    return Consensus(
        units=np.maximum(units, 0.0),
        plan_units=np.where(is_covered, np.maximum(units, 0.0), np.nan),
        error_cv2=np.where(planned_rows, cv2, 0.0),
        reason=reason,
    )


@dataclass(frozen=True)
class PlanVersions:
    """The version that speaks for each row, None without any, and whether it is approved; (n,)."""

    version: npt.NDArray[np.object_]
    is_approved: Flags


def plan_versions(
    item_location: pd.DataFrame,
    consensus_plan: pd.DataFrame,
    horizon_weeks: int,
    as_of: pd.Timestamp,
    parameters: PlanParameters | None = None,
) -> PlanVersions:
    """Name the plan of each row within the horizon, as `apply_plan` weighs them.

    Of the plans that name a row the narrowest that holds counts; where none holds, the newest that is
    stale or not approved. Raises `ContractError` when the plan is not of its table.
    """
    ahead = _ahead(_readable(consensus_plan), as_of, horizon_weeks)
    is_approved = _is_approved(ahead, as_of)
    newest = _newest(ahead[is_approved], SCOPE_COLUMNS)
    fresh = _is_fresh(newest, as_of, parameters or PlanParameters())
    waiting = _newest(ahead[~is_approved], SCOPE_COLUMNS)
    find = Scopes(item_location)
    version = np.full(len(item_location), None, dtype=object)
    approved = np.zeros(len(item_location), dtype=np.bool_)
    for plans, is_one in ((newest[~fresh], True), (waiting, False), (newest[fresh], True)):
        for plan in _widest_first(plans).itertuples():
            rows = find.rows(*(str(getattr(plan, name)) for name in SCOPE_COLUMNS))
            version[rows], approved[rows] = plan.plan_version, is_one
    return PlanVersions(version, approved)


def relative_error(actual: Numbers, planned: Numbers, prior_cv: float) -> float:
    """Squared relative error of a plan: mean (A/P − 1)² of past months, drawn to a prior.

    Four prior months keep a scope with few past months from looking certain; bias counts as error.

    >>> round(relative_error(np.array([110.0, 90.0]), np.array([100.0, 100.0]), 0.3) ** 0.5, 4)
    0.2517
    """
    squares = float(((actual / planned - 1.0) ** 2).sum()) if len(planned) else 0.0
    return (squares + PRIOR_MONTHS * prior_cv**2) / (len(planned) + PRIOR_MONTHS)


def _readable(consensus_plan: pd.DataFrame) -> pd.DataFrame:
    """The plan without the rows whose scope names nothing that is known."""
    plan, _ = screened(consensus_plan, CONSENSUS_PLAN)
    return plan[(plan["scope_level"] != "unknown") & (plan["location_scope_level"] != "unknown")]


def _ahead(plan: pd.DataFrame, as_of: pd.Timestamp, horizon_weeks: int) -> pd.DataFrame:
    """Buckets that reach into the horizon."""
    last_day = as_of + pd.Timedelta(days=DAYS_PER_WEEK * horizon_weeks)
    return plan[(plan["bucket_end_date"] > as_of) & (plan["bucket_start_date"] <= last_day)]


def _is_approved(plan: pd.DataFrame, as_of: pd.Timestamp) -> Flags:
    return (plan["is_approved"] & (plan["approved_date"] <= as_of)).to_numpy(dtype=np.bool_)


def _is_fresh(plan: pd.DataFrame, as_of: pd.Timestamp, parameters: PlanParameters) -> Flags:
    age = (as_of - plan["approved_date"]).dt.days
    return np.asarray(age <= parameters.cycle_days, dtype=np.bool_)


def _widest_first(plan: pd.DataFrame) -> pd.DataFrame:
    """Plans in the order in which a later one may take the place of an earlier one."""
    width = plan["scope_level"].map(_WIDTH), plan["location_scope_level"].map(_PLACE_WIDTH)
    return plan.assign(width=width[0], place=width[1]).sort_values(
        ["width", "place", *SCOPE_COLUMNS], ascending=[False, False, *[True] * len(SCOPE_COLUMNS)]
    )


def _newest(plan: pd.DataFrame, keys: list[str]) -> pd.DataFrame:
    """Of each scope and bucket the version approved last; equal dates by version."""
    ordered = plan.sort_values([*keys, "approved_date", "plan_version"], kind="stable")
    return ordered.drop_duplicates(keys, keep="last")


def _split(find: Scopes, bucket: pd.DataFrame, weekly: Numbers, share: Numbers) -> tuple[Numbers, Flags]:
    """Units per row and week of one bucket's plans, and which rows have one.

    `weekly` is the statistical mean of the bucket's days in each week, `share` the part of each week.
    """
    planned, done = np.zeros_like(weekly), np.zeros(len(weekly), dtype=np.bool_)
    bucket = bucket.assign(
        width=bucket["scope_level"].map(_WIDTH), place=bucket["location_scope_level"].map(_PLACE_WIDTH)
    ).sort_values(["width", "place", *SCOPE_COLUMNS])
    days = (bucket["bucket_end_date"] - bucket["bucket_start_date"]).dt.days + 1
    target = (bucket["planned_units"] * (share.sum() * DAYS_PER_WEEK / days)).to_numpy(np.float64)
    scopes = bucket[SCOPE_COLUMNS].astype(str).itertuples(index=False, name=None)
    for scope, units in zip(scopes, target, strict=True):
        named = find.rows(*scope)
        free = named[~done[named]]
        if not len(free):
            continue
        rest = max(float(units) - float(planned[named[done[named]]].sum()), 0.0)
        base = weekly[free]
        if base.sum() <= 0:
            base = np.broadcast_to(share, base.shape)
        planned[free] = base * (rest / base.sum() if base.sum() > 0 else 0.0)
        done[free] = True
    return planned, done


def _plan_errors(
    find: Scopes,
    plan: pd.DataFrame,
    series: WeeklySeries,
    as_of: pd.Timestamp,
    parameters: PlanParameters,
) -> dict[tuple[str, ...], float]:
    """Squared relative error per scope, from months that are over and were approved before they began."""
    past = plan[
        (plan["bucket_end_date"] <= as_of)
        & plan["is_approved"]
        & (plan["approved_date"] <= plan["bucket_start_date"])
        & (plan["planned_units"] > 0)
    ]
    past = _newest(past, [*SCOPE_COLUMNS, "bucket_start_date"])
    weeks = int(series.n_weeks.max(initial=0))
    starts = week_starts(as_of, weeks)
    first_known = starts[0] if weeks else np.datetime64(as_of.date(), "D")
    past = past[past["bucket_start_date"] >= pd.Timestamp(first_known)]
    by_row = _WeeksByRow(series, weeks)
    found: dict[tuple[str, ...], tuple[Numbers, Numbers]] = {}
    for scope, months in past.groupby(SCOPE_COLUMNS, sort=True):
        demand = by_row.total(find.rows(*map(str, scope)))
        share = covered_share(
            starts, days_of(months["bucket_start_date"]), days_of(months["bucket_end_date"])
        )
        found[tuple(map(str, scope))] = share @ demand, months["planned_units"].to_numpy(np.float64)
    actual = np.concatenate([np.zeros(0), *(one[0] for one in found.values())])
    planned = np.concatenate([np.zeros(0), *(one[1] for one in found.values())])
    pooled = relative_error(actual, planned, parameters.default_cv)
    nothing = (np.zeros(0), np.zeros(0))
    return {
        scope: relative_error(*found.get(scope, nothing), pooled**0.5) for scope in sorted(_scopes_of(plan))
    }


class _WeeksByRow:
    """Weekly demand of any set of rows, read from the entries of those rows only."""

    def __init__(self, series: WeeklySeries, weeks: int) -> None:
        kept = series.week >= series.end_week - weeks
        order = np.argsort(series.row[kept], kind="stable")
        row = series.row[kept][order]
        self._week = (series.week[kept] - (series.end_week - weeks))[order]
        self._units = series.units[kept][order]
        self._first = np.searchsorted(row, np.arange(series.n + 1))
        self._weeks = weeks

    def total(self, rows: Integers) -> Numbers:
        """Units of these rows per week, (weeks,)."""
        count = self._first[rows + 1] - self._first[rows]
        before = np.cumsum(count) - count
        at = np.repeat(self._first[rows] - before, count) + np.arange(count.sum())
        units = np.bincount(self._week[at], weights=self._units[at], minlength=self._weeks)
        return np.asarray(units, dtype=np.float64)


def _scopes_of(plan: pd.DataFrame) -> set[tuple[str, str, str, str]]:
    """The distinct scopes of some plans, each with its levels."""
    columns = [plan[name].astype(str) for name in SCOPE_COLUMNS]
    return set(zip(*columns, strict=True))


def _named(find: Scopes, plan: pd.DataFrame, n: int) -> Flags:
    """Rows that any of these plans names, (n,)."""
    named = np.zeros(n, dtype=np.bool_)
    for scope in sorted(_scopes_of(plan)):
        named[find.rows(*scope)] = True
    return named
