"""Casting: what fits is read, what does not is named, missing stays missing."""

from __future__ import annotations

import datetime
from decimal import Decimal

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orchestration.ims.casting import cast_column

MISFIT = object()


def _cast(values: list[object], kind: str, arrow_type: pa.DataType | None = None) -> list[object]:
    cast = cast_column(pa.chunked_array([pa.array(values, arrow_type)]), kind)
    return [
        MISFIT if misfit else value
        for value, misfit in zip(cast.values.to_pylist(), cast.misfits, strict=True)
    ]


@pytest.mark.parametrize(
    ("kind", "given_values", "expected"),
    [
        ("text", ["a", " a ", "", "NaN", "nan", "N/A", "  ", None], ["a", " a ", *[None] * 6]),
        ("text", [1.0, 2.5, float("nan"), None], ["1", "2.5", None, None]),
        ("text", [7, None], ["7", None]),
        ("text", [b"ok", b"\xff"], ["ok", MISFIT]),
        ("text", [["x"]], [MISFIT]),
        ("number", ["1", " 2.5 ", "", "1,5", "1_0", "0x1", "1e3"], [1, 2.5, None, *[MISFIT] * 3, 1000]),
        ("number", [Decimal("1.50"), None], [1.5, None]),
        ("number", [True], [MISFIT]),
        ("number", [float("nan"), float("inf")], [None, float("inf")]),
        ("integer", ["3", "3.0", "3.5", "1e20"], [3, 3, MISFIT, MISFIT]),
        ("integer", [3.0, 3.5, None, float("inf")], [3, MISFIT, None, MISFIT]),
        ("flag", ["Yes", "n", "TRUE", "0", "perhaps", ""], [True, False, True, False, MISFIT, None]),
        ("flag", [1, 0, 2, None], [True, False, MISFIT, None]),
        (
            "date",
            ["2024-02-29", "2023-02-29", "20240131", "31.01.2024", "2024-01-31T23:30:00-02:00"],
            [datetime.date(2024, 2, 29), MISFIT, MISFIT, MISFIT, datetime.date(2024, 2, 1)],
        ),
        ("date", [datetime.datetime(2024, 1, 31, 23, 59)], [datetime.date(2024, 1, 31)]),
        ("date", [20240131], [MISFIT]),
        (
            "timestamp",
            ["2024-01-31", "2024-01-31 12:00", "2024-01-31T12:00:00+01:00", "noon"],
            [
                datetime.datetime(2024, 1, 31),
                datetime.datetime(2024, 1, 31, 12),
                datetime.datetime(2024, 1, 31, 11),
                MISFIT,
            ],
        ),
    ],
)
def test_known_values(kind: str, given_values: list[object], expected: list[object]) -> None:
    assert _cast(given_values, kind) == expected


def test_a_zoned_timestamp_becomes_utc() -> None:
    noon = datetime.datetime(2024, 1, 31, 12, tzinfo=datetime.UTC)
    assert _cast([noon], "timestamp", pa.timestamp("ns", "Asia/Tokyo")) == [
        datetime.datetime(2024, 1, 31, 12)
    ]


def test_storage_does_not_matter() -> None:
    for kind in (pa.large_string(), pa.string_view(), pa.dictionary(pa.int8(), pa.string())):
        assert _cast(["a", None, "b"], "text", kind) == ["a", None, "b"]
    assert _cast([], "date", pa.string()) == []
    assert _cast([None, None], "integer", pa.null()) == [None, None]


@settings(deadline=None)
@given(st.lists(st.none() | st.floats(allow_nan=False)), st.lists(st.none() | st.dates()))
def test_what_python_prints_is_read_back(numbers: list[float], days: list[datetime.date]) -> None:
    texts = [None if number is None else repr(number) for number in numbers]
    assert _cast(texts, "number", pa.string()) == numbers
    texts = [None if day is None else day.isoformat() for day in days]
    assert _cast(texts, "date", pa.string()) == days


@settings(deadline=None)
@given(st.lists(st.text(max_size=8), max_size=8), st.sampled_from(["number", "integer", "flag", "date"]))
def test_any_text_is_a_value_missing_or_named(texts: list[str], kind: str) -> None:
    cast = cast_column(pa.chunked_array([pa.array(texts, pa.string())]), kind)
    assert len(cast.values) == len(cast.misfits) == len(texts)
    assert not any(
        misfit and value is not None
        for value, misfit in zip(cast.values.to_pylist(), cast.misfits, strict=True)
    )
