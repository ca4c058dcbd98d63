"""The scorecard on three made-up companies, and on the best of them with a piece of its evidence missing.

The models' own SQL runs, over tables made by hand, in one database in memory.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

import duckdb
import pytest

from optimization.contracts.history_tables import PAST_KPI, PAST_SCORECARD
from optimization.contracts.inputs import DEMAND_EVENT, ITEM_LOCATION
from optimization.contracts.outputs import DEMAND_EFFECT, POLICY, SEASONAL_INDEX
from optimization.contracts.reason_tables import POLICY_INPUT
from optimization.measures import scorecard
from orchestration.contracts.raw_plans import SCORECARD_NOTE
from orchestration.contracts.registry import RUN_CONTEXT, SOURCE_PRESENCE
from tests.rendered_models import (
    PROJECT,
    border_types,
    create,
    model_file,
    published_types,
    rendered,
    rendered_text,
)
from tests.scorecard_companies import AS_OF, Evidence, beginner, mature, on_the_way

pytestmark = pytest.mark.integration

CHECKS = sorted(file.stem for file in (PROJECT / "models").rglob("int_scorecard_[01][0-9]_*.sql"))
MACROS = ("scorecard", "share_of", "types")
BORDERS = {
    "stg_science__policy": POLICY,
    "stg_history__past_kpi": PAST_KPI,
    "stg_history__past_scorecard": PAST_SCORECARD,
    "stg_ims__scorecard_note": SCORECARD_NOTE,
    "stg_ims__source_presence": SOURCE_PRESENCE,
    "stg_ims__run_context": RUN_CONTEXT,
}
VIEWS = (
    "int_scorecard_trend",
    "scorecard_trend",
    "int_scorecard_origins",
    "int_scorecard_questions",
    *CHECKS,
    "int_scorecard_checks",
    "int_scorecard_areas",
    "int_scorecard_actions",
    "scorecard_check",
    "scorecard_area",
    "recommended_action",
)
COMPANIES = {"mature": mature, "on_the_way": on_the_way, "beginner": beginner}
YES, NO, UNKNOWN = "yes", "no", "not_evidenced"
EXPECTED = {
    "mature": [YES] * 15,
    "on_the_way": [
        *(YES, YES, NO),
        *(YES, YES, NO),
        *(NO, YES, NO),
        *(UNKNOWN, YES, YES),
        *(UNKNOWN, UNKNOWN, UNKNOWN),
    ],
    "beginner": [
        *(NO, UNKNOWN, NO),
        *(NO, NO, UNKNOWN),
        *(NO, YES, NO),
        *(NO, NO, NO),
        *(NO, NO, UNKNOWN),
    ],
}
AREAS = {
    "mature": ([3, 3, 3, 3, 3, 15], ["green"] * 6, 3),
    "on_the_way": ([2, 2, 1, 2, 0, 7], ["amber", "amber", "red", "amber", "red", "amber"], 2),
    "beginner": ([0, 0, 1, 0, 0, 1], ["red"] * 6, 1),
}
ACTIONS = {
    "mature": [("Decide on scenarios", None), ("Let backtests choose", None), ("Tie policies", None)],
    "on_the_way": [
        ("Work by exceptions", "10, 13, 14"),
        ("Bring lead-time variability", "7, 9"),
        ("Keep minimums", "6"),
    ],
    "beginner": [
        ("Calculate safety stocks", "1, 2, 4"),
        ("Segment items", "3, 5, 6"),
        ("Review the policies", "10, 11, 12"),
    ],
}
# What each check stands on: without any one of these there is no evidence. A column of a KPI or of a
# series stands for its rows.
STANDS_ON: dict[int, list[str]] = {
    1: [
        "policy_input",
        "policy_input.variance_units2",
        "policy_input.lead_time_sd_days",
        "policy_input.model_learnt_date",
        "policy_input.is_recomputed_equal",
    ],
    2: ["policy_run", "policy_run.calculated_keys", "policy_run.unbroken_keys"],
    3: [
        "policy_input",
        "policy_input.service_class",
        "policy_input.class_service_target",
        "policy_input.service_target",
    ],
    4: ["policy_input", "policy_input.error_run_date", "policy_input.variance_units2"],
    5: ["calendar_use", "calendar_use.event_factor", "calendar_use.season_factor"],
    6: ["policy_input", "policy_input.plan_version", "demand_plan_approval"],
    7: ["purchase_lane", "purchase_lane.sample_count", "purchase_lane.quantile_count"],
    8: [
        "replenishment_order",
        "replenishment_order.moq_units",
        "replenishment_order.lot_units",
        "replenishment_order.case_pack_units",
    ],
    9: [
        "policy_input",
        "policy_input.expected_late_share",
        "policy_input.perfect_supplier_safety_stock_units",
        "policy",
        "supplier_scorecard",
        "supplier_scorecard.due_line_count",
    ],
    10: ["review_calendar", "review_calendar.completed_date"],
    11: ["policy_change", "policy_change.author", "policy_run", "policy_run.auto_approve_value", "approval"],
    12: [
        "policy_change",
        "policy_change.author",
        "policy_change.proposed_date",
        "policy_change.new_reorder_point_units",
        "policy_change.reason_code",
        "policy_run",
        "policy_run.is_ledger_intact",
    ],
    13: ["kpi", "kpi:unit_fill_rate", "kpi:inventory_turnover"],
    14: ["kpi", "kpi:stockout_rate", "kpi:backorder_rate", "kpi:expedite_rate"],
    15: [
        "kpi",
        "stg_history__past_kpi",
        "stg_history__past_kpi:excess_value",
        "stg_history__past_kpi:obsolete_value",
        "stg_history__past_kpi:inventory_cash",
        "stg_history__past_kpi:inventory_turnover",
    ],
}


@pytest.fixture(scope="module")
def views() -> dict[str, str]:
    """SQL of every model of the scorecard."""
    return {name: rendered(name, MACROS) for name in VIEWS}


def _load(database: duckdb.DuckDBPyConnection, company: Evidence) -> None:
    for name, rows in company.items():
        types = border_types(BORDERS[name]) if name in BORDERS else published_types(name)
        create(database, name, types, rows)


def _opened(company: Evidence, views: dict[str, str]) -> duckdb.DuckDBPyConnection:
    database = duckdb.connect(config={"threads": 1})
    _load(database, company)
    for name, sql in views.items():
        database.execute(f"create view {name} as {sql}")
    return database


def _rows(database: duckdb.DuckDBPyConnection, query: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = database.execute(query).fetch_arrow_table().to_pylist()
    return found


@pytest.fixture(scope="module", params=sorted(COMPANIES))
def company(request: pytest.FixtureRequest, views: dict[str, str]) -> Iterator[tuple[str, Any]]:
    """A company's name, and the database that holds its evidence and its scorecard."""
    with _opened(COMPANIES[request.param](), views) as database:
        yield request.param, database


