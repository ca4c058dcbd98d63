"""Allocation and fairness: who gets what where stock is short, and what other ways of sharing would do."""

from __future__ import annotations

import pandas as pd

from orchestration.publish.reading import ReleaseReader
from orchestration.publish.report.blocks import Block, Chart, Grid, Section, say, words
from orchestration.publish.report.grids import grid
from orchestration.publish.report.pictures import BLUE, ORANGE, spec_of

_NAME, _TITLE = "allocation", "Allocation and fairness"
_POOL = ["item_id", "location_id"]
_OURS = ("optimal", "rules")


def allocation_section(source: ReleaseReader) -> Section:
    """Return the section of allocation."""
    lead = "Segments that want the same stock, over lead time and review, in the pools that are short."
    blocks: list[Block] = []
    if source.has("allocation", "segment_id", "segment_name", "priority_tier", "demand_units", "unmet_units"):
        columns = [*_POOL, "segment_id", "segment_name", "priority_tier", "demand_units", "unmet_units"]
        blocks += _shares(source.frame("allocation", columns))
    if source.has("fairness", "allocation_method", "min_fill_rate", "price_of_fairness"):
        blocks += _ways(source.frame("fairness"))
    if not blocks:
        told = "This release allocates nothing: no segment wants more than another may have."
        return Section(_NAME, _TITLE, lead, missing=told)
    return Section(_NAME, _TITLE, lead, blocks)


def _shares(rows: pd.DataFrame) -> list[Block]:
    import altair as alt

    wanted = rows[(rows["segment_id"] != "POOL") & (rows["demand_units"] > 0)]
    short = wanted[wanted.groupby(_POOL)["unmet_units"].transform("sum") > 0]
    if short.empty:
        return []
    keys = ["priority_tier", "segment_id", "segment_name"]
    sums = short.groupby(keys, as_index=False)[["demand_units", "unmet_units"]].sum()
    sums["covered"] = sums["demand_units"] - sums["unmet_units"]
    sums["segment"] = [f"{row.segment_name}, tier {row.priority_tier}" for row in sums.itertuples()]
    names = ["covered by the quota", "not covered"]
    data = pd.concat(
        [
            pd.DataFrame(
                {"segment": sums["segment"], "units": sums["covered"], "part": names[0], "place": 0}
            ),
            pd.DataFrame(
                {"segment": sums["segment"], "units": sums["unmet_units"], "part": names[1], "place": 1}
            ),
        ]
    )
    data["units"] = data["units"].astype(float).round(6)
    chart = (
        alt.Chart(data)
        .mark_bar()
        .encode(
            y=alt.Y("segment:N", sort=sums["segment"].tolist(), title=None),
            x=alt.X("units:Q", title="units wanted", axis=alt.Axis(format="~s", tickCount=6)),
            color=alt.Color("part:N", title=None, scale=alt.Scale(domain=names, range=[BLUE, ORANGE])),
            order="place:O",
            tooltip=["segment:N", "part:N", alt.Tooltip("units:Q", format=",.0f")],
        )
        .properties(width="container", height=30 * len(sums))
    )
    pools = short.groupby(_POOL).ngroups
    told = f"In {pools:,} short pools: " + "; ".join(
        f"{row.segment} gets {row.covered:,.0f} of {row.demand_units:,.0f} units" for row in sums.itertuples()
    )
    title = f"Who gets what in the {pools:,} pools that are short"
    return [Chart("allocation-shares", title, told, spec_of(chart))]


def _ways(rows: pd.DataFrame) -> list[Block]:
    chosen = rows[
        (rows["breakdown"] == "all") & (rows["priority_tier"] == 0) & (rows["segment_id"] == "*")
    ].dropna(subset=["min_fill_rate"])
    if chosen.empty:
        return []
    chosen = chosen.assign(is_other=~chosen["allocation_method"].isin(_OURS))
    chosen = chosen.sort_values(["is_other", "price_of_fairness", "allocation_method"], kind="stable")
    table = pd.DataFrame(
        {
            "way": [words(one) for one in chosen["allocation_method"]],
            "fill": chosen["fill_rate"].to_numpy(),
            "worst": chosen["min_fill_rate"].to_numpy(),
            "gini": chosen["gini"].to_numpy() if "gini" in chosen else None,
            "margin": [say(float(one), "money") for one in chosen["served_value"]],
            "price": [
                None if pd.isna(one) else say(float(one), "money") for one in chosen["price_of_fairness"]
            ],
        }
    )
    names = {
        "way": "Shared by",
        "fill": "Filled in all",
        "worst": "Worst segment of its tier",
        "gini": "Inequality (Gini)",
        "margin": "Margin served",
        "price": "Margin given up for it",
    }
    units = {"fill": "share", "worst": "share", "gini": "factor"}
    return [
        Grid(
            "Ways of sharing the same stock",
            grid(table, "fairness-ways", units, names, row_name="way", right=("margin", "price")),
            "Ours first; the margin given up is against highest value first, below zero it earns more.",
        )
    ]
