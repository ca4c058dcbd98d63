"""What happens day by day: one event log from which every source table is cut.

The loop runs over days; each step works on all item-locations at once. Order within a day:
goods and transfers arrive, waiting requests are served, counts are corrected, today's requests
are served first come first served, stock is moved between locations, supply is ordered.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from orchestration.ims.generator.catalogue import REVIEW_DAYS, ItemLocations
from orchestration.ims.generator.counters import Ints, keyed, normal, stream, uniform
from orchestration.ims.generator.demand import Horizon, Requests, next_working_day

_COUNT_ERROR_SHARE = 0.0003
_RETURN_SHARE = 0.008
_EXPEDITE_SHARE = 0.04
_SPLIT_SHARE = 0.04
_REJECT_SHARE = 0.015
_TRANSFER_EVERY_DAYS = 7

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


def simulate(seed: int, pairs: ItemLocations, horizon: Horizon, requests: Requests) -> EventLog:
    """Run the days of `horizon` and return everything that happened."""
    n, days = len(pairs.row), horizon.days
    span = pairs.order_up_to_units - pairs.reorder_point_units
    opening = pairs.reorder_point_units + np.floor(
        uniform(stream(seed, "opening"), pairs.key) * (span + 1)
    ).astype(np.int64)
    stock = opening.copy()
    waiting = np.zeros(n, dtype=np.int64)
    coming = np.zeros(n, dtype=np.int64)
    accepted_on = np.zeros((days, n), dtype=np.int32)
    received_on = np.zeros((days, n), dtype=np.int32)
    moved_on = np.zeros((days, n), dtype=np.int32)
    returned_on = np.zeros((days, n), dtype=np.int32)

    filled = np.zeros(len(requests.day), dtype=np.int64)
    served = Collector("position", "day", "units")
    adjustments = Collector("position", "day", "units")
    orders = Collector("position", "day", "units", "promised_day", "is_expedited")
    receipts = Collector("order", "part", "day", "received_units", "accepted_units")
    transfers = Collector("position", "to_position", "day", "units", "arrival_day")
    returns = Collector("line", "day", "units")
    line_key = keyed(stream(seed, "return"), pairs.key[requests.position], requests.day, requests.sequence)
    comes_back = uniform(line_key, 0) < _RETURN_SHARE
    bounds = np.searchsorted(requests.day, np.arange(horizon.start, horizon.end + 2))
    placed_before = 0

    for t in range(days):
        day = horizon.start + t
        stock += accepted_on[t] + moved_on[t] + returned_on[t]
        coming -= received_on[t] + moved_on[t]

        now = np.flatnonzero((waiting > 0) & (stock > 0))
        if now.size:
            units = np.minimum(stock[now], waiting[now])
            stock[now] -= units
            waiting[now] -= units
            served.add(position=now, day=day, units=units)

        draw = uniform(stream(seed, "count"), pairs.key, day)
        off = np.flatnonzero(draw < _COUNT_ERROR_SHARE)
        off = off[waiting[off] == 0]
        if off.size:
            units = np.maximum(np.where(draw[off] < 0.6 * _COUNT_ERROR_SHARE, -1, 1), -stock[off])
            stock[off] += units
            adjustments.add(position=off[units != 0], day=day, units=units[units != 0])

        today = slice(bounds[t], bounds[t + 1])
        filled[today] = _serve(requests, today, stock, waiting)
        back = bounds[t] + np.flatnonzero(comes_back[today] & (filled[today] == requests.units[today]))
        if back.size:
            back_day = day + 3 + (uniform(line_key[back], 1) * 12).astype(np.int64)
            back, back_day = back[back_day <= horizon.end], back_day[back_day <= horizon.end]
            np.add.at(returned_on, (back_day - horizon.start, requests.position[back]), 1)
            returns.add(line=back, day=back_day, units=1)

        moved = _choose_transfers(seed, pairs, day, stock, coming, waiting)
        if moved is not None:
            source, target, units, arrival = moved
            stock[source] -= units
            coming[target] += units
            transfers.add(position=source, to_position=target, day=day, units=units, arrival_day=arrival)
            in_time = arrival <= horizon.end
            moved_on[arrival[in_time] - horizon.start, target[in_time]] += units[in_time].astype(np.int32)

        need = (day + pairs.review_offset) % REVIEW_DAYS == 0
        need &= stock + coming - waiting <= pairs.reorder_point_units
        buyers = np.flatnonzero(need)
        if buyers.size:
            placed = _place_orders(seed, pairs, buyers, day, stock, coming, waiting)
            coming[buyers] += placed["units"]
            orders.add(**{k: placed[k] for k in ("position", "day", "units", "promised_day", "is_expedited")})
            for part in _deliveries(placed):
                rows = part["row"]
                receipts.add(
                    order=placed_before + rows,
                    part=part["part"],
                    day=part["day"],
                    received_units=part["received_units"],
                    accepted_units=part["accepted_units"],
                )
                due = part["day"] <= horizon.end
                at = (part["day"][due] - horizon.start, buyers[rows[due]])
                received_on[at] += part["received_units"][due].astype(np.int32)
                accepted_on[at] += part["accepted_units"][due].astype(np.int32)
            placed_before += buyers.size

    lines: Columns = {
        "position": requests.position,
        "day": requests.day,
        "sequence": requests.sequence,
        "units": requests.units,
        "waits": requests.waits,
        "filled_units": filled,
    }
    order_columns = orders.columns()
    receipt_columns = receipts.columns()
    order_columns["arrival_day"] = np.zeros(len(order_columns["day"]), dtype=np.int64)
    np.maximum.at(order_columns["arrival_day"], receipt_columns["order"], receipt_columns["day"])
    return EventLog(
        pairs=pairs,
        horizon=horizon,
        openings=opening,
        lines=lines,
        shipments=_shipments(lines, served.columns()),
        orders=order_columns,
        receipts=receipt_columns,
        transfers=transfers.columns(),
        adjustments=adjustments.columns(),
        returns=returns.columns(),
        closing_units=stock,
    )


def _serve(requests: Requests, today: slice, stock: Ints, waiting: Ints) -> Ints:
    """Serve one day's requests from `stock`, in place; unfilled rests that wait join `waiting`."""
    position, units = requests.position[today], requests.units[today]
    if not position.size:
        return np.zeros(0, dtype=np.int64)
    starts = np.flatnonzero(np.r_[True, position[1:] != position[:-1]])
    total = np.cumsum(units)
    lengths = np.diff(np.r_[starts, len(position)])
    before = total - units - np.repeat(total[starts] - units[starts], lengths)
    filled = np.clip(stock[position] - before, 0, units)
    places = position[starts]
    stock[places] -= np.add.reduceat(filled, starts)
    waiting[places] += np.add.reduceat((units - filled) * requests.waits[today], starts)
    return np.asarray(filled)


