"""KPI trends: the headlines with twelve months behind them, and every KPI of the network in one table."""

from __future__ import annotations

import math
import statistics
from dataclasses import dataclass

import pandas as pd

from orchestration.publish.reading import ReleaseReader, label
from orchestration.publish.report.blocks import Block, Chart, Grid, Section, Tone, say, words
from orchestration.publish.report.grids import grid
from orchestration.publish.report.pictures import BLUE, spec_of

_NAME, _TITLE = "kpis", "KPI trends"
_MONTHS = 12
# Closer than this share of itself a figure is the same.
_SAME = 0.005
# Units that the figures themselves show.
_SHOWN_UNITS = ("share", "ratio", "")
# What a network is run by, in the order in which people ask; those that the release has are drawn.
_HEADLINES = (
    "unit_fill_rate",
    "line_fill_rate",
    "order_fill_rate",
    "stockout_rate",
    "inventory_investment",
    "average_inventory",
    "days_supply",
    "inventory_turnover",
    "carrying_cost",
    "gross_margin",
    "gmroi",
    "delivery_days_mean",
    "expedite_rate",
    "forecast_wape",
    "mto_on_time_rate",
    "cash_to_cash_days",
)
_FAMILIES = ("service", "stock", "cost", "cash", "forecast", "segment", "mto", "")


@dataclass(frozen=True)
class Kind:
    """What is known of a KPI: its name for people, its unit, its family, and which way is good."""

    title: str
    unit: str
    family: str = ""
    good: str = "none"


def kinds(source: ReleaseReader) -> dict[str, Kind]:
    """Return the release's KPIs; where it has no catalogue, named and measured by their names."""
    names = sorted(set(source.frame("kpi", ["kpi"]).get("kpi", [])))
    found = {name: Kind(label(name), _unit_by_name(name)) for name in names}
    if source.has("kpi_catalogue", "kpi", "title", "unit"):
        for row in source.frame("kpi_catalogue").itertuples():
            if row.kpi in found:
                found[row.kpi] = Kind(
                    str(row.title),
                    str(row.unit or ""),
                    str(getattr(row, "family", "") or ""),
                    str(getattr(row, "good_direction", "none")),
                )
    return found


def network_rows(source: ReleaseReader) -> pd.DataFrame:
    """Return the KPIs of the whole network."""
    rows = source.frame("kpi")
    if "scope_type" not in rows:
        return rows
    return rows[rows["scope_type"] == "network"]


def indicators_section(source: ReleaseReader) -> Section:
    """Return the section of KPIs."""
    lead = "The whole network: each month of the last twelve, and the last 30, 90 and 365 days."
    rows = network_rows(source)
    if rows.empty:
        return Section(_NAME, _TITLE, lead, missing="This release has no KPIs of the network.")
    known = kinds(source)
    months = rows[(rows["period"] == "month") & rows["value"].notna()]
    drawn = [name for name in _HEADLINES if (months["kpi"] == name).sum() > 1]
    blocks: list[Block] = [_trend(name, known[name], months[months["kpi"] == name], rows) for name in drawn]
    blocks.append(_every(rows, known))
    return Section(_NAME, _TITLE, lead, blocks)


def _trend(name: str, kind: Kind, months: pd.DataFrame, rows: pd.DataFrame) -> Chart:
    import altair as alt

    held = months.sort_values("period_end_date").tail(_MONTHS)
    data = pd.DataFrame(
        {
            "month": [pd.Timestamp(day).strftime("%b %y") for day in held["period_end_date"]],
            "value": held["value"].astype(float).to_numpy(),
        }
    )
    data["said"] = [say(value, kind.unit) for value in data["value"]]
    shape = ".0%" if kind.unit == "share" else "~s"
    # Every third month is named: twelve names do not fit a phone.
    named = data["month"].tolist()[::3]
    chart = (
        alt.Chart(data)
        .mark_line(color=BLUE, point={"color": BLUE, "size": 28}, strokeWidth=2)
        .encode(
            x=alt.X(
                "month:O",
                title=None,
                sort=data["month"].tolist(),
                axis=alt.Axis(values=named, labelAngle=0, grid=False),
            ),
            y=alt.Y(
                "value:Q",
                title=None,
                scale=alt.Scale(zero=False, nice=True),
                axis=alt.Axis(format=shape, tickCount=4),
            ),
            tooltip=[alt.Tooltip("month:O", title="month"), alt.Tooltip("said:N", title=kind.title)],
        )
        .properties(width="container", height=120)
    )
    now, year = _rolling(rows, name, 30), _rolling(rows, name, 365)
    first, last = data.iloc[0], data.iloc[-1]
    told = (
        f"{kind.title}: {first['said']} in {first['month']}, {last['said']} in {last['month']}, lowest "
        f"{say(data['value'].min(), kind.unit)}, highest {say(data['value'].max(), kind.unit)}."
    )
    short = f"{say(now, kind.unit)} in 30 days" if now is not None else f"{last['said']} in {last['month']}"
    against = f", {say(year, kind.unit)} in 365" if year is not None else ""
    said, tone = direction(data["value"].tolist(), kind.good)
    verdict = f"{last['month']}: {last['said']}, {said}" if said else ""
    return Chart(
        f"kpi-{name.replace('_', '-')}",
        f"{kind.title}: {short}{against}",
        f"{told} {verdict}".strip(),
        spec_of(chart),
        True,
        verdict,
        tone,
    )


