"""Numbers of documents: customer orders, supplier orders, receipts, transfers of an event log.

Every id is a function of item-location, day and sequence, so that it is the same in every cut.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from orchestration.ims.generator.arrow_columns import fixed_width_ids
from orchestration.ims.generator.counters import Ints, stream, uniform
from orchestration.ims.generator.event_log import EventLog

SEGMENTS = ("retail", "fleet", "online")
# requests of one location and day fall into this many orders
_ORDERS_PER_DAY = 16


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


def supplier_ids(numbers: Ints) -> pa.Array:
    """Return supplier ids."""
    return fixed_width_ids("V", (numbers, 5))


@dataclass(frozen=True)
class Documents:
    """The documents of one event log; arguments are positions in the log's arrays."""

    seed: int
    log: EventLog

    def orders_of(self, line: Ints) -> tuple[Ints, Ints]:
        """The order of the day to which each line belongs, and the segment of that order."""
        lines, pairs = self.log.lines, self.log.pairs
        position, day = lines["position"][line], lines["day"][line]
        draw = uniform(stream(self.seed, "line/order"), pairs.key[position], day, lines["sequence"][line])
        bucket = (draw * _ORDERS_PER_DAY).astype(np.int64)
        draw = uniform(stream(self.seed, "order/segment"), pairs.location[position], day, bucket)
        return bucket, np.searchsorted(np.array([0.62, 0.77]), draw)

    def customer_order_ids(self, line: Ints, bucket: Ints | None = None) -> pa.Array:
        """Return the order of each line; `bucket` saves drawing it again."""
        lines = self.log.lines
        bucket = self.orders_of(line)[0] if bucket is None else bucket
        place = self.log.pairs.location[lines["position"][line]]
        return fixed_width_ids("C", (place, 5), (lines["day"][line], 5), (bucket, 2))

    def line_ids(self, prefix: str, line: Ints) -> pa.Array:
        """Return an id per line, for what happened to the line as a whole."""
        lines = self.log.lines
        row = self.log.pairs.row[lines["position"][line]]
        return fixed_width_ids(prefix, (row, 7), (lines["day"][line], 5), (lines["sequence"][line], 2))

    def order_ids(self, order: Ints) -> pa.Array:
        """Return the ids of supplier orders."""
        orders = self.log.orders
        return fixed_width_ids(
            "SO", (self.log.pairs.row[orders["position"][order]], 7), (orders["day"][order], 5)
        )

    def transfer_ids(self, transfer: Ints) -> pa.Array:
        """Return the ids of transfers."""
        moves = self.log.transfers
        row = self.log.pairs.row[moves["to_position"][transfer]]
        return fixed_width_ids("TO", (row, 7), (moves["day"][transfer], 5))

    def receipt_ids(self, receipt: Ints, prefix: str = "") -> pa.Array:
        """Return the ids of receipts."""
        receipts, orders = self.log.receipts, self.log.orders
        order = receipts["order"][receipt]
        row = self.log.pairs.row[orders["position"][order]]
        return fixed_width_ids(
            f"{prefix}R", (row, 7), (orders["day"][order], 5), (receipts["part"][receipt], 1)
        )

    def suppliers(self, position: Ints) -> Ints:
        """Return the supplier number of item-locations."""
        pairs = self.log.pairs
        return pairs.items.suppliers.index[pairs.item_position[position]]