def test_every_check_is_a_model() -> None:
    assert [int(name.split("_")[2]) for name in CHECKS] == list(range(1, 16))
    assert sorted(STANDS_ON) == list(range(1, 16))


def test_statuses_are_exact(company: tuple[str, Any]) -> None:
    name, database = company
    told = _rows(database, "select * from scorecard_check order by check_number")
    assert [row["status"] for row in told] == EXPECTED[name]
    for row in told:
        is_known = row["status"] != UNKNOWN
        assert row["score"] == (row["status"] == YES)
        assert (row["value"] is not None) == is_known, row["null_reason"]
        assert (row["null_reason"] is None) == is_known
        # Where the value reaches the threshold and the answer is no, the words say what else is missing.
        is_reached = row["status"] == NO and row["value"] >= row["threshold"] and row["check_number"] < 14
        assert (" But " in row["observation"]) == is_reached
        assert row["as_of"] == AS_OF


def test_areas_colours_and_level_are_exact(company: tuple[str, Any]) -> None:
    name, database = company
    told = _rows(database, "select * from scorecard_area order by area = '*', area")
    yes, colours, level = AREAS[name]
    assert [row["checks_yes"] for row in told] == yes
    assert [row["rag"] for row in told] == colours
    assert [row["level"] for row in told] == [None] * 5 + [level]
    # The bands of the reference cases are those of the models.
    assert colours[:5] == [scorecard.area_colour(count) for count in yes[:5]]
    assert level == scorecard.level(yes[5])


