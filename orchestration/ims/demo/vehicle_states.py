"""State tables of the vehicles: what exists, what is on hand, what is on its way, at one date."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from orchestration.ims.demo.intervals import PORT_TO_DEALER
from orchestration.ims.demo.tracking import APART, FACTORY_DAYS, ON_HAND, ON_ITS_WAY, PORT_DAYS
from orchestration.ims.demo.unit_details import UnitDetails
from orchestration.ims.demo.vehicles import (
    COST_SHARE_OF_MSRP,
    ORDER_COST,
    PLANTS,
    VOLUME_M3,
    Vehicles,
    number,
)
from orchestration.ims.generator.arrow_columns import NEVER, dates, repeated, source_table, texts
from orchestration.ims.generator.audits import books_of
from orchestration.ims.generator.counters import Ints, keyed, stream

GENERATOR = "generator"
_UNIT_STATUSES = ["at_location", "factory_to_port", "port_to_dealer"]


class VehicleStates(Vehicles):
    """State tables of the tracked vehicles."""

    def known_items(self) -> Ints:
        """Configurations seen so far."""
        return np.unique(np.r_[self.tracked.pairs["item"], self._apart_items()])

    def known_dealers(self) -> Ints:
        """Dealers seen so far."""
        states = self.tracked.states
        apart = self.sightings.dealer[states.row[states.phase == APART]]
        return np.unique(np.r_[self.tracked.pairs["dealer"], apart])

    def item(self) -> pa.Table:
        """Configurations seen so far."""
        items = self.known_items()
        names = [self.sightings.item_names[item] for item in items]
        rows = len(items)
        return self.table(
            "item",
            {
                "item_id": self.items(items),
                "item_kind": repeated("vehicle", rows, pa.string()),
                "description": pa.array([" ".join(name) for name in names]),
                "category": pa.array([self.catalogue.category[item] for item in items]),
                "base_uom": repeated("EA", rows, pa.string()),
                "is_integer": repeated(True, rows, pa.bool_()),
                "unit_cost": number(self.catalogue.unit_cost[items]),
                "currency": repeated("USD", rows, pa.string()),
                "list_price": number(self.catalogue.list_price[items]),
                "lifecycle_status": repeated("active", rows, pa.string()),
                "model": pa.array([name[0] for name in names]),
                "trim": pa.array([name[1] for name in names]),
                "powertrain": pa.array([name[2] for name in names]),
                "volume_m3": pa.array([VOLUME_M3[self.catalogue.category[item]] for item in items]),
            },
        )

    def item_location(self) -> pa.Table:
        """Configurations at the dealers where they have been seen, or for which they were bound."""
        pairs = self.tracked.pairs
        rows = len(pairs["item"])
        return self.table(
            "item_location",
            {
                "item_id": self.items(pairs["item"]),
                "location_id": self.dealers(pairs["dealer"]),
                "is_ranged": repeated(True, rows, pa.bool_()),
                "stockout_behaviour": repeated("mixed", rows, pa.string()),
                # A dealer shows a choice of configurations, not every one of them at all times.
                "service_target": repeated(0.6, rows, pa.float64()),
                "service_metric": repeated("fill", rows, pa.string()),
                "review_days": repeated(7, rows, pa.int64()),
            },
        )

    def supplier(self) -> pa.Table:
        """The generated plants."""
        return self.table(
            "supplier",
            {
                "supplier_id": pa.array(PLANTS),
                "supplier_name": pa.array([f"Assembly plant {name[-1]}" for name in PLANTS]),
                "country": pa.array(["US", "US", "JP", "CA", "MX"]),
            },
        )

    def item_supplier(self) -> pa.Table:
        """Each configuration from one plant, in the days that factory to dealer usually takes."""
        items = self.known_items()
        rows = len(items)
        return self.table(
            "item_supplier",
            {
                "item_id": self.items(items),
                "supplier_id": texts(list(PLANTS), self.catalogue.plant[items]),
                "location_id": repeated("*", rows, pa.string()),
                "lead_time_days": repeated(float(FACTORY_DAYS[0]), rows, pa.float64()),
                "is_primary": repeated(True, rows, pa.bool_()),
                "moq_units": repeated(1.0, rows, pa.float64()),
                "lot_units": repeated(1.0, rows, pa.float64()),
                "order_cost": repeated(ORDER_COST, rows, pa.float64()),
                "unit_price": number(self.catalogue.unit_cost[items]),
            },
        )

    def stock_on_hand(self) -> pa.Table:
        """Units on hand per pair: `allocated` if promised to a customer, else `available`.

        A dealer's hold is the dealer's own business: held units count as available. Every pair has
        an `available` row, be it zero.
        """
        pairs = self.tracked.pairs
        free, taken = self._units_on_hand()
        some = np.flatnonzero(taken)
        everywhere = np.r_[np.arange(len(free)), some]
        return self.table(
            "stock_on_hand",
            {
                "item_id": self.items(pairs["item"][everywhere]),
                "location_id": self.dealers(pairs["dealer"][everywhere]),
                "stock_status": texts(["available", "allocated"], np.repeat([0, 1], [len(free), len(some)])),
                "on_hand_units": pa.array(np.r_[free, taken[some]].astype(np.float64)),
            },
        )

    def stock_valuation(self) -> pa.Table:
        """What the general ledger has of the units on hand; wholly generated, around what is there."""
        pairs = self.tracked.pairs
        item, dealer = pairs["item"], pairs["dealer"]
        free, taken = self._units_on_hand()
        keys = keyed(
            stream(self.seed, "vehicle/books"),
            self.sightings.item_keys[item],
            self.sightings.dealer_keys[dealer],
        )
        units, value = books_of(self.seed, keys, (free + taken).astype(float), self.catalogue.unit_cost[item])
        return source_table(
            "stock_valuation",
            {
                "item_id": self.items(item),
                "location_id": self.dealers(dealer),
                "book_units": pa.array(units),
                "book_value": pa.array(value),
                "book_date": dates(np.full(len(item), self.tracked.as_of)),
                "currency": repeated("USD", len(item), pa.string()),
            },
            source=GENERATOR,
            known=self.tracked.as_of,
        )

    def unit(self) -> pa.Table:
        """Units on hand or on their way, and those whose status nobody knows, as the source says it."""
        states, sightings = self.tracked.states, self.sightings
        unit = np.flatnonzero(np.isin(states.phase, (ON_HAND, ON_ITS_WAY, APART)))
        row, phase = states.row[unit], states.phase[unit]
        apart, moving = phase == APART, phase == ON_ITS_WAY
        known = texts(
            _UNIT_STATUSES, np.where(moving, np.where(states.stage[unit] == PORT_TO_DEALER, 2, 1), 0)
        )
        unknown = sightings.status_text.take(pa.array(row))
        expected = self._expected_days(unit)
        details = UnitDetails(self.seed, sightings, self.catalogue, self.tracked)
        return self.table(
            "unit",
            {
                "unit_id": self.units(unit),
                "item_id": self.items(states.item[unit]),
                "location_id": self.dealers(np.where(apart, sightings.dealer[row], states.dealer[unit])),
                "unit_status": pc.if_else(pa.array(apart), unknown, known),
                "is_pre_sold": pa.array(sightings.is_pre_sold[row]),
                "is_held": pa.array(sightings.is_held[row]),
                "first_seen_date": dates(states.first_seen[unit]),
                "last_seen_date": dates(states.last_seen[unit]),
                "network_received_date": dates(
                    np.where(phase == ON_HAND, states.network_received[unit], NEVER)
                ),
                "received_date": dates(np.where(phase == ON_HAND, states.received[unit], NEVER)),
                "available_from_date": dates(
                    np.where(moving, expected, np.where(apart, NEVER, states.received[unit]))
                ),
                "list_price": number(sightings.dealer_price[row]),
                "invoice_cost": number(np.round(COST_SHARE_OF_MSRP * sightings.base_msrp[row], 2)),
                "model_year": sightings.model_year.take(pa.array(row)),
                "color": sightings.color.take(pa.array(row)),
                **details.columns(
                    unit,
                    row,
                    np.where(phase == ON_HAND, states.network_received[unit], NEVER),
                    np.where(apart, sightings.dealer[row], states.dealer[unit]),
                ),
            },
        )

    def supply_order(self) -> pa.Table:
        """One open order per unit on its way."""
        states = self.tracked.states
        unit = np.flatnonzero(states.phase == ON_ITS_WAY)
        rows = len(unit)
        return self.table(
            "supply_order",
            {
                "supply_order_id": self.ids("VO-", unit),
                "line_id": repeated("1", rows, pa.string()),
                "item_id": self.items(states.item[unit]),
                "location_id": self.dealers(states.dealer[unit]),
                "ordered_date": dates(states.ordered[unit]),
                "ordered_units": repeated(1.0, rows, pa.float64()),
                "received_units": repeated(0.0, rows, pa.float64()),
                "supply_status": repeated("in_transit", rows, pa.string()),
                "supplier_id": texts(list(PLANTS), self.catalogue.plant[states.item[unit]]),
                "expected_date": dates(self._expected_days(unit)),
                "first_expected_date": dates(states.first_expected[unit]),
                "is_expedited": repeated(False, rows, pa.bool_()),
                "unit_id": self.units(unit),
            },
        )

    def _units_on_hand(self) -> tuple[Ints, Ints]:
        """Units on hand per pair: free ones, and those promised to a customer."""
        states, pairs = self.tracked.states, self.tracked.pairs
        on_hand = np.flatnonzero(states.phase == ON_HAND)
        pair = np.searchsorted(
            self._pair_codes(pairs["item"], pairs["dealer"]),
            self._pair_codes(states.item[on_hand], states.dealer[on_hand]),
        )
        promised = self.sightings.is_pre_sold[states.row[on_hand]]
        free = np.bincount(pair[~promised], minlength=len(pairs["item"]))
        taken = np.bincount(pair[promised], minlength=len(pairs["item"]))
        return free, taken

    def _expected_days(self, unit: Ints) -> Ints:
        """The next of the usual durations that the unit's stage has not outlasted yet."""
        states = self.tracked.states
        is_port = states.stage[unit] == PORT_TO_DEALER
        waited = self.tracked.as_of - states.stage_day[unit]
        step = np.searchsorted(np.array(FACTORY_DAYS), waited, side="right")
        port_step = np.searchsorted(np.array(PORT_DAYS), waited, side="right")
        last = len(FACTORY_DAYS) - 1
        usual = np.where(
            is_port,
            np.array(PORT_DAYS)[np.minimum(port_step, last)],
            np.array(FACTORY_DAYS)[np.minimum(step, last)],
        )
        return np.asarray(np.where(states.phase[unit] == ON_ITS_WAY, states.stage_day[unit] + usual, NEVER))

    def _apart_items(self) -> Ints:
        states = self.tracked.states
        return np.asarray(states.item[states.phase == APART])

    def _pair_codes(self, item: Ints, dealer: Ints) -> Ints:
        return np.asarray(item * len(self.sightings.dealer_ids) + dealer)
