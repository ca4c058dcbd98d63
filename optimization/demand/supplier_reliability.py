"""What supply order lines say of their suppliers: late, short, rejected; counted and shrunk.

A counted share is evidence, and NaN where nothing was counted. An expected share, to plan with,
leans on wider groups, because three deliveries say little. The card that a planner reads is put
together in `supplier_scorecard.py`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from optimization.demand.lead_times import recency_weight
from optimization.demand.series import Flags, Numbers
from optimization.keys import Integers

# Weight of the wider group in lines: with 8 own lines a share is half its own.
POOL_LINES = 8.0
RECENT_DAYS = 90
EARLIER_DAYS = 365


@dataclass(frozen=True)
class Groups:
    """The group of every line, and how many groups there are."""

    of_line: Integers
    n: int

    def total(self, values: npt.NDArray[np.generic]) -> Numbers:
        """Sum of the lines' values per group."""
        sums = np.bincount(self.of_line, weights=values.astype(np.float64), minlength=self.n)
        return np.asarray(sums, dtype=np.float64)

    def share(self, part: npt.NDArray[np.generic], whole: npt.NDArray[np.generic]) -> Numbers:
        """Sum of `part` over sum of `whole` per group; NaN where the whole is nothing.

        >>> Groups(np.array([0, 0, 2]), 3).share(np.array([1.0, 0, 1]), np.ones(3)).tolist()
        [0.5, nan, 1.0]
        """
        total = self.total(whole)
        share = np.divide(self.total(part), total, out=np.full(self.n, np.nan), where=total > 0)
        return np.asarray(share, dtype=np.float64)


@dataclass(frozen=True)
class Deliveries:
    """Supply order lines, one array per figure (n,).

    A line `is_due` when it is finished or past its first date, `is_late` when its last goods came
    after that date or are still to come; `lateness` holds where `is_dated`, the due lines that are
    finished. `is_closed` lines are finished and their order quantity is known; `fraction` of them
    was accepted, where more than ordered counts as all of it.
    """

    weight: Numbers
    has_first_date: Flags
    is_due: Flags
    is_late: Flags
    is_recent: Flags
    is_earlier: Flags
    is_dated: Flags
    lateness: Numbers
    is_closed: Flags
    ordered: Numbers
    fraction: Numbers
    received: Numbers
    rejected: Numbers
    promised_days: Numbers


def measure(lines: pd.DataFrame, as_of: pd.Timestamp) -> Deliveries:
    """Read `opt_in__supply_line` rows as they stand at `as_of`."""
    first, last = lines["first_expected_date"], lines["last_received_date"]
    is_open = lines["is_open"].to_numpy(dtype=np.bool_)
    has_first_date = first.notna().to_numpy()
    is_dated = has_first_date & ~is_open & last.notna().to_numpy()
    is_overdue = is_open & (first < as_of).to_numpy()
    lateness = np.where(is_dated, (last - first).dt.days.to_numpy(np.float64), 0.0)
    since_first = (as_of - first).dt.days.to_numpy(np.float64)
    is_due = is_dated | is_overdue
    ordered, received, accepted = (
        lines[name].to_numpy(np.float64) for name in ("ordered_units", "received_units", "accepted_units")
    )
    is_closed = ~is_open & (ordered > 0)
    fraction = np.divide(accepted, ordered, out=np.zeros(len(lines)), where=is_closed)
    placed = lines["ordered_date"].fillna(first).fillna(last).fillna(as_of)
    return Deliveries(
        weight=recency_weight((as_of - placed).dt.days.to_numpy(np.float64)),
        has_first_date=has_first_date,
        is_due=is_due,
        is_late=is_overdue | (lateness > 0),
        is_recent=is_due & (since_first <= RECENT_DAYS),
        is_earlier=is_due & (since_first > RECENT_DAYS) & (since_first <= EARLIER_DAYS),
        is_dated=is_dated,
        lateness=lateness,
        is_closed=is_closed,
        ordered=np.where(is_closed, ordered, 0.0),
        fraction=np.clip(fraction, 0.0, 1.0),
        received=received,
        rejected=np.clip(received - accepted, 0.0, None),
        promised_days=np.asarray((first - lines["ordered_date"]).dt.days, dtype=np.float64),
    )


def expected_shares(
    lines: Deliveries, groups: Groups, parent: dict[str, Numbers] | None = None
) -> dict[str, Numbers]:
    """Shares to plan with per group: late, accepted fraction and its square, rejected.

    (Σ w·x + 8·parent) / (Σ w + 8) over the lines that show x, w halving every two years; `parent`
    holds the wider group's share per group or one for all. Without a parent it is the plain
    weighted mean, NaN where nothing shows it.
    """
    shown = {
        "late": (lines.is_due, lines.is_late.astype(np.float64)),
        "fraction": (lines.is_closed, lines.fraction),
        "fraction2": (lines.is_closed, lines.fraction**2),
        "rejected": (
            lines.received > 0,
            np.divide(
                lines.rejected, lines.received, out=np.zeros(len(lines.weight)), where=lines.received > 0
            ),
        ),
    }
    shares = {}
    for name, (known, value) in shown.items():
        weight = np.where(known, lines.weight, 0.0)
        if parent is None:
            shares[name] = groups.share(weight * value, weight)
        else:
            mass = groups.total(weight)
            shares[name] = (groups.total(weight * value) + POOL_LINES * parent[name]) / (mass + POOL_LINES)
    return shares
