"""Expectations: a plausible candidate passes, and each kind of fault fails the check made for it."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from orchestration.lake.parquet import read_arrow, write_arrow
from orchestration.publish.expectations import expect, expectation_checks
from orchestration.publish.plausibility import PLAUSIBILITY
from orchestration.publish.verdicts import Verdict
from orchestration.settings import Settings

ROWS = 4


def _plausible(name: str, rows: int = ROWS) -> pa.Table:
    """Rows of one stated table in which nothing is wrong."""
    stated = PLAUSIBILITY[name]
    columns: dict[str, Any] = {column: [f"{column} {row}" for row in range(rows)] for column in stated.key}
    columns |= {column: [0.5] * rows for column in (*stated.from_zero, *stated.shares)}
    columns |= {column: [values[0]] * rows for column, values in stated.lists.items()}
    if stated.total:
        columns[stated.total] = [10.0] * rows
    columns |= {column: [date(2024, 1, 31)] * rows for column in stated.kept}
    for usual in stated.usual:
        columns |= {column: [value] * rows for column, value in usual.rows.items()}
        columns[usual.column] = [(usual.low + usual.high) / 2.0] * rows
    return pa.table(columns)


@pytest.fixture(scope="module")
def tables(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A plausible release, and one table that nothing is stated about."""
    folder = tmp_path_factory.mktemp("plausible")
    for name in PLAUSIBILITY:
        write_arrow(_plausible(name), folder / f"{name}.parquet")
    write_arrow(pa.table({"term": ["a", "b"]}), folder / "data_dictionary.parquet")
    return {path.stem: path for path in sorted(folder.glob("*.parquet"))}


