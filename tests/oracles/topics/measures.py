"""Key figures, ABC-XYZ, ageing and the scorecard's bands."""

from __future__ import annotations

from datetime import date
from typing import Any

from optimization.measures import abc_xyz, ageing, kpi, scorecard
from tests.oracles.registry import answers


@answers("inventory turnover and days supply")
def turnover(given: dict[str, Any]) -> Any:
    turns = kpi.turnover(given["cogs_12m"], given["daily_inventory_cost_avg"])
    return {
        "turns": turns,
        "days_in_inventory": kpi.days_in_inventory(turns),
        "forward_days_supply": kpi.days_supply(given["on_hand_cost"], given["forecast_daily_cogs_next_30d"]),
    }


@answers("vehicle days supply, selling days")
def vehicle_days_supply(given: dict[str, Any]) -> Any:
    sold, available = given["units_sold_last_30_days"], given["units_available"]
    return {
        "days_supply_calendar": kpi.days_supply(available, sold / given["calendar_basis_days"]),
        "days_supply_selling": kpi.days_supply(available, sold / given["selling_days_last_30"]),
    }


@answers("fill rates: unit, line, order")
def fill_rates(given: dict[str, Any]) -> Any:
    lines = [
        kpi.RequestedLine(line["order"], line["qty"], line["filled_immediately"]) for line in given["lines"]
    ]
    unit, line, order = kpi.fill_rates(lines)
    return {"unit_fill": unit, "line_fill": line, "order_fill": order}


@answers("GMROI")
def gmroi(given: dict[str, Any]) -> Any:
    return {"gmroi": kpi.gmroi(given["gross_margin_12m"], given["avg_inventory_cost"])}


@answers("lead-time accuracy and on-time")
def lead_time_accuracy(given: dict[str, Any]) -> Any:
    on_time, absolute, error = kpi.lead_time_accuracy(
        kpi.PromisedOrder(order["promised"], order["actual"], order.get("age")) for order in given["orders"]
    )
    return {
        "on_time_rate": on_time,
        "mean_abs_error_completed": absolute,
        "mean_error_completed": error,
    }


@answers("MTO order metrics")
def order_metrics(given: dict[str, Any]) -> Any:
    confirmed = given["orders_confirmed_in_cohort"]
    return {
        "configuration_accuracy": kpi.ratio(
            given["delivered_with_zero_spec_deviation"], given["delivered_orders"]
        ),
        "change_request_rate": kpi.ratio(given["orders_with_ge1_customer_change"], confirmed),
        "changes_per_order": kpi.ratio(given["customer_changes"], confirmed),
        "exception_rate": kpi.ratio(given["orders_with_ge1_exception"], confirmed),
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
