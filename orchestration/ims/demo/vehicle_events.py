"""Event tables of the vehicles: what became known after one date and up to another.

Receipts, transfers, sales and returns rest on sightings; what those lack (segment, price paid,
day of delivery) is generated from the unit's key.
"""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from orchestration.ims.demo.vehicles import (
    COST_SHARE_OF_MSRP,
    PLANTS,
    SEGMENT_DISCOUNTS,
    Vehicles,
    customers_of,
    number,
    segments_of,
)
from orchestration.ims.generator.arrow_columns import NEVER, dates, repeated, texts
from orchestration.ims.generator.counters import Ints, stream, uniform


class VehicleEvents(Vehicles):
    """Event tables of the tracked vehicles; `since` None means from the first snapshot on."""

    def receipt(self, since: int | None) -> pa.Table:
        """First arrivals at a dealer that became known after `since`."""
        arrivals = self.tracked.arrivals
        at = np.flatnonzero(_after(arrivals["known"], since) & (arrivals["is_return"] == 0))
        unit, day = arrivals["unit"][at], arrivals["day"][at]
        item = self.tracked.states.item[unit]
        rows = len(at)
        return self.table(
            "receipt",
            {
                "receipt_id": self.ids("VR-", unit, day),
                "item_id": self.items(item),
                "location_id": self.dealers(arrivals["dealer"][at]),
                "received_date": dates(day),
                "received_units": repeated(1.0, rows, pa.float64()),
                "accepted_units": repeated(1.0, rows, pa.float64()),
                "supply_order_id": self.ids("VO-", unit),
                "line_id": repeated("1", rows, pa.string()),
                "supplier_id": texts(list(PLANTS), self.catalogue.plant[item]),
                "ordered_date": dates(arrivals["ordered"][at]),
                "ordered_units": repeated(1.0, rows, pa.float64()),
                "first_expected_date": dates(arrivals["first_expected"][at]),
                "is_expedited": repeated(False, rows, pa.bool_()),
            },
            arrivals["known"][at],
        )

    def stock_movement(self, since: int | None) -> pa.Table:
        """Openings of new pairs, arrivals, transfers, inferred sales and returns known after `since`."""
        tracked = self.tracked
        pairs, arrivals, sales, moves = tracked.pairs, tracked.arrivals, tracked.sales, tracked.transfers
        tables = []
        # pairs of the first snapshot open with the generated history
        new = np.flatnonzero((pairs["first_day"] > self.first_day) & _after(pairs["first_day"], since))
        item, dealer, day = pairs["item"][new], pairs["dealer"][new], pairs["first_day"][new]
        opening_ids = pc.binary_join_element_wise("VP-", self.items(item), "@", self.dealers(dealer), "")
        nothing = repeated(None, len(new), pa.string())
        tables.append(
            self._movements("opening", opening_ids, item, dealer, day, day, 0.0, nothing, nothing, nothing)
        )
        for kind, prefix, is_return in (("receipt", "VR-", 0), ("return", "VB-", 1)):
            at = np.flatnonzero(_after(arrivals["known"], since) & (arrivals["is_return"] == is_return))
            unit, day = arrivals["unit"][at], arrivals["day"][at]
            tables.append(
                self._unit_movements(
                    kind, prefix, unit, arrivals["dealer"][at], day, arrivals["known"][at], 1.0,
                    self.ids("VR-", unit, day) if kind == "receipt" else None,
                )
            )  # fmt: skip
        at = np.flatnonzero(_after(sales["known"], since))
        unit, day = sales["unit"][at], sales["day"][at]
        tables.append(
            self._unit_movements(
                "sale", "VS-", unit, sales["dealer"][at], day, sales["known"][at], -1.0,
                self.ids("VC-", unit, day),
            )
        )  # fmt: skip
        at = np.flatnonzero(_after(moves["day"], since))
        unit, day = moves["unit"][at], moves["day"][at]
        for kind, prefix, here, there, sign in (
            ("transfer_out", "VX-", "dealer", "to_dealer", -1.0),
            ("transfer_in", "VY-", "to_dealer", "dealer", 1.0),
        ):
            tables.append(
                self._unit_movements(
                    kind, prefix, unit, moves[here][at], day, day, sign, self.ids("VT-", unit, day),
                    self.dealers(moves[there][at]),
                )
            )  # fmt: skip
        return pa.concat_tables(tables)

    def demand_line(self, since: int | None) -> pa.Table:
        """One line per inferred sale; a sale that proves false comes again, withdrawn."""
        sales, sightings = self.tracked.sales, self.sightings
        is_withdrawn = sales["withdrawn"] != NEVER
        known = np.where(is_withdrawn, sales["withdrawn"], sales["known"])
        at = np.flatnonzero(_after(known, since))
        unit, day, row = sales["unit"][at], sales["day"][at], sales["row"][at]
        is_withdrawn, known = is_withdrawn[at], known[at]
        keys = sightings.unit_keys[unit]
        segment = segments_of(self.seed, keys)
        delay = (uniform(stream(self.seed, "vehicle/delivery"), keys) * 3).astype(np.int64)
        delivered = np.minimum(day + delay, sales["known"][at])
        price = sightings.dealer_price[row] * (1 - SEGMENT_DISCOUNTS[segment])
        rows = len(at)
        return self.table(
            "demand_line",
            {
                "order_id": self.ids("VC-", unit, day),
                "line_id": repeated("1", rows, pa.string()),
                "item_id": self.items(self.tracked.states.item[unit]),
                "location_id": self.dealers(sales["dealer"][at]),
                "order_date": dates(sales["order_day"][at]),
                "requested_date": dates(sales["order_day"][at]),
                "requested_units": repeated(1.0, rows, pa.float64()),
                **customers_of(self.seed, keys, segment),
                "filled_at_request_units": pa.array(
                    (sales["was_on_hand"][at].astype(bool) & ~is_withdrawn).astype(np.float64)
                ),
                "shipped_units": pa.array((~is_withdrawn).astype(np.float64)),
                "shipped_date": dates(np.where(is_withdrawn, NEVER, day)),
                "delivered_date": dates(np.where(is_withdrawn, NEVER, delivered)),
                "cancelled_date": dates(np.where(is_withdrawn, known, NEVER)),
                "cancel_reason": texts([None, "unit_seen_again"], is_withdrawn.astype(np.int8)),
                "unit_price": number(np.round(price, 2)),
                "unit_cost": number(np.round(COST_SHARE_OF_MSRP * sightings.base_msrp[row], 2)),
                "unit_id": self.units(unit),
                "is_lost_sale": repeated(False, rows, pa.bool_()),
                "demand_type": texts(["retail", "fleet", "retail"], segment),
                "basis": repeated("inferred", rows, pa.string()),
            },
            known,
        )

    def _unit_movements(
        self,
        kind: str,
        prefix: str,
        unit: Ints,
        dealer: Ints,
        day: Ints,
        known: Ints,
        sign: float,
        reference: pa.Array | None,
        counterpart: pa.Array | None = None,
    ) -> pa.Table:
        nothing = repeated(None, len(unit), pa.string())
        return self._movements(
            kind,
            self.ids(prefix, unit, day),
            self.tracked.states.item[unit],
            dealer,
            day,
            known,
            sign,
            self.units(unit),
            nothing if reference is None else reference,
            nothing if counterpart is None else counterpart,
        )

    def _movements(
        self,
        kind: str,
        movement_ids: pa.Array,
        item: Ints,
        dealer: Ints,
        day: Ints,
        known: Ints,
        quantity: float,
        unit_ids: pa.Array,
        reference: pa.Array,
        counterpart: pa.Array,
    ) -> pa.Table:
        rows = len(item)
        return self.table(
            "stock_movement",
            {
                "movement_id": movement_ids,
                "movement_date": dates(day),
                "item_id": self.items(item),
                "location_id": self.dealers(dealer),
                "movement_type": repeated(kind, rows, pa.string()),
                "quantity_units": repeated(quantity, rows, pa.float64()),
                "unit_id": unit_ids,
                "reference_id": reference,
                "counterpart_location_id": counterpart,
                "basis": repeated("inferred", rows, pa.string()),
            },
            known,
        )


def _after(known: Ints, since: int | None) -> np.ndarray:
    return np.ones(len(known), dtype=bool) if since is None else np.asarray(known > since)
