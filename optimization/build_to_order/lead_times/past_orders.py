"""Orders as they went through their milestones, in whole days; what predictions are drawn from."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd

from optimization.build_to_order.lead_times.pools import POOL_LEVELS, pool_keys
from optimization.build_to_order.milestones.resolving import MilestoneStates, days_reached, progress_codes
from optimization.build_to_order.milestones.template import cancellation_codes
from optimization.demand.series import Flags, Numbers
from optimization.keys import Integers

# Stands before the first milestone: the order's own day, which is known of every order.
ORDERED = "ordered"


@dataclass(frozen=True)
class Passages:
    """When n orders reached each of m stages: a stage begins with its milestone.

    `reached` (n, m): day number or NaN; column 0 is the day of the order, the last one the handover.
    `end` (n,): last day on which the order was followed, which is that of the handover, of the
    cancellation, or the day up to which all is known. `pool` (n, 4): number of its group per level.
    `codes` (m,) names the columns.
    """

    order_id: pd.Index
    codes: pd.Index
    reached: Numbers
    end: Numbers
    pool: Integers

    def is_open_on(self, day: float) -> Flags:
        """Which orders were still being followed at the end of `day`, not handed over and not cancelled."""
        return np.asarray(np.isnan(self.delivered) & (self.end >= day), dtype=np.bool_)

    def known_at(self, day: float) -> Passages:
        """The same orders as they stood at the end of an earlier day; later ones are left out."""
        kept = self.reached[:, 0] <= day
        reached = self.reached[kept]
        return Passages(
            self.order_id[kept],
            self.codes,
            np.where(reached > day, np.nan, reached),
            np.minimum(self.end[kept], day),
            self.pool[kept],
        )

    def chosen(self, rows: Flags) -> Passages:
        """Only these orders."""
        return Passages(self.order_id[rows], self.codes, self.reached[rows], self.end[rows], self.pool[rows])

    @cached_property
    def stage(self) -> Integers:
        """Column of the last stage that each order has reached (n,)."""
        known = ~np.isnan(self.reached)
        width = known.shape[1]
        return np.asarray(width - 1 - np.argmax(known[:, ::-1], axis=1), dtype=np.int64)

    @cached_property
    def left_at(self) -> Numbers:
        """Day on which each stage was left for any later one (n, m); infinity where it never was."""
        later = np.where(np.isnan(self.reached), np.inf, self.reached)
        later = np.minimum.accumulate(later[:, ::-1], axis=1)[:, ::-1]
        return np.concatenate([later[:, 1:], np.full((len(later), 1), np.inf)], axis=1)

    @property
    def delivered(self) -> Numbers:
        """Day of the handover (n,), or NaN."""
        handover: Numbers = self.reached[:, -1]
        return handover


def passages(mto_order: pd.DataFrame, states: MilestoneStates, as_of: pd.Timestamp) -> Passages:
    """Passages of every order of `mto_order` that was placed by `as_of`, quotes left out.

    An order that was delivered without its last milestone being told takes the order's own day of
    delivery. A cancelled one is followed until its cancellation, by its own day or by the event.
    """
    orders = mto_order[
        (mto_order["order_date"] <= as_of).to_numpy(dtype=np.bool_)
        & (mto_order["order_status"] != "quoted").to_numpy(dtype=np.bool_)
    ].sort_values("order_id", ignore_index=True)
    order_id = pd.Index(orders["order_id"].to_numpy(dtype=object))
    today = float(day_numbers(pd.Series([as_of]))[0])
    told = days_reached(states, order_id)
    reached = np.concatenate([day_numbers(orders["order_date"])[:, None], told], axis=1)
    if told.shape[1] == 0:
        reached = np.concatenate([reached, np.full((len(orders), 1), np.nan)], axis=1)
    own = np.where(
        day_numbers(orders["delivered_date"]) <= today, day_numbers(orders["delivered_date"]), np.nan
    )
    reached[:, -1] = np.where(np.isnan(reached[:, -1]), own, reached[:, -1])

    cancelled = np.fmin(day_numbers(orders["cancelled_date"]), _cancelled_by_event(states, order_id))
    last = np.nanmax(reached, axis=1, initial=-np.inf)
    gone = orders["order_status"].isin(["cancelled", "delivered"]).to_numpy(dtype=np.bool_)
    # What ended without a day is followed no further than what was last heard, and not to today itself.
    unknown = np.minimum(last, today - 1.0)
    followed = np.where(cancelled <= today, np.maximum(cancelled, last) - 1.0, np.where(gone, unknown, today))
    end = np.where(np.isnan(reached[:, -1]), followed, reached[:, -1])
    keys = pool_keys(orders)
    pool = np.stack([pd.factorize(keys[level], sort=True)[0] for level in POOL_LEVELS], axis=1)
    codes = progress_codes(states.template)
    names = [ORDERED, *codes] if len(codes) else [ORDERED, "delivered"]
    return Passages(order_id, pd.Index(names, dtype=object), reached, end, pool.astype(np.int64))


def _cancelled_by_event(states: MilestoneStates, order_id: pd.Index) -> Numbers:
    """Day of each order's first event of cancellation, or NaN."""
    ends = states.marks[states.marks["milestone_code"].isin(cancellation_codes(states.template))]
    first = ends.groupby("order_id")["reached_at"].min()
    return day_numbers(first.reindex(order_id))


def day_numbers(dates: pd.Series) -> Numbers:
    """Days since 1970, the time of the day dropped; NaN where there is no date.

    >>> day_numbers(pd.Series(pd.to_datetime(["1970-01-03 18:00", None]))).tolist()
    [2.0, nan]
    """
    days = dates.to_numpy(dtype="datetime64[D]")
    return np.where(np.isnat(days), np.nan, days.astype(np.int64).astype(np.float64))


def dates_of(days: Numbers) -> pd.Series:
    """Dates of day numbers; NaN and infinity become missing."""
    finite = np.isfinite(days)
    moments = np.where(finite, days, 0.0).astype("datetime64[D]").astype("datetime64[ns]")
    return pd.Series(moments).where(finite)
