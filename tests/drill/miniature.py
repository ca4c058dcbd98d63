"""A business date in small: a source of some hundred rows, three rules instead of the science, the real rest.

Sealing, quarantine, candidate, gate, publication, doors and ledger are Stockplan's own code; only dbt,
Dagster and the science are not there. The same deliveries always give the same release, to the byte.
"""

from __future__ import annotations

import shutil
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import pyarrow as pa
from pydantic import SecretStr

from orchestration.contracts.arrow import arrow_schema
from orchestration.contracts.raw import RAW_BY_NAME
from orchestration.ims.connector import Snapshot, SourceError, short_hash
from orchestration.lake.inputs import RunInputs, collect_inputs
from orchestration.lake.ledger import Ledger
from orchestration.lake.locks import day_lock
from orchestration.lake.parquet import read_arrow
from orchestration.lake.paths import Lake
from orchestration.lake.sealing import SealOutcome
from orchestration.lake.snapshots import seal_date
from orchestration.outcomes import Code
from orchestration.production_settings import ServingSettings
from orchestration.publish.candidate import Candidate, build_candidate
from orchestration.publish.gate import GateRefused, judge
from orchestration.publish.manifest import manifest_facts
from orchestration.publish.release import (
    PublishOutcome,
    Release,
    previous_release,
    publish,
    record_refusal,
)
from orchestration.publish.serving.publishing import publish_release
from orchestration.publish.verdicts import Verdict, check_result_table
from orchestration.settings import Settings

FIRST_DAY = date(2024, 1, 1)
_SOURCE = "miniature"
_HISTORY_DAYS = 14
_DEMAND_DAYS = 28
_ITEMS = ("FILTER", "BRAKE", "FLUID", "BELT", "LAMP", "WIPER")
_PLACES = ("DEPOT", "EAST", "NORTH", "SOUTH")
_LINES_PER_DAY = 6
# Every so many days a delivery has a row that must be set aside.
_BAD_ROW_EVERY = 17
# Releases that the serving database keeps: few, so that each publication has one to drop.
_SERVED = 2
# Editions of a delivery: 1 is the first, 2 and more are corrections, this one cannot be sealed.
BROKEN = 0


def days(count: int, first: date = FIRST_DAY) -> list[date]:
    """Return so many business dates, one after the other."""
    return [first + timedelta(days=number) for number in range(count)]


@dataclass
class MiniatureSource:
    """A connector: which business dates are there, and which edition of each."""

    editions: Mapping[date, int]
    name: str = _SOURCE

    @classmethod
    def of(cls, dates: Sequence[date], editions: Mapping[date, int] | None = None) -> MiniatureSource:
        """A source that has these dates, in their first edition where nothing else is told."""
        return cls({day: (editions or {}).get(day, 1) for day in dates})

    def business_dates(self) -> Sequence[date]:
        return sorted(self.editions)

    def fingerprint(self, as_of: date) -> str:
        return short_hash(as_of, self.editions.get(as_of))

    def extract(self, as_of: date, since: date | None) -> Snapshot:
        if as_of not in self.editions:
            raise SourceError(f"the source has no snapshot of {as_of}; deliver it first")
        start = since + timedelta(days=1) if since else as_of - timedelta(days=_HISTORY_DAYS)
        told = [start + timedelta(days=number) for number in range((as_of - start).days + 1)]
        rows: dict[str, list[dict[str, Any]]] = {
            **_masters(),
            "stock_on_hand": _stock(as_of, self.editions[as_of]),
            "supply_order": _supply(as_of),
            "demand_line": [row for day in told for row in _demand(day, self.editions.get(day, 1))],
            "receipt": [_receipt(day) for day in told],
        }
        if self.editions[as_of] == BROKEN:
            del rows["stock_on_hand"]
        known = datetime.combine(as_of, time(22))
        tables = {
            name: pa.Table.from_pylist(
                [{"source_system": _SOURCE, "loaded_at": known, **row} for row in lines],
                schema=arrow_schema(RAW_BY_NAME[name]),
            )
            for name, lines in rows.items()
        }
        return Snapshot(as_of, _SOURCE, tables, {(name, "*"): "generated" for name in tables}, since)


@cache
def _masters() -> dict[str, list[dict[str, Any]]]:
    return {
        "item": [
            {
                "item_id": item,
                "item_kind": "part",
                "description": item.capitalize(),
                "category": "parts",
                "base_uom": "EA",
                "is_integer": True,
                "unit_cost": 10.0 + number,
                "currency": "EUR",
            }
            for number, item in enumerate(_ITEMS)
        ],
        "location": [
            {
                "location_id": place,
                "location_type": "depot" if place == "DEPOT" else "dealer",
                "region": "CENTRE" if place == "DEPOT" else place,
                "is_active": True,
            }
            for place in _PLACES
        ],
        "item_location": [
            {"item_id": item, "location_id": place, "is_ranged": True, "stockout_behaviour": "backorder"}
            for item in _ITEMS
            for place in _PLACES
        ],
        "supplier": [{"supplier_id": "PARTS-CO", "supplier_name": "Parts Co"}],
        "item_supplier": [
            {
                "item_id": item,
                "supplier_id": "PARTS-CO",
                "location_id": "*",
                "lead_time_days": 7.0,
                "is_primary": True,
            }
            for item in _ITEMS
        ],
    }


