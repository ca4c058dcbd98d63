"""Generating a whole source system into a folder, chunk by chunk, so that memory stays bounded.

The folder holds one sub-folder per business date with a Parquet file per source table
(`2023-06-15/demand_line.parquet`), `generator.json`, and apart from both `truth/`, which no
connector reads: what customers would have bought, the true rates, and what becomes of every order.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from orchestration.ims.generator import masters, plans, segments
from orchestration.ims.generator.arrow_columns import dates, to_date, to_day
from orchestration.ims.generator.catalogue import (
    CATEGORIES,
    ITEMS_PER_REGION,
    ITEMS_PER_SUPPLIER,
    LOCATIONS_PER_ITEM,
    make_item_locations,
    make_items,
    make_suppliers,
    sequence_locations,
)
from orchestration.ims.generator.counters import Floats
from orchestration.ims.generator.defects import DEFECTS, Planted, plant
from orchestration.ims.generator.demand import (
    Horizon,
    daily_rates,
    draw_requests,
    make_promotions,
)
from orchestration.ims.generator.documents import Names
from orchestration.ims.generator.equipment import equipment_source, equipment_tables, truth_order
from orchestration.ims.generator.events import EventCut
from orchestration.ims.generator.simulation import simulate

GENERATOR_VERSION = 3
SOURCE = "generator"
DEFAULT_END = date(2023, 6, 15)
MANIFEST = "generator.json"
TRUTH = "truth"
# item-locations × days held at once; some 40 bytes each at the peak
_CELLS_PER_CHUNK = 3_000_000


@dataclass(frozen=True)
class Order:
    """What to generate. `n_item_locations` is rounded up to whole items of 20 locations each."""

    n_item_locations: int
    days: int
    seed: int
    defects: tuple[str, ...] = ()
    snapshots: int = 1
    end: date = DEFAULT_END

    def __post_init__(self) -> None:
        unknown = sorted(set(self.defects) - set(DEFECTS))
        if unknown:
            raise ValueError(f"unknown defects {unknown}; choose from {sorted(DEFECTS)}")
        if self.n_item_locations < 1 or self.days < 1:
            raise ValueError("item-locations and days must be at least 1")
        if not 1 <= self.snapshots <= self.days:
            raise ValueError(f"snapshots must lie between 1 and the number of days ({self.days})")

    @property
    def n_items(self) -> int:
        """Number of items."""
        return -(-self.n_item_locations // LOCATIONS_PER_ITEM)

    @property
    def regions(self) -> int:
        """Number of regions."""
        return -(-self.n_items // ITEMS_PER_REGION)

    @property
    def horizon(self) -> Horizon:
        """The days of the run."""
        return Horizon(to_day(self.end) - self.days + 1, to_day(self.end))

    @property
    def business_days(self) -> list[int]:
        """The days of the snapshots, ascending."""
        return list(range(self.horizon.end - self.snapshots + 1, self.horizon.end + 1))


def generate(
    n_item_locations: int, days: int, seed: int, defects: Sequence[str] = (), end: date = DEFAULT_END
) -> Iterator[tuple[EventCut, Floats]]:
    """Yield the event log of the whole run in chunks of item-locations, with their true daily rates."""
    order = Order(n_item_locations, days, seed, tuple(defects), end=end)
    horizon = order.horizon
    promotions = make_promotions(seed, horizon)
    items_per_chunk = max(1, _CELLS_PER_CHUNK // (days * LOCATIONS_PER_ITEM))
    for first in range(0, order.n_items, items_per_chunk):
        items = make_items(seed, np.arange(first, min(first + items_per_chunk, order.n_items)))
        pairs = make_item_locations(seed, items, sequence_locations(items.index), first * LOCATIONS_PER_ITEM)
        rates = daily_rates(pairs, horizon, promotions)
        log = simulate(seed, pairs, horizon, draw_requests(seed, pairs, horizon, rates))
        yield EventCut(seed, log, promotions, Names(SOURCE)), rates


def generate_to_folder(
    out: Path,
    n_item_locations: int,
    days: int,
    seed: int,
    defects: Sequence[str] = (),
    snapshots: int = 1,
    end: date = DEFAULT_END,
) -> Path:
    """Write a generated source system to the folder `out` and return it.

    The folder appears only when it is complete. Raises `FileExistsError` if `out` holds anything.
    """
    order = Order(n_item_locations, days, seed, tuple(defects), snapshots, end)
    out = Path(out)
    if out.exists() and any(out.iterdir()):
        raise FileExistsError(f"{out} is not empty: choose another folder or remove it first")
    out.parent.mkdir(parents=True, exist_ok=True)
    unfinished = out.parent / f".{out.name}.{os.getpid()}"
    shutil.rmtree(unfinished, ignore_errors=True)
    unfinished.mkdir()
    try:
        planted = _write(order, unfinished)
        manifest = {
            "generator_version": GENERATOR_VERSION,
            "item_locations": order.n_items * LOCATIONS_PER_ITEM,
            "days": days,
            "seed": seed,
            "business_dates": [to_date(day).isoformat() for day in order.business_days],
            "defects": [
                {"label": label, "description": DEFECTS[label].description, "planted": planted.get(label, [])}
                for label in order.defects
            ],
        }
        (unfinished / MANIFEST).write_text(json.dumps(manifest, indent=1) + "\n")
        if out.exists():
            out.rmdir()
        unfinished.replace(out)
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)
    return out


def _write(order: Order, folder: Path) -> dict[str, list[dict[str, Any]]]:
    """Write every table of every business date and the truth; return what defects were planted."""
    planted: dict[str, list[dict[str, Any]]] = {}
    newest = order.business_days[-1]

    orders = equipment_source(order.seed, order.regions, order.horizon, Names(SOURCE))

    def put(files: _Files, day: int, name: str, table: pa.Table, chunk: int) -> None:
        if day == newest:
            table, rows = plant(order.defects, name, table, chunk)
            _record(planted, rows)
        files.append(folder / to_date(day).isoformat() / f"{name}.parquet", table)

    with _Files() as files:
        for day in order.business_days:
            since = None if day == order.business_days[0] else day - 1
            tables = {**_master_tables(order, since, day), **equipment_tables(orders, since, day)}
            for name, table in tables.items():
                put(files, day, name, table, 0)
        for chunk, (cut, rates) in enumerate(
            generate(order.n_item_locations, order.days, order.seed, order.defects, order.end)
        ):
            for day in order.business_days:
                since = None if day == order.business_days[0] else day - 1
                for name, table in _chunk_tables(cut, since, day).items():
                    put(files, day, name, table, chunk)
            files.append(folder / TRUTH / "truth_demand.parquet", _truth_demand(cut))
            files.append(folder / TRUTH / "truth_rate.parquet", _truth_rate(cut, rates))
        files.append(folder / TRUTH / "truth_order.parquet", truth_order(orders))
    return planted


def _master_tables(order: Order, since: int | None, as_of: int) -> dict[str, pa.Table]:
    names, horizon, seed = Names(SOURCE), order.horizon, order.seed
    items = make_items(seed, np.arange(order.n_items))
    suppliers = make_suppliers(seed, np.arange(-(-order.n_items // ITEMS_PER_SUPPLIER)))
    promotions = make_promotions(seed, horizon)
    return {
        "item": masters.item_table(seed, items, names, as_of),
        "location": masters.location_table(seed, order.regions, names, as_of),
        "supplier": masters.supplier_table(seed, suppliers, names, as_of),
        "item_supplier": masters.item_supplier_table(items, names, as_of),
        "lane": masters.lane_table(seed, order.regions, names, as_of),
        "segment": segments.segment_table(names, as_of),
        "allocation_group": segments.allocation_group_table(names, as_of),
        "segment_rule": segments.segment_rule_table(names, as_of),
        "segment_membership": segments.segment_membership_table(names, as_of),
        "allocation_rule": segments.allocation_rule_table(names, as_of),
        "calendar": masters.calendar_table(horizon, names, as_of),
        "event_calendar": masters.event_calendar_table(promotions, names, as_of),
        "cost_parameter": masters.cost_parameter_table(horizon, names, as_of),
        "policy_review": masters.policy_review_table(seed, CATEGORIES, horizon, names, since, as_of),
        "external_driver": plans.external_driver_table(seed, horizon, names, as_of),
        "item_relation": plans.item_relation_table(seed, items, names, as_of),
        "price_break": plans.price_break_table(seed, items, names, as_of),
    }


def _chunk_tables(cut: EventCut, since: int | None, as_of: int) -> dict[str, pa.Table]:
    stock = cut.stock_on_hand(as_of)
    return {
        "item_location": masters.item_location_table(cut.log.pairs, cut.names, as_of),
        "stock_on_hand": stock,
        "stock_valuation": cut.stock_valuation(stock.column("on_hand_units").to_numpy(), as_of),
        "cycle_count": cut.cycle_count(since, as_of),
        "stock_movement": cut.stock_movement(since, as_of),
        "demand_line": cut.demand_line(since, as_of),
        "supply_order": cut.supply_order(as_of),
        "receipt": cut.receipt(since, as_of),
        "consensus_plan": plans.consensus_plan_table(
            cut.seed, cut.log.pairs, cut.log.horizon, cut.names, as_of
        ),
    }


def _truth_demand(cut: EventCut) -> pa.Table:
    """Units customers wanted per item-location and day, and how many of them were lost."""
    lines, pairs = cut.log.lines, cut.log.pairs
    lost = np.where(lines["waits"], 0, lines["units"] - lines["filled_units"])
    starts = np.flatnonzero(
        np.r_[True, np.diff(lines["position"]) != 0] | np.r_[True, np.diff(lines["day"]) != 0]
    )[: len(lines["day"])]
    wanted = np.add.reduceat(lines["units"], starts) if len(starts) else lines["units"]
    lost = np.add.reduceat(lost, starts) if len(starts) else lost
    position = lines["position"][starts]
    return pa.table(
        {
            "item_id": cut.names.item(pairs.item[position]),
            "location_id": cut.names.location(pairs.location[position]),
            "demand_date": dates(lines["day"][starts]),
            "latent_demand_units": wanted.astype(np.float64),
            "lost_units": lost.astype(np.float64),
        }
    )


def _truth_rate(cut: EventCut, rates: Floats) -> pa.Table:
    """The true mean of daily demand per item-location: over the run, and on its last week."""
    pairs = cut.log.pairs
    size = 1 / pairs.items.size_stop[pairs.item_position]
    return pa.table(
        {
            "item_id": cut.names.item(pairs.item),
            "location_id": cut.names.location(pairs.location),
            "mean_units_per_day": rates.mean(axis=0) * size,
            "last_week_units_per_day": rates[-7:].mean(axis=0) * size,
        }
    )


def _record(planted: dict[str, list[dict[str, Any]]], rows: Planted) -> None:
    for label, entries in rows.items():
        planted.setdefault(label, []).extend(entries)


class _Files:
    """Parquet files that grow chunk by chunk, all closed at the end."""

    def __init__(self) -> None:
        self._writers: dict[Path, pq.ParquetWriter] = {}

    def __enter__(self) -> _Files:
        return self

    def append(self, path: Path, table: pa.Table) -> None:
        if path not in self._writers:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._writers[path] = pq.ParquetWriter(path, table.schema, compression="zstd")
        self._writers[path].write_table(table)

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for writer in self._writers.values():
            writer.close()
