"""The sheet that a planner fills in: policy changes that wait for a decision.

`stockplan policy import` reads it back; the names of its columns are that command's contract, which
is why they stand as they are, in the first row. Only the decision columns can be written to.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute as pc

from orchestration.publish.reading import Meaning, ReleaseReader
from orchestration.publish.workbook.cells import Look, shape_of, writer
from orchestration.publish.workbook.page import ENTRY, new_sheet, write_head

if TYPE_CHECKING:
    from xlsxwriter.workbook import Workbook
    from xlsxwriter.worksheet import Worksheet

SHEET = "decisions"
TABLE = "policy_change"
# {column of the sheet: column of policy_change}
FACTS = {
    "release_id": "release_id",
    "change_id": "change_id",
    "item_id": "item_id",
    "location_id": "location_id",
    "old_reorder_point_units": "old_reorder_point_units",
    "new_reorder_point_units": "new_reorder_point_units",
    "old_order_up_to_units": "old_order_up_to_units",
    "new_order_up_to_units": "new_order_up_to_units",
    "change_value": "change_value",
    "reason": "reason_code",
}
CHOICES = ("approve", "reject", "override")
# {column: (what to write, data type, unit)}
ANSWERS = {
    "decision": ("approve, reject or override; empty decides nothing", "varchar", ""),
    "comment": ("Why; a rejection and an override need one", "varchar", ""),
    "override_reorder_point_units": ("The reorder point to pin, with override", "double", "units"),
    "override_order_up_to_units": ("The order-up-to level to pin, with override", "double", "units"),
    "override_expires": ("Last day of the override, with override", "date", ""),
}
COLUMNS = (*FACTS, *ANSWERS)
_WAITING = "proposed"


def pending_changes(source: ReleaseReader) -> pa.Table | None:
    """Return the changes that wait, columns of `FACTS`, most value first; None where none can be told."""
    if not source.has(TABLE, "change_id", "change_state"):
        return None
    rows = source.arrow(TABLE, [*FACTS.values(), "change_state"])
    rows = rows.filter(pc.equal(rows["change_state"], _WAITING))
    order = [("change_value", "descending"), ("change_id", "ascending")]
    rows = rows.sort_by([part for part in order if part[0] in rows.column_names])
    held = {name: column for name, column in FACTS.items() if column in rows.column_names}
    return rows.select(list(held.values())).rename_columns(list(held))


def write_decisions(book: Workbook, look: Look, source: ReleaseReader, waiting: pa.Table) -> None:
    """Write the waiting changes (as of `pending_changes`), and beside each the cells to answer in."""
    sheet = new_sheet(book, SHEET, source)
    names = list(COLUMNS)
    meanings = []
    for name in names:
        if name in FACTS:
            meanings.append(source.meaning(TABLE, FACTS[name]))
        else:
            told, kind, unit = ANSWERS[name]
            meanings.append(Meaning(data_type=kind, unit=unit, description=told))
    write_head(sheet, look, TABLE, names, meanings, 0, exact=True)
    last = max(1, waiting.num_rows)
    widths = {"release_id": 24, "change_id": 20, "item_id": 30, "comment": 40}
    for place, name in enumerate(names):
        sheet.set_column(place, place, widths.get(name, 16))
    sheet.freeze_panes(1, 4)
    sheet.autofilter(0, 0, last, len(names) - 1)
    columns = []
    for name in waiting.column_names:
        values = waiting[name]
        meaning = meanings[names.index(name)]
        shape = shape_of(values.type, meaning.unit, values)
        columns.append((names.index(name), values.to_pylist(), writer(sheet, look, values.type, shape)))
    shapes = {"varchar": "@", "double": "#,##0.00", "date": "yyyy-mm-dd"}
    edge = {"border": 1, "border_color": "#D9D9D9"}
    entries = [
        (names.index(name), look.format(locked=False, bg_color=ENTRY, num_format=shapes[kind], **edge))
        for name, (_, kind, _) in ANSWERS.items()
    ]  # fmt: skip
    for number in range(waiting.num_rows):
        for place, values, write in columns:
            if values[number] is not None:
                write(number + 1, place, values[number])
        for place, entry in entries:
            sheet.write_blank(number + 1, place, None, entry)
    _guide_answers(sheet, names, last, source)
    # Without a password: it keeps fingers off by mistake, the ledger keeps the rest.
    sheet.protect(
        "",
        {
            "autofilter": True,
            "sort": True,
            "format_columns": True,
            "select_locked_cells": True,
            "select_unlocked_cells": True,
        },
    )


def _guide_answers(sheet: Worksheet, names: Sequence[str], last: int, source: ReleaseReader) -> None:
    def guide(name: str, rule: dict[str, Any]) -> None:
        sheet.data_validation(1, names.index(name), last, names.index(name), rule)

    guide(
        "decision",
        {
            "validate": "list",
            "source": list(CHOICES),
            "error_title": "Decision",
            "error_message": "Choose approve, reject or override; leave the cell empty to decide nothing.",
        },
    )
    for name in ("override_reorder_point_units", "override_order_up_to_units"):
        guide(
            name,
            {
                "validate": "decimal",
                "criteria": ">=",
                "value": 0,
                "error_message": "Units are a number of 0 or more.",
            },
        )
    guide(
        "override_expires",
        {
            "validate": "date",
            "criteria": ">=",
            "value": source.release.as_of,
            "error_message": "A date on or after the business date.",
        },
    )
