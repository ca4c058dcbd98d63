"""Finding the rows behind a published row: which ids it is about, and the rows of any file that bear them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow.parquet as pq

from orchestration.publish.plain_json import plain_json

if TYPE_CHECKING:
    import duckdb

# In a table of the source, * in place of an id means every one.
_EVERY = "*"
# A scope of a KPI and the column whose rows it takes; `network` takes all.
_SCOPES = {
    "item": "item_id",
    "location": "location_id",
    "segment": "segment_id",
    "category": "category",
    "region": "region",
    "model": "model",
    "supplier": "supplier_id",
}
# Ids of the row itself, which no other table knows, and of the release.
_OWN_IDS = frozenset({"release_id", "exception_id", "explanation_id", "message_id", "entry_id"})
# An item or a location plays several parts in a row: from, to, of a unit.
_PARTS = ("item_id", "location_id", "unit_id", "order_id")

# Rows shown of a table that bears none of the ids.
ROWS_OF_NONE = 20
# Values that a condition names one by one.
_FEW = 50

Selection = Mapping[str, tuple[Any, ...]]


@dataclass(frozen=True)
class Found:
    """Rows of a table that bear the ids asked for.

    `rows`: the first ones, each with `row_number` from 1 within its `file`. `selected_by`: the columns
    that were compared; empty when the table bears none of the ids, of which only the first rows are shown.
    """

    n_rows: int
    rows: tuple[Mapping[str, Any], ...]
    selected_by: Selection


def selection_of(row: Mapping[str, Any]) -> dict[str, tuple[Any, ...]]:
    """Return the ids that a published row is about, by the columns that bear them elsewhere.

    >>> selection_of({"item_id": "A", "from_location_id": "X", "to_location_id": "Y", "release_id": "R"})
    {'item_id': ('A',), 'location_id': ('X', 'Y')}
    >>> selection_of({"kpi": "fill", "scope_type": "region", "scope_id": "CO"})
    {'region': ('CO',)}
    """
    found: dict[str, list[Any]] = {}
    if (scope := _SCOPES.get(str(row.get("scope_type")))) is not None:
        found[scope] = [row["scope_id"]]
    for name, value in row.items():
        if value is None or not name.endswith("_id") or name in _OWN_IDS or name == "scope_id":
            continue
        part = next((one for one in _PARTS if name.endswith("_" + one)), name)
        if value not in found.setdefault(part, []):
            found[part].append(value)
    return {name: tuple(values) for name, values in found.items()}


def widened(
    selection: Selection, connection: duckdb.DuckDBPyConnection, items: Path | None, locations: Path | None
) -> dict[str, tuple[Any, ...]]:
    """Add the items of a category and the locations of a region, from the sealed masters."""
    wider = dict(selection)
    for group, member, file in (("category", "item_id", items), ("region", "location_id", locations)):
        if group in selection and member not in selection and file is not None:
            rows = connection.execute(
                f"select {member} from read_parquet(?) where list_contains(?, {group}) order by 1",  # noqa: S608
                [str(file), list(selection[group])],
            ).fetchall()
            wider[member] = tuple(row[0] for row in rows)
    return wider


def one_of(column: str, texts: Sequence[str]) -> tuple[str, list[Any]]:
    """Return the condition that a column holds one of the texts, with its values.

    A few are compared one by one, so that the file's statistics say which parts need no reading.

    >>> one_of("item_id", ["P1", "*"])
    ('"item_id" in (?, ?)', ['P1', '*'])
    """
    if len(texts) <= _FEW:
        return f'"{column}" in ({", ".join("?" * len(texts))})', list(texts)
    return f'list_contains(?, "{column}")', [list(texts)]


def find_rows(
    connection: duckdb.DuckDBPyConnection, files: Sequence[Path], selection: Selection, limit: int
) -> Found:
    """Return the rows of one table's `files` that bear the selected ids, in the files' order.

    A table that bears several of the ids must agree in each; one with the parts of an id (from and to)
    in one of them.
    """
    if not files:
        return Found(0, (), {})
    source = "read_parquet(?, filename = true, file_row_number = true, union_by_name = true)"
    paths = [str(path) for path in files]
    columns = list(dict.fromkeys(name for path in files for name in pq.read_schema(path).names))
    conditions, values, used = [], [], {}
    for name, wanted in selection.items():
        bearing = [
            column for column in columns if column == name or (name in _PARTS and column.endswith("_" + name))
        ]
        bearing = [name] if name in bearing else bearing
        if not bearing:
            continue
        used[name] = wanted
        texts = [*map(str, wanted), _EVERY]
        parts = [one_of(one, texts) for one in bearing]
        conditions.append("(" + " or ".join(condition for condition, _ in parts) + ")")
        values += [value for _, held_values in parts for value in held_values]
    if used:
        counted = ", count(*) over () as n_rows"
    else:
        # What no id selects is shown by its first rows alone; how many there are, the files say themselves.
        limit = min(limit, ROWS_OF_NONE)
        counted, conditions, values = "", ["file_row_number < ?"], [limit]
    held = connection.execute(
        f"select *{counted} from {source} where {' and '.join(conditions)} "  # noqa: S608
        "order by filename, file_row_number limit ?",
        [paths, *values, limit],
    ).to_arrow_table()
    if used:
        n_rows = held["n_rows"][0].as_py() if held.num_rows else 0
        held = held.drop_columns(["n_rows"])
    else:
        n_rows = sum(pq.read_metadata(path).num_rows for path in files)
    rows = []
    for row in plain_json(held.to_pylist()):
        place = {"row_number": row.pop("file_row_number") + 1, "file": Path(row.pop("filename")).as_posix()}
        rows.append({**place, **row})
    return Found(n_rows, tuple(rows), used)
