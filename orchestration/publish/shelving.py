"""Putting a whole folder onto a shelf: made aside, flushed, renamed in one step."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pyarrow as pa

from orchestration.crash_points import reach
from orchestration.lake.disk import told_by_path
from orchestration.lake.parquet import sync_folder
from orchestration.process_limits import FOLDER_MODE
from orchestration.publish.doors import seal_files
from orchestration.publish.shelf import UNFINISHED_PREFIX


@contextmanager
def whole_folder(shelf: Path, name: str) -> Iterator[Path]:
    """Give a folder to fill; it stands on the shelf under `name` only when it was filled without error."""
    with told_by_path(shelf / name):
        shelf.mkdir(parents=True, exist_ok=True)
        aside = Path(tempfile.mkdtemp(dir=shelf, prefix=UNFINISHED_PREFIX))
    try:
        yield aside
        # mkdtemp makes private folders; what is published is read by other users of the group.
        aside.chmod(FOLDER_MODE)
        reach("shelf.filled")
        seal_files(aside)
        reach("shelf.flushed")
        aside.rename(shelf / name)
        reach("shelf.placed")
    except BaseException:
        shutil.rmtree(aside, ignore_errors=True)
        raise
    sync_folder(shelf)


def with_release_id(table: pa.Table, release_id: str) -> pa.Table:
    """`table` with the id of the release, or overlay, that publishes it as its first column."""
    ids = pa.repeat(pa.scalar(release_id, pa.string()), table.num_rows)
    return table.add_column(0, pa.field("release_id", pa.string(), nullable=False), ids)
