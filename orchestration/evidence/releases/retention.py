"""What may go: releases, snapshots' files and work folders that are older than the settings keep them.

Nothing goes unless a setting says so, and never the ledger, the current release, nor the event rows of a
snapshot in force: every later run reads those. What a kept release was made of stays too, unless one
says otherwise; then that release can still be read, but not made again. Each removal is an event
of the ledger, written before anything is removed.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

from orchestration.contracts.raw import RAW_BY_NAME
from orchestration.crash_points import reach
from orchestration.lake.ledger import Ledger
from orchestration.lake.manifests import SealedSnapshot, latest_versions, sealed_snapshots
from orchestration.lake.paths import Lake
from orchestration.publish.release import publishing_alone
from orchestration.publish.shelf import UNFINISHED_PREFIX, Release, current_release, releases
from orchestration.settings import RetentionSettings

FAMILY, REMOVED = "retention", "removed"


@dataclass(frozen=True)
class Removal:
    """One thing that may go. `paths` lie under the lake's root; `why` names the setting."""

    kind: str
    identity: str
    business_date: date
    paths: tuple[Path, ...]
    bytes: int
    why: str


@dataclass(frozen=True)
class Plan:
    """What may go, and what is older than the settings keep it but stays because a kept release needs it."""

    removals: tuple[Removal, ...]
    needed: tuple[str, ...]

    @property
    def bytes(self) -> int:
        """Bytes of all removals."""
        return sum(one.bytes for one in self.removals)


def plan_retention(lake: Lake, keep: RetentionSettings, even_if_needed: bool = False) -> Plan:
    """Return what is older than `keep` says, counted back from the current release's business date."""
    current = current_release(lake)
    if current is None:
        return Plan((), ())
    shelf = releases(lake)
    kept = _kept(shelf, current, keep)
    named = {one["release_id"] for release in kept for one in release.manifest.get("earlier_releases", ())}
    aged = [one for one in shelf if one not in kept]
    going = [one for one in aged if even_if_needed or one.release_id not in named]
    why = f"releases are kept for {keep.release_days} days, {keep.least_releases} at least"
    removals = [
        _removal(lake, "release", one.release_id, one.as_of, _folders(lake, one), why) for one in going
    ]
    needed = [f"release {one.release_id}" for one in aged if one not in going]
    snapshots, needed_snapshots = _snapshots(lake, current, keep, kept, even_if_needed)
    return Plan((*removals, *snapshots, *_work(lake, current, keep)), (*needed, *needed_snapshots))


def apply_retention(lake: Lake, ledger: Ledger, removals: Iterable[Removal], actor: str) -> int:
    """Write each removal into the ledger, then remove it; return how many there were."""
    done = 0
    with publishing_alone(lake):
        for one in removals:
            content = {
                "kind": one.kind,
                "bytes": one.bytes,
                "why": one.why,
                "files": [path.relative_to(lake.root).as_posix() for path in one.paths],
            }
            ledger.append(
                FAMILY,
                REMOVED,
                subject=f"{one.kind}:{one.identity}",
                business_date=one.business_date,
                actor=actor,
                payload=content,
            )
            reach("retention.recorded")
            for path in one.paths:
                _remove(path, lake)
            done += 1
    return done


def _remove(path: Path, lake: Lake) -> None:
    """Remove a file or folder; a release leaves the shelf whole, in one step, before its files go."""
    reach("retention.begun")
    if path.parent == lake.releases_dir:
        # Under the name of unfinished work, which the next run removes if this one dies here.
        path = path.rename(path.with_name(f"{UNFINISHED_PREFIX}{path.name}"))
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
    reach("retention.removed")


def _folders(lake: Lake, release: Release) -> list[Path]:
    """The release, and the files that people open, which were made from it."""
    return [one for one in (release.folder, lake.open_dir(release.release_id)) if one.is_dir()]


