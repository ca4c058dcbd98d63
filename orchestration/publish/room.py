"""Whether the disk has room for a day, asked before the day is begun."""

from __future__ import annotations

from typing import TYPE_CHECKING

from orchestration.lake.disk import DiskFullError, free_bytes
from orchestration.lake.paths import Lake
from orchestration.publish.shelf import pointed_id

if TYPE_CHECKING:
    from orchestration.settings import Settings

# A day writes its work files, the candidate and the release, each about as large as the last release.
_RELEASES_PER_DAY = 3
_MIB = 2**20


def needed_bytes(lake: Lake, settings: Settings) -> int:
    """Return what has to be free: the setting's least, and three times the current release."""
    folder = lake.releases_dir / (pointed_id(lake) or ".none")
    release = sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())
    return max(settings.execution.min_free_disk_mb * _MIB, _RELEASES_PER_DAY * release)


def check_room(lake: Lake, settings: Settings) -> None:
    """Raise `DiskFullError`, naming what is free and what is needed, when a day could not be finished."""
    free, needed = free_bytes(lake.root), needed_bytes(lake, settings)
    if free < needed:
        raise DiskFullError(
            f"{lake.root} has {free:,} bytes free and a day needs {needed:,} ({_RELEASES_PER_DAY} times the "
            "current release, and at least execution.min_free_disk_mb); nothing was begun. Free space there "
            "(the folder build/ may be deleted, `stockplan retention` removes what is old) and run the date "
            "again"
        )
