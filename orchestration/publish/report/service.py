"""Service against cash: what more service costs, from the scenarios of the release, or from its backtest."""

from __future__ import annotations

import math
from typing import Any

import pandas as pd
from markupsafe import Markup

from orchestration.publish.reading import ReleaseReader
from orchestration.publish.report.blocks import Block, Chart, Grid, Section, say, words
from orchestration.publish.report.grids import grid
from orchestration.publish.report.pictures import BLUE, FAINT, ORANGE, spec_of

_NAME, _TITLE = "service", "Service against cash"
_SCENARIOS, _BACKTEST = "scenario_frontier", "policy_backtest"
_OURS = "current_plan"
_MOST_POINTS = 40
_CASH, _FILL = "average_stock_value", "fill_rate"
_BASELINE = "baseline"
_KINDS = {
    _BASELINE: "today's targets",
    "budget": "one price of money",
    "equal_target": "one target for all",
}
_METHODS = {"textbook_sba": "textbook (Syntetos-Boylan)"}
_GROUPS = ("efficient", "another does better", "today's targets")
# {column: (heading, unit)}
_POINT = {
    "service_factor": ("Service of the typical item", "share"),
    "fill_rate": ("Units served at once", "share"),
    "average_stock_value": ("Stock at cost", "money"),
    "peak_cash": ("Peak of stock", "money"),
    "cost_per_year": ("Cost a year", "money"),
    "lost_margin_per_year": ("Margin lost a year", "money"),
    "aged_value_share": ("Aged stock", "share"),
    "marginal_price_of_service_point": ("Price of the next point, a year", "money"),
}
# Points whose service of the typical item is written beside them: a few, so that none lies on another.
_WRITTEN = (0.5, 0.8, 0.9, 0.955, 0.999)
_MONEY = "replace(format(datum.value, '~s'), 'G', 'B')"


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
    data["kind"] = _groups(rows)
    data["written"] = _written(rows)
    for end in ("low", "high"):
        if f"{_FILL}_{end}" in rows:
            data[end] = rows[f"{_FILL}_{end}"].astype(float)
    kinds = alt.Scale(domain=list(_GROUPS), range=[BLUE, FAINT, ORANGE])
    money = alt.Axis(labelExpr=_MONEY, tickCount=6)
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
    shapes = alt.Scale(domain=list(_GROUPS), range=["circle", "cross", "diamond"])
    points = base.mark_point(filled=True, size=90, opacity=1).encode(
        color=alt.Color("kind:N", title=None, scale=kinds),
        shape=alt.Shape("kind:N", title=None, scale=shapes),
        tooltip=["scenario:N", alt.Tooltip("fill:Q", format=".1%"), alt.Tooltip("stock:Q", format=",.0f")],
    )
    best = data[[one is True or one == 1 for one in _flags(rows)]]
    line = alt.Chart(best).mark_line(color=BLUE, strokeWidth=2).encode(x="stock:Q", y="fill:Q")
    names = base.mark_text(align="right", dx=-8, dy=-8, color="currentColor").encode(text="written:N")
    layers = [line, points, names.transform_filter("datum.written != ''")]
    if {"low", "high"} <= set(data):
        layers.insert(
            0, base.mark_rule(color=BLUE, opacity=0.4, strokeWidth=3).encode(y="low:Q", y2="high:Q")
        )
    chart = alt.layer(*layers).properties(width="container", height=320)
    told = f"{len(data)} scenarios, {len(best)} of them efficient. " + "; ".join(
        f"{row.scenario}: {say(row.fill, 'share')} served with {say(row.stock, 'money')} in stock"
        for row in best.itertuples()
    )
    return [
        Chart("frontier", "Scenarios: service against money in stock", told, spec_of(chart)),
        Grid(
            "The scenarios in figures",
            _points(rows),
            "Money at cost. The price of the next point is what one more point of units served costs a year "
            "from the efficient scenario below; what is not efficient has none.",
        ),
    ]


def _points(rows: pd.DataFrame) -> Markup:
    """The scenarios as a table, least money first."""
    held = {name: told for name, told in _POINT.items() if name in rows}
    table = pd.DataFrame({"scenario": [_kind(row) for row in rows.to_dict("records")]})
    for name, (heading, unit) in held.items():
        table[heading] = [say(value, unit) for value in rows[name]]
    table["Efficient"] = ["yes" if one is True or one == 1 else "no" for one in _flags(rows)]
    headings = [heading for heading, _ in held.values()]
    names = {"scenario": "Targets set by", **{one: one for one in table.columns if one != "scenario"}}
    return grid(table.head(_MOST_POINTS), "frontier-table", {}, names, right=headings)


