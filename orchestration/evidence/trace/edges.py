"""The release's own column lineage, followed upwards from the numbers that are traced."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from orchestration.evidence.lineage.columns import Edge
from orchestration.lake.parquet import read_arrow
from orchestration.publish.shelf import Release, ReleaseError


def upstream(release: Release, table: str, columns: Sequence[str]) -> list[Edge]:
    """Every edge of the release's own lineage that leads to one of the columns."""
    if "lineage" not in release.tables:
        raise ReleaseError(f"release {release.release_id} has no table lineage; it cannot be traced")
    by_output: dict[str, dict[str, list[Edge]]] = {}
    for row in read_arrow(release.table("lineage")).select(Edge._fields).to_pylist():
        edge = Edge(**row)
        by_output.setdefault(edge.output_table, {}).setdefault(edge.output_column, []).append(edge)
    found: dict[Edge, None] = {}
    todo = [(table, name) for name in columns]
    seen = set(todo)
    while todo:
        name, column = todo.pop()
        held = by_output.get(name, {})
        edges = [one for some in held.values() for one in some] if column == "*" else held.get(column, [])
        for edge in edges:
            found[edge] = None
            step = (edge.input_table, edge.input_column)
            if step not in seen and (edge.input_table, "*") not in seen:
                seen.add(step)
                todo.append(step)
    return sorted(found)


def tables_read(edges: Iterable[Edge]) -> dict[str, list[str]]:
    """Columns that are read per table; `*` alone where all are."""
    read: dict[str, set[str]] = {}
    for edge in edges:
        read.setdefault(edge.input_table, set()).add(edge.input_column)
    return {name: ["*"] if "*" in columns else sorted(columns) for name, columns in sorted(read.items())}
