"""How much weekly demand varies about its level: the item's own ratio, pooled with its category's."""

from __future__ import annotations

import numpy as np

from optimization.demand.series import Numbers, WeeklySeries
from optimization.keys import Integers

# Weight of the pool in units of demand: an item with 8 units of history is half its own.
POOL_UNITS = 8.0
LEAST_UNITS_OF_A_WITNESS = 20.0
DEFAULT_VMR = 1.5


def weekly_vmr(series: WeeklySeries, category: Integers) -> Numbers:
    """Variance-to-mean ratio of weekly demand per item-location, at least 1.

    Own ratio s²/m over known weeks, shrunk to the median of the category's well-known series with
    weight units/(units + 8). Series whose category has no witness use the median of all, and 1.5
    when nobody is known. Source: the pooled dispersion that won the car-parts comparison.
    """
    known = series.known_weeks.astype(np.float64)
    total, squares = series.totals(), series.totals(power=2)
    mean = np.divide(total, known, out=np.zeros(series.n), where=known > 0)
    variance = np.divide(squares - total * mean, known - 1.0, out=np.zeros(series.n), where=known > 1)
    own = np.divide(variance, mean, out=np.ones(series.n), where=mean > 0)
    witness = (total >= LEAST_UNITS_OF_A_WITNESS) & (known >= 13) & ~series.is_poisoned
    overall = float(np.median(own[witness])) if witness.any() else DEFAULT_VMR
    pool = np.full(int(category.max()) + 1 if len(category) else 0, overall)
    order = np.flatnonzero(witness)[np.argsort(category[witness], kind="stable")]
    for members in np.split(order, np.flatnonzero(np.diff(category[order])) + 1):
        if len(members):
            pool[category[members[0]]] = np.median(own[members])
    weight = total / (total + POOL_UNITS)
    return np.asarray(np.maximum(weight * own + (1.0 - weight) * pool[category], 1.0), dtype=np.float64)
