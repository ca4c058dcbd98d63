"""Charts of a release as static SVG files: where a person would rather look than read rows.

Drawn from the candidate's own tables into the evidence that is kept with the release; not part of
the content hash. The same tables give the same bytes: no dates, no ids, letters as outlines.
What matters is dark on white, and lines are named where they end.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from orchestration.lake.parquet import read_arrow, write_text
from orchestration.publish.allocation_chart import draw_allocation
from orchestration.publish.drawing import BLUE, GREEN, GREY, INK, LIGHT, ORANGE, new_figure

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

OURS = "current_plan"
_ITEMS_BY_VALUE, _ITEMS_BY_EXCEPTION = 6, 3
_WEEKS_SHOWN = 52
# From frequent to rare, from small to large, where the alphabet would not know.
_CLASSES = ("smooth", "erratic", "intermittent", "lumpy", "dormant")
_ORDER = {"*": "0", "below 0.5": "0"} | {name: str(k + 1) for k, name in enumerate(_CLASSES)}
_STYLE: dict[Any, Any] = {
    "svg.hashsalt": "stockplan",
    "svg.fonttype": "path",
    "font.family": "DejaVu Sans",
    "font.size": 9,
    "axes.edgecolor": INK,
    "axes.labelcolor": INK,
    "axes.titlesize": 10,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "text.color": INK,
    "xtick.color": INK,
    "ytick.color": INK,
    "figure.facecolor": "white",
    "axes.facecolor": "white",
}


@dataclass(frozen=True)
class Chart:
    """One picture: its file, the table it shows, and how it is drawn from the tables (None: nothing)."""

    name: str
    title: str
    table: str
    draw: Callable[[Mapping[str, pd.DataFrame]], Figure | None]


def draw_charts(
    tables: Mapping[str, Path], item_location: pd.DataFrame, demand_history: pd.DataFrame, folder: Path
) -> list[Path]:
    """Draw every chart whose tables hold something, and a page that shows them all.

    `tables` are the candidate's Parquet files by name, the frames the `opt_in__` tables of these names.
    Returns the files that were written into `folder`.
    """
    needed = ("policy_backtest", "forecast_accuracy", "forecast", "exception", "allocation", "fairness")
    frames = {name: read_arrow(tables[name]).to_pandas() for name in needed if name in tables}
    frames |= {"item_location": item_location, "demand_history": demand_history}
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    with _style():
        for chart in CHARTS:
            figure = chart.draw(frames)
            if figure is not None:
                path = folder / f"{chart.name}.svg"
                figure.savefig(path, format="svg", metadata={"Date": None, "Creator": None})
                written.append(path)
    page = folder / "index.html"
    write_text(_page([path.name for path in written]), page)
    return [*written, page]


@contextmanager
def _style() -> Iterator[None]:
    import matplotlib as mpl

    with mpl.rc_context(_STYLE):
        yield


def _page(names: list[str]) -> str:
    titles = {f"{chart.name}.svg": chart.title for chart in CHARTS}
    body = "\n".join(f'<h2>{titles[name]}</h2>\n<img src="{name}" alt="{titles[name]}">' for name in names)
    return (
        '<!doctype html>\n<html lang="en"><meta charset="utf-8"><title>Charts of the release</title>\n'
        "<style>body{font-family:sans-serif;color:#1a1a1a;background:#fff;max-width:1000px;margin:2em auto}"
        "img{width:100%}</style>\n" + body + "\n</html>\n"
    )


# --- demand with its band


def _demand(frames: Mapping[str, pd.DataFrame]) -> Figure | None:
    """History and forecast of the item-locations with most demand at cost, and of the top exceptions."""
    if "forecast" not in frames or frames["forecast"].empty:
        return None
    chosen = _matter_most(frames)
    if not chosen:
        return None
    figure, axes = new_figure(12.0, 2.6 * ((len(chosen) + 2) // 3), (len(chosen) + 2) // 3, 3)
    for axis in axes.flat[len(chosen) :]:
        axis.set_visible(False)
    for axis, (item, place, why) in zip(axes.flat, chosen, strict=False):
        _one_demand(axis, frames, item, place)
        axis.set_title(f"{item} at {place}\n{why}", loc="left")
    for axis in axes[:, 0]:
        axis.set_ylabel("units per week")
    handles, labels = axes.flat[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside upper right", ncols=len(labels), frameon=False)
    return figure


def _matter_most(frames: Mapping[str, pd.DataFrame]) -> list[tuple[str, str, str]]:
    pair = ["item_id", "location_id"]
    forecast, terms = frames["forecast"], frames["item_location"]
    expected = forecast.groupby(pair, sort=True)["mean_units"].sum().rename("expected_units")
    value = expected.reset_index().merge(terms[[*pair, "unit_cost"]], on=pair)
    value["value"] = value["expected_units"] * value["unit_cost"]
    top = value.sort_values(["value", *pair], ascending=[False, True, True]).head(_ITEMS_BY_VALUE)
    chosen = [(str(row.item_id), str(row.location_id), "much demand at cost") for row in top.itertuples()]
    taken = {(item, place) for item, place, _ in chosen}
    forecast_pairs = set(zip(value["item_id"], value["location_id"], strict=True))
    exceptions = frames.get("exception", pd.DataFrame())
    if not exceptions.empty:
        told = exceptions.dropna(subset=pair).sort_values(["value_at_risk", "exception_id"], ascending=False)
        for row in told.itertuples():
            key = (str(row.item_id), str(row.location_id))
            if len(chosen) >= _ITEMS_BY_VALUE + _ITEMS_BY_EXCEPTION:
                break
            if key in forecast_pairs and key not in taken:
                taken.add(key)
                chosen.append((*key, f"exception: {str(row.exception_type).replace('_', ' ')}"))
    return chosen


def _one_demand(axis: Axes, frames: Mapping[str, pd.DataFrame], item: str, place: str) -> None:
    from matplotlib.ticker import MaxNLocator

    def of(frame: pd.DataFrame) -> pd.DataFrame:
        return frame[(frame["item_id"] == item) & (frame["location_id"] == place)]

    ahead = of(frames["forecast"]).sort_values("bucket_start_date")
    first = pd.Timestamp(ahead["bucket_start_date"].iloc[0])
    past = of(frames["demand_history"])
    # Whole weeks before the plan, which begins at 0; a week without a row had no demand.
    ago = (pd.to_datetime(past["bucket_start_date"]) - first).dt.days // 7
    came = past["demand_units"].groupby(ago.to_numpy()).sum().reindex(range(-_WEEKS_SHOWN, 0), fill_value=0.0)
    axis.bar(came.index, came, width=0.85, color=LIGHT, align="edge", label="demand that came")
    after = range(len(ahead) + 1)

    def steps(column: str) -> list[float]:
        values = ahead[column].astype(float).tolist()
        return [*values, values[-1]]

    for low, high, shade, label in (
        ("q50_units", "q80_units", 0.45, "50 to 80 %"),
        ("q80_units", "q95_units", 0.22, "80 to 95 %"),
    ):
        axis.fill_between(
            after, steps(low), steps(high), step="post", color=BLUE, alpha=shade, linewidth=0, label=label
        )
    axis.step(after, steps("mean_units"), where="post", color=INK, linewidth=1.4, label="expected")
    axis.axvline(0, color=GREY, linewidth=0.8, linestyle=":")
    axis.set_ylim(bottom=0)
    axis.yaxis.set_major_locator(MaxNLocator(nbins=5, integer=True))
    months = pd.date_range(
        first - pd.Timedelta(weeks=_WEEKS_SHOWN), first + pd.Timedelta(weeks=len(ahead)), freq="QS"
    )
    axis.set_xticks(
        [(month - first).days / 7.0 for month in months], [month.strftime("%b %Y") for month in months]
    )


# --- service against stock


def _frontier(frames: Mapping[str, pd.DataFrame]) -> Figure | None:
    """Stock that each rule needs for a fill rate, ours against those of today."""
    rows = frames.get("policy_backtest", pd.DataFrame())
    if rows.empty:
        return None
    rows = rows[(rows["target_basis"] == "nominal") & (rows["breakdown"] == "all")]
    rows = rows.dropna(subset=["stock_at_target_value"])
    if rows.empty or OURS not in set(rows["policy_method"]):
        return None
    curves = {
        str(name): part.sort_values("service_target")
        for name, part in rows.groupby("policy_method", sort=True)
    }
    best = _best_simple(curves)
    figure, axes = new_figure(9.0, 5.5)
    axis = axes[0, 0]
    for name, part in sorted(curves.items(), key=lambda pair: (pair[0] == OURS, pair[0] == best, pair[0])):
        colour, width, marker = (
            (BLUE, 2.6, "o") if name == OURS else (ORANGE, 1.8, "s") if name == best else (LIGHT, 1.2, ".")
        )
        stock, fill = part["stock_at_target_value"] / 1e6, part["service_target"] * 100.0
        axis.plot(stock, fill, color=colour, linewidth=width, marker=marker, markersize=5, label=name)
    _name_lines(axis, curves, best)
    first = rows.iloc[0]
    axis.set_xlabel("mean stock at cost, millions of money")
    axis.set_ylabel("units served at once from stock, %")
    axis.set_title(
        f"Less stock for the same service lies to the left. {int(first['series_count']):,} item-locations, "
        f"weeks from {pd.Timestamp(first['scored_from_date']):%Y-%m-%d} to "
        f"{pd.Timestamp(first['scored_to_date']):%Y-%m-%d}",
        loc="left",
    )
    axis.grid(axis="y", color="#E6E6E6", linewidth=0.8)
    axis.margins(x=0.12)
    return figure


def _best_simple(curves: Mapping[str, pd.DataFrame]) -> str | None:
    """The simple rule with the least stock at the highest target that most rules reach."""
    simple = {name: part.set_index("service_target") for name, part in curves.items() if name != OURS}
    if not simple:
        return None
    targets = pd.concat([part.index.to_series() for part in simple.values()]).value_counts()
    target = max(targets[targets == targets.max()].index)
    stock = {
        name: float(part.loc[target, "stock_at_target_value"])
        for name, part in simple.items()
        if target in part.index
    }
    return min(stock, key=lambda name: (stock[name], name))


def _name_lines(axis: Axes, curves: Mapping[str, pd.DataFrame], best: str | None) -> None:
    """A legend in the order of stock, so that grey lines can be told apart by their place."""
    handles, labels = axis.get_legend_handles_labels()
    last = {name: float(part["stock_at_target_value"].iloc[-1]) for name, part in curves.items()}
    order = sorted(range(len(labels)), key=lambda k: (labels[k] != OURS, labels[k] != best, last[labels[k]]))
    axis.legend(
        [handles[k] for k in order],
        [labels[k].replace("_", " ") for k in order],
        loc="lower right",
        frameon=False,
        title="rule",
    )


# --- promises and coverage


def _promise(frames: Mapping[str, pd.DataFrame]) -> Figure | None:
    """Service that the plan would have achieved, with its interval, against what was asked for."""
    rows = frames.get("policy_backtest", pd.DataFrame())
    if rows.empty:
        return None
    rows = rows[(rows["target_basis"] == "policy") & rows["achieved_service"].notna()]
    rows = rows[rows["breakdown"] != "category"]
    rows = rows.sort_values(["breakdown", "breakdown_value"], key=lambda names: names.replace(_ORDER))
    if rows.empty:
        return None
    figure, axes = new_figure(9.0, 1.4 + 0.34 * len(rows))
    axis = axes[0, 0]
    names = [_group_name(row) for row in rows.itertuples()]
    height = range(len(rows))
    achieved = rows["achieved_service"] * 100.0
    low = (achieved - rows["achieved_service_low"] * 100.0).clip(lower=0).fillna(0.0)
    high = (rows["achieved_service_high"] * 100.0 - achieved).clip(lower=0).fillna(0.0)
    axis.errorbar(
        achieved, height, xerr=[low, high], fmt="o", color=BLUE, capsize=3, label="achieved, 95 % interval"
    )
    axis.plot(
        rows["service_target"] * 100.0,
        height,
        "|",
        color=ORANGE,
        markersize=15,
        markeredgewidth=3,
        label="target",
    )
    axis.set_yticks(list(height), names)
    axis.invert_yaxis()
    axis.set_xlabel(f"{rows['service_metric'].mode().iloc[0]} service, %")
    axis.set_title("What the plan would have kept of its targets in the scored weeks", loc="left")
    axis.grid(axis="x", color="#E6E6E6", linewidth=0.8)
    figure.legend(loc="outside lower right", ncols=2, frameon=False)
    return figure


def _group_name(row: Any) -> str:
    name = "all" if row.breakdown == "all" else f"{row.breakdown_value}"
    kind = "" if row.breakdown == "all" else f"{row.breakdown.replace('_', ' ')}: "
    return f"{kind}{name} ({int(row.series_count):,})"


def _coverage(frames: Mapping[str, pd.DataFrame]) -> Figure | None:
    """How often demand over lead time stayed at or below its quantiles, per class."""
    rows = frames.get("forecast_accuracy", pd.DataFrame())
    if rows.empty:
        return None
    rows = rows[
        (rows["evidence"] == "backtest")
        & (rows["forecast_interval"] == "protection")
        & rows["breakdown"].isin(["all", "demand_class"])
        & rows["randomised_coverage_q90"].notna()
    ]
    if rows.empty:
        return None
    rows = rows.sort_values("breakdown_value", key=lambda names: names.replace(_ORDER))
    figure, axes = new_figure(9.0, 4.2)
    axis = axes[0, 0]
    places = range(len(rows))
    marks = ((80, GREEN, "^"), (90, BLUE, "o"), (95, ORANGE, "s"))
    for level, colour, marker in marks:
        axis.axhline(level, color=colour, linewidth=1.0, linestyle="--", alpha=0.7)
        share = rows[f"randomised_coverage_q{level}"] * 100.0
        axis.plot(places, share, marker, color=colour, markersize=8, label=f"{level} % quantile")
    names = rows["breakdown_value"].replace("*", "all").tolist()
    counts = rows["observation_count"].tolist()
    axis.set_xticks(
        list(places), [f"{name}\n{int(count):,} forecasts" for name, count in zip(names, counts, strict=True)]
    )
    axis.margins(x=0.08)
    axis.set_ylim(60, 100)
    axis.set_ylabel("demands at or below the quantile, %")
    axis.set_title("Demand over lead time plus review: a right forecast meets its dashed line", loc="left")
    figure.legend(loc="outside lower right", ncols=3, frameon=False)
    return figure


CHARTS = (
    Chart("demand", "Demand with its forecast band: the items that matter", "forecast", _demand),
    Chart(
        "service_and_stock",
        "Service against stock: our plan and the rules of today",
        "policy_backtest",
        _frontier,
    ),
    Chart("promise", "Targets and what the plan would have achieved", "policy_backtest", _promise),
    Chart(
        "coverage", "Coverage of the forecast's quantiles by class of demand", "forecast_accuracy", _coverage
    ),
    Chart("allocation", "Who got what, and what fairness costs", "fairness", draw_allocation),
)
