"""Orders and units with every defect a source may have: each is set aside or refused with its reason.

First what sealing sets aside, then what the science says of what sealing cannot know; good rows beside
the bad ones go through both as if these were not there.
"""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pandas as pd
import pyarrow as pa
import pytest

from optimization.build_to_order.configuration.checking import check_orders
from optimization.build_to_order.milestones.resolving import resolve
from optimization.contracts.order_inputs import MILESTONE_TEMPLATE, MTO_MILESTONE, UNIT_EVENT
from optimization.contracts.rows import frame_of as rows_as
from optimization.order_parameters import ConfigurationParameters, PromiseParameters
from optimization.promising.unit_atp import unit_available_to_promise
from optimization.promising.unit_reservations import unit_reservations
from orchestration.contracts.arrow import arrow_schema
from orchestration.contracts.raw import RAW_BY_NAME
from orchestration.lake.ledger import Ledger
from orchestration.lake.parquet import read_arrow
from orchestration.lake.paths import Lake
from orchestration.lake.sealing import seal
from orchestration.settings import Settings
from tests import configuration_frames as configurations
from tests.factories import small_snapshot
from tests.order_histories import frame_of
from tests.promise_frames import stock_unit, unit_hold
from tests.science_frames import AS_OF as TODAY
from tests.science_frames import supply_expectation

DAY = date(2022, 7, 20)
AS_OF = pd.Timestamp(DAY)
KNOWN = datetime(2022, 7, 20, 6, tzinfo=UTC)
ORDER = {
    "location_id": "EAST", "model": "M", "market": "EU", "order_date": date(2022, 7, 1),
    "order_status": "open", "options": "ENG_A",
}  # fmt: skip
EVENT = {"order_id": "GOOD", "milestone_code": "2000", "event_at": datetime(2022, 7, 5, 12, tzinfo=UTC)}
HOLD = {"unit_id": "VIN1", "hold_kind": "recall", "opened_date": date(2022, 7, 10)}

GOOD: dict[str, tuple[str, dict[str, Any]]] = {
    "mto_order": ("order_id", ORDER),
    "mto_milestone": ("event_id", EVENT),
    "unit_hold": ("hold_id", HOLD),
}
# Table, what is wrong (which is the row's key as well), the column that has to be named, the damage.
DAMAGES: list[tuple[str, str, str, dict[str, Any]]] = [
    ("mto_order", "confirmed before it was ordered", "confirmed_date",
     {"confirmed_date": date(2022, 6, 1)}),
    ("mto_order", "delivered after the business date", "delivered_date",
     {"delivered_date": DAY + timedelta(days=1), "order_status": "delivered"}),
    ("mto_order", "cancelled before it was ordered", "cancelled_date",
     {"cancelled_date": date(2022, 6, 1), "order_status": "cancelled"}),
    ("mto_order", "a status that there is not", "order_status", {"order_status": "lost in thought"}),
    ("mto_order", "a place that there is not", "location_id", {"location_id": "NOWHERE"}),
    ("mto_order", "a price below zero", "quoted_price", {"quoted_price": -1.0}),
    ("mto_milestone", "an event of tomorrow", "event_at",
     {"event_at": datetime(2022, 7, 21, 12, tzinfo=UTC)}),
    ("mto_milestone", "an event of no order", "order_id", {"order_id": None}),
    ("unit_hold", "closed before it was opened", "closed_date", {"closed_date": date(2022, 7, 1)}),
    ("unit_hold", "a kind that there is not", "hold_kind", {"hold_kind": "gut feeling"}),
]  # fmt: skip
Aside = list[dict[str, Any]]


@pytest.fixture(scope="module")
def sealed(tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, Aside], dict[str, int]]:
    """One snapshot with all of it: per table what was set aside, and how many rows are left."""
    snapshot, lake = small_snapshot(DAY), Lake(tmp_path_factory.mktemp("defects"))
    tables = dict(snapshot.tables)
    for name, (key, good) in GOOD.items():
        rows = [good | {key: "GOOD"}, good | {key: "TWICE"}, good | {key: "TWICE"}]
        rows += [good | {key: what} | bad for table, what, _, bad in DAMAGES if table == name]
        told = [{"source_system": "small", "loaded_at": KNOWN, **row} for row in rows]
        tables[name] = pa.Table.from_pylist(told, schema=arrow_schema(RAW_BY_NAME[name]))
    made = replace(snapshot, tables=tables)
    outcome = seal(made, lake, Ledger(lake.ledger_file), Settings(), today=date(2022, 8, 1))
    whole = outcome.snapshot_or_raise()
    assert whole.quarantine_file
    lines = read_arrow(lake.root / whole.quarantine_file).to_pylist()
    aside = {name: [line for line in lines if line["table_name"] == name] for name in GOOD}
    return aside, {name: whole.tables[name].rows for name in GOOD}