def _kept(shelf: Sequence[Release], current: Release, keep: RetentionSettings) -> list[Release]:
    """The releases that the settings keep for their own sake."""
    if keep.release_days is None:
        return list(shelf)
    first = current.as_of - timedelta(days=keep.release_days)
    newest = shelf[-keep.least_releases :]
    return [one for one in shelf if one.as_of >= first or one in newest or one == current]


def _snapshots(
    lake: Lake, current: Release, keep: RetentionSettings, kept: Sequence[Release], even_if_needed: bool
) -> tuple[list[Removal], list[str]]:
    """Versions that a correction replaced go whole; of the others the state tables, read by no later run."""
    if keep.raw_days is None:
        return [], []
    first = current.as_of - timedelta(days=keep.raw_days)
    in_force = {one.snapshot_id for one in latest_versions(lake)}
    # All of a snapshot is needed by a release of its date; by one of a later date its events are.
    read = {one["snapshot_id"] for release in kept for one in release.manifest.get("snapshots", ())}
    own = {release.manifest["snapshots"][-1]["snapshot_id"] for release in kept}
    removals, needed = [], []
    why = f"snapshots are kept for {keep.raw_days} days"
    for one in sealed_snapshots(lake):
        if one.as_of >= first:
            continue
        is_needed = one.snapshot_id in (own if one.snapshot_id in in_force else read)
        paths = _files(lake, one, only_states=one.snapshot_id in in_force)
        if not paths:
            continue
        if is_needed and not even_if_needed:
            needed.append(f"snapshot {one.snapshot_id} of {one.as_of}")
            continue
        removals.append(_removal(lake, "snapshot", one.snapshot_id, one.as_of, paths, why))
    return removals, needed


def _files(lake: Lake, snapshot: SealedSnapshot, only_states: bool) -> list[Path]:
    chosen = [
        table
        for table in snapshot.tables.values()
        if table.is_present
        and not (only_states and table.name in RAW_BY_NAME and RAW_BY_NAME[table.name].role == "event")
    ]
    names = [name for table in chosen for name in (table.file, table.extra_file) if name]
    paths = [lake.root / name for name in names]
    if not only_states:
        if snapshot.quarantine_file:
            paths.append(lake.root / snapshot.quarantine_file)
        # Last: without its manifest a snapshot is files that nobody reads.
        paths.append(lake.snapshot_manifest(snapshot.as_of, snapshot.snapshot_id))
    return [path for path in paths if path.is_file()]


def _work(lake: Lake, current: Release, keep: RetentionSettings) -> list[Removal]:
    """Work folders and the tables between dbt and the science of old dates; a run makes them again."""
    if keep.work_days is None:
        return []
    first = current.as_of - timedelta(days=keep.work_days)
    by_date: dict[date, list[Path]] = {}
    for folder in [
        *(lake.root / "build").glob("*"),
        *lake.root.glob("opt_in__*/snapshot_date=*"),
        *lake.root.glob("opt_out__*/snapshot_date=*"),
        *lake.root.glob("ledger__*/snapshot_date=*"),
        *lake.root.glob("past__*/snapshot_date=*"),
        *(lake.root / "openlineage").glob("*.jsonl"),
    ]:
        try:
            day = date.fromisoformat(folder.name.removeprefix("snapshot_date=").removesuffix(".jsonl"))
        except ValueError:
            continue
        if day < first:
            by_date.setdefault(day, []).append(folder)
    why = f"work folders are kept for {keep.work_days} days"
    return [
        _removal(lake, "work", day.isoformat(), day, sorted(folders), why)
        for day, folders in sorted(by_date.items())
    ]


def _removal(lake: Lake, kind: str, identity: str, day: date, paths: Sequence[Path], why: str) -> Removal:
    size = sum(
        file.stat().st_size
        for path in paths
        for file in ([path] if path.is_file() else path.rglob("*"))
        if file.is_file()
    )
    return Removal(kind, identity, day, tuple(paths), size, why)
