"""What happens day by day: one event log from which every source table is cut.

The loop runs over days; each step works on all item-locations at once. Order within a day:
goods and transfers arrive, waiting requests are served, counts are corrected, today's requests
are served first come first served, stock is moved between locations, supply is ordered.
"""

from __future__ import annotations

import numpy as np

from orchestration.ims.generator.catalogue import REVIEW_DAYS, ItemLocations
from orchestration.ims.generator.counters import Ints, keyed, normal, stream, uniform
from orchestration.ims.generator.demand import Horizon, Requests, next_working_day
from orchestration.ims.generator.event_log import Collector, Columns, EventLog, shipments_of

_COUNT_ERROR_SHARE = 0.0003
_RETURN_SHARE = 0.008
_EXPEDITE_SHARE = 0.04
_SPLIT_SHARE = 0.04
_REJECT_SHARE = 0.015
_TRANSFER_EVERY_DAYS = 7


def simulate(seed: int, pairs: ItemLocations, horizon: Horizon, requests: Requests) -> EventLog:
    """Run the days of `horizon` and return everything that happened."""
    run = _Run(seed, pairs, horizon, requests)
    for day in horizon.numbers():
        run.live(int(day))
    return run.log()


class _Run:
    """The state of all item-locations, and what has happened to them so far.

    `_stock`, `_waiting` and `_coming` are units on hand, owed to customers and on order. What is
    under way lies in matrices of days × item-locations, on its day of arrival.
    """

    def __init__(self, seed: int, pairs: ItemLocations, horizon: Horizon, requests: Requests) -> None:
        self._seed, self._pairs, self._horizon, self._requests = seed, pairs, horizon, requests
        span = pairs.order_up_to_units - pairs.reorder_point_units
        share = uniform(stream(seed, "opening"), pairs.key)
        self._openings = pairs.reorder_point_units + np.floor(share * (span + 1)).astype(np.int64)
        self._stock = self._openings.copy()
        self._waiting = np.zeros(len(pairs.row), dtype=np.int64)
        self._coming = np.zeros(len(pairs.row), dtype=np.int64)
        shape = (horizon.days, len(pairs.row))
        self._accepted_on, self._received_on, self._moved_on, self._returned_on = (
            np.zeros(shape, dtype=np.int32) for _ in range(4)
        )
        self._filled = np.zeros(len(requests.day), dtype=np.int64)
        self._first_line = np.searchsorted(requests.day, np.arange(horizon.start, horizon.end + 2))
        self._return_key = keyed(
            stream(seed, "return"), pairs.key[requests.position], requests.day, requests.sequence
        )
        self._comes_back = uniform(self._return_key, 0) < _RETURN_SHARE
        self._n_orders = 0
        self._served = Collector("position", "day", "units")
        self._adjustments = Collector("position", "day", "units")
        self._orders = Collector("position", "day", "units", "promised_day", "is_expedited")
        self._receipts = Collector("order", "part", "day", "received_units", "accepted_units")
        self._transfers = Collector("position", "to_position", "day", "units", "arrival_day")
        self._returns = Collector("line", "day", "units")

    def live(self, day: int) -> None:
        """Let one day pass."""
        self._arrive(day)
        self._serve_waiting(day)
        self._count(day)
        self._serve_requests(day)
        self._transfer(day)
        self._order(day)

    def log(self) -> EventLog:
        """Return what has happened."""
        requests = self._requests
        lines: Columns = {
            "position": requests.position,
            "day": requests.day,
            "sequence": requests.sequence,
            "units": requests.units,
            "waits": requests.waits,
            "filled_units": self._filled,
        }
        orders, receipts = self._orders.columns(), self._receipts.columns()
        orders["arrival_day"] = np.zeros(len(orders["day"]), dtype=np.int64)
        np.maximum.at(orders["arrival_day"], receipts["order"], receipts["day"])
        return EventLog(
            pairs=self._pairs,
            horizon=self._horizon,
            openings=self._openings,
            lines=lines,
            shipments=shipments_of(lines, self._served.columns()),
            orders=orders,
            receipts=receipts,
            transfers=self._transfers.columns(),
            adjustments=self._adjustments.columns(),
            returns=self._returns.columns(),
            closing_units=self._stock,
        )

    def _arrive(self, day: int) -> None:
        t = day - self._horizon.start
        self._stock += self._accepted_on[t] + self._moved_on[t] + self._returned_on[t]
        self._coming -= self._received_on[t] + self._moved_on[t]

    def _serve_waiting(self, day: int) -> None:
        now = np.flatnonzero((self._waiting > 0) & (self._stock > 0))
        if now.size:
            units = np.minimum(self._stock[now], self._waiting[now])
            self._stock[now] -= units
            self._waiting[now] -= units
            self._served.add(position=now, day=day, units=units)

    def _count(self, day: int) -> None:
        """Now and then a count finds a unit less or more; nowhere less than none."""
        draw = uniform(stream(self._seed, "count"), self._pairs.key, day)
        off = np.flatnonzero(draw < _COUNT_ERROR_SHARE)
        # a unit found would be owed to who waits; keep that out of the count
        off = off[self._waiting[off] == 0]
        if off.size:
            units = np.maximum(np.where(draw[off] < 0.6 * _COUNT_ERROR_SHARE, -1, 1), -self._stock[off])
            self._stock[off] += units
            self._adjustments.add(position=off[units != 0], day=day, units=units[units != 0])

    def _serve_requests(self, day: int) -> None:
        """Serve the day's requests in their order; unfilled rests wait or are lost."""
        requests, t = self._requests, day - self._horizon.start
        today = slice(self._first_line[t], self._first_line[t + 1])
        position, units = requests.position[today], requests.units[today]
        if not position.size:
            return
        starts = np.flatnonzero(np.r_[True, position[1:] != position[:-1]])
        total = np.cumsum(units)
        lengths = np.diff(np.r_[starts, len(position)])
        before = total - units - np.repeat(total[starts] - units[starts], lengths)
        filled = np.clip(self._stock[position] - before, 0, units)
        places = position[starts]
        self._stock[places] -= np.add.reduceat(filled, starts)
        self._waiting[places] += np.add.reduceat((units - filled) * requests.waits[today], starts)
        self._filled[today] = filled
        self._bring_back(day, today.start + np.flatnonzero(self._comes_back[today] & (filled == units)))

    def _bring_back(self, day: int, lines: Ints) -> None:
        """Customers bring back one unit of these lines, some days later."""
        if not lines.size:
            return
        back_day = day + 3 + (uniform(self._return_key[lines], 1) * 12).astype(np.int64)
        in_time = back_day <= self._horizon.end
        lines, back_day = lines[in_time], back_day[in_time]
        np.add.at(self._returned_on, (back_day - self._horizon.start, self._requests.position[lines]), 1)
        self._returns.add(line=lines, day=back_day, units=1)

    def _transfer(self, day: int) -> None:
        """One move per item and week at most: from the fullest location to one that has run dry."""
        pairs, size = self._pairs, self._pairs.group_size
        groups = np.flatnonzero((pairs.items.index + day) % _TRANSFER_EVERY_DAYS == 0)
        if size < 2 or not groups.size:
            return
        rows = groups[:, None] * size + np.arange(size)
        reorder, stock = pairs.reorder_point_units[rows], self._stock[rows]
        spare = stock - reorder - 1
        need = np.where(stock == 0, self._waiting[rows] + reorder - self._coming[rows], 0)
        each, source, target = np.arange(len(groups)), np.argmax(spare, axis=1), np.argmax(need, axis=1)
        units = np.minimum(spare[each, source], need[each, target])
        draw = uniform(stream(self._seed, "transfer"), pairs.items.index[groups], day)
        chosen = np.flatnonzero((units > 0) & (source != target) & (draw < 0.5))
        if not chosen.size:
            return
        days = uniform(stream(self._seed, "transfer/days"), pairs.items.index[groups[chosen]], day) * 3
        arrival = next_working_day(day + 1 + days.astype(np.int64))
        units = units[chosen]
        source, target = rows[chosen, source[chosen]], rows[chosen, target[chosen]]
        self._stock[source] -= units
        self._coming[target] += units
        self._transfers.add(position=source, to_position=target, day=day, units=units, arrival_day=arrival)
        in_time = arrival <= self._horizon.end
        at = (arrival[in_time] - self._horizon.start, target[in_time])
        self._moved_on[at] += units[in_time].astype(np.int32)

    def _order(self, day: int) -> None:
        """Where a review is due and the position has reached s, order up to S in whole lots."""
        pairs = self._pairs
        position = self._stock + self._coming - self._waiting
        is_due = (day + pairs.review_offset) % REVIEW_DAYS == 0
        buyers = np.flatnonzero(is_due & (position <= pairs.reorder_point_units))
        if not buyers.size:
            return
        placed = _placed_orders(self._seed, pairs, buyers, day, position[buyers])
        self._coming[buyers] += placed["units"]
        self._orders.add(
            position=buyers,
            day=day,
            units=placed["units"],
            promised_day=placed["promised_day"],
            is_expedited=placed["is_expedited"],
        )
        for delivery in _deliveries(placed):
            row = delivery.pop("row")
            self._receipts.add(order=self._n_orders + row, **delivery)
            due = delivery["day"] <= self._horizon.end
            at = (delivery["day"][due] - self._horizon.start, buyers[row[due]])
            self._received_on[at] += delivery["received_units"][due].astype(np.int32)
            self._accepted_on[at] += delivery["accepted_units"][due].astype(np.int32)
        self._n_orders += buyers.size


