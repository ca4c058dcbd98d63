"""`stockplan quote`: answers from the release, its overlay and what came since; it holds nothing."""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import date
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from optimization.contracts.inputs import LANE
from optimization.contracts.order_inputs import (
    CONFIG_OPTION,
    CONFIGURATION_RULE,
    MILESTONE_TEMPLATE,
    MTO_ORDER,
    STOCK_UNIT,
)
from optimization.contracts.order_outputs import SLOT_LOAD, STAGE_DURATION
from optimization.contracts.rows import frame_of
from orchestration.lake.parquet import write_frame
from orchestration.publish.overlay import current_with_overlay, publish_overlay
from tests.configuration_frames import catalogue, rule, rules
from tests.overlay_base import Base
from tests.promise_frames import rows_of
from tests.science_frames import lane
from tests.slot_frames import inputs, order
from tests.unit.cli.conftest import Command, said

HERE = ("--item", "I000001", "--location", "L1")


@pytest.fixture
def ask(base: Base, stockplan: Command) -> Any:
    """Ask and return the answer as it is told to machines."""
    write_frame(lane([("L2", "L1")], days=4.0), LANE, base.lake.border_file(LANE.name, base.as_of))

    def asked(*arguments: str) -> dict[str, Any]:
        result = stockplan("quote", *arguments, "--json")
        assert result.exit_code == 0, said(result)
        told: dict[str, Any] = json.loads(result.output)
        return told

    return asked


def test_what_is_there_is_promised_today_and_the_rest_when_it_comes(ask: Any) -> None:
    # 20 on hand, 4 ordered, 10 coming on 2024-07-09, expected on 2024-07-05.
    few, many = ask(*HERE, "--units", "16"), ask(*HERE, "--units", "20")
    assert few["quote"]["offer"]["p90_date"] == "2024-06-30"
    assert few["quote"]["reason_code"] == "PROMISED_FROM_STOCK"
    offer = many["quote"]["offer"]
    assert (offer["promise_basis"], offer["p50_date"], offer["p90_date"]) == (
        "open_supply",
        "2024-07-05",
        "2024-07-09",
    )
    assert many["quote"]["units_now"] == 16.0
    assert [(one["units"], one["p90_date"]) for one in many["quote"]["parts"]] == [
        (16.0, "2024-06-30"),
        (4.0, "2024-07-09"),
    ]
    other = many["quote"]["alternatives"]
    assert [(one["source_location_id"], one["p90_date"]) for one in other] == [("L2", "2024-07-15")]


def test_more_than_there_will_be_is_told_with_what_lacks(ask: Any) -> None:
    told = ask(*HERE, "--units", "40")["quote"]
    assert (told["offer"], told["reason_code"], told["shortage_units"]) == (None, "NO_PROMISE", 14.0)


def test_a_segment_is_quoted_its_quota(ask: Any) -> None:
    told = ask(*HERE, "--segment", "FLEET", "--units", "7")["quote"]
    assert (told["units_now"], told["shortage_units"]) == (6.0, 1.0)


def test_what_was_done_since_counts_before_and_after_an_overlay_holds_it(base: Base, ask: Any) -> None:
    base.operate("consume", "FLEET", 5.0)
    before = ask(*HERE, "--units", "12")
    assert before["quote"]["units_now"] == 11.0
    assert (before["events_since"], before["overlay_id"]) == (1, None)
    assert before["last_event_at"].startswith("2024-07-01T08:01")
    publish_overlay(base.lake, base.ledger, base.settings, None, "test")
    after = ask(*HERE, "--units", "12")
    assert after["overlay_id"] is not None
    assert after["quote"] == before["quote"]
    rows = current_with_overlay(base.lake, "atp").num_rows
    assert ask("--item", "I000001", "--location", "L2", "--units", "16")["quote"]["units_now"] == 16.0
    assert rows == current_with_overlay(base.lake, "atp").num_rows


def test_a_reservation_counts_until_it_ends(base: Base, ask: Any) -> None:
    ends = {"reservation_id": "R", "expires_at": "2024-07-01T20:00:00.000000+00:00"}
    base.operate("reserve", "RETAIL", 5.0, **ends)
    publish_overlay(base.lake, base.ledger, base.settings, None, "test")
    # The clock of the installation is past its end, the overlay's was not.
    assert ask(*HERE, "--units", "16")["quote"]["units_now"] == 16.0


def test_what_cannot_be_asked_is_said(base: Base, stockplan: Command) -> None:
    assert "--location" in said(stockplan("quote", "--item", "I000001"))
    assert "no quantity" in said(stockplan("quote", *HERE, "--units", "0"))
    assert "promises no I000001 at NOWHERE" in said(
        stockplan("quote", "--item", "I000001", "--location", "NOWHERE")
    )
    assert "COLUMN=VALUE" in said(stockplan("quote", "--model", "camry", "--wish", "red"))


