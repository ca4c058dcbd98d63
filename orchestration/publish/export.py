"""The files for the source system to take: what to stock, order, move and promise, as CSV.

Written for machines: UTF-8, ISO dates, a point in decimals, text in quotes and exactly as it came.
Nothing is changed for the sake of a spreadsheet. Columns can bear the customer's names: a YAML
file lists per table which of our columns to export and what to call them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Literal

import pyarrow as pa
import yaml
from pydantic import TypeAdapter, ValidationError

from orchestration.bounded_yaml import read_yaml
from orchestration.lake.parquet import read_arrow, write_json
from orchestration.publish.shelf import ReleaseSettingsError

ExportTable = Literal[
    "policy",
    "replenishment_order",
    "transfer_order",
    "transfer_unit",
    "allocation",
    "reservation",
    "atp",
    "unit_reservation",
    "unit_atp",
    "delivery_promise",
    "mto_slot_assignment",
    "mto_promise",
    "factory_order_outbox",
]
EXPORT_TABLES: tuple[ExportTable, ...] = (
    "policy",
    "replenishment_order",
    "transfer_order",
    "transfer_unit",
    "allocation",
    "reservation",
    "atp",
    "unit_reservation",
    "unit_atp",
    "delivery_promise",
    "mto_slot_assignment",
    "mto_promise",
    "factory_order_outbox",
)
# {table: {our column: the customer's}}
ExportColumns = Mapping[str, Mapping[str, str]]

_CONTENT: TypeAdapter[dict[ExportTable, dict[str, str]]] = TypeAdapter(dict[ExportTable, dict[str, str]])


def read_export_columns(path: Path | None) -> dict[str, dict[str, str]]:
    """Read the customer's column names; no file means every column under our name.

    Raises `ReleaseSettingsError` when the file is not there, not YAML, names a table that is not exported,
    or gives one name to two columns.
    """
    if path is None:
        return {}
    try:
        content = _CONTENT.validate_python(read_yaml(path) or {})
    except OSError as error:
        raise ReleaseSettingsError(
            f"release.export_columns: {path} cannot be read ({error}); correct the setting"
        ) from error
    except yaml.YAMLError as error:
        raise ReleaseSettingsError(f"{path} is not YAML ({error}); correct the file") from error
    except ValidationError as error:
        faults = "; ".join(
            f"{'.'.join(str(part) for part in fault['loc'])}: {fault['msg']}" for fault in error.errors()
        )
        raise ReleaseSettingsError(
            f"{path} does not map columns of {', '.join(EXPORT_TABLES)} ({faults}); write "
            "{table: {our_column: theirs}}"
        ) from error
    for table, columns in content.items():
        twice = sorted(name for name, count in Counter(columns.values()).items() if count > 1)
        if twice or not all(columns.values()) or not columns:
            raise ReleaseSettingsError(
                f"{path}, {table}: every exported column needs one name of its own; given twice or "
                f"empty: {', '.join(twice) or 'the list'}"
            )
    return {str(table): dict(columns) for table, columns in content.items()}


def check_export_columns(columns: ExportColumns, tables: Mapping[str, pa.Schema]) -> None:
    """Raise `ReleaseSettingsError` when a column to export is in no table that is to be published."""
    for table, chosen in columns.items():
        if table not in tables:
            continue
        unknown = sorted(set(chosen) - {"release_id", *tables[table].names})
        if unknown:
            raise ReleaseSettingsError(
                f"release.export_columns: {table} has no {', '.join(unknown)}; it has "
                f"{', '.join(['release_id', *tables[table].names])}"
            )


def write_export(tables: Mapping[str, Path], columns: ExportColumns, folder: Path, release_id: str) -> None:
    """Write the CSV files of one release into `folder`, with `release.json` saying which it is."""
    from pyarrow import csv

    folder.mkdir(parents=True, exist_ok=True)
    rows = {}
    for name in EXPORT_TABLES:
        if name not in tables:
            continue
        table = read_arrow(tables[name])
        chosen = columns.get(name) or {column: column for column in table.column_names}
        table = table.select(list(chosen)).rename_columns(list(chosen.values()))
        csv.write_csv(table, folder / f"{name}.csv")
        rows[name] = table.num_rows
    write_json({"release_id": release_id, "rows": rows}, folder / "release.json")
