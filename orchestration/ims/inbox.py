"""Opening what somebody put into the inbox: regular files inside it, and none too large to read.

Whoever can put a file there is not trusted: a link would lead out, a named pipe would never end, a
small file can promise more rows than the machine holds. What a table holds is not looked at here.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import pyarrow as pa
import pyarrow.parquet as pq

from orchestration.ims.connector import SnapshotUnreadableError

_MB = 2**20
# Text that a file states once for many rows is larger in memory, by so many times at most.
_MOST_GROWTH = 4
# Rows unpacked before what they have become is looked at.
_ROWS_AT_A_TIME = 16_384


@dataclass(frozen=True)
class InboxLimits:
    """How large one delivered file may be: bytes on the disk, rows, columns."""

    max_bytes: int = 2000 * _MB
    max_rows: int = 50_000_000
    max_columns: int = 1000

    def check_shape(self, path: Path, rows: int, columns: int) -> None:
        """Raise `SnapshotUnreadableError` for more rows or columns than may be."""
        for found, most, what, setting in (
            (rows, self.max_rows, "rows", "max_table_rows"),
            (columns, self.max_columns, "columns", "max_table_columns"),
        ):
            if found > most:
                raise SnapshotUnreadableError(
                    f"{path} has {found:,} {what} and may have {most:,}; deliver less, or raise "
                    f"sealing.{setting} in stockplan.yaml"
                )


@contextmanager
def delivered_file(path: Path, limits: InboxLimits, inbox: Path | None = None) -> Iterator[BinaryIO]:
    """Open a delivered file for reading; what was checked is what is read, whatever its name leads to later.

    Raises `SnapshotUnreadableError` for a link, anything that is no regular file, a folder that lies outside
    `inbox`, and a file beyond the limits; `OSError` where it may not be read.
    """
    if inbox is not None and not path.parent.resolve().is_relative_to(inbox.resolve()):
        raise _not_a_file(path)
    try:
        # Not blocking: a named pipe that nobody writes into would be waited for without end.
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:
        if path.is_symlink() or not path.is_file():
            raise _not_a_file(path) from None
        raise
    status = os.fstat(descriptor)
    if not stat.S_ISREG(status.st_mode):
        os.close(descriptor)
        raise _not_a_file(path)
    with os.fdopen(descriptor, "rb") as file:
        if status.st_size > limits.max_bytes:
            raise SnapshotUnreadableError(
                f"{path} has {status.st_size:,} bytes and may have {limits.max_bytes:,}; deliver less, or "
                "raise sealing.max_file_mb in stockplan.yaml"
            )
        yield file


def read_parquet(file: BinaryIO, path: Path, limits: InboxLimits) -> pa.Table:
    """Read a Parquet file part by part, and stop where it becomes more than it may.

    Raises `SnapshotUnreadableError`, and Arrow's own errors for what is no Parquet file.
    """
    parquet = pq.ParquetFile(file)
    limits.check_shape(path, parquet.metadata.num_rows, parquet.metadata.num_columns)
    most = _MOST_GROWTH * limits.max_bytes
    batches: list[pa.RecordBatch] = []
    held = rows = 0
    for batch in parquet.iter_batches(_ROWS_AT_A_TIME):
        held, rows = held + batch.nbytes, rows + batch.num_rows
        limits.check_shape(path, rows, batch.num_columns)
        if held > most:
            raise SnapshotUnreadableError(
                f"{path} becomes more than {most:,} bytes in memory; deliver less, or raise "
                "sealing.max_file_mb in stockplan.yaml"
            )
        batches.append(batch)
    return pa.Table.from_batches(batches, schema=parquet.schema_arrow)


def _not_a_file(path: Path) -> SnapshotUnreadableError:
    return SnapshotUnreadableError(
        f"{path} is not a file inside the inbox (a link is not followed); put the file itself there"
    )
