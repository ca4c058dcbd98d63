"""Defects that can be planted into a generated snapshot, each with a label and its rows listed.

A defect is a function of one table (`Defect.table`) that returns the damaged table and the rows it
damaged. Row defects touch `ROWS_PER_DEFECT` rows of the first chunk; table defects touch all of it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from orchestration.contracts.raw import RAW_BY_NAME
from orchestration.ims.generator.counters import Ints

ROWS_PER_DEFECT = 5
Planted = dict[str, list[dict[str, Any]]]

_HOSTILE = (
    "'; drop table item; --",
    "../../../etc/passwd",
    '=cmd|"/c calc"!A1',
    "x" * 10_240,
    '🚗 "quoted" \\ back, comma',
)


@dataclass(frozen=True)
class Defect:
    """A way in which a source goes wrong.

    `damage` takes the table and the rows to damage and returns the damaged table.
    `is_whole_table`: the defect touches every row, so that single rows are not listed.
    """

    table: str
    column: str
    description: str
    damage: Callable[[pa.Table, Ints], pa.Table]
    is_whole_table: bool = False


def plant(labels: Sequence[str], name: str, table: pa.Table, chunk: int) -> tuple[pa.Table, Planted]:
    """Plant the defects among `labels` that concern the table `name`; return it and what was done.

    `chunk` counts the pieces in which the table comes: row defects go into the first one.
    """
    planted: Planted = {}
    for offset, label in enumerate(labels):
        defect = DEFECTS[label]
        if defect.table != name or not len(table) or (chunk and not defect.is_whole_table):
            continue
        rows = _chosen(len(table), offset)
        if not chunk:
            key = RAW_BY_NAME[name].key
            entry = {"table": name, "column": defect.column}
            planted[label] = (
                [entry]
                if defect.is_whole_table
                else [
                    {**entry, "row_key": {k: str(v) for k, v in row.items()}}
                    for row in table.select(key).take(pa.array(rows)).to_pylist()
                ]
            )
        table = defect.damage(table, rows)
    return table, planted


def _chosen(rows: int, offset: int) -> Ints:
    """Rows spread over the table, other ones for each defect."""
    count = min(ROWS_PER_DEFECT, rows)
    return np.unique((np.arange(count) * (rows // count) + 7 * offset) % rows)


def _set(column: str, values: Callable[[int], Any]) -> Callable[[pa.Table, Ints], pa.Table]:
    """A damage that writes values(0), values(1), … into `column` of the chosen rows."""

    def damage(table: pa.Table, rows: Ints) -> pa.Table:
        at = table.schema.get_field_index(column)
        kind = table.schema.field(at).type
        mask = np.zeros(len(table), dtype=bool)
        mask[rows] = True
        replacement = pa.array([values(i) for i in range(len(rows))], type=kind)
        old = table.column(at).combine_chunks()
        return table.set_column(at, column, pa.compute.replace_with_mask(old, pa.array(mask), replacement))

    return damage


def _repeat(table: pa.Table, rows: Ints) -> pa.Table:
    return pa.concat_tables([table, table.take(pa.array(rows))])


def _halve(table: pa.Table, rows: Ints) -> pa.Table:
    return table.slice(0, len(table) // 2)


def _retype(column: str) -> Callable[[pa.Table, Ints], pa.Table]:
    def damage(table: pa.Table, rows: Ints) -> pa.Table:
        at = table.schema.get_field_index(column)
        words = pa.repeat(pa.scalar("many"), len(table))
        return table.set_column(at, column, words)

    return damage


def _as_text(column: str) -> Callable[[pa.Table, Ints], pa.Table]:
    def damage(table: pa.Table, rows: Ints) -> pa.Table:
        at = table.schema.get_field_index(column)
        return table.set_column(at, column, table.column(at).cast(pa.string()))

    return damage


def _drop(column: str) -> Callable[[pa.Table, Ints], pa.Table]:
    return lambda table, rows: table.drop_columns([column])


def _shift_days(column: str, days: int) -> Callable[[pa.Table, Ints], pa.Table]:
    def damage(table: pa.Table, rows: Ints) -> pa.Table:
        values = table.column(column).cast(pa.int32()).combine_chunks().to_numpy(zero_copy_only=False).copy()
        values[rows] += days
        at = table.schema.get_field_index(column)
        return table.set_column(at, column, pa.array(values, pa.int32()).cast(pa.date32()))

    return damage


DEFECTS: dict[str, Defect] = {
    "duplicate_keys": Defect("item", "item_id", "rows that come twice", _repeat),
    "duplicate_stock_keys": Defect("stock_on_hand", "item_id", "stock rows that come twice", _repeat),
    "negative_stock": Defect(
        "stock_on_hand", "on_hand_units", "stock below zero", _set("on_hand_units", lambda i: -1.0 - i)
    ),
    "nan_quantities": Defect(
        "demand_line",
        "requested_units",
        "quantities that are no number",
        _set("requested_units", lambda i: (float("nan"), float("inf"))[i % 2]),
    ),
    "zero_quantities": Defect(
        "demand_line", "requested_units", "requests for nothing", _set("requested_units", lambda i: 0.0)
    ),
    "future_dates": Defect(
        "demand_line", "order_date", "orders dated after the business date", _shift_days("order_date", 4000)
    ),
    "future_receipts": Defect(
        "receipt",
        "received_date",
        "receipts dated after the business date",
        _shift_days("received_date", 400),
    ),
    "dates_reversed": Defect(
        "receipt", "ordered_date", "received before it was ordered", _shift_days("ordered_date", 365)
    ),
    "unknown_status": Defect(
        "supply_order", "supply_status", "a status outside the list", _set("supply_status", lambda i: "L")
    ),
    "unknown_movement_type": Defect(
        "stock_movement",
        "movement_type",
        "a kind of movement outside the list",
        _set("movement_type", lambda i: "teleport"),
    ),
    "missing_cost": Defect("item", "unit_cost", "items without a cost", _set("unit_cost", lambda i: None)),
    "missing_ids": Defect("item", "item_id", "items without an id", _set("item_id", lambda i: None)),
    "orphan_items": Defect(
        "stock_on_hand",
        "item_id",
        "stock of items that do not exist",
        _set("item_id", lambda i: f"NOSUCHITEM{i}"),
    ),
    "orphan_locations": Defect(
        "demand_line",
        "location_id",
        "requests at locations that do not exist",
        _set("location_id", lambda i: f"NOSUCHPLACE{i}"),
    ),
    "hostile_strings": Defect(
        "item",
        "description",
        "quotes, paths, formulas, 10 kB and emoji in a text",
        _set("description", lambda i: _HOSTILE[i % len(_HOSTILE)]),
    ),
    "hostile_reasons": Defect(
        "demand_line",
        "cancel_reason",
        "hostile texts in a reason",
        _set("cancel_reason", lambda i: _HOSTILE[i % len(_HOSTILE)]),
    ),
    "lost_rows": Defect("stock_on_hand", "*", "half the table is missing", _halve, is_whole_table=True),
    "retyped_column": Defect(
        "stock_on_hand",
        "on_hand_units",
        "words where numbers should be",
        _retype("on_hand_units"),
        is_whole_table=True,
    ),
    "numbers_as_text": Defect(
        "stock_on_hand",
        "on_hand_units",
        "numbers written as text",
        _as_text("on_hand_units"),
        is_whole_table=True,
    ),
    "dropped_column": Defect(
        "item", "unit_cost", "a required column is missing", _drop("unit_cost"), is_whole_table=True
    ),
    "dropped_optional_column": Defect(
        "item", "list_price", "an optional column is missing", _drop("list_price"), is_whole_table=True
    ),
}
