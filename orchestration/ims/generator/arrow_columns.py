"""Building Arrow columns from numpy arrays without a Python object per row.

Days are whole numbers since 1970-01-01 everywhere in the generator; `NEVER` stands for no day.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, timedelta

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from orchestration.contracts.arrow import arrow_schema
from orchestration.contracts.raw import RAW_BY_NAME

NEVER = np.int32(2**31 - 1)
_EPOCH = date(1970, 1, 1)
_MICROSECONDS_PER_DAY = 86_400_000_000
# the source's nightly close, at which a day's rows become known
_CLOSE_OF_DAY = 20 * 3_600_000_000


def to_day(day: date) -> int:
    """Return `day` as days since 1970-01-01.

    >>> to_day(date(1970, 1, 3))
    2
    """
    return (day - _EPOCH).days


def to_date(day: int) -> date:
    """Return the date of a day number."""
    return _EPOCH + timedelta(days=int(day))


def fixed_width_ids(*parts: str | tuple[npt.NDArray[np.integer], int]) -> pa.Array:
    """Return text ids made of fixed texts and zero-padded numbers (array, width).

    >>> fixed_width_ids("P", (np.array([7, 12]), 3)).to_pylist()
    ['P007', 'P012']
    """
    rows = next(len(part[0]) for part in parts if not isinstance(part, str))
    width = sum(len(part) if isinstance(part, str) else part[1] for part in parts)
    text = np.empty((rows, width), dtype=np.uint8)
    at = 0
    for part in parts:
        if isinstance(part, str):
            text[:, at : at + len(part)] = np.frombuffer(part.encode("ascii"), dtype=np.uint8)
            at += len(part)
            continue
        numbers, digits = part
        rest = np.asarray(numbers).astype(np.uint32)
        for position in range(at + digits - 1, at - 1, -1):
            quotient = rest // np.uint32(10)
            text[:, position] = (rest - quotient * np.uint32(10) + np.uint32(48)).astype(np.uint8)
            rest = quotient
        at += digits
    offsets = np.arange(rows + 1, dtype=np.int32) * np.int32(width)
    return pa.StringArray.from_buffers(rows, pa.py_buffer(offsets), pa.py_buffer(text))


def dates(days: npt.NDArray[np.integer]) -> pa.Array:
    """Return a date32 column; `NEVER` becomes null."""
    days = np.asarray(days, dtype=np.int32)
    return pa.array(days, type=pa.int32(), mask=days == NEVER).view(pa.date32())


def close_of_day(days: npt.NDArray[np.integer]) -> pa.Array:
    """Return the timestamp at which the rows of these days became known to the source."""
    micros = np.asarray(days, dtype=np.int64) * _MICROSECONDS_PER_DAY + _CLOSE_OF_DAY
    return pa.array(micros, type=pa.int64()).view(pa.timestamp("us"))


def texts(choices: Sequence[str | None], codes: npt.NDArray[np.integer]) -> pa.Array:
    """Return the text column that picks `choices` by position."""
    return pa.array(list(choices), type=pa.string()).take(pa.array(codes))


def repeated(value: str | float | bool | None, rows: int, kind: pa.DataType | None = None) -> pa.Array:
    """Return a column of one value."""
    return pa.repeat(pa.scalar(value, type=kind), rows)


def source_table(
    name: str, columns: Mapping[str, pa.Array], *, source: str, known: npt.NDArray[np.integer] | int
) -> pa.Table:
    """Return the source table `name` in the contract's order and types, with its two stamps.

    Columns of the contract that are not given stay absent. `known` is the day, or the days, on
    which the rows became known to the source.
    """
    contract = RAW_BY_NAME[name]
    rows = len(next(iter(columns.values())))
    known_days = np.full(rows, known, dtype=np.int64) if np.ndim(known) == 0 else np.asarray(known)
    given = {
        **columns,
        "source_system": repeated(source, rows, pa.string()),
        "loaded_at": close_of_day(known_days),
    }
    unknown = set(given) - set(contract.column_names)
    if unknown:
        raise KeyError(f"{name}: the contract has no columns {sorted(unknown)}")
    schema = arrow_schema(contract)
    fields = [field for field in schema if field.name in given]
    return pa.table([given[field.name].cast(field.type) for field in fields], schema=pa.schema(fields))