def _placed_orders(seed: int, pairs: ItemLocations, buyers: Ints, day: int, position: Ints) -> Columns:
    """The orders of one day, from these item-locations and positions, and when their goods come."""
    item = pairs.item_position[buyers]
    lot, suppliers = pairs.items.lot_units[item], pairs.items.suppliers
    gap = pairs.order_up_to_units[buyers] - position
    units = np.ceil(np.maximum(gap, pairs.items.moq_units[item]) / lot).astype(np.int64) * lot
    key = keyed(stream(seed, "order"), pairs.key[buyers], day)
    mean, sigma = suppliers.lead_time_mean_days[item], suppliers.lead_time_sigma[item]
    lead = mean * np.exp(sigma * normal(key, 0) - sigma**2 / 2)
    is_expedited = uniform(key, 1) < _EXPEDITE_SHARE
    lead = np.where(is_expedited, lead / 2, lead)
    promised = suppliers.promised_days[item]
    promised = np.where(is_expedited, promised // 2 + 1, promised)
    return {
        "units": units,
        "promised_day": next_working_day(day + promised),
        "is_expedited": is_expedited,
        "arrival": next_working_day(day + np.maximum(1, np.round(lead)).astype(np.int64)),
        "key": key,
    }


def _deliveries(placed: Columns) -> list[Columns]:
    """The one or two receipts of each order, some with a rejected unit; `row` points into `placed`."""
    key, units = placed["key"], placed["units"]
    is_split = (uniform(key, 2) < _SPLIT_SHARE) & (units > 1)
    first_units = np.where(is_split, (units + 1) // 2, units)
    later = np.flatnonzero(is_split)
    parts = (
        (np.arange(len(units)), 0, placed["arrival"], first_units),
        (
            later,
            1,
            next_working_day(placed["arrival"][later] + 3 + (uniform(key[later], 3) * 8).astype(np.int64)),
            units[later] - first_units[later],
        ),
    )
    deliveries = []
    for row, part, day, received in parts:
        rejected = np.where(uniform(key[row], 4 + part) < _REJECT_SHARE, np.minimum(received, 1), 0)
        deliveries.append(
            {
                "row": row,
                "part": np.full(len(row), part),
                "day": day,
                "received_units": received,
                "accepted_units": received - rejected,
            }
        )
    return deliveries
