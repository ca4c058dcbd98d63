"""Croston's recursion in plain steps: what the library's forecast is made of."""

from __future__ import annotations

from collections.abc import Sequence


def croston_components(history: Sequence[float], alpha: float) -> tuple[float, float]:
    """Smoothed size and smoothed interval of demand, units and periods; (0, 1) without demand.

    Starts at the first size and at the interval from the start of the series. Their ratio is
    Croston's forecast, times (1 − α/2) the Syntetos–Boylan approximation.

    >>> croston_components([0, 2, 0, 0, 4], 0.5)
    (3.0, 2.5)
    """
    size, interval, since = 0.0, 1.0, 0
    for demand in history:
        since += 1
        if demand > 0:
            is_first = size == 0.0
            size = demand if is_first else size + alpha * (demand - size)
            interval = since if is_first else interval + alpha * (since - interval)
            since = 0
    return size, float(interval)


def tsb_level(history: Sequence[float], alpha_size: float, alpha_probability: float) -> float:
    """Teunter-Syntetos-Babai forecast: smoothed size times smoothed probability of demand, units.

    The size starts at the first demand, the probability at the first observation, and both are
    updated from then on; the probability in every period, so that dead items decay. 0 without demand.

    >>> tsb_level([1, 0, 3], 0.5, 0.5)
    1.5
    """
    probability = size = 0.0
    for period, demand in enumerate(history):
        asked = float(demand > 0)
        probability = asked if period == 0 else probability + alpha_probability * (asked - probability)
        if demand > 0:
            size = float(demand) if size == 0.0 else size + alpha_size * (demand - size)
    return size * probability
