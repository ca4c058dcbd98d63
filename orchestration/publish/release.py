"""Publishing: a candidate becomes an immutable release, and the doors lead to it.

Order of the steps: the whole folder aside → flushed → renamed onto the shelf → ledger → pointer →
`current/`, `published.duckdb`, `export/`. The rename is the moment of publication. Whatever dies
in between, the shelf holds whole releases only, the pointer names one of them, and the next run
or `repair` does what was left to do.
"""

from __future__ import annotations

import fcntl
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any, Literal

import pyarrow as pa
import pyarrow.parquet as pq

from orchestration.crash_points import reach
from orchestration.lake.hashing import logical_hash
from orchestration.lake.ledger import Ledger
from orchestration.lake.locks import AlreadyRunningError
from orchestration.lake.parquet import read_arrow, write_arrow, write_json
from orchestration.lake.paths import Lake
from orchestration.outcomes import Code, code_of
from orchestration.publish.candidate import Candidate
from orchestration.publish.doors import open_doors, point_to, sweep
from orchestration.publish.export import check_export_columns, read_export_columns
from orchestration.publish.overlay_shelf import bring_up_overlay, finish_overlays
from orchestration.publish.plain_json import plain_json
from orchestration.publish.rolled_back import FAMILY, ROLLED_BACK, release_to_show
from orchestration.publish.shelf import (
    UNFINISHED_PREFIX,
    Release,
    ReleaseBrokenError,
    ReleaseError,
    current_release,
    new_release_id,
    newest_of,
    number_of,
    pointed_id,
    previous_release,
    release_named,
    releases,
)
from orchestration.publish.shelving import whole_folder, with_release_id
from orchestration.publish.staleness import inputs_read, stale_releases
from orchestration.settings import Settings

__all__ = [
    "PublishOutcome",
    "Release",
    "ReleaseError",
    "current_release",
    "previous_release",
    "publish",
    "record_refusal",
    "releases",
    "repair",
    "roll_back",
    "stale_releases",
]

MANIFEST_VERSION = 1


class DoorsLagError(ReleaseError):
    """A release is published, and the pointer, or a door, does not lead to it yet."""


@dataclass(frozen=True)
class PublishOutcome:
    """What became of a candidate; `is_current` says whether the pointer now names the release."""

    state: Literal["published", "unchanged"]
    release: Release
    is_current: bool


def publish(
    candidate: Candidate,
    facts: Mapping[str, Any],
    evidence: Path | None,
    lake: Lake,
    ledger: Ledger,
    settings: Settings,
    *,
    actor: str,
) -> PublishOutcome:
    """Publish `candidate`, or say that the newest release of its date has the same content.

    `facts` (see `manifest_facts`) go into the manifest; what lies in the folder `evidence` is kept
    with the release. The pointer moves unless a later date is current. Raises `ReleaseError` and
    publishes nothing when the customer's column names do not fit, or when a table is no longer the
    one that was checked. Raises `DoorsLagError` when it is published and the disk, or what lies
    there, keeps the pointer or a door back.
    """
    columns = read_export_columns(settings.release.export_columns)
    check_export_columns(columns, {name: pq.read_schema(file) for name, file in candidate.tables.items()})
    with publishing_alone(lake):
        unfinished = _finish(lake, ledger, actor)
        newest = newest_of(lake, candidate.as_of)
        state: Literal["published", "unchanged"] = "published"
        if newest is None or newest.content_hash != candidate.content_hash:
            newest = _shelve(candidate, facts, evidence, lake, ledger)
            reach("release.shelved")
            _record_published(newest, ledger, actor)
            reach("release.recorded")
        elif newest.release_id not in unfinished:
            state = "unchanged"
            ledger.append(
                "release",
                "unchanged",
                subject=newest.release_id,
                business_date=newest.as_of,
                actor=actor,
                payload={"content_hash": newest.content_hash, "inputs": inputs_read(facts)},
            )
        _bring_up_or_tell(newest, lake, settings)
        return PublishOutcome(state, newest, pointed_id(lake) == newest.release_id)