def test_actions_of_the_level_come_in_the_order_of_what_they_cure(company: tuple[str, Any]) -> None:
    name, database = company
    told = _rows(database, "select * from recommended_action order by action_rank")
    for row, (action, cured) in zip(told, ACTIONS[name], strict=True):
        assert row["action"].startswith(action)
        assert row["cured_checks"] == cured
        assert row["failing_checks"] == (cured.count(",") + 1 if cured else 0)
    assert {row["level"] for row in told} == {AREAS[name][2]}
    dues = {1: (date(2024, 7, 30), date(2024, 8, 29)), 2: (date(2024, 8, 29), date(2024, 9, 28))}
    first, last = dues.get(told[0]["level"], (date(2024, 9, 28), None))
    assert (told[0]["due_from_date"], told[0]["due_to_date"]) == (first, last)


def test_the_evidence_query_gives_the_evidence(company: tuple[str, Any]) -> None:
    """On the published tables alone, as an auditor has them."""
    _, database = company
    for row in _rows(database, "select * from scorecard_check"):
        found = _rows(database, row["evidence_query"])
        assert len(found) == row["evidence_rows"], row["check_number"]
        for table in row["evidence_table"].split(", "):
            assert model_file(table).parent.name == "published"
            assert table in row["evidence_query"]
        if row["unit"] == "share" and row["check_number"] not in (2, 7, 8, 13, 14, 15) and row["value"]:
            assert row["value"] == pytest.approx(sum(one["is_met"] for one in found) / len(found))


def _without(evidence: str) -> str:
    table, _, column = evidence.partition(".")
    if column:
        return f"update {table} set {column} = null"
    table, _, kpi = evidence.partition(":")
    return f"delete from {table}" + (f" where kpi = '{kpi}'" if kpi else "")


@pytest.fixture(scope="module")
def best(views: dict[str, str]) -> Iterator[Any]:
    """The database of the company that meets every check."""
    with _opened(mature(), views) as database:
        yield database


@pytest.mark.parametrize("check", range(1, 16))
def test_without_any_piece_of_its_evidence_a_check_is_not_evidenced(check: int, best: Any) -> None:
    for evidence in STANDS_ON[check]:
        best.execute("begin")
        try:
            best.execute(_without(evidence))
            (row,) = _rows(best, f"select * from {CHECKS[check - 1]}")
        finally:
            best.execute("rollback")
        assert row["status"] == UNKNOWN, evidence
        assert row["null_reason"], evidence
        assert row["value"] is None, evidence
    (row,) = _rows(best, f"select status from {CHECKS[check - 1]}")
    assert row["status"] == YES


