"""The connector that reads a folder written by `stockplan generate`."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from orchestration.contracts.raw import RAW_TABLES, RawTable
from orchestration.ims.connector import (
    Origin,
    Snapshot,
    SnapshotMissingError,
    SourceSettingsError,
    short_hash,
)
from orchestration.ims.generator.writer import MANIFEST


class GeneratedConnector:
    """Snapshots of a generated source system; it never looks into the folder's `truth/`."""

    name = "generator"

    def __init__(self, folder: Path) -> None:
        self._folder = Path(folder)

    def business_dates(self) -> Sequence[date]:
        """Return the dates for which the folder holds tables, ascending."""
        if not (self._folder / MANIFEST).exists():
            raise SourceSettingsError(
                f"{self._folder} holds no {MANIFEST}: point source.generated at a folder written by "
                "`stockplan generate --out`"
            )
        return sorted(_date(path.name) for path in self._folder.iterdir() if _is_date(path.name))

    def fingerprint(self, as_of: date) -> str:
        """Return what stands for the arguments the folder was generated with, and the date."""
        manifest = self._folder / MANIFEST
        return short_hash(manifest.read_bytes() if manifest.exists() else b"", as_of)

    def extract(self, as_of: date, since: date | None) -> Snapshot:
        """Return the snapshot of `as_of`; event tables with what became known after `since`."""
        dates = self.business_dates()
        if as_of not in dates:
            raise SnapshotMissingError(
                f"{self._folder} holds no snapshot of {as_of}; it holds {dates[0]} to {dates[-1]}: "
                "run one of these dates, or generate again with --snapshots"
            )
        tables: dict[str, pa.Table] = {}
        for contract in RAW_TABLES:
            if contract.role == "state":
                days = [as_of]
            else:
                days = [day for day in dates if day <= as_of and (since is None or day > since)]
            table = self._read(contract, days, since)
            if table is not None:
                tables[contract.source_name] = table
        origins: dict[tuple[str, str], Origin] = {(name, "*"): "generated" for name in tables}
        return Snapshot(as_of=as_of, source=self.name, tables=tables, origins=origins, since=since)

    def _read(self, contract: RawTable, days: Sequence[date], since: date | None) -> pa.Table | None:
        paths = [self._folder / day.isoformat() / f"{contract.source_name}.parquet" for day in days]
        parts = [pq.read_table(path) for path in paths if path.exists()]
        if not parts:
            return None
        if contract.role == "state" or len(parts) == 1:
            return parts[0]
        return _newest_versions(pa.concat_tables(parts), contract.key)


def _newest_versions(table: pa.Table, key: Sequence[str]) -> pa.Table:
    """Keep the last row of every key: later snapshots hold newer versions of the same key."""
    numbered = table.append_column("_row", pa.array(range(len(table)), pa.int64()))
    kept = numbered.group_by(list(key), use_threads=False).aggregate([("_row", "max")])["_row_max"]
    return table.take(kept.combine_chunks().sort())


def _is_date(text: str) -> bool:
    try:
        _date(text)
    except ValueError:
        return False
    return True


def _date(text: str) -> date:
    return date.fromisoformat(text)
