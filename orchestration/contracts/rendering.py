"""The dbt form of the borders: source and contract YAML, rendered from the Python statements.

What is written here is written by machine only: nothing in those four files is edited by hand,
and `python -m orchestration.contracts.rendering --check` fails when one of them differs from what
the contracts say. Tests, meta data and descriptions that people write stand in other YAML files.
"""

from __future__ import annotations

import difflib
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import typer
import yaml

from optimization.contracts.column import Column
from optimization.contracts.history_tables import HISTORY_TABLES
from optimization.contracts.inputs import INPUTS
from optimization.contracts.outputs import OUTPUTS
from optimization.contracts.table import Table
from orchestration.contracts.arrow import DUCKDB_TYPES
from orchestration.contracts.raw import RAW_TABLES
from orchestration.contracts.registry import CONTEXT_TABLES

DBT_MODELS = Path(__file__).resolve().parents[2] / "dbt_project" / "models"
COMMAND = "python -m orchestration.contracts.rendering"
HEADER = f"# Written by machine from the Python contracts: do not edit. To renew it: {COMMAND}\n"

SNAPSHOT_DATE = {
    "name": "snapshot_date",
    "data_type": "date",
    "description": "Business date of the sealed snapshot the row came with",
}


def _column(table: Table, column: Column) -> dict[str, Any]:
    unit = f" [{column.unit}]" if column.unit else ""
    optional = " (may be null)" if table.is_nullable(column.name) else ""
    return {
        "name": column.name,
        "data_type": DUCKDB_TYPES[column.kind],
        "description": f"{column.description}{unit}{optional}",
    }


def _source_table(table: Table, name: str, asset_key: str, *, is_sealed: bool) -> dict[str, Any]:
    columns = [_column(table, column) for column in table.columns]
    return {
        "name": name,
        "description": table.description,
        "config": {"meta": {"dagster": {"asset_key": [asset_key]}}},
        "columns": [*columns, SNAPSHOT_DATE] if is_sealed else columns,
    }


def render_ims_sources() -> str:
    """Return the YAML of the `ims` source: the raw tables, and what the run says of itself.

    Freshness is measured on `loaded_at` of the newest row; it warns after two days and is an
    error after seven. The tables that the run itself writes have none.
    """
    tables = [_source_table(table, table.source_name, table.name, is_sealed=True) for table in RAW_TABLES]
    context = [_source_table(table, table.name, table.name, is_sealed=False) for table in CONTEXT_TABLES]
    for table in context:
        table["config"] = {"freshness": None, "loaded_at_field": None, **table["config"]}
    return _document(
        {
            "version": 2,
            "sources": [
                {
                    "name": "ims",
                    "schema": "ims",
                    "description": "Sealed snapshots of the inventory management system; views over "
                    "exactly the files of this run.",
                    "config": {
                        "loaded_at_field": "loaded_at",
                        "freshness": {
                            "warn_after": {"count": 2, "period": "day"},
                            "error_after": {"count": 7, "period": "day"},
                        },
                    },
                    "tables": [*tables, *context],
                }
            ],
        }
    )


def render_science_sources() -> str:
    """Return the YAML of the `science` source: every `opt_out__` table."""
    return _document(
        {
            "version": 2,
            "sources": [
                {
                    "name": "science",
                    "schema": "science",
                    "description": "What the decision science wrote for this business date.",
                    "tables": [
                        _source_table(table, table.name, table.name, is_sealed=False) for table in OUTPUTS
                    ],
                }
            ],
        }
    )


def render_history_sources() -> str:
    """Return the YAML of the `history` source: earlier releases, and the ledger as a whole."""
    return _document(
        {
            "version": 2,
            "sources": [
                {
                    "name": "history",
                    "schema": "history",
                    "description": "What the releases before this date have published, and the state of "
                    "the ledger.",
                    "tables": [
                        _source_table(table, table.name, table.name, is_sealed=False)
                        for table in HISTORY_TABLES
                    ],
                }
            ],
        }
    )


def render_border_models() -> str:
    """Return the YAML of the `opt_in__` models, whose contracts dbt enforces."""
    return _document(
        {
            "version": 2,
            "models": [
                {
                    "name": table.name,
                    "description": f"{table.description} Key: {', '.join(table.key)}.",
                    "config": {"contract": {"enforced": True}},
                    "columns": [_column(table, column) for column in table.columns],
                }
                for table in INPUTS
            ],
        }
    )


RENDERED: dict[str, Callable[[], str]] = {
    "staging/ims/_ims__sources.yml": render_ims_sources,
    "staging/science/_science__sources.yml": render_science_sources,
    "staging/history/_history__sources.yml": render_history_sources,
    "borders/_opt_in.yml": render_border_models,
}


def _document(content: dict[str, Any]) -> str:
    return HEADER + yaml.safe_dump(content, sort_keys=False, allow_unicode=True, width=110)


def differences(models: Path = DBT_MODELS) -> str:
    """Return a unified diff from the files under `models` to what the contracts say; '' if none."""
    diffs: list[str] = []
    for relative, render in RENDERED.items():
        path = models / relative
        written = path.read_text(encoding="utf-8") if path.exists() else ""
        diffs += difflib.unified_diff(
            written.splitlines(keepends=True),
            render().splitlines(keepends=True),
            fromfile=relative,
            tofile=f"{relative} (from the contracts)",
        )
    return "".join(diffs)


def write(models: Path = DBT_MODELS) -> None:
    """Write the files under `models`."""
    for relative, render in RENDERED.items():
        path = models / relative
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(render(), encoding="utf-8")


def main(
    check: Annotated[bool, typer.Option(help="Only compare; exit 1 on a difference.")] = False,
    models: Annotated[Path, typer.Option(help="The folder of dbt models.")] = DBT_MODELS,
) -> None:
    """Render the border contracts to dbt YAML."""
    if not check:
        write(models)
        return
    diff = differences(models)
    if diff:
        typer.echo(diff)
        typer.echo(f"The dbt YAML differs from the contracts. Run: {COMMAND}", err=True)
        sys.exit(1)


if __name__ == "__main__":
    typer.run(main)
