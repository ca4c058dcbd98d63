"""Key figures by the KPI models' own SQL, ABC-XYZ, ageing and the scorecard's bands."""

from __future__ import annotations

from datetime import date
from typing import Any

from optimization.measures import abc_xyz, ageing, scorecard
from tests.kpi_formulas import kpi_values
from tests.oracles.registry import answers


@answers("inventory turnover and days supply")
def turnover(given: dict[str, Any]) -> Any:
    found = kpi_values(
        ("kpi_turnover",),
        cogs=given["cogs_12m"],
        counted_value_days=given["daily_inventory_cost_avg"] * 365,
        stock_days=365,
    ) | kpi_values(
        ("kpi_days_supply_forward",),
        available_value=given["on_hand_cost"],
        forecast_value=given["forecast_daily_cogs_next_30d"] * 28,
        forecast_item_locations=1,
    )
    return {
        "turns": found["inventory_turnover"],
        "days_in_inventory": found["days_in_inventory"],
        "forward_days_supply": found["days_supply_forward"],
    }


@answers("vehicle days supply, selling days")
def vehicle_days_supply(given: dict[str, Any]) -> Any:
    found = kpi_values(
        ("kpi_days_supply",),
        available_units_now=given["units_available"],
        sold_units=given["units_sold_last_30_days"],
        stock_days=given["calendar_basis_days"],
        selling_days=given["selling_days_last_30"],
        is_calendar_stated=True,
    )
    return {
        "days_supply_calendar": found["days_supply"],
        "days_supply_selling": found["days_supply_selling"],
    }


@answers("fill rates: unit, line, order")
def fill_rates(given: dict[str, Any]) -> Any:
    lines = given["lines"]
    complete = [line["filled_immediately"] >= line["qty"] for line in lines]
    orders = {line["order"] for line in lines}
    short = {line["order"] for line, full in zip(lines, complete, strict=True) if not full}
    found = kpi_values(
        ("kpi_fill_rate",),
        request_lines=len(lines),
        measured_units=sum(line["qty"] for line in lines),
        filled_units=sum(min(line["filled_immediately"], line["qty"]) for line in lines),
        measured_lines=len(lines),
        filled_lines=sum(complete),
        measured_orders=len(orders),
        filled_orders=len(orders - short),
    )
    return {
        "unit_fill": found["unit_fill_rate"],
        "line_fill": found["line_fill_rate"],
        "order_fill": found["order_fill_rate"],
    }


@answers("GMROI")
def gmroi(given: dict[str, Any]) -> Any:
    return kpi_values(
        ("kpi_gmroi",),
        revenue=given["gross_margin_12m"],
        priced_cogs=0,
        sale_lines=1,
        stock_days=365,
        value_days=given["avg_inventory_cost"] * 365,
    )


@answers("lead-time accuracy and on-time")
def lead_time_accuracy(given: dict[str, Any]) -> Any:
    orders = given["orders"]
    errors = [order["actual"] - order["promised"] for order in orders if order["actual"] is not None]
    overdue = sum(order["actual"] is None and order.get("age", 0) > order["promised"] for order in orders)
    found = kpi_values(
        ("kpi_mto_on_time", "kpi_mto_lead_time_accuracy"),
        first_due_orders=len(errors) + overdue,
        first_kept_orders=sum(error <= 0 for error in errors),
        estimated_orders=len(errors),
        absolute_error_days=sum(map(abs, errors)),
        error_days=sum(errors),
    )
    return {
        "on_time_rate": found["mto_on_time_first"],
        "mean_abs_error_completed": found["mto_lead_time_mae_days"],
        "mean_error_completed": found["mto_lead_time_bias_days"],
    }


@answers("MTO order metrics")
def order_metrics(given: dict[str, Any]) -> Any:
    confirmed = given["orders_confirmed_in_cohort"]
    found = kpi_values(
        ("kpi_mto_configuration_accuracy", "kpi_mto_changes", "kpi_mto_exceptions"),
        compared_orders=given["delivered_orders"],
        accurate_orders=given["delivered_with_zero_spec_deviation"],
        confirmed_orders=confirmed,
        changed_orders=given["orders_with_ge1_customer_change"],
        customer_changes=given["customer_changes"],
        active_orders=confirmed,
        exceptional_orders=given["orders_with_ge1_exception"],
    )
    return {
        "configuration_accuracy": found["mto_configuration_accuracy"],
        "change_request_rate": found["mto_change_request_rate"],
        "changes_per_order": found["mto_changes_per_order"],
        "exception_rate": found["mto_exception_rate"],
    }


@answers("ABC-XYZ")
def abc(given: dict[str, Any]) -> Any:
    classes = abc_xyz.abc_classes({name: item["value"] for name, item in given["items"].items()})
    cuts = tuple(given["xyz_cut"])
    return {
        name: classes[name] + abc_xyz.xyz_class(item["cv"], cuts) for name, item in given["items"].items()
    }


@answers("aging buckets")
def aging(given: dict[str, Any]) -> Any:
    as_of = date.fromisoformat(given["as_of"])
    ages = [
        ageing.age_days(as_of, None if day is None else date.fromisoformat(day)) for day in given["received"]
    ]
    return {"age_days": ages, "bucket": [ageing.age_bucket(age, given["edges"]) for age in ages]}


@answers("15-check scorecard")
def bands(given: dict[str, Any]) -> Any:
    total = sum(given["area_yes"].values())
    return {
        "total": total,
        "level": scorecard.level(total),
        "rag": {area: scorecard.area_colour(yes) for area, yes in given["area_yes"].items()},
    }
