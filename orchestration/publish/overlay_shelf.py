"""Overlays on the shelf: what has been published within the day on top of a release, and the doors to it.

An overlay holds the rows of touched pools only and names the release it lies on, its base. It is
never read on another base: when a newer release becomes current, its doors are taken away.
"""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

from optimization.errors import StockplanError
from orchestration.crash_points import reach
from orchestration.lake.ledger import Ledger
from orchestration.lake.parquet import sync_folder, write_text
from orchestration.lake.paths import Lake
from orchestration.publish.doors import place_link
from orchestration.publish.shelf import UNFINISHED_PREFIX, number_of, pointed_id

_OVERLAY_ID = re.compile(r"(.+)\+([1-9]\d*)-([0-9a-f]{8})")


class OverlayError(StockplanError):
    """An overlay cannot be made, read or published; the message names it and the repair."""


@dataclass(frozen=True)
class Overlay:
    """One published overlay: an immutable folder of tables and a manifest."""

    overlay_id: str
    base_release_id: str
    folder: Path
    content_hash: str
    manifest: Mapping[str, Any] = field(repr=False)

    @property
    def number(self) -> int:
        """Which overlay of its base this is, from 1."""
        return int(self.manifest["number"])

    @property
    def rows(self) -> dict[str, int]:
        """Rows per table."""
        return {name: table["rows"] for name, table in self.manifest["tables"].items()}

    @property
    def tables(self) -> dict[str, Path]:
        """File per table."""
        return {name: self.folder / table["file"] for name, table in self.manifest["tables"].items()}


def new_overlay_id(base_release_id: str, number: int, content_hash: str) -> str:
    """Return `<base>+<n>-<hash8>`.

    >>> new_overlay_id("2024-01-31-2-01234567", 3, "89abcdef01234567")
    '2024-01-31-2-01234567+3-89abcdef'
    """
    return f"{base_release_id}+{number}-{content_hash[:8]}"


def base_of(overlay_id: str) -> str:
    """Return the id of the release an overlay lies on; empty when the text is no overlay's id.

    >>> base_of("2024-01-31-2-01234567+3-89abcdef"), base_of("2024-01-31-2-01234567")
    ('2024-01-31-2-01234567', '')
    """
    found = _OVERLAY_ID.fullmatch(overlay_id)
    return found[1] if found and number_of(found[1]) else ""


def overlay_number(overlay_id: str) -> int:
    """Return n of an overlay's id; 0 when the text is none.

    >>> overlay_number("2024-01-31-2-01234567+3-89abcdef"), overlay_number("latest")
    (3, 0)
    """
    found = _OVERLAY_ID.fullmatch(overlay_id)
    return int(found[2]) if found else 0


def overlays(lake: Lake, base_release_id: str | None = None) -> tuple[Overlay, ...]:
    """Return every overlay, or those of one base, by base and number. Raises `OverlayError`."""
    if not lake.overlays_dir.is_dir():
        return ()
    folders = [folder for folder in lake.overlays_dir.iterdir() if base_of(folder.name)]
    if base_release_id is not None:
        folders = [folder for folder in folders if base_of(folder.name) == base_release_id]
    return tuple(sorted(map(_read, folders), key=lambda one: (one.base_release_id, one.number)))


def overlay_pointer(lake: Lake) -> Path:
    """The file that holds the id of the overlay on the current release."""
    return lake.root / "OVERLAY"


def pointed_overlay_id(lake: Lake) -> str:
    """Return what the pointer says, empty when there is none."""
    try:
        return overlay_pointer(lake).read_text(encoding="utf-8").strip()
    except FileNotFoundError:
        return ""


def current_overlay(lake: Lake) -> Overlay | None:
    """Return the overlay on the current release, None where nothing lies on it.

    A pointer to an overlay of another release says nothing any more. Raises `OverlayError` when the
    pointer names an overlay that is not on the shelf.
    """
    overlay_id = pointed_overlay_id(lake)
    if not overlay_id or base_of(overlay_id) != pointed_id(lake):
        return None
    folder = lake.overlays_dir / overlay_id
    if not folder.is_dir():
        raise OverlayError(
            f"OVERLAY names {overlay_id!r}, which is not in {lake.overlays_dir}; run `stockplan "
            "overlay` again"
        )
    return _read(folder)


def bring_up_overlay(lake: Lake, release_id: str) -> list[str]:
    """Let the pointer and `overlay/` lead to the newest overlay of a release, or nowhere.

    Returns what was done; a second call finds nothing to do.
    """
    found = overlays(lake, release_id)
    pointer, door = overlay_pointer(lake), lake.overlay_dir
    if not found:
        done = []
        # The door first: a reader who follows the pointer is told that its base is no longer current.
        for path in (door, pointer):
            if path.is_symlink() or path.is_file():
                reach("overlay.begun")
                path.unlink()
                reach("overlay.taken")
                sync_folder(path.parent)
                done.append(f"took {path.name} away: no overlay lies on {release_id}")
        return done
    newest, done = found[-1], []
    if pointed_overlay_id(lake) != newest.overlay_id:
        write_text(newest.overlay_id + "\n", pointer)
        done.append(f"moved OVERLAY to {newest.overlay_id}")
    if place_link(door, newest.folder / "tables"):
        done.append(f"brought overlay/ to {newest.overlay_id}")
    return done


def finish_overlays(lake: Lake, ledger: Ledger, actor: str) -> list[str]:
    """Remove unfinished overlays and record those that a crash kept out of the ledger; say what was done."""
    left = sorted(lake.overlays_dir.glob(f"{UNFINISHED_PREFIX}*"))
    for folder in left:
        shutil.rmtree(folder)
    done = [f"removed {folder.name}, left by an interrupted run" for folder in left]
    found = overlays(lake)
    if found:
        recorded = {event.subject for event in ledger.events("overlay") if event.event_type == "published"}
        for overlay in found:
            if overlay.overlay_id not in recorded:
                record_overlay(overlay, ledger, actor)
                done.append(f"wrote the missing ledger event of overlay {overlay.overlay_id}")
    return done


def record_overlay(overlay: Overlay, ledger: Ledger, actor: str) -> None:
    """Write into the ledger that the overlay was published."""
    ledger.append(
        "overlay",
        "published",
        subject=overlay.overlay_id,
        business_date=date.fromisoformat(overlay.manifest["as_of"]),
        actor=actor,
        payload={
            "base_release_id": overlay.base_release_id,
            "content_hash": overlay.content_hash,
            "rows": overlay.rows,
            "until": overlay.manifest["until"],
            "ledger_read": overlay.manifest["ledger_read"],
        },
    )


def _read(folder: Path) -> Overlay:
    path = folder / "manifest.json"
    try:
        manifest = json.loads(path.read_text(encoding="utf-8"))
        return Overlay(
            overlay_id=manifest["overlay_id"],
            base_release_id=manifest["base_release_id"],
            folder=folder,
            content_hash=manifest["content_hash"],
            manifest=manifest,
        )
    except (OSError, KeyError, TypeError, ValueError) as error:
        raise OverlayError(
            f"{path} is not a readable manifest ({error!r}); move its folder out of the shelf and run "
            "`stockplan overlay` again"
        ) from error
