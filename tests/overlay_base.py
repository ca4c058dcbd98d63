"""A small release with an allocation to lay overlays on, and its inputs: for tests and the benchmark.

Every place has 20 units on hand: 10 for FLEET, 5 for RETAIL, which may borrow, and 5 in the common
pool. 10 units are coming, and FLEET has ordered 4 for the third day.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from optimization.contracts.allocation_tables import (
    ALLOCATION,
    ALLOCATION_ENTRY,
    ATP,
    BORROW_LOAN,
    COMMITMENT,
    SOFT_RESERVATION,
)
from optimization.contracts.inputs import ITEM_LOCATION, SEGMENT
from optimization.contracts.order_outputs import UNIT_ATP
from optimization.contracts.outputs import SUPPLY_EXPECTATION
from optimization.contracts.table import Table
from optimization.parameters import AtpParameters
from optimization.promising.atp import available_to_promise
from orchestration.contracts.arrow import arrow_schema
from orchestration.lake.events import Draft
from orchestration.lake.ledger import GENESIS, Ledger
from orchestration.lake.parquet import frame_to_arrow, write_frame
from orchestration.lake.paths import Lake
from orchestration.publish.candidate import build_candidate
from orchestration.publish.overlay_form import supply_audit_of
from orchestration.publish.release import Release, publish
from orchestration.settings import Settings
from tests.science_frames import item_location, segment, supply_expectation

SHARES = {"FLEET": 10.0, "POOL": 5.0, "RETAIL": 5.0}
TIERS = {"FLEET": 1, "RETAIL": 2}
# An active reservation: its id, item, location, units, and when it ends.
Held = tuple[str, str, str, float, str]


@dataclass
class Base:
    """A lake with one release of `items` items at two places, L1 and L2, and short words for tests."""

    lake: Lake
    settings: Settings
    as_of: date = date(2024, 6, 30)
    items: int = 3

    @property
    def ledger(self) -> Ledger:
        return Ledger(self.lake.ledger_file)

    def places(self) -> pd.DataFrame:
        """Item and location of every place, in key order."""
        names = np.array([f"I{number:06d}" for number in range(1, self.items + 1)], dtype=object)
        return pd.DataFrame({"item_id": np.repeat(names, 2), "location_id": ["L1", "L2"] * self.items})

    def publish(
        self, note: str = "first", held: Sequence[Held] = (), lines: Sequence[tuple[str, str]] = ()
    ) -> Release:
        """Publish the release; `note` makes its content differ.

        `held`: active reservations of FLEET. `lines`: what the release did, as (action, status).
        """
        day = pd.Timestamp(self.as_of)
        frames = self._inputs(day)
        for table, frame in frames.items():
            write_frame(frame, table, self.lake.border_file(table.name, self.as_of))
        state = {
            "allocation": self._allocation(day, note, held),
            "borrow_ledger": _empty(BORROW_LOAN),
            "reservation": _held(held, day),
            "allocation_ledger": _lines(lines, day),
        }
        atp, _ = available_to_promise(
            frames[ITEM_LOCATION],
            frames[SUPPLY_EXPECTATION],
            frames[COMMITMENT],
            state["allocation"],
            state["reservation"],
            day,
            AtpParameters(),
        )
        contracts = {
            "allocation": ALLOCATION,
            "borrow_ledger": BORROW_LOAN,
            "reservation": SOFT_RESERVATION,
            "allocation_ledger": ALLOCATION_ENTRY,
        }
        tables = {name: _published(frame, contracts[name]) for name, frame in state.items()}
        made = frame_to_arrow(atp, ATP)
        nullable = pa.schema([field.with_nullable(True) for field in made.schema])
        tables["atp"] = pa.table(made.columns, schema=nullable)
        tables["supply_audit"] = _audit(state["allocation_ledger"])
        tables["unit_atp"] = _units()
        candidate = build_candidate(self.lake, self.as_of, {}, tables)
        head = self.ledger.head()
        facts = {
            "ledger_read": {"seq": self.ledger.seq_of(head) if head != GENESIS else 0, "head": head},
            "snapshots": [{"as_of": self.as_of.isoformat(), "snapshot_id": "SNAPSHOT"}],
        }
        return publish(candidate, facts, None, self.lake, self.ledger, self.settings, actor="test").release

    def operate(
        self, operation: str, segment_id: str | None, units: float | None, place: int = 0, **payload: Any
    ) -> None:
        """Write an operation on a place into the ledger, a minute after the one before."""
        self.operate_many([(operation, segment_id, units, place, payload)])

    def operate_many(self, rows: list[tuple[str, str | None, float | None, int, dict[str, Any]]]) -> None:
        """Write many operations (operation, segment, units, number of the place, further payload)."""
        places = self.places().to_numpy()
        ledger = self.ledger
        done = sum(1 for _ in ledger.events("allocation"))
        start = datetime.combine(self.as_of + timedelta(days=1), datetime.min.time()) + timedelta(hours=8)
        drafts = []
        for number, (operation, segment_id, units, place, payload) in enumerate(rows, start=done + 1):
            item_id, location_id = places[place]
            at = start + timedelta(minutes=number)
            stated = {
                "item_id": item_id,
                "location_id": location_id,
                "segment_id": segment_id,
                "units": units,
                "event_at": at.isoformat(timespec="microseconds") + "+00:00",
                "action_id": f"A{number}",
            } | payload
            told = {name: value for name, value in stated.items() if value is not None}
            subject = f"{item_id}/{location_id}"
            drafts.append(Draft("allocation", operation, subject, at.date(), "planner", told))
        ledger.append_many(drafts)

    def _inputs(self, day: pd.Timestamp) -> dict[Table, pd.DataFrame]:
        places = self.places()
        n = len(places)
        one = item_location(1, on_hand_units=20.0).assign(as_of=day)
        located = one.loc[np.zeros(n, dtype=int)].reset_index(drop=True)
        located[["item_id", "location_id"]] = places
        supply = supply_expectation(
            item_id=places["item_id"],
            location_id=places["location_id"],
            expected_date=day,
            expected_p50_date=day + pd.Timedelta(days=5),
            expected_p90_date=day + pd.Timedelta(days=9),
        )
        owed = places.assign(segment_id="FLEET", due_date=day + pd.Timedelta(days=3), committed_units=4.0)
        terms = segment(
            [("FLEET", 1, 1.0, 0.0, 1.0), ("RETAIL", 2, 1.0, 0.0, 1.0)],
            may_borrow=[False, True],
            borrow_ratio=1.0,
        )
        return {ITEM_LOCATION: located, SUPPLY_EXPECTATION: supply, COMMITMENT: owed, SEGMENT: terms}

    def _allocation(self, day: pd.Timestamp, note: str, held: Sequence[Held]) -> pd.DataFrame:
        places = self.places()
        n, k = len(places), len(SHARES)
        names = np.tile(np.array(list(SHARES), dtype=object), n)
        units = np.tile(np.array(list(SHARES.values())), n)
        frame = places.loc[np.repeat(np.arange(n), k)].reset_index(drop=True)
        reserved = np.zeros(n * k)
        for _, item_id, location_id, quantity, _ in held:
            row = (frame["item_id"] == item_id) & (frame["location_id"] == location_id) & (names == "FLEET")
            reserved[row.to_numpy()] += quantity
        free = units - reserved
        borrowable = np.where(names == "RETAIL", SHARES["POOL"], 0.0)
        values: dict[str, Any] = {
            "segment_id": names,
            "segment_path": names,
            "allocation_target_units": units,
            "previous_allocated_units": units,
            "allocated_units": free,
            "soft_reserved_units": reserved,
            "borrowable_units": borrowable,
            "available_units": free + borrowable,
            "allocatable_units": 20.0,
            "pool_formula": "sellable",
            "rules_hash": note,
            "rebalanced_at": day,
            "quota_asked_at": day,
            "rebalance_trigger": "interval",
            "rebalance_decision": "rebalanced",
            "reason_code": "DEMAND_MET",
            "method": "closed_form",
            "status": "OK",
        }
        numbers = [one.name for one in ALLOCATION.columns if one.kind == "number"]
        frame = frame.assign(**(dict.fromkeys(numbers, 0.0) | values))
        frame = frame.reindex(columns=list(ALLOCATION.column_names))
        return frame.astype({"plan_version_number": "Int64", "rule_version": "Int64"})


def _held(held: Sequence[Held], day: pd.Timestamp) -> pd.DataFrame:
    if not held:
        return _empty(SOFT_RESERVATION)
    frame = pd.DataFrame(
        list(held), columns=["reservation_id", "item_id", "location_id", "units", "expires_at"]
    )
    frame = frame.assign(
        segment_id="FLEET",
        opened_at=day,
        own_units=frame["units"],
        open_units=frame["units"],
        reservation_status="ACTIVE",
        action_id="EARLIER",
        closed_at=pd.NaT,
        expires_at=pd.to_datetime(frame["expires_at"]),
        **dict.fromkeys(("pool_units", "consumed_units", "released_units", "expired_units"), 0.0),
    )
    return frame.loc[:, list(SOFT_RESERVATION.column_names)]


def _lines(lines: Sequence[tuple[str, str]], day: pd.Timestamp) -> pd.DataFrame:
    """Lines of consumptions of FLEET at the first place."""
    if not lines:
        return _empty(ALLOCATION_ENTRY)
    texts = [column.name for column in ALLOCATION_ENTRY.columns if column.kind == "text"]
    numbers = [column.name for column in ALLOCATION_ENTRY.columns if column.kind == "number"]
    frame = pd.DataFrame(lines, columns=["action_id", "entry_status"])
    frame = frame.assign(**dict.fromkeys((one for one in texts if one not in frame), "-"))
    frame = frame.assign(
        **dict.fromkeys(numbers, 1.0),
        entry_id=frame["action_id"],
        entry_number=range(1, len(frame) + 1),
        event_at=day,
        operation="consume",
        purpose="SEGMENT_CONSUMPTION",
        audit_type="USER",
        segment_id="FLEET",
        rule_version=pd.array([None] * len(frame), dtype="Int64"),
        expires_at=pd.NaT,
        due_date=pd.NaT,
    )
    return frame.loc[:, list(ALLOCATION_ENTRY.column_names)]


def _empty(table: Table) -> pd.DataFrame:
    return arrow_schema(table).empty_table().to_pandas()


def _published(frame: pd.DataFrame, contract: Table) -> pa.Table:
    """The frame as dbt publishes it: with the segment's name and tier where there is a segment's state."""
    table = frame_to_arrow(frame, contract)
    if contract is not ALLOCATION_ENTRY:
        ids = table.column("segment_id").to_pylist()
        table = table.append_column("segment_name", pa.array([one.title() for one in ids], pa.string()))
        table = table.append_column("priority_tier", pa.array([TIERS.get(one) for one in ids], pa.int64()))
    return pa.table(table.columns, schema=pa.schema([field.with_nullable(True) for field in table.schema]))


def _audit(entry: pd.DataFrame) -> pa.Table:
    """The lines as records of the supply audit."""
    told = supply_audit_of(entry)
    names = ["entry_id", "entry_number", "event_at", "operation", "purpose"]
    names += ["action_id", "parent_action_id", "related_by_action_id", "audit_type", "actor"]
    names += ["item_id", "location_id", "segment_id", "to_segment_id", "units", "effective_units"]
    names += ["entry_status", "reason_code", "source_id"]
    known = {field.name: field.type for field in arrow_schema(ALLOCATION_ENTRY)}
    fields = [pa.field(name, known[name]) for name in names]
    fields += [pa.field("audit_details", pa.string()), pa.field("snapshot_id", pa.string())]
    made = told.assign(snapshot_id="SNAPSHOT")[[field.name for field in fields]]
    return pa.Table.from_pandas(made, schema=pa.schema(fields), preserve_index=False)


def _units() -> pa.Table:
    """VIN1 and VIN2 can be promised; VIN3 cannot, for a reason of the source."""
    rows = [
        {
            "unit_id": unit_id,
            "item_id": "I000001",
            "location_id": "L1",
            "is_promisable": unit_id != "VIN3",
            "reason_code": "INPUT_IMPLAUSIBLE" if unit_id == "VIN3" else "AS_ASKED",
            "method": "rule",
            "status": "OK",
        }
        for unit_id in ("VIN1", "VIN2", "VIN3")
    ]
    return pa.Table.from_pylist(rows, schema=arrow_schema(UNIT_ATP))
