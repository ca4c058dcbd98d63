"""Survival of a duration when some are not yet over: the product-limit estimate."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from optimization.demand.series import Flags, Numbers


@dataclass(frozen=True)
class Survival:
    """Kaplan–Meier curve: P(T > t) at each distinct time with an event, and the last time seen."""

    times: Numbers
    survival: Numbers
    last_time: float

    def quantile(self, level: float) -> float | None:
        """Smallest event time with P(T ≤ t) ≥ level; None when the curve never gets there."""
        reached = np.flatnonzero(1.0 - self.survival >= level - 1e-12)
        return float(self.times[reached[0]]) if len(reached) else None

    def moments(self) -> tuple[float, float]:
        """Mean and standard deviation, what is still open taken to end at the last time seen."""
        mass = -np.diff(np.concatenate([[1.0], self.survival]))
        rest = float(self.survival[-1]) if len(self.survival) else 1.0
        mean = float(mass @ self.times) + rest * self.last_time
        second = float(mass @ self.times**2) + rest * self.last_time**2
        return mean, float(np.sqrt(max(second - mean**2, 0.0)))


def kaplan_meier(days: Numbers, is_censored: Flags) -> Survival:
    """Estimate the curve from durations, of which the censored ones are at least this long.

    S(t) = Π over event times tᵢ ≤ t of (1 − dᵢ/nᵢ); an event at a censoring time comes first.
    Source: Kaplan & Meier (1958).

    >>> done, waiting = [20.0, 25, 25, 30, 34, 40, 48], [28.0, 45, 60]
    >>> curve = kaplan_meier(np.array(done + waiting), np.array([False] * 7 + [True] * 3))
    >>> curve.quantile(0.5), curve.quantile(0.8), curve.quantile(0.9)
    (34.0, 48.0, None)
    """
    times, ended = np.unique(days[~is_censored], return_counts=True)
    at_risk = len(days) - np.searchsorted(np.sort(days), times, side="left")
    survival = np.cumprod(1.0 - ended / at_risk).astype(np.float64)
    return Survival(times, survival, float(days.max(initial=0.0)))
