"""The allocation's assets over two business dates: what is read of ledger and shelf, and what is left."""

from __future__ import annotations

import json
import logging
from datetime import date, timedelta
from pathlib import Path

import dagster as dg
import pandas as pd
import pyarrow as pa
import pytest

from optimization.contracts.allocation_tables import (
    ALLOCATION_EVENT,
    ALLOCATION_OUTPUTS,
    ALLOCATION_RULE,
    LEDGER_TABLES,
    SEGMENT_ORDER,
)
from optimization.contracts.history_tables import LEDGER_STATE
from optimization.contracts.inputs import ITEM_LOCATION, SEGMENT, SEGMENT_DEMAND
from optimization.contracts.outputs import POLICY
from orchestration.contracts.arrow import arrow_schema
from orchestration.defs.allocation.assets import PREVIOUS_STATE, ledger_operations, segment_allocation
from orchestration.defs.allocation.ledger_read import kept_position
from orchestration.defs.history.assets import ledger_state
from orchestration.defs.resources import Pipeline
from orchestration.lake.parquet import read_arrow, read_frame, write_arrow, write_frame
from orchestration.publish.candidate import build_candidate
from orchestration.publish.release import publish
from orchestration.settings import Settings
from tests import science_frames as frames

FIRST = frames.AS_OF.date()
SECOND = FIRST + timedelta(days=1)


@pytest.fixture
def pipeline(tmp_path: Path) -> Pipeline:
    """An empty installation."""
    return Pipeline(Settings(home=tmp_path / "home"))


def _write_marts(pipeline: Pipeline, as_of: date, on_hand: float, orders: pd.DataFrame) -> None:
    """One pool of 20 or so units that two segments want."""
    day = pd.Timestamp(as_of)
    segment = frames.segment([("FLEET", 1, 1.0, 0.2, 1.0), ("WEB", 2, 1.0, 0.0, 1.0)], may_borrow=True)
    tables = {
        ITEM_LOCATION: frames.item_location(as_of=day, on_hand_units=on_hand),
        SEGMENT: segment,
        SEGMENT_DEMAND: frames.segment_demand([("L1", "FLEET", 30.0, 4.0), ("L1", "WEB", 20.0, 1.0)]),
        SEGMENT_ORDER: orders,
    }
    for table, frame in tables.items():
        write_frame(frame, table, pipeline.lake.border_file(table.name, as_of))
    for table in (ALLOCATION_RULE, POLICY):
        write_arrow(arrow_schema(table).empty_table(), pipeline.lake.border_file(table.name, as_of))


def _materialize(pipeline: Pipeline, as_of: date) -> None:
    logging.getLogger("dagster").setLevel(logging.ERROR)
    done = dg.materialize(
        [ledger_state, ledger_operations, segment_allocation],
        partition_key=as_of.isoformat(),
        resources={"pipeline": pipeline},
    )
    assert done.success
    checked = {(one.asset_key.path[-1], one.passed) for one in done.get_asset_check_evaluations()}
    assert checked == {(table.name, True) for table in (LEDGER_STATE, *LEDGER_TABLES, *ALLOCATION_OUTPUTS)}


def _publish(pipeline: Pipeline, as_of: date, **others: pa.Table) -> None:
    """Publish the state as it is, under the names that the next date looks for."""
    state = {
        name: read_arrow(pipeline.lake.border_file(table.name, as_of))
        for name, table in PREVIOUS_STATE.items()
    }
    candidate = build_candidate(pipeline.lake, as_of, {}, {**state, **others})
    facts = {"ledger_read": kept_position(pipeline.lake, as_of)}
    publish(candidate, facts, None, pipeline.lake, pipeline.ledger, pipeline.settings, actor="test")


def _tell(pipeline: Pipeline, operation: str, action_id: str, as_of: date, **payload: object) -> None:
    pipeline.ledger.append(
        "allocation",
        operation,
        subject=action_id,
        business_date=as_of,
        actor="kim",
        payload={
            "action_id": action_id,
            "event_at": f"{as_of}T09:00:00",
            "item_id": "I1",
            "location_id": "L1",
            **payload,
        },
    )


def _frame(pipeline: Pipeline, as_of: date, name: str) -> pd.DataFrame:
    (table,) = (one for one in (*LEDGER_TABLES, *ALLOCATION_OUTPUTS) if one.name == name)
    return read_frame(pipeline.lake.border_file(name, as_of), table)


