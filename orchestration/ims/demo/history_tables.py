"""Source tables of the generated vehicle history: all event rows, as known when they happened."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from orchestration.ims.demo.history import VehicleHistory
from orchestration.ims.demo.intervals import VehicleSightings
from orchestration.ims.demo.vehicles import PLANTS, SEGMENT_DISCOUNTS, Catalogue, customers_of, segments_of
from orchestration.ims.generator.arrow_columns import (
    NEVER,
    dates,
    fixed_width_ids,
    repeated,
    source_table,
    texts,
)
from orchestration.ims.generator.counters import Ints, keyed, stream, uniform

SOURCE = "generator"


@dataclass(frozen=True)
class HistoryTables:
    """The generated history with what is needed to name and price it."""

    seed: int
    sightings: VehicleSightings
    catalogue: Catalogue
    history: VehicleHistory

    def all(self) -> dict[str, pa.Table]:
        """Return every table of the history."""
        return {
            "stock_movement": self.stock_movement(),
            "receipt": self.receipt(),
            "demand_line": self.demand_line(),
            "event_calendar": self.event_calendar(),
        }

    def receipt(self) -> pa.Table:
        """Goods received, one unit each."""
        history, units = self.history, self.history.units
        at = np.flatnonzero(units["received_day"] != NEVER)
        pair = _received_at(units)[at]
        day = units["received_day"][at]
        rows = len(at)
        return source_table(
            "receipt",
            {
                "receipt_id": self._ids("VRH", at),
                "item_id": self._item(pair),
                "location_id": self._dealer(pair),
                "received_date": dates(day),
                "received_units": repeated(1.0, rows, pa.float64()),
                "accepted_units": repeated(1.0, rows, pa.float64()),
                "supply_order_id": self._ids("VOH", at),
                "line_id": repeated("1", rows, pa.string()),
                "supplier_id": texts(list(PLANTS), self.catalogue.plant[history.item[pair]]),
                "ordered_date": dates(units["ordered_day"][at]),
                "ordered_units": repeated(1.0, rows, pa.float64()),
                "first_expected_date": dates(units["first_expected_day"][at]),
                "is_expedited": pa.array(units["is_expedited"][at]),
            },
            source=SOURCE,
            known=day,
        )

    def stock_movement(self) -> pa.Table:
        """Openings, receipts, transfers and sales."""
        history, units = self.history, self.history.units
        everyone = np.arange(len(history.item))
        start = np.full(len(everyone), history.horizon.start)
        opening_ids = pc.binary_join_element_wise(
            "VP-", self._item(everyone), "@", self._dealer(everyone), ""
        )
        nothing = repeated(None, len(everyone), pa.string())
        tables = [
            self._movements(
                "opening",
                opening_ids,
                everyone,
                start,
                history.opening_units.astype(np.float64),
                nothing,
                nothing,
            )
        ]
        came = np.flatnonzero(units["received_day"] != NEVER)
        moved = np.flatnonzero(units["from_pair"] >= 0)
        everything = np.arange(len(units["pair"]))
        for kind, prefix, at, pair, day, sign, document, other in (
            ("receipt", "VMRH", came, _received_at(units), "received_day", 1.0, "VRH", None),
            ("transfer_out", "VMXH", moved, units["from_pair"], "transfer_day", -1.0, "VTH", units["pair"]),
            ("transfer_in", "VMYH", moved, units["pair"], "transfer_day", 1.0, "VTH", units["from_pair"]),
            ("sale", "VMSH", everything, units["pair"], "sale_day", -1.0, "VCH", None),
        ):
            tables.append(
                self._movements(
                    kind,
                    self._ids(prefix, at),
                    pair[at],
                    units[day][at],
                    np.full(len(at), sign),
                    self._ids(document, at),
                    repeated(None, len(at), pa.string()) if other is None else self._dealer(other[at]),
                    self.unit_ids(at),
                )
            )
        return pa.concat_tables(tables, promote_options="default")

    def demand_line(self) -> pa.Table:
        """One line per sale, and the requests that met an empty shelf."""
        return pa.concat_tables([self._sold_lines(), self._lost_lines()], promote_options="default")

    def event_calendar(self) -> pa.Table:
        """The sales events of the history."""
        events = self.history.promotions
        rows = len(events["number"])
        return source_table(
            "event_calendar",
            {
                "event_id": fixed_width_ids("SALE", (events["number"], 3)),
                "event_type": repeated("promo", rows, pa.string()),
                "scope": repeated("vehicle", rows, pa.string()),
                "location_scope": repeated("*", rows, pa.string()),
                "start_date": dates(events["start"]),
                "end_date": dates(events["end"]),
                "published_date": dates(events["start"] - 30),
                "planned_uplift": repeated(1.3, rows, pa.float64()),
            },
            source=SOURCE,
            known=events["start"] - 30,
        )

    def _sold_lines(self) -> pa.Table:
        history, units = self.history, self.history.units
        at = np.arange(len(units["pair"]))
        pair, day = units["pair"], units["sale_day"]
        item = history.item[pair]
        keys = keyed(
            stream(self.seed, "history/line"),
            self.sightings.item_keys[item],
            self.sightings.dealer_keys[history.dealer[pair]],
            day,
            units["sequence"],
        )
        segment = segments_of(self.seed, keys)
        delay = np.minimum((uniform(keys, 1) * 3).astype(np.int64), history.horizon.end - day)
        options = 1 + 0.06 * uniform(keys, 2)
        price = self.catalogue.list_price[item] * options * (1 - SEGMENT_DISCOUNTS[segment])
        return source_table(
            "demand_line",
            {
                "order_id": self._ids("VCH", at),
                "line_id": repeated("1", len(at), pa.string()),
                "item_id": self._item(pair),
                "location_id": self._dealer(pair),
                "order_date": dates(units["order_day"]),
                "requested_date": dates(units["order_day"]),
                "requested_units": repeated(1.0, len(at), pa.float64()),
                **customers_of(self.seed, keys, segment),
                "filled_at_request_units": pa.array(units["was_on_hand"].astype(np.float64)),
                "shipped_units": repeated(1.0, len(at), pa.float64()),
                "shipped_date": dates(day),
                "delivered_date": dates(day + delay),
                "unit_price": pa.array(np.round(price, 2), from_pandas=True),
                "unit_cost": pa.array(self.catalogue.unit_cost[item], from_pandas=True),
                "unit_id": self.unit_ids(at),
                "is_lost_sale": repeated(False, len(at), pa.bool_()),
                "demand_type": texts(["retail", "fleet", "retail"], segment),
                "basis": repeated("recorded", len(at), pa.string()),
            },
            source=SOURCE,
            known=day + delay,
        )

    def _lost_lines(self) -> pa.Table:
        history, lost = self.history, self.history.lost
        return lost_request_lines(
            self.seed, self.sightings, self.catalogue, history.item[lost["pair"]],
            history.dealer[lost["pair"]], lost["day"],
        )  # fmt: skip

    def _movements(
        self,
        kind: str,
        movement_ids: pa.Array,
        pair: Ints,
        day: Ints,
        quantity: np.ndarray,
        reference: pa.Array,
        counterpart: pa.Array,
        unit_ids: pa.Array | None = None,
    ) -> pa.Table:
        rows = len(pair)
        return source_table(
            "stock_movement",
            {
                "movement_id": movement_ids,
                "movement_date": dates(day),
                "item_id": self._item(pair),
                "location_id": self._dealer(pair),
                "movement_type": repeated(kind, rows, pa.string()),
                "quantity_units": pa.array(quantity),
                "unit_id": repeated(None, rows, pa.string()) if unit_ids is None else unit_ids,
                "reference_id": reference,
                "counterpart_location_id": counterpart,
                "basis": repeated("recorded", rows, pa.string()),
            },
            source=SOURCE,
            known=day,
        )

    def unit_ids(self, at: Ints) -> pa.Array:
        """Return the ids of units of the history."""
        return self._ids("H", at)

    def _ids(self, prefix: str, at: Ints) -> pa.Array:
        units = self.history.units
        return fixed_width_ids(
            prefix, (units["pair"][at], 6), (units["sale_day"][at], 5), (units["sequence"][at], 1)
        )

    def _item(self, pair: Ints) -> pa.Array:
        return self.sightings.item_ids.take(pa.array(self.history.item[pair]))

    def _dealer(self, pair: Ints) -> pa.Array:
        return self.sightings.dealer_ids.take(pa.array(self.history.dealer[pair]))


def lost_request_lines(
    seed: int, sightings: VehicleSightings, catalogue: Catalogue, item: Ints, dealer: Ints, day: Ints
) -> pa.Table:
    """Generated requests for a configuration that the dealer had run out of; all of them lost."""
    rows = len(item)
    keys = keyed(
        stream(seed, "vehicle/lost_line"), sightings.item_keys[item], sightings.dealer_keys[dealer], day
    )
    segment = segments_of(seed, keys)
    price = catalogue.list_price[item] * (1 - SEGMENT_DISCOUNTS[segment])
    items, dealers = sightings.item_ids.take(pa.array(item)), sightings.dealer_ids.take(pa.array(dealer))
    zero = repeated(0.0, rows, pa.float64())
    return source_table(
        "demand_line",
        {
            "order_id": pc.binary_join_element_wise(
                "VL", fixed_width_ids("-", (day, 5)), items, dealers, "-"
            ),
            "line_id": repeated("1", rows, pa.string()),
            "item_id": items,
            "location_id": dealers,
            "order_date": dates(day),
            "requested_date": dates(day),
            "requested_units": repeated(1.0, rows, pa.float64()),
            **customers_of(seed, keys, segment),
            "filled_at_request_units": zero,
            "shipped_units": zero,
            "cancelled_date": dates(day),
            "cancel_reason": repeated("no_stock", rows, pa.string()),
            "unit_price": pa.array(np.round(price, 2), from_pandas=True),
            "unit_cost": pa.array(catalogue.unit_cost[item], from_pandas=True),
            "is_lost_sale": repeated(True, rows, pa.bool_()),
            "demand_type": texts(["retail", "fleet", "retail"], segment),
            "basis": repeated("recorded", rows, pa.string()),
        },
        source=SOURCE,
        known=day,
    )


def _received_at(units: dict[str, np.ndarray]) -> Ints:
    """The pair at which each unit was received: where it was sold, unless it was moved."""
    return np.asarray(np.where(units["from_pair"] >= 0, units["from_pair"], units["pair"]))