def _units(base: Base) -> None:
    """Two units that can be promised, and one that somebody holds."""
    usual = {
        "item_id": "I000001",
        "region": "north",
        "category": "suv",
        "unit_status": "at_location",
        "stock_category": "standard",
        "category_group": "new",
        "is_sellable": True,
        "counts_in_kpi": True,
        "is_pre_sold": False,
        "is_held": False,
        "is_unseen": False,
        "unit_cost": 1.0,
        "preparation_days": 1.0,
        "model": "camry",
        "options": "NAV|TOW",
    }
    units = [
        usual | {"unit_id": "VIN1", "location_id": "L1", "color": "red"},
        usual | {"unit_id": "VIN2", "location_id": "L2", "color": "red"},
        usual | {"unit_id": "VIN3", "location_id": "L1", "color": "blue"},
    ]
    write_frame(rows_of(STOCK_UNIT, units), STOCK_UNIT, base.lake.border_file(STOCK_UNIT.name, base.as_of))
    # The release's own table of units says when each is ready.
    from orchestration.publish.shelf import current_release

    release = current_release(base.lake)
    assert release is not None
    file = release.tables["unit_atp"]
    table = pq.read_table(file)
    days = pa.array([date(2024, 7, 3), date(2024, 7, 2), date(2024, 7, 9)], pa.date32())
    for name in ("ready_p50_date", "ready_p90_date"):
        table = table.set_column(table.schema.get_field_index(name), name, days)
    table = table.set_column(
        table.schema.get_field_index("location_id"), "location_id", pa.array(["L1", "L2", "L1"])
    )
    file.chmod(0o644)
    pq.write_table(table, file)


def test_units_are_offered_by_when_they_can_be_had(base: Base, ask: Any, stockplan: Command) -> None:
    _units(base)
    told = ask("--model", "camry", "--wish", "color=red", "--wish", "option=TOW")
    assert [one["unit_id"] for one in told["offers"]] == ["VIN2", "VIN1"]
    told = ask("--model", "camry", "--location", "L1")
    assert [(one["unit_id"], one["arrival_p90_date"]) for one in told["offers"]] == [
        ("VIN1", "2024-07-03"),
        ("VIN2", "2024-07-08"),
    ]
    assert stockplan("reserve", "--unit", "VIN1", "--expires", "2024-07-09T00:00").exit_code == 0
    told = ask("--model", "camry")
    assert [one["unit_id"] for one in told["offers"]] == ["VIN2"]
    assert told["events_since"] == 1
    for wish, answer in (
        (("--model", "camri"), "knows no unit of the model camri; nearest are camry"),
        (("--model", "camry", "--wish", "option=SUNROOF"), "no camry has option=SUNROOF; there are NAV, TOW"),
        (("--model", "camry", "--wish", "color=rot"), "no camry has color=rot; there are blue, red"),
        (("--model", "camry", "--units", "2"), "leave out --item"),
        ((*HERE, "--segment", "FLEAT"), "there is no segment FLEAT; nearest are FLEET"),
        (("--item", "I00001", "--location", "L1"), "nearest are I000001"),
    ):
        refused = stockplan("quote", *wish)
        assert refused.exit_code == 1
        assert answer in said(refused)
    assert ask("--model", "camry", "--wish", "is_held=false")["found"] == 1


def test_an_answer_for_people_says_what_it_rests_on(ask: Any, stockplan: Command) -> None:
    told = said(stockplan("quote", *HERE, "--units", "20"))
    assert "promised 2024-07-09, expected 2024-07-05 (open_supply)" in told
    assert "in parts: 16 on 2024-06-30 (on_hand); 4 on 2024-07-09 (open_supply)" in told
    assert "as of 2024-06-30" in told
    assert "Nothing is held" in told


def test_a_quote_loads_neither_the_scheduler_nor_the_science() -> None:
    asks = (
        "import sys, orchestration.cli; from orchestration.evidence.orders.quotes import _is, _texts; "
        "assert _texts(['a', '', 'é']).to_pylist() == ['a', '', 'é']; _is('item_id', 'P1'); "
        "print(*sys.modules)"
    )
    loaded = subprocess.run([sys.executable, "-c", asks], capture_output=True, text=True, check=True).stdout
    assert not {"dagster", "numba", "scipy", "duckdb", "pandera"} & set(loaded.split())
    assert pd.__name__ not in loaded.split()


def test_a_build_is_quoted_with_week_handover_and_price(base: Base, stockplan: Command) -> None:
    day = pd.Timestamp(base.as_of)
    given = inputs([order("A", quoted_price=31_000.0, quoted_fees=500.0, order_date=day)])
    week = {
        "plant_id": "P", "production_line_id": "L", "week_start_date": day + pd.Timedelta(days=8),
        "option_id": "*", "slot_units": 1.0, "used_units": 0.0, "left_units": 1.0, "freed_units": 0.0,
        "slot_price": 0.0, "is_frozen": False, "is_binding": False,
    }  # fmt: skip
    write = base.lake.border_file
    for frame, table in (
        (catalogue({"option_id": "ROOF", "option_price": 900.0}), CONFIG_OPTION),
        (rules(rule("NO-TOW", "excludes", "ROOF|TOW", market="US")), CONFIGURATION_RULE),
        (given.milestone_template, MILESTONE_TEMPLATE),
        (given.mto_order, MTO_ORDER),
        (given.stage_duration, STAGE_DURATION),
        (frame_of(SLOT_LOAD, [week]), SLOT_LOAD),
    ):
        write_frame(frame, table, write(table.name, base.as_of))
    asked = ("quote", "--options", "ROOF", "--model", "M", "--market", "EU")
    text = said(stockplan(*asked))
    assert "built at P in the week of 2024-07-08" in text
    assert "handed over by 2024-07-28, expected 2024-07-24" in text
    assert "price 32,400.00 (options 900.00, without options 31,000.00, fees 500.00, as order A" in text
    none = json.loads(stockplan(*asked, "--plant", "Q", "--json").output)
    assert none["build"]["reason_code"] == "NO_CAPACITY"
    assert "cannot be built" in said(stockplan("quote", "--options", "ROOF|SEAT", "--model", "M"))
    assert "needs the model" in said(stockplan("quote", "--options", "ROOF"))
    assert "not what is in stock" in said(stockplan(*asked, "--units", "2"))
