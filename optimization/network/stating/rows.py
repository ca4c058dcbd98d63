"""What the moves and orders of all items share: lanes, handling, storage and budgets, as rows.

A key ends in the unit that its row is counted in, because a lane or a location may be limited in
volume and in units.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from optimization.network.problem import Integers, Moves, Numbers, Places, Rows, Uses
from optimization.parameters import NetworkParameters

NETWORK = "*"


@dataclass(frozen=True)
class Stored:
    """Where places are and what one unit and what lies there takes.

    location (n): number within `names`. volume (n): m³ per unit. units (n): physical units there.
    price (n): money per unit ordered.
    """

    location: Integers
    names: pd.Index
    volume: Numbers
    units: Numbers
    price: Numbers


@dataclass(frozen=True)
class Coupling:
    """Rows, the capacity that the source states for each (j), and what takes of them."""

    rows: Rows
    stated_capacity: Numbers
    move_uses: Uses
    order_uses: Uses


def coupling_rows(
    places: Places,
    moves: Moves,
    stored: Stored,
    worth: Numbers,
    lane: pd.DataFrame,
    location_limit: pd.DataFrame,
    parameters: NetworkParameters,
) -> Coupling:
    """Rows of every limit that is stated, and what a unit of each move and of each order takes.

    `worth` (n): the larger of shortage and holding cost of a unit, money. Beyond a capacity a unit costs
    `capacity_price_factor` times the worth of the unit that wants it most, and of what could stand in
    the room that it leaves, which is more than any unit wins: the level itself is worth
    `target_price_factor`. Units that come into a store take
    room, units that leave make it. A store that is over its limit already takes nothing more and need
    not be emptied: its capacity is what lies there.
    """
    found = _Found(lane, location_limit, stored, parameters)
    rows = found.rows(stored)
    here, there = stored.location[moves.source], stored.location[moves.target]
    volume = stored.volume[moves.source]
    one = np.ones(len(moves))
    move_uses = _uses(
        [
            (found.lane_m3[moves.lane], volume),
            (found.lane_units[moves.lane], one),
            (found.handling[here], one),
            (found.storage_m3[there], volume),
            (found.storage_units[there], one),
            (found.storage_m3[here], -volume),
            (found.storage_units[here], -one),
        ],
        len(moves),
    )
    orders = places.order_limit > 0
    order_uses = _uses(
        [
            (np.where(orders, found.storage_m3[stored.location], -1), stored.volume),
            (np.where(orders, found.storage_units[stored.location], -1), np.ones(len(places))),
            (np.where(orders, found.budget[stored.location], -1), stored.price),
            (np.where(orders, found.network_budget, -1), stored.price),
        ],
        len(places),
    )
    price = np.zeros(len(rows))
    won = np.maximum(worth[moves.target], worth[moves.source])
    won += found.worth_of_room(stored, worth)[moves.source]
    for uses, value in ((move_uses, won), (order_uses, worth)):
        wanted = np.repeat(value, np.diff(uses.start)) / np.abs(uses.amount)
        np.maximum.at(price, uses.row, wanted)
    # A row that nothing takes of still has a price, so that its overload is not for free.
    price = parameters.capacity_price_factor * np.where(price > 0, price, 1.0)
    capacity = np.maximum(rows.capacity, rows.base_use)
    lifted = Rows(rows.family, rows.key, capacity, rows.base_use, price)
    return Coupling(lifted, rows.capacity, move_uses, order_uses)


def _uses(kinds: list[tuple[Integers, Numbers]], owners: int) -> Uses:
    """Entries by owner from (row or -1, amount) per owner of every kind."""
    taken = [(row >= 0) & (amount != 0) for row, amount in kinds]
    start = np.zeros(owners + 1, dtype=np.int64)
    for mask in taken:
        start[1:] += mask
    np.cumsum(start, out=start)
    row, amount = np.empty(start[-1], dtype=np.int64), np.empty(start[-1])
    filled = start[:-1].copy()
    for (of_row, of_amount), mask in zip(kinds, taken, strict=True):
        row[filled[mask]], amount[filled[mask]] = of_row[mask], of_amount[mask]
        filled += mask
    return Uses(start, row, amount)


class _Found:
    """Numbers of the rows by lane and by location, -1 where nothing is limited."""

    def __init__(
        self, lane: pd.DataFrame, location_limit: pd.DataFrame, stored: Stored, parameters: NetworkParameters
    ) -> None:
        names = stored.names
        ends = [names.get_indexer(pd.Index(lane[name])) for name in ("from_location_id", "to_location_id")]
        is_joined = (ends[0] >= 0) & (ends[1] >= 0) & (ends[0] != ends[1])
        lane_key = lane["from_location_id"].astype(str) + ">" + lane["to_location_id"].astype(str)
        limit = location_limit.set_index("location_id").reindex(names)
        place_key = pd.Series(names.astype(str))
        self._rows: list[tuple[str, str, float]] = []
        self.budget = self._numbered("budget", place_key, limit["purchase_budget"], "money")
        self.network_budget = -1
        if parameters.purchase_budget is not None:
            self.network_budget = len(self._rows)
            self._rows.append(("budget", f"{NETWORK} money", parameters.purchase_budget))
        self.handling = self._numbered("handling", place_key, limit["handling_units"], "units")
        self.lane_m3 = self._numbered("lane", lane_key, lane["capacity_m3"].where(is_joined), "m3")
        self.lane_units = self._numbered("lane", lane_key, lane["capacity_units"].where(is_joined), "units")
        self.storage_m3 = self._numbered("storage", place_key, limit["storage_m3"], "m3")
        self.storage_units = self._numbered("storage", place_key, limit["capacity_units"], "units")
        self._sort()

    def _numbered(self, family: str, key: pd.Series, capacity: pd.Series, unit: str) -> Integers:
        values = capacity.to_numpy(np.float64)
        limited = np.flatnonzero(np.isfinite(values))
        number = np.full(len(values), -1, dtype=np.int64)
        number[limited] = len(self._rows) + np.arange(len(limited))
        self._rows += [(family, f"{key.iloc[at]} {unit}", float(values[at])) for at in limited]
        return number

    def _sort(self) -> None:
        order = sorted(range(len(self._rows)), key=lambda row: self._rows[row][:2])
        place = np.empty(len(order) + 1, dtype=np.int64)
        place[order], place[-1] = np.arange(len(order)), -1  # -1 stays -1
        self._rows = [self._rows[row] for row in order]
        for name in ("budget", "handling", "lane_m3", "lane_units", "storage_m3", "storage_units"):
            setattr(self, name, place[getattr(self, name)])
        self.network_budget = int(place[self.network_budget])

    def worth_of_room(self, stored: Stored, worth: Numbers) -> Numbers:
        """Most that can be won in the room that one unit leaves, where a store is limited (n), money."""
        by_volume, by_unit = self.storage_m3[stored.location] >= 0, self.storage_units[stored.location] >= 0
        fills = by_volume & (stored.volume > 0)
        per_m3 = (worth[fills] / stored.volume[fills]).max(initial=0.0)
        per_unit = worth[by_unit].max(initial=0.0)
        return np.asarray(by_volume * stored.volume * per_m3 + by_unit * per_unit, dtype=np.float64)

    def rows(self, stored: Stored) -> Rows:
        """The rows with what is in use before anything moves; prices are still 0."""
        base = np.zeros(len(self._rows) + 1)
        np.add.at(base, self.storage_m3[stored.location], stored.units * stored.volume)
        np.add.at(base, self.storage_units[stored.location], stored.units)
        return Rows(
            family=np.array([row[0] for row in self._rows], dtype=object),
            key=np.array([row[1] for row in self._rows], dtype=object),
            capacity=np.array([row[2] for row in self._rows], dtype=np.float64),
            base_use=base[:-1],
            slack_price=np.zeros(len(self._rows)),
        )