def record_refusal(
    as_of: date,
    problems: str | Sequence[str],
    code: Code,
    lake: Lake,
    ledger: Ledger,
    actor: str,
    facts: Mapping[str, Any] | None = None,
) -> None:
    """Write into the ledger that nothing of `as_of` was published, and why; nothing else changes."""
    told = [problems] if isinstance(problems, str) else list(problems)
    ledger.append(
        "release",
        "refused",
        subject=as_of.isoformat(),
        business_date=as_of,
        actor=actor,
        payload={
            "problems": told,
            "reason_code": code,
            "current_release": pointed_id(lake),
            "run": plain_json(facts or {}),
        },
    )


def repair(lake: Lake, settings: Settings, *, waits: bool = True) -> list[str]:
    """Finish what a crash left undone and return what was done; a second call finds nothing.

    Raises as `publishing_alone`.
    """
    with publishing_alone(lake, waits=waits):
        ledger = Ledger(lake.ledger_file)
        left = [*_sweep_shelf(lake), *sweep(lake, everywhere=True)]
        done = [f"removed {name}, left by an interrupted run" for name in left]
        told = _finish(lake, ledger, "repair")
        done += [f"wrote the missing ledger event of release {release_id}" for release_id in told]
        done += finish_overlays(lake, ledger, "repair")
        return done + _bring_up(lake, settings)


def roll_back(release_id: str, reason: str, actor: str, lake: Lake, settings: Settings) -> Release:
    """Lead readers to an earlier release, and return it; the ledger tells who did so and why.

    It holds until a newer release is published than any there is now. Raises `ReleaseError` when there is
    no such release, a file of it is gone or cut short, it is the current one already, or no reason is told.
    """
    if not reason.strip():
        raise ReleaseError("a roll-back needs its reason: --reason TEXT")
    with publishing_alone(lake):
        ledger = Ledger(lake.ledger_file)
        _finish(lake, ledger, actor)
        # A crash may have kept the pointer back: what readers would come to counts.
        _bring_up(lake, settings)
        target, current = release_named(lake, release_id), pointed_id(lake)
        if target.release_id == current:
            raise ReleaseError(f"{release_id} is the current release already; nothing was changed")
        _require_whole(target)
        ledger.append(
            FAMILY,
            ROLLED_BACK,
            subject=target.release_id,
            business_date=target.as_of,
            actor=actor,
            payload={
                "from": current,
                "to": target.release_id,
                "newest": releases(lake)[-1].release_id,
                "reason": reason.strip(),
            },
        )
        reach("release.rolled_back")
        _bring_up(lake, settings)
    return target


def _require_whole(release: Release) -> None:
    for name, file in release.tables.items():
        try:
            rows = pq.read_metadata(file).num_rows
        except (OSError, pa.ArrowInvalid) as error:
            raise ReleaseBrokenError(
                f"{file} cannot be read ({error}); restore release {release.release_id} from a copy"
            ) from error
        if rows != release.rows[name]:
            raise ReleaseBrokenError(
                f"{file} holds {rows:,} rows and its manifest says {release.rows[name]:,}; restore release "
                f"{release.release_id} from a copy"
            )


def _finish(lake: Lake, ledger: Ledger, actor: str) -> list[str]:
    """Remove unfinished work and record releases that a crash kept out of the ledger; return those."""
    _sweep_shelf(lake)
    sweep(lake)
    recorded = {event.subject for event in ledger.events("release") if event.event_type == "published"}
    missing = [one for one in releases(lake) if one.release_id not in recorded]
    for release in missing:
        _record_published(release, ledger, actor)
    return [release.release_id for release in missing]


def _bring_up_or_tell(release: Release, lake: Lake, settings: Settings) -> None:
    """Bring pointer and doors up; where the machine does not let us, say that the release stands."""
    try:
        _bring_up(lake, settings)
    except Exception as error:
        if code_of(error) == Code.INTERNAL:
            raise
        raise DoorsLagError(
            f"{release.release_id} is published, and what leads readers to it could not be brought up: "
            f"{error}. Repair the cause and run any date again: pointer and doors then follow"
        ) from error


