"""Files are whole or not there, and say what the contract says."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from optimization.contracts.inputs import DEMAND_HISTORY, ITEM_LOCATION
from orchestration.contracts.arrow import arrow_schema
from orchestration.contracts.raw import RAW_TABLES, UNIT
from orchestration.lake.parquet import (
    arrow_to_frame,
    frame_to_arrow,
    read_arrow,
    read_frame,
    write_arrow,
    write_frame,
    write_json,
    write_text,
)
from tests.factories import small_snapshot


def _history() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "item_id": ["B", "A"],
            "location_id": ["X", "X"],
            "bucket_start_date": pd.to_datetime(["2024-01-08", "2024-01-01"]),
            "demand_units": [2.0, 1.0],
            "sold_units": [2.0, 0.0],
            "censored_days": [0, 3],
            "bucket_days": [7, 7],
        }
    )


def test_a_frame_comes_back_sorted_by_key_with_the_contracts_dtypes(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "history.parquet"
    write_frame(_history(), DEMAND_HISTORY, path)
    frame = read_frame(path, DEMAND_HISTORY)
    assert frame["item_id"].tolist() == ["A", "B"]
    assert frame["bucket_start_date"].dtype == "datetime64[ns]"
    assert frame["censored_days"].dtype == "int64"
    DEMAND_HISTORY.validate(frame)
    assert read_arrow(path).schema == arrow_schema(DEMAND_HISTORY)


def test_every_raw_table_survives_the_way_to_a_frame_and_back() -> None:
    snapshot = small_snapshot()
    for table in RAW_TABLES:
        frame = arrow_to_frame(snapshot.tables[table.source_name], table)
        table.validate(frame)
        again = frame_to_arrow(frame, table)
        assert again.schema == arrow_schema(table)
        assert again.num_rows == snapshot.tables[table.source_name].num_rows


def test_nulls_of_nullable_kinds_stay_nulls() -> None:
    units = small_snapshot().tables["unit"]
    position = units.column_names.index("is_held")
    units = units.set_column(position, "is_held", pa.nulls(units.num_rows, pa.bool_()))
    frame = arrow_to_frame(units, UNIT)
    assert frame["is_held"].isna().all()
    assert str(frame["is_held"].dtype) == "boolean"
    assert str(frame["model_year"].dtype) == "Int64"


def test_text_works_with_pandas_own_string_type(tmp_path: Path) -> None:
    path = tmp_path / "history.parquet"
    with pd.option_context("future.infer_string", True):
        frame = _history()
        write_frame(frame, DEMAND_HISTORY, path)
        DEMAND_HISTORY.validate(read_frame(path, DEMAND_HISTORY))
    assert read_arrow(path).schema == arrow_schema(DEMAND_HISTORY)


def test_a_null_in_a_required_column_is_refused_by_name(tmp_path: Path) -> None:
    frame = _history().assign(item_id=["A", None])
    with pytest.raises(ValueError, match=r"demand_history\.item_id is required and holds 1 null"):
        write_frame(frame, DEMAND_HISTORY, tmp_path / "x.parquet")
    assert list(tmp_path.iterdir()) == []


def test_a_missing_column_is_named(tmp_path: Path) -> None:
    write_frame(_history(), DEMAND_HISTORY, tmp_path / "x.parquet")
    with pytest.raises(KeyError, match="category"):
        read_frame(tmp_path / "x.parquet", ITEM_LOCATION)


def test_an_optional_column_that_an_older_file_lacks_is_null() -> None:
    units = small_snapshot().tables[UNIT.source_name]
    absent = [name for name in units.column_names if UNIT.is_nullable(name)]
    frame = arrow_to_frame(units.drop_columns(absent), UNIT)
    whole = arrow_to_frame(units, UNIT)
    assert frame[absent].isna().all(axis=None)
    assert frame.dtypes.to_dict() == whole.dtypes.to_dict()
    pd.testing.assert_frame_equal(frame.drop(columns=absent), whole.drop(columns=absent))


def test_a_failed_write_leaves_the_old_file_and_no_other(tmp_path: Path) -> None:
    path = tmp_path / "x.json"
    write_json({"is": "old"}, path)
    with pytest.raises(ValueError, match="Out of range"):
        write_json({"is": float("nan")}, path)
    with pytest.raises(UnicodeEncodeError):
        write_text("\ud800", path)
    assert path.read_text() == '{\n  "is": "old"\n}\n'
    assert [one.name for one in tmp_path.iterdir()] == ["x.json"]


def test_a_reader_never_sees_half_a_file(tmp_path: Path) -> None:
    path = tmp_path / "x.parquet"
    write_arrow(pa.table({"a": [1]}), path)
    with path.open("rb") as reader:
        write_arrow(pa.table({"a": [1, 2]}), path)
        assert pq.read_table(reader).num_rows == 1
    assert read_arrow(path).num_rows == 2
