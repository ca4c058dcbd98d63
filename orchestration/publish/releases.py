"""Reading releases: which there are, which is current, which have been overtaken.

A release is a folder under `releases/`; it is complete because it gets its name in one step. The
pointer `CURRENT` beside them names the one that the doors (`current/`, `published.duckdb`,
`export/`) show. Nothing here writes; that is `orchestration.publish.release`.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from pathlib import Path
from typing import Any

from optimization.errors import StockplanError
from orchestration.lake.manifests import latest_versions
from orchestration.lake.paths import Lake

_RELEASE_ID = re.compile(r"(?P<as_of>\d{4}-\d{2}-\d{2})-(?P<number>\d+)-(?P<hash8>[0-9a-f]{8})")


class ReleaseError(StockplanError):
    """A release cannot be read or written; the message says what to repair."""


@dataclass(frozen=True)
class Release:
    """One published release. `number` counts the releases of its business date from 1."""

    release_id: str
    as_of: date
    number: int
    directory: Path

    @cached_property
    def manifest(self) -> dict[str, Any]:
        """What the release was made of, and what it holds."""
        path = self.directory / "manifest.json"
        try:
            content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            raise ReleaseError(f"{path} cannot be read ({error}); restore the release from a copy") from error
        return content

    @property
    def content_hash(self) -> str:
        """Hash over the logical rows of all published tables."""
        return str(self.manifest["content_hash"])

    def table_file(self, table: str) -> Path:
        """The Parquet file of one published table. Raises `ReleaseError` for an unknown one."""
        path = self.directory / "tables" / f"{table}.parquet"
        if not path.is_file():
            known = ", ".join(sorted(one.stem for one in path.parent.glob("*.parquet")))
            raise ReleaseError(f"release {self.release_id} has no table {table!r}; it has: {known}")
        return path


@dataclass(frozen=True)
class StaleRelease:
    """A release that read past something that arrived later, and what that was."""

    release_id: str
    reason: str


def pointer_file(lake: Lake) -> Path:
    """The file that names the current release."""
    return lake.releases_dir / "CURRENT"


def parse_release_id(text: str) -> tuple[date, int] | None:
    """Return business date and number of a release id, None for any other text.

    >>> parse_release_id("2023-06-15-2-0a1b2c3d")
    (datetime.date(2023, 6, 15), 2)
    >>> parse_release_id(".2023-06-15-2-0a1b2c3d.tmp")
    """
    match = _RELEASE_ID.fullmatch(text)
    return (date.fromisoformat(match["as_of"]), int(match["number"])) if match else None


def all_releases(lake: Lake) -> tuple[Release, ...]:
    """Return every release, by business date and number."""
    if not lake.releases_dir.is_dir():
        return ()
    found = [
        Release(path.name, *parsed, path)
        for path in lake.releases_dir.iterdir()
        if path.is_dir() and (parsed := parse_release_id(path.name))
    ]
    return tuple(sorted(found, key=lambda one: (one.as_of, one.number)))


def find_release(lake: Lake, release_id: str) -> Release:
    """Return one release by its id. Raises `ReleaseError` when it is not there."""
    parsed = parse_release_id(release_id)
    directory = lake.releases_dir / release_id
    if parsed is None or not directory.is_dir():
        raise ReleaseError(f"there is no release {release_id!r}; list them with: stockplan releases")
    return Release(release_id, *parsed, directory)


def current_release(lake: Lake) -> Release | None:
    """Return the release that the pointer names, None before the first."""
    pointer = pointer_file(lake)
    return find_release(lake, pointer.read_text().strip()) if pointer.exists() else None


def newest_of(lake: Lake, as_of: date) -> Release | None:
    """Return the newest release of one business date."""
    found = [one for one in all_releases(lake) if one.as_of == as_of]
    return found[-1] if found else None


def newest_before(lake: Lake, as_of: date) -> Release | None:
    """Return the newest release of the last business date before `as_of`.

    This is what a run may read of earlier days: nothing of its own date or later.
    """
    found = [one for one in all_releases(lake) if one.as_of < as_of]
    return found[-1] if found else None


def stale_releases(lake: Lake) -> tuple[StaleRelease, ...]:
    """Return the releases that a later arrival has overtaken, by business date.

    Only the newest release of a date counts. It is stale when a snapshot up to its date was sealed
    that it did not read, or when an earlier date has a newer release than the one it read. Running
    the dates again in their order cures it.
    """
    newest = {one.as_of: one for one in all_releases(lake)}
    sealed = latest_versions(lake)
    stale = []
    for release in newest.values():
        inputs = release.manifest["inputs"]
        read = {one["snapshot_id"] for one in inputs["snapshots"]}
        missed = [one for one in sealed if one.as_of <= release.as_of and one.snapshot_id not in read]
        earlier = newest_before(lake, release.as_of)
        if missed:
            late = missed[0]
            reason = f"did not read the snapshot of {late.as_of} (version {late.version})"
        elif earlier and earlier.release_id != inputs["earlier_release"]:
            reason = f"read {inputs['earlier_release'] or 'no earlier release'}, not {earlier.release_id}"
        else:
            continue
        stale.append(StaleRelease(release.release_id, reason))
    return tuple(stale)