def _stock(as_of: date, edition: int) -> list[dict[str, Any]]:
    return [
        {
            "item_id": item,
            "location_id": place,
            "stock_status": "available",
            "on_hand_units": float((as_of.toordinal() * 3 + 5 * number + 7 * edition) % 11),
        }
        for number, (item, place) in enumerate((item, place) for item in _ITEMS for place in _PLACES)
    ]


def _demand(day: date, edition: int) -> list[dict[str, Any]]:
    rows = [
        {
            "order_id": f"O{day:%Y%m%d}-{number}",
            "line_id": "1",
            "item_id": _ITEMS[(day.toordinal() + number) % len(_ITEMS)],
            "location_id": _PLACES[1 + (day.toordinal() * number) % (len(_PLACES) - 1)],
            "order_date": day,
            "requested_date": day,
            "requested_units": float(1 + (day.toordinal() + number * edition) % 4),
            "loaded_at": datetime.combine(day, time(20, edition)),
        }
        for number in range(_LINES_PER_DAY)
    ]
    if day.toordinal() % _BAD_ROW_EVERY == 0:
        rows.append({**rows[0], "order_id": f"O{day:%Y%m%d}-bad", "requested_units": -1.0})
    return rows


def _supply(as_of: date) -> list[dict[str, Any]]:
    return [
        {
            "supply_order_id": f"P{number:03d}",
            "line_id": "1",
            "item_id": item,
            "location_id": "DEPOT",
            "ordered_date": as_of - timedelta(days=3),
            "ordered_units": 20.0,
            "received_units": 0.0,
            "supply_status": "open",
            "supplier_id": "PARTS-CO",
            "expected_date": as_of + timedelta(days=4),
            "is_expedited": False,
        }
        for number, item in enumerate(_ITEMS)
    ]


def _receipt(day: date) -> dict[str, Any]:
    return {
        "receipt_id": f"R{day:%Y%m%d}",
        "item_id": _ITEMS[day.toordinal() % len(_ITEMS)],
        "location_id": "DEPOT",
        "received_date": day,
        "received_units": 10.0,
        "accepted_units": 10.0,
        "loaded_at": datetime.combine(day, time(20)),
    }


@cache
def _settings() -> Settings:
    """Read once: the file of settings costs a tenth of a second, as much as the rest of a date."""
    return Settings()


@dataclass
class Miniature:
    """One installation: a home, what its source has now, the address of its serving database, if any."""

    home: Path
    source: MiniatureSource
    today: date = date(2030, 1, 1)
    actor: str = "drill"
    serving: str | None = None

    @property
    def lake(self) -> Lake:
        """Its lake."""
        return Lake(self.home)

    @property
    def ledger(self) -> Ledger:
        """Its ledger."""
        return Ledger(self.lake.ledger_file)

    @property
    def settings(self) -> Settings:
        """Its settings."""
        url = SecretStr(self.serving) if self.serving else None
        serving = ServingSettings(url=url, keep_releases=_SERVED, retry_budget_seconds=1)
        return _settings().model_copy(update={"home": self.home, "today": self.today, "serving": serving})

    def run(self, as_of: date) -> PublishOutcome:
        """Run one business date from the source to the release, as one process does.

        Raises what the parts raise; a refusal of the gate is in the ledger then.
        """
        with day_lock(self.lake, as_of):
            self.seal(as_of).snapshot_or_raise()
            return self.release(as_of)

    def seal(self, as_of: date) -> SealOutcome:
        """Extract the date and seal it."""
        return seal_date(
            self.source, as_of, self.lake, self.ledger, self.settings, today=self.today, actor=self.actor
        )

    def release(self, as_of: date) -> PublishOutcome:
        """Decide on the sealed date and publish what came of it."""
        lake, ledger, settings = self.lake, self.ledger, self.settings
        # As the real run does before its first stage.
        shutil.rmtree(lake.build_dir(as_of), ignore_errors=True)
        inputs = collect_inputs(lake, as_of)
        before = previous_release(lake, as_of)
        candidate, verdicts = decide(inputs, before, lake)
        try:
            judge(verdicts, CHECKS, CHECKS)
        except GateRefused as refusal:
            record_refusal(as_of, str(refusal), Code.GATE_REFUSED, lake, ledger, self.actor)
            raise
        facts = manifest_facts(
            snapshots=inputs.snapshots,
            earlier_releases=[before] if before else [],
            ledger_head=ledger.head(),
            settings=settings,
            verdicts=verdicts,
            candidate=candidate,
        )
        outcome = publish(candidate, facts, None, lake, ledger, settings, actor=self.actor)
        if self.serving:
            publish_release(outcome.release, lake, ledger, settings)
        return outcome


