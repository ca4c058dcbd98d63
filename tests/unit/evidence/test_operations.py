"""The ledger's operations as frames: all of them, once each, and what has no form is set aside."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from optimization.contracts.allocation_tables import ALLOCATION_EVENT, PLAN_DECISION, PROPOSED_RULE
from orchestration.evidence.allocation.operations import (
    operations_of,
    plan_decisions,
    proposed_frame,
    proposed_rules,
    read_operations,
    read_plan_decisions,
    read_proposed_rules,
)
from orchestration.evidence.ledger_frames import LedgerRead, read_position
from orchestration.lake.events import Event
from orchestration.lake.ledger import GENESIS, Ledger

DAY = date(2024, 1, 31)
NOON = datetime(2024, 1, 31, 12, tzinfo=UTC)
WHOLE: dict[str, Any] = {"item_id": "I1", "location_id": "L1", "segment_id": "A", "units": 2}
RULE: dict[str, Any] = {
    "rule_id": "R1",
    "segment_id": "A",
    "effective_from": "2024-02-01",
    "rule_rank": 1,
    "segment_rank": 1,
    "allocation_strategy": "percentage",
    "share_pct": 40,
}


@pytest.fixture
def ledger(tmp_path: Path) -> Ledger:
    return Ledger(tmp_path / "ledger.jsonl")


def tell(ledger: Ledger, operation: str = "consume", day: date = DAY, **payload: Any) -> Event:
    return ledger.append_timed(
        "allocation",
        operation,
        subject="I1",
        business_date=day,
        actor="ann",
        payload={**WHOLE, **payload},
        clock=lambda: datetime(day.year, day.month, day.day, tzinfo=UTC),
    )


def decide(ledger: Ledger, decision: str, day: date = DAY, **payload: Any) -> Event:
    content = {"plan_version_number": 1, "content_hash": "c0ffee", **payload}
    return ledger.append(
        "allocation_plan", decision, subject="P1", business_date=day, actor="ann", payload=content
    )


def test_an_operation_has_every_column_of_its_table(ledger: Ledger) -> None:
    event = tell(
        ledger,
        "reserve",
        action_id="a-1",
        parent_action_id="a-0",
        to_segment_id="",
        reservation_id="r-1",
        expires_at="2024-02-01T12:00+02:00",
        due_date="2024-02-10",
        order_id="o-1",
        note="Zürich",
        unknown="is left out",
    )
    frame = ALLOCATION_EVENT.validate(read_operations(ledger, DAY, 0, None).events)
    row = frame.iloc[0].to_dict()
    assert (row["event_id"], row["ledger_seq"], row["operation"]) == (event.event_id, 1, "reserve")
    assert (row["actor"], row["audit_type"], row["action_id"]) == ("ann", "USER", "a-1")
    assert row["event_at"] == pd.Timestamp(DAY)
    assert row["expires_at"] == pd.Timestamp("2024-02-01T10:00")
    assert row["due_date"] == pd.Timestamp("2024-02-10")
    assert row["units"] == 2.0
    assert row["to_segment_id"] is None
    assert row["note"] == "Zürich"


def test_without_operations_the_frames_have_their_columns(ledger: Ledger) -> None:
    assert len(ALLOCATION_EVENT.validate(read_operations(ledger, DAY, 0, None).events)) == 0
    assert len(PLAN_DECISION.validate(plan_decisions(ledger, DAY))) == 0
    assert len(PROPOSED_RULE.validate(proposed_rules(ledger, DAY))) == 0
    assert read_position(ledger) == LedgerRead(0, GENESIS)


def test_what_names_no_quantity_or_action_gets_the_rest_or_its_event(ledger: Ledger) -> None:
    told = tell(ledger, "release", units=None, reservation_id="r-1")
    frame = ALLOCATION_EVENT.validate(read_operations(ledger, DAY, 0, None).events)
    assert frame["units"].tolist() == [0.0]
    assert frame["action_id"].tolist() == [told.event_id]


@given(
    days=st.lists(st.integers(1, 9), min_size=1, max_size=20), cuts=st.lists(st.integers(1, 9), max_size=5)
)
def test_the_releases_of_any_days_apply_each_operation_once(tmp_path_factory, days, cuts) -> None:
    ledger = Ledger(tmp_path_factory.mktemp("cuts") / "ledger.jsonl")
    releases = sorted({date(2024, 1, cut) for cut in cuts} | {date(2024, 1, 9)})
    seq, before = 0, None
    applied: list[int] = []
    at = 0
    for as_of in releases:
        # People write before each release, for days that are not published yet.
        until = len(days) if as_of == releases[-1] else at + len(days) // len(releases)
        for day in days[at:until]:
            earliest = date(2024, 1, 1) if before is None else date(2024, 1, before.day + 1)
            tell(ledger, day=max(date(2024, 1, day), earliest))
        at = until
        applied += read_operations(ledger, as_of, seq, before).events["ledger_seq"].tolist()
        seq, before = read_position(ledger).seq, as_of
    assert sorted(applied) == [event.seq for event in ledger.events() if event.business_date <= before]
    assert len(set(applied)) == len(applied)


@pytest.mark.parametrize(
    ("payload", "column", "reason"),
    [
        ({"item_id": None}, "item_id", "is missing"),
        ({"location_id": ""}, "location_id", "is missing"),
        ({"item_id": 7}, "item_id", "is no text"),
        ({"item_id": "\ud800"}, "item_id", "half a character"),
        ({"units": "two"}, "units", "is no number"),
        ({"units": True}, "units", "is no number"),
        ({"units": None}, "units", "is missing"),
        ({"units": 10**400}, "units", "too large"),
        ({"expires_at": "tomorrow"}, "expires_at", "is no time"),
        ({"expires_at": "9999-01-01T00:00"}, "expires_at", "lies outside"),
        ({"due_date": "31.01.2024"}, "due_date", "is no date"),
        ({"due_date": 20240131}, "due_date", "is no date"),
    ],
)
def test_what_has_no_form_is_set_aside_and_the_rest_goes_on(ledger: Ledger, payload, column, reason) -> None:
    tell(ledger)
    bad = tell(ledger, **payload)
    tell(ledger)
    operations = read_operations(ledger, DAY, 0, None)
    assert ALLOCATION_EVENT.validate(operations.events)["ledger_seq"].tolist() == [1, 3]
    row = operations.set_aside.iloc[0]
    assert (row["ledger_seq"], row["event_id"], row["column_name"]) == (2, bad.event_id, column)
    assert reason in row["reason"]


values = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5)


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(payload=st.dictionaries(st.sampled_from(ALLOCATION_EVENT.column_names), values | st.lists(values)))
def test_whatever_a_payload_holds_nothing_is_lost_and_nothing_stops(payload) -> None:
    event = Event(1, "e", "allocation", "consume", "I1", DAY, "ann", "", {**WHOLE, **payload}, GENESIS, "h")
    operations = operations_of([event])
    assert len(operations.events) + len(operations.set_aside) == 1
    ALLOCATION_EVENT.validate(operations.events)


def test_decisions_come_in_order_up_to_the_date(ledger: Ledger) -> None:
    decide(ledger, "proposed", rules=[RULE])
    decide(ledger, "rejected", comment="too much", event_at="2024-01-31T09:00")
    decide(ledger, "approved", plan_version_number="one")
    decide(ledger, "approved", day=date(2024, 2, 1))
    frame, left = read_plan_decisions(ledger, DAY)
    PLAN_DECISION.validate(frame)
    assert frame["plan_decision"].tolist() == ["proposed", "rejected"]
    assert frame["comment"].tolist() == [None, "too much"]
    assert frame["decided_at"].tolist() == [pd.Timestamp(DAY), pd.Timestamp("2024-01-31T09:00")]
    assert left[["ledger_seq", "column_name"]].values.tolist() == [[3, "plan_version_number"]]
    assert len(plan_decisions(ledger, date(2024, 2, 1))) == 3


def test_proposed_rules_are_those_of_the_last_time(ledger: Ledger) -> None:
    decide(ledger, "proposed", rules=[RULE, {**RULE, "segment_id": "B", "share_pct": 60, "item_id": "I1"}])
    decide(ledger, "proposed", rules=[RULE], plan_version_number=2)
    decide(ledger, "proposed", rules=[{**RULE, "share_pct": 50}], plan_version_number=2)
    decide(ledger, "withdrawn", plan_version_number=2)
    frame = PROPOSED_RULE.validate(proposed_rules(ledger, DAY))
    told = frame[["plan_version_number", "segment_id", "share_pct", "author", "plan_state"]]
    assert told.values.tolist() == [
        [1, "A", 40.0, "ann", "proposed"],
        [1, "B", 60.0, "ann", "proposed"],
        [2, "A", 50.0, "ann", "proposed"],
    ]
    assert frame["effective_from"].tolist() == [pd.Timestamp("2024-02-01")] * 3


@pytest.mark.parametrize(
    ("rules", "message"),
    [
        ([], "is no list of rules"),
        (["R1"], "row 1: is no row"),
        ([{**RULE, "percent": 3}], "is no column of a rule"),
        ([{**RULE, "share_pct": 101}], "row 1, share_pct: is above 100"),
        ([{**RULE, "allocation_strategy": "guess"}], "is none of percentage"),
        ([{**RULE, "rule_rank": 1.5}], "is no whole number"),
        ([RULE, RULE], "states a rule's segment twice"),
    ],
)
def test_half_a_plan_is_none(ledger: Ledger, rules, message: str) -> None:
    decide(ledger, "proposed", rules=rules)
    frame, left = read_proposed_rules(ledger, DAY)
    assert (len(frame), len(left)) == (0, 1)
    with pytest.raises(ValueError, match=message):
        proposed_frame("P1", {"plan_version_number": 1, "rules": rules}, "ann")
