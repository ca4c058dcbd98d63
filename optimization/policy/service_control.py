"""Order-up-to levels from the pooled model's distribution, steered by one control for all items.

A service target is met by all item-locations together: one control says where the next unit of
stock is worth having, and it is chosen by playing the rule against the past. `PooledRule` has the
form of the rules in the simulation, so it is tuned and played like any of them. Policies that
target every item-location by itself are in the other files of this package.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from optimization.demand.panel import DemandPanel, Integers, Numbers
from optimization.demand.pooled import PooledModel, Prediction

Measure = Literal["marginal_service", "quantile"]

# Probabilities whose quantiles are tried as levels; between two of them the rate is interpolated.
_TRIED: Numbers = 1.0 / (1.0 + np.exp(-np.linspace(-5.0, 10.0, 31)))
# ln λ from poor service to the best, negated so that the control rises in stock.
_MARGINAL_CONTROLS: Numbers = np.linspace(-0.5, 13.0, 46)
# Log odds of covering the interval.
_QUANTILE_CONTROLS: Numbers = np.linspace(-1.5, 9.0, 43)
_ALWAYS = 50.0
_LEAST_COVER = 1e-5


def marginal_service(over_interval: Prediction, over_lead_time: Prediction) -> tuple[Numbers, Numbers]:
    """Levels tried, rising, and ln of the units newly served there per unit of stock; both (n, 32).

    The unit above S is newly served in a review cycle when demand reaches S within the interval P
    but not within the lead time L before it: F_L(S) − F_P(S). At the end of the cycle it lies in
    stock with probability F_P(S). The ratio of the two falls in S; both are recalibrated. Source:
    the system approach of Sherbrooke (2004), chapter 2, with stock held in place of stock bought.
    """
    tried = np.column_stack([np.zeros(len(over_interval.mean)), over_interval.quantiles(_TRIED)])
    log_rate = np.empty(tried.shape)
    for k in range(tried.shape[1]):
        covers = over_interval.cdf(tried[:, k])
        served = np.maximum(over_lead_time.cdf(tried[:, k]) - covers, 1e-15)
        # Where next to nothing is covered, the next unit is always worth having.
        is_covered = covers > _LEAST_COVER
        log_rate[:, k] = np.where(is_covered, np.log(served / np.maximum(covers, _LEAST_COVER)), _ALWAYS)
    return tried, np.minimum.accumulate(log_rate, axis=1)


def level_at_marginal_service(tried: Numbers, log_rate: Numbers, log_least: float | Numbers) -> Numbers:
    """Smallest whole S whose next unit serves fewer than λ units per unit of stock; (…,).

    `tried` and `log_rate` (…, k) as from `marginal_service`; `log_least` is ln λ, a number or (…,).

    >>> tried = np.array([[0.0, 1.0, 2.0, 4.0]])
    >>> level_at_marginal_service(tried, np.log([[0.5, 0.2, 0.05, 0.01]]), np.log(0.05)).tolist()
    [3.0]
    """
    least = np.asarray(log_least)[..., None]
    at = (log_rate >= least).sum(axis=-1)[..., None]
    low, high = np.maximum(at - 1, 0), np.minimum(at, tried.shape[-1] - 1)
    (level_low, level_high), (rate_low, rate_high) = (
        (np.take_along_axis(each, low, axis=-1), np.take_along_axis(each, high, axis=-1))
        for each in (tried, log_rate)
    )
    fall = rate_low - rate_high
    share = np.divide(rate_low - least, fall, out=np.zeros(fall.shape), where=fall > 0)
    between = level_low + np.clip(share, 0.0, 1.0) * (level_high - level_low)
    # A level that still passes is not the answer: the next whole one is.
    whole = np.where(level_high > level_low, np.floor(between + 1e-9) + 1.0, level_high)
    return np.asarray(np.where(at == 0, 0.0, np.minimum(whole, level_high)))[..., 0]


@dataclass(frozen=True)
class PooledRule:
    """Base stock from the pooled model: S by marginal service or by an equal quantile.

    `marginal_service` controls −ln λ, `quantile` the log odds of covering the interval. With
    `factors` (one per control, as from `paired_factors`), S is the mean of that level and of the
    window normal P·m + z·√P·s: each of the two fails where the other does not. `is_refreshed`
    learns the recalibration anew every quarter from what was known by then. `review` in periods.
    """

    model: PooledModel
    periods_per_year: float
    measure: Measure = "marginal_service"
    review: float = 1.0
    lead_time_variance: float = 0.0
    window: int = 0
    factors: tuple[float, ...] = ()
    is_refreshed: bool = True
    name: str = "pooled"

    @property
    def controls(self) -> Numbers:
        """Values of the control worth playing, rising in stock."""
        return _MARGINAL_CONTROLS if self.measure == "marginal_service" else _QUANTILE_CONTROLS

    def variants(self, periods_per_year: float) -> list[PooledRule]:
        """Return itself: the model is learnt, not chosen."""
        return [self]

    def levels(
        self, panel: Numbers, origins: Integers, interval: Numbers
    ) -> Callable[[float | Numbers], dict[str, Numbers]]:
        """Levels (n, origins) by the control, a number or one per row (n,)."""
        first, second = self.tables(panel, origins, interval)
        if self.factors:
            need, spread = _normal(panel, origins, interval, self.window)

        def at(control: float | Numbers) -> dict[str, Numbers]:
            own = np.asarray(control, dtype=np.float64)
            by_row = own if own.ndim == 0 else np.broadcast_to(own[:, None], first.shape[:2])
            if self.measure == "marginal_service":
                level = level_at_marginal_service(first, second, -by_row)
            else:
                level = _quantile_at(first, by_row)
            if self.factors:
                factor = np.interp(by_row, self.controls, self.factors)
                level = np.rint(0.5 * level + 0.5 * np.maximum(need + factor * spread, 0.0))
            return {"order_up_to": level}

        return at

    def tables(self, panel: Numbers, origins: Integers, interval: Numbers) -> tuple[Numbers, Numbers]:
        """Return levels tried (n, origins, k) and what decides between them; no control enters."""
        seen = DemandPanel(panel, self.periods_per_year)
        said = [self._table(each, interval) for each in self.predictions(seen, origins, interval)]
        first, second = (np.stack(each, axis=1) for each in zip(*said, strict=True))
        return first, second

    def predictions(self, panel: DemandPanel, origins: Integers, interval: Numbers) -> list[Prediction]:
        """Return what the model says at each origin, recalibrated on what was known by then."""
        if not self.is_refreshed:
            return self.model.predict_origins(panel, interval, origins)
        quarter = max(round(self.periods_per_year / 4.0), 1)
        said: list[Prediction] = []
        for start in range(0, len(origins), quarter):
            block = origins[start : start + quarter]
            model = self.model.refreshed(panel, interval, end=int(block[0]))
            said += model.predict_origins(panel, interval, block)
        return said

    def _table(self, prediction: Prediction, interval: Numbers) -> tuple[Numbers, Numbers]:
        if self.lead_time_variance > 0.0:
            prediction = prediction.widened(self.lead_time_variance)
        if self.measure == "marginal_service":
            return marginal_service(prediction, prediction.within(np.maximum(interval - self.review, 0.0)))
        levels = prediction.quantiles(1.0 / (1.0 + np.exp(-_QUANTILE_CONTROLS)))
        return levels, levels


def paired_factors(stock: Numbers, normal_stock: Numbers, normal_factors: Numbers) -> tuple[float, ...]:
    """Factor z of the window normal that holds the same stock as each control of the pooled rule.

    Both stocks rise and were played on the same past; beyond the last factor it stays.

    >>> paired_factors(np.array([1.0, 3.0]), np.array([1.0, 2.0, 4.0]), np.array([0.0, 1.0, 2.0]))
    (0.0, 1.5)
    """
    rising = np.maximum.accumulate(normal_stock)
    return tuple(float(z) for z in np.interp(stock, rising, normal_factors))


def control_by_group(
    fill_by_group: Sequence[Numbers], controls: Numbers, group: Integers, overall: float, target: float
) -> Numbers:
    """Control per row (n,): that of its group where the group reached the target, else `overall`.

    `fill_by_group` holds, per group, the unit fill at each control on the past, or an empty array
    where the group is too small to be tuned by itself.
    """
    chosen = np.full(len(fill_by_group), overall)
    for g, fill in enumerate(fill_by_group):
        reached = np.flatnonzero(fill >= target)
        if not len(reached):
            continue
        above = int(reached[0])
        below = max(above - 1, 0)
        gap = float(fill[above] - fill[below])
        share = 1.0 if gap <= 0 else (target - float(fill[below])) / gap
        chosen[g] = controls[below] + share * (controls[above] - controls[below])
    result: Numbers = chosen[group]
    return result


def _quantile_at(levels: Numbers, log_odds: Numbers) -> Numbers:
    """Whole level at these log odds, linear between those at `_QUANTILE_CONTROLS`."""
    step = _QUANTILE_CONTROLS[1] - _QUANTILE_CONTROLS[0]
    place = np.clip((log_odds - _QUANTILE_CONTROLS[0]) / step, 0.0, len(_QUANTILE_CONTROLS) - 1.0)
    place = np.broadcast_to(place, levels.shape[:2])[..., None]
    low = np.floor(place).astype(np.int64)
    high = np.minimum(low + 1, levels.shape[-1] - 1)
    at_low, at_high = (np.take_along_axis(levels, k, axis=-1) for k in (low, high))
    return np.asarray(np.rint(at_low + (place - low) * (at_high - at_low)))[..., 0]


def _normal(panel: Numbers, origins: Integers, interval: Numbers, window: int) -> tuple[Numbers, Numbers]:
    """P·m and √P·s of the known columns among the `window` before each origin, (n, origins)."""
    known = DemandPanel(panel, 1.0).is_known
    values = np.where(known, panel, 0.0)
    need, spread = np.empty((len(panel), len(origins))), np.empty((len(panel), len(origins)))
    for k, origin in enumerate(origins):
        seen = slice(max(int(origin) - window, 0), int(origin))
        count = np.maximum(known[:, seen].sum(axis=1), 1)
        mean = values[:, seen].sum(axis=1) / count
        away = np.where(known[:, seen], values[:, seen] - mean[:, None], 0.0)
        sd = np.sqrt((away**2).sum(axis=1) / np.maximum(count - 1, 1))
        need[:, k], spread[:, k] = interval * mean, np.sqrt(interval) * sd
    return need, spread
