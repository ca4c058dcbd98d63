"""Columns of scenarios and of the annual plan.

Columns that other rooms carry as well stand in `optimization.contracts.columns`.
"""

from __future__ import annotations

from optimization.contracts.column import Column

SCENARIO_KINDS = ("baseline", "equal_target", "budget")
DEMAND_SCENARIOS = ("p20", "p50", "p80", "two_stage")
PLAN_RESOURCES = ("capacity", "overtime", "option", "space", "cash")
PLAN_LEVELS = ("network", "region", "group")

PLANNING_COLUMNS = (
    # --- scenarios and the frontier
    Column("scenario_id", "text", "The same for the same content, inputs and seed"),
    Column(
        "scenario_kind",
        "text",
        "How targets are set: as they are, one fill for all, or at one price of money",
        isin=SCENARIO_KINDS,
    ),
    Column("service_factor", "number", "Service of the typical item at the point", unit="share", gt=0, le=1),
    Column(
        "budget_multiplier",
        "number",
        "Shortage cost that the last unit of money avoids",
        unit="money/money",
        ge=0,
    ),
    Column("fill_rate_low", "number", "Lower end, 95 % by item-locations", unit="share", ge=0, le=1),
    Column("fill_rate_high", "number", "Upper end, 95 % by item-locations", unit="share", ge=0, le=1),
    Column("average_stock_value", "number", "Mean stock at cost at the ends of weeks", unit="money", ge=0),
    Column("peak_cash", "number", "Largest stock at cost at the end of a week", unit="money", ge=0),
    Column("orders_per_year", "number", "Orders placed", unit="orders/year", ge=0),
    Column("holding_cost_per_year", "number", "Cost of holding the stock", unit="money/year", ge=0),
    Column("order_cost_per_year", "number", "Cost of placing the orders", unit="money/year", ge=0),
    Column(
        "shortage_cost_per_year", "number", "Cost of units not there when asked for", unit="money/year", ge=0
    ),
    Column("cost_per_year", "number", "Holding, ordering and shortage", unit="money/year", ge=0),
    Column("lost_margin_per_year", "number", "List price less cost of units lost", unit="money/year"),
    Column(
        "aged_value_share", "number", "Stock at cost over 26 weeks old at the end", unit="share", ge=0, le=1
    ),
    Column("is_efficient", "flag", "No other point fills more with less cash and less cost to run"),
    Column(
        "marginal_price_of_service_point",
        "number",
        "Holding and ordering that one more point of fill costs along the hull of efficient points",
        unit="money/year per point",
    ),
    Column("path_count", "integer", "Random paths per item-location", ge=1),
    Column("played_weeks", "integer", "Weeks that were played", unit="weeks", ge=1),
    # --- the annual plan
    Column(
        "demand_scenario",
        "text",
        "Level of demand: exceeded in 80, 50 or 20 years of 100; two_stage is what is decided before "
        "demand is known, with the expected outcome",
        isin=DEMAND_SCENARIOS,
    ),
    Column("plan_level", "text", "What the row plans", isin=PLAN_LEVELS),
    Column("buy_units", "number", "Units to buy or build", unit="units", ge=0),
    Column("closing_stock_units", "number", "Units in stock at the end of the month", unit="units", ge=0),
    Column("closing_stock_value", "number", "The same at cost", unit="money", ge=0),
    Column("lost_units", "number", "Demand that is not served", unit="units", ge=0),
    Column("safety_gap_units", "number", "Safety stock that is missing", unit="units", ge=0),
    Column("buy_share", "number", "Share of the units to buy in the month", unit="share", ge=0, le=1),
    Column("overtime_units", "number", "Capacity on top that is committed", unit="units", ge=0),
    Column("margin_value", "number", "Margin of the demand served", unit="money"),
    Column("holding_cost", "number", "Cost of holding the stock for the month", unit="money", ge=0),
    Column(
        "lost_sales_cost", "number", "Cost of demand lost and of safety stock missing", unit="money", ge=0
    ),
    Column("overtime_cost", "number", "Cost of the capacity on top", unit="money", ge=0),
    Column("capacity_use", "number", "Units bought per unit of capacity, overtime in it", unit="share", ge=0),
    Column("space_use", "number", "Volume in stock per volume there is", unit="share", ge=0),
    Column("cash_use", "number", "Stock at cost per money there is", unit="share", ge=0),
    Column("resource", "text", "What is scarce", isin=PLAN_RESOURCES),
    Column("resource_scope", "text", "Region of the space, name of the option; * is the network"),
    Column("resource_limit", "number", "How much of it there is", unit="resource unit", ge=0),
    Column("resource_use", "number", "Most of it that a level of demand uses", unit="resource unit", ge=0),
    Column("shadow_price", "number", "Expected gain of one more unit of it", unit="money per unit", ge=0),
)
