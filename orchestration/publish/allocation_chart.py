"""The picture of the allocation: who got what where stock is short, and what fairness costs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from orchestration.publish.drawing import BLUE, GREY, LIGHT, ORANGE, new_figure

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

# What was decided: by the model alone, or by the rules of plans where there are any.
_OURS = ("optimal", "rules")
_POOL_KEY = ["item_id", "location_id"]


def draw_allocation(frames: Mapping[str, pd.DataFrame]) -> Figure | None:
    """Segments by tier with what they want covered and not, beside the ways of sharing the same stock.

    Reads the published tables `allocation` and `fairness`; None where no segment wants anything.
    """
    shares = frames.get("allocation", pd.DataFrame())
    if shares.empty:
        return None
    wanted = shares[(shares["segment_id"] != "POOL") & (shares["demand_units"] > 0)]
    if wanted.empty:
        return None
    methods = _methods(frames.get("fairness", pd.DataFrame()))
    figure, axes = new_figure(12.0, 1.8 + 0.45 * max(wanted["segment_id"].nunique(), len(methods)), 1, 2)
    _segments(axes[0, 0], wanted)
    _prices(axes[0, 1], methods)
    return figure


def _segments(axis: Axes, wanted: pd.DataFrame) -> None:
    short = wanted.groupby(_POOL_KEY)["unmet_units"].transform("sum") > 0
    pools = wanted[short].groupby(_POOL_KEY).ngroups
    rows = (
        (wanted[short] if pools else wanted)
        .groupby(["priority_tier", "segment_id", "segment_name"], as_index=False)[
            ["demand_units", "unmet_units"]
        ]
        .sum()
    )
    covered = rows["demand_units"] - rows["unmet_units"]
    height = range(len(rows))
    axis.barh(height, covered, color=BLUE, label="covered by the quota")
    axis.barh(height, rows["unmet_units"], left=covered, color=ORANGE, label="not covered")
    for place, (given, asked) in enumerate(zip(covered, rows["demand_units"], strict=True)):
        axis.annotate(f" {100.0 * given / asked:.0f} %", (asked, place), va="center", fontsize=8, color=GREY)
    axis.set_yticks(
        list(height),
        [f"{row.segment_name}, tier {row.priority_tier}" for row in rows.itertuples()],
    )
    axis.invert_yaxis()
    axis.margins(x=0.12)
    axis.set_xlabel("units wanted over lead time and review")
    shown = f"pools that are short ({pools:,})" if pools else "all pools; none is short"
    axis.set_title(f"Who got what: {shown}", loc="left")
    axis.legend(frameon=False, loc="lower right")


def _methods(fairness: pd.DataFrame) -> pd.DataFrame:
    """One row per way of sharing, over all pools and tiers; ours first, then by what it costs."""
    if fairness.empty:
        return fairness
    rows = fairness[
        (fairness["breakdown"] == "all") & (fairness["priority_tier"] == 0) & (fairness["segment_id"] == "*")
    ].dropna(subset=["min_fill_rate"])
    rows = rows.assign(worst_fill=rows["min_fill_rate"], is_other=~rows["allocation_method"].isin(_OURS))
    return rows.sort_values(["is_other", "price_of_fairness", "allocation_method"], ignore_index=True)


def _prices(axis: Axes, methods: pd.DataFrame) -> None:
    if methods.empty:
        axis.set_visible(False)
        return
    height = range(len(methods))
    colours = [LIGHT if other else BLUE for other in methods["is_other"]]
    axis.barh(height, methods["worst_fill"] * 100.0, color=colours)
    columns = (methods[name].to_numpy(float) for name in ("worst_fill", "fill_rate", "price_of_fairness"))
    for place, (worst, fill, price) in enumerate(zip(*columns, strict=True)):
        won = "gives up" if price >= 0 else "earns more by"
        told = "" if np.isnan(price) else f", {won} {abs(price):,.0f}"
        axis.annotate(
            f" {100.0 * fill:.1f} % filled in all{told}", (worst * 100.0, place), va="center", fontsize=8
        )
    axis.set_yticks(list(height), [name.replace("_", " ") for name in methods["allocation_method"]])
    axis.invert_yaxis()
    axis.set_xlim(0, 165)
    axis.set_xticks(range(0, 101, 20))
    axis.set_xlabel("worst fill of a segment within its tier, %")
    axis.set_title("Ways of sharing the same stock, beside the highest margin first", loc="left")