def _choose_transfers(
    seed: int, pairs: ItemLocations, day: int, stock: Ints, coming: Ints, waiting: Ints
) -> tuple[Ints, Ints, Ints, Ints] | None:
    """One move per item and week at most: from the fullest location to one that has run dry."""
    size = pairs.group_size
    groups = np.flatnonzero((pairs.items.index + day) % _TRANSFER_EVERY_DAYS == 0)
    if size < 2 or not groups.size:
        return None
    rows = groups[:, None] * size + np.arange(size)
    spare = stock[rows] - pairs.reorder_point_units[rows] - 1
    need = np.where(stock[rows] == 0, waiting[rows] + pairs.reorder_point_units[rows] - coming[rows], 0)
    source, target = np.argmax(spare, axis=1), np.argmax(need, axis=1)
    each = np.arange(len(groups))
    units = np.minimum(spare[each, source], need[each, target])
    chosen = np.flatnonzero(
        (units > 0)
        & (source != target)
        & (uniform(stream(seed, "transfer"), pairs.items.index[groups], day) < 0.5)
    )
    if not chosen.size:
        return None
    arrival = next_working_day(
        day
        + 1
        + (uniform(stream(seed, "transfer/days"), pairs.items.index[groups[chosen]], day) * 3).astype(
            np.int64
        )
    )
    return (
        rows[chosen, source[chosen]],
        rows[chosen, target[chosen]],
        units[chosen],
        arrival,
    )


def _place_orders(
    seed: int, pairs: ItemLocations, buyers: Ints, day: int, stock: Ints, coming: Ints, waiting: Ints
) -> Columns:
    """Order up to S in whole lots; draw when the goods really come."""
    item = pairs.item_position[buyers]
    lot, suppliers = pairs.items.lot_units[item], pairs.items.suppliers
    gap = pairs.order_up_to_units[buyers] - (stock + coming - waiting)[buyers]
    units = np.ceil(np.maximum(gap, pairs.items.moq_units[item]) / lot).astype(np.int64) * lot
    key = keyed(stream(seed, "order"), pairs.key[buyers], day)
    mean, sigma = suppliers.lead_time_mean_days[item], suppliers.lead_time_sigma[item]
    lead = mean * np.exp(sigma * normal(key, 0) - sigma**2 / 2)
    is_expedited = uniform(key, 1) < _EXPEDITE_SHARE
    lead = np.where(is_expedited, lead / 2, lead)
    promised = np.where(is_expedited, suppliers.promised_days[item] // 2 + 1, suppliers.promised_days[item])
    return {
        "position": buyers,
        "day": np.full(len(buyers), day),
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


def _shipments(lines: Columns, served: Columns) -> Columns:
    """Cut what was served to waiting customers into (line, day, units), first come first served.

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