@pytest.mark.parametrize(
    ("check", "change", "status"),
    [
        # thresholds are met when reached
        (1, "update policy_input set is_recomputed_equal = null where item_id in ('I01', 'I02')", YES),
        (1, "update policy_input set is_recomputed_equal = null where item_id <= 'I03'", NO),
        # one policy that does not follow from its inputs is one too many
        (1, "update policy_input set is_recomputed_equal = false where item_id = 'I01'", NO),
        (1, "update policy_input set lead_time_sample_count = 0 where item_id <= 'I03'", NO),
        (2, "update policy_run set unbroken_keys = 18 where period_number = 6", YES),
        (2, "update policy_run set unbroken_keys = 17 where period_number = 6", NO),
        (3, "update policy_input set service_target = 0.99 where item_id = 'I01'", YES),
        (3, "update policy_input set service_target = 0.99 where item_id <= 'I02'", NO),
        (4, "update policy_input set error_run_date = as_of + 1", NO),
        (5, "update calendar_use set season_factor = 1 where item_id = 'I01'", YES),
        (6, "update demand_plan_approval set approved_date = as_of + 1", NO),
        (8, "update replenishment_order set replenish_units = 14 where replenishment_order_id = 'R1'", NO),
        (8, "update replenishment_order set moq_units = 13 where replenishment_order_id = 'R1'", NO),
        (8, "update replenishment_order set case_pack_units = null where replenishment_order_id = 'R1'", NO),
        (10, "update review_calendar set completed_date = cycle_end_date + 6 where cycle_number = 6", NO),
        (11, "update approval set is_effective = false", NO),
        (11, "update approval set event_at = event_at + interval 3 days", NO),
        (12, "update policy_change set old_order_up_to_units = null where change_id = 'C2'", NO),
        (12, "update policy_run set is_ledger_intact = false where period_number = 1", NO),
        # service at its target need not rise, but may not fall by more than the tolerance
        (13, "update kpi set value = 0.93 where kpi = 'unit_fill_rate'", YES),
        (13, "update kpi set value = 0.91 where kpi = 'unit_fill_rate'", NO),
        (
            13,
            "update kpi set value = value - 0.1 * month(period_end_date) where kpi = 'inventory_turnover'",
            NO,
        ),
        (13, "delete from kpi where kpi = 'unit_fill_rate' and month(period_end_date) = 3", UNKNOWN),
        # a rate that stays above zero has to fall
        (14, "update kpi set value = 0.01 where kpi = 'expedite_rate'", NO),
        # stock that grows more slowly than sales is a smaller share of them
        (
            15,
            "update stg_history__past_kpi set numerator = numerator / (2 - 0.1 * month(release_as_of)), "
            "value = 900 where kpi in ('inventory_cash', 'inventory_turnover')",
            YES,
        ),
        (15, "update kpi set value = 5000 where kpi = 'excess_value'", YES),
        (15, "update stg_history__past_kpi set value = 60 where kpi = 'inventory_cash'", NO),
    ],
)
def test_where_a_check_turns(check: int, change: str, status: str, best: Any) -> None:
    best.execute("begin")
    try:
        best.execute(change)
        (row,) = _rows(best, f"select * from {CHECKS[check - 1]}")
    finally:
        best.execute("rollback")
    assert row["status"] == status, json.dumps(row, default=str)


def test_nobody_can_talk_a_check_up(views: dict[str, str]) -> None:
    """Notes stand beside the status; what earlier releases said stands beside it too."""
    company = beginner()
    company["stg_ims__scorecard_note"] = [
        {
            "note_subject": "check",
            "note_number": 1,
            "observation": "yes, all of them",
            "decision": "count it as yes",
            "owner": "kim",
            "due_date": date(2024, 8, 1),
        },
        {"note_subject": "area", "note_number": 1, "observation": "green"},
    ]
    company["stg_history__past_scorecard"] = [
        {"release_id": f"r{back}", "releases_back": back, "check_number": number, "status": status}
        for back, status in ((1, NO), (2, YES), (3, YES))
        for number in (1, 2)
    ]
    with _opened(company, views) as database:
        told = _rows(database, "select * from scorecard_check order by check_number")
        assert [row["status"] for row in told] == EXPECTED["beginner"]
        first = told[0]
        assert (first["observation"], first["decision"], first["decision_owner"]) == (
            "yes, all of them",
            "count it as yes",
            "kim",
        )
        assert first["is_observed_by_person"] and not told[1]["is_observed_by_person"]
        assert (first["previous_status"], first["earlier_releases"], first["earlier_yes"]) == (NO, 3, 2)
        area = _rows(database, "select * from scorecard_area where area = '1'")[0]
        assert (area["rag"], area["observation"], area["previous_checks_yes"]) == ("red", "green", None)


