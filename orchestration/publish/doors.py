"""The stable doors to the current release: the pointer, `current/`, `published.duckdb`, `export/`.

Each is made aside and put in place in one step, so that a reader finds the old release or the new
one. All of them can be made again from the release at any time, and are when they lag behind.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import tempfile
from pathlib import Path

from orchestration.closed_duckdb import closed_duckdb, quoted
from orchestration.crash_points import reach
from orchestration.lake.disk import StorageError
from orchestration.lake.parquet import SIBLING_SUFFIX, remove_left_siblings, sync_folder, write_text
from orchestration.lake.paths import Lake
from orchestration.process_limits import SEALED_MODE
from orchestration.publish.export import ExportColumns, write_export
from orchestration.publish.shelf import Release, pointed_id, pointer_file

# Files and links with this prefix are being made, or were when something died.
ASIDE_PREFIX = ".aside-"


def point_to(release: Release, lake: Lake) -> bool:
    """Make `release` the current one; False when it was already."""
    if pointed_id(lake) == release.release_id:
        return False
    write_text(release.release_id + "\n", pointer_file(lake))
    return True


def open_doors(release: Release, lake: Lake, columns: ExportColumns) -> list[str]:
    """Bring `current/`, `published.duckdb` and `export/` to `release`; return those that lagged."""
    opened = []
    if place_link(lake.current_dir, release.folder / "tables"):
        opened.append("current/")
    if _database_release(lake.published_database) != release.release_id:
        _build_database(release, lake.published_database)
        opened.append(lake.published_database.name)
    if _place_export(release, lake, columns):
        opened.append("export/")
    return opened


def place_link(door: Path, target: Path) -> bool:
    """Let the link `door` lead to the folder `target`, in one step."""
    relative = os.path.relpath(target, door.parent)
    if door.is_symlink() and str(door.readlink()) == relative:
        return False
    if door.exists() and not door.is_symlink():
        raise StorageError(f"{door} is not a link that Stockplan made; move it away and run the date again")
    aside = door.with_name(f"{ASIDE_PREFIX}{door.name}")
    aside.unlink(missing_ok=True)
    aside.symlink_to(relative, target_is_directory=True)
    reach("link.begun")
    aside.replace(door)
    reach("link.placed")
    sync_folder(door.parent)
    return True


def _database_release(path: Path) -> str:
    """Return which release the database holds; empty when it is none or cannot be read."""
    import duckdb

    if not path.is_file():
        return ""
    try:
        with closed_duckdb(database=path, read_only=True) as connection:
            row = connection.execute("select release_id from release").fetchone()
    except duckdb.Error:
        return ""
    return str(row[0]) if row else ""


def _build_database(release: Release, path: Path) -> None:
    """Write every table of the release into a DuckDB file beside `path`, then put it in place."""
    workshop = Path(tempfile.mkdtemp(dir=path.parent, prefix=ASIDE_PREFIX))
    try:
        aside = workshop / path.name
        with closed_duckdb(release.tables.values(), database=aside) as connection:
            connection.execute("begin")
            for name, file in sorted(release.tables.items()):
                made = f"create table {quoted(name)} as select * from read_parquet(?)"  # noqa: S608
                connection.execute(made, [str(file)])
            connection.execute(
                "create table release as select ? as release_id, cast(? as date) as as_of, ? as content_hash",
                [release.release_id, release.as_of, release.content_hash],
            )
            connection.execute("comment on table release is 'The release that this file holds'")
            reach("database.filled")
            connection.execute("commit")
            reach("database.committed")
            connection.execute("checkpoint")
        with aside.open("rb+") as file_object:
            os.fsync(file_object.fileno())
        reach("database.flushed")
        aside.chmod(SEALED_MODE)
        aside.replace(path)
        reach("database.placed")
        sync_folder(path.parent)
    finally:
        shutil.rmtree(workshop, ignore_errors=True)


def _place_export(release: Release, lake: Lake, columns: ExportColumns) -> bool:
    """Let `export/` lead to the files of this release under the customer's names."""
    names = hashlib.sha256(json.dumps(columns, sort_keys=True).encode()).hexdigest()[:8]
    store = lake.root / ".exports"
    folder = store / f"{release.release_id}-{names}"
    is_written = folder.is_dir()
    if not is_written:
        store.mkdir(parents=True, exist_ok=True)
        workshop = Path(tempfile.mkdtemp(dir=store, prefix=ASIDE_PREFIX))
        try:
            made = workshop / "files"
            write_export(release.tables, columns, made, release.release_id)
            seal_files(made)
            reach("export.written")
            made.replace(folder)
            reach("export.placed")
            sync_folder(store)
        finally:
            shutil.rmtree(workshop, ignore_errors=True)
    before = lake.export_dir.resolve()
    is_moved = place_link(lake.export_dir, folder)
    if is_moved:
        # The one before stays for whoever is in the middle of reading it.
        for old in set(store.iterdir()) - {folder, store / before.name}:
            shutil.rmtree(old, ignore_errors=True)
    return is_moved or not is_written


def seal_files(folder: Path) -> None:
    """Flush every file under `folder` to the disk and take everybody's right to write to it."""
    for path in sorted(folder.rglob("*")):
        if path.is_dir():
            sync_folder(path)
            continue
        # Opened for reading: a file copied from elsewhere may be read-only already.
        with path.open("rb") as file:
            reach("shelf.file_begun")
            os.fsync(file.fileno())
        reach("shelf.file_flushed")
        path.chmod(SEALED_MODE)
    sync_folder(folder)


def sweep(lake: Lake, *, everywhere: bool = False) -> list[str]:
    """Remove what was being made when something died; return the names.

    Single files are looked for where doors and what people open lie, or in the whole lake: a run looks
    for those of its own business date when it seals.
    """
    left = [*lake.root.glob(f"{ASIDE_PREFIX}*"), *(lake.root / ".exports").glob(f"{ASIDE_PREFIX}*")]
    for path in left:
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink()
    siblings = f".*{SIBLING_SUFFIX}"
    found = (
        lake.root.rglob(siblings)
        if everywhere
        else [*lake.root.glob(siblings), *lake.root.glob(f"open/*/{siblings}")]
    )
    return sorted(path.name for path in [*left, *remove_left_siblings(found)])
