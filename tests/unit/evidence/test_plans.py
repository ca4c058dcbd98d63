"""Plans as they stand between two releases."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path

import pandas as pd

from optimization.allocation.rules.plan_rows import plan_rows
from optimization.allocation.rules.plan_states import plan_states
from optimization.contracts.allocation_tables import ALLOCATION_PLAN
from orchestration.evidence.allocation.operations import plan_decisions, proposed_rules
from orchestration.evidence.allocation.plans import decide, plans_now, propose
from orchestration.lake.ledger import Ledger
from orchestration.lake.parquet import frame_to_arrow
from orchestration.lake.paths import Lake
from orchestration.publish.candidate import build_candidate
from orchestration.publish.release import publish
from orchestration.settings import Settings

AS_OF = date(2024, 7, 1)


def _content(version: int) -> dict[str, object]:
    row = {"rule_id": "R1", "rule_rank": 1, "segment_rank": 1, "allocation_strategy": "percentage"}
    return {
        "plan_id": "SUMMER",
        "version": version,
        "effective_from": "2024-06-01",
        "rules": [row | {"segment_id": "POOL", "share_pct": 100}],
    }


def _clock() -> datetime:
    return datetime(2024, 7, 2, 9, tzinfo=UTC)


def _states(plans: pd.DataFrame) -> dict[int, str]:
    return dict(zip(plans["plan_version_number"], plans["plan_state"], strict=True))


def test_the_sources_plan_holds_again_when_the_newer_one_is_withdrawn(tmp_path: Path) -> None:
    """A release tells it as superseded, which follows from the newer one and goes with it."""
    lake, ledger = Lake(tmp_path), Ledger(tmp_path / "ledger.jsonl")
    source = plan_rows(_content(1) | {"author": "ims"}).assign(plan_state="approved")
    propose(_content(2), "ann", lake, ledger, _clock)
    decide("SUMMER", 2, "approved", "good", "bob", lake, ledger, _clock)
    proposed, decisions = proposed_rules(ledger, date.max), plan_decisions(ledger, date.max)
    told = plan_states(source, proposed, decisions, pd.Timestamp("2024-07-03"))
    assert _states(told) == {1: "superseded", 2: "effective"}
    made = {"allocation_plan": frame_to_arrow(told, ALLOCATION_PLAN)}
    candidate = build_candidate(lake, AS_OF, {}, made)
    facts = {"ledger_head": ledger.head()}
    publish(candidate, facts, None, lake, ledger, Settings(home=lake.root), actor="test")

    assert _states(plans_now(lake, ledger)) == {1: "superseded", 2: "effective"}
    assert "bob" in set(plans_now(lake, ledger)["approver"])
    decide("SUMMER", 2, "withdrawn", "too early", "ann", lake, ledger, _clock)
    assert _states(plans_now(lake, ledger)) == {1: "effective", 2: "rejected"}
