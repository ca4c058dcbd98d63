"""The assets of decisions: an empty ledger, one with decisions, and the job of the launchpad."""

from __future__ import annotations

import logging
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import dagster as dg
import pandas as pd
import pytest

from optimization.contracts.approval_tables import (
    DECISION_EVENTS,
    DEMAND_PLAN_APPROVAL,
    POLICY_EVENT,
    REVIEW_CALENDAR,
    REVIEW_EVENT,
)
from optimization.contracts.inputs import CONSENSUS_PLAN
from orchestration.contracts.arrow import arrow_schema
from orchestration.defs.allocation.ledger_read import keep_position
from orchestration.defs.policy import decisions
from orchestration.defs.policy.decision_job import policy_decision
from orchestration.defs.resources import Pipeline
from orchestration.evidence.ledger_frames import read_position
from orchestration.lake.parquet import read_frame, write_arrow
from orchestration.settings import Settings
from tests.governance_office import Office

AS_OF = date(2024, 3, 4)
BEFORE, LARGE = (20.0, 40.0), (90.0, 140.0)


def _materialize(pipeline: Pipeline) -> None:
    logging.getLogger("dagster").setLevel(logging.ERROR)
    write_arrow(
        arrow_schema(CONSENSUS_PLAN).empty_table(), pipeline.lake.border_file(CONSENSUS_PLAN.name, AS_OF)
    )
    keep_position(pipeline.lake, AS_OF, read_position(pipeline.ledger))
    assets = dg.load_assets_from_modules([decisions])
    done = dg.materialize(assets, partition_key=AS_OF.isoformat(), resources={"pipeline": pipeline})
    assert done.success
    assert all(one.passed for one in done.get_asset_check_evaluations())


def test_decisions_are_read_up_to_the_date_and_what_is_none_is_set_aside(tmp_path: Path) -> None:
    pipeline = Pipeline(Settings(home=tmp_path / "home"))
    told = {"change_id": "c", "content_hash": "h", "event_at": "2024-03-04T09:00"}
    for day, payload in ((AS_OF, told), (AS_OF + timedelta(days=1), told), (AS_OF, {"change_id": "c"})):
        pipeline.ledger.append(
            "policy", "approved", subject="c", business_date=day, actor="eve", payload=payload
        )
    review = {"completed_date": AS_OF.isoformat(), "event_at": "2024-03-04T09:00"}
    pipeline.ledger.append(
        "review", "completed", subject="policy", business_date=AS_OF, actor="eve", payload=review
    )
    _materialize(pipeline)
    rows = {
        table.name: len(read_frame(pipeline.lake.border_file(table.name, AS_OF), table))
        for table in (*DECISION_EVENTS, REVIEW_CALENDAR, DEMAND_PLAN_APPROVAL)
    }
    assert (rows[POLICY_EVENT.name], rows[REVIEW_EVENT.name], rows[DEMAND_PLAN_APPROVAL.name]) == (1, 1, 0)
    calendar = read_frame(pipeline.lake.border_file(REVIEW_CALENDAR.name, AS_OF), REVIEW_CALENDAR)
    assert calendar[["review_state", "completed_by"]].to_numpy().tolist() == [["completed", "eve"]]
    assert len(pipeline.notes) == 1 and "1 decisions cannot be read" in pipeline.notes[0]


@pytest.fixture
def office(tmp_path: Path) -> Office:
    """Two releases, in the second of which a large change of B waits."""
    made = Office(Settings(home=tmp_path / "home"))
    made.publish({"A": BEFORE, "B": BEFORE})
    made.publish({"A": BEFORE, "B": LARGE})
    return made


def _run(office: Office, **config: Any) -> dg.ExecuteInProcessResult:
    logging.getLogger("dagster").setLevel(logging.CRITICAL)
    pipeline = Pipeline(office.settings.model_copy(update={"today": office.today}))
    told = {"ops": {"decide_policy": {"config": {"actor": "eve", "comment": "seen", **config}}}}
    return policy_decision.execute_in_process(
        run_config=told, resources={"pipeline": pipeline}, raise_on_error=False
    )


def test_the_launchpad_decides_by_the_same_rules(office: Office) -> None:
    (change,) = office.desk().standing.pending
    assert not _run(office, action="approve", change_ids=["nothing"]).success
    assert not _run(office, action="approve", change_ids=[change], actor="stockplan").success
    assert not _run(office, action="agree", change_ids=[change]).success
    assert not _run(office, action="approve", change_ids=[change], comment=" ").success
    assert _run(office, action="approve", change_ids=[change]).success
    levels = {"reorder_point_units": 5.0, "order_up_to_units": 10.0, "item_id": "A", "location_id": "L1"}
    assert _run(office, action="override", expires_date="2024-03-20", **levels).success
    assert _run(office, action="review-done").success
    found = office.publish({"A": BEFORE, "B": LARGE})
    assert found.effective[1].tolist() == [10.0, 140.0]
    assert pd.Timestamp("2024-03-20") in set(found.policy_override["expires_date"])
