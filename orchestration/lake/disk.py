"""What the disk refuses, told with the path, the bytes and what to do.

A full disk, a file that may not be written and a disk that fails are the operator's to repair, so each
is an error of its own; any other `OSError` is a fault of whoever made the call and stays what it is.
"""

from __future__ import annotations

import errno
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from optimization.errors import StockplanError

_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
_DENIED = {errno.EACCES, errno.EPERM, errno.EROFS}
_FAILED = {errno.EIO, errno.ENXIO, errno.ENODEV, errno.ESTALE}


class StorageError(StockplanError):
    """The disk failed; the message names the path."""


class DiskFullError(StorageError):
    """There is no room; the message names the path, what it needs and what is free."""


class StorageDeniedError(StorageError):
    """A path may not be written; the message names it."""


class FileDamagedError(StorageError):
    """A file that Stockplan wrote cannot be read any more; the message names it."""


@contextmanager
def told_by_path(path: Path, held: Path | None = None) -> Iterator[None]:
    """Let the body write `path`; what the disk refuses becomes a `StorageError` that names it.

    `held` is the file that is being filled on its behalf, of which the bytes so far are told.
    """
    try:
        yield
    except OSError as error:
        if told := _storage_error(path, error, held or path):
            raise told from error
        raise


def existing(path: Path) -> Path:
    """Return the path, or the nearest folder above it that is there."""
    return path if path.exists() else existing(path.parent)


def free_bytes(folder: Path) -> int:
    """Return what this user may still write where `folder` lies, or will lie."""
    return shutil.disk_usage(existing(folder)).free


def _storage_error(path: Path, error: OSError, held: Path) -> StorageError | None:
    reason = os.strerror(error.errno) if error.errno else str(error)
    if error.errno in _FULL:
        written = held.stat().st_size if held.is_file() else 0
        return DiskFullError(
            f"{path} cannot be written ({reason}): {written:,} bytes of it were, and "
            f"{free_bytes(path.parent):,} bytes are free on its disk. Free space there (the folder build/ "
            "may be deleted, `stockplan retention` removes what is old) and run the date again"
        )
    if error.errno in _DENIED:
        return StorageDeniedError(
            f"{path} cannot be written ({reason}); give the user that runs Stockplan the right to write to "
            f"{path.parent} and run the date again"
        )
    if error.errno in _FAILED:
        return StorageError(
            f"{path} cannot be written ({reason}): the disk failed. Check it, and the files in "
            f"{path.parent} with `stockplan audit verify`, before the date is run again"
        )
    return None
