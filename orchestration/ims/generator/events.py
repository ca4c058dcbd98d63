"""Source tables of the event log: what the log looks like from one business date.

Every function cuts the same log, so that the tables reconcile by construction. Event tables
take the day `since` after which rows became known (None: from the beginning) and hold each key
once, as known at `as_of`; a line that changes later comes again in a later cut.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from orchestration.ims.generator.arrow_columns import (
    NEVER,
    dates,
    fixed_width_ids,
    repeated,
    source_table,
    texts,
)
from orchestration.ims.generator.counters import Ints, keyed, stream, uniform
from orchestration.ims.generator.demand import promotion_factors
from orchestration.ims.generator.demand import Promotions
from orchestration.ims.generator.simulation import EventLog

SEGMENTS = ("retail", "fleet", "online")
SEGMENT_PRICE = np.array([1.0, 0.88, 0.95])
_DEMAND_TYPES = ("retail", "fleet", "retail")
_PROMOTION_PRICE = 0.92
# requests of one location and day fall into this many orders
_ORDERS_PER_DAY = 16
MOVEMENT_TYPES = ("opening", "sale", "receipt", "return", "transfer_out", "transfer_in", "adjustment")

Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Names:
    """How numbers become ids: a prefix for items, and the text of each location if it has its own."""

    source: str
    location_texts: pa.Array | None = None

    def item(self, numbers: Ints) -> pa.Array:
        """Return item ids."""
        return fixed_width_ids("P", (numbers, 6))

    def location(self, numbers: Ints) -> pa.Array:
        """Return location ids."""
        if self.location_texts is None:
            return fixed_width_ids("L", (numbers, 5))
        return self.location_texts.take(pa.array(numbers))


@dataclass(frozen=True)
class EventCut:
    """The event log of one run of item-locations with what is needed to name and price it."""

    seed: int
    log: EventLog
    promotions: Promotions
    names: Names

    def stock_on_hand(self, as_of: int) -> pa.Table:
        """Stock at the close of `as_of`: the sum of all movements up to then."""
        units = np.zeros(len(self.log.pairs.row))
        for move in self._moves(None, as_of):
            units += np.bincount(move.position, move.quantity, len(units))
        pairs = self.log.pairs
        return source_table(
            "stock_on_hand",
            {
                "item_id": self.names.item(pairs.item),
                "location_id": self.names.location(pairs.location),
                "stock_status": repeated("available", len(units), pa.string()),
                "on_hand_units": pa.array(units),
            },
            source=self.names.source,
            known=as_of,
        )

    def stock_movement(self, since: int | None, as_of: int) -> pa.Table:
        """Every change of stock that became known in the cut."""
        pairs = self.log.pairs
        tables = []
        for move in self._moves(since, as_of):
            rows = len(move.position)
            counterpart = (
                repeated(None, rows, pa.string())
                if move.counterpart is None
                else self.names.location(pairs.location[move.counterpart])
            )
            tables.append(
                source_table(
                    "stock_movement",
                    {
                        "movement_id": move.movement_id,
                        "movement_date": dates(move.day),
                        "item_id": self.names.item(pairs.item[move.position]),
                        "location_id": self.names.location(pairs.location[move.position]),
                        "movement_type": repeated(move.movement_type, rows, pa.string()),
                        "quantity_units": pa.array(move.quantity.astype(np.float64)),
                        "reference_id": move.reference_id,
                        "counterpart_location_id": counterpart,
                        "basis": repeated("recorded", rows, pa.string()),
                    },
                    source=self.names.source,
                    known=move.day,
                )
            )
        return pa.concat_tables(tables)

    def receipt(self, since: int | None, as_of: int) -> pa.Table:
        """Goods received in the cut."""
        log = self.log
        receipts, orders = log.receipts, log.orders
        at = np.flatnonzero(_known(receipts["day"], since, as_of))
        order = receipts["order"][at]
        position = orders["position"][order]
        return source_table(
            "receipt",
            {
                "receipt_id": self._receipt_ids(at),
                "item_id": self.names.item(log.pairs.item[position]),
                "location_id": self.names.location(log.pairs.location[position]),
                "received_date": dates(receipts["day"][at]),
                "received_units": pa.array(receipts["received_units"][at].astype(np.float64)),
                "accepted_units": pa.array(receipts["accepted_units"][at].astype(np.float64)),
                "supply_order_id": self._order_ids(order),
                "line_id": repeated("1", len(at), pa.string()),
                "supplier_id": supplier_ids(self._suppliers(position)),
                "ordered_date": dates(orders["day"][order]),
                "first_expected_date": dates(orders["promised_day"][order]),
                "is_expedited": pa.array(orders["is_expedited"][order].astype(bool)),
            },
            source=self.names.source,
            known=receipts["day"][at],
        )

    def supply_order(self, as_of: int) -> pa.Table:
        """Supplier orders and transfers that are open at the close of `as_of`."""
        log = self.log
        orders, receipts, moves = log.orders, log.receipts, log.transfers
        came = receipts["day"] <= as_of
        received = np.bincount(
            receipts["order"][came], receipts["received_units"][came], len(orders["day"])
        )
        bought = np.flatnonzero((orders["day"] <= as_of) & (received < orders["units"]))
        moving = np.flatnonzero((moves["day"] <= as_of) & (moves["arrival_day"] > as_of))
        place = orders["position"][bought]
        promised, arrival = orders["promised_day"][bought], orders["arrival_day"][bought]
        told = uniform(stream(self.seed, "late_notice"), log.pairs.key[place], orders["day"][bought])
        is_told = (arrival > promised) & (told < np.where(as_of > promised, 0.6, 0.3))
        is_moving = (received[bought] > 0) | (arrival - as_of <= 4)
        status = np.where(is_moving, 2, np.where(as_of - orders["day"][bought] >= 2, 1, 0))
        end = moves["to_position"][moving]
        return source_table(
            "supply_order",
            {
                "supply_order_id": _joined(self._order_ids(bought), self._transfer_ids(moving)),
                "line_id": repeated("1", len(bought) + len(moving), pa.string()),
                "item_id": self.names.item(log.pairs.item[np.r_[place, end]]),
                "location_id": self.names.location(log.pairs.location[np.r_[place, end]]),
                "ordered_date": dates(np.r_[orders["day"][bought], moves["day"][moving]]),
                "ordered_units": _floats(orders["units"][bought], moves["units"][moving]),
                "received_units": _floats(received[bought], np.zeros(len(moving))),
                "supply_status": texts(
                    ["open", "confirmed", "in_transit"], np.r_[status, np.full(len(moving), 2)]
                ),
                "supplier_id": _joined(
                    supplier_ids(self._suppliers(place)), repeated(None, len(moving), pa.string())
                ),
                "from_location_id": _joined(
                    repeated(None, len(bought), pa.string()),
                    self.names.location(log.pairs.location[moves["position"][moving]]),
                ),
                "expected_date": dates(
                    np.r_[np.where(is_told, arrival, promised), moves["arrival_day"][moving]]
                ),
                "first_expected_date": dates(np.r_[promised, moves["arrival_day"][moving]]),
                "is_expedited": pa.array(
                    np.r_[orders["is_expedited"][bought].astype(bool), np.zeros(len(moving), bool)]
                ),
            },
            source=self.names.source,
            known=as_of,
        )

    def demand_line(self, since: int | None, as_of: int) -> pa.Table:
        """Customer order lines that are new or have changed in the cut."""
        log, lines = self.log, self.log.lines
        sent = slice(None) if as_of >= log.horizon.end else log.shipments["day"] <= as_of
        shipment = {name: column[sent] for name, column in log.shipments.items()}
        shipped = lines["filled_units"] + np.bincount(
            shipment["line"], shipment["units"], len(lines["day"])
        ).astype(np.int64)
        shipped_day = np.where(lines["filled_units"] > 0, lines["day"], NEVER)
        # shipments are sorted by line and day: the last assignment is the latest day
        shipped_day[shipment["line"]] = shipment["day"]
        key = keyed(stream(self.seed, "line"), log.pairs.key[lines["position"]], lines["day"], lines["sequence"])
        # what does not wait is closed on the spot
        is_closed = (shipped == lines["units"]) | ~lines["waits"]
        delay = np.array([0, 0, 0, 1, 2, 3])[(uniform(key, 0) * 6).astype(np.int64)]
        delivered_day = np.where(is_closed & (shipped > 0), shipped_day + delay, NEVER)
        delivered_day = np.where(delivered_day <= as_of, delivered_day, NEVER)
        known_day = np.maximum(lines["day"], np.where(shipped_day == NEVER, 0, shipped_day))
        known_day = np.maximum(known_day, np.where(delivered_day == NEVER, 0, delivered_day))
        at = np.flatnonzero((lines["day"] <= as_of) & _known(known_day, since, as_of))

        position = lines["position"][at]
        units, day = lines["units"][at], lines["day"][at]
        item = log.pairs.item_position[position]
        bucket, segment = self._orders(at)
        is_lost = ~lines["waits"][at] & (lines["filled_units"][at] < units)
        promotion = promotion_factors(self.promotions, log.horizon) > 1
        is_promoted = promotion[day - log.horizon.start, log.pairs.items.category[item]]
        price = log.pairs.items.list_price[item] * SEGMENT_PRICE[segment]
        price = np.round(price * np.where(is_promoted, _PROMOTION_PRICE, 1.0), 2)
        return source_table(
            "demand_line",
            {
                "order_id": self._customer_order_ids(at, bucket),
                "line_id": fixed_width_ids((log.pairs.item[position], 6), (lines["sequence"][at], 2)),
                "item_id": self.names.item(log.pairs.item[position]),
                "location_id": self.names.location(log.pairs.location[position]),
                "order_date": dates(day),
                "requested_date": dates(day),
                "requested_units": _floats(units),
                "segment_id": texts(list(SEGMENTS), segment),
                "filled_at_request_units": _floats(lines["filled_units"][at]),
                "shipped_units": _floats(shipped[at]),
                "shipped_date": dates(shipped_day[at]),
                "delivered_date": dates(delivered_day[at]),
                "cancelled_date": dates(np.where(is_lost, day, NEVER)),
                "cancel_reason": texts([None, "no_stock"], is_lost.astype(np.int8)),
                "unit_price": pa.array(price),
                "unit_cost": pa.array(log.pairs.items.unit_cost[item]),
                "is_lost_sale": pa.array(is_lost),
                "demand_type": texts(list(_DEMAND_TYPES), segment),
                "basis": repeated("recorded", len(at), pa.string()),
            },
            source=self.names.source,
            known=known_day[at],
        )

    def _moves(self, since: int | None, as_of: int) -> list[_Moves]:
        """All movements known in the cut, kind by kind."""
        log, lines, pairs = self.log, self.log.lines, self.log.pairs
        moves = []
        if since is None or since < log.horizon.start:
            everyone = np.arange(len(pairs.row))
            moves.append(
                _Moves(
                    "opening",
                    everyone,
                    np.full(len(everyone), log.horizon.start),
                    log.openings,
                    fixed_width_ids("MP", (pairs.row, 7)),
                    repeated(None, len(everyone), pa.string()),
                )
            )
        sold = np.flatnonzero((lines["filled_units"] > 0) & _known(lines["day"], since, as_of))
        moves.append(
            _Moves(
                "sale",
                lines["position"][sold],
                lines["day"][sold],
                -lines["filled_units"][sold],
                self._line_ids("MS", sold),
                self._customer_order_ids(sold),
            )
        )
        sent = np.flatnonzero(_known(log.shipments["day"], since, as_of))
        line = log.shipments["line"][sent]
        moves.append(
            _Moves(
                "sale",
                lines["position"][line],
                log.shipments["day"][sent],
                -log.shipments["units"][sent],
                fixed_width_ids(
                    "MB",
                    (pairs.row[lines["position"][line]], 7),
                    (lines["day"][line], 5),
                    (lines["sequence"][line], 2),
                    (log.shipments["day"][sent], 5),
                ),
                self._customer_order_ids(line),
            )
        )
        back = np.flatnonzero(_known(log.returns["day"], since, as_of))
        line = log.returns["line"][back]
        moves.append(
            _Moves(
                "return",
                lines["position"][line],
                log.returns["day"][back],
                log.returns["units"][back],
                self._line_ids("MV", line),
                self._customer_order_ids(line),
            )
        )
        came = np.flatnonzero(_known(log.receipts["day"], since, as_of))
        receipt_ids = self._receipt_ids(came)
        order = log.receipts["order"][came]
        moves.append(
            _Moves(
                "receipt",
                log.orders["position"][order],
                log.receipts["day"][came],
                log.receipts["accepted_units"][came],
                self._receipt_ids(came, "M"),
                receipt_ids,
            )
        )
        shift = log.transfers
        for kind, prefix, day, end, other, sign in (
            ("transfer_out", "MO", shift["day"], shift["position"], shift["to_position"], -1),
            ("transfer_in", "MI", shift["arrival_day"], shift["to_position"], shift["position"], 1),
        ):
            at = np.flatnonzero(_known(day, since, as_of))
            moves.append(
                _Moves(
                    kind,
                    end[at],
                    day[at],
                    sign * shift["units"][at],
                    fixed_width_ids(prefix, (pairs.row[end[at]], 7), (shift["day"][at], 5)),
                    self._transfer_ids(at),
                    counterpart=other[at],
                )
            )
        fixed = np.flatnonzero(_known(log.adjustments["day"], since, as_of))
        place, day = log.adjustments["position"][fixed], log.adjustments["day"][fixed]
        moves.append(
            _Moves(
                "adjustment",
                place,
                day,
                log.adjustments["units"][fixed],
                fixed_width_ids("MA", (pairs.row[place], 7), (day, 5)),
                repeated(None, len(fixed), pa.string()),
            )
        )
        return moves

    def _orders(self, line: Ints) -> tuple[Ints, Ints]:
        """The order of the day to which each line belongs, and the segment of that order."""
        lines, pairs = self.log.lines, self.log.pairs
        position, day = lines["position"][line], lines["day"][line]
        draw = uniform(stream(self.seed, "line/order"), pairs.key[position], day, lines["sequence"][line])
        bucket = (draw * _ORDERS_PER_DAY).astype(np.int64)
        draw = uniform(stream(self.seed, "order/segment"), pairs.location[position], day, bucket)
        return bucket, np.searchsorted(np.array([0.62, 0.77]), draw)

    def _customer_order_ids(self, line: Ints, bucket: Ints | None = None) -> pa.Array:
        lines = self.log.lines
        bucket = self._orders(line)[0] if bucket is None else bucket
        place = self.log.pairs.location[lines["position"][line]]
        return fixed_width_ids("C", (place, 5), (lines["day"][line], 5), (bucket, 2))

    def _line_ids(self, prefix: str, line: Ints) -> pa.Array:
        lines = self.log.lines
        row = self.log.pairs.row[lines["position"][line]]
        return fixed_width_ids(prefix, (row, 7), (lines["day"][line], 5), (lines["sequence"][line], 2))

    def _order_ids(self, order: Ints) -> pa.Array:
        orders = self.log.orders
        return fixed_width_ids(
            "SO", (self.log.pairs.row[orders["position"][order]], 7), (orders["day"][order], 5)
        )

    def _transfer_ids(self, transfer: Ints) -> pa.Array:
        moves = self.log.transfers
        row = self.log.pairs.row[moves["to_position"][transfer]]
        return fixed_width_ids("TO", (row, 7), (moves["day"][transfer], 5))

    def _receipt_ids(self, receipt: Ints, prefix: str = "") -> pa.Array:
        receipts, orders = self.log.receipts, self.log.orders
        order = receipts["order"][receipt]
        row = self.log.pairs.row[orders["position"][order]]
        return fixed_width_ids(
            f"{prefix}R", (row, 7), (orders["day"][order], 5), (receipts["part"][receipt], 1)
        )

    def _suppliers(self, position: Ints) -> Ints:
        pairs = self.log.pairs
        return pairs.items.suppliers.index[pairs.item_position[position]]


@dataclass(frozen=True)
class _Moves:
    """Movements of one kind."""

    movement_type: str
    position: Ints
    day: Ints
    quantity: Ints
    movement_id: pa.Array
    reference_id: pa.Array
    counterpart: Ints | None = None


def supplier_ids(numbers: Ints) -> pa.Array:
    """Return supplier ids."""
    return fixed_width_ids("V", (numbers, 5))


def _known(day: Ints, since: int | None, as_of: int) -> Mask:
    return (day <= as_of) if since is None else (day <= as_of) & (day > since)


def _floats(*parts: npt.NDArray) -> pa.Array:
    return pa.array(np.concatenate(parts).astype(np.float64))


def _joined(*parts: pa.Array) -> pa.Array:
    return pa.concat_arrays(list(parts))