def _rolling(rows: pd.DataFrame, name: str, days: int) -> float | None:
    found = rows[(rows["kpi"] == name) & (rows["period"] == "rolling") & (rows["window_days"] == days)]
    value = found["value"].iloc[0] if len(found) else None
    return None if value is None or pd.isna(value) else float(value)


def _every(rows: pd.DataFrame, known: dict[str, Kind]) -> Grid:
    rolling = rows[rows["period"] == "rolling"]
    windows = sorted(rolling["window_days"].dropna().unique())
    families = {name: kind.family for name, kind in known.items()}
    order = {family: place for place, family in enumerate(_FAMILIES)}
    lines = []
    for name in sorted(set(rolling["kpi"]), key=lambda one: (order.get(families[one], 99), one)):
        own = rolling[rolling["kpi"] == name]
        values = dict(zip(own["window_days"], own["value"], strict=True))
        reasons = sorted({str(reason) for reason in own["null_reason"].dropna()})
        line: dict[str, str | None] = {"kpi": known[name].title}
        if any(families.values()):
            line["family"] = families[name]
        for days in windows:
            value = values.get(days)
            line[_window(days)] = (
                None if value is None or pd.isna(value) else _figure(value, known[name].unit)
            )
        line["unit"] = known[name].unit if known[name].unit not in _SHOWN_UNITS else None
        lines.append({**line, "why_empty": "; ".join(map(words, reasons)) or None})
    table = pd.DataFrame(lines)
    if table["why_empty"].isna().all():
        table = table.drop(columns="why_empty")
    return Grid(
        "Every KPI of the network",
        grid(table, "kpi-all", {}, row_name="kpi", right=[_window(days) for days in windows]),
        "Regions, locations, categories and segments: sheet kpi of the workbook, table kpi of the release. "
        "An empty cell is not measured over that window, or its reason stands beside it.",
    )


def _figure(value: float, unit: str) -> str:
    """A figure whose unit stands in a column of its own, but for the percent sign."""
    return say(value, unit if unit == "share" or unit.startswith("money") else "")


def direction(values: list[float], good: str) -> tuple[str, Tone]:
    """Return how the last month lies among those before it, in words, and its tone.

    Compared with the median of the months before: no ratio is averaged.

    >>> direction([0.8, 0.9, 0.85, 0.95], "up")
    ('▲ above the median of 3 months before: better', 'good')
    >>> direction([3.0, 2.0, 4.0], "down")
    ('▲ above the median of 2 months before: worse', 'bad')
    >>> direction([3.0, 2.0, 2.5], "down"), direction([3.0, 4.0], "none")
    (('● as the median of 2 months before', 'plain'), ('▲ above the month before', 'plain'))
    """
    before = values[:-1]
    if not before:
        return "", "plain"
    middle, last = statistics.median(before), values[-1]
    against = "the month before" if len(before) == 1 else f"the median of {len(before)} months before"
    if math.isclose(last, middle, rel_tol=_SAME):
        return f"● as {against}", "plain"
    mark, way, is_up = ("▲", "above", True) if last > middle else ("▼", "below", False)
    if good not in ("up", "down"):
        return f"{mark} {way} {against}", "plain"
    is_good = is_up == (good == "up")
    return f"{mark} {way} {against}: {'better' if is_good else 'worse'}", "good" if is_good else "bad"


def _window(days: int) -> str:
    return "today" if days == 0 else f"{days} days"


def _unit_by_name(name: str) -> str:
    if name.endswith(("_rate", "_share")):
        return "share"
    if "days" in name.split("_"):
        return "days"
    if any(part in name for part in ("value", "inventory", "cost", "margin", "cash")) and "turn" not in name:
        return "money"
    return ""
