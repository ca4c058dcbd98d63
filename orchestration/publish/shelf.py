"""What has been published: the releases on the shelf, read back, and which one is current.

Only reading, and the names of the files. A folder on the shelf is whole, because it is renamed
into place when everything in it is written; its manifest tells what it is.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from optimization.errors import StockplanError
from orchestration.lake.paths import Lake

_RELEASE_ID = re.compile(r"(\d{4}-\d{2}-\d{2})-([1-9]\d*)-([0-9a-f]{8})")
# Folders with this prefix are being written, or were when something died.
UNFINISHED_PREFIX = ".unfinished-"


class ReleaseError(StockplanError):
    """A release cannot be read or published; the message names it and the repair."""


class ReleaseBrokenError(ReleaseError):
    """A release, its manifest or the pointer to it is not what was written."""


class ReleaseSettingsError(ReleaseError):
    """The setting of how a release is exported cannot be used."""


@dataclass(frozen=True)
class Release:
    """One published release: an immutable folder of tables, a manifest and evidence."""

    release_id: str
    as_of: date
    folder: Path
    content_hash: str
    manifest: Mapping[str, Any] = field(repr=False)

    @property
    def number(self) -> int:
        """Which release of its date this is, from 1."""
        return number_of(self.release_id)

    @property
    def rows(self) -> dict[str, int]:
        """Rows per table."""
        return {name: table["rows"] for name, table in self.manifest["tables"].items()}

    @property
    def tables(self) -> dict[str, Path]:
        """File per table."""
        return {name: self.folder / table["file"] for name, table in self.manifest["tables"].items()}

    def table(self, name: str) -> Path:
        """Return the Parquet file of one table. Raises `ReleaseError` naming the tables there are."""
        if name not in self.tables:
            raise ReleaseError(
                f"release {self.release_id} has no table {name!r}; it has {', '.join(sorted(self.tables))}"
            )
        return self.tables[name]


def new_release_id(as_of: date, number: int, content_hash: str) -> str:
    """Return `<as_of>-<n>-<hash8>`.

    >>> new_release_id(date(2024, 1, 31), 2, "0123456789abcdef")
    '2024-01-31-2-01234567'
    """
    return f"{as_of.isoformat()}-{number}-{content_hash[:8]}"


def number_of(release_id: str) -> int:
    """Return n of a release id; 0 when the text is none.

    >>> number_of("2024-01-31-2-01234567"), number_of("latest")
    (2, 0)
    """
    found = _RELEASE_ID.fullmatch(release_id)
    return int(found[2]) if found else 0


def pointer_file(lake: Lake) -> Path:
    """The file that holds the id of the current release."""
    return lake.root / "CURRENT"


def releases(lake: Lake) -> tuple[Release, ...]:
    """Return every release, sorted by date and number. Raises `ReleaseError` for a broken manifest."""
    if not lake.releases_dir.is_dir():
        return ()
    folders = [folder for folder in lake.releases_dir.iterdir() if number_of(folder.name)]
    return tuple(sorted(map(_read, folders), key=lambda one: (one.as_of, one.number)))


def release_named(lake: Lake, release_id: str | None) -> Release:
    """Return the release with this id, the current one for None. Raises `ReleaseError` for none."""
    if release_id is None:
        current = current_release(lake)
        if current is None:
            raise ReleaseError("there is no release yet; make the first one with: make run")
        return current
    folder = lake.releases_dir / release_id
    if not number_of(release_id) or not folder.is_dir():
        raise ReleaseError(f"there is no release {release_id!r}; list them with: stockplan releases")
    return _read(folder)


def current_release(lake: Lake) -> Release | None:
    """Return the release the pointer names, None before the first.

    Raises `ReleaseError` when the pointer names a release that is not on the shelf.
    """
    release_id = pointed_id(lake)
    if not release_id:
        return None
    folder = lake.releases_dir / release_id
    if not number_of(release_id) or not folder.is_dir():
        raise ReleaseBrokenError(
            f"CURRENT names {release_id!r}, which is not in {lake.releases_dir}; restore the folder from a "
            "copy, or run any date again: the pointer then moves to the newest release there is"
        )
    return _read(folder)


def previous_release(lake: Lake, before: date) -> Release | None:
    """Return the newest release of the latest date before `before`, or None."""
    earlier = [one for one in releases(lake) if one.as_of < before]
    return earlier[-1] if earlier else None


FROZEN_WEEKS = (1, 4, 13)


def frozen_releases(lake: Lake, as_of: date) -> dict[int, Release]:
    """Return the newest releases of exactly 1, 4 and 13 weeks before `as_of`, those there are."""
    found = {weeks: newest_of(lake, as_of - timedelta(weeks=weeks)) for weeks in FROZEN_WEEKS}
    return {weeks: release for weeks, release in found.items() if release is not None}


def release_of_run(lake: Lake, as_of: date, run_id: str) -> Release | None:
    """Return the release of `as_of` that this run published; None when it published none that can be read."""
    for folder in lake.releases_dir.glob(f"{as_of.isoformat()}-*"):
        try:
            release = _read(folder)
        except ReleaseError:
            continue
        if release.manifest.get("run", {}).get("run_id") == run_id:
            return release
    return None


def newest_of(lake: Lake, as_of: date) -> Release | None:
    """Return the newest release of exactly `as_of`, or None."""
    same = [one for one in releases(lake) if one.as_of == as_of]
    return same[-1] if same else None


def pointed_id(lake: Lake) -> str:
    """Return what the pointer says, empty when there is none; bytes that are no text name no release."""
    try:
        return pointer_file(lake).read_text(encoding="utf-8", errors="replace").strip()
    except FileNotFoundError:
        return ""


def _read(folder: Path) -> Release:
    path = folder / "manifest.json"
    try:
        manifest = json.loads(path.read_text(encoding="utf-8"))
        return Release(
            release_id=manifest["release_id"],
            as_of=date.fromisoformat(manifest["as_of"]),
            folder=folder,
            content_hash=manifest["content_hash"],
            manifest=manifest,
        )
    except (OSError, KeyError, TypeError, ValueError) as error:
        raise ReleaseBrokenError(
            f"{path} is not a readable manifest ({error!r}); restore the release from a copy, or move its "
            "folder out of the shelf"
        ) from error
