"""Quarantine: the right rows, the right reasons, and nothing else."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date, datetime

import pyarrow as pa
import pyarrow.compute as pc
from hypothesis import given, settings
from hypothesis import strategies as st

from orchestration.contracts.arrow import arrow_schema
from orchestration.contracts.raw import ITEM_RELATION, RAW_BY_NAME, RAW_TABLES, RECEIPT, SEGMENT, UNIT
from orchestration.contracts.raw_orders import CONFIG_OPTION, CONFIGURATION_RULE, MTO_MILESTONE, MTO_ORDER
from orchestration.contracts.raw_table import RawTable
from orchestration.ims.quarantine import QUARANTINE_SCHEMA, ExaminedTable, examine, examine_snapshot
from orchestration.ims.row_rules import Limits
from orchestration.lake.refusals import too_much_bad
from tests.factories import small_snapshot

DAY = date(2022, 7, 20)
LIMITS = Limits(DAY, "test", 1000)


def test_a_valid_snapshot_passes_untouched() -> None:
    examined = examine_snapshot(small_snapshot(DAY), 1000)
    assert list(examined) == [table.source_name for table in RAW_TABLES]
    for name, one in examined.items():
        assert one.violations == ()
        assert one.accepted.schema == arrow_schema(RAW_BY_NAME[name])
        assert one.accepted.num_rows == one.delivered.num_rows
        assert one.quarantine().num_rows == 0


def _receipts(*changes: dict[str, object]) -> pa.Table:
    first = small_snapshot(DAY).tables["receipt"].to_pylist()[0]
    schema = pa.schema([field.with_nullable(True) for field in arrow_schema(RECEIPT)])
    return pa.Table.from_pylist([{**first, **change} for change in changes], schema=schema)


def test_a_line_per_row_and_broken_rule_with_key_value_and_repair() -> None:
    table = _receipts(
        {},
        {"receipt_id": 'R"2', "received_units": -5.0, "received_date": date(2022, 7, 25)},
    )
    rows = examine(RECEIPT, table, LIMITS, {}).quarantine()
    assert rows.schema == QUARANTINE_SCHEMA
    told = rows.to_pylist()
    assert [(row["row_number"], row["column_name"], row["rule"]) for row in told] == [
        (2, "received_date", "after_business_date"),
        (2, "received_units", "greater_than_or_equal_to(0)"),
    ]
    assert json.loads(told[0]["row_key"]) == {"receipt_id": 'R"2'}
    assert told[0]["value"] == "datetime.date(2022, 7, 25)"
    assert told[1]["value"] == "-5.0"
    assert "2022-07-20" in told[0]["repair"]


def test_a_correction_replaces_its_older_version_and_is_no_fault() -> None:
    table = _receipts(
        {"loaded_at": datetime(2022, 7, 1), "accepted_units": 1.0},
        {"loaded_at": datetime(2022, 7, 3), "accepted_units": 3.0},
        {"loaded_at": datetime(2022, 7, 2), "accepted_units": 2.0},
    )
    one = examine(RECEIPT, table, LIMITS, {})
    assert (one.bad_rows, one.superseded_rows) == (0, 2)
    assert one.accepted.column("accepted_units").to_pylist() == [3.0]


def test_repeated_rows_are_kept_once_and_contradictions_not_at_all() -> None:
    known = datetime(2022, 7, 1)
    table = _receipts(
        {"receipt_id": "same", "loaded_at": known},
        {"receipt_id": "same", "loaded_at": known},
        {"receipt_id": "rival", "loaded_at": known, "accepted_units": 1.0},
        {"receipt_id": "rival", "loaded_at": known, "accepted_units": 2.0},
        {"receipt_id": "alone", "loaded_at": known},
    )
    one = examine(RECEIPT, table, LIMITS, {})
    assert one.accepted.column("receipt_id").to_pylist() == ["same", "alone"]
    assert one.bad_rows == 3
    assert one.quarantine().column("rule").to_pylist() == [
        "duplicate_row",
        "conflicting_duplicate",
        "conflicting_duplicate",
    ]


def test_in_a_state_table_an_older_version_is_set_aside() -> None:
    rows = small_snapshot(DAY).tables["unit"].to_pylist()
    schema = pa.schema([field.with_nullable(True) for field in arrow_schema(UNIT)])
    older = {**rows[0], "loaded_at": datetime(2022, 7, 1)}
    one = examine(UNIT, pa.Table.from_pylist([older, *rows], schema=schema), LIMITS, {})
    assert one.quarantine().column("rule").to_pylist() == ["duplicate_key"]
    assert one.accepted.num_rows == len(rows)


def test_a_bad_version_does_not_hide_a_good_one() -> None:
    table = _receipts(
        {"loaded_at": datetime(2022, 7, 1)},
        {"loaded_at": datetime(2022, 7, 2), "accepted_units": -1.0},
    )
    one = examine(RECEIPT, table, LIMITS, {})
    assert one.accepted.num_rows == 1
    assert (one.bad_rows, one.superseded_rows) == (1, 0)


def test_consequences_are_counted_apart_from_faults() -> None:
    snapshot = small_snapshot(DAY)
    items = snapshot.tables["item"]
    cost = items.column_names.index("unit_cost")
    no_cost = pc.if_else(pc.equal(items.column("item_id"), "PART-1"), None, items.column("unit_cost"))
    tables = {**snapshot.tables, "item": items.set_column(cost, "unit_cost", no_cost)}
    examined = examine_snapshot(replace(snapshot, tables=tables), 1000)
    assert examined["item"].bad_rows == 1
    ranged = examined["item_location"]
    assert (ranged.bad_rows, ranged.cascaded_rows, ranged.quarantined_rows) == (0, 4, 4)


def test_the_list_of_a_hopeless_table_is_cut_short() -> None:
    table = _receipts(*[{"receipt_id": f"R{number}", "received_units": -1.0} for number in range(20)])
    one = examine(RECEIPT, table, LIMITS, {})
    assert one.bad_rows == 20
    assert one.quarantine(most_per_rule=3).num_rows == 3


@settings(deadline=None, max_examples=40)
@given(st.sets(st.integers(0, 29)), st.randoms(use_true_random=False))
def test_exactly_the_poisoned_rows_are_set_aside_in_any_order(poisoned: set[int], random) -> None:
    poisons = [
        {"received_units": -1.0},
        {"received_units": float("inf")},
        {"item_id": None},
        {"received_date": date(2022, 7, 21)},
        {"supplier_id": "x\x00"},
        {"first_expected_date": date(2300, 1, 1)},
    ]
    changes = [
        {"receipt_id": f"R{number}", **(random.choice(poisons) if number in poisoned else {})}
        for number in range(30)
    ]
    random.shuffle(changes)
    one = examine(RECEIPT, _receipts(*changes), LIMITS, {})
    assert one.bad_rows == len(poisoned)
    kept = set(one.accepted.column("receipt_id").to_pylist())
    assert kept == {f"R{number}" for number in range(30) if number not in poisoned}


def test_a_circle_of_successors_is_set_aside_and_no_other_relation() -> None:
    pairs = [
        ("A", "B", "supersedes"),
        ("B", "C", "supersedes"),
        ("C", "A", "supersedes"),
        ("C", "D", "supersedes"),
        ("E", "E", "supersedes"),
        ("D", "F", "substitutes"),
        ("F", "D", "substitutes"),
    ]
    rows = [
        {"from_item_id": start, "to_item_id": end, "relation_type": kind, "effective_from": DAY}
        for start, end, kind in pairs
    ]
    examined = examine(ITEM_RELATION, pa.Table.from_pylist(rows), LIMITS, {})
    told = examined.quarantine().to_pylist()
    assert [(row["row_number"], row["column_name"], row["rule"]) for row in told] == [
        (number, "to_item_id", "circle") for number in (1, 2, 3, 5)
    ]
    assert "remove one row" in told[0]["repair"]
    # a contradiction between rows is not a share of bad rows
    assert (examined.bad_rows, examined.cascaded_rows) == (0, 4)


def test_a_segments_path_has_no_gap_no_slash_and_one_owner() -> None:
    rows = [
        {"segment_id": "Z", "group_0": "web"},
        {"segment_id": "B", "group_0": "web"},
        {"segment_id": "C", "group_0": "dealer", "group_2": "vip"},
        {"segment_id": "D", "group_0": "a/b", "group_1": "c"},
        # a segment without groups is its own path
        {"segment_id": "dealer", "group_0": None},
        {"segment_id": "E", "group_0": "dealer"},
        {"segment_id": "F", "group_0": "dealer", "group_1": "vip"},
    ]
    told = [{"segment_name": "n", "priority_tier": 1, **row} for row in rows]
    table = pa.Table.from_pylist(told, schema=pa.schema([arrow_schema(SEGMENT).field(name) for name in (
        "segment_id", "segment_name", "priority_tier", "group_0", "group_1", "group_2",
    )]))  # fmt: skip
    examined = examine(SEGMENT, table, LIMITS, {})
    faults = examined.quarantine().to_pylist()
    assert [
        (json.loads(one["row_key"])["segment_id"], one["column_name"], one["rule"]) for one in faults
    ] == [
        ("Z", "group_0", "duplicate_path"),
        ("C", "group_2", "prefix"),
        ("D", "group_0", "path_character"),
        ("dealer", "group_0", "duplicate_path"),
    ]
    assert "fill group_1 too" in faults[1]["repair"]
    assert examined.accepted.column("segment_id").to_pylist() == ["B", "E", "F"]


def test_a_level_that_cannot_be_read_is_told_once_and_is_no_gap() -> None:
    table = pa.table(
        {
            "segment_id": ["A", "B"],
            "segment_name": ["n", "n"],
            "priority_tier": [1, 1],
            "group_0": pa.array([b"\xff\xfe", b"web"], pa.binary()),
            "group_1": ["vip", "vip"],
        }
    )
    examined = examine(SEGMENT, table, LIMITS, {})
    told = [(one["column_name"], one["rule"]) for one in examined.quarantine().to_pylist()]
    assert told == [("group_0", "not_castable")]
    assert examined.accepted.column("segment_id").to_pylist() == ["B"]


def test_members_of_sets_are_known_options_and_hold_no_separator() -> None:
    options = examine(
        CONFIG_OPTION,
        _told(
            CONFIG_OPTION,
            {"option_id": "RED"},
            {"option_id": "SPORT"},
            {"option_id": "A|B"},
            {"option_id": "OLD", "option_family": "smell"},
            option_family="colour",
            option_name="n",
        ),
        LIMITS,
        {},
    )
    assert [(row["value"], row["rule"]) for row in options.quarantine().to_pylist()] == [
        ("'A|B'", "joining_character"),
        ("'smell'", options.violations[0].rule),
    ]
    rules = examine(
        CONFIGURATION_RULE,
        _told(
            CONFIGURATION_RULE,
            {"rule_id": "R1", "then_options": "RED| SPORT||"},
            {"rule_id": "R2", "if_options": "RED", "then_options": "SPORT|GHOST"},
            {"rule_id": "R3", "if_options": "OLD", "then_options": "RED"},
            {"rule_id": "R4", "then_options": "RED", "if_options": ""},
            # a set may be long, its members may not
            {"rule_id": "R5", "then_options": "|".join(["RED", "SPORT"] * 200)},
            {"rule_id": "R6", "then_options": f"RED|{'X' * 1001}"},
            rule_version=1,
            rule_type="one_of",
        ),
        LIMITS,
        {"config_option": options},
    )
    assert [
        (row["row_number"], row["column_name"], row["rule"]) for row in rules.quarantine().to_pylist()
    ] == [
        (2, "then_options", "unknown_reference"),
        (3, "if_options", "quarantined_reference"),
        (6, "then_options", "text_length"),
    ]
    assert (rules.bad_rows, rules.cascaded_rows) == (2, 1)


def test_an_order_names_options_freely_and_its_impossible_dates_cost_only_itself() -> None:
    told = _told(
        MTO_ORDER,
        {"order_id": "O1", "options": "GHOST"},
        {"order_id": "O2", "delivered_date": date(2022, 6, 30)},
        {"order_id": "O3", "confirmed_date": date(2022, 7, 21)},
        {"order_id": "O4", "cancelled_date": date(2022, 6, 1)},
        location_id="L",
        model="m",
        market="EU",
        order_date=date(2022, 7, 1),
        order_status="open",
    )
    rows = examine(MTO_ORDER, told, LIMITS, {}).quarantine().to_pylist()
    assert [(row["row_number"], row["column_name"], row["rule"]) for row in rows] == [
        (2, "delivered_date", "order_date <= delivered_date"),
        (3, "confirmed_date", "after_business_date"),
        (4, "cancelled_date", "order_date <= cancelled_date"),
    ]


def test_an_event_of_the_business_dates_last_hour_is_known() -> None:
    told = _told(
        MTO_MILESTONE,
        {"event_id": "E1", "event_at": datetime(2022, 7, 20, 23, 59)},
        {"event_id": "E2", "event_at": datetime(2022, 7, 21, 0, 0)},
        order_id="O1",
        milestone_code="3800",
    )
    rows = examine(MTO_MILESTONE, told, LIMITS, {}).quarantine().to_pylist()
    assert [(row["row_number"], row["rule"]) for row in rows] == [(2, "after_business_date")]


def _told(contract: RawTable, *rows: dict[str, object], **common: object) -> pa.Table:
    """Rows with what they have in common, in the contract's types and without its stamps."""
    full = [{**common, **row} for row in rows]
    names = [name for name in contract.column_names if any(name in row for row in full)]
    schema = pa.schema([arrow_schema(contract).field(name).with_nullable(True) for name in names])
    return pa.Table.from_pylist(full, schema=schema)


def test_few_bad_orders_are_no_reason_to_plan_nothing() -> None:
    def told(count: int) -> dict[str, ExaminedTable]:
        good = [{"order_id": f"O{number}"} for number in range(5)]
        bad = [{"order_id": f"B{number}", "delivered_date": date(2022, 6, 1)} for number in range(count)]
        rows = _told(
            MTO_ORDER,
            *good,
            *bad,
            location_id="L",
            model="m",
            market="EU",
            order_date=date(2022, 7, 1),
            order_status="open",
        )
        # a snapshot is more than its orders
        return {
            "mto_order": examine(MTO_ORDER, rows, LIMITS, {}),
            "receipt": examine(
                RECEIPT, _receipts(*[{"receipt_id": f"R{n}"} for n in range(2000)]), LIMITS, {}
            ),
        }

    assert too_much_bad(told(5), 0.02) == []
    # Nor are they where all that is delivered is little; of other tables every bad row counts.
    little = told(5) | {"receipt": examine(RECEIPT, _receipts({"receipt_id": "R"}), LIMITS, {})}
    assert too_much_bad(little, 0.02) == []
    (problem,) = too_much_bad(told(30), 0.02)
    assert (problem.table, problem.rule) == ("mto_order", "too_many_bad_rows")
