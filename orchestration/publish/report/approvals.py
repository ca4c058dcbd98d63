"""Who decided what: decisions of the ledger, reviews that were and are due, and approved demand plans."""

from __future__ import annotations

import pandas as pd

from orchestration.publish.reading import ReleaseReader
from orchestration.publish.report.blocks import Block, Grid, Section, Tile, Tiles, words
from orchestration.publish.report.grids import grid

_NAME, _TITLE, _SHOWN = "approvals", "Approvals and reviews", 10
_DECISION = {
    "event_at": "When", "actor": "Who", "actor_role": "As", "decided_what": "Decision", "subject": "About",
    "is_effective": "Counts", "refusal_reason": "Why not", "comment": "Comment",
}  # fmt: skip
_REVIEW = {
    "cycle_start_date": "From", "cycle_end_date": "Until", "grace_end_date": "Late after",
    "review_state": "State", "completed_date": "Completed", "completed_by": "By", "comment": "Comment",
}  # fmt: skip
_PLAN = {
    "plan_version": "Demand plan", "plan_status": "State", "first_bucket_date": "From",
    "last_bucket_date": "Until", "planned_units": "Units", "submitted_by": "Submitted by",
    "approved_by": "Approved by", "approved_date": "On",
}  # fmt: skip


def approvals_section(source: ReleaseReader) -> Section:
    """Return the section of approvals."""
    lead = "Every decision with its effect, the cadence of reviews, and the demand plans in force."
    blocks: list[Block] = []
    tiles = [*_decided(source), *_reviewed(source)]
    if tiles:
        blocks.append(Tiles(tiles))
    for table, by, heads, title in (
        ("approval", "ledger_seq", _DECISION, "Decisions"),
        ("review_calendar", "cycle_start_date", _REVIEW, "Review calendar"),
        ("demand_plan_approval", "first_bucket_date", _PLAN, "Demand plans"),
    ):
        blocks += _newest(source, table, by, heads, title)
    if not blocks:
        told = "This release has no decisions, no review calendar and no demand plans."
        return Section(_NAME, _TITLE, lead, missing=told)
    return Section(_NAME, _TITLE, lead, blocks)


def _decided(source: ReleaseReader) -> list[Tile]:
    if not source.has("approval", "is_effective"):
        return []
    rows = source.frame("approval", ["is_effective"])
    refused = int((~rows["is_effective"].eq(True)).sum())
    return [
        Tile("decisions", f"{len(rows) - refused:,}", f"{refused:,} refused", "warn" if refused else "plain")
    ]


def _reviewed(source: ReleaseReader) -> list[Tile]:
    if not source.has("review_calendar", "review_state", "cycle_end_date"):
        return []
    rows = source.frame("review_calendar").sort_values("cycle_end_date", kind="stable")
    if rows.empty:
        return []
    missed = int(rows["review_state"].isin(["late", "missed", "overdue"]).sum())
    last = rows.iloc[-1]
    due = str(last["cycle_end_date"]) if last["review_state"] != "completed" else "none"
    return [Tile("next review due", due, f"{missed:,} reviews late", "warn" if missed else "good")]


def _newest(source: ReleaseReader, table: str, by: str, heads: dict[str, str], title: str) -> list[Block]:
    if not source.has(table, by):
        return []
    rows = source.frame(table).sort_values(by, ascending=False, kind="stable")
    held = pd.DataFrame({name: rows[name].head(_SHOWN) for name in heads if name in rows})
    for name in ("actor_role", "decided_what", "review_state", "plan_status", "refusal_reason"):
        if name in held:
            held[name] = [words(one) if isinstance(one, str) else None for one in held[name]]
    # A column without a single entry only narrows the others.
    held = held.drop(columns=[name for name in held if held[name].isna().all()])
    if held.empty:
        return []
    shown = title if len(rows) <= _SHOWN else f"{title}: the newest {_SHOWN} of {len(rows):,}"
    return [
        Grid(shown, grid(held, f"approvals-{table.replace('_', '-')}", {"planned_units": "units"}, heads))
    ]
