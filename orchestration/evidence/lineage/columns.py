"""Column lineage, from the raw tables to the published ones.

Inside dbt every column is resolved by sqlglot; one that is made from no column, a constant or a
count of rows, comes from every table that the model reads, written as column `*`. Python assets
are declared: an output column that carries the name of an input column comes from it, any other
is computed from the whole input, which is written as column `*` too. The `ledger__` tables have no
edge of their own: the ledger, not a table, is their source.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import NamedTuple

from orchestration.contracts.registry import BORDER_BY_NAME
from orchestration.evidence.lineage.compiled_sql import CompiledProject, key_of
from orchestration.evidence.lineage.declared import DECLARED_INPUTS

LINEAGE_FILE = Path(__file__).with_name("column_lineage.csv")


class Edge(NamedTuple):
    """One step of lineage; `kind` is `resolved` (from SQL) or `declared` (Python)."""

    output_table: str
    output_column: str
    input_table: str
    input_column: str
    kind: str


@cache
def column_lineage() -> tuple[Edge, ...]:
    """Return every edge of the reviewed file, sorted."""
    with LINEAGE_FILE.open(newline="", encoding="utf-8") as file:
        return tuple(Edge(**row) for row in csv.DictReader(file))


def derive(project: CompiledProject) -> list[Edge]:
    """Return all edges: resolved from the compiled SQL of `project`, and declared.

    Raises `ValueError` naming the model whose SQL cannot be resolved.
    """
    return sorted({*_resolved(project), *_declared()})


def _declared() -> Iterable[Edge]:
    for output, inputs in DECLARED_INPUTS.items():
        for column in BORDER_BY_NAME[output].column_names:
            same = [name for name in inputs if column in BORDER_BY_NAME[name].column_names]
            if same:
                yield Edge(output, column, same[0], column, "declared")
            else:
                for name in inputs:
                    yield Edge(output, column, name, "*", "declared")


def _resolved(project: CompiledProject) -> Iterable[Edge]:
    from sqlglot import exp

    for model in project.models.values():
        read = {
            (project.names[key], "*")
            for one in model.query.find_all(exp.Table)
            if (key := key_of(one)) in project.names
        }
        for column in model.columns:
            try:
                origins = {
                    (table, leaf.name.rsplit(".", 1)[-1].strip('"'))
                    for leaf in model.node(column).walk()
                    if (table := project.table_of(leaf)) is not None
                }
            except Exception as failure:
                raise ValueError(f"lineage of {model.name} cannot be resolved: {failure}") from failure
            for table, input_column in origins or read:
                yield Edge(model.name, column, table, input_column, "resolved")
