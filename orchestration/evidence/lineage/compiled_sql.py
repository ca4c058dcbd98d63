"""dbt's compiled models as sqlglot resolves them: where each column of each model comes from.

Lineage and formulas are both read from here. A column's node is made once and kept.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from orchestration.contracts.registry import BORDER_BY_NAME

if TYPE_CHECKING:
    from sqlglot import MappingSchema
    from sqlglot.lineage import Node
    from sqlglot.optimizer.scope import Scope

# Schema and name, or an empty schema for a common table expression.
RelationKey = tuple[str, ...]


@dataclass
class CompiledModel:
    """One model: its qualified query, its columns in their order, and the node of each."""

    name: str
    query: Any
    scope: Scope | None
    schema: MappingSchema
    columns: tuple[str, ...]
    _nodes: dict[str, Node] = field(default_factory=dict)

    def node(self, column: str) -> Node:
        """Return sqlglot's tree of where `column` comes from."""
        from sqlglot.lineage import lineage

        if column not in self._nodes:
            self._nodes[column] = lineage(
                column, self.query, self.schema, dialect="duckdb", scope=self.scope, copy=False
            )
        return self._nodes[column]


@dataclass(frozen=True)
class CompiledProject:
    """All models in the order in which they are built, and what each relation in their SQL is called."""

    models: Mapping[str, CompiledModel]
    names: Mapping[RelationKey, str]

    def table_of(self, leaf: Any) -> str | None:
        """Return the model or border that a leaf of a column's tree stands for; None within a model."""
        from sqlglot import exp

        if not isinstance(leaf.expression, exp.Table):
            return None
        return self.names.get(key_of(leaf.expression))


def compiled_project(manifest: Mapping[str, Any]) -> CompiledProject:
    """Qualify every model of a compiled `manifest`.

    Raises `ValueError` naming the model whose SQL cannot be read.
    """
    from sqlglot import MappingSchema, exp, parse_one
    from sqlglot.optimizer.qualify import qualify
    from sqlglot.optimizer.scope import build_scope

    schema = MappingSchema(dialect="duckdb")
    names: dict[RelationKey, str] = {}
    for source in manifest["sources"].values():
        table = _source_table(source)
        names[_relation_key(source["relation_name"])] = table
        columns = {column.name: "varchar" for column in BORDER_BY_NAME[table].columns} | {
            "snapshot_date": "date"
        }
        schema.add_table(exp.to_table(source["relation_name"], dialect="duckdb"), columns)
    models: dict[str, CompiledModel] = {}
    for node in _models_in_order(manifest):
        names[_relation_key(node["relation_name"])] = node["name"]
        try:
            query = qualify(
                parse_one(node["compiled_code"], dialect="duckdb"),
                schema=schema,
                dialect="duckdb",
                validate_qualify_columns=False,
            )
            _align_unions_by_name(query)
            scope = build_scope(query)
        except Exception as failure:
            raise ValueError(f"the SQL of {node['name']} cannot be read: {failure}") from failure
        outputs = tuple(query.named_selects)
        models[node["name"]] = CompiledModel(node["name"], query, scope, schema, outputs)
        schema.add_table(
            exp.to_table(node["relation_name"], dialect="duckdb"), dict.fromkeys(outputs, "varchar")
        )
    return CompiledProject(models, names)


def key_of(table: Any) -> RelationKey:
    """Schema and name of a table in sqlglot's tree; a common table expression has no schema."""
    return table.db.lower(), table.name.lower()


def _align_unions_by_name(query: Any) -> None:
    """Give both sides of every UNION BY NAME the same columns in the same order, as DuckDB does.

    sqlglot follows set operations by position only.
    """
    from sqlglot import exp

    for union in reversed(list(query.find_all(exp.SetOperation))):
        if not union.args.get("by_name"):
            continue
        branches = (union.left, union.right)
        names = list(dict.fromkeys(name for side in branches for name in side.named_selects))
        for select in union.find_all(exp.Select):
            if select.parent_select is not union.parent_select:
                continue
            held = {column.alias_or_name: column for column in select.expressions}
            select.set(
                "expressions", [held.get(name) or exp.alias_(exp.null(), name, quoted=True) for name in names]
            )
        union.set("by_name", False)


def _models_in_order(manifest: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    from graphlib import TopologicalSorter

    models = {key: node for key, node in manifest["nodes"].items() if node["resource_type"] == "model"}
    order = TopologicalSorter(
        {key: [up for up in node["depends_on"]["nodes"] if up in models] for key, node in models.items()}
    )
    return [models[key] for key in order.static_order()]


def _source_table(source: Mapping[str, Any]) -> str:
    """The border table a dbt source stands for: raw sources carry no prefix inside dbt."""
    name = str(source["name"])
    return name if name in BORDER_BY_NAME else f"raw__{name}"


def _relation_key(relation: str) -> RelationKey:
    from sqlglot import exp

    return key_of(exp.to_table(relation, dialect="duckdb"))
