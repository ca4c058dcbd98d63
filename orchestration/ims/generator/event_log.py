"""What a simulation leaves behind: flat arrays of events, and how they are collected."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from orchestration.ims.generator.catalogue import ItemLocations
from orchestration.ims.generator.counters import Ints
from orchestration.ims.generator.demand import Horizon

Columns = dict[str, npt.NDArray[Any]]


@dataclass(frozen=True)
class EventLog:
    """All events of a run of item-locations as flat arrays; `position` points into `pairs`.

    `openings`: units, one per item-location, at the start of the first day.
    `lines`: position, day, sequence, units, waits, filled_units.
    `shipments`: line, day, units: later deliveries of waiting lines, by line and day.
    `orders`: position, day, units, promised_day, arrival_day, is_expedited.
    `receipts`: order, part, day, received_units, accepted_units, all days, also after the run.
    `transfers`: position, to_position, day, units, arrival_day.
    `adjustments`: position, day, units.   `returns`: line, day, units.
    `closing_units`: stock at the end as the loop saw it.
    """

    pairs: ItemLocations
    horizon: Horizon
    openings: Ints
    lines: Columns
    shipments: Columns
    orders: Columns
    receipts: Columns
    transfers: Columns
    adjustments: Columns
    returns: Columns
    closing_units: Ints


class Collector:
    """Arrays collected day by day, joined at the end."""

    def __init__(self, *names: str) -> None:
        self._parts: dict[str, list[npt.NDArray[Any]]] = {name: [] for name in names}

    def add(self, **arrays: npt.ArrayLike) -> None:
        """Collect rows; a single value among the arrays holds for all of them."""
        rows = max(len(array) for array in arrays.values() if isinstance(array, np.ndarray))
        for name, array in arrays.items():
            self._parts[name].append(np.broadcast_to(array, (rows,)))

    def columns(self) -> Columns:
        """Return everything collected."""
        return {
            name: np.concatenate(parts) if parts else np.zeros(0, dtype=np.int64)
            for name, parts in self._parts.items()
        }


def shipments_of(lines: Columns, served: Columns) -> Columns:
    """Cut what was served to waiting customers into (line, day, units), first come first served.

    `lines` are all request lines, `served` holds position, day and units of what left stock for them.

    Per item-location both the waiting rests and the served units are laid on one axis of
    cumulative units; every piece between two marks belongs to one line and one day.
    """
    rest = (lines["units"] - lines["filled_units"]) * lines["waits"]
    line = np.flatnonzero(rest > 0)
    order = np.lexsort((lines["sequence"][line], lines["day"][line], lines["position"][line]))
    line = line[order]
    by_day = np.lexsort((served["day"], served["position"]))
    if not by_day.size:
        return {name: np.zeros(0, dtype=np.int64) for name in ("line", "day", "units")}
    asked = _marks(lines["position"][line], rest[line])
    given = _marks(served["position"][by_day], served["units"][by_day])
    served_until = given[np.searchsorted(given, (asked >> 32) + 1 << 32, side="left") - 1]
    is_reached = (served_until >> 32 == asked >> 32) & (asked <= served_until)
    marks = np.unique(np.concatenate([asked[is_reached], given]))
    before = np.r_[0, marks[:-1]]
    units = marks - np.where(before >> 32 == marks >> 32, before, marks >> 32 << 32)
    return {
        "line": line[np.searchsorted(asked, marks, side="left")],
        "day": served["day"][by_day][np.searchsorted(given, marks, side="left")],
        "units": units,
    }


def _marks(position: Ints, units: Ints) -> Ints:
    """Cumulative units per position on one sorted axis: position in the high, units in the low bits.

    >>> marks = _marks(np.array([0, 0, 3]), np.array([2, 5, 1]))
    >>> (marks >> 32).tolist(), (marks & 0xFFFFFFFF).tolist()
    ([0, 0, 3], [2, 7, 1])
    """
    total = np.cumsum(units)
    starts = np.flatnonzero(np.r_[True, position[1:] != position[:-1]]) if len(position) else np.zeros(0, int)
    lengths = np.diff(np.r_[starts, len(position)])
    within = total - np.repeat(total[starts] - units[starts], lengths)
    return np.asarray((position.astype(np.int64) << 32) + within)
