"""Atomic files: the only place that writes Parquet, JSON or text into the lake.

A file is written to a temporary sibling, flushed to the disk and moved onto its name in one step;
a reader sees the whole old file or the whole new one, whatever dies in between. The schema is
always explicit, so that a content hash does not hang on how pandas stores text.
"""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import tempfile
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.parquet as pq

from optimization.contracts.column import Column
from optimization.contracts.table import Table
from orchestration.contracts.arrow import arrow_schema
from orchestration.crash_points import reach
from orchestration.lake.disk import FileDamagedError, told_by_path
from orchestration.process_limits import FILE_MODE

if TYPE_CHECKING:
    import pandas as pd

_NANOSECONDS = pa.timestamp("ns")
# Files that begin with a point and end so are being written, or were when something died.
SIBLING_SUFFIX = ".tmp"


def write_file(path: Path, write: Callable[[Path], object]) -> None:
    """Let `write` fill a temporary sibling of `path`, then put it in place in one step.

    Raises `StorageError` naming `path` when the disk is full or refuses.
    """
    with told_by_path(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        sibling, claim = _claimed_sibling(path)
        _fill(sibling, claim, path, write)
        sync_folder(path.parent)


def _fill(sibling: Path, claim: int, path: Path, write: Callable[[Path], object]) -> None:
    """Fill the sibling and put it onto `path`; of one that cannot be filled nothing stays."""
    try:
        reach("file.begun")
        with told_by_path(path, sibling):
            write(sibling)
        reach("file.written")
        with sibling.open("rb+") as file:
            os.fsync(file.fileno())
        reach("file.flushed")
        # mkstemp makes private files; a release is read by other users of the group.
        sibling.chmod(FILE_MODE)
        sibling.replace(path)
        reach("file.placed")
    except BaseException:
        sibling.unlink(missing_ok=True)
        raise
    finally:
        os.close(claim)


def _claimed_sibling(path: Path) -> tuple[Path, int]:
    """Make a temporary sibling and lock it for as long as it is written; return it and the open lock."""
    while True:
        claim, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=SIBLING_SUFFIX)
        fcntl.flock(claim, fcntl.LOCK_EX)
        # Between the two calls somebody may have taken it for a left-over and removed it.
        if os.fstat(claim).st_nlink:
            return Path(name), claim
        os.close(claim)


def remove_left_siblings(siblings: Iterable[Path]) -> list[Path]:
    """Remove those of the temporary siblings that nobody is writing any more; return them."""
    removed = []
    for sibling in siblings:
        try:
            claim = os.open(sibling, os.O_RDONLY | os.O_NOFOLLOW)
        except FileNotFoundError:
            continue
        try:
            fcntl.flock(claim, fcntl.LOCK_EX | fcntl.LOCK_NB)
            sibling.unlink(missing_ok=True)
            removed.append(sibling)
        except BlockingIOError:
            continue
        finally:
            os.close(claim)
    return removed


def sync_folder(folder: Path) -> None:
    """Flush a folder's entries, so that a renamed file survives a power cut."""
    reach("folder.begun")
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    reach("folder.flushed")


def write_arrow(table: pa.Table, path: Path) -> None:
    """Write `table` as it stands (zstd) onto `path`, atomically."""
    write_file(path, lambda sibling: pq.write_table(table, sibling, compression="zstd"))


def copy_file(source: Path, path: Path) -> None:
    """Copy a finished file onto `path`, atomically."""
    write_file(path, lambda sibling: shutil.copyfile(source, sibling))


def write_text(text: str, path: Path) -> None:
    """Write UTF-8 text onto `path`, atomically."""
    write_file(path, lambda sibling: sibling.write_text(text, encoding="utf-8", newline="\n"))


def write_json(content: Mapping[str, Any] | list[Any], path: Path) -> None:
    """Write readable JSON with sorted keys onto `path`, atomically; NaN is refused."""
    text = json.dumps(content, indent=2, sort_keys=True, ensure_ascii=False, allow_nan=False)
    write_text(text + "\n", path)


