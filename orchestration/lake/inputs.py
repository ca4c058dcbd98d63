"""Which files one run reads: the list that dbt binds its sources to.

A list of files and not a pattern, because a pattern would read both versions of a date that was
sealed twice. State tables come from the snapshot of the business date alone; event tables from
the newest version of every date up to it. Everything written here lies in the partition's build
folder and may be deleted at any time.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc

from optimization.errors import StockplanError
from orchestration.contracts.arrow import arrow_schema
from orchestration.contracts.raw import RAW_TABLES, RawTable
from orchestration.contracts.registry import RUN_CONTEXT, SOURCE_PRESENCE
from orchestration.lake.manifests import SealedSnapshot, latest_versions
from orchestration.lake.parquet import read_arrow, write_arrow
from orchestration.lake.paths import Lake
from orchestration.lake.sealed_files import SealedFileError, sealed_file_fault

if TYPE_CHECKING:
    from orchestration.settings import Settings

SNAPSHOT_DATE = pa.field("snapshot_date", pa.date32())


class InputsError(StockplanError):
    """The sealed snapshots do not hold what a run of this date needs."""


@dataclass(frozen=True)
class RunInputs:
    """The sealed snapshots a run reads (dates ascending) and its files per source table."""

    as_of: date
    snapshots: tuple[SealedSnapshot, ...]
    files: Mapping[str, list[Path]]

    @property
    def snapshot(self) -> SealedSnapshot:
        """The snapshot of the business date itself."""
        return self.snapshots[-1]


def sealed_schema(table: RawTable) -> pa.Schema:
    """Schema of a sealed raw file: the contract's columns, then `snapshot_date`."""
    return arrow_schema(table).append(SNAPSHOT_DATE)


def collect_inputs(lake: Lake, as_of: date) -> RunInputs:
    """Choose the files of one run.

    A table without rows to read, and one sealed before the contract grew a column, gets an empty
    file of the whole schema, so that every column exists for the marts.
    Raises `InputsError` when the date is not sealed or the history has a gap, `SealedFileError`
    when a sealed file is gone.
    """
    snapshots = latest_versions(lake, until=as_of)
    if not snapshots or snapshots[-1].as_of != as_of:
        raise InputsError(f"no snapshot of {as_of} is sealed; seal it first: stockplan run --date {as_of}")
    _check_history(snapshots)
    files: dict[str, list[Path]] = {}
    for table in RAW_TABLES:
        read = snapshots if table.role == "event" else snapshots[-1:]
        held = [one.tables[table.source_name] for one in read if table.source_name in one.tables]
        held = [sealed for sealed in held if sealed.is_present]
        files[table.source_name] = [lake.root / sealed.file for sealed in held]
        if not any(set(table.column_names) <= set(sealed.columns) for sealed in held):
            files[table.source_name].append(_write_empty(table, lake, as_of))
    gone = [path for paths in files.values() for path in paths if not path.is_file()]
    if gone:
        raise SealedFileError(
            f"sealed files are missing: {', '.join(str(path) for path in gone[:3])}; restore "
            "them from a copy, or remove the snapshot's manifest and seal the date again"
        )
    return RunInputs(as_of, snapshots, files)


def check_sealed_files(inputs: RunInputs, lake: Lake) -> None:
    """Read every sealed file of the run and hold it against what its sealing recorded.

    Raises `SealedFileError` naming those that are gone or changed.
    """
    faults = [
        f"{held.file} {fault}"
        for snapshot in inputs.snapshots
        for held in snapshot.tables.values()
        if lake.root / held.file in inputs.files[held.name]
        and (fault := sealed_file_fault(lake.root / held.file, held.sha256, held.logical_hash))
    ]
    if faults:
        raise SealedFileError(
            f"{len(faults)} sealed files are not what was sealed: {'; '.join(faults[:3])}. Restore them "
            "from a copy, or move the snapshot's manifest away and seal the date again"
        )


