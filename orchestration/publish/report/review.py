"""The weekly review and the risks: what came and went, and what could go wrong, each with its figure."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from orchestration.publish.reading import ReleaseReader
from orchestration.publish.report.blocks import Block, Grid, Section, say, words
from orchestration.publish.report.grids import grid, published_grid
from orchestration.publish.report.indicators import Kind, kinds

_LEVELS = {"high": 0, "medium": 1, "low": 2}
_FIGURES = ("figure", "limit", "value at risk")
_WEEKLY_SHOWN, _CHANGES_SHOWN, _NOTHING = 8, 15, say(None)
_WEEK_HEADS = {"subject": "What", "sentence": "What happened", "now": "Now", "before": "Before"}
_SAY_ALL = ("policy_totals", "plan_miss", "market_change")
_AREAS = {"mts": "stock", "mto": "made to order"}
_PARTS = {
    "exception": "Exceptions that stay",
    "market_change": "Markets that have turned",
    "resolved": "Exceptions that are gone",
    "policy_totals": "Policies in sum",
    "changed_policy": "Policies that changed most",
    "kpi": "KPIs that moved",
    "plan_miss": "Plans that were missed",
}
_CHANGE = (
    "change_id",
    "item_id",
    "location_id",
    "old_reorder_point_units",
    "new_reorder_point_units",
    "old_order_up_to_units",
    "new_order_up_to_units",
    "change_value",
    "main_driver",
    "author",
    "expires_date",
)


def weekly_section(source: ReleaseReader) -> Section:
    """Return the section of the weekly review."""
    name, title, lead = (
        "weekly",
        "Weekly review",
        "The last seven days: what came, what was resolved, what stays.",
    )
    if not source.has("weekly_review", "section", "section_rank", "sentence", "figure", "figure_unit"):
        return Section(name, title, lead, missing="This release has no table weekly_review.")
    rows = source.frame("weekly_review")
    if rows.empty:
        return Section(name, title, lead, missing="Nothing to review: no earlier release in the week.")
    known = kinds(source) if source.has("kpi", "kpi") else {}
    blocks: list[Block] = []
    for part, title_of in _PARTS.items():
        lines = rows[rows["section"] == part].sort_values("section_rank").head(_WEEKLY_SHOWN)
        if len(lines):
            table = _week_lines(part, lines, known)
            units = table.pop("unit")
            for column, told in (("figure", "now"), ("figure_before", "before")):
                table[told] = [say(value, unit) for value, unit in zip(lines[column], units, strict=True)]
            if table["before"].eq(_NOTHING).all():
                table = table.drop(columns="before")
            html = grid(table, f"weekly-{part.replace('_', '-')}", {}, _WEEK_HEADS, right=("now", "before"))
            blocks.append(Grid(title_of, html))
    return Section(name, title, lead, blocks)


def _week_lines(part: str, lines: pd.DataFrame, known: Mapping[str, Kind]) -> pd.DataFrame:
    """What a line is about, its sentence and the unit of its figures; a KPI's are the catalogue's."""
    about = lines["subject"].fillna("").astype(str) if "subject" in lines else pd.Series("", lines.index)
    units = lines["figure_unit"].fillna("").astype(str)
    if part == "kpi":
        parts = [one.partition(" of ") for one in about]
        held = [known.get(name) for name, _, _ in parts]
        told = [
            f"{kind.title if kind else words(name)}{', ' if window else ''}{window}"
            for kind, (name, _, window) in zip(held, parts, strict=True)
        ]
        # Its sentence says the figures again, without their unit.
        units_of = [kind.unit if kind else "" for kind in held]
        return pd.DataFrame({"subject": told, "unit": units_of}, index=lines.index)
    if part in ("resolved", "exception"):
        about = about.map(words)
    frame = pd.DataFrame({"subject": about, "sentence": lines["sentence"], "unit": units})
    # A sentence on an exception names its place itself, or its market.
    return frame.drop(columns="subject") if part in _SAY_ALL else frame


def changes_section(source: ReleaseReader) -> Section:
    """Return the section of policy changes that wait for a decision."""
    name, title = "changes", "Changes that wait for a decision"
    lead = "Above the approval limit. Decide them in the sheet decisions, or with stockplan policy approve."
    if not source.has("policy_change", "change_id", "change_state"):
        told = "In this release no policy change waits: its policy_change has no change_id."
        return Section(name, title, lead, missing=told)
    rows = source.frame("policy_change")
    waiting = rows[rows["change_state"] == "proposed"].sort_values(
        ["change_value", "change_id"], ascending=[False, True], kind="stable"
    )
    if waiting.empty:
        return Section(name, title, lead, missing="No policy change waits for a decision.")
    shown = f"The first {min(_CHANGES_SHOWN, len(waiting))} of {len(waiting):,}"
    html = published_grid(source, "policy_change", waiting, "changes-waiting", _CHANGE, _CHANGES_SHOWN)
    return Section(name, title, lead, [Grid(shown, html)])


def risks_section(source: ReleaseReader) -> Section:
    """Return the section of the risk register."""
    name, title, lead = (
        "risks",
        "Risk register",
        "One computed row per risk; what cannot be computed says why.",
    )
    if not source.has("risk_register", "risk", "level"):
        return Section(name, title, lead, missing="This release has no table risk_register.")
    rows = source.frame("risk_register")
    if rows.empty:
        return Section(name, title, lead, missing="The risk register of this release is empty.")
    lines = []
    for row in rows.itertuples():
        unit = str(getattr(row, "unit", "") or "")
        reason = getattr(row, "null_reason", None)
        lines.append(
            {
                "risk": words(str(row.risk)),
                "area": _AREAS.get(str(getattr(row, "area", "")), getattr(row, "area", None)),
                "level": row.level if isinstance(row.level, str) else None,
                "figure": say(getattr(row, "value", None), unit),
                "limit": say(getattr(row, "threshold", None), unit),
                "value at risk": say(getattr(row, "value_at_risk", None), "money"),
                "what to do": words(str(reason))
                if isinstance(reason, str)
                else getattr(row, "mitigation", None),
                "owner": getattr(row, "owner_role", None),
            }
        )
    table = pd.DataFrame(lines)
    table["order"] = table["level"].map(_LEVELS).fillna(len(_LEVELS))
    table = table.sort_values(["order", "risk"], kind="stable").drop(columns="order")
    return Section(
        name,
        title,
        lead,
        [Grid(f"{len(table)} risks", grid(table, "risk-register", {}, row_name="risk", right=_FIGURES))],
    )
