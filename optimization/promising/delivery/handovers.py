"""The day of each vehicle's handover: a queue at every place that can do so many in a day."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

NEVER = 1 << 40


def handover_days(
    place: Sequence[str], ready_day: Sequence[int], units: Sequence[float], capacity: Mapping[str, float]
) -> list[int]:
    """Return the day of each handover, in the given order: the first with room, not before it is ready.

    `capacity`: units a day by place; a place that is not named has no limit. A delivery of more than a
    day's capacity has a day of its own. One that is never ready has no day and keeps `NEVER`.

    >>> handover_days(["L1", "L1", "L1", "L2"], [0, 0, 1, 0], [1.0] * 4, {"L1": 1.0})
    [0, 1, 2, 0]
    """
    load: dict[tuple[str, int], float] = {}
    # Days only fill up: who asks for the same begins where the one before found room.
    found: dict[tuple[str, int, float], int] = {}
    days = []
    for where, ready, quantity in zip(place, ready_day, units, strict=True):
        most = capacity.get(where)
        if most is None or ready >= NEVER:
            days.append(ready)
            continue
        day = found.get((where, ready, quantity), ready)
        while load.get((where, day), 0.0) > 0 and load[where, day] + quantity > most:
            day += 1
        load[where, day] = load.get((where, day), 0.0) + quantity
        found[where, ready, quantity] = day
        days.append(day)
    return days
