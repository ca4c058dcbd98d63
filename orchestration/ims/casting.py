"""From the source's types to the contract's kinds, column by column, naming the cells that do not fit.

A cell that does not fit becomes null here and is reported in a mask; what follows from that is
`quarantine`'s business. Missing is missing however it is written: null, NaN, and in text the
words of `MISSING_TEXTS` or nothing but white space. Otherwise text is taken verbatim.

Only ISO dates and timestamps are read from text; another way of writing them is declared in the
mapping of the files connector, never guessed.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from optimization.contracts.column import Kind
from orchestration.contracts.arrow import ARROW_TYPES

MISSING_TEXTS = ("", "NaN", "nan", "N/A")
TRUE_TEXTS = ("1", "t", "true", "y", "yes")
FALSE_TEXTS = ("0", "f", "false", "n", "no")
# Control characters other than tab and line ends; NUL would end a text in half the world's readers.
CONTROL_CHARACTERS = r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]"
# Beyond this a float no longer holds every whole number.
_MOST_INTEGER = 2**53
_ISO_DATE = re.compile(r"\d{4}-\d{2}-\d{2}([T ].*)?")

Mask = np.ndarray[Any, np.dtype[np.bool_]]


@dataclass(frozen=True)
class CastColumn:
    """The values in the contract's type, and which cells held something that did not fit."""

    values: pa.ChunkedArray
    misfits: Mask


def cast_column(values: pa.ChunkedArray, kind: Kind) -> CastColumn:
    """Return `values` as `kind`.

    Numbers come from numbers or text, flags from booleans, 0/1 or words, dates from dates,
    timestamps (UTC) or ISO text, text from any plain type; a whole float becomes text without
    its `.0`, because a source with gaps delivers whole codes as floats.

    >>> cast_column(pa.chunked_array([["3", " 4.5 ", "N/A", "many"]]), "number").values.to_pylist()
    [3.0, 4.5, None, None]
    >>> cast_column(pa.chunked_array([["3", " 4.5 ", "N/A", "many"]]), "number").misfits.tolist()
    [False, False, False, True]
    """
    values = _plain(values)
    if pa.types.is_large_string(values.type) and kind != "text":
        values = _without_missing(pc.utf8_trim_whitespace(values))
    elif pa.types.is_floating(values.type):
        values = pc.if_else(pc.is_nan(values), pa.scalar(None, values.type), values)
    cast = _CASTS[kind](values)
    misfits = mask_of(pc.is_valid(values)) & ~mask_of(pc.is_valid(cast))
    if kind == "text":
        # Only now: what the source means by missing is no misfit. A lone control character is no white space.
        kept = _without_missing(cast)
        blanked = pc.if_else(pc.is_null(kept), cast, pa.scalar(None, cast.type))
        if blanked.null_count < len(blanked):
            kept = pc.if_else(mask_of(pc.match_substring_regex(blanked, CONTROL_CHARACTERS)), cast, kept)
        cast = kept
    return CastColumn(cast.cast(ARROW_TYPES[kind]), misfits)


def mask_of(values: pa.ChunkedArray | pa.Array) -> Mask:
    """Return a boolean Arrow column as a NumPy mask; null counts as False."""
    return np.asarray(pc.fill_null(values, False).to_numpy(zero_copy_only=False), dtype=np.bool_)


def _plain(values: pa.ChunkedArray) -> pa.ChunkedArray:
    """Decode dictionaries, widen text, and make text of bytes."""
    if pa.types.is_dictionary(values.type):
        values = values.cast(values.type.value_type)
    is_text = pa.types.is_string(values.type) or pa.types.is_string_view(values.type)
    if is_text or pa.types.is_null(values.type):
        values = values.cast(pa.large_string())
    if pa.types.is_large_string(values.type):
        try:
            values.validate(full=True)
        except pa.ArrowInvalid:
            values = values.cast(pa.large_binary())
    return values


def _without_missing(text: pa.ChunkedArray) -> pa.ChunkedArray:
    trimmed = pc.utf8_trim_whitespace(text)
    is_missing = pc.is_in(trimmed, value_set=pa.array(MISSING_TEXTS, trimmed.type))
    return pc.if_else(is_missing, pa.scalar(None, text.type), text)


def _nothing(values: pa.ChunkedArray, kind: pa.DataType) -> pa.ChunkedArray:
    return pa.chunked_array([pa.nulls(len(values), kind)])


def _by_distinct(values: pa.ChunkedArray, parse: Callable[[Any], Any], kind: pa.DataType) -> pa.ChunkedArray:
    """Parse every distinct value once; what `parse` raises ValueError on becomes null."""

    def parsed(value: Any) -> Any:
        try:
            return None if value is None else parse(value)
        except (ValueError, OverflowError):
            return None

    encoded = values.combine_chunks().dictionary_encode()
    if isinstance(encoded, pa.ChunkedArray):
        encoded = encoded.combine_chunks()
    meanings = pa.array([parsed(value) for value in encoded.dictionary.to_pylist()], kind)
    return pa.chunked_array([meanings.take(encoded.indices)])


