"""The annual plan: what to buy and hold month by month, and what space, cash and capacity are worth."""

from __future__ import annotations

import pandas as pd
from markupsafe import Markup

from orchestration.publish.reading import ReleaseReader
from orchestration.publish.report.blocks import Block, Chart, Grid, Section, say, words
from orchestration.publish.report.grids import grid
from orchestration.publish.report.pictures import BLUE, FAINT, ORANGE, spec_of

_NAME, _TITLE = "annual", "Annual plan"
_PLAN, _PRICE = "annual_plan", "annual_plan_price"
_DECIDED = "two_stage"
# {scenario: its name}, from little demand to much, in the order in which they are drawn
_DEMANDS = {
    "p20": "low demand",
    "p50": "middle demand",
    "p80": "high demand",
    _DECIDED: "decided for all three",
}
# {column: (heading, unit)}
_MONTH = {
    "demand_units": ("Demand, units", ""),
    "buy_units": ("Buy, units", ""),
    "overtime_units": ("Overtime, units", ""),
    "closing_stock_units": ("Stock at its end, units", ""),
    "closing_stock_value": ("Stock at its end, money", "money"),
    "lost_units": ("Not served, units", ""),
    "margin_value": ("Margin, money", "money"),
    "capacity_use": ("Capacity used", "share"),
    "space_use": ("Space used", "share"),
    "cash_use": ("Cash used", "share"),
}


def annual_section(source: ReleaseReader) -> Section:
    """Return the section of the annual plan."""
    lead = "What to buy month by month before demand is known, and what it comes to if demand is low or high."
    needed = ("demand_scenario", "month_start_date", "plan_level", "buy_units", "closing_stock_value")
    if not source.has(_PLAN, *needed):
        return Section(_NAME, _TITLE, lead, missing=f"This release has no table {_PLAN}.")
    rows = source.frame(_PLAN)
    rows = rows[(rows["plan_level"] == "network") & rows["month_start_date"].notna()]
    rows = rows.sort_values("month_start_date", kind="stable")
    decided = rows[rows["demand_scenario"] == _DECIDED]
    if decided.empty:
        return Section(_NAME, _TITLE, lead, missing="No annual plan of the network was made.")
    blocks: list[Block] = [
        _picture(rows, "buy_units", "units to buy", "annual-buy"),
        _picture(rows, "closing_stock_value", "stock at cost at the month's end, money", "annual-stock"),
        Grid(
            "The plan decided for all three levels of demand",
            _months(decided),
            "Outcomes are expected ones. By region and group: sheet annual_plan of the workbook.",
        ),
    ]
    if source.has(_PRICE, "resource", "is_binding", "shadow_price"):
        prices = source.frame(_PRICE)
        if len(prices):
            blocks.append(_prices(prices))
    return Section(_NAME, _TITLE, lead, blocks)


def _picture(rows: pd.DataFrame, column: str, unit: str, name: str) -> Chart:
    import altair as alt

    known = rows[rows["demand_scenario"].isin(list(_DEMANDS))].dropna(subset=[column])
    data = pd.DataFrame(
        {
            "month": [pd.Timestamp(day).strftime("%b %y") for day in known["month_start_date"]],
            "value": known[column].astype(float).round(3).to_numpy(),
            "demand": known["demand_scenario"].map(_DEMANDS).to_numpy(),
        }
    )
    months = list(dict.fromkeys(data["month"]))
    drawn = [one for one in _DEMANDS.values() if (data["demand"] == one).any()]
    colours = dict(zip(_DEMANDS.values(), (FAINT, BLUE, FAINT, ORANGE), strict=True))
    dashes = dict(zip(_DEMANDS.values(), ([2, 3], [6, 4], [8, 2], [1, 0]), strict=True))
    chart = (
        alt.Chart(data)
        .mark_line(strokeWidth=2)
        .encode(
            x=alt.X(
                "month:O",
                title=None,
                sort=months,
                axis=alt.Axis(values=months[::3], labelAngle=0, grid=False),
            ),
            y=alt.Y(
                "value:Q",
                title=None,
                scale=alt.Scale(zero=False),
                axis=alt.Axis(format="~s", tickCount=5),
            ),
            color=alt.Color(
                "demand:N",
                scale=alt.Scale(domain=drawn, range=[colours[one] for one in drawn]),
                legend=alt.Legend(title=None, columns=2, labelLimit=200),
            ),
            strokeDash=alt.StrokeDash(
                "demand:N",
                scale=alt.Scale(domain=drawn, range=[dashes[one] for one in drawn]),
                legend=alt.Legend(title=None, columns=2, labelLimit=200),
            ),
            tooltip=["demand:N", "month:O", alt.Tooltip("value:Q", format=",.0f")],
        )
        .properties(width="container", height=200)
    )
    told = f"{unit} over {len(months)} months. " + "; ".join(
        f"{one}: {say(float(values.iloc[0]), 'money')} in {months[0]}, "
        f"{say(float(values.iloc[-1]), 'money')} in {months[-1]}"
        for one in drawn
        if len(values := data.loc[data["demand"] == one, "value"])
    )
    return Chart(name, unit[:1].upper() + unit[1:], told, spec_of(chart), True)


def _months(rows: pd.DataFrame) -> Markup:
    table = pd.DataFrame({"month": [pd.Timestamp(day).strftime("%b %Y") for day in rows["month_start_date"]]})
    heads = []
    for column, (heading, unit) in _MONTH.items():
        if column in rows and rows[column].notna().any():
            table[heading] = [_said(value, unit) for value in rows[column]]
            heads.append(heading)
    return grid(table, "annual-months", {}, {one: one for one in heads}, row_name="month", right=heads)


def _said(value: float | None, unit: str) -> str:
    """Units of a whole network are said whole."""
    return say(value, unit) if unit or value is None or pd.isna(value) else say(float(round(value)))


def _prices(rows: pd.DataFrame) -> Grid:
    lines = []
    for resource, own in rows.groupby("resource", sort=True):
        binding = own[own["is_binding"].eq(True)]
        why = sorted({str(one) for one in own["null_reason"].dropna()}) if "null_reason" in own else []
        price = own["shadow_price"].max()
        lines.append(
            {
                "resource": words(str(resource)),
                "binds": f"{len(binding):,} of {len(own):,}",
                "price": say(price) if not pd.isna(price) else None,
                "what": "; ".join(why) or ("never binds" if binding.empty else None),
            }
        )
    heads = {"resource": "Resource", "binds": "Months and places where it binds", "price": "Highest price"}
    heads["what"] = "What it says"
    table = grid(pd.DataFrame(lines), "annual-prices", {}, heads, row_name="resource", right=("price",))
    return Grid(
        "What one more unit of each resource is worth",
        table,
        "Money of margin that one more unit of space, cash or capacity would bring; 0 where there is enough.",
    )
