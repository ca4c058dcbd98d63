"""Rows between the snapshot and the release: of the borders of the science, and of dbt's own tables."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from orchestration.contracts.registry import BORDER_BY_NAME
from orchestration.evidence.lineage.columns import Edge
from orchestration.evidence.trace.edges import tables_read
from orchestration.evidence.trace.proofs import (
    PROVED,
    REPLACED,
    UNKNOWN,
    found_content,
    proof_of,
    relative_to_lake,
)
from orchestration.evidence.trace.rows import ROWS_OF_NONE, Found, Selection, find_rows, one_of
from orchestration.lake.paths import Lake
from orchestration.publish.shelf import Release

if TYPE_CHECKING:
    import duckdb

_BORDER_WORDS = {
    PROVED: "the file has the hash that the release recorded",
    REPLACED: (
        "the file is no longer the one of this release: its date was run again, or it was removed; its rows "
        "are left out, `stockplan reproduce` makes them again"
    ),
    UNKNOWN: "the release recorded no hash of this file; the rows are those that lie there now",
}


def border_steps(
    release: Release,
    lake: Lake,
    edges: Sequence[Edge],
    connection: duckdb.DuckDBPyConnection,
    selection: Selection,
    max_rows: int,
) -> list[dict[str, Any]]:
    """Rows of the tables between dbt and the science, of the ledger and of earlier releases."""
    recorded = release.manifest.get("borders", {})
    steps = []
    for name, columns in tables_read(edges).items():
        path = lake.border_file(name, release.as_of)
        if name not in BORDER_BY_NAME or name.startswith("raw__") or not (path.exists() or name in recorded):
            continue
        proof, sha256 = proof_of(path, recorded.get(name, {}).get("sha256"))
        found = Found(0, (), {}) if proof == REPLACED else find_rows(connection, [path], selection, max_rows)
        steps.append(
            {
                "table": name,
                "columns": columns,
                "file": relative_to_lake(path, lake),
                "sha256": sha256,
                "proof": proof,
                "said": _BORDER_WORDS[proof],
                **found_content(found, lake),
            }
        )
    return steps


def mart_steps(
    release: Release,
    lake: Lake,
    edges: Sequence[Edge],
    connection: duckdb.DuckDBPyConnection,
    selection: Selection,
    max_rows: int,
) -> dict[str, Any]:
    """Rows of dbt's own tables, where the work file of the date is still the one of this release."""
    work = lake.build_dir(release.as_of)
    published = release.tables
    names = [name for name in tables_read(edges) if name not in BORDER_BY_NAME and name not in published]
    if not names:
        return {"proof": PROVED, "said": "no mart lies between", "tables": []}
    if _candidate_hash(work) != release.content_hash or not (work / "warehouse.duckdb").is_file():
        return {
            "proof": REPLACED,
            "said": "the work file of this date is gone or of another run; `stockplan reproduce` makes it",
            "tables": [],
            "names": names,
        }
    warehouse = str(work / "warehouse.duckdb").replace("'", "''")
    connection.execute(f"attach '{warehouse}' as work (read_only)")
    held: dict[str, tuple[str, list[str]]] = {}
    for schema, name, column in connection.execute(
        "select schema_name, table_name, column_name from duckdb_columns() where database_name = 'work' "
        "and table_name in (select table_name from duckdb_tables() where database_name = 'work')"
    ).fetchall():
        held.setdefault(name, (schema, []))[1].append(column)
    tables = [
        {"table": name, **_mart_rows(connection, name, *held[name], selection, max_rows)}
        for name in names
        if name in held
    ]
    return {"proof": PROVED, "said": "the work file is of the run with this release's hash", "tables": tables}


def _mart_rows(
    connection: duckdb.DuckDBPyConnection,
    name: str,
    schema: str,
    columns: Sequence[str],
    selection: Selection,
    max_rows: int,
) -> dict[str, Any]:
    used = {one: wanted for one, wanted in selection.items() if one in columns}
    parts = [one_of(one, [*map(str, wanted)]) for one, wanted in used.items()]
    table = f'work."{schema}"."{name}"'
    if not used:
        # What no id selects is shown by its first rows alone; to sort whole tables for them is not worth it.
        shown = f"select * from {table} order by rowid limit {min(max_rows, ROWS_OF_NONE)}"  # noqa: S608
        (n_rows,) = connection.execute(f"select count(*) from {table}").fetchall()[0]  # noqa: S608
        return {
            "n_rows": n_rows,
            "selected_by": {},
            "rows": connection.execute(shown).to_arrow_table().to_pylist(),
        }
    where = " and ".join(condition for condition, _ in parts)
    rows = connection.execute(
        f"select *, count(*) over () as n_rows from {table} where {where} "  # noqa: S608
        f"order by all limit {max_rows}",
        [value for _, values in parts for value in values],
    ).to_arrow_table()
    return {
        "n_rows": rows["n_rows"][0].as_py() if rows.num_rows else 0,
        "selected_by": {one: list(wanted) for one, wanted in used.items()},
        "rows": rows.drop_columns(["n_rows"]).to_pylist(),
    }


def _candidate_hash(work: Path) -> str | None:
    import json

    path = work / "candidate.json"
    if not path.is_file():
        return None
    told = json.loads(path.read_text(encoding="utf-8"))["candidate"]["content_hash"]
    return str(told)