def test_a_date_goes_on_from_the_release_before_with_what_was_told_since(pipeline: Pipeline) -> None:
    nothing = frames.segment_order([])
    _write_marts(pipeline, FIRST, 20.0, nothing)
    _tell(pipeline, "allocate", "early", FIRST, segment_id="WEB", units=1.0)
    _materialize(pipeline, FIRST)
    first = _frame(pipeline, FIRST, "opt_out__allocation")
    assert first["allocated_units"].sum() == 20.0
    assert kept_position(pipeline.lake, FIRST)["seq"] == 1
    _publish(pipeline, FIRST)

    _tell(pipeline, "reserve", "held", SECOND, segment_id="WEB", units=2.0, reservation_id="R1")
    _tell(pipeline, "consume", "used", SECOND, segment_id="FLEET", units=1.0)
    _tell(pipeline, "consume", "shapeless", SECOND, segment_id="FLEET", units="many")
    for decision, payload in {"approved": {"plan_version_number": "one"}, "proposed": {"rules": []}}.items():
        pipeline.ledger.append(
            "allocation_plan",
            decision,
            subject="P1",
            business_date=SECOND,
            actor="kim",
            payload={"plan_version_number": 1, "content_hash": "x", **payload},
        )
    ordered = frames.segment_order([("O1", "L1", "FLEET", 2.0)], order_date=pd.Timestamp(SECOND))
    _write_marts(pipeline, SECOND, 17.0, ordered)
    _materialize(pipeline, SECOND)

    events = _frame(pipeline, SECOND, ALLOCATION_EVENT.name)
    assert sorted(events["action_id"]) == ["held", "used"]
    entries = _frame(pipeline, SECOND, "opt_out__allocation_entry")
    told = entries[entries["operation"].isin(["consume", "reserve"])]
    assert sorted(told["source_id"]) == sorted([*events["event_id"], "O1/1"])
    assert set(told["entry_status"]) == {"accepted"}
    second = _frame(pipeline, SECOND, "opt_out__allocation")
    assert second["allocated_units"].sum() + second["soft_reserved_units"].sum() == 17.0
    before = first.set_index("segment_id")["allocated_units"]
    assert second.set_index("segment_id")["previous_allocated_units"].to_dict() == before.to_dict()
    # what cannot be read is kept as evidence, with the reason: operations, decisions, proposals
    file = pipeline.lake.build_dir(SECOND) / "evidence" / "operations_set_aside.json"
    told = [row["column_name"] for row in json.loads(file.read_text())]
    assert told == ["units", "plan_version_number", "rules"]
    assert any(note.startswith("3 events of the ledger cannot be read") for note in pipeline.notes)


def test_an_order_line_that_became_known_late_is_consumed_unless_somebody_did_so_before(
    pipeline: Pipeline,
) -> None:
    known = frames.segment_order([("O1", "L1", "FLEET", 1.0)], order_date=pd.Timestamp(FIRST))
    _write_marts(pipeline, FIRST, 20.0, known)
    _materialize(pipeline, FIRST)
    told = read_arrow(pipeline.lake.border_file(SEGMENT_ORDER.name, FIRST))
    _publish(pipeline, FIRST, order_segment=told)

    third = SECOND + timedelta(days=1)
    _tell(pipeline, "consume", "order/O2/1", SECOND, segment_id="FLEET", units=1.0)
    _write_marts(pipeline, SECOND, 19.0, known)
    _materialize(pipeline, SECOND)
    lines = read_arrow(pipeline.lake.border_file("opt_out__allocation_entry", SECOND))
    _publish(pipeline, SECOND, order_segment=told, allocation_ledger=lines)

    rows = [(f"O{number}", "L1", "FLEET", 1.0) for number in (1, 2, 3)]
    _write_marts(pipeline, third, 18.0, frames.segment_order(rows, order_date=pd.Timestamp(FIRST)))
    _materialize(pipeline, third)
    entries = _frame(pipeline, third, "opt_out__allocation_entry").set_index("source_id")
    assert entries.loc["O2/1", "reason_code"] == "DUPLICATE_ACTION"
    assert entries.loc["O3/1", "entry_status"] == "accepted"
    assert "O1/1" not in entries.index


def test_an_action_of_an_earlier_release_is_refused(pipeline: Pipeline) -> None:
    nothing = frames.segment_order([])
    _write_marts(pipeline, FIRST, 20.0, nothing)
    _tell(pipeline, "consume", "same", FIRST, segment_id="FLEET", units=1.0)
    _materialize(pipeline, FIRST)
    _publish(
        pipeline, FIRST, allocation_ledger=pa.table({"action_id": ["same"], "entry_status": ["accepted"]})
    )
    _tell(pipeline, "consume", "same", SECOND, segment_id="FLEET", units=2.0)
    _write_marts(pipeline, SECOND, 20.0, nothing)
    _materialize(pipeline, SECOND)
    entries = _frame(pipeline, SECOND, "opt_out__allocation_entry")
    (row,) = entries[entries["action_id"] == "same"].to_dict("records")
    assert (row["entry_status"], row["reason_code"]) == ("rejected", "DUPLICATE_ACTION")


def test_a_ledger_that_was_written_behind_the_tool_stops_the_run(pipeline: Pipeline) -> None:
    _tell(pipeline, "allocate", "early", FIRST, segment_id="WEB", units=1.0)
    _tell(pipeline, "allocate", "late", FIRST, segment_id="WEB", units=1.0)
    file = pipeline.lake.ledger_file
    file.write_text(file.read_text().replace('"units":1.0', '"units":9.0', 1))
    done = dg.materialize(
        [ledger_state],
        partition_key=FIRST.isoformat(),
        resources={"pipeline": pipeline},
        raise_on_error=False,
    )
    assert not done.success
    failure = done.failure_data_for_node("ledger_state")
    assert failure is not None
    assert "is NOT intact at event 1" in str(failure.user_failure_data)
    assert not pipeline.lake.border_file(LEDGER_STATE.name, FIRST).exists()
