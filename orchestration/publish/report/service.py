"""Service against cash: what more service costs, from the scenarios of the release, or from its backtest."""

from __future__ import annotations

from typing import Any

import pandas as pd

from orchestration.publish.reading import ReleaseReader
from orchestration.publish.report.blocks import Block, Chart, Grid, Section, say, words
from orchestration.publish.report.grids import published_grid
from orchestration.publish.report.pictures import BLUE, FAINT, ORANGE, spec_of

_NAME, _TITLE = "service", "Service against cash"
_SCENARIOS, _BACKTEST = "scenario_frontier", "policy_backtest"
_OURS = "current_plan"
_CASH, _FILL = "average_stock_value", "fill_rate"
_POINT = (
    "scenario_kind",
    "service_factor",
    "budget_multiplier",
    "fill_rate",
    "average_stock_value",
    "peak_cash",
    "cost_per_year",
    "lost_margin_per_year",
    "aged_value_share",
    "is_efficient",
    "marginal_price_of_service_point",
)


def service_section(source: ReleaseReader) -> Section:
    """Return the section of the frontier."""
    lead = "Up is more service, left is less money in stock."
    blocks: list[Block] = []
    if source.has(_SCENARIOS):
        blocks += _frontier(source, source.frame(_SCENARIOS))
    if source.has(_BACKTEST, "stock_at_target_value", "service_target", "policy_method"):
        blocks += _rules(source.frame(_BACKTEST))
    if not blocks:
        told = f"This release has neither {_SCENARIOS} nor a {_BACKTEST} that reaches its targets."
        return Section(_NAME, _TITLE, lead, missing=told)
    return Section(_NAME, _TITLE, lead, blocks)


def _frontier(source: ReleaseReader, rows: pd.DataFrame) -> list[Block]:
    import altair as alt

    if rows.empty or not {_FILL, _CASH} <= set(rows):
        return []
    if "scope_type" in rows and (rows["scope_type"] == "network").any():
        rows = rows[rows["scope_type"] == "network"]
    rows = rows.dropna(subset=[_FILL, _CASH]).sort_values([_CASH, _FILL], kind="stable", ignore_index=True)
    if rows.empty:
        return []
    data = pd.DataFrame({"stock": rows[_CASH].astype(float), "fill": rows[_FILL].astype(float)})
    data["scenario"] = [_named(row) for row in rows.to_dict("records")]
    data["kind"] = _efficient(rows)
    for end in ("low", "high"):
        if f"{_FILL}_{end}" in rows:
            data[end] = rows[f"{_FILL}_{end}"].astype(float)
    kinds = alt.Scale(domain=["efficient", "another does better"], range=[BLUE, FAINT])
    money = alt.Axis(format="~s", tickCount=6)
    base = alt.Chart(data).encode(
        x=alt.X(
            "stock:Q",
            title="average stock at cost, money",
            scale=alt.Scale(zero=False),
            axis=money,
        ),
        y=alt.Y(
            "fill:Q",
            title="units served at once",
            scale=alt.Scale(zero=False),
            axis=alt.Axis(format=".0%", tickCount=6),
        ),
    )
    points = base.mark_point(filled=True, size=80, opacity=1).encode(
        color=alt.Color("kind:N", title=None, scale=kinds),
        tooltip=["scenario:N", alt.Tooltip("fill:Q", format=".1%"), alt.Tooltip("stock:Q", format=",.0f")],
    )
    line = (
        alt.Chart(data[data["kind"] == "efficient"])
        .mark_line(color=BLUE, strokeWidth=2)
        .encode(x="stock:Q", y="fill:Q")
    )
    layers = [line, points]
    if {"low", "high"} <= set(data):
        layers.insert(
            0, base.mark_rule(color=BLUE, opacity=0.4, strokeWidth=3).encode(y="low:Q", y2="high:Q")
        )
    chart = alt.layer(*layers).properties(width="container", height=320)
    best = data[data["kind"] == "efficient"]
    told = f"{len(data)} scenarios, {len(best)} of them efficient. " + "; ".join(
        f"{row.scenario}: {say(row.fill, 'share')} served with {say(row.stock, 'money')} in stock"
        for row in best.itertuples()
    )
    return [
        Chart("frontier", "Scenarios: service against money in stock", told, spec_of(chart)),
        Grid(
            "The scenarios in figures",
            published_grid(source, _SCENARIOS, rows, "frontier-table", _POINT, 40),
            "The marginal price is what the next point of service costs a year on the efficient line.",
        ),
    ]