def _kind(row: dict[Any, Any]) -> str:
    kind = str(row.get("scenario_kind") or row.get("scenario_id") or "scenario")
    return _KINDS.get(kind, words(kind))


def _named(row: dict[Any, Any]) -> str:
    """What a point is called: its kind, and the service of the typical item."""
    factor = row.get("service_factor")
    if factor is None or pd.isna(factor):
        return _kind(row)
    return f"{_kind(row)}, service of the typical item {say(float(factor), 'share')}"


def _flags(rows: pd.DataFrame) -> list[Any]:
    return rows["is_efficient"].tolist() if "is_efficient" in rows else [True] * len(rows)


def _groups(rows: pd.DataFrame) -> list[str]:
    kinds = rows["scenario_kind"] if "scenario_kind" in rows else [""] * len(rows)
    return [
        _GROUPS[2] if kind == _BASELINE else _GROUPS[0] if flag is True or flag == 1 else _GROUPS[1]
        for kind, flag in zip(kinds, _flags(rows), strict=True)
    ]


def _written(rows: pd.DataFrame) -> list[str]:
    """What stands beside a point: today's, and the service of a few on the efficient line."""
    told = []
    for row, flag, group in zip(rows.to_dict("records"), _flags(rows), _groups(rows), strict=True):
        factor = row.get("service_factor")
        known = math.nan if factor is None else float(factor)
        if group == _GROUPS[2]:
            told.append("today")
        elif flag and any(math.isclose(known, one) for one in _WRITTEN):
            told.append(say(known, "share"))
        else:
            told.append("")
    return told


def _rules(rows: pd.DataFrame) -> list[Block]:
    import altair as alt

    rows = rows[(rows["target_basis"] == "nominal") & (rows["breakdown"] == "all")]
    rows = rows.dropna(subset=["stock_at_target_value"])
    if rows.empty or _OURS not in set(rows["policy_method"]):
        return []
    best = _best_other(rows)
    groups = ["today's plan", f"best other: {_rule(best)}", "other rules"]
    named = {_OURS: groups[0], best: groups[1]}
    data = pd.DataFrame(
        {
            "stock": rows["stock_at_target_value"].astype(float),
            "fill": rows["service_target"].astype(float),
            "rule": [_rule(name) for name in rows["policy_method"]],
            "group": [named.get(name, groups[2]) for name in rows["policy_method"]],
        }
    ).sort_values(["rule", "fill"], kind="stable")
    # The last drawn lies on top.
    data["layer"] = [len(groups) - groups.index(group) for group in data["group"]]
    colours = alt.Scale(domain=groups, range=[BLUE, ORANGE, FAINT])
    dashes = alt.Scale(domain=groups, range=[[1, 0], [6, 3], [1, 0]])
    money = alt.Axis(labelExpr=_MONEY, tickCount=6)
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
            color=alt.Color(
                "group:N", title=None, scale=colours, legend=alt.Legend(direction="vertical", labelLimit=300)
            ),
            strokeDash=alt.StrokeDash("group:N", title=None, scale=dashes),
            detail="rule:N",
            order="fill:Q",
            tooltip=["rule:N", alt.Tooltip("fill:Q", format=".0%"), alt.Tooltip("stock:Q", format=",.0f")],
        )
        .properties(width="container", height=340)
    )
    top = max(rows["service_target"])
    at_top = rows[rows["service_target"] == top].sort_values("stock_at_target_value", kind="stable")
    told = f"At {say(float(top), 'share')} served at once: " + "; ".join(
        f"{_rule(row.policy_method)} needs {say(row.stock_at_target_value, 'money')}"
        for row in at_top.itertuples()
    )
    first = rows.iloc[0]
    title = (
        f"Today's plan and the usual rules, replayed over {int(first['series_count']):,} item-locations from "
        f"{first['scored_from_date']} to {first['scored_to_date']}"
    )
    return [Chart("rules", title, told, spec_of(chart))]


def _rule(name: str) -> str:
    return _METHODS.get(name, words(name))


def _best_other(rows: pd.DataFrame) -> str:
    """The other rule with least stock at the highest target that most of them reach; empty without one."""
    others = rows[rows["policy_method"] != _OURS]
    if others.empty:
        return ""
    reached = others["service_target"].value_counts()
    target = max(reached[reached == reached.max()].index)
    at_target = others[others["service_target"] == target]
    return str(at_target.sort_values(["stock_at_target_value", "policy_method"])["policy_method"].iloc[0])
