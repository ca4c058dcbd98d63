"""The mapping: what it may say, and how it answers what it may not."""

from __future__ import annotations

from pathlib import Path

import pytest

from orchestration.ims.connector import SourceError
from orchestration.ims.mapping import Mapping, read_mapping

GOOD = """
dialect: {delimiter: ";", decimal: ","}
tables:
  item:
    file: products.csv
    columns: {item_id: sku, unit_cost: std_cost}
    constants: {item_kind: part, is_integer: true}
    values: {lifecycle_status: {A: active}}
  lane:
    file: lanes.parquet
    dialect: {delimiter: "|"}
"""


def _read(tmp_path: Path, text: str):
    path = tmp_path / "mapping.yaml"
    path.write_text(text, encoding="utf-8")
    return read_mapping(path, Mapping)


def test_a_mapping_is_read_with_its_defaults(tmp_path: Path) -> None:
    mapping = _read(tmp_path, GOOD)
    assert mapping.tables["item"].columns["item_id"] == "sku"
    assert mapping.tables["item"].constants == {"item_kind": "part", "is_integer": True}
    assert mapping.dialect_of("item").decimal == ","
    assert mapping.dialect_of("lane").decimal == "."


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("tables: {itme: {file: a.csv}}", "there is no table 'itme'"),
        ("tables: {item: {file: a.csv, columns: {cost: x}}}", r"tables\.item\.columns: cost is no column"),
        ("tables: {item: {file: ../a.csv}}", "not a plain file name"),
        ("tables: {item: {file: /etc/passwd.csv}}", "not a plain file name"),
        ("tables: {item: {file: .hidden.csv}}", "not a plain file name"),
        ("tables: {item: {file: a.xlsx}}", "not a plain file name"),
        ("tables: {item: {file: a.csv, columsn: {}}}", r"tables\.item\.columsn: Extra inputs"),
        ("tables: {item: {columns: {}}}", r"tables\.item\.file: Field required"),
        (
            "tables: {item: {file: a.csv, columns: {item_id: x}, constants: {item_id: y}}}",
            "mapped to a column and to a constant",
        ),
        ("dialect: {delimiter: ';;'}\ntables: {}", r"dialect\.delimiter"),
        ("tables: {item: [", "is not YAML"),
        ("!!python/object/apply:os.system ['true']", "is not YAML"),
        ("", "needs repair"),
    ],
)
def test_a_wrong_mapping_says_where_and_what(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(SourceError, match=message):
        _read(tmp_path, text)


def test_an_absent_mapping_says_how_to_get_one(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="stockplan init"):
        read_mapping(tmp_path / "none.yaml", Mapping)
