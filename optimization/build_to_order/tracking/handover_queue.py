"""One queue per place for handovers: nobody is planned on a day that is full already."""

from __future__ import annotations

import heapq

import numpy as np

from optimization.demand.series import Numbers
from optimization.keys import Integers


def handover_days(ready: Numbers, place: Integers, capacity: Numbers) -> Numbers:
    """Day (n,) of each handover: the first one from `ready` on that the place has room for.

    `ready` (n,) are day numbers (NaN: not known, and not planned), in the order of their ids; `place`
    (n,) numbers the places, `capacity` (places,) their handovers a day (infinite: no limit; below one:
    so many days apart; none: nothing is planned). The queue is served by day, then by row, so that nobody
    can be earlier without another being later.

    >>> handover_days(np.array([5.0, 5.0, 5.0, 9.0]), np.zeros(4, dtype=np.int64), np.array([1.0])).tolist()
    [5.0, 6.0, 7.0, 9.0]
    """
    days = ready.copy()
    busy: dict[int, list[float]] = {}
    for row in np.lexsort((np.arange(len(ready)), ready)):
        if np.isnan(ready[row]):
            continue
        where = int(place[row])
        limit = capacity[where]
        if not np.isfinite(limit):
            continue
        if limit <= 0:
            days[row] = np.nan
            continue
        free = busy.setdefault(where, [-np.inf] * max(int(limit), 1))
        apart = 1.0 if limit >= 1.0 else float(np.ceil(1.0 / limit))
        day = max(ready[row], heapq.heappop(free))
        heapq.heappush(free, day + apart)
        days[row] = day
    return days
