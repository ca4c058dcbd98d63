"""How an asset at a border is described, read, written and checked. One place for all of them."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from datetime import date
from pathlib import Path
from typing import Any

import dagster as dg
import pandas as pd

from optimization.contracts.table import Table
from optimization.errors import ContractError
from orchestration.contracts.arrow import DUCKDB_TYPES
from orchestration.defs.resources import Pipeline
from orchestration.evidence.lineage.columns import column_lineage
from orchestration.lake.parquet import arrow_to_frame, read_arrow, read_frame, write_frame
from orchestration.lake.paths import Lake

Made = dg.MaterializeResult[Any]
Told = Made | dg.AssetCheckResult

OWNERS = {
    "ims": "team:data-engineering",
    "marts": "team:data-engineering",
    "history": "team:data-engineering",
    "demand": "team:demand-planning",
    "policy": "team:inventory-planning",
    "planning": "team:inventory-planning",
    "network": "team:inventory-planning",
    "allocation": "team:sales-planning",
    "promising": "team:sales-planning",
    "orders": "team:sales-planning",
    "backtest": "team:demand-planning",
    "published": "team:inventory-planning",
    "release": "team:data-engineering",
}
CONTRACT_CHECK = "keeps_its_contract"
# Metadata of a check's result that the gate reads back.
FAILING_ROWS, DETAIL, REPAIR = "failing_rows", "detail", "repair"


def table_spec(
    table: Table, group: str, kinds: set[str], deps: Iterable[str] = (), description: str | None = None
) -> dg.AssetSpec:
    """Return the asset of a border table, described from its contract."""
    return dg.AssetSpec(
        table.name,
        deps=[dg.AssetKey(dep) for dep in deps],
        group_name=group,
        owners=[OWNERS[group]],
        kinds=kinds,
        tags={"layer": table.name.split("__", 1)[0]},
        description=description or table.description,
        metadata={"dagster/column_schema": column_schema(table), "key": ", ".join(table.key)},
    )


def column_schema(table: Table) -> dg.TableSchema:
    """Return the contract as Dagster's table schema, units in the descriptions."""
    return dg.TableSchema(
        [
            dg.TableColumn(
                column.name,
                DUCKDB_TYPES[column.kind],
                column.description + (f" [{column.unit}]" if column.unit else ""),
                dg.TableColumnConstraints(nullable=table.is_nullable(column.name)),
            )
            for column in table.columns
        ]
    )


def lineage_of(table_name: str) -> dg.TableColumnLineage | None:
    """Return the reviewed column lineage of a table as Dagster's metadata."""
    deps: dict[str, list[dg.TableColumnDep]] = {}
    for edge in column_lineage():
        if edge.output_table == table_name:
            deps.setdefault(edge.output_column, []).append(
                dg.TableColumnDep(asset_key=dg.AssetKey(edge.input_table), column_name=edge.input_column)
            )
    return dg.TableColumnLineage(deps) if deps else None


def contract_check_spec(table: Table) -> dg.AssetCheckSpec:
    """Return the blocking check that a table's file keeps its contract."""
    return dg.AssetCheckSpec(
        CONTRACT_CHECK,
        asset=table.name,
        blocking=True,
        description=f"Dtypes, nulls, bounds, closed lists and the key ({', '.join(table.key)}).",
    )


def check_file(table: Table, path: Path, as_of: date) -> dg.AssetCheckResult:
    """Read a border file back and hold it against its contract and its business date."""
    problem, rows = "", 0
    try:
        frame = table.validate(read_frame(path, table))
        rows = len(frame)
        if "as_of" in frame and not (frame["as_of"] == pd.Timestamp(as_of)).all():
            problem = f"{table.name} holds another business date than {as_of}: rebuild the partition"
    except (ContractError, KeyError) as error:
        problem = str(error)
    return check_result(table.name, CONTRACT_CHECK, problem, detail=f"{rows} rows")


def check_result(
    asset: str,
    check: str,
    problem: str = "",
    *,
    failing_rows: int | None = None,
    detail: str = "",
    repair: str = "",
    severity: dg.AssetCheckSeverity = dg.AssetCheckSeverity.ERROR,
) -> dg.AssetCheckResult:
    """Return a check's result with the metadata that the gate reads back; no problem is passed."""
    return dg.AssetCheckResult(
        passed=not problem,
        asset_key=asset,
        check_name=check,
        severity=severity,
        metadata={
            DETAIL: problem or detail,
            REPAIR: repair,
            **({} if failing_rows is None else {FAILING_ROWS: failing_rows}),
        },
    )


def materialized(
    table_name: str, rows: int, data_version: str, path: Path, lake: Lake, figures: Mapping[str, Any] = {}
) -> Made:
    """Return what every materialisation says: rows, version, place, lineage, the stage's figures."""
    lineage = lineage_of(table_name)
    return dg.MaterializeResult(
        asset_key=table_name,
        data_version=dg.DataVersion(data_version[:16]),
        metadata={
            "dagster/row_count": rows,
            "dagster/uri": str(path.relative_to(lake.root)) if path.is_relative_to(lake.root) else path.name,
            **({"dagster/column_lineage": lineage} if lineage else {}),
            **{key: value for key, value in figures.items() if isinstance(value, int | float | str)},
        },
    )


def file_version(path: Path) -> str:
    """Return the hash of a file's bytes; the writers are deterministic, so it is the content's."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def read_borders(pipeline: Pipeline, as_of: date, *tables: Table) -> list[pd.DataFrame]:
    """Read border tables of one date as the contracts' frames."""
    return [read_frame(pipeline.lake.border_file(table.name, as_of), table) for table in tables]


def previous_table(pipeline: Pipeline, as_of: date, name: str) -> pd.DataFrame | None:
    """Read a table of the last release before this date; None without one that has the table."""
    from orchestration.publish.shelf import previous_release

    before = previous_release(pipeline.lake, as_of)
    if before is None or name not in before.tables:
        return None
    table: pd.DataFrame = read_arrow(before.table(name)).to_pandas(date_as_object=False)
    return table


def previous_border(pipeline: Pipeline, as_of: date, name: str, table: Table) -> pd.DataFrame | None:
    """Read a published table of the last release before this date as the contract's frame.

    Published tables carry the contract's columns under the same names, and others beside them. None
    without an earlier release, and for one whose table lacks required columns that the contract has
    since grown; optional ones are null.
    """
    from orchestration.publish.shelf import previous_release

    before = previous_release(pipeline.lake, as_of)
    if before is None or name not in before.tables:
        return None
    held = read_arrow(before.table(name))
    if not set(table.required) <= set(held.column_names):
        return None
    return arrow_to_frame(held, table)


def write_border(
    pipeline: Pipeline, as_of: date, table: Table, frame: pd.DataFrame, figures: Mapping[str, Any]
) -> Iterable[Told]:
    """Write one table of the science, then say so and check the file that was written."""
    path = pipeline.lake.border_file(table.name, as_of)
    write_frame(frame, table, path)
    yield materialized(table.name, len(frame), file_version(path), path, pipeline.lake, figures)
    yield check_file(table, path, as_of)
