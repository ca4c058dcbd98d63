"""Source tables of the event log: what the log looks like from one business date.

Every function cuts the same log, so that the tables reconcile by construction. Event tables
take the day `since` after which rows became known (None: from the beginning) and hold each key
once, as known at `as_of`; a line that changes later comes again in a later cut.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

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
from orchestration.ims.generator.audits import CONDITIONS, COUNTERS, books_of, counts_of
from orchestration.ims.generator.counters import Floats, keyed, stream, uniform
from orchestration.ims.generator.customers import customer_columns
from orchestration.ims.generator.demand import Promotions, promotion_factors
from orchestration.ims.generator.documents import Documents, Names, supplier_ids
from orchestration.ims.generator.event_log import EventLog
from orchestration.ims.generator.movements import is_known, movements_of

SEGMENT_PRICE = np.array([1.0, 0.88, 0.95])
_DEMAND_TYPES = ("retail", "fleet", "retail")
_PROMOTION_PRICE = 0.92


@dataclass(frozen=True)
class EventCut:
    """The event log of one run of item-locations with what is needed to name and price it."""

    seed: int
    log: EventLog
    promotions: Promotions
    names: Names

    @property
    def documents(self) -> Documents:
        """The documents of the log."""
        return Documents(self.seed, self.log)

    def stock_on_hand(self, as_of: int) -> pa.Table:
        """Stock at the close of `as_of`: the sum of all movements up to then."""
        units = np.zeros(len(self.log.pairs.row))
        for move in movements_of(self.documents, None, as_of):
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

    def stock_valuation(self, on_hand_units: Floats, as_of: int) -> pa.Table:
        """What the general ledger has of the stock that `stock_on_hand` tells, in its order."""
        pairs = self.log.pairs
        units, value = books_of(
            self.seed, pairs.key, on_hand_units, pairs.items.unit_cost[pairs.item_position]
        )
        return source_table(
            "stock_valuation",
            {
                "item_id": self.names.item(pairs.item),
                "location_id": self.names.location(pairs.location),
                "book_units": pa.array(units),
                "book_value": pa.array(value),
                "book_date": dates(np.full(len(units), as_of)),
                "currency": repeated("USD", len(units), pa.string()),
            },
            source=self.names.source,
            known=as_of,
        )

    def cycle_count(self, since: int | None, as_of: int) -> pa.Table:
        """Counts of the cut."""
        pairs = self.log.pairs
        counts = counts_of(self.documents, since, as_of)
        return source_table(
            "cycle_count",
            {
                "count_id": fixed_width_ids("N", (pairs.row[counts.position], 7), (counts.day, 5)),
                "item_id": self.names.item(pairs.item[counts.position]),
                "location_id": self.names.location(pairs.location[counts.position]),
                "counted_date": dates(counts.day),
                "counted_units": _floats(counts.units),
                "counted_by": texts(list(COUNTERS), counts.counter),
                "condition": texts(list(CONDITIONS), counts.condition),
            },
            source=self.names.source,
            known=counts.day,
        )

    def stock_movement(self, since: int | None, as_of: int) -> pa.Table:
        """Every change of stock that became known in the cut."""
        pairs = self.log.pairs
        tables = []
        for move in movements_of(self.documents, since, as_of):
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
        at = np.flatnonzero(is_known(receipts["day"], since, as_of))
        order = receipts["order"][at]
        position = orders["position"][order]
        return source_table(
            "receipt",
            {
                "receipt_id": self.documents.receipt_ids(at),
                "item_id": self.names.item(log.pairs.item[position]),
                "location_id": self.names.location(log.pairs.location[position]),
                "received_date": dates(receipts["day"][at]),
                "received_units": pa.array(receipts["received_units"][at].astype(np.float64)),
                "accepted_units": pa.array(receipts["accepted_units"][at].astype(np.float64)),
                "supply_order_id": self.documents.order_ids(order),
                "line_id": repeated("1", len(at), pa.string()),
                "supplier_id": supplier_ids(self.documents.suppliers(position)),
                "ordered_date": dates(orders["day"][order]),
                "ordered_units": pa.array(orders["units"][order].astype(np.float64)),
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
        received = np.bincount(receipts["order"][came], receipts["received_units"][came], len(orders["day"]))
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
                "supply_order_id": _joined(
                    self.documents.order_ids(bought), self.documents.transfer_ids(moving)
                ),
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
                    supplier_ids(self.documents.suppliers(place)), repeated(None, len(moving), pa.string())
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
        key = keyed(
            stream(self.seed, "line"), log.pairs.key[lines["position"]], lines["day"], lines["sequence"]
        )
        # what does not wait is closed on the spot
        is_closed = (shipped == lines["units"]) | ~lines["waits"]
        delay = np.array([0, 0, 0, 1, 2, 3])[(uniform(key, 0) * 6).astype(np.int64)]
        delivered_day = np.where(is_closed & (shipped > 0), shipped_day + delay, NEVER)
        delivered_day = np.where(delivered_day <= as_of, delivered_day, NEVER)
        known_day = np.maximum(lines["day"], np.where(shipped_day == NEVER, 0, shipped_day))
        known_day = np.maximum(known_day, np.where(delivered_day == NEVER, 0, delivered_day))
        at = np.flatnonzero((lines["day"] <= as_of) & is_known(known_day, since, as_of))

        position = lines["position"][at]
        units, day = lines["units"][at], lines["day"][at]
        item = log.pairs.item_position[position]
        bucket, segment = self.documents.orders_of(at)
        order_key = keyed(stream(self.seed, "order/customer"), log.pairs.location[position], day, bucket)
        is_lost = ~lines["waits"][at] & (lines["filled_units"][at] < units)
        promotion = promotion_factors(self.promotions, log.horizon) > 1
        is_promoted = promotion[day - log.horizon.start, log.pairs.items.category[item]]
        price = log.pairs.items.list_price[item] * SEGMENT_PRICE[segment]
        price = np.round(price * np.where(is_promoted, _PROMOTION_PRICE, 1.0), 2)
        return source_table(
            "demand_line",
            {
                "order_id": self.documents.customer_order_ids(at, bucket),
                "line_id": fixed_width_ids((log.pairs.item[position], 6), (lines["sequence"][at], 2)),
                "item_id": self.names.item(log.pairs.item[position]),
                "location_id": self.names.location(log.pairs.location[position]),
                "order_date": dates(day),
                "requested_date": dates(day),
                "requested_units": _floats(units),
                **customer_columns(order_key, segment),
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


def _floats(*parts: npt.NDArray[Any]) -> pa.Array:
    return pa.array(np.concatenate(parts).astype(np.float64))


def _joined(*parts: pa.Array) -> pa.Array:
    return pa.concat_arrays(list(parts))