def test_an_item_is_moved_by_events_of_its_scope_within_its_interval_and_by_its_season() -> None:
    """Events with a known effect on the category alone, until the end of what the policy protects."""
    items = {"A": ("Brakes", 10.0), "B": ("Brakes", 2.0), "C": ("Glass", 10.0), "D": ("Fluids", 10.0)}
    rows: dict[str, Any] = {
        "stg_science__policy_input": [
            {
                "item_id": item,
                "location_id": "L1",
                "protection_days": days,
                "event_factor": 1.2,
                "season_factor": 1.0,
                "is_end_of_life": False,
            }
            for item, (_, days) in items.items()
        ],
        "opt_in__item_location": [
            {"item_id": item, "location_id": "L1", "category": category, "item_kind": "part", "region": "R"}
            for item, (category, _) in items.items()
        ],
        "opt_in__demand_event": [
            _event("soon", "category", "Brakes", 5),
            _event("over", "category", "Brakes", -20),
            _event("unlearnt", "category", "Glass", 5),
            _event("elsewhere", "all", "*", 5) | {"location_scope_level": "region", "location_scope": "X"},
        ],
        "stg_science__demand_effect": [
            {"category": "Brakes", "region": "*", "effect_kind": "event", "effect": "promo", "is_used": True},
            {"category": "Glass", "region": "*", "effect_kind": "event", "effect": "promo", "is_used": False},
        ],
        "stg_science__seasonal_index": [
            {"category": "Fluids", "region": "*", "week_of_year": 1, "index_factor": 1.1, "is_used": True},
            {"category": "Fluids", "region": "R", "week_of_year": 2, "index_factor": 1.1, "is_used": True},
            {"category": "Glass", "region": "*", "week_of_year": 1, "index_factor": 1.1, "is_used": False},
        ],
        "stg_ims__run_context": [{"as_of": AS_OF}],
    }
    tables = {
        "stg_science__policy_input": POLICY_INPUT,
        "opt_in__item_location": ITEM_LOCATION,
        "opt_in__demand_event": DEMAND_EVENT,
        "stg_science__demand_effect": DEMAND_EFFECT,
        "stg_science__seasonal_index": SEASONAL_INDEX,
        "stg_ims__run_context": RUN_CONTEXT,
    }
    with duckdb.connect() as database:
        for name, table in tables.items():
            create(database, name, border_types(table), rows[name])
        told = _rows(database, rendered("int_calendar_use", MACROS))
    assert {row["item_id"]: (row["events_ahead"], row["has_seasonal_index"]) for row in told} == {
        "A": (1, False),
        "D": (0, True),
    }
    assert len(told) == 2


def _event(event_id: str, level: str, scope: str, starts_in_days: int) -> dict[str, Any]:
    start = AS_OF + timedelta(days=starts_in_days)
    return {
        "event_id": event_id,
        "event_type": "promo",
        "scope_level": level,
        "scope": scope,
        "location_scope_level": "all",
        "location_scope": "*",
        "start_date": start,
        "end_date": start + timedelta(days=6),
    }


def test_the_slope_is_that_of_theil_and_sen_by_hand() -> None:
    """Five points by hand.

    y = 1, 3, 2, 6, 4 at x = 1..5: the ten slopes are 2, 1/2, 5/3, 3/4, -1, 3/2, 1/3, 4, 1, -2; in order
    -2, -1, 1/3, 1/2, 3/4, 1, 3/2, 5/3, 2, 4, so their median is 7/8. Of 90 % is
    c = 1.645 sqrt(5 * 4 * 15 / 18) = 6.7157, so the interval reaches from the 1st of them,
    (10 - c) / 2 = 1.64, to the 10th.
    """
    query = rendered_text(
        "with points as (select 'a' as series, * from (values (1.0, 1.0), (2.0, 3.0), (3.0, 2.0), "
        "(4.0, 6.0), (5.0, 4.0)) as given (x, y)), {{ theil_sen_ctes('points') }} "
        "select slope, slope_low, slope_high from slopes",
        MACROS,
    )
    with duckdb.connect() as database:
        assert database.execute(query).fetchone() == pytest.approx((0.875, -2.0, 4.0))
