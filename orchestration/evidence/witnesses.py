"""Whether what lies on the shelves is still what the ledger saw published.

The ledger's chain proves its own lines. The lines that the system writes itself are tables of releases
and overlays; the ledger holds the hash of each of those tables, so an edited, deleted, added or swapped
row of theirs is found here.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from orchestration.lake.disk import FileDamagedError
from orchestration.lake.hashing import logical_hash
from orchestration.lake.ledger import Ledger
from orchestration.lake.parquet import read_arrow
from orchestration.lake.paths import Lake
from orchestration.publish.candidate import content_hash
from orchestration.publish.overlay_shelf import overlays
from orchestration.publish.shelf import Release, releases

# Published tables that hold ledger lines of the system, what became of those of units, and promises kept.
LEDGER_TABLES = (
    "allocation_ledger",
    "supply_audit",
    "borrow_ledger",
    "unit_reservation_entry",
    "delivery_promise",
    "mto_promise",
    "policy_change",
    "approval",
    "policy_override",
)


@dataclass(frozen=True)
class WitnessReport:
    """What was compared: faults with their repair, and the ids of what is no longer on the shelves."""

    n_releases: int
    n_overlays: int
    n_tables: int
    faults: tuple[str, ...]
    gone: tuple[str, ...]


@dataclass(frozen=True)
class _Published:
    """A release or an overlay: what of it the ledger witnesses."""

    kind: str
    identity: str
    content_hash: str
    manifest: Mapping[str, Any]
    tables: Mapping[str, Path]


def witnessed_heads(lake: Lake) -> list[str]:
    """Return the ledger heads that releases and overlays recorded.

    Where publication found the ledger's end, and where reading ended.
    """
    heads = []
    for one in _shelved(lake):
        read = one.manifest.get("ledger_read") or {}
        heads += [head for head in (one.manifest.get("ledger_head"), read.get("head")) if head]
    return heads


def check_witnesses(
    lake: Lake, ledger: Ledger, tables: Sequence[str] | None = LEDGER_TABLES
) -> WitnessReport:
    """Compare every release and overlay on the shelves with the ledger's event of its publication.

    `tables`: the names whose rows are hashed again, None for all. Raises `StockplanError` for a
    manifest that cannot be read.
    """
    witnessed = {
        event.subject: event.payload
        for family in ("release", "overlay")
        for event in ledger.events(family)
        if event.event_type == "published"
    }
    shelved = _shelved(lake)
    faults: list[str] = []
    n_tables = 0
    for one in shelved:
        if one.identity not in witnessed:
            faults.append(
                f"{one.kind} {one.identity} lies on the shelf, but no event tells of it; if a crash kept "
                "the event back the next run writes it, else move the folder out of the shelf"
            )
            continue
        chosen = [name for name in one.tables if tables is None or name in tables]
        n_tables += len(chosen)
        faults += _faults(one, witnessed[one.identity], chosen)
    gone = sorted(set(witnessed) - {one.identity for one in shelved})
    n_releases = sum(one.kind == "release" for one in shelved)
    return WitnessReport(n_releases, len(shelved) - n_releases, n_tables, tuple(faults), tuple(gone))


def release_faults(release: Release, ledger: Ledger, tables: Sequence[str]) -> tuple[str, ...]:
    """Say which of a release's tables are not those that the ledger saw published; empty when all are."""
    told = [
        event.payload
        for event in ledger.events("release")
        if event.event_type == "published" and event.subject == release.release_id
    ]
    one = _Published("release", release.release_id, release.content_hash, release.manifest, release.tables)
    chosen = [name for name in tables if name in release.tables]
    return tuple(_faults(one, told[-1], chosen)) if told else ()


def table_fault(file: Path, witness: str | None, identity: str) -> str:
    """Say what is wrong with a published table's file; empty when it is the one with this hash."""
    try:
        table = read_arrow(file)
        is_same = logical_hash(table, exclude=["release_id"]) == witness
    except (FileDamagedError, OSError, pa.ArrowException, TypeError, UnicodeDecodeError) as error:
        return f"cannot be read ({error})"
    if not is_same:
        return "was changed after its publication (its rows do not match their hash)"
    if "release_id" in table.column_names:
        others = table.num_rows - (pc.sum(pc.equal(table.column("release_id"), identity)).as_py() or 0)
        if others:
            return f"was changed after its publication ({others} rows bear another id)"
    return ""


def _shelved(lake: Lake) -> list[_Published]:
    found = [
        _Published("release", one.release_id, one.content_hash, one.manifest, one.tables)
        for one in releases(lake)
    ]
    return found + [
        _Published("overlay", one.overlay_id, one.content_hash, one.manifest, one.tables)
        for one in overlays(lake)
    ]


def _faults(one: _Published, payload: Mapping[str, Any], chosen: Sequence[str]) -> Iterator[str]:
    """What differs between what was published and its witness."""
    told = {name: str(table.get("logical_hash")) for name, table in one.manifest["tables"].items()}
    # Where the event names the hash of the whole alone, that stands for the tables' as well.
    witness = payload.get("table_hashes", told)
    if not one.content_hash == payload.get("content_hash") == content_hash(witness) or told != witness:
        yield (
            f"the manifest of {one.kind} {one.identity} is not the one that was published; restore it from "
            "a copy"
        )
    for name in chosen:
        fault = table_fault(one.tables[name], witness.get(name), one.identity)
        if fault:
            yield f"table {name} of {one.kind} {one.identity} {fault}; restore it from a copy"
