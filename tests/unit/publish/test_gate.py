"""The gate: failed, missing and unplanned checks each close it, with a message that can be acted on."""

from __future__ import annotations

from dataclasses import replace

import pyarrow as pa
import pytest

from orchestration.publish.gate import GateRefused, judge
from orchestration.publish.verdicts import CHECK_RESULT_SCHEMA, Verdict, check_result_table
from tests.unit.publish.release_lake import DAY

PASSED = Verdict("policy", "is_key", "dbt", True, "ERROR", 0, "holds", "")
FAILED = Verdict("kpi", "is_key", "dbt", False, "ERROR", 7, "kpi is doubled", "look into kpi_turnover")
WARNED = Verdict("forecast", "row_count_change", "expectation", False, "WARN", None, "90 rows", "compare")
ALL = {verdict.key for verdict in (PASSED, FAILED, WARNED)}


def test_passed_checks_and_failed_warnings_open_the_gate() -> None:
    mended = replace(FAILED, is_passed=True)
    judge([PASSED, mended, WARNED], planned=ALL, expected=list(ALL))


def test_a_failed_check_is_named_with_its_rows_and_repair() -> None:
    with pytest.raises(GateRefused) as refusal:
        judge([PASSED, FAILED, WARNED], planned=ALL, expected=ALL)
    assert refusal.value.problems == (
        "kpi: dbt check is_key failed, 7 failing rows: kpi is doubled; repair: look into kpi_turnover",
    )
    assert "the last release stays current" in str(refusal.value)


@pytest.mark.parametrize(
    ("planned", "expected", "message"),
    [
        (ALL, ALL, "kpi: check is_key was not made although this run planned it; repair: run the whole job"),
        (ALL - {FAILED.key}, ALL, "kpi: check is_key was not made by this run; repair: run the whole job"),
        (ALL, ALL - {FAILED.key}, "kpi: check is_key was planned and not made"),
        (
            {PASSED.key},
            {PASSED.key, WARNED.key},
            "forecast: check row_count_change was made without being planned",
        ),
        ({PASSED.key, WARNED.key}, {PASSED.key}, "row_count_change is not part of the graph"),
        ({PASSED.key, WARNED.key}, set(), "no check is expected at all"),
    ],
)
def test_a_check_that_is_missing_or_strange_closes_the_gate(
    planned: set[tuple[str, str]], expected: set[tuple[str, str]], message: str
) -> None:
    with pytest.raises(GateRefused, match=message):
        judge([PASSED, WARNED], planned, expected)


def test_a_long_list_of_problems_is_cut_in_the_message_only() -> None:
    many = [replace(FAILED, check=f"rule_{number:02}") for number in range(30)]
    with pytest.raises(GateRefused, match="… and 10 more") as refusal:
        judge(many, {one.key for one in many}, {one.key for one in many})
    assert len(refusal.value.problems) == 30


def test_the_published_table_of_verdicts_is_the_same_in_any_order() -> None:
    table = check_result_table([PASSED, FAILED, WARNED], DAY)
    assert table.schema == CHECK_RESULT_SCHEMA
    assert table.equals(check_result_table([WARNED, FAILED, PASSED, PASSED], DAY))
    assert table.column("asset").to_pylist() == ["forecast", "kpi", "policy"]
    assert table.column("failing_rows").to_pylist() == [None, 7, 0]
    assert check_result_table([], DAY).equals(pa.Table.from_pylist([], schema=CHECK_RESULT_SCHEMA))
