"""Overlay releases: within the day, allocation, promises and reservations of touched pools only.

Order of the steps, as for a release: the whole folder aside → flushed → renamed onto the shelf →
ledger → pointer `OVERLAY` → link `overlay/` beside `current/`. The rename is the moment of
publication. Whatever dies in between, readers find whole overlays, and the next overlay, release or
`repair` does what was left to do. The next release drops the overlay with its base.

A reader who wants both as one asks `current_with_overlay`; `published.duckdb` stays the release's.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Literal, NoReturn

import pandas as pd
import pyarrow as pa

from optimization.errors import AuditError
from orchestration.lake.ledger import Ledger
from orchestration.lake.parquet import read_arrow, write_arrow, write_json
from orchestration.lake.paths import Lake
from orchestration.publish.manifest import code_version, package_versions
from orchestration.publish.overlay_checks import problems_of
from orchestration.publish.overlay_content import (
    OverlayContent,
    Unapplied,
    applied_actions,
    make_content,
    unapplied,
)
from orchestration.publish.overlay_rows import BaseRows, WarmRows
from orchestration.publish.overlay_shelf import (
    Overlay,
    OverlayError,
    bring_up_overlay,
    current_overlay,
    finish_overlays,
    new_overlay_id,
    overlay_number,
    overlays,
    record_overlay,
)
from orchestration.publish.release import publishing_alone
from orchestration.publish.shelf import Release, ReleaseError, current_release
from orchestration.publish.shelving import whole_folder, with_release_id
from orchestration.settings import Settings

__all__ = ["OverlayOutcome", "WarmOverlay", "current_with_overlay", "publish_overlay"]

MANIFEST_VERSION = 1
# An overlay's lines follow the release's; all other tables replace the rows of the touched pools.
_LINES = frozenset({"allocation_ledger", "supply_audit"})
_POOL = ["item_id", "location_id"]


@dataclass(frozen=True)
class OverlayOutcome:
    """What became of a wish for an overlay: `overlay` is the one now in force, None where there is none."""

    state: Literal["published", "unchanged"]
    overlay: Overlay | None
    base: Release
    operations: int
    rejected: int


class WarmOverlay:
    """A process that keeps the current release's tables in memory and refreshes in milliseconds.

    The release is watched: when another becomes current, its tables are read in place of the old ones.
    """

    def __init__(self, lake: Lake, ledger: Ledger, settings: Settings) -> None:
        self.lake, self.ledger, self.settings = lake, ledger, settings
        self._rows: WarmRows | None = None
        self._read: Unapplied | None = None
        self._told: OverlayOutcome | None = None

    def publish(self, until: pd.Timestamp | None, actor: str) -> OverlayOutcome:
        """Publish what happened since the release; as `publish_overlay`."""
        with publishing_alone(self.lake):
            base = _base(self.lake)
            if self._rows is None or self._rows.base.release_id != base.release_id:
                self._rows, self._read, self._told = WarmRows(self.lake, base), None, None
            before, self._read = self._read, unapplied(base, self.ledger, self._read)
            is_idle = before is not None and before.events is self._read.events and until is None
            if is_idle and self._told is not None and self._told.overlay == _newest(self.lake, base):
                return replace(self._told, state="unchanged")
            self._told = None
            told = _publish(self._rows, self._read, until, self.ledger, self.settings, actor)
            # What was asked for another time says nothing of the present.
            self._told = told if until is None else None
            return told


def publish_overlay(
    lake: Lake, ledger: Ledger, settings: Settings, until: pd.Timestamp | None, actor: str
) -> OverlayOutcome:
    """Publish the current release's touched pools after all operations up to `until`, or say unchanged.

    `until` (UTC, naive): by default the time of the last operation; reservations and loans that end by
    then have ended. Raises `OverlayError` without a release, or when a check fails: the ledger then holds
    why, and the overlay before stays.
    """
    with publishing_alone(lake):
        base = _base(lake)
        return _publish(BaseRows(lake, base), unapplied(base, ledger), until, ledger, settings, actor)


def current_with_overlay(lake: Lake, table: str) -> pa.Table:
    """Return a table of the current release with the overlay's rows in place of those of its pools.

    Lines (`allocation_ledger`, `supply_audit`) are added to the release's. `release_id` says of each row
    where it is from. Raises `ReleaseError` without a release or for a table it does not have.
    """
    base = current_release(lake)
    if base is None:
        raise ReleaseError("there is no release yet; make the first one with: make run")
    rows = read_arrow(base.table(table))
    overlay = current_overlay(lake)
    if overlay is None or table not in overlay.tables:
        return rows
    laid = read_arrow(overlay.tables[table]).select(rows.column_names).cast(rows.schema)
    if table not in _LINES:
        # The touched pools are those whose shares the overlay tells; promises have places of their own.
        keys = laid if table == "atp" else read_arrow(overlay.tables["allocation"])
        rows = rows.join(keys.select(_POOL).group_by(_POOL).aggregate([]), _POOL, join_type="left anti")
        rows = rows.select(laid.column_names).cast(laid.schema)
    joined = pa.concat_tables([rows, laid])
    order = [(name, "ascending") for name in joined.column_names if name != "release_id"]
    return joined.sort_by(order)


def _base(lake: Lake) -> Release:
    base = current_release(lake)
    if base is None:
        raise OverlayError("there is no release to lay anything on; make the first one with: make run")
    return base


def _newest(lake: Lake, base: Release) -> Overlay | None:
    found = overlays(lake, base.release_id)
    return found[-1] if found else None


def _publish(
    rows: BaseRows,
    read: Unapplied,
    until: pd.Timestamp | None,
    ledger: Ledger,
    settings: Settings,
    actor: str,
) -> OverlayOutcome:
    """Make, check and shelve; the caller publishes alone."""
    lake, base = rows.lake, rows.base
    finish_overlays(lake, ledger, actor)
    bring_up_overlay(lake, base.release_id)
    last = _newest(lake, base)
    events = read.events
    count = len(events) if until is None else int((events["event_at"] <= until).sum())
    try:
        applied = applied_actions(lake, ledger, base, read)
        content = make_content(rows, events, until, settings, applied)
    except AuditError as error:
        _refuse(base, [str(error)], ledger, actor)
    if content is None:
        return OverlayOutcome("unchanged", last, base, count, 0)
    rejected = int((content.frames.entry["entry_status"] == "rejected").sum())
    if last is not None and last.content_hash == content.content_hash:
        return OverlayOutcome("unchanged", last, base, count, rejected)
    problems = problems_of(content)
    if problems:
        _refuse(base, problems, ledger, actor)
    overlay = _shelve(lake, content, read, _next_number(lake, base, ledger))
    record_overlay(overlay, ledger, actor)
    bring_up_overlay(lake, base.release_id)
    return OverlayOutcome("published", overlay, base, count, rejected)


def _refuse(base: Release, problems: list[str], ledger: Ledger, actor: str) -> NoReturn:
    """Write into the ledger why nothing is published, once for the same reasons, and raise it."""
    told = [event for event in ledger.events("overlay") if event.event_type == "refused"]
    if all((event.subject, event.payload["problems"]) != (base.release_id, problems) for event in told):
        ledger.append(
            "overlay",
            "refused",
            subject=base.release_id,
            business_date=base.as_of,
            actor=actor,
            payload={"problems": problems},
        )
    raise OverlayError(
        f"the overlay on {base.release_id} is not published, the one before stays:\n  "
        + "\n  ".join(problems)
    )


def _next_number(lake: Lake, base: Release, ledger: Ledger) -> int:
    """One more than any overlay of the release ever had, on the shelf or in the ledger."""
    used = [one.number for one in overlays(lake, base.release_id)]
    used += [
        overlay_number(event.subject)
        for event in ledger.events("overlay")
        if event.subject.startswith(f"{base.release_id}+")
    ]
    return max(used, default=0) + 1


def _shelve(lake: Lake, content: OverlayContent, read: Unapplied, number: int) -> Overlay:
    """Write the whole overlay aside and rename it onto the shelf."""
    base = content.base
    overlay_id = new_overlay_id(base.release_id, number, content.content_hash)
    with whole_folder(lake.overlays_dir, overlay_id) as aside:
        for name, table in content.tables.items():
            write_arrow(with_release_id(table, overlay_id), aside / "tables" / f"{name}.parquet")
        manifest: dict[str, Any] = {
            "manifest_version": MANIFEST_VERSION,
            "overlay_id": overlay_id,
            "base_release_id": base.release_id,
            "base_content_hash": base.content_hash,
            "as_of": base.as_of.isoformat(),
            "number": number,
            "until": content.until.isoformat(),
            "content_hash": content.content_hash,
            "ledger_read": {"seq": read.seq, "head": read.head},
            "code": code_version(),
            "packages": package_versions(),
            "tables": {
                name: {
                    "file": f"tables/{name}.parquet",
                    "rows": table.num_rows,
                    "logical_hash": content.hashes[name],
                }
                for name, table in content.tables.items()
            },
        }
        write_json(manifest, aside / "manifest.json")
    folder = lake.overlays_dir / overlay_id
    return Overlay(overlay_id, base.release_id, folder, content.content_hash, manifest)
