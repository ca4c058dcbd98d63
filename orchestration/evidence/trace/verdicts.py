"""What was said about a number: how the release was made, by solver and checks, and by people."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from orchestration.evidence.lineage.columns import Edge
from orchestration.evidence.trace.edges import tables_read
from orchestration.lake.events import parse
from orchestration.lake.ledger import Event, Ledger
from orchestration.lake.parquet import read_arrow
from orchestration.lake.paths import Lake
from orchestration.publish.read_point import read_point
from orchestration.publish.shelf import Release, pointed_id

_SOLVER_MODELS = {
    "opt_out__network_solver_run": "network",
    "opt_out__allocation_solver_run": "allocation",
    "opt_out__match_solver_run": "matching",
    "opt_out__mto_solver_run": "slots",
}
_MOST_EVENTS = 200


def release_facts(release: Release, lake: Lake) -> dict[str, Any]:
    """Return what the release's manifest says of how it was made."""
    manifest = release.manifest
    facts = ("code", "config_hash", "settings", "seeds", "packages", "earlier_releases", "run", "approvals")
    return {
        "release_id": release.release_id,
        "as_of": release.as_of,
        "content_hash": release.content_hash,
        "is_current": pointed_id(lake) == release.release_id,
        "ledger_head": manifest.get("ledger_head"),
        "ledger_read": manifest.get("ledger_read"),
        **{name: manifest.get(name) for name in facts},
    }


def solver_runs(release: Release, edges: Sequence[Edge]) -> list[dict[str, Any]]:
    """Solves of the models that lie behind the number."""
    from orchestration.evidence.lineage.makers import MAKERS

    makers = {MAKERS[name] for name in tables_read(edges) if name in MAKERS}
    models = {model for table, model in _SOLVER_MODELS.items() if MAKERS.get(table) in makers}
    if not models or "solver_run" not in release.tables:
        return []
    rows: list[dict[str, Any]] = read_arrow(release.table("solver_run")).to_pylist()
    known = {row["optimisation_model"] for row in rows}
    return [row for row in rows if row["optimisation_model"] in models or not models & known]


def checks(release: Release, table: str, edges: Sequence[Edge]) -> dict[str, Any]:
    """Checks of the table itself, how many looked at what lies behind it, and those that failed."""
    if "check_result" not in release.tables:
        return {"on_table": [], "behind": 0, "failed_behind": []}
    rows = read_arrow(release.table("check_result")).to_pylist()
    behind = set(tables_read(edges))
    looked = [row for row in rows if row["asset"] in behind and row["asset"] != table]
    return {
        "on_table": [row for row in rows if row["asset"] == table],
        "behind": len(looked),
        "failed_behind": [row for row in looked if not row["is_passed"]],
    }


def decisions(release: Release, ledger: Ledger, row: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Ledger events about the row's own ids, and the one of the release's publication."""
    pair = {name: row[name] for name in ("item_id", "location_id") if row.get(name) is not None}
    own = {
        str(value)
        for name, value in row.items()
        if name.endswith("_id") and value is not None and name not in ("release_id", "item_id", "location_id")
    }
    last, _ = read_point(release, ledger)
    marks = [str(value).encode() for value in (*pair.values(), *own, release.release_id)]
    found: list[Event] = []
    if not ledger.path.exists():
        return []
    with ledger.path.open("rb") as lines:
        for line in lines:
            if any(mark in line for mark in marks) and line.endswith(b"\n"):
                event = parse(line)
                if _is_about(event, pair, own) or event.subject == release.release_id:
                    found.append(event)
    return [
        {
            "seq": event.seq,
            "family": event.family,
            "event_type": event.event_type,
            "subject": event.subject,
            "business_date": event.business_date,
            "actor": event.actor,
            "recorded_at": event.recorded_at,
            "hash": event.hash,
            "was_read": event.seq <= last,
            "payload": {} if event.family == "release" else dict(event.payload),
        }
        for event in found[-_MOST_EVENTS:]
    ]


def _is_about(event: Event, pair: Mapping[str, Any], own: set[str]) -> bool:
    if event.family in ("release", "snapshot", "overlay"):
        return False
    told = {str(value) for name, value in event.payload.items() if name.endswith("_id")} | {event.subject}
    if told & own:
        return True
    return bool(pair) and all(event.payload.get(name) == value for name, value in pair.items())
