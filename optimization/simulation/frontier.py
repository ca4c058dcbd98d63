"""What service costs: a rule played over its whole control, compared at equal fill and at equal cost.

A `Trial` fixes everything but the levels, so that all rules meet the same demand, the same opening
stock and the same lead times. How rules are tuned on an earlier trial stands in `tuning.py`.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from optimization.simulation.rules import Levels, simulate
from optimization.simulation.simulator import Integers, Mode, Numbers, Outcome, PerRow


@dataclass(frozen=True)
class Trial:
    """Columns `first` … `last` − 1 of a panel (n, T) as demand that is scored, NaN unknown.

    Play begins `warm_up` columns earlier, from a stock that is the same for every rule: the mean
    of the known demand before times the interval of review plus lead time, rounded. Lead times
    are whole periods, (n,) or (n, reviews) as drawn beforehand, one column per origin.
    """

    panel: Numbers
    first: int
    last: int
    lead_time: int | Integers
    review: int | Integers = 1
    mode: Mode | npt.NDArray[np.object_] = "backorder"
    lost_share: PerRow = 0.5
    lot: PerRow = 1.0
    moq: PerRow = 0.0
    received_share: PerRow = 1.0
    warm_up: int = 0

    @property
    def origins(self) -> Integers:
        """Columns known at each review: the levels of column k may use columns < origins[k] only."""
        return np.arange(self.first - self.warm_up, self.last + 1)

    @property
    def interval(self) -> Numbers:
        """Periods that an order must cover, review plus mean lead time, (n,)."""
        lead = np.asarray(self.lead_time, dtype=np.float64)
        mean = lead.mean(axis=1) if lead.ndim == 2 else lead
        return np.array(np.broadcast_to(mean + np.asarray(self.review), (len(self.panel),)))

    @property
    def opening_stock(self) -> Numbers:
        """Stock before the first played period, units, (n,)."""
        known = self.panel[:, : self.first - self.warm_up]
        return np.asarray(np.rint(known_mean(known) * self.interval))

    def play(self, levels: Levels, keep_ledger: bool = False) -> Outcome:
        """Play levels, each (n,) or (n, reviews)."""
        begin = self.first - self.warm_up
        return simulate(
            self.panel[:, begin : self.last],
            levels.get("order_up_to"),
            reorder_point=levels.get("reorder_point"),
            order_quantity=levels.get("order_quantity"),
            lead_time=self.lead_time,
            review=self.review,
            mode=self.mode,
            lost_share=self.lost_share,
            lot=self.lot,
            moq=self.moq,
            received_share=self.received_share,
            on_hand=self.opening_stock,
            opening_review=True,
            warm_up=self.warm_up,
            keep_ledger=keep_ledger,
        )


@dataclass(frozen=True)
class Frontier:
    """Outcomes of one rule at rising controls: `controls` (C,), the rest (C, n), units.

    `on_hand`, `backlog` and `lost` are sums over the counted periods, `mean_on_hand` per period.
    """

    controls: Numbers
    demand: Numbers
    filled: Numbers
    mean_on_hand: Numbers
    on_hand: Numbers
    backlog: Numbers
    lost: Numbers
    periods: Numbers

    @property
    def fill(self) -> Numbers:
        """Unit fill rate per control, (C,)."""
        return np.asarray(self.filled.sum(axis=1) / max(float(self.demand[0].sum()), 1e-12))

    @property
    def stock(self) -> Numbers:
        """Mean stock in periods of mean demand per control, (C,)."""
        return np.asarray(self.mean_on_hand.sum(axis=1) / max(float(self.mean_demand.sum()), 1e-12))

    @property
    def mean_demand(self) -> Numbers:
        """Mean demand per counted period, units, (n,)."""
        mean: Numbers = self.demand[0] / np.maximum(self.periods[0], 1.0)
        return mean

    def cost_by_row(self, shortage: float, holding: float = 1.0) -> Numbers:
        """Cost per control and row (C, n): a backlog pays every period, a lost unit once."""
        return holding * self.on_hand + shortage * (self.backlog + self.lost)

    def cost(self, shortage: float, holding: float = 1.0) -> Numbers:
        """Cost per control, (C,)."""
        return np.asarray(self.cost_by_row(shortage, holding).sum(axis=1))

    def of(self, rows: Integers | np.ndarray[Any, np.dtype[np.bool_]]) -> Frontier:
        """Return the same for some rows, for instance those of a demand class."""
        fields = {name: getattr(self, name)[:, rows] for name in _BY_ROW}
        return Frontier(controls=self.controls, **fields)


_BY_ROW = ("demand", "filled", "mean_on_hand", "on_hand", "backlog", "lost", "periods")


def frontier(trial: Trial, controls: Numbers, levels: Iterable[Levels]) -> Frontier:
    """Play the levels of every control in turn."""
    outcomes = [trial.play(each) for each in levels]
    fields = {name: np.stack([getattr(outcome, name) for outcome in outcomes]) for name in _BY_ROW}
    return Frontier(controls=np.asarray(controls, dtype=np.float64), **fields)


def at_fill(fill: Numbers, values: Numbers, target: float) -> float:
    """Value where the fill first reaches `target`, linear between neighbouring controls; else NaN.

    `values` (C,) may be the stock or the control itself. A frontier that starts above the target
    says nothing about it and gives NaN as well.

    >>> at_fill(np.array([0.80, 0.90, 0.96]), np.array([2.0, 3.0, 5.0]), 0.95)
    4.666666666666666
    """
    reached = np.flatnonzero(fill >= target)
    if not len(reached) or (reached[0] == 0 and fill[0] > target):
        return float("nan")
    above = int(reached[0])
    if above == 0 or fill[above] == target:
        return float(values[above])
    share = (target - fill[above - 1]) / (fill[above] - fill[above - 1])
    return float(values[above - 1] + share * (values[above] - values[above - 1]))


def known_mean(panel: Numbers) -> Numbers:
    """Mean of the known columns per row; 0 where nothing is known."""
    is_known = ~np.isnan(panel)
    count = is_known.sum(axis=1)
    total = np.where(is_known, panel, 0.0).sum(axis=1)
    return np.asarray(np.divide(total, count, out=np.zeros(len(panel)), where=count > 0))


def hindsight_constant(trial: Trial, shortage: float, holding: float = 1.0, grid: int = 60) -> Numbers:
    """Cost per row of the best constant level, chosen on the scored demand itself, (n,).

    A bound for stationary rules, not one that a planner could follow. Candidates are quantiles of
    demand over the interval: the exact optimum of a backorder system with fixed lead time is the
    quantile b/(b + h) of it; the others are for lost sales, lots and random lead times.
    """
    demand = trial.panel[:, trial.first - trial.warm_up : trial.last]
    width = max(int(np.ceil(trial.interval.max())), 1)
    filled = np.where(np.isnan(demand), 0.0, demand)
    sums = np.cumsum(np.pad(filled, ((0, 0), (1, 0))), axis=1)
    width = min(width, demand.shape[1])
    windows = np.sort(sums[:, width:] - sums[:, :-width], axis=1)
    levels = np.concatenate([np.linspace(0.0, 1.0, grid), [shortage / (shortage + holding)]])
    at = np.ceil(levels * windows.shape[1] - 1e-9).astype(np.int64) - 1
    best = np.full(len(demand), np.inf)
    for column in sorted({-1, *at[at >= 0].tolist()}):
        level = windows[:, column] if column >= 0 else np.zeros(len(demand))
        outcome = trial.play({"order_up_to": np.ascontiguousarray(level)})
        best = np.minimum(best, outcome.cost(holding, shortage, shortage))
    return best