def frame_to_arrow(frame: pd.DataFrame, contract: Table) -> pa.Table:
    """Return `frame` in the contract's schema, rows sorted by its key.

    Raises `KeyError` for a missing column and `ValueError` (Arrow's included) for a value that
    does not fit its column, null in a required column among them.
    """
    ordered = frame.loc[:, list(contract.column_names)]
    if contract.key:
        ordered = ordered.sort_values(list(contract.key), kind="stable")
    schema = arrow_schema(contract)
    relaxed = pa.schema([field.with_nullable(True) for field in schema])
    table = pa.Table.from_pandas(ordered, schema=relaxed, preserve_index=False)
    for field in schema:
        nulls = table.column(field.name).null_count
        if nulls and not field.nullable:
            raise ValueError(
                f"{contract.name}.{field.name} is required and holds {nulls} nulls; repair the "
                "producer of the table"
            )
    return pa.table(table.columns, schema=schema)


def write_frame(frame: pd.DataFrame, contract: Table, path: Path) -> None:
    """Write `frame` in the contract's schema, sorted by key, onto `path`, atomically.

    Raises as `frame_to_arrow`.
    """
    write_arrow(frame_to_arrow(frame, contract), path)


def read_arrow(path: Path) -> pa.Table:
    """Read one Parquet file; what its folder is called adds no column.

    Raises `FileNotFoundError` when it is not there, `FileDamagedError` when it cannot be read.
    """
    try:
        return pq.ParquetFile(path).read()
    except FileNotFoundError:
        raise
    except (pa.ArrowException, OSError) as error:
        raise FileDamagedError(
            f"{path} cannot be read ({str(error).splitlines()[0]}); restore it from a copy. What lies under "
            "build/ is made again when its date is run"
        ) from error


def read_frame(path: Path, contract: Table) -> pd.DataFrame:
    """Read one Parquet file as the contract's frame: its columns, order and pandas dtypes.

    Columns the contract does not know are left out; a missing one raises `KeyError`.
    """
    return arrow_to_frame(read_arrow(path), contract)


def arrow_to_frame(table: pa.Table, contract: Table) -> pd.DataFrame:
    """Return an Arrow table as the contract's frame (dtypes of `Column.pandas_dtype`).

    Dates and timestamps become naive nanoseconds, flags and integers that may be null become
    pandas' nullable types, so that a null is never turned into another value on the way. An optional
    column that an older file lacks is null; a required one raises `KeyError`.
    """
    import pandas as pd

    held = set(table.column_names)
    missing = [name for name in contract.required if name not in held]
    if missing:
        raise KeyError(f"{contract.name}: the file lacks the columns {', '.join(missing)}")
    return pd.DataFrame(
        {
            column.name: _to_series(
                table.column(column.name) if column.name in held else _nulls(table, column, contract),
                column,
                contract.is_nullable(column.name),
            )
            for column in contract.columns
        }
    )


def _nulls(table: pa.Table, column: Column, contract: Table) -> pa.ChunkedArray:
    return pa.chunked_array([pa.nulls(table.num_rows, arrow_schema(contract).field(column.name).type)])


def _to_series(values: pa.ChunkedArray, column: Column, is_nullable: bool) -> pd.Series:
    import pandas as pd

    series: pd.Series
    if column.kind in ("date", "timestamp"):
        series = values.cast(_NANOSECONDS).to_pandas()
    elif is_nullable and column.kind == "integer":
        series = values.to_pandas(types_mapper={pa.int64(): pd.Int64Dtype()}.get)
    elif is_nullable and column.kind == "flag":
        series = values.to_pandas(types_mapper={pa.bool_(): pd.BooleanDtype()}.get)
    else:
        series = values.to_pandas()
    return series