@pytest.mark.parametrize(
    ("table", "what", "column"), [one[:3] for one in DAMAGES], ids=[f"{one[0]}: {one[1]}" for one in DAMAGES]
)
def test_what_cannot_be_is_set_aside_with_its_rule(
    sealed: tuple[dict[str, Aside], dict[str, int]], table: str, what: str, column: str
) -> None:
    own = [line for line in sealed[0][table] if json.loads(line["row_key"])[GOOD[table][0]] == what]
    assert own and all(line["rule"] and column in line["column_name"] for line in own), own


@pytest.mark.parametrize("table", list(GOOD))
def test_the_rest_goes_on_and_a_row_told_twice_counts_once(
    sealed: tuple[dict[str, Aside], dict[str, int]], table: str
) -> None:
    aside, left = sealed
    assert left[table] == 2
    damaged = {what for name, what, _, _ in DAMAGES if name == table}
    assert {json.loads(line["row_key"])[GOOD[table][0]] for line in aside[table]} - {"TWICE"} == damaged


def test_an_option_that_nobody_offers_stops_its_order_alone() -> None:
    rules = configurations.rules(configurations.rule("ENGINE", "one_of", "ENG_A|ENG_B"))
    offered = configurations.catalogue("ENG_A", "ENG_B")
    orders = configurations.orders(
        configurations.order("GOOD", "ENG_A"), configurations.order("BAD", "ENG_A|GHOST")
    )
    checks, _, report = check_orders(orders, rules, offered, AS_OF, ConfigurationParameters())
    wrong = checks[checks["check_kind"] == "violation"]
    assert wrong[["order_id", "reason_code"]].values.tolist() == [["BAD", "UNKNOWN_OPTION"]]
    assert report["orders_not_buildable"] == 1


def test_milestones_told_twice_backward_or_of_no_map_change_nothing_else() -> None:
    told = [
        ("e1", "GOOD", "2000", "2022-07-05"),
        ("e2", "GOOD", "3000", "2022-07-08"),
        ("e3", "GOOD", "3000", "2022-07-08"),  # the same again, under another id
        ("e4", "GOOD", "2000", "2022-07-12"),  # a step back
        ("e5", "GOOD", "9X99", "2022-07-13"),  # of no map
    ]
    names = ("event_id", "order_id", "milestone_code", "event_at")
    columns: dict[str, Any] = {name: [row[at] for row in told] for at, name in enumerate(names)}
    columns["event_at"] = pd.to_datetime(columns["event_at"])
    events = frame_of(MTO_MILESTONE, **columns)
    template = frame_of(MILESTONE_TEMPLATE)
    all_of_it, clean = (resolve(one, template, AS_OF) for one in (events, events.iloc[:2]))
    pd.testing.assert_frame_equal(all_of_it.reached, clean.reached)
    # Only that something was heard of it counts, so that it is not called silent.
    heard = {"heard_at"}
    pd.testing.assert_frame_equal(all_of_it.standing.drop(columns=heard), clean.standing.drop(columns=heard))
    left = dict(zip(all_of_it.evidence["event_id"], all_of_it.evidence["reason_code"], strict=True))
    assert left == {
        "e3": "MILESTONE_TOLD_TWICE",
        "e4": "MILESTONE_REGRESSION",
        "e5": "MILESTONE_UNKNOWN",
    }


def test_two_holds_on_a_unit_one_wins_and_two_recalls_are_one_reason() -> None:
    row = {"unit_operation": "reserve", "unit_id": "VIN1", "actor": "a", "business_date": TODAY}
    asked = [
        {**row, "event_id": f"e{n}", "ledger_seq": n, "reservation_id": f"r{n}",
         "event_at": TODAY + pd.Timedelta(hours=n)}
        for n in (1, 2)
    ]  # fmt: skip
    units = stock_unit(*({"unit_id": f"VIN{n}"} for n in (1, 2, 3)))
    held, entries = unit_reservations(rows_as(UNIT_EVENT, asked), units, TODAY + pd.Timedelta(days=1))
    assert held[["reservation_id", "unit_reservation_state"]].values.tolist() == [["r1", "HELD"]]
    assert entries["reason_code"].tolist() == ["AS_ASKED", "UNIT_TAKEN"]

    recalls = unit_hold(*({"unit_id": "VIN2", "opened_date": TODAY, "hold_kind": "recall"} for _ in range(2)))
    nothing = supply_expectation(location_id=[])
    told, _ = unit_available_to_promise(units, recalls, held, nothing, TODAY, PromiseParameters())
    assert dict(zip(told["unit_id"], told["reason_code"], strict=True)) == {
        "VIN1": "UNIT_RESERVED",
        "VIN2": "UNIT_ON_HOLD",
        "VIN3": "UNIT_AT_PLACE",
    }
