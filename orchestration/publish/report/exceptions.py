"""What to look at: the exceptions with most value at risk, and how many there are of each kind."""

from __future__ import annotations

import pandas as pd

from orchestration.publish.reading import ReleaseReader
from orchestration.publish.report.blocks import Block, Chart, Grid, Section, Tile, Tiles, say, words
from orchestration.publish.report.grids import published_grid
from orchestration.publish.report.pictures import ORANGE, spec_of

_NAME, _TITLE, _SHOWN = "exceptions", "Exceptions", 25
# The first that a release has: later ones count a cause once.
VALUES = ("counted_value_at_risk", "value_at_risk")
_COLUMNS = (
    "severity",
    "exception_type",
    "item_id",
    "location_id",
    "value_at_risk",
    "detail",
    "suggested_action",
    "owner_role",
    "days_open",
    "exception_status",
)


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
    blocks.append(
        Grid(
            f"The first {min(_SHOWN, len(rows)):,} of {len(rows):,}",
            published_grid(source, "exception", rows, "exceptions-first", _COLUMNS, _SHOWN),
            "All of them: sheet exceptions of the workbook, table exception of the release.",
        )
    )
    blocks.append(_by_type(rows))
    return Section(_NAME, _TITLE, lead, blocks)


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
