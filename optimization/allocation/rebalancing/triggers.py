"""What asks for a rebalancing of a pool. Whether it then takes place is decided in `deciding`."""

from __future__ import annotations

import numpy as np

from optimization.allocation.book import Flags, Integers, Numbers, Texts
from optimization.reasons import first_that_holds

NO_TRIGGER = "none"
_NS_PER_HOUR = 3_600_000_000_000
_TINY = 1e-9


def first_trigger(
    first_allocation: Flags,
    request: Flags,
    rules_changed: Flags,
    segments_changed: Flags,
    supply_changed: Flags,
    deviates: Flags,
    spikes: Flags,
    interval_due: Flags,
) -> Texts:
    """Name per pool (n) of the first trigger that holds, `none` where none does.

    >>> no, yes = np.array([False]), np.array([True])
    >>> first_trigger(no, no, no, no, yes, yes, no, yes).tolist()
    ['supply_sync']
    """
    return first_that_holds(
        {
            "first_allocation": first_allocation,
            "request": request,
            "rules_changed": rules_changed,
            "segments_changed": segments_changed,
            "supply_sync": supply_changed,
            "deviation": deviates,
            "demand_spike": spikes,
            "interval": interval_due,
        },
        NO_TRIGGER,
    )


def deviation(own: Numbers, target: Numbers, band_units: Numbers, band_share: Numbers) -> Flags:
    """Whether a quota (n, k) lies further from its target than the larger of both bands (n) allows.

    >>> own, target = np.array([[9.0, 40.0]]), np.array([[10.0, 46.0]])
    >>> deviation(own, target, np.array([1.0]), np.array([0.10])).tolist()
    [True]
    """
    band = np.maximum(band_units[:, None], band_share[:, None] * target)
    return np.asarray((np.abs(own - target) > band + _TINY).any(axis=1))


def demand_spike(recent_week: Numbers, weekly_mean: Numbers, weekly_sd: Numbers, spike_z: float) -> Flags:
    """Whether a segment's last week lies more than `spike_z` deviations above its mean week (n, k).

    The deviation is never taken smaller than the Poisson one, √mean, nor than a unit: a part that
    sells once a month does not spike when it sells once.

    >>> demand_spike(np.array([[9.0]]), np.array([[1.0]]), np.array([[0.5]]), 3.0).tolist()
    [True]
    """
    spread = np.maximum(np.maximum(weekly_sd, np.sqrt(weekly_mean)), 1.0)
    return np.asarray((recent_week - weekly_mean > spike_z * spread + _TINY).any(axis=1))


def hours_passed(since: Integers, now: int, hours: Numbers) -> Flags:
    """Whether so many hours (n) lie between `since` (n, nanoseconds) and `now`.

    >>> hours_passed(np.array([0]), 6 * 3_600_000_000_000, np.array([6.0])).tolist()
    [True]
    """
    return (now - since) / _NS_PER_HOUR >= hours - _TINY