def decide(inputs: RunInputs, earlier: Release | None, lake: Lake) -> tuple[Candidate, list[Verdict]]:
    """Return the candidate of sealed inputs and the verdicts of its checks.

    Order up to the demand of four weeks, order what is missing of it, tell what changed since the
    release before.
    """
    files, as_of = inputs.files, inputs.as_of
    stock = {
        (row["item_id"], row["location_id"]): row["on_hand_units"] for row in _rows(files["stock_on_hand"])
    }
    demand: dict[tuple[str, str], float] = defaultdict(float)
    for row in _newest(_rows(files["demand_line"]), ("order_id", "line_id")):
        if as_of - timedelta(days=_DEMAND_DAYS) < row["order_date"] <= as_of:
            demand[row["item_id"], row["location_id"]] += row["requested_units"]
    was = {
        (row["item_id"], row["location_id"]): row["order_up_to_units"]
        for row in (_rows([earlier.table("policy")]) if earlier else [])
    }
    policy = [
        {
            "item_id": item,
            "location_id": place,
            "reorder_point_units": demand[item, place] / 2,
            "order_up_to_units": demand[item, place] + 1,
        }
        for item, place in sorted(stock)
    ]
    changes = [
        {**key, "old_units": was.get((row["item_id"], row["location_id"])), "new_units": up_to}
        for row in policy
        if was.get((row["item_id"], row["location_id"])) != (up_to := row["order_up_to_units"])
        for key in [{"item_id": row["item_id"], "location_id": row["location_id"]}]
    ]
    orders = [
        {**row, "order_units": row["order_up_to_units"] - stock[row["item_id"], row["location_id"]]}
        for row in policy
        if stock[row["item_id"], row["location_id"]] < row["reorder_point_units"]
    ]
    verdicts = _checked(policy, orders, stock)
    made = {
        "policy": pa.Table.from_pylist(policy, schema=_POLICY),
        "policy_change": pa.Table.from_pylist(changes, schema=_CHANGE),
        "replenishment_order": pa.Table.from_pylist(orders, schema=_ORDER),
        "kpi": pa.table(
            {"kpi_id": ["stock_units", "orders"], "value": [sum(stock.values()), len(orders)]}, _KPI
        ),
        "check_result": check_result_table(verdicts, as_of),
    }
    return build_candidate(lake, as_of, {}, made), verdicts


TABLES = ("check_result", "kpi", "policy", "policy_change", "replenishment_order")
CHECKS = frozenset({("policy", "unique"), ("policy", "covers_stock"), ("replenishment_order", "in_policy")})
_PAIR = [pa.field("item_id", pa.string()), pa.field("location_id", pa.string())]
_LEVELS = [pa.field("reorder_point_units", pa.float64()), pa.field("order_up_to_units", pa.float64())]
_POLICY = pa.schema([*_PAIR, *_LEVELS])
_CHANGE = pa.schema([*_PAIR, pa.field("old_units", pa.float64()), pa.field("new_units", pa.float64())])
_ORDER = pa.schema([*_PAIR, pa.field("order_units", pa.float64())])
_KPI = pa.schema([pa.field("kpi_id", pa.string()), pa.field("value", pa.float64())])


def _checked(
    policy: list[dict[str, Any]], orders: list[dict[str, Any]], stock: Mapping[tuple[str, str], float]
) -> list[Verdict]:
    keys = [(row["item_id"], row["location_id"]) for row in policy]
    failing = {
        ("policy", "unique"): len(keys) - len(set(keys)),
        ("policy", "covers_stock"): len(set(stock) - set(keys)),
        ("replenishment_order", "in_policy"): sum(
            (row["item_id"], row["location_id"]) not in set(keys) or row["order_units"] <= 0 for row in orders
        ),
    }
    return [
        Verdict(table, check, "audit", count == 0, "ERROR", count, f"{count} rows", "read the miniature")
        for (table, check), count in failing.items()
    ]


def _rows(files: Sequence[Path]) -> list[dict[str, Any]]:
    return [row for file in files for row in read_arrow(file).to_pylist()]


def _newest(rows: list[dict[str, Any]], key: tuple[str, ...]) -> list[dict[str, Any]]:
    """The newest version of every event: files come in date order, and the last to know it wins."""
    newest: dict[tuple[Any, ...], dict[str, Any]] = {}
    for row in rows:
        known = newest.setdefault(tuple(row[name] for name in key), row)
        if row["loaded_at"] >= known["loaded_at"]:
            newest[tuple(row[name] for name in key)] = row
    return [newest[one] for one in sorted(newest)]
