"""Who orders: the customer, channel and priority of generated orders, and what is left unsaid of them.

What an order says of its customer leads back to its segment by the rules and memberships of
`segments`, so that an order that names no segment still belongs to the same one.
"""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from orchestration.ims.generator.arrow_columns import fixed_width_ids, texts
from orchestration.ims.generator.counters import Ints, UInts, uniform
from orchestration.ims.generator.documents import SEGMENTS

# By position in `SEGMENTS`: retail, fleet, online.
CHANNELS = ("dealer", "dealer", "online")
CUSTOMER_TYPES = ("private", "fleet", "private")
_CUSTOMERS = np.array([200_000, 400, 60_000])
_USUAL_PRIORITIES = np.array([2, 2, 3])
_UNSTATED_SHARE, _WALK_IN_SHARE, _URGENT_SHARE = 0.10, 0.4, 0.08
_RETAIL = SEGMENTS.index("retail")


def customer_ids(segment: Ints, number: Ints) -> pa.Array:
    """Return the pseudonyms of customers: a segment's position in `SEGMENTS` and a number within it."""
    return fixed_width_ids("K", (segment, 1), (number, 6))


def customer_columns(order_keys: UInts, segment: Ints) -> dict[str, pa.Array]:
    """Return what the lines of orders say of their customers, from each order's own random key.

    Columns `segment_id` (null for one order in ten), `customer_id` (null for some private customers),
    `channel`, `customer_type` and `order_priority` of `demand_line`.
    """
    number = (uniform(order_keys, 0) * _CUSTOMERS[segment]).astype(np.int64)
    is_stated = uniform(order_keys, 1) >= _UNSTATED_SHARE
    is_walk_in = (segment == _RETAIL) & (uniform(order_keys, 2) < _WALK_IN_SHARE)
    is_urgent = uniform(order_keys, 3) < _URGENT_SHARE
    return {
        "segment_id": texts([*SEGMENTS, None], np.where(is_stated, segment, len(SEGMENTS))),
        "customer_id": pc.if_else(
            pa.array(is_walk_in), pa.scalar(None, pa.string()), customer_ids(segment, number)
        ),
        "channel": texts(list(CHANNELS), segment),
        "customer_type": texts(list(CUSTOMER_TYPES), segment),
        "order_priority": pa.array(np.where(is_urgent, 1, _USUAL_PRIORITIES[segment])),
    }
