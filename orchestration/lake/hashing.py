"""The logical hash of a table: what it says, not how it happens to be stored.

Two tables hash alike when they hold the same rows under the same column names, whatever the order
of rows and columns, the chunks, dictionary encoding, width of strings and numbers, or the version
of the library that wrote them.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

# Rows hashed at a time: bounds the memory of the canonical copies, and never changes the hash of
# a column because each column has a digest of its own that grows block by block.
_BLOCK_ROWS = 1_000_000


def logical_hash(table: pa.Table, exclude: Sequence[str] = ()) -> str:
    """Return the SHA-256 (hex) over the sorted rows of `table` without the `exclude` columns.

    Columns are taken in order of name, rows sorted by all of them. -0.0 equals 0.0, every NaN
    equals every other, null differs from both. Raises `TypeError` for a nested column.

    >>> one = pa.table({"item_id": ["B", "A"], "units": [2.0, None]})
    >>> two = pa.table({"units": [None, 2.0], "item_id": pa.array(["A", "B"]).dictionary_encode()})
    >>> logical_hash(one) == logical_hash(two)
    True
    >>> logical_hash(one) == logical_hash(two.slice(1))
    False
    """
    names = sorted(set(table.column_names) - set(exclude))
    digest = hashlib.sha256(f"rows={table.num_rows}".encode())
    if not names:
        return digest.hexdigest()
    columns = {name: _canonical(table.column(name), name) for name in names}
    order = _sort_order(columns, table.num_rows)
    for name in names:
        values = columns.pop(name)
        digest.update(f"\x00{name}\x00{values.type}\x00".encode())
        digest.update(_column_digest(values, order))
    return digest.hexdigest()


def file_sha256(path: Path) -> str:
    """Return the SHA-256 (hex) of a file's bytes, read in blocks."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _canonical(values: pa.ChunkedArray, name: str) -> pa.ChunkedArray:
    """Return the values in the one type that stands for their kind."""
    kind = values.type
    if pa.types.is_dictionary(kind):
        values = values.cast(kind.value_type)
        kind = values.type
    if pa.types.is_nested(kind):
        raise TypeError(f"column {name!r} is nested ({kind}); a border table holds plain columns only")
    if pa.types.is_null(kind):
        return values.cast(pa.large_string())
    if pa.types.is_decimal(kind):
        # 1.50 and 1.5 are one number: compare them without the scale's trailing zeros.
        text = values.cast(pa.string())
        stripped = pc.utf8_rtrim(pc.utf8_rtrim(text, characters="0"), characters=".")
        return pc.if_else(pc.match_substring(text, "."), stripped, text).cast(pa.large_string())
    if pa.types.is_floating(kind):
        number = pc.add(values.cast(pa.float64()), pa.scalar(0.0))
        return pc.if_else(pc.is_nan(number), pa.scalar(float("nan")), number)
    if pa.types.is_integer(kind):
        return values.cast(pa.int64())
    if pa.types.is_date(kind):
        return values.cast(pa.date32())
    if pa.types.is_timestamp(kind):
        return values.cast(pa.timestamp("us"), safe=False)
    if pa.types.is_boolean(kind):
        return values.cast(pa.uint8())
    if pa.types.is_binary(kind) or pa.types.is_large_binary(kind):
        return values.cast(pa.large_binary())
    return values.cast(pa.large_string())


def _sort_order(columns: dict[str, pa.ChunkedArray], rows: int) -> pa.Array:
    """Row order by all columns; a constant column orders nothing and would only cost time."""
    keys = {name: values for name, values in columns.items() if not _is_constant(values)}
    if not keys or rows < 2:
        return pa.array(np.arange(rows))
    return pc.sort_indices(pa.table(keys), sort_keys=[(name, "ascending") for name in keys])


def _is_constant(values: pa.ChunkedArray) -> bool:
    if values.null_count == len(values):
        return True
    if values.null_count or pa.types.is_floating(values.type):
        return False
    bounds = pc.min_max(values)
    return bool(bounds["min"] == bounds["max"])


def _column_digest(values: pa.ChunkedArray, order: pa.Array) -> bytes:
    """Digest of one column in the given order: which rows are null, then what the others hold."""
    content = hashlib.sha256()
    nulls = hashlib.sha256()
    for start in range(0, len(order), _BLOCK_ROWS):
        block = values.take(order.slice(start, _BLOCK_ROWS)).combine_chunks()
        if isinstance(block, pa.ChunkedArray):
            block = pa.concat_arrays(block.chunks)
        nulls.update(np.packbits(block.is_null().to_numpy(zero_copy_only=False)).tobytes())
        block = block.drop_null()
        if pa.types.is_large_string(block.type) or pa.types.is_large_binary(block.type):
            content.update(pc.binary_length(block).to_numpy().astype("<i8").tobytes())
            content.update(_joined_bytes(block))
        else:
            content.update(_numbers(block).tobytes())
    return nulls.digest() + content.digest()


def _joined_bytes(block: pa.Array) -> memoryview | bytes:
    _, offsets, data = block.buffers()
    if data is None or not len(block):
        return b""
    ends = np.frombuffer(offsets, dtype=np.int64)[block.offset : block.offset + len(block) + 1]
    return memoryview(data)[ends[0] : ends[-1]]


def _numbers(block: pa.Array) -> np.ndarray[Any, Any]:
    if pa.types.is_floating(block.type):
        return np.asarray(block.to_numpy(), dtype="<f8")
    if pa.types.is_date32(block.type):
        return np.asarray(block.cast(pa.int32()).to_numpy(), dtype="<i4")
    if pa.types.is_timestamp(block.type):
        return np.asarray(block.cast(pa.int64()).to_numpy(), dtype="<i8")
    return np.asarray(block.to_numpy(), dtype="<i8")
