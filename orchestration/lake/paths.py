"""Where everything lies: the one place that knows the lake's folders and file names.

Only names; nothing here writes. A folder per table and business date, so that a file's
path says what it is; the file's own name is the snapshot's content id, so that two versions of
one date stand side by side.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path


def _dated(as_of: date) -> str:
    return f"snapshot_date={as_of.isoformat()}"


@dataclass(frozen=True)
class Lake:
    """The lake under one root folder."""

    root: Path

    def raw_file(self, source_name: str, as_of: date, snapshot_id: str) -> Path:
        """Sealed rows of one source table (`item`, not `raw__item`) of one snapshot."""
        return self.root / f"raw__{source_name}" / _dated(as_of) / f"{snapshot_id}.parquet"

    def extra_file(self, source_name: str, as_of: date, snapshot_id: str) -> Path:
        """Columns of a source table that the contract does not know, kept with the row's key."""
        return self.root / f"extra__{source_name}" / _dated(as_of) / f"{snapshot_id}.parquet"

    def snapshot_manifest(self, as_of: date, snapshot_id: str) -> Path:
        """The manifest whose presence makes a snapshot sealed."""
        return self.root / "snapshots" / _dated(as_of) / f"{snapshot_id}.json"

    @property
    def snapshots_dir(self) -> Path:
        """Folder of all snapshot manifests."""
        return self.root / "snapshots"

    def quarantine_file(self, as_of: date, snapshot_id: str) -> Path:
        """Rows set aside when the snapshot was sealed, with their reasons."""
        return self.root / "quarantine" / _dated(as_of) / f"{snapshot_id}.parquet"

    def refusal_file(self, as_of: date, refusal_id: str) -> Path:
        """Why a snapshot was refused; its bad rows lie beside it with the suffix .parquet."""
        return self.root / "refused" / _dated(as_of) / f"{refusal_id}.json"

    def border_file(self, table_name: str, as_of: date) -> Path:
        """An `opt_in__` or `opt_out__` table of one business date."""
        return self.root / table_name / _dated(as_of) / f"{table_name}.parquet"

    def dated_files(self, as_of: date, pattern: str) -> Iterator[Path]:
        """Files of one business date in every folder that holds one date beside the other."""
        return self.root.glob(f"*/{_dated(as_of)}/{pattern}")

    def build_dir(self, as_of: date) -> Path:
        """Work folder of one partition; deletable at any time."""
        return self.root / "build" / as_of.isoformat()

    @property
    def releases_dir(self) -> Path:
        """Folder of all releases, one immutable folder each."""
        return self.root / "releases"

    @property
    def current_dir(self) -> Path:
        """The current release's tables under stable names."""
        return self.root / "current"

    @property
    def overlays_dir(self) -> Path:
        """Folder of all overlay releases, one immutable folder each."""
        return self.root / "overlays"

    @property
    def overlay_dir(self) -> Path:
        """The tables of the overlay on the current release, where there is one."""
        return self.root / "overlay"

    @property
    def published_database(self) -> Path:
        """The read-only DuckDB file of the current release."""
        return self.root / "published.duckdb"

    @property
    def export_dir(self) -> Path:
        """Files for the source system to take."""
        return self.root / "export"

    def open_dir(self, release_id: str) -> Path:
        """What people open of one release: its workbook and its report."""
        return self.root / "open" / release_id

    @property
    def workbook_door(self) -> Path:
        """The current release's workbook under a stable name."""
        return self.root / "workbook.xlsx"

    @property
    def report_door(self) -> Path:
        """The current release's report under a stable name."""
        return self.root / "report.html"

    def openlineage_file(self, as_of: date) -> Path:
        """The OpenLineage events of every run of one business date."""
        return self.root / "openlineage" / f"{as_of.isoformat()}.jsonl"

    @property
    def ledger_file(self) -> Path:
        """The one ledger."""
        return self.root / "ledger.jsonl"

    def day_lock(self, as_of: date) -> Path:
        """Lock file that lets one run at a time work on a business date; it is there as long as the run."""
        return self.root / "locks" / f"{as_of.isoformat()}.lock"

    @property
    def lost_items_file(self) -> Path:
        """Items that cost a worker process, by the digest of their data; deletable at any time."""
        return self.root / "lost_items.json"

    @property
    def seal_lock(self) -> Path:
        """Lock file that lets one process seal at a time."""
        return self.root / "seal.lock"
