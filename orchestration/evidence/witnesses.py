"""Whether what lies on the shelf is still what the ledger saw published.

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

from orchestration.lake.hashing import logical_hash
from orchestration.lake.ledger import Ledger
from orchestration.lake.parquet import read_arrow
from orchestration.lake.paths import Lake
from orchestration.publish.candidate import content_hash
from orchestration.publish.shelf import Release, releases

# Published tables that hold ledger lines of the system.
LEDGER_TABLES = ("allocation_ledger", "supply_audit", "borrow_ledger")


@dataclass(frozen=True)
class WitnessReport:
    """What was compared: faults with their repair, and releases that are no longer on the shelf."""

    n_releases: int
    n_tables: int
    faults: tuple[str, ...]
    gone: tuple[str, ...]


def witnessed_heads(lake: Lake) -> list[str]:
    """Return the ledger heads that releases recorded: where publication found it, and where reading ended."""
    heads = []
    for release in releases(lake):
        read = release.manifest.get("ledger_read") or {}
        heads += [head for head in (release.manifest.get("ledger_head"), read.get("head")) if head]
    return heads


def check_witnesses(
    lake: Lake, ledger: Ledger, tables: Sequence[str] | None = LEDGER_TABLES
) -> WitnessReport:
    """Compare every release on the shelf with the ledger's event of its publication.

    `tables`: the names whose rows are hashed again, None for all. Raises `ReleaseError` for a
    manifest that cannot be read.
    """
    witnessed = {
        event.subject: event.payload for event in ledger.events("release") if event.event_type == "published"
    }
    shelf = releases(lake)
    faults: list[str] = []
    n_tables = 0
    for release in shelf:
        if release.release_id not in witnessed:
            faults.append(
                f"release {release.release_id} lies on the shelf, but no event tells of it; if a crash kept "
                "the event back the next run writes it, else move the folder out of the shelf"
            )
            continue
        chosen = [name for name in release.tables if tables is None or name in tables]
        n_tables += len(chosen)
        faults += _faults(release, witnessed[release.release_id], chosen)
    gone = sorted(set(witnessed) - {one.release_id for one in shelf})
    return WitnessReport(len(shelf), n_tables, tuple(faults), tuple(gone))


def _faults(release: Release, payload: Mapping[str, Any], chosen: Sequence[str]) -> Iterator[str]:
    """What differs between a release and its witness."""
    told = {name: str(one.get("logical_hash")) for name, one in release.manifest["tables"].items()}
    # Events of earlier versions name the hash of the whole alone, which stands for the tables' as well.
    witness = payload.get("table_hashes", told)
    if not release.content_hash == payload.get("content_hash") == content_hash(witness) or told != witness:
        yield (
            f"the manifest of release {release.release_id} is not the one that was published; restore it "
            "from a copy"
        )
    for name in chosen:
        fault = table_fault(release.tables[name], witness.get(name), release.release_id)
        if fault:
            yield f"table {name} of release {release.release_id} {fault}; restore the release from a copy"


def table_fault(file: Path, witness: str | None, release_id: str) -> str:
    """Say what is wrong with a published table's file; empty when it is the one with this hash."""
    try:
        table = read_arrow(file)
        is_same = logical_hash(table, exclude=["release_id"]) == witness
    except (OSError, pa.ArrowException, TypeError, UnicodeDecodeError) as error:
        return f"cannot be read ({error})"
    if not is_same:
        return "was changed after its publication (its rows do not match their hash)"
    if "release_id" in table.column_names:
        others = table.num_rows - (pc.sum(pc.equal(table.column("release_id"), release_id)).as_py() or 0)
        if others:
            return f"was changed after its publication ({others} rows bear another release's id)"
    return ""
