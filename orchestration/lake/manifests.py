"""What is known of a sealed snapshot: the records of its manifest, written and read here.

A snapshot is sealed when its manifest lies in the lake, and not before; files without a manifest
are left-overs of a crash that nobody reads.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path
from typing import Any

from orchestration.ims.connector import DeliveredFile
from orchestration.lake.parquet import write_json
from orchestration.lake.paths import Lake
from orchestration.lake.sealed_files import SealedFileError

MANIFEST_VERSION = 1


@dataclass(frozen=True)
class SealedTable:
    """One source table of a sealed snapshot.

    `file` is relative to the lake's root and empty when the table was absent. `columns` are the
    contract's columns at the time of sealing, `present_columns` those the source delivered with
    at least one value, `defaulted_columns` those that sealing filled for all or some rows.
    `superseded_rows` are older versions of an event that the same delivery corrects. `sha256` is that of
    the sealed file's bytes, empty in manifests older than it.
    """

    name: str
    file: str
    rows: int
    quarantined_rows: int
    logical_hash: str
    is_present: bool
    columns: tuple[str, ...] = ()
    present_columns: tuple[str, ...] = ()
    defaulted_columns: tuple[str, ...] = ()
    extra_columns: tuple[str, ...] = ()
    extra_file: str = ""
    superseded_rows: int = 0
    sha256: str = ""


@dataclass(frozen=True)
class SealedSnapshot:
    """All tables of one version of one business date.

    `since`: event tables hold what became known after this date; None means all history.
    `quarantine_file` is relative to the lake's root and empty when every row was good.
    `origins` says per "table.column" where values come from, as the connector declared it, `delivered`
    which files it read them from.
    """

    as_of: date
    snapshot_id: str
    version: int
    source: str
    tables: Mapping[str, SealedTable]
    since: date | None
    quarantine_file: str = ""
    origins: Mapping[str, str] | None = None
    delivered: tuple[DeliveredFile, ...] = ()

    @property
    def rows(self) -> int:
        """Rows sealed in all tables."""
        return sum(table.rows for table in self.tables.values())

    @property
    def quarantined_rows(self) -> int:
        """Rows set aside in all tables."""
        return sum(table.quarantined_rows for table in self.tables.values())


_TUPLES = ("columns", "present_columns", "defaulted_columns", "extra_columns")


def write_manifest(snapshot: SealedSnapshot, schemas: Mapping[str, Any], lake: Lake) -> None:
    """Write the manifest that makes `snapshot` sealed; `schemas` are kept for the reader."""
    content = {
        "manifest_version": MANIFEST_VERSION,
        "as_of": snapshot.as_of.isoformat(),
        "snapshot_id": snapshot.snapshot_id,
        "version": snapshot.version,
        "source": snapshot.source,
        "since": snapshot.since.isoformat() if snapshot.since else None,
        "quarantine_file": snapshot.quarantine_file,
        "origins": dict(snapshot.origins or {}),
        "delivered": [asdict(file) for file in snapshot.delivered],
        "schemas": dict(schemas),
        "tables": {
            name: {
                key: list(value) if key in _TUPLES else value
                for key, value in vars(table).items()
                if key != "name"
            }
            for name, table in snapshot.tables.items()
        },
    }
    write_json(content, lake.snapshot_manifest(snapshot.as_of, snapshot.snapshot_id))


def read_manifest(path: Path) -> SealedSnapshot:
    """Read one manifest. Raises `SealedFileError` naming the file when it is not one."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        return SealedSnapshot(
            as_of=date.fromisoformat(content["as_of"]),
            snapshot_id=content["snapshot_id"],
            version=content["version"],
            source=content["source"],
            since=date.fromisoformat(content["since"]) if content["since"] else None,
            quarantine_file=content["quarantine_file"],
            origins=content["origins"],
            delivered=tuple(DeliveredFile(**file) for file in content.get("delivered", ())),
            tables={name: _read_table(name, table) for name, table in content["tables"].items()},
        )
    except (KeyError, TypeError, ValueError) as error:
        raise SealedFileError(
            f"{path} is not a readable snapshot manifest ({error!r}); restore it from a copy, or "
            "move it away and seal the snapshot again"
        ) from error


def _read_table(name: str, content: dict[str, Any]) -> SealedTable:
    fields: dict[str, Any] = {
        key: tuple(value) if key in _TUPLES else value for key, value in content.items()
    }
    return SealedTable(**{**fields, "name": name})


def sealed_snapshots(lake: Lake) -> tuple[SealedSnapshot, ...]:
    """Return every sealed version of every date, sorted by (as_of, version)."""
    paths = lake.snapshots_dir.glob("snapshot_date=*/*.json")
    found = [read_manifest(path) for path in paths if not path.name.startswith(".")]
    return tuple(sorted(found, key=lambda one: (one.as_of, one.version, one.snapshot_id)))


def latest_versions(lake: Lake, until: date | None = None) -> tuple[SealedSnapshot, ...]:
    """Return the newest version of every sealed date up to `until`, dates ascending."""
    newest = {one.as_of: one for one in sealed_snapshots(lake) if until is None or one.as_of <= until}
    return tuple(newest.values())


def latest_sealed(lake: Lake, as_of: date) -> SealedSnapshot | None:
    """Return the newest version of the snapshot of exactly `as_of`, or None."""
    versions = [one for one in sealed_snapshots(lake) if one.as_of == as_of]
    return versions[-1] if versions else None
