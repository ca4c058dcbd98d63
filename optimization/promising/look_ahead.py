"""Available to promise on a calendar of days: the definitions, on plain arrays.

Here stands what the terms mean, for n rows by H days at once: `on_hand` (n), `supply` and
`committed` (n, H), units, day 0 being today. The daily table over all item-locations is made by
`optimization.promising.atp`, which agrees with these functions and keeps only days of change.
"""

from __future__ import annotations

from typing import Literal

import numpy as np
import numpy.typing as npt

Numbers = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]

# What becomes of supply that is late: it vanishes, or it is expected anew.
Overdue = Literal["drop", "redate"]
NO_DAY = -1


def projected(on_hand: Numbers, supply: Numbers, committed: Numbers) -> Numbers:
    """Stock at the end of each day if nothing more is promised: P_t = OH + Σ_{u≤t}(S_u - D_u).

    It may be negative; a floor would promise what is sold already.

    >>> projected(np.array([20.0]), np.array([[0, 0, 10.0]]), np.array([[3.0, 0, 0]])).tolist()
    [[17.0, 17.0, 27.0]]
    """
    balance: Numbers = on_hand[..., None] + np.cumsum(supply - committed, axis=-1)
    return balance


def look_ahead(balance: Numbers) -> Numbers:
    """Most that can still be promised for each day: ATP_t = min_{u≥t} P_u, the suffix minimum.

    >>> look_ahead(np.array([[17.0, 17, 27, 12, 13, 16, 16]])).tolist()
    [[12.0, 12.0, 12.0, 12.0, 13.0, 16.0, 16.0]]
    """
    least: Numbers = np.minimum.accumulate(balance[..., ::-1], axis=-1)[..., ::-1]
    return least


def discrete(on_hand: Numbers, supply: Numbers, committed: Numbers) -> Numbers:
    """What each day's own supply can promise until the next: supply less what is due before that.

    A_t = [t=0]·OH + S_t - Σ_{u=t}^{next-1} D_u on day 0 and on days of supply, else 0.

    >>> discrete(np.array([20.0]), np.array([[0, 0, 10.0, 0]]), np.array([[3.0, 0, 0, 15]])).tolist()
    [[17.0, 0.0, -5.0, 0.0]]
    """
    starts = _starts(supply)
    period = np.cumsum(starts, axis=-1) - 1
    flow = supply - committed
    flow[..., 0] += on_hand
    rows = np.arange(flow.size // flow.shape[-1])[:, None]
    sums = np.zeros((len(rows), flow.shape[-1]))
    np.add.at(sums, (rows, period.reshape(sums.shape)), flow.reshape(sums.shape))
    found: Numbers = np.where(starts, np.take_along_axis(sums.reshape(flow.shape), period, axis=-1), 0.0)
    return found


def net_back(found: Numbers) -> Numbers:
    """Discrete ATP after every shortage is taken from the supply before it, the last one first.

    What no earlier supply covers stays as a negative quantity on day 0. Its running sum is
    `look_ahead`.

    >>> net_back(np.array([[17.0, 0, -5, 0, 1, 3, 0]])).tolist()
    [[12.0, 0.0, 0.0, 0.0, 1.0, 3.0, 0.0]]
    """
    kept = found.copy()
    owed = np.zeros(found.shape[:-1])
    for day in range(found.shape[-1] - 1, 0, -1):
        rest = kept[..., day] + owed
        owed = np.minimum(rest, 0.0)
        kept[..., day] = np.maximum(rest, 0.0)
    kept[..., 0] += owed
    return kept


def shortage(balance: Numbers) -> Numbers:
    """Units promised beyond all supply: max(0, -min_t P_t).

    >>> shortage(np.array([[2.0, -3.0, 1.0]])).tolist()
    [3.0]
    """
    short: Numbers = np.maximum(-balance.min(axis=-1), 0.0)
    return short


def first_short_day(balance: Numbers) -> Integers:
    """First day on which a promise cannot be kept; -1 when all can.

    >>> first_short_day(np.array([[2.0, -3.0, 1.0], [1.0, 1.0, 1.0]])).tolist()
    [1, -1]
    """
    return _first(balance < 0)


def first_date(promisable: Numbers, units: Numbers) -> Integers:
    """First day for which `units` (n) can be promised: least t with ATP_t ≥ q; -1 within no day.

    >>> first_date(np.array([[12.0, 12, 13, 16]]), np.array([13.0])).tolist()
    [2]
    """
    return _first(promisable >= units[..., None])


def days_due(days: Integers, is_supply: Flags, overdue: Overdue, redated: Integers | None = None) -> Integers:
    """Day of the calendar on which each flow counts; -1 where it does not count at all.

    `days` from today, negative when past due. What is owed is due today. Late supply is dropped, or
    counts on its `redated` day, today without one.

    >>> days_due(np.array([-2, -2, 3]), np.array([False, True, True]), "drop").tolist()
    [0, -1, 3]
    """
    late = days < 0
    if overdue == "drop":
        of_supply = np.full_like(days, NO_DAY)
    else:
        of_supply = np.zeros_like(days) if redated is None else np.maximum(redated, 0)
    counted: Integers = np.where(late, np.where(is_supply, of_supply, 0), days)
    return counted


def _starts(supply: Numbers) -> Flags:
    """Days that open a period of discrete ATP: today and every day of supply."""
    starts = supply > 0
    starts[..., 0] = True
    return starts


def _first(holds: Flags) -> Integers:
    found: Integers = np.where(holds.any(axis=-1), holds.argmax(axis=-1), NO_DAY).astype(np.int64)
    return found