@pytest.fixture(scope="module")
def evidence(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("evidence")


@pytest.fixture(scope="module")
def verdicts(tables: dict[str, Path], evidence: Path) -> list[Verdict]:
    return expect(tables, None, Settings(), evidence)


def test_a_plausible_first_release_passes_every_check(
    verdicts: list[Verdict], tables: dict[str, Path]
) -> None:
    assert [verdict for verdict in verdicts if not verdict.is_passed] == []
    assert {verdict.key for verdict in verdicts} == expectation_checks(tables)
    assert len(verdicts) == len({verdict.key for verdict in verdicts})
    tells = {verdict.key for verdict in verdicts if verdict.check.endswith(("_change", "usual_range"))}
    assert {verdict.key for verdict in verdicts if verdict.severity == "WARN"} == tells
    details = {verdict.key: verdict.detail for verdict in verdicts}
    assert details["data_dictionary", "row_count_change"] == "2 rows; no earlier release to compare with"


def test_the_same_tables_get_the_same_verdicts(
    verdicts: list[Verdict], tables: dict[str, Path], tmp_path: Path
) -> None:
    assert expect(tables, None, Settings(), tmp_path) == verdicts


def test_results_and_data_docs_are_kept(verdicts: list[Verdict], evidence: Path) -> None:
    assert verdicts
    results = json.loads((evidence / "expectations.json").read_text(encoding="utf-8"))
    assert set(PLAUSIBILITY) < set(results)
    assert results["policy"]["success"] is True
    assert (evidence / "data_docs" / "index.html").is_file()
    assert len(list((evidence / "data_docs" / "validations").rglob("*.html"))) == len(results)
    size_bytes = sum(path.stat().st_size for path in evidence.rglob("*") if path.is_file())
    assert size_bytes < 75_000 * len(results)


def _with(table: pa.Table, column: str, values: list[Any]) -> pa.Table:
    position = table.column_names.index(column)
    return table.set_column(position, column, pa.array(values))


def test_each_fault_fails_the_check_made_for_it(
    verdicts: list[Verdict], tables: dict[str, Path], tmp_path: Path
) -> None:
    policy = _plausible("policy")
    policy = _with(policy, "service_target", [0.5, 1.5, -0.1, 0.9])
    policy = _with(policy, "reorder_point_units", [1.0, float("inf"), 1.0, 1.0])
    policy = _with(policy, "status", ["OK", "GUESSED", "OK", "OK"])
    bad = {
        "policy": policy,
        "forecast": _plausible("forecast", 0),
        "inventory_position": _with(_plausible("inventory_position"), "item_id", ["A", None, "C", "D"]),
        "exception": _with(_plausible("exception"), "exception_id", ["A", "A", "B", "C"]),
        "lead_time": pa.concat_tables([_plausible("lead_time"), _plausible("lead_time", 1)]),
        "kpi": _plausible("kpi").drop_columns(["n"]),
        "forecast_accuracy": _with(_plausible("forecast_accuracy"), "randomised_coverage_q90", [0.5] * ROWS),
    }
    given = dict(tables)
    for name, table in bad.items():
        given[name] = tmp_path / f"{name}.parquet"
        write_arrow(table, given[name])
    del given["allocation"]
    failed = {one.key: one for one in expect(given, None, Settings(), tmp_path) if not one.is_passed}
    missing = {key for key in expectation_checks(tables) if key[0] == "allocation"}
    assert set(failed) - missing == {
        ("policy", "numbers_in_range"),
        ("policy", "values_in_list"),
        ("forecast", "row_count"),
        ("inventory_position", "key_not_null"),
        ("exception", "key_unique"),
        ("lead_time", "key_unique"),
        ("kpi", "numbers_in_range"),
        ("forecast_accuracy", "usual_range"),
    }
    assert failed["forecast_accuracy", "usual_range"].severity == "WARN"
    assert missing < set(failed)
    shown = failed["policy", "numbers_in_range"]
    assert shown.failing_rows == 3
    assert shown.detail == (
        "reorder_point_units is outside 0 to 1e+15 in 1 rows (inf); "
        "service_target is outside 0 to 1 in 2 rows (1.5, -0.1)"
    )
    assert "GUESSED" in failed["policy", "values_in_list"].detail
    assert failed["inventory_position", "key_not_null"].detail == "item_id is null in 1 rows"
    assert failed["exception", "key_unique"].detail == "exception_id is not unique in 2 rows (A, A)"
    assert "item_id + location_id" not in failed["lead_time", "key_unique"].detail
    assert failed["forecast", "row_count"].detail == "0 rows; at least 1 is needed"
    assert failed["kpi", "numbers_in_range"].detail.endswith("could not be judged; is the column there?")
    assert failed["allocation", "key_unique"].detail == "the table is not part of the candidate"
    assert all(verdict.repair for verdict in failed.values())
    assert not {verdict.key for verdict in verdicts} - expectation_checks(tables)


def test_a_jump_since_the_earlier_release_is_a_warning(tables: dict[str, Path], tmp_path: Path) -> None:
    before = dict(tables)
    for name in ("inventory_position", "data_dictionary"):
        before[name] = tmp_path / f"{name}.parquet"
        table = read_arrow(tables[name])
        write_arrow(pa.concat_tables([table] * 3), before[name])
    failed = {one.key: one for one in expect(tables, before, Settings(), tmp_path) if not one.is_passed}
    assert set(failed) == {
        ("data_dictionary", "row_count_change"),
        ("inventory_position", "row_count_change"),
        ("inventory_position", "total_change"),
    }
    assert {verdict.severity for verdict in failed.values()} == {"WARN"}
    rows = failed["inventory_position", "row_count_change"]
    assert rows.detail == "4 rows; 12 in the earlier release, 6 to 18 are plausible"
    total = failed["inventory_position", "total_change"]
    assert total.detail == (
        "40.00 total owned_value; 120.00 in the earlier release, 60.00 to 180.00 are plausible"
    )


def test_a_first_promise_that_changed_closes_the_gate(tables: dict[str, Path], tmp_path: Path) -> None:
    days: list[Any] = [date(2024, 1, 31), date(2024, 2, 1), None, date(2024, 1, 31)]
    earlier = tmp_path / "earlier.parquet"
    write_arrow(_with(_plausible("delivery_promise"), "first_promise_date", days), earlier)
    few = {name: tables[name] for name in ("delivery_promise", "mto_promise")}
    told = {one.key: one for one in expect(few, {"delivery_promise": earlier}, Settings(), tmp_path)}
    verdict = told["delivery_promise", "kept_values"]
    assert verdict.is_blocking and verdict.failing_rows == 1
    assert "first_promise_date is another than in the earlier release in 1 rows" in verdict.detail
    assert told["mto_promise", "kept_values"].is_passed