def write_inputs(inputs: RunInputs, lake: Lake, settings: Settings) -> Path:
    """Write `inputs.parquet` (table_name, path) with the two tables that describe the run.

    `run_context` holds the business date and where history starts, `source_presence` what the
    snapshots carried. Returns the path of `inputs.parquet`; paths in it are absolute.
    """
    folder = lake.build_dir(inputs.as_of)
    context = pa.table(
        {
            "as_of": [inputs.as_of],
            "history_start_date": [inputs.as_of - timedelta(days=settings.demand.history_days)],
            "kpi_windows_days": [",".join(str(days) for days in settings.demand.kpi_windows_days)],
            "default_service_target": [settings.policy.service_target],
            "default_service_metric": [settings.policy.service_metric],
            "default_holding_rate": [settings.policy.holding_rate],
            "default_shortage_share": [settings.policy.shortage_share],
            "default_order_cost": [settings.policy.order_cost],
            "default_review_days": [settings.policy.review_days],
            "default_lead_time_days": [settings.policy.lead_time_days],
            "overdue_trust_days": [settings.policy.overdue_trust_days],
            "auto_approve_value": [settings.policy.auto_approve_value],
            "snapshot_id": [inputs.snapshot.snapshot_id],
        },
        schema=arrow_schema(RUN_CONTEXT),
    )
    written = {
        RUN_CONTEXT.name: context,
        SOURCE_PRESENCE.name: source_presence(inputs.snapshots),
    }
    rows = [(name, path) for name, paths in inputs.files.items() for path in paths]
    for name, table in written.items():
        path = folder / "inputs" / f"{name}.parquet"
        write_arrow(table, path)
        rows.append((name, path))
    target = folder / "inputs.parquet"
    write_arrow(
        pa.table(
            {
                "table_name": pa.array([name for name, _ in rows], pa.string()),
                "path": pa.array([str(path.resolve()) for _, path in rows], pa.string()),
            }
        ),
        target,
    )
    return target


def add_inputs(listing: Path, files: Mapping[str, Path]) -> None:
    """Add tables of the science to an `inputs.parquet`, so that the second stage binds them too."""
    listed = read_arrow(listing)
    kept = listed.filter(pc.invert(pc.is_in(listed["table_name"], pa.array(list(files), pa.string()))))
    added = pa.table(
        {
            "table_name": pa.array(list(files), pa.string()),
            "path": pa.array([str(path.resolve()) for path in files.values()], pa.string()),
        }
    )
    write_arrow(pa.concat_tables([kept, added]), listing)


def source_presence(snapshots: tuple[SealedSnapshot, ...]) -> pa.Table:
    """Return the `source_presence` rows: every table (`*`) and optional column of the contract.

    Counts of an event table are summed over the snapshots read; a column is present when any of
    them delivered a value of it. `unproven_columns` of a table are those whose values the source has
    not: generated ones, and defaults.
    """
    rows = []
    own = snapshots[-1]
    for table in RAW_TABLES:
        read = snapshots if table.role == "event" else snapshots[-1:]
        held = [one.tables[table.source_name] for one in read if table.source_name in one.tables]
        is_present = any(sealed.is_present for sealed in held)
        columns = {name for sealed in held for name in sealed.present_columns}
        shared = {
            "table_name": table.source_name,
            "is_mandatory": table.is_mandatory,
            "snapshot_rows": sum(sealed.rows for sealed in held),
            "quarantined_rows": sum(sealed.quarantined_rows for sealed in held),
        }
        rows.append(
            {
                **shared,
                "column_name": "*",
                "is_present": is_present,
                "disabled_feature": "; ".join(table.disables) or None,
                "unproven_columns": "|".join(_unproven(table, own)) or None,
            }
        )
        rows += [
            {
                **shared,
                "column_name": name,
                "is_mandatory": False,
                "is_present": is_present and name in columns,
                "disabled_feature": table.column_disables.get(name),
            }
            for name in table.optional
        ]
    rows.sort(key=lambda row: (row["table_name"], row["column_name"]))
    return pa.Table.from_pylist(rows, schema=arrow_schema(SOURCE_PRESENCE))


def _unproven(table: RawTable, sealed: SealedSnapshot) -> list[str]:
    origins, held = sealed.origins or {}, sealed.tables.get(table.source_name)
    defaulted = held.defaulted_columns if held is not None else ()
    return [
        name
        for name in table.column_names
        if name in defaulted
        or (origins.get(f"{table.source_name}.{name}") or origins.get(f"{table.source_name}.*"))
        in ("generated", "default")
    ]


def _write_empty(table: RawTable, lake: Lake, as_of: date) -> Path:
    path = lake.build_dir(as_of) / "inputs" / f"{table.name}.empty.parquet"
    write_arrow(sealed_schema(table).empty_table(), path)
    return path


def _check_history(snapshots: tuple[SealedSnapshot, ...]) -> None:
    """Refuse a history with a hole: each snapshot's events start where an earlier one's end."""
    held = {one.as_of for one in snapshots}
    for one in snapshots:
        if one.since is not None and one.since not in held:
            raise InputsError(
                f"the snapshot of {one.as_of} holds events after {one.since}, and no snapshot of "
                f"{one.since} is sealed; seal that date, or seal {one.as_of} again with its whole "
                "history"
            )
