"""How each published column is computed, in one line, as a file that is reviewed.

A formula is what the column's yml states under `meta.formula`; else the SQL expression that makes it,
found by following the column through the models that only pass it on, with every name in it
replaced by the table and column it stands for. What comes from the science names the function. Like
lineage it hangs on the code alone: `python -m orchestration.evidence.lineage` writes
`column_formula.csv` beside this module, CI compares it, and the daily run only reads it.

The expression says what is done with the columns, not over which rows: that is the model's SQL.
"""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from orchestration.evidence.lineage.compiled_sql import CompiledProject
from orchestration.evidence.lineage.makers import MAKERS

if TYPE_CHECKING:
    from sqlglot.lineage import Node

FORMULA_FILE = Path(__file__).with_name("column_formula.csv")
# Longer expressions are cut: the model's SQL says the rest.
_MAX_LENGTH = 400
# An expression within another is written out when it is no longer than this, else named.
_MAX_INLINE = 80
_MOST_WAYS = 4
_WAYS = "by kind of row: "


class Formula(NamedTuple):
    """How one published column is computed."""

    table_name: str
    column_name: str
    formula: str


@dataclass(frozen=True)
class _Origin:
    """What a column is: a `column` of a border, a `constant`, or an expression (`computed`)."""

    kind: str
    text: str


@cache
def column_formulas() -> dict[tuple[str, str], str]:
    """Return the formula per (published table, column), as the reviewed file has it."""
    with FORMULA_FILE.open(newline="", encoding="utf-8") as file:
        return {(row["table_name"], row["column_name"]): row["formula"] for row in csv.DictReader(file)}


def derive_formulas(
    project: CompiledProject, manifest: Mapping[str, Any], inputs: Mapping[str, tuple[str, ...]]
) -> list[Formula]:
    """Return the formula of every column of every published model, sorted.

    `inputs`: what each `opt_out__` table is made from.
    """
    reader = _Reader(project)
    found = []
    for node in manifest["nodes"].values():
        if node["resource_type"] != "model" or node["fqn"][1] != "published":
            continue
        for column, stated in node["columns"].items():
            formula = _stated(stated) or _cut(_told(reader.origin(node["name"], column), inputs))
            found.append(Formula(node["alias"], column, _one_line(formula)))
    return sorted(found)


def with_formulas(manifest: Any) -> Any:
    """Return dbt's parsed manifest with formula and owner of every published column in its `meta` and text.

    For dbt's own documentation, which is made from it.
    """
    formulas = column_formulas()
    owners = {group.name: group.owner.name for group in manifest.groups.values()}
    for node in manifest.nodes.values():
        if str(node.resource_type) != "model" or node.fqn[1] != "published":
            continue
        for column in node.columns.values():
            formula = formulas.get((node.alias, column.name), "")
            column.meta = {**column.meta, "formula": formula, "owner": owners[node.config.group]}
            column.description += f"\n\nFormula: `{formula}`\n\nOwner: {owners[node.config.group]}"
    return manifest


class _Reader:
    """Follows columns through the models; each is followed once."""

    def __init__(self, project: CompiledProject) -> None:
        self._project = project
        self._known: dict[tuple[str, str], _Origin] = {}

    def origin(self, model: str, column: str) -> _Origin:
        """Return what a column of a model is."""
        key = (model, column)
        if key not in self._known:
            self._known[key] = self._of_node(self._project.models[model].node(column))
        return self._known[key]

    def _of_node(self, node: Node) -> _Origin:
        from sqlglot import exp

        table = self._project.table_of(node)
        if table is not None:
            column = node.name.rsplit(".", 1)[-1].strip('"')
            if table in self._project.models:
                return self.origin(table, column)
            return _Origin("column", f"{table}.{column}")
        if isinstance(node.source, exp.SetOperation):
            return self._of_ways(node.downstream, node.name)
        expression = _bare(node.expression)
        if isinstance(expression, exp.Column):
            return self._of_ways(_below(node, expression), expression.name)
        if isinstance(expression, exp.Literal | exp.Null | exp.Boolean):
            return _Origin("constant", expression.sql(dialect="duckdb"))
        return _Origin("computed", self._rendered(expression, node))

    def _of_ways(self, nodes: Sequence[Node], name: str) -> _Origin:
        """A column of rows that come from several selects: each distinct way, the first few."""
        ways = list(dict.fromkeys(self._of_node(one) for one in nodes))
        if len(ways) == 1:
            return ways[0]
        # A way that has several itself lists them here.
        texts = [way.text.removeprefix(_WAYS) for way in ways if way.text != "NULL"]
        if not texts:
            return _Origin("computed", name)
        more = f"; … {len(texts) - _MOST_WAYS} more" if len(texts) > _MOST_WAYS else ""
        return _Origin("computed", f"{_WAYS}{'; '.join(texts[:_MOST_WAYS])}{more}")

    def _rendered(self, expression: Any, node: Node) -> str:
        """The expression as SQL, its columns under the names of where they come from."""
        from sqlglot import exp

        def named(part: Any) -> Any:
            if isinstance(part, exp.Cast) and part.to.this in exp.DataType.NUMERIC_TYPES:
                return part.this.transform(named)
            if not isinstance(part, exp.Column):
                return part
            origin = self._of_ways(_below(node, part), part.name)
            if origin.kind == "computed" and origin.text != part.name:
                text = f"({origin.text})" if len(origin.text) <= _MAX_INLINE else part.name
                return exp.Var(this=text)
            return exp.Var(this=origin.text)

        text: str = expression.copy().transform(named).sql(dialect="duckdb")
        return text


def _below(node: Node, column: Any) -> list[Node]:
    """Where a column of a select comes from: one node, or one per select of a union.

    sqlglot names the column of a union's select by its position alone.
    """
    wanted = f"{column.table}.{column.name}"
    found = [one for one in node.downstream if one.name.replace('"', "") == wanted]
    if found:
        return found[:1]
    unions = [one for one in node.downstream if one.name.isdigit()]
    # An alias hides the union's own name; then any union may be the one.
    of_union = [one for one in unions if one.reference_node_name == column.table] or unions
    positions = {one.name for one in of_union if one.expression.alias_or_name == column.name}
    return [one for one in of_union if one.name in positions]


def _stated(column: Mapping[str, Any]) -> str | None:
    """What the yml states under `config.meta.formula` or `meta.formula`."""
    meta = {**(column.get("meta") or {}), **((column.get("config") or {}).get("meta") or {})}
    formula = meta.get("formula")
    return None if formula is None else str(formula)


def _bare(expression: Any) -> Any:
    """The expression without its name, brackets and type."""
    from sqlglot import exp

    while isinstance(expression, exp.Alias | exp.Paren | exp.Cast):
        expression = expression.this
    return expression


def _told(origin: _Origin, inputs: Mapping[str, tuple[str, ...]]) -> str:
    if origin.kind == "computed":
        return origin.text
    if origin.kind == "constant":
        return f"constant {origin.text}"
    table, _, column = origin.text.partition(".")
    if table not in inputs:
        return f"copied from {origin.text}"
    maker = MAKERS.get(table)
    by = f"computed by {maker}" if maker else "computed"
    return f"{column} of {table}, {by} from {', '.join(inputs[table])}"


def _one_line(text: str) -> str:
    return " ".join(text.split())


def _cut(text: str) -> str:
    """At most `_MAX_LENGTH` characters of an expression; what somebody states is never cut."""
    line = _one_line(text)
    return line if len(line) <= _MAX_LENGTH else line[: _MAX_LENGTH - 2] + " …"
