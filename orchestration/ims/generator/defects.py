"""Defects that can be planted into a generated snapshot, each with a label and its rows listed.

A defect is a function of one table (`Defect.table`) that returns the damaged table and the rows it
damaged. Row defects touch `ROWS_PER_DEFECT` rows of the first chunk; table defects touch all of it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import numpy as np
import pyarrow as pa

from orchestration.contracts.raw import RAW_BY_NAME
from orchestration.ims.generator.counters import Ints

ROWS_PER_DEFECT = 5
_EPOCH = date(1970, 1, 1)
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


def _open_twice(table: pa.Table, rows: Ints) -> pa.Table:
    """Holds that never end, each with another one of the same unit beside it."""
    table = _set("closed_date", lambda i: None)(table, rows)
    again = table.take(pa.array(rows))
    at = again.schema.get_field_index("hold_id")
    numbers = pa.compute.binary_join_element_wise(again.column(at), "2", "-")
    return pa.concat_tables([table, again.set_column(at, again.schema.field(at), numbers)])


def _deliver_early(table: pa.Table, rows: Ints) -> pa.Table:
    """Orders that were delivered a month before they were placed."""
    ordered = table.column("order_date").cast(pa.int32()).to_numpy()[rows]
    return _set("delivered_date", lambda i: _EPOCH + timedelta(days=int(ordered[i]) - 30))(table, rows)


def _rules(*rules: tuple[str, str, str | None, str, str | None]) -> Callable[[pa.Table, Ints], pa.Table]:
    """A damage that adds rules: id, type, if, then, market; they hold from ever to ever."""

    def damage(table: pa.Table, rows: Ints) -> pa.Table:
        first = table.slice(0, 1).to_pylist()[0]
        added = [
            {
                **first, "rule_id": rule_id, "rule_version": 1, "rule_type": kind, "if_options": given,
                "then_options": then, "market": market, "model": None, "effective_from": None,
                "effective_to": None, "message": None,
            }
            for rule_id, kind, given, then, market in rules
        ]  # fmt: skip
        return pa.concat_tables([table, pa.Table.from_pylist(added, schema=table.schema)])

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
    "unknown_options": Defect(
        "mto_order",
        "options",
        "orders of options that do not exist",
        _set("options", lambda i: f"NOSUCH-{i}"),
    ),
    "delivered_before_ordered": Defect(
        "mto_order", "delivered_date", "orders delivered before they were placed", _deliver_early
    ),
    "duplicate_events": Defect("mto_milestone", "event_id", "milestone events that come twice", _repeat),
    "backward_milestones": Defect(
        "mto_milestone",
        "milestone_code",
        "an early milestone after a later one",
        _set("milestone_code", lambda i: ("0100", "1100", "0300")[i % 3]),
    ),
    "unknown_milestones": Defect(
        "mto_milestone",
        "milestone_code",
        "milestones that no map knows",
        _set("milestone_code", lambda i: f"ZZ{i:02d}"),
    ),
    "two_open_holds": Defect("unit_hold", "hold_id", "units with two open holds", _open_twice),
    "joined_option_ids": Defect(
        "config_option",
        "option_id",
        "option ids that hold the sign that joins options",
        _set("option_id", lambda i: f"OPT|{i}"),
    ),
    "negative_slots": Defect(
        "production_slot",
        "slot_units",
        "weeks with less than no slot",
        _set("slot_units", lambda i: -3.0 - i),
    ),
    "dead_option": Defect(
        "configuration_rule",
        "then_options",
        "an option that no configuration can have",
        _rules(
            ("R-DEAD", "requires", "PKG-CONV", "TEC-360", None),
            ("R-DEAD-2", "excludes", "PKG-CONV", "TEC-360", None),
        ),
        is_whole_table=True,
    ),
    "empty_market": Defect(
        "configuration_rule",
        "market",
        "a market for which nothing can be built",
        _rules(
            ("R-EMPTY", "all_of", None, "CMF-ROOF", "CA"), ("R-EMPTY-2", "all_of", None, "APP-TWOTONE", "CA")
        ),
        is_whole_table=True,
    ),
}
