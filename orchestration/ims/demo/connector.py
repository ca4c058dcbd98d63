"""The demo's connector: real vehicle sightings, and what they lack from the generator."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import date
from functools import cached_property
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from orchestration.contracts.raw import RAW_BY_NAME
from orchestration.ims.connector import Snapshot, SnapshotMissingError, short_hash
from orchestration.ims.demo.history import VehicleHistory, generate_history
from orchestration.ims.demo.history_tables import HistoryTables, lost_request_lines
from orchestration.ims.demo.intervals import SAMPLE, VehicleSightings, read_sightings
from orchestration.ims.demo.made_to_order import make_setting
from orchestration.ims.demo.market import Market
from orchestration.ims.demo.origins import ORIGINS
from orchestration.ims.demo.parts import make_parts
from orchestration.ims.demo.places import Places, lane_table, location_table, make_places
from orchestration.ims.demo.requests import Requests
from orchestration.ims.demo.tracking import track
from orchestration.ims.demo.unit_details import UnitDetails
from orchestration.ims.demo.vehicle_events import VehicleEvents
from orchestration.ims.demo.vehicle_states import VehicleStates
from orchestration.ims.demo.vehicles import SOURCE, Catalogue, make_catalogue
from orchestration.ims.generator import masters, plans, segments
from orchestration.ims.generator.arrow_columns import close_of_day, to_date, to_day
from orchestration.ims.generator.build_to_order import OrderSource
from orchestration.ims.generator.catalogue import CATEGORIES, Suppliers, make_suppliers
from orchestration.ims.generator.events import EventCut

_REVIEW_SCOPES = ("SUV", "Car", "Truck", "Van", *CATEGORIES)


class DemoConnector:
    """Snapshots of the demo, one per day on which the file of intervals shows anything.

    `intervals_path`: a file with the columns of the committed sample (None: the sample itself).
    What is read and what is generated does not change with the date asked for, so it is kept.
    """

    name = "demo"

    def __init__(self, intervals_path: Path | None = None, seed: int = 20230426) -> None:
        self._path = intervals_path
        self._seed = seed

    def business_dates(self) -> Sequence[date]:
        """Return the days on which the file shows at least one unit, ascending."""
        return [to_date(day) for day in self._sightings.days]

    def fingerprint(self, as_of: date) -> str:
        """Return what stands for the file, the seed and the date."""
        return short_hash(self._file_hash, self._seed, as_of)

    def extract(self, as_of: date, since: date | None) -> Snapshot:
        """Return the snapshot of `as_of`, made from nothing that the file shows later."""
        day = to_day(as_of)
        if day not in self._sightings.days:
            dates = self.business_dates()
            raise SnapshotMissingError(
                f"the vehicle intervals show nothing on {as_of}; they reach from {dates[0]} to {dates[-1]}: "
                "run one of these dates"
            )
        tables = self._tables(day, None if since is None else to_day(since))
        return Snapshot(as_of=as_of, source=self.name, tables=tables, origins=ORIGINS, since=since)

    def _tables(self, day: int, since: int | None) -> dict[str, pa.Table]:
        seed, sightings, parts = self._seed, self._sightings, self._parts
        tracked = track(sightings, seed, day)
        vehicles = VehicleStates(seed, sightings, self._catalogue, tracked)
        events = VehicleEvents(seed, sightings, self._catalogue, tracked)
        dealers = vehicles.known_dealers()
        pairs, names = parts.log.pairs, parts.names
        lost = {name: column[_after(tracked.lost["day"], since)] for name, column in tracked.lost.items()}
        history = self._history_after(since)
        part_stock = parts.stock_on_hand(day)
        return {
            "item": _stacked(vehicles.item(), masters.item_table(seed, pairs.items, names, day)),
            "location": location_table(sightings, self._places, dealers, source=SOURCE, as_of=day),
            "item_location": _stacked(
                vehicles.item_location(), masters.item_location_table(pairs, names, day)
            ),
            "supplier": _stacked(
                vehicles.supplier(), masters.supplier_table(seed, self._part_suppliers(), names, day)
            ),
            "item_supplier": _stacked(
                vehicles.item_supplier(), masters.item_supplier_table(pairs.items, names, day)
            ),
            "lane": lane_table(seed, sightings, self._places, dealers, source=names.source, as_of=day),
            "segment": segments.segment_table(names, day),
            "allocation_group": segments.allocation_group_table(names, day),
            "segment_rule": segments.segment_rule_table(names, day),
            "segment_membership": segments.segment_membership_table(names, day),
            "allocation_rule": segments.allocation_rule_table(names, day),
            "calendar": masters.calendar_table(parts.log.horizon, names, day),
            "event_calendar": _stacked(
                self._history["event_calendar"], masters.event_calendar_table(parts.promotions, names, day)
            ),
            "cost_parameter": masters.cost_parameter_table(parts.log.horizon, names, day),
            "stock_on_hand": _stacked(vehicles.stock_on_hand(), part_stock),
            "stock_valuation": _stacked(
                vehicles.stock_valuation(),
                parts.stock_valuation(part_stock.column("on_hand_units").to_numpy(), day),
            ),
            "cycle_count": parts.cycle_count(since, day),
            "unit": vehicles.unit(),
            "demand_line": _stacked(
                history["demand_line"],
                events.demand_line(since),
                lost_request_lines(seed, sightings, self._catalogue, **lost),
                parts.demand_line(since, day),
            ),
            "supply_order": _stacked(vehicles.supply_order(), parts.supply_order(day)),
            "receipt": _stacked(history["receipt"], events.receipt(since), parts.receipt(since, day)),
            "stock_movement": _stacked(
                history["stock_movement"],
                events.stock_movement(since),
                parts.stock_movement(since, day),
            ),
            "policy_review": masters.policy_review_table(
                seed, _REVIEW_SCOPES, parts.log.horizon, names, since, day
            ),
            "external_driver": plans.external_driver_table(seed, parts.log.horizon, names, day),
            "consensus_plan": plans.consensus_plan_table(seed, pairs, parts.log.horizon, names, day),
            "item_relation": plans.item_relation_table(seed, pairs.items, names, day),
            "price_break": plans.price_break_table(seed, pairs.items, names, day),
            "registration": self._market.registration(day),
            "competitor_price": self._market.competitor_price(day),
            "unit_hold": UnitDetails(seed, sightings, self._catalogue, tracked).unit_hold(since),
            "customer_request": self._requests.customer_request(since, day),
            **self._orders.cut(since, day),
        }

    def _history_after(self, since: int | None) -> dict[str, pa.Table]:
        """The generated history's events that became known after `since`: all of them, or none."""
        if since is None:
            return self._history
        limit = close_of_day(np.array([since]))[0]
        return {
            name: table.filter(pc.greater(table.column("loaded_at"), limit))
            if since < self._sightings.days[0] - 1
            else table.slice(0, 0)
            for name, table in self._history.items()
        }

    def _part_suppliers(self) -> Suppliers:
        suppliers = self._parts.log.pairs.items.suppliers
        return make_suppliers(self._seed, np.unique(suppliers.index))

    @cached_property
    def _file_hash(self) -> str:
        with (self._path or SAMPLE).open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()

    @cached_property
    def _sightings(self) -> VehicleSightings:
        return read_sightings(self._path)

    @cached_property
    def _catalogue(self) -> Catalogue:
        return make_catalogue(self._sightings, self._seed)

    @cached_property
    def _places(self) -> Places:
        return make_places(self._sightings, self._seed)

    @cached_property
    def _parts(self) -> EventCut:
        return make_parts(self._sightings, self._seed, self._first_rows)

    @cached_property
    def _generated(self) -> VehicleHistory:
        return generate_history(self._sightings, self._seed, self._first_rows)

    @cached_property
    def _history(self) -> dict[str, pa.Table]:
        return HistoryTables(self._seed, self._sightings, self._catalogue, self._generated).all()

    @cached_property
    def _market(self) -> Market:
        return Market(self._seed, self._sightings, self._catalogue, self._generated)

    @cached_property
    def _orders(self) -> OrderSource:
        return OrderSource(make_setting(self._sightings, self._catalogue, self._seed, self._first_rows))

    @cached_property
    def _requests(self) -> Requests:
        return Requests(
            self._seed, self._sightings, self._catalogue, self._places, self._generated, self._orders.setting
        )

    @property
    def _first_rows(self) -> np.ndarray:
        return self._sightings.seen_on(int(self._sightings.days[0]))


def _stacked(*tables: pa.Table) -> pa.Table:
    """The rows of all tables; a column that one of them lacks is null there."""
    table = pa.concat_tables(tables, promote_options="default")
    contract = next(t for t in RAW_BY_NAME.values() if set(table.column_names) <= set(t.column_names))
    return table.select([name for name in contract.column_names if name in table.column_names])


def _after(known: np.ndarray, since: int | None) -> np.ndarray:
    return np.ones(len(known), dtype=bool) if since is None else np.asarray(known > since)
