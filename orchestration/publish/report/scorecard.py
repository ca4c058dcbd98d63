"""The scorecard on one page: level, areas, the fifteen checks with their evidence, and what to do next."""

from __future__ import annotations

from typing import Any

import pandas as pd

from orchestration.publish.reading import ReleaseReader
from orchestration.publish.report.blocks import Block, Grid, Section, Tile, Tiles, Tone, say, words
from orchestration.publish.report.grids import grid

_NAME, _TITLE = "scorecard", "Scorecard"
_TONES: dict[str, Tone] = {"green": "good", "amber": "warn", "red": "bad"}
_MARKS = {"yes": "✓ yes", "no": "✗ no", "not_evidenced": "○ not evidenced"}
_COMPANY = "*"
_ACTIONS = 6


def scorecard_section(source: ReleaseReader) -> Section:
    """Return the section of the scorecard."""
    lead = "Fifteen checks, each answered by evidence in this release; what has no evidence is not scored."
    if not source.has("scorecard_check", "check_number", "status"):
        return Section(
            _NAME, _TITLE, lead, missing="This release has no table scorecard_check.", is_page=True
        )
    blocks: list[Block] = []
    if source.has("scorecard_area", "area"):
        blocks.append(Tiles(_areas(source.frame("scorecard_area"))))
    blocks.append(_checks(source.frame("scorecard_check").sort_values("check_number")))
    if source.has("recommended_action", "action", "action_rank"):
        actions = source.frame("recommended_action").sort_values("action_rank")
        # An action whose checks all hold already is nothing to do.
        if "failing_checks" in actions:
            actions = actions[actions["failing_checks"].fillna(1) > 0]
        actions = actions.head(_ACTIONS)
        if len(actions):
            blocks.append(_actions(actions))
    return Section(_NAME, _TITLE, lead, blocks, is_page=True)


def level_of(source: ReleaseReader) -> int | None:
    """Return the level of the whole company, 1 to 3; None where there is none."""
    if not source.has("scorecard_area", "area", "level"):
        return None
    rows = source.frame("scorecard_area")
    level = rows.loc[rows["area"].astype(str) == _COMPANY, "level"].dropna()
    return int(level.iloc[0]) if len(level) else None


def _areas(rows: pd.DataFrame) -> list[Tile]:
    tiles = []
    for row in rows.sort_values("area", key=lambda one: one.astype(str)).to_dict("records"):
        is_all = str(row["area"]) == _COMPANY
        name = str(_given(row, "area_name", "title") or ("all areas" if is_all else f"area {row['area']}"))
        share = _given(row, "share")
        told = f"{int(_given(row, 'checks_yes') or 0)} of {int(_given(row, 'checks') or 0)} checks"
        level = _given(row, "level")
        figure = f"level {int(level)}" if is_all and level is not None else say(share, "share")
        rag = str(_given(row, "rag") or "")
        tiles.append(Tile(name, figure, f"{told}{f', {rag}' if rag else ''}", _TONES.get(rag, "plain")))
    return tiles


def _checks(rows: pd.DataFrame) -> Grid:
    lines = []
    for row in rows.to_dict("records"):
        unit = str(_given(row, "unit") or "")
        why = _given(row, "null_reason")
        lines.append(
            {
                "#": str(row["check_number"]),
                "question": _given(row, "question"),
                "status": _MARKS.get(str(row["status"]), str(row["status"])),
                "value": say(_given(row, "value"), unit),
                "threshold": say(_given(row, "threshold"), unit),
                "evidence": _evidence(row, why),
                "before": words(str(_given(row, "previous_status") or "")) or None,
                "owner": _given(row, "owner_role"),
                "decision": _decision(row),
            }
        )
    table = pd.DataFrame(lines)
    # A column that nobody has filled only narrows the others.
    table = table.drop(columns=[one for one in ("before", "decision", "owner") if table[one].isna().all()])
    return Grid("The checks", grid(table, "scorecard-checks", {}, row_name="#", right=("value", "threshold")))


def _evidence(row: dict[Any, Any], why: Any) -> str:
    """What was observed, and which rows prove it; or why nothing does."""
    count, table = _given(row, "evidence_rows"), _given(row, "evidence_table")
    rows = f"{int(count):,} rows of {table}" if count is not None and table else str(table or "")
    said = _given(row, "observation")
    if said is None and why:
        return words(str(why))
    if said is None:
        return rows or "–"
    return str(said) if why or not rows else f"{said} ({rows})"


def _decision(row: dict[Any, Any]) -> str | None:
    parts = [_given(row, name) for name in ("decision", "decision_owner", "decision_due_date")]
    return ", ".join(str(part) for part in parts if part) or None


def _actions(rows: pd.DataFrame) -> Grid:
    wanted = (
        "action_rank",
        "action",
        "cured_checks",
        "failing_checks",
        "due_from_date",
        "due_to_date",
        "owner_role",
    )
    table = rows[[name for name in wanted if name in rows]].assign(
        action_rank=rows["action_rank"].astype(str)
    )
    names = {"action_rank": "#", "due_from_date": "From", "due_to_date": "Until", "owner_role": "Owner"}
    return Grid("What to do next", grid(table, "scorecard-actions", {}, names, row_name="action_rank"))


def _given(row: dict[Any, Any], *names: str) -> Any:
    for name in names:
        value = row.get(name)
        if value is not None and not pd.isna(value):
            return value
    return None
