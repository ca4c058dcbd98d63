"""Two versions of a table: what was added, removed, changed, and which change is worth most."""

from __future__ import annotations

import math

import pyarrow as pa

from orchestration.evidence.releases.table_changes import table_changes


def _stock(**columns: list[object]) -> pa.Table:
    return pa.table({"release_id": ["R"] * len(columns["item_id"]), **columns})


OLD = _stock(
    item_id=["A", "B", "C", "D"],
    units=[1.0, 2.0, math.nan, None],
    value=[10.0, 20.0, 30.0, 40.0],
    note=["x", "x", "x", None],
)


def test_the_same_rows_in_another_order_and_release_are_the_same() -> None:
    again = OLD.take([3, 1, 0, 2]).set_column(0, "release_id", pa.array(["S"] * 4))
    found = table_changes("stock", OLD, again, ["item_id"], money=["value"])
    assert found.is_same
    assert (found.rows_before, found.rows_after) == (4, 4)


def test_changes_are_counted_per_column_and_ranked_by_money() -> None:
    new = _stock(
        item_id=["A", "B", "C", "E"],
        units=[9.0, 2.0, 0.0, 5.0],
        value=[11.0, 90.0, 30.0, 50.0],
        note=["x", "x", "x", "x"],
    )
    found = table_changes("stock", OLD, new, ["item_id"], money=["value"])
    assert (found.added, found.removed, found.changed) == (1, 1, 3)
    assert dict(found.columns) == {"units": 2, "value": 2}
    assert found.ranked_by == "value"
    assert found.top[0] == {"item_id": "B", "value": [20.0, 90.0]}
    assert found.added_keys == ({"item_id": "E"},)
    assert found.removed_keys == ({"item_id": "D"},)
    assert found.to_json()["top"][2]["units"] == [None, 0.0]


def test_null_and_nothing_are_told_apart() -> None:
    new = OLD.set_column(3, "value", pa.array([None, 20.0, 30.0, 40.0], pa.float64()))
    found = table_changes("stock", OLD, new, ["item_id"])
    assert found.top == ({"item_id": "A", "value": [10.0, None]},)


def test_a_key_that_identifies_nothing_gives_way_to_whole_rows() -> None:
    twice = _stock(item_id=["A", "A", "B"], units=[1.0, 1.0, 2.0])
    found = table_changes("stock", twice, twice.slice(1), ["item_id"])
    assert found.key == ()
    assert (found.added, found.removed, found.changed) == (0, 1, 0)


def test_columns_that_came_and_went_are_a_difference() -> None:
    found = table_changes("stock", OLD, OLD.drop_columns(["note"]), ["item_id"])
    assert not found.is_same
    assert found.gone_columns == ("note",)
    assert found.changed == 0


def test_empty_tables_are_compared_too() -> None:
    assert table_changes("stock", OLD.slice(0, 0), OLD, ["item_id"]).added == 4
    assert table_changes("stock", OLD.slice(0, 0), OLD.slice(0, 0), ["item_id"]).is_same
