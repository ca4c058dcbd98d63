"""The SQL of one dbt stage run by DuckDB alone: the yardstick for what dbt itself costs.

Reads the work folder that a build left (`inputs.parquet`, `target/manifest.json` with compiled
code), binds the same files, creates the same tables and views in the same order, writes the same
exports and runs the same tests, in one connection without dbt.
"""

from __future__ import annotations

import json
import tempfile
import time
from graphlib import TopologicalSorter
from pathlib import Path
from typing import Any

import duckdb


def run_stage_sql(work: Path, stage: str, threads: int = 2) -> float:
    """Return the CPU seconds that DuckDB alone needs for the stage's models, exports and tests."""
    manifest = json.loads((work / "target" / "manifest.json").read_text(encoding="utf-8"))
    nodes = _compiled_in_order(manifest)
    with tempfile.TemporaryDirectory() as folder:
        connection = duckdb.connect(config={"threads": threads})
        connection.execute(f"attach '{folder}/warehouse.duckdb' as warehouse")
        connection.execute("use warehouse.main")
        _bind_sources(connection, work, manifest)
        if stage == "published":
            # The second stage reads tables of the first: make them before the clock starts.
            for node in nodes:
                if "marts" in node["tags"] and node["resource_type"] == "model":
                    _create(connection, node)
        started = time.process_time()
        for node in nodes:
            if stage not in node["tags"] and node["resource_type"] == "model":
                continue
            if node["resource_type"] == "model":
                _create(connection, node)
                if any("export_parquet" in hook["sql"] for hook in node["config"]["post-hook"]):
                    connection.execute(
                        f"copy (select * from {node['relation_name']} order by all) "
                        f"to '{folder}/{node['name']}.parquet' (format parquet, compression zstd)"
                    )
            elif _stage_of_test(node, manifest) == stage:
                connection.execute(f"select count(*) from ({node['compiled_code']}) as failures").fetchall()
        spent = time.process_time() - started
        connection.close()
    return spent


def _compiled_in_order(manifest: dict[str, Any]) -> list[dict[str, Any]]:
    nodes = {
        key: node
        for key, node in manifest["nodes"].items()
        if node["resource_type"] in ("model", "test") and node.get("compiled_code")
    }
    order = TopologicalSorter(
        {key: [up for up in node["depends_on"]["nodes"] if up in nodes] for key, node in nodes.items()}
    )
    return [nodes[key] for key in order.static_order()]


def _stage_of_test(node: dict[str, Any], manifest: dict[str, Any]) -> str:
    """A test belongs to the latest stage among the models it reads."""
    read = [manifest["nodes"][up]["tags"] for up in node["depends_on"]["nodes"] if up in manifest["nodes"]]
    return "published" if any("published" in tags for tags in read) else "marts"


def _create(connection: duckdb.DuckDBPyConnection, node: dict[str, Any]) -> None:
    kind = "view" if node["config"]["materialized"] == "view" else "table"
    connection.execute(f"create or replace {kind} {node['relation_name']} as {node['compiled_code']}")


def _bind_sources(connection: duckdb.DuckDBPyConnection, work: Path, manifest: dict[str, Any]) -> None:
    listed = connection.execute(
        f"select table_name, list(path order by path) from read_parquet('{work}/inputs.parquet') group by 1"
    ).fetchall()
    files = dict(listed)
    for source in manifest["sources"].values():
        if source["name"] in files:
            paths = ", ".join("'" + path.replace("'", "''") + "'" for path in files[source["name"]])
            connection.execute(f"create schema if not exists warehouse.{source['schema']}")
            connection.execute(
                f"create or replace view warehouse.{source['schema']}.{source['identifier']} as "
                f"select * from read_parquet([{paths}], union_by_name = true)"
            )
