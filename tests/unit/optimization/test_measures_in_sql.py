"""The SQL of the key figures against their reference definitions, on the same numbers.

Each dbt model is rendered with its own macros and run in an in-memory DuckDB over one row of
additive measures; no dbt is started.
"""

from __future__ import annotations

from pathlib import Path

import duckdb
import jinja2
import pytest

from optimization.measures import ageing, kpi

PROJECT = Path(__file__).parents[3] / "dbt_project"
EDGES = [30, 60, 90, 120, 180]
MEASURES = {
    "scope_type": "'network'",
    "scope_id": "'*'",
    "period": "'rolling'",
    "window_days": "365",
    "period_end_date": "date '2024-06-30'",
    "stock_days": "365",
    "cogs": "1200000.0",
    "priced_cogs": "900000.0",
    "revenue": "1200000.0",
    "value_days": "200000.0 * 365",
    "counted_value_days": "200000.0 * 365",
    "sale_lines": "40",
    "priced_lines": "40",
    "filled_units": "14.0",
    "measured_units": "20.0",
    "measured_lines": "4",
    "filled_lines": "2",
    "filled_orders": "1",
    "measured_orders": "3",
    "request_lines": "4",
    "available_units_now": "75.0",
    "sold_units": "40.0 * 365 / 30",
    "selling_days": "26 * 365 / 30",
    "is_calendar_stated": "true",
}


def _render(sql: str, **variables: object) -> str:
    # A materialization is a block that only dbt's own Jinja knows; no figure is computed in one.
    files = [path for path in sorted((PROJECT / "macros").glob("*.sql")) if path.stem != "materializations"]
    macros = "\n".join(path.read_text("utf-8") for path in files)
    environment = jinja2.Environment(autoescape=False, extensions=["jinja2.ext.do"])  # noqa: S701 (SQL, not HTML)
    names = {"var": lambda name: variables[name], "ref": lambda name: name}
    return environment.from_string(macros + sql, globals=names).render()


def _kpis(model: str) -> dict[str, float | None]:
    columns = ", ".join(f"{value} as {name}" for name, value in MEASURES.items())
    sql = _render((PROJECT / "models" / "marts" / "kpi" / f"{model}.sql").read_text("utf-8"))
    with duckdb.connect() as connection:
        connection.execute(f"create view int_kpi_measures as select {columns}")
        return dict(connection.execute(f"select kpi, value from ({sql})").fetchall())


def test_an_age_falls_into_the_same_bucket() -> None:
    sql = _render("select age, {{ ageing_bucket('age') }} from ages", ageing_bucket_edges=EDGES)
    with duckdb.connect() as connection:
        connection.execute("create view ages as select range as age from range(400) union all select null")
        for age, bucket in connection.execute(sql).fetchall():
            assert bucket == ageing.age_bucket(age, EDGES)


def test_fill_rates_are_those_of_the_lines() -> None:
    lines = [
        kpi.RequestedLine("O1", 10, 10),
        kpi.RequestedLine("O1", 5, 3),
        kpi.RequestedLine("O2", 1, 1),
        kpi.RequestedLine("O3", 4, 0),
    ]
    unit, line, order = kpi.fill_rates(lines)
    found = _kpis("kpi_fill_rate")
    assert found == pytest.approx({"unit_fill_rate": unit, "line_fill_rate": line, "order_fill_rate": order})


def test_turnover_and_days_in_inventory() -> None:
    turns = kpi.turnover(1_200_000.0, 200_000.0)
    found = _kpis("kpi_turnover")
    assert found == pytest.approx(
        {"inventory_turnover": turns, "days_in_inventory": kpi.days_in_inventory(turns)}
    )


def test_gmroi() -> None:
    assert _kpis("kpi_gmroi") == pytest.approx({"gmroi": kpi.gmroi(300_000.0, 200_000.0)})


def test_days_supply_by_calendar_and_by_selling_days() -> None:
    found = _kpis("kpi_days_supply")
    assert found["days_supply"] == pytest.approx(kpi.days_supply(75, 40 / 30))
    assert found["days_supply_selling"] == pytest.approx(kpi.days_supply(75, 40 / 26), rel=1e-6)
