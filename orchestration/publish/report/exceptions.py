"""What to look at: the exceptions with most value at risk, and how many there are of each kind."""

from __future__ import annotations

from typing import Any

import pandas as pd
from markupsafe import Markup

from orchestration.publish.reading import ReleaseReader
from orchestration.publish.report.blocks import Block, Chart, Grid, Section, Tile, Tiles, say, words
from orchestration.publish.report.grids import grid
from orchestration.publish.report.pictures import ORANGE, spec_of

_NAME, _TITLE, _SHOWN = "exceptions", "Exceptions", 25
# The first that a release has: later ones count a cause once.
VALUES = ("counted_value_at_risk", "value_at_risk")
_OF_A_KIND = 4
# {column: heading}; in the table of the page only, the workbook has all columns.
_HEADS = {
    "severity": "Severity",
    "exception_type": "Kind",
    "where": "Where",
    "value_at_risk": "Value at risk",
    "detail": "What is wrong",
    "suggested_action": "What to do now",
    "owner_role": "Owner",
    "days_open": "Days open",
    "exception_status": "Status",
}


def open_exceptions(source: ReleaseReader) -> pd.DataFrame:
    """Return what is to be looked at, then watched, in the release's order; all where nothing is sorted."""
    rows = source.frame("exception")
    if "attention" in rows:
        rows = rows[rows["attention"] != "handled"]
    order = [name for name in ("attention", "exception_rank") if name in rows]
    return rows.sort_values(order, kind="stable") if order else rows


def value_of(rows: pd.DataFrame) -> pd.Series:
    """Return what each exception adds to a total: where several tell of one cause, only one counts."""
    return rows[next(name for name in VALUES if name in rows)].fillna(0.0).astype(float)


def exceptions_section(source: ReleaseReader) -> Section:
    """Return the section of exceptions."""
    lead = "What today's plan does not cure by itself, most value at risk first."
    if not source.has("exception"):
        return Section(_NAME, _TITLE, lead, missing="This release has no table exception.")
    rows = open_exceptions(source)
    if rows.empty:
        return Section(_NAME, _TITLE, lead, missing="Nothing to look at and nothing to watch today.")
    every = source.frame("exception", ["attention", *VALUES])
    blocks: list[Block] = []
    if "attention" in every:
        blocks.append(Tiles([_attention(every, one) for one in ("look", "watch", "handled")]))
    first = first_of_each_kind(rows, _OF_A_KIND).head(_SHOWN)
    blocks.append(
        Grid(
            f"What to do now: the first {len(first):,} of {len(rows):,}",
            _table(first),
            f"Of a kind the first {_OF_A_KIND}, value at risk in money. All of them: sheet exceptions of the "
            "workbook, table exception of the release.",
        )
    )
    blocks.append(_by_type(rows))
    return Section(_NAME, _TITLE, lead, blocks)


def first_of_each_kind(rows: pd.DataFrame, count: int) -> pd.DataFrame:
    """Return the rows in their order, of each kind of exception no more than `count`.

    >>> rows = pd.DataFrame({"exception_type": ["excess", "excess", "excess", "stock_out"]})
    >>> first_of_each_kind(rows, 2).index.tolist()
    [0, 1, 3]
    """
    if "exception_type" not in rows:
        return rows
    return rows[rows.groupby("exception_type").cumcount() < count]


def _table(rows: pd.DataFrame) -> Markup:
    table = pd.DataFrame({name: rows[name] for name in _HEADS if name in rows})
    place = min(2, table.shape[1])
    if {"item_id", "location_id"} <= set(rows):
        table.insert(place, "where", [_where(row) for row in rows.to_dict("records")])
        # Where no exception shown is of one place, the column would be dashes.
        table = table.drop(columns="where") if table["where"].isna().all() else table
    units = {"value_at_risk": "money", "days_open": "days"}
    return grid(table, "exceptions-first", units, _HEADS)


def _where(row: dict[Any, Any]) -> str | None:
    known = [str(row[name]) for name in ("item_id", "location_id") if not pd.isna(row[name])]
    return " at ".join(known) or None


def _attention(rows: pd.DataFrame, kind: str) -> Tile:
    chosen = rows[rows["attention"] == kind]
    told = {"look": "to look at", "watch": "to watch", "handled": "cured by today's plan"}[kind]
    value = say(float(value_of(chosen).sum()), "money")
    tone = {"look": "bad", "watch": "warn", "handled": "good"}[kind]
    return Tile(told, f"{len(chosen):,}", f"{value} at risk", tone)  # type: ignore[arg-type]


def _by_type(rows: pd.DataFrame) -> Chart:
    import altair as alt

    sums = (
        rows.assign(value_at_risk=value_of(rows))
        .groupby("exception_type", as_index=False)
        .agg(value=("value_at_risk", "sum"), count=("exception_type", "size"))
        .sort_values(["value", "exception_type"], ascending=[False, True])
    )
    sums["kind"] = sums["exception_type"].map(words)
    base = alt.Chart(sums).encode(
        y=alt.Y("kind:N", sort=sums["kind"].tolist(), title=None),
        x=alt.X("value:Q", title="value at risk, money", axis=alt.Axis(format="~s", tickCount=6)),
    )
    bars = base.mark_bar(color=ORANGE).encode(
        tooltip=[
            alt.Tooltip("kind:N", title="kind"),
            alt.Tooltip("value:Q", title="value at risk", format=",.0f"),
            alt.Tooltip("count:Q", title="exceptions"),
        ]
    )
    counts = base.mark_text(align="left", dx=4, color="currentColor").encode(
        text=alt.Text("count:Q", format=",")
    )
    first = sums.iloc[0]
    told = (
        f"{len(sums)} kinds of exceptions. Most value is at risk by {first['kind']}: "
        f"{say(first['value'], 'money')} in {first['count']:,} exceptions. "
        + "; ".join(f"{row.kind}: {say(row.value, 'money')}" for row in sums.iloc[1:].itertuples())
    )
    chart = (bars + counts).properties(width="container", height=24 * len(sums))
    return Chart("exception-kinds", "Value at risk by kind, with how many there are", told, spec_of(chart))
