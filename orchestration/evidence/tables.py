"""The published tables that explain the others: meaning, origin, lineage, and what was set aside."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import TYPE_CHECKING

import pyarrow as pa

from orchestration.contracts.arrow import DUCKDB_TYPES
from orchestration.contracts.raw import RAW_TABLES
from orchestration.contracts.registry import BORDERS
from orchestration.evidence.lineage.columns import column_lineage
from orchestration.evidence.lineage.formulas import column_formulas
from orchestration.evidence.table_keys import table_key
from orchestration.lake.parquet import read_arrow
from orchestration.publish.verdicts import CHECK_RESULT_SCHEMA

if TYPE_CHECKING:
    from orchestration.lake.manifests import SealedSnapshot
    from orchestration.lake.paths import Lake

ORIGIN_TEXTS = {
    "recorded": "read from the source as it stands",
    "inferred": "concluded from the source by a stated rule",
    "generated": "made by the seeded generator; not real",
    "default": "the source has none; a stated default",
}
_DICTIONARY = pa.schema(
    [
        pa.field("layer", pa.string(), nullable=False),
        pa.field("table_name", pa.string(), nullable=False),
        pa.field("column_name", pa.string(), nullable=False),
        pa.field("data_type", pa.string(), nullable=False),
        pa.field("unit", pa.string()),
        pa.field("is_nullable", pa.bool_(), nullable=False),
        pa.field("description", pa.string(), nullable=False),
        pa.field("origin", pa.string(), nullable=False),
        pa.field("is_key", pa.bool_(), nullable=False),
        pa.field("formula", pa.string()),
        pa.field("owner", pa.string()),
    ]
)
_LINEAGE = pa.schema(
    [
        pa.field(name, pa.string(), nullable=False)
        for name in ("output_table", "output_column", "input_table", "input_column", "kind")
    ]
)
_QUARANTINE = pa.schema(
    [
        pa.field("snapshot_id", pa.string(), nullable=False),
        pa.field("table_name", pa.string(), nullable=False),
        pa.field("row_number", pa.int64(), nullable=False),
        pa.field("row_key", pa.string()),
        pa.field("column_name", pa.string()),
        pa.field("rule", pa.string(), nullable=False),
        pa.field("value", pa.string()),
        pa.field("repair", pa.string()),
    ]
)


def data_dictionary_table(sealed: SealedSnapshot, as_of: date) -> pa.Table:
    """Return one row per column of every border and published table.

    `origin` of a raw column is what the connector declared (recorded, inferred, generated,
    default); everything else is `computed`. `is_key`: the column is one of those that identify a row.
    Every published column has a `formula` and an `owner`; those of the borders are null.
    """
    rows = [*_border_rows(sealed), *_published_rows()]
    return _dated(pa.Table.from_pylist(rows, schema=_DICTIONARY), as_of)


def _border_rows(sealed: SealedSnapshot) -> Iterable[dict[str, object]]:
    origins = sealed.origins or {}
    raw = {table.name: table.source_name for table in RAW_TABLES}
    for table in BORDERS:
        source = raw.get(table.name)
        held = sealed.tables.get(source) if source else None
        for column in table.columns:
            origin = "computed"
            if source:
                origin = origins.get(f"{source}.{column.name}") or origins.get(f"{source}.*") or "recorded"
                if held is not None and column.name in held.defaulted_columns:
                    origin = "default"
                if held is None or not held.is_present:
                    origin = "absent"
            yield {
                "layer": "raw" if source else table.name.split("__", 1)[0],
                "table_name": table.name,
                "column_name": column.name,
                "data_type": DUCKDB_TYPES[column.kind],
                "unit": column.unit,
                "is_nullable": table.is_nullable(column.name),
                "description": column.description,
                "origin": origin,
                "is_key": column.name in table.key,
                "formula": None,
                "owner": None,
            }


def _published_rows() -> Iterable[dict[str, object]]:
    from orchestration.project import dbt_manifest, published_models

    manifest, names, formulas = dbt_manifest(), published_models(), column_formulas()
    owners = {group["name"]: group["owner"]["name"] for group in manifest["groups"].values()}
    for node in manifest["nodes"].values():
        if node["resource_type"] != "model" or node["alias"] not in names:
            continue
        table, owner = node["alias"], owners[node["config"]["group"]]
        yield _plain_row(table, pa.field("release_id", pa.string(), nullable=False), owner)
        for column in node["columns"].values():
            text, unit = _split_unit(column["description"])
            required = any(constraint["type"] == "not_null" for constraint in column.get("constraints", []))
            yield {
                "layer": "published",
                "table_name": table,
                "column_name": column["name"],
                "data_type": column["data_type"],
                "unit": unit,
                "is_nullable": not required,
                "description": text,
                "origin": "computed",
                "is_key": column["name"] in table_key(table),
                "formula": formulas.get((table, column["name"])),
                "owner": owner,
            }
    for name, schema in (
        ("check_result", CHECK_RESULT_SCHEMA),
        ("data_dictionary", _DICTIONARY),
        ("lineage", _LINEAGE),
        ("quarantine", _QUARANTINE),
    ):
        for field in (*_STAMPS, *(one for one in schema if one.name != "as_of")):
            yield _plain_row(name, field, EVIDENCE_OWNER)


def _plain_row(table: str, field: pa.Field, owner: str) -> dict[str, object]:
    """A column that Python makes: its type and meaning stand in this module."""
    return {
        "layer": "published",
        "table_name": table,
        "column_name": field.name,
        "data_type": str(field.type),
        "unit": None,
        "is_nullable": field.nullable,
        "description": _GOVERNANCE_COLUMNS.get(field.name, field.name.replace("_", " ")),
        "origin": "computed",
        "is_key": field.name in table_key(table),
        "formula": _STAMP_FORMULAS.get(field.name) or EVIDENCE_FORMULAS.get(table),
        "owner": owner,
    }


EVIDENCE_OWNER = "Data engineering"
EVIDENCE_FORMULAS = {
    "check_result": "computed by orchestration.publish.verdicts.check_result_table from every check made",
    "data_dictionary": (
        "computed by orchestration.evidence.tables.data_dictionary_table from contracts, dbt's column texts, "
        "column_formula.csv and the origins that the snapshot declares"
    ),
    "lineage": "copied from column_lineage.csv, which orchestration.evidence.lineage derives and CI compares",
    "quarantine": "copied from the rows that orchestration.lake.sealing.seal set aside",
}
_STAMP_FORMULAS = {
    "release_id": "given at publication: business date, number of the release, 8 digits of the content hash",
    "as_of": "copied from run_context.as_of",
}
_STAMPS = (
    pa.field("release_id", pa.string(), nullable=False),
    pa.field("as_of", pa.date32(), nullable=False),
)
_GOVERNANCE_COLUMNS = {
    "release_id": "Release the row belongs to: business date, number of the release, start of its hash",
    "as_of": "Business date of the snapshot",
    "asset": "Table the check is about; several when it compares tables",
    "check_name": "Name of the check",
    "check_kind": "contract (shape), dbt (keys, relations, arithmetic), expectation (the release as a whole)",
    "is_passed": "Whether the check passed",
    "severity": "ERROR closes the gate, WARN is published and read",
    "failing_rows": "Rows that fail, where the check counts them",
    "detail": "What was found",
    "repair": "What to do about it",
    "layer": "raw, opt_in, opt_out, context or published",
    "is_nullable": "Whether the column may be null",
    "is_key": "Whether the column is one of those that identify a row",
    "formula": "How the column is computed: a formula, an SQL expression, or the function that makes it",
    "owner": "Who answers for the table",
    "origin": "; ".join(f"{name}: {text}" for name, text in ORIGIN_TEXTS.items()),
    "kind": "resolved from SQL, or declared for a Python asset",
    "input_column": "Column it comes from; * is the whole table",
    "row_key": "Key of the row as JSON",
    "row_number": "Row of the delivered table, counted from 1",
    "rule": "Rule the row breaks",
    "value": "Offending value, cut to 200 characters",
}


def lineage_table(as_of: date) -> pa.Table:
    """Return every reviewed edge of column lineage."""
    rows = [edge._asdict() for edge in column_lineage()]
    return _dated(pa.Table.from_pylist(rows, schema=_LINEAGE), as_of)


def quarantine_table(sealed: SealedSnapshot, lake: Lake, as_of: date) -> pa.Table:
    """Return the rows that sealing this date set aside, with rule and repair."""
    if not sealed.quarantine_file:
        return _dated(_QUARANTINE.empty_table(), as_of)
    held = read_arrow(lake.root / sealed.quarantine_file)
    ids = pa.array([sealed.snapshot_id] * held.num_rows, pa.string())
    named = held.append_column("snapshot_id", ids)
    return _dated(named.select(_QUARANTINE.names).cast(_QUARANTINE), as_of)


def _dated(table: pa.Table, as_of: date) -> pa.Table:
    days = pa.array([as_of] * table.num_rows, pa.date32())
    return table.add_column(0, pa.field("as_of", pa.date32(), nullable=False), days)


def _split_unit(description: str) -> tuple[str, str | None]:
    """Published descriptions end in their unit: "Median [units]".

    >>> _split_unit("Median [units]")
    ('Median', 'units')
    """
    text, bracket, unit = description.rpartition(" [")
    return (text, unit.rstrip("]")) if bracket and unit.endswith("]") else (description, None)
