"""Sealing: a delivered snapshot becomes an immutable partition, or is refused whole.

Order of the writes: data files, then the manifest, then the ledger. Only the manifest makes a
snapshot sealed, so a crash leaves files that nobody reads, and the next attempt writes them again
with the same content under the same names. An event that a crash kept out of the ledger is written
when the same delivery comes again.

A refused snapshot leaves nothing under `raw__`; what was wrong with it lies under `refused/`.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from optimization.errors import StockplanError
from orchestration.contracts.raw import RAW_BY_NAME, RAW_TABLES
from orchestration.crash_points import reach
from orchestration.ims.connector import Snapshot
from orchestration.ims.quarantine import QUARANTINE_SCHEMA, ExaminedTable, examine_snapshot
from orchestration.lake.hashing import file_sha256, logical_hash
from orchestration.lake.inputs import sealed_schema
from orchestration.lake.ledger import Ledger
from orchestration.lake.manifests import (
    SealedSnapshot,
    SealedTable,
    latest_sealed,
    latest_versions,
    sealed_snapshots,
    write_manifest,
)
from orchestration.lake.parquet import SIBLING_SUFFIX, remove_left_siblings, write_arrow, write_json
from orchestration.lake.paths import Lake
from orchestration.lake.refusals import Problem, problems_at_sight, row_losses, too_much_bad

if TYPE_CHECKING:
    from typing import Literal

    from orchestration.settings import Settings

__all__ = [
    "Problem",
    "SealOutcome",
    "SealedSnapshot",
    "SealedTable",
    "SnapshotRefused",
    "latest_sealed",
    "seal",
    "sealed_snapshots",
]

# Rows listed per table and rule in the record of a refusal: enough to find the fault.
_REFUSED_ROWS_PER_RULE = 1000


@dataclass(frozen=True)
class SealOutcome:
    """What became of a delivered snapshot.

    `snapshot` is the sealed one (for a duplicate, the one sealed before), None when refused.
    `notes` tell the operator what was unusual; `refusal_file` says where a refusal is recorded.
    """

    state: Literal["sealed", "duplicate", "refused"]
    snapshot: SealedSnapshot | None
    problems: tuple[Problem, ...] = ()
    notes: tuple[str, ...] = ()
    refusal_file: Path | None = None

    def snapshot_or_raise(self) -> SealedSnapshot:
        """Return the snapshot. Raises `SnapshotRefused` when there is none."""
        if self.snapshot is None:
            raise SnapshotRefused(self)
        return self.snapshot


class SnapshotRefused(StockplanError):  # noqa: N818 - an outcome the operator knows by this name
    """The snapshot was refused; the message lists every problem with its repair."""

    def __init__(self, outcome: SealOutcome) -> None:
        self.outcome = outcome
        lines = "\n".join(f"  {problem}" for problem in outcome.problems)
        record = outcome.refusal_file
        rows = record.with_suffix(".parquet") if record else None
        where = f"\nBad rows, each with its repair: {rows}" if rows and rows.is_file() else ""
        super().__init__(f"the snapshot is refused:\n{lines}\nRecord: {record}{where}")


def seal(
    snapshot: Snapshot,
    lake: Lake,
    ledger: Ledger,
    settings: Settings,
    *,
    today: date,
    accept_row_loss: bool = False,
    actor: str = "pipeline",
) -> SealOutcome:
    """Check `snapshot`, set its bad rows aside and seal the rest.

    `today` is the last business date that may be sealed. `accept_row_loss` seals a state table
    that lost more rows than the settings allow; the override is recorded in the ledger under
    `actor`. Does not raise for a refusal: see `SealOutcome.snapshot_or_raise`.
    """
    with _sealing_alone(lake):
        # What an earlier attempt at this date was writing when it died; the tables of its work as well.
        remove_left_siblings(lake.dated_files(snapshot.as_of, f".*{SIBLING_SUFFIX}"))
        problems = problems_at_sight(snapshot, today)
        if problems:
            return _refuse(snapshot, problems, {}, lake, ledger, actor)
        examined = examine_snapshot(snapshot, settings.sealing.max_text_length)
        problems = too_much_bad(examined, settings.sealing.max_bad_row_share)
        earlier = [one for one in latest_versions(lake, until=snapshot.as_of) if one.as_of < snapshot.as_of]
        losses = row_losses(examined, earlier, settings.sealing.max_row_loss_share)
        if not accept_row_loss:
            problems += losses
        if problems:
            return _refuse(snapshot, problems, examined, lake, ledger, actor)
        if losses:
            for loss in losses:
                ledger.append(
                    "snapshot",
                    "override",
                    subject=loss.table,
                    business_date=snapshot.as_of,
                    actor=actor,
                    payload={"rule": loss.rule, "detail": loss.detail},
                )
        return _write(snapshot, examined, losses, lake, ledger, actor)


def _refuse(
    snapshot: Snapshot,
    problems: list[Problem],
    examined: Mapping[str, ExaminedTable],
    lake: Lake,
    ledger: Ledger,
    actor: str,
) -> SealOutcome:
    """Record why, with the bad rows, and seal nothing."""
    told = [asdict(problem) for problem in problems]
    counts = {name: table.num_rows for name, table in sorted(snapshot.tables.items())}
    quarantine = _quarantine(examined, _REFUSED_ROWS_PER_RULE)
    refusal_id = _digest([told, counts, logical_hash(quarantine, exclude=("row_number",))])
    record = lake.refusal_file(snapshot.as_of, refusal_id)
    if quarantine.num_rows:
        write_arrow(quarantine, record.with_suffix(".parquet"))
    content = {
        "as_of": snapshot.as_of.isoformat(),
        "source": snapshot.source,
        "problems": told,
        "delivered_rows": counts,
        "bad_rows": {name: one.quarantined_rows for name, one in examined.items()},
    }
    write_json(content, record)
    ledger.append(
        "snapshot",
        "refused",
        subject=refusal_id,
        business_date=snapshot.as_of,
        actor=actor,
        payload={"source": snapshot.source, "problems": told},
    )
    return SealOutcome("refused", None, tuple(problems), refusal_file=record)


def _write(
    snapshot: Snapshot,
    examined: Mapping[str, ExaminedTable],
    overridden: list[Problem],
    lake: Lake,
    ledger: Ledger,
    actor: str,
) -> SealOutcome:
    """Write a snapshot that may be sealed, unless its content is sealed already."""
    as_of = snapshot.as_of
    quarantine = _quarantine(examined, None)
    extras = {name: extra for name, one in examined.items() if (extra := one.extra()) is not None}
    hashes = {name: logical_hash(one.accepted) for name, one in examined.items()}
    kept_aside = {name: logical_hash(extra, ("row_number",)) for name, extra in extras.items()}
    snapshot_id = _digest([as_of.isoformat(), hashes, kept_aside, logical_hash(quarantine, ("row_number",))])
    versions = [one for one in sealed_snapshots(lake) if one.as_of == as_of]
    for known in versions:
        if known.snapshot_id == snapshot_id:
            return _duplicate(known, versions[-1], ledger, actor)
    tables = {
        table.source_name: SealedTable(table.source_name, "", 0, 0, "", is_present=False)
        for table in RAW_TABLES
    }
    for name, one in examined.items():
        file = lake.raw_file(name, as_of, snapshot_id)
        dates = pa.repeat(pa.scalar(as_of, pa.date32()), one.accepted.num_rows)
        sealed = pa.table([*one.accepted.columns, dates], schema=sealed_schema(RAW_BY_NAME[name]))
        write_arrow(sealed, file)
        tables[name] = SealedTable(
            name=name,
            file=_relative(file, lake),
            rows=one.accepted.num_rows,
            quarantined_rows=one.quarantined_rows,
            logical_hash=hashes[name],
            is_present=True,
            columns=one.contract.column_names,
            present_columns=one.present_columns,
            defaulted_columns=one.defaulted_columns,
            extra_columns=one.extra_columns,
            superseded_rows=one.superseded_rows,
            sha256=file_sha256(file),
        )
        if name in extras:
            extra_file = lake.extra_file(name, as_of, snapshot_id)
            write_arrow(extras[name], extra_file)
            tables[name] = replace(tables[name], extra_file=_relative(extra_file, lake))
    quarantine_file = ""
    if quarantine.num_rows:
        write_arrow(quarantine, lake.quarantine_file(as_of, snapshot_id))
        quarantine_file = _relative(lake.quarantine_file(as_of, snapshot_id), lake)
    sealed_snapshot = SealedSnapshot(
        as_of=as_of,
        snapshot_id=snapshot_id,
        version=max((one.version for one in versions), default=0) + 1,
        source=snapshot.source,
        tables=tables,
        since=snapshot.since,
        quarantine_file=quarantine_file,
        origins={".".join(key): origin for key, origin in sorted(snapshot.origins.items())},
        delivered=tuple(snapshot.delivered),
    )
    schemas = {
        name: {column.name: str(column.type) for column in one.accepted.schema}
        for name, one in examined.items()
    }
    reach("seal.files_written")
    write_manifest(sealed_snapshot, schemas, lake)
    reach("seal.sealed")
    _record_sealed(sealed_snapshot, ledger, actor)
    reach("seal.recorded")
    if versions:
        ledger.append(
            "snapshot",
            "superseded",
            subject=versions[-1].snapshot_id,
            business_date=as_of,
            actor=actor,
            payload={"by": snapshot_id, "version": versions[-1].version},
        )
    notes = _notes(sealed_snapshot, snapshot, versions, overridden, lake)
    return SealOutcome("sealed", sealed_snapshot, notes=notes)


def _duplicate(known: SealedSnapshot, latest: SealedSnapshot, ledger: Ledger, actor: str) -> SealOutcome:
    """The same content again: nothing is written but the event that says so."""
    told = (
        event.subject
        for event in ledger.events("snapshot", until=known.as_of)
        if event.event_type == "sealed"
    )
    if known.snapshot_id not in told:
        _record_sealed(known, ledger, actor)
    ledger.append(
        "snapshot",
        "duplicate",
        subject=known.snapshot_id,
        business_date=known.as_of,
        actor=actor,
        payload={"version": known.version},
    )
    notes = [
        f"the snapshot of {known.as_of} was delivered before with the same content "
        f"({known.snapshot_id}, version {known.version}); nothing was changed"
    ]
    if known.snapshot_id != latest.snapshot_id:
        notes.append(
            f"version {latest.version} ({latest.snapshot_id}) came after it and stays in force: a "
            "late repetition does not undo a correction"
        )
    return SealOutcome("duplicate", known, notes=tuple(notes))


def _record_sealed(snapshot: SealedSnapshot, ledger: Ledger, actor: str) -> None:
    ledger.append(
        "snapshot",
        "sealed",
        subject=snapshot.snapshot_id,
        business_date=snapshot.as_of,
        actor=actor,
        payload={
            "version": snapshot.version,
            "source": snapshot.source,
            "rows": snapshot.rows,
            "quarantined_rows": snapshot.quarantined_rows,
            "tables": {
                name: table.logical_hash for name, table in snapshot.tables.items() if table.is_present
            },
        },
    )


def _notes(
    sealed: SealedSnapshot,
    delivered: Snapshot,
    versions: list[SealedSnapshot],
    overridden: list[Problem],
    lake: Lake,
) -> tuple[str, ...]:
    """What the operator should know about a snapshot that was sealed."""
    notes = []
    if versions:
        notes.append(f"{sealed.as_of} was sealed before with other content; this is version {sealed.version}")
    later = [one.as_of for one in latest_versions(lake) if one.as_of > sealed.as_of]
    if later:
        notes.append(
            f"{sealed.as_of} came after {later[-1]} was sealed; releases of later dates may have read past it"
        )
    notes += [f"{loss.table}: {loss.detail}; accepted by override" for loss in overridden]
    unknown = sorted(set(delivered.tables) - set(RAW_BY_NAME))
    if unknown:
        notes.append(f"tables the contract does not know were left out: {', '.join(unknown)}")
    for name, table in sealed.tables.items():
        if not table.is_present:
            notes.append(f"{name} was not delivered: no {'; no '.join(RAW_BY_NAME[name].disables)}")
        if table.quarantined_rows:
            notes.append(f"{name}: {table.quarantined_rows} rows are in quarantine")
        if table.superseded_rows:
            notes.append(f"{name}: {table.superseded_rows} rows are older versions of others")
        if table.extra_columns:
            notes.append(f"{name}: unknown columns are kept aside: {', '.join(table.extra_columns)}")
    return tuple(notes)


def _quarantine(examined: Mapping[str, ExaminedTable], most_per_rule: int | None) -> pa.Table:
    parts = [one.quarantine(most_per_rule) for one in examined.values() if one.violations]
    return pa.concat_tables([QUARANTINE_SCHEMA.empty_table(), *parts])


def _digest(content: Any) -> str:
    """Sixteen hex digits that stand for JSON content."""
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()[:16]


def _relative(path: Path, lake: Lake) -> str:
    return path.relative_to(lake.root).as_posix()


@contextmanager
def _sealing_alone(lake: Lake) -> Iterator[None]:
    """One process seals at a time, so that two deliveries cannot take one version number."""
    lake.root.mkdir(parents=True, exist_ok=True)
    with lake.seal_lock.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