def _to_text(values: pa.ChunkedArray) -> pa.ChunkedArray:
    kind = values.type
    if pa.types.is_large_string(kind):
        return values
    if pa.types.is_binary(kind) or pa.types.is_large_binary(kind):
        return _by_distinct(values, lambda content: content.decode("utf-8"), pa.large_string())
    if pa.types.is_nested(kind):
        return _nothing(values, pa.large_string())
    if pa.types.is_floating(kind):
        return _by_distinct(
            values,
            lambda number: str(int(number)) if number.is_integer() else repr(number),
            pa.large_string(),
        )
    return values.cast(pa.large_string())


def _to_number(values: pa.ChunkedArray) -> pa.ChunkedArray:
    kind = values.type
    if pa.types.is_large_string(kind):
        try:
            number = values.cast(pa.float64())
        except pa.ArrowInvalid:
            number = _by_distinct(values, _parse_number, pa.float64())
    elif pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind):
        number = values.cast(pa.float64(), safe=False)
    else:
        return _nothing(values, pa.float64())
    return pc.if_else(pc.is_nan(number), pa.scalar(None, pa.float64()), number)


def _parse_number(text: str) -> float:
    # Python reads 1_000 as a thousand; no source means that.
    if "_" in text:
        raise ValueError(text)
    return float(text)


def _to_integer(values: pa.ChunkedArray) -> pa.ChunkedArray:
    if pa.types.is_integer(values.type) and not pa.types.is_uint64(values.type):
        return values.cast(pa.int64())
    number = _to_number(values)
    is_whole = pc.and_(
        pc.equal(number, pc.floor(number)), pc.less_equal(pc.abs(number), float(_MOST_INTEGER))
    )
    return pc.if_else(is_whole, number, pa.scalar(None, pa.float64())).cast(pa.int64())


def _to_flag(values: pa.ChunkedArray) -> pa.ChunkedArray:
    if pa.types.is_boolean(values.type):
        return values
    if pa.types.is_large_string(values.type):
        word = pc.utf8_lower(values)
        truths = pa.array(TRUE_TEXTS, word.type)
        falsehoods = pa.array(FALSE_TEXTS, word.type)
        is_true, is_false = pc.is_in(word, value_set=truths), pc.is_in(word, value_set=falsehoods)
    else:
        number = _to_number(values)
        is_true, is_false = pc.equal(number, 1.0), pc.equal(number, 0.0)
    is_known = pc.fill_null(pc.or_(is_true, is_false), False)
    return pc.if_else(is_known, is_true, pa.scalar(None, pa.bool_()))


def _to_date(values: pa.ChunkedArray) -> pa.ChunkedArray:
    kind = values.type
    if pa.types.is_date(kind):
        return values.cast(pa.date32())
    if pa.types.is_timestamp(kind):
        return _to_timestamp(values).cast(pa.date32(), safe=False)
    if not pa.types.is_large_string(kind):
        return _nothing(values, pa.date32())
    try:
        return values.cast(pa.date32())
    except pa.ArrowInvalid:
        return _by_distinct(values, lambda text: _parse_moment(text).date(), pa.date32())


def _to_timestamp(values: pa.ChunkedArray) -> pa.ChunkedArray:
    kind, target = values.type, pa.timestamp("us")
    if pa.types.is_timestamp(kind):
        # A zoned timestamp is stored as UTC; dropping the zone keeps that moment.
        return values.cast(pa.timestamp("us", kind.tz), safe=False).cast(target)
    if pa.types.is_date(kind):
        return values.cast(pa.date32()).cast(target)
    if not pa.types.is_large_string(kind):
        return _nothing(values, target)
    for form in (target, pa.timestamp("us", "UTC")):
        try:
            return values.cast(form).cast(target)
        except pa.ArrowInvalid:
            continue
    return _by_distinct(values, _parse_moment, target)


def _parse_moment(text: str) -> datetime:
    """Read an ISO date or timestamp as naive UTC; a date is its first moment."""
    if not _ISO_DATE.fullmatch(text):
        raise ValueError(text)
    if len(text) == len("2024-01-31"):
        return datetime.combine(date.fromisoformat(text), datetime.min.time())
    moment = datetime.fromisoformat(text)
    return moment.astimezone(UTC).replace(tzinfo=None) if moment.tzinfo else moment


_CASTS: dict[Kind, Callable[[pa.ChunkedArray], pa.ChunkedArray]] = {
    "text": _to_text,
    "number": _to_number,
    "integer": _to_integer,
    "flag": _to_flag,
    "date": _to_date,
    "timestamp": _to_timestamp,
}