def _bring_up(lake: Lake, settings: Settings) -> list[str]:
    """Let the pointer and every door lead to the newest release, or to the one that was rolled back to."""
    shelf = releases(lake)
    if not shelf:
        return []
    shown = release_to_show(shelf, Ledger(lake.ledger_file))
    # First, so that nobody reads the new release with what was laid on the old one.
    done = bring_up_overlay(lake, shown.release_id)
    if point_to(shown, lake):
        done.append(f"moved CURRENT to {shown.release_id}")
    reach("release.pointed")
    columns = read_export_columns(settings.release.export_columns)
    opened = open_doors(shown, lake, columns)
    reach("release.opened")
    return done + [f"brought {door} to {shown.release_id}" for door in opened]


def _shelve(
    candidate: Candidate, facts: Mapping[str, Any], evidence: Path | None, lake: Lake, ledger: Ledger
) -> Release:
    """Write the whole release aside and rename it onto the shelf."""
    number = _next_number(candidate.as_of, lake, ledger)
    release_id = new_release_id(candidate.as_of, number, candidate.content_hash)
    with whole_folder(lake.releases_dir, release_id) as aside:
        for name, file in candidate.tables.items():
            table = read_arrow(file)
            if logical_hash(table) != candidate.hashes[name]:
                raise ReleaseBrokenError(
                    f"{name} was changed after the candidate of {candidate.as_of} was built and checked; "
                    "run the whole job for this date again"
                )
            write_arrow(with_release_id(table, release_id), aside / "tables" / f"{name}.parquet")
        if evidence is not None and evidence.is_dir():
            shutil.copytree(evidence, aside / "evidence")
        manifest = {
            **plain_json(facts),
            "manifest_version": MANIFEST_VERSION,
            "release_id": release_id,
            "as_of": candidate.as_of.isoformat(),
            "number": number,
            "content_hash": candidate.content_hash,
            "tables": {
                name: {
                    "file": f"tables/{name}.parquet",
                    "rows": candidate.rows[name],
                    "logical_hash": candidate.hashes[name],
                }
                for name in candidate.tables
            },
        }
        write_json(manifest, aside / "manifest.json")
    folder = lake.releases_dir / release_id
    return Release(release_id, candidate.as_of, folder, candidate.content_hash, manifest)


def _next_number(as_of: date, lake: Lake, ledger: Ledger) -> int:
    """One more than any release of the date ever had, on the shelf or in the ledger."""
    used = [one.number for one in releases(lake) if one.as_of == as_of]
    used += [number_of(event.subject) for event in ledger.events("release") if event.business_date == as_of]
    return max(used, default=0) + 1


def _record_published(release: Release, ledger: Ledger, actor: str) -> None:
    ledger.append(
        "release",
        "published",
        subject=release.release_id,
        business_date=release.as_of,
        actor=actor,
        payload={
            "content_hash": release.content_hash,
            "rows": release.rows,
            "table_hashes": {name: one["logical_hash"] for name, one in release.manifest["tables"].items()},
            "inputs": inputs_read(release.manifest),
        },
    )


def _sweep_shelf(lake: Lake) -> list[str]:
    """Remove release folders that were never finished; return their names."""
    left = sorted(lake.releases_dir.glob(f"{UNFINISHED_PREFIX}*"))
    for folder in left:
        shutil.rmtree(folder)
    return [folder.name for folder in left]


@contextmanager
def publishing_alone(lake: Lake, *, waits: bool = True) -> Iterator[None]:
    """One process publishes at a time, so that two cannot take one number.

    Raises `AlreadyRunningError` when another does so and this one does not wait.
    """
    lake.releases_dir.mkdir(parents=True, exist_ok=True)
    with (lake.releases_dir / ".lock").open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX if waits else fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise AlreadyRunningError("a publication is running; nothing was done") from error
        yield
