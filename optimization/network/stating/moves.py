"""Which moves there are: lanes joined with what may be given. Whether one pays is not asked here."""

from __future__ import annotations

import numpy as np
import pandas as pd

from optimization.network.problem import Flags, Integers, Moves, Numbers, Places
from optimization.parameters import NetworkParameters

# Pairs of place and lane looked at in one go; bounds the memory of the join.
_PAIRS_AT_ONCE = 2_000_000


def possible_moves(
    places: Places,
    planned: Flags,
    location: Integers,
    names: pd.Index,
    lane: pd.DataFrame,
    volume: Numbers,
    lead_time_days: Numbers,
    recent_transfer: pd.DataFrame,
    item_location: pd.DataFrame,
    parameters: NetworkParameters,
    as_of: pd.Timestamp,
) -> Moves:
    """Every lane of every item with spare units at its start and a planned place at its end.

    `location` numbers every place's location within `names`. A move arrives before a supplier order
    would, keeps to what the lane carries (m³, units) and to its minimum and multiple, and does not
    take back what was moved the other way within `blocked_days`.
    """
    start, end = (
        names.get_indexer(pd.Index(lane[name])).astype(np.int64)
        for name in ("from_location_id", "to_location_id")
    )
    by_start = np.flatnonzero((start >= 0) & (end >= 0) & (start != end))
    by_start = by_start[np.argsort(start[by_start], kind="stable")]
    first = np.searchsorted(start[by_start], np.arange(len(names)))
    number = np.searchsorted(start[by_start], np.arange(len(names)), side="right") - first
    code = places.item * len(names) + location
    terms = _Terms(lane)
    blocked = _blocked(item_location, location, names, places, recent_transfer, parameters, as_of)
    giving = np.flatnonzero((places.spare >= 1) & (number > 0)[location])
    degree = number[location[giving]]
    parts = np.cumsum(degree) // _PAIRS_AT_ONCE
    found: list[tuple[Integers, Integers, Integers, Numbers]] = []
    for part in np.split(giving, np.flatnonzero(np.diff(parts)) + 1):
        degree = number[location[part]]
        source = np.repeat(part, degree)
        offset = np.arange(len(source)) - np.repeat(np.cumsum(degree) - degree, degree)
        used = by_start[np.repeat(first[location[part]], degree) + offset]
        # Places are sorted by item and location, so codes rise.
        wanted = places.item[source] * len(names) + end[used]
        target = np.minimum(np.searchsorted(code, wanted), len(code) - 1)
        kept = (code[target] == wanted) & planned[target] & (terms.days[used] < lead_time_days[target])
        if len(blocked):
            kept &= ~np.isin(code[source] * len(names) + end[used], blocked)
        source, target, used = source[kept], target[kept], used[kept]
        limit = terms.limit(used, places.spare[source], volume[source])
        pays = limit >= np.maximum(terms.minimum[used], 1.0)
        found.append((source[pays], target[pays], used[pays], limit[pays]))
    source, target, used = (np.concatenate([part[k] for part in found]).astype(np.int64) for k in range(3))
    limit = np.concatenate([part[3] for part in found])
    order = np.lexsort((target, source))
    used = used[order]
    return Moves(
        source=source[order],
        target=target[order],
        lane=used,
        unit_cost=terms.unit_cost[used],
        fixed_cost=terms.fixed_cost[used],
        limit=limit[order],
        minimum=terms.minimum[used],
        multiple=terms.multiple[used],
    )


class _Terms:
    """A lane table's terms as arrays; a null minimum is 0, a null multiple 1, a null capacity none."""

    def __init__(self, lane: pd.DataFrame) -> None:
        column = {name: lane[name].to_numpy(np.float64) for name in lane.columns if name in _NUMBERS}
        self.days = column["transit_days"]
        self.unit_cost, self.fixed_cost = column["cost_per_unit"], column["cost_fixed"]
        self.minimum = np.ceil(np.nan_to_num(column["min_units"]))
        # Only whole units move.
        self.multiple = np.maximum(np.ceil(np.nan_to_num(column["multiple_units"], nan=1.0)), 1.0)
        self.volume = np.nan_to_num(column["capacity_m3"], nan=np.inf)
        self.units = np.nan_to_num(column["capacity_units"], nan=np.inf)

    def limit(self, used: Integers, spare: Numbers, volume: Numbers) -> Numbers:
        """Most whole units of a move on a lane, in its multiples."""
        fits = np.full(len(used), np.inf)
        np.divide(self.volume[used], volume, out=fits, where=volume > 0)
        most = np.minimum(np.minimum(spare, self.units[used]), fits) + 1e-9
        return np.asarray(np.floor(most / self.multiple[used]) * self.multiple[used], dtype=np.float64)


_NUMBERS = (
    "transit_days",
    "cost_per_unit",
    "cost_fixed",
    "min_units",
    "multiple_units",
    "capacity_m3",
    "capacity_units",
)


def _blocked(
    item_location: pd.DataFrame,
    location: Integers,
    names: pd.Index,
    places: Places,
    recent_transfer: pd.DataFrame,
    parameters: NetworkParameters,
    as_of: pd.Timestamp,
) -> Integers:
    """Codes (item, from, to) of moves that would take a recent one back."""
    recent = recent_transfer[
        recent_transfer["last_moved_date"] > as_of - pd.Timedelta(days=parameters.blocked_days)
    ]
    first = np.flatnonzero(np.diff(places.item, prepend=-1))
    items = pd.Index(item_location["item_id"].to_numpy()[first])
    item = items.get_indexer(pd.Index(recent["item_id"]))
    back_from, back_to = (
        names.get_indexer(pd.Index(recent[name])) for name in ("to_location_id", "from_location_id")
    )
    known = (item >= 0) & (back_from >= 0) & (back_to >= 0)
    code = (item.astype(np.int64) * len(names) + back_from) * len(names) + back_to
    return np.unique(code[known])
