"""The rules that planners use today, each with its windows, roundings and control to be tuned.

A rule turns a panel (n, T) into the levels of every origin for any value of its control, from the
columns before the origin only; unknown periods (NaN) are skipped, never zero. Nothing here is
chosen: `tuning.py` picks window, rounding and control on an earlier trial.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Literal, Protocol

import numpy as np

from optimization.simulation.moments import cumulated, exponential_means, rolling_moments, syntetos_boylan
from optimization.simulation.rules import Levels
from optimization.simulation.simulator import Integers, Numbers

Rounding = Literal["nearest", "up"]
COVERS = np.concatenate([np.geomspace(0.25, 4.0, 25), np.geomspace(4.5, 16.0, 12)])
FACTORS = np.linspace(-1.0, 8.0, 46)
LEVELS = np.array([0.3, 0.4, 0.5, 0.6, 0.7, 0.75, 0.8, 0.85, 0.9, 0.93, 0.95, 0.97, 0.98, 0.99, 0.995, 0.999])


class Baseline(Protocol):
    """A simple rule at one setting of its window and rounding."""

    @property
    def name(self) -> str:
        """Return what the rule is called in tables."""
        ...

    @property
    def controls(self) -> Numbers:
        """Values of the control worth playing, rising in stock, (C,)."""
        ...

    def variants(self, periods_per_year: float) -> list[Baseline]:
        """Every window and rounding that tuning may choose from."""
        ...

    def levels(self, panel: Numbers, origins: Integers, interval: Numbers) -> Callable[[float], Levels]:
        """Return the levels (n, origins) as a function of the control; `interval` (n,) in periods."""
        ...


@dataclass(frozen=True)
class DaysOfSupply:
    """S = k·P·m, m the mean of the last `window` periods: k covers of the protection interval."""

    window: int = 13
    rounding: Rounding = "nearest"
    name: str = "days_of_supply"

    @property
    def controls(self) -> Numbers:
        """k, covers of the protection interval."""
        return COVERS

    def variants(self, periods_per_year: float) -> list[Baseline]:
        """Windows from a quarter to two years, both roundings."""
        return [
            replace(self, window=window, rounding=rounding)
            for window in windows(periods_per_year)
            for rounding in ROUNDINGS
        ]

    def levels(self, panel: Numbers, origins: Integers, interval: Numbers) -> Callable[[float], Levels]:
        """Levels by k."""
        mean, _ = rolling_moments(panel, origins, self.window)
        need = mean * interval[:, None]
        return lambda k: {"order_up_to": whole(k * need, self.rounding)}


@dataclass(frozen=True)
class ExponentialDaysOfSupply:
    """S = k·P·m with m an exponential mean (bias-corrected, `half_life` in periods)."""

    half_life: float = 8.0
    rounding: Rounding = "nearest"
    name: str = "exponential_days_of_supply"

    @property
    def controls(self) -> Numbers:
        """k, covers of the protection interval."""
        return COVERS

    def variants(self, periods_per_year: float) -> list[Baseline]:
        """Half-lives from a month to two years."""
        return [
            replace(self, half_life=share * periods_per_year, rounding=rounding)
            for share in (1 / 12, 1 / 6, 1 / 4, 1 / 2, 1.0, 2.0)
            for rounding in ROUNDINGS
        ]

    def levels(self, panel: Numbers, origins: Integers, interval: Numbers) -> Callable[[float], Levels]:
        """Levels by k."""
        need = exponential_means(panel, origins, self.half_life) * interval[:, None]
        return lambda k: {"order_up_to": whole(k * need, self.rounding)}


@dataclass(frozen=True)
class RollingNormal:
    """S = P·m + z·√P·s, mean and sd of the last `window` periods; 12 months if the window is fixed."""

    window: int = 52
    rounding: Rounding = "nearest"
    is_window_tuned: bool = True

    @property
    def name(self) -> str:
        """Two rules of the same form: one with its window tuned, one with the usual 12 months."""
        return "tuned_window_normal" if self.is_window_tuned else "twelve_month_normal"

    @property
    def controls(self) -> Numbers:
        """z, standard deviations of demand over the interval."""
        return FACTORS

    def variants(self, periods_per_year: float) -> list[Baseline]:
        """All windows, or 12 months; both roundings."""
        spans = windows(periods_per_year) if self.is_window_tuned else [round(periods_per_year)]
        return [replace(self, window=span, rounding=rounding) for span in spans for rounding in ROUNDINGS]

    def levels(self, panel: Numbers, origins: Integers, interval: Numbers) -> Callable[[float], Levels]:
        """Levels by z, at least 0."""
        mean, sd = rolling_moments(panel, origins, self.window)
        need, spread = mean * interval[:, None], sd * np.sqrt(interval)[:, None]
        return lambda z: {"order_up_to": whole(need + z * spread, self.rounding)}


@dataclass(frozen=True)
class SetOnce:
    """Static minimum and maximum, set at the first origin from all that was known and never changed.

    s = P·m + z·√P·s_d and S = s + q·m, q in periods of demand; q = 0 is a static base stock.
    """

    lot_periods: float = 0.0
    rounding: Rounding = "nearest"
    name: str = "set_once"

    @property
    def controls(self) -> Numbers:
        """z, standard deviations of demand over the interval."""
        return FACTORS

    def variants(self, periods_per_year: float) -> list[Baseline]:
        """Base stock and order quantities of two and four weeks."""
        return [
            replace(self, lot_periods=share * periods_per_year, rounding=rounding)
            for share in (0.0, 2 / 52, 4 / 52)
            for rounding in ROUNDINGS
        ]

    def levels(self, panel: Numbers, origins: Integers, interval: Numbers) -> Callable[[float], Levels]:
        """Levels by z, the same at every origin."""
        first = origins[:1]
        mean, sd = rolling_moments(panel, first, int(first[0]))
        need, spread = mean * interval[:, None], sd * np.sqrt(interval)[:, None]

        def at(z: float) -> Levels:
            low = whole(need + z * spread, self.rounding)
            high = low + np.rint(self.lot_periods * mean)
            shape = (len(panel), len(origins))
            levels = {"order_up_to": np.broadcast_to(high, shape)}
            if self.lot_periods > 0:
                # Order at s or below: S − s ≥ 1 unless there is no demand at all.
                levels["reorder_point"] = np.broadcast_to(np.minimum(low, high - 1.0), shape)
            return levels

        return at


@dataclass(frozen=True)
class ReorderLevel:
    """ERPNext's item reorder: projected quantity ≤ reorder level → the fixed reorder quantity.

    Level k·P·m, quantity q·m (at least 1), both renewed each period from the window mean. Where
    one quantity does not lift the position above the level, whole multiples are ordered; ERPNext
    would order the deficiency instead, which differs only after a demand larger than q·m.
    """

    window: int = 26
    lot_periods: float = 4.0
    name: str = "reorder_level"

    @property
    def controls(self) -> Numbers:
        """k, covers of the protection interval."""
        return COVERS

    def variants(self, periods_per_year: float) -> list[Baseline]:
        """Windows, and quantities of one period, a fortnight and a month."""
        lots = sorted({1.0, max(periods_per_year / 26, 1.0), max(periods_per_year / 12, 1.0)})
        return [
            replace(self, window=window, lot_periods=lot)
            for window in windows(periods_per_year)
            for lot in lots
        ]

    def levels(self, panel: Numbers, origins: Integers, interval: Numbers) -> Callable[[float], Levels]:
        """Reorder points by k and quantities."""
        mean, _ = rolling_moments(panel, origins, self.window)
        quantity = np.where(mean > 0, np.maximum(np.rint(self.lot_periods * mean), 1.0), 0.0)
        need = mean * interval[:, None]
        # A level of 0 means "when nothing is left" to ERPNext as well: 0 ≤ 0 orders.
        return lambda k: {"reorder_point": np.rint(k * need), "order_quantity": quantity}


@dataclass(frozen=True)
class MinMax:
    """Odoo's reordering rule: forecast quantity < minimum → up to the maximum, in whole multiples.

    Odoo compares with "below", Stockplan's s with "at or below": s = minimum − 1. Of the two
    conventions in Odoo's documentation the multiple rounds **up** here (maximum 20 and multiple
    3 order up to 21), as the trial's lots do. Minimum k·P·m, maximum = minimum + q·m.
    """

    window: int = 26
    lot_periods: float = 4.0
    name: str = "min_max"

    @property
    def controls(self) -> Numbers:
        """k, covers of the protection interval."""
        return COVERS

    def variants(self, periods_per_year: float) -> list[Baseline]:
        """Windows, and a maximum one period, a fortnight or a month above the minimum."""
        lots = sorted({1.0, max(periods_per_year / 26, 1.0), max(periods_per_year / 12, 1.0)})
        return [
            replace(self, window=window, lot_periods=lot)
            for window in windows(periods_per_year)
            for lot in lots
        ]

    def levels(self, panel: Numbers, origins: Integers, interval: Numbers) -> Callable[[float], Levels]:
        """Minimum and maximum by k."""
        mean, _ = rolling_moments(panel, origins, self.window)
        need, lot = mean * interval[:, None], np.rint(self.lot_periods * mean)

        def at(k: float) -> Levels:
            low = np.rint(k * need)
            return {"reorder_point": low - 1.0, "order_up_to": np.maximum(low + lot, low)}

        return at


@dataclass(frozen=True)
class Textbook:
    """S = P·f + z·σ_d·√L with Syntetos and Boylan's f: what many handbooks print.

    f = (1 − α/2)·z/p of Croston's smoothed size z and gap p; σ_d is the sd of demand over a year,
    and the square root takes the lead time without the review, as printed.
    """

    alpha: float = 0.1
    year: int = 52
    rounding: Rounding = "nearest"
    name: str = "textbook_sba"

    @property
    def controls(self) -> Numbers:
        """z, standard deviations of demand over the lead time."""
        return FACTORS

    def variants(self, periods_per_year: float) -> list[Baseline]:
        """Smoothing constants 0.05 to 0.3."""
        return [
            replace(self, alpha=alpha, year=round(periods_per_year), rounding=rounding)
            for alpha in (0.05, 0.1, 0.2, 0.3)
            for rounding in ROUNDINGS
        ]

    def levels(self, panel: Numbers, origins: Integers, interval: Numbers) -> Callable[[float], Levels]:
        """Levels by z, at least 0."""
        rate = syntetos_boylan(panel, origins, self.alpha)
        _, sd = rolling_moments(panel, origins, self.year)
        need = rate * interval[:, None]
        spread = sd * np.sqrt(np.maximum(interval - 1.0, 1.0))[:, None]
        return lambda z: {"order_up_to": whole(need + z * spread, self.rounding)}


@dataclass(frozen=True)
class SeasonalNaive:
    """S = demand of the same interval last year + the q-quantile of this item's own past errors.

    Errors are those of completed intervals only. Without a year of history the mean stands in,
    without errors the forecast alone.
    """

    year: int = 52
    name: str = "seasonal_naive"

    @property
    def controls(self) -> Numbers:
        """q, the quantile of past errors."""
        return LEVELS

    def variants(self, periods_per_year: float) -> list[Baseline]:
        """Return one: there is nothing to tune but q."""
        return [replace(self, year=round(periods_per_year))]

    def levels(self, panel: Numbers, origins: Integers, interval: Numbers) -> Callable[[float], Levels]:
        """Levels by q, at least 0."""
        n, width = panel.shape
        horizon = max(round(float(interval.max())), 1)
        is_known = ~np.isnan(panel)
        sums, counts = cumulated(np.where(is_known, panel, 0.0)), cumulated(is_known)
        # total[:, o] is the demand of columns o … o+P−1, scaled up for the unknown ones.
        seen = (counts[:, horizon:] - counts[:, :-horizon]).astype(np.float64)
        total = np.full((n, width + 1), np.nan)
        units = sums[:, horizon:] - sums[:, :-horizon]
        total[:, : width - horizon + 1] = np.divide(
            units * horizon, seen, out=np.full(units.shape, np.nan), where=seen > 0
        )
        naive = np.full((n, width + 1), np.nan)
        naive[:, self.year :] = total[:, : width + 1 - self.year]
        error = total - naive
        mean, _ = rolling_moments(panel, origins, width)
        forecast = naive[:, origins]
        forecast = np.where(np.isnan(forecast), mean * horizon, forecast) * (interval / horizon)[:, None]
        # An error of origin o' is known at o when its interval is over; NaN sorts to the end.
        past = [np.sort(error[:, : max(int(o) - horizon + 1, 0)], axis=1) for o in origins]
        known = [(~np.isnan(each)).sum(axis=1) for each in past]
        rows = np.arange(n)

        def at(q: float) -> Levels:
            columns = []
            for each, count in zip(past, known, strict=True):
                index = np.maximum(np.ceil(q * count - 1e-9).astype(np.int64) - 1, 0)
                columns.append(np.where(count > 0, each[rows, index] if each.shape[1] else 0.0, 0.0))
            return {"order_up_to": whole(forecast + np.stack(columns, axis=1), "nearest")}

        return at


ROUNDINGS: tuple[Rounding, ...] = ("nearest", "up")
ALL: tuple[Baseline, ...] = (
    DaysOfSupply(),
    ExponentialDaysOfSupply(),
    RollingNormal(is_window_tuned=False),
    RollingNormal(),
    SetOnce(),
    ReorderLevel(),
    MinMax(),
    Textbook(),
    SeasonalNaive(),
)


def windows(periods_per_year: float) -> list[int]:
    """Windows worth trying: a quarter, four and eight months, half a year, one, one and a half, two years.

    >>> windows(52), windows(12)
    ([13, 17, 26, 35, 52, 78, 104], [3, 4, 6, 8, 12, 18, 24])
    """
    shares = (1 / 4, 1 / 3, 1 / 2, 2 / 3, 1.0, 1.5, 2.0)
    return sorted({max(round(share * periods_per_year), 1) for share in shares})


def whole(level: Numbers, rounding: Rounding) -> Numbers:
    """Whole units, at least 0."""
    rounded = np.rint(level) if rounding == "nearest" else np.ceil(level - 1e-9)
    return np.asarray(np.maximum(rounded, 0.0))