def _named(row: dict[Any, Any]) -> str:
    """What a point is called: its kind, and how far service and budget were turned."""
    parts = [words(str(row.get("scenario_kind") or row.get("scenario_id") or "scenario"))]
    for name, told in (
        ("service_factor", "service of the typical item"),
        ("budget_multiplier", "budget times"),
    ):
        value = row.get(name)
        if value is not None and not pd.isna(value):
            parts.append(f"{told} {say(float(value), 'share') if name == 'service_factor' else f'{value:g}'}")
    return ", ".join(parts)


def _efficient(rows: pd.DataFrame) -> list[str]:
    if "is_efficient" not in rows:
        return ["efficient"] * len(rows)
    return ["efficient" if one is True or one == 1 else "another does better" for one in rows["is_efficient"]]


def _rules(rows: pd.DataFrame) -> list[Block]:
    import altair as alt

    rows = rows[(rows["target_basis"] == "nominal") & (rows["breakdown"] == "all")]
    rows = rows.dropna(subset=["stock_at_target_value"])
    if rows.empty or _OURS not in set(rows["policy_method"]):
        return []
    best = _best_other(rows)
    groups = ["today's plan", f"best of the others: {words(best)}", "other rules"]
    named = {_OURS: groups[0], best: groups[1]}
    data = pd.DataFrame(
        {
            "stock": rows["stock_at_target_value"].astype(float),
            "fill": rows["service_target"].astype(float),
            "rule": [words(name) for name in rows["policy_method"]],
            "group": [named.get(name, groups[2]) for name in rows["policy_method"]],
        }
    ).sort_values(["rule", "fill"], kind="stable")
    # The last drawn lies on top.
    data["layer"] = [len(groups) - groups.index(group) for group in data["group"]]
    colours = alt.Scale(domain=groups, range=[BLUE, ORANGE, FAINT])
    money = alt.Axis(format="~s", tickCount=6)
    chart = (
        alt.Chart(data.sort_values(["layer", "rule", "fill"], kind="stable"))
        .mark_line(point={"size": 40}, strokeWidth=2)
        .encode(
            x=alt.X("stock:Q", title="mean stock at cost, money", scale=alt.Scale(zero=False), axis=money),
            y=alt.Y(
                "fill:Q",
                title="units served at once",
                scale=alt.Scale(zero=False),
                axis=alt.Axis(format=".0%", tickCount=6),
            ),
            color=alt.Color("group:N", title=None, scale=colours, legend=alt.Legend(labelLimit=300)),
            detail="rule:N",
            order="fill:Q",
            tooltip=["rule:N", alt.Tooltip("fill:Q", format=".0%"), alt.Tooltip("stock:Q", format=",.0f")],
        )
        .properties(width="container", height=340)
    )
    top = max(rows["service_target"])
    at_top = rows[rows["service_target"] == top].sort_values("stock_at_target_value", kind="stable")
    told = f"At {say(float(top), 'share')} served at once: " + "; ".join(
        f"{words(row.policy_method)} needs {say(row.stock_at_target_value, 'money')}"
        for row in at_top.itertuples()
    )
    first = rows.iloc[0]
    title = (
        f"Today's plan and the usual rules, replayed over {int(first['series_count']):,} item-locations from "
        f"{first['scored_from_date']} to {first['scored_to_date']}"
    )
    return [Chart("rules", title, told, spec_of(chart))]


def _best_other(rows: pd.DataFrame) -> str:
    """The other rule with least stock at the highest target that most of them reach; empty without one."""
    others = rows[rows["policy_method"] != _OURS]
    if others.empty:
        return ""
    reached = others["service_target"].value_counts()
    target = max(reached[reached == reached.max()].index)
    at_target = others[others["service_target"] == target]
    return str(at_target.sort_values(["stock_at_target_value", "policy_method"])["policy_method"].iloc[0])
