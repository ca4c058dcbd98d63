"""Rows as they were sealed, with their files, and when each snapshot arrived."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from orchestration.evidence.lineage.columns import Edge
from orchestration.evidence.trace.edges import tables_read
from orchestration.evidence.trace.proofs import (
    PROVED,
    REPLACED,
    UNKNOWN,
    TraceError,
    found_content,
    proof_of,
    relative_to_lake,
)
from orchestration.evidence.trace.rows import Selection, find_rows
from orchestration.lake.ledger import Ledger
from orchestration.lake.manifests import SealedSnapshot, SealedTable, sealed_snapshots
from orchestration.lake.paths import Lake
from orchestration.publish.shelf import Release

if TYPE_CHECKING:
    import duckdb


def snapshots_read(release: Release, lake: Lake) -> list[SealedSnapshot]:
    """Return the snapshots that a release read, its own last. Raises `TraceError` for one that is gone."""
    known = {one.snapshot_id: one for one in sealed_snapshots(lake)}
    read = [one["snapshot_id"] for one in release.manifest["snapshots"]]
    gone = [one for one in read if one not in known]
    if gone:
        raise TraceError(
            f"{release.release_id} has read snapshots that are no longer in the lake ({', '.join(gone)}); "
            "restore them from a copy"
        )
    return [known[one] for one in read]


def sealed_steps(
    lake: Lake,
    edges: Sequence[Edge],
    snapshots: Sequence[SealedSnapshot],
    connection: duckdb.DuckDBPyConnection,
    selection: Selection,
    max_rows: int,
) -> list[dict[str, Any]]:
    """Rows as they were sealed, each with its number in its file.

    A master table that bears none of the ids shows what the rows of the others name.
    """
    from orchestration.contracts.raw import RAW_BY_NAME

    steps: list[dict[str, Any]] = []
    masters: list[tuple[int, str, list[Path]]] = []
    named: dict[str, set[Any]] = {}
    for name, columns in tables_read(edges).items():
        if not name.startswith("raw__"):
            continue
        contract = RAW_BY_NAME[name.removeprefix("raw__")]
        read = snapshots if contract.role == "event" else snapshots[-1:]
        held = [
            (one, one.tables[contract.source_name])
            for one in read
            if contract.source_name in one.tables and one.tables[contract.source_name].is_present
        ]
        files = [lake.root / table.file for _, table in held]
        there = [path for path in files if path.is_file()]
        found = find_rows(connection, there, selection, max_rows)
        bearing = {row["file"] for row in found.rows}
        if found.selected_by:
            for row in found.rows:
                for column, value in row.items():
                    if column.endswith("_id") and value is not None:
                        named.setdefault(column, set()).add(value)
        elif len(contract.key) == 1:
            masters.append((len(steps), contract.key[0], there))
        steps.append(
            {
                "table": name,
                "columns": columns,
                "is_delivered": bool(held),
                "files": [
                    _sealed_file(lake, snapshot, table)
                    for snapshot, table in held
                    if (lake.root / table.file).as_posix() in bearing or len(held) == 1
                ],
                **found_content(found, lake),
            }
        )
    for position, key, files in masters:
        if key in named:
            wanted = {key: tuple(sorted(named[key], key=str))}
            steps[position] |= found_content(find_rows(connection, files, wanted, max_rows), lake)
    return steps


def _sealed_file(lake: Lake, snapshot: SealedSnapshot, table: SealedTable) -> dict[str, Any]:
    path = lake.root / table.file
    proof, sha256 = proof_of(path, table.sha256 or None)
    words = {
        PROVED: "the file has the hash of its bytes that sealing recorded",
        REPLACED: "the file is gone or was changed after it was sealed",
        UNKNOWN: "sealed before hashes of bytes were kept; `stockplan reproduce` compares its rows' hash",
    }
    return {
        "file": table.file,
        "sha256": sha256,
        "rows_hash": table.logical_hash,
        "rows": table.rows,
        "snapshot_id": snapshot.snapshot_id,
        "proof": proof,
        "said": words[proof],
    }


def arrivals(lake: Lake, snapshots: Sequence[SealedSnapshot]) -> list[dict[str, Any]]:
    """When each snapshot was sealed, as the ledger says, and the source's own files with their hashes."""
    ledger = Ledger(lake.ledger_file)
    sealed = {event.subject: event for event in ledger.events("snapshot") if event.event_type == "sealed"}
    return [
        {
            "as_of": one.as_of,
            "snapshot_id": one.snapshot_id,
            "version": one.version,
            "source": one.source,
            "sealed_at": sealed[one.snapshot_id].recorded_at if one.snapshot_id in sealed else None,
            "sealed_by": sealed[one.snapshot_id].actor if one.snapshot_id in sealed else None,
            "ledger_seq": sealed[one.snapshot_id].seq if one.snapshot_id in sealed else None,
            "manifest": relative_to_lake(lake.snapshot_manifest(one.as_of, one.snapshot_id), lake),
            "delivered": [vars(file) for file in one.delivered],
        }
        for one in snapshots
    ]


def raw_file(lake: Lake, snapshot: SealedSnapshot, source_name: str) -> Path | None:
    """Return the sealed file of a table; None where the source did not deliver it."""
    table = snapshot.tables.get(source_name)
    return lake.root / table.file if table is not None and table.is_present else None
