"""Which moves could pay at all: everything else never enters a model.

A lane of an item is kept when its best case wins. By convexity no unit wins more than the first at
its destination less the first at its source, so what is dropped cannot be part of a better plan
of direct moves. An item without a kept lane needs no model: its policy order stands.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from optimization.network.curves import expected_cost, near_cost, unit_gain, unit_loss
from optimization.network.items import Integers, Moves, Numbers, Places

# Pairs of place and lane looked at in one go; bounds the memory of the join.
_PAIRS_AT_ONCE = 4_000_000


def useful_moves(
    places: Places,
    location: Integers,
    lane: pd.DataFrame,
    lane_from: Integers,
    lane_to: Integers,
    lead_time_days: Numbers,
    dead_band_factor: float,
) -> Moves:
    """Join places with lanes and keep the moves that could pay.

    `location` numbers the location of every place; `lane_from` and `lane_to` those of every lane,
    -1 where nothing is stocked. A move must arrive before a supplier order would.
    """
    order = np.argsort(lane_from, kind="stable")
    locations = int(location.max()) + 1 if len(location) else 0
    first = np.searchsorted(lane_from[order], np.arange(locations))
    last = np.searchsorted(lane_from[order], np.arange(locations), side="right")
    code = places.item * max(locations, 1) + location
    by_code = np.argsort(code, kind="stable")
    gain, loss = unit_gain(places), unit_loss(places)
    gain = np.where(places.is_planned, gain, -np.inf)
    bonus = _excess_saved(places)
    best_gain = np.full(int(places.item.max()) + 1 if len(places) else 0, -np.inf)
    np.maximum.at(best_gain, places.item, gain + bonus)
    transit, unit, fixed = (
        lane[name].to_numpy(np.float64) for name in ("transit_days", "cost_per_unit", "cost_fixed")
    )
    giving = np.flatnonzero((places.spare >= 1) & (best_gain[places.item] > loss) & (last > first)[location])
    outgoing = (last - first)[location[giving]]
    found: list[Moves] = []
    for part in np.array_split(giving, max(1, int(np.ceil(outgoing.sum() / _PAIRS_AT_ONCE)))):
        degree = (last - first)[location[part]]
        source = np.repeat(part, degree)
        offset = np.arange(len(source)) - np.repeat(np.cumsum(degree) - degree, degree)
        used = order[np.repeat(first[location[part]], degree) + offset]
        wanted = places.item[source] * max(locations, 1) + lane_to[used]
        at = by_code[np.minimum(np.searchsorted(code, wanted, sorter=by_code), len(code) - 1)]
        kept = (lane_to[used] >= 0) & (code[at] == wanted) & (at != source)
        kept &= transit[used] < lead_time_days[at]
        source, at, used = source[kept], at[kept], used[kept]
        limit = np.floor(places.spare[source])
        margin = gain[at] - loss[source] - dead_band_factor * unit[used]
        toll = dead_band_factor * fixed[used]
        # A move that loses on every unit may still save a lot of the supplier's.
        pays = (margin * limit > toll) | ((bonus[at] > 0) & (margin + bonus[at] > toll))
        chosen = pays & (gain[at] > -np.inf)
        lanes = used[chosen]
        found.append(Moves(source[chosen], at[chosen], lanes, unit[lanes], fixed[lanes], limit[chosen]))
    return _paying(_merged(found), places, bonus, dead_band_factor)


def _paying(moves: Moves, places: Places, bonus: Numbers, dead_band_factor: float) -> Moves:
    """Keep moves whose best quantity on its own wins more than the lane costs.

    The benefit is concave in the quantity, so its best is where the next unit no longer pays; other
    moves to the same place or from it can only lessen it.
    """
    to, give = places.take(moves.target), places.take(moves.source)
    cost = dead_band_factor * moves.unit_cost
    low, high = np.zeros(len(moves)), moves.limit.copy()
    while (high > low).any():
        middle = np.ceil((low + high) / 2.0)
        pays = unit_gain(to, middle - 1.0) - unit_loss(give, middle - 1.0) > cost
        low, high = np.where(pays, middle, low), np.where(pays, high, middle - 1.0)
    units = np.maximum(low, 1.0)
    gained = near_cost(to, to.position) - near_cost(to, to.position + units)
    gained += np.where(
        to.need > 0, 0.0, expected_cost(to, to.position) - expected_cost(to, to.position + units)
    )
    given = expected_cost(give, give.position - units) - expected_cost(give, give.position)
    wins = gained - given - cost * units + bonus[moves.target]
    return moves.take(np.flatnonzero(wins > dead_band_factor * moves.fixed_cost + 1e-9))


def _excess_saved(places: Places) -> Numbers:
    """Most that a smaller order saves: holding what lots lift above the policy's level."""
    return places.holding_cost * np.maximum(places.policy_order - places.need, 0.0)


def _merged(found: list[Moves]) -> Moves:
    names = ("source", "target", "lane", "unit_cost", "fixed_cost", "limit")
    joined = {name: np.concatenate([getattr(moves, name) for moves in found]) for name in names}
    order = np.lexsort((joined["target"], joined["source"]))
    return Moves(**{name: values[order] for name, values in joined.items()})
