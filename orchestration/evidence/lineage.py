"""Column lineage, from the raw tables to the published ones, as a file that is reviewed.

Lineage hangs on the code alone, not on the data of a day. It is therefore derived once, from
dbt's compiled SQL, written to `column_lineage.csv` beside this module, and compared in CI:
a change of lineage is a diff that somebody reads. The daily run only reads the file.

Inside dbt every column is resolved by sqlglot; one that is made from no column, a constant or a
count of rows, comes from every table that the model reads, written as column `*`. Python assets
are declared: an output column that carries the name of an input column comes from it, any other
is computed from the whole input, which is written as column `*` too. The `ledger__` tables have no
edge of their own: the ledger, not a table, is their source.

    python -m orchestration.evidence.lineage            writes the file
    python -m orchestration.evidence.lineage --check    exits 1 when the file is out of date
"""

from __future__ import annotations

import argparse
import csv
import io
import json
import os
import sys
import tempfile
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from optimization.contracts.allocation_tables import ALLOCATION_OUTPUTS
from optimization.contracts.network_outputs import NETWORK_OUTPUTS
from orchestration.contracts.registry import BORDER_BY_NAME
from orchestration.evidence.order_lineage import ORDER_LINEAGE

LINEAGE_FILE = Path(__file__).with_name("column_lineage.csv")

_FORECAST_INPUTS = (
    "opt_in__item_location",
    "opt_in__demand_history",
    "opt_out__demand_class",
    "opt_in__demand_event",
    "opt_in__external_driver",
    "opt_out__demand_effect",
    "opt_out__seasonal_index",
    "opt_out__lead_time",
    "opt_out__demand_model",
    "opt_out__demand_sensing",
    "opt_in__consensus_plan",
)

# What each Python asset reads; its columns are declared by the rule in the module's docstring.
_NETWORK_INPUTS = (
    "opt_in__item_location",
    "opt_in__lane",
    "opt_in__location_limit",
    "opt_in__recent_transfer",
    "opt_in__segment",
    "opt_in__segment_demand",
    "opt_in__unit",
    "opt_out__policy",
    "opt_out__protection_demand",
    "opt_out__supply_expectation",
)
_PLAN_INPUTS = ("opt_in__allocation_rule", "ledger__proposed_rule", "ledger__plan_decision")
_ALLOCATION_INPUTS = (
    "opt_in__item_location",
    "opt_in__segment",
    "opt_in__segment_demand",
    "opt_in__segment_order",
    "opt_out__policy",
    *_PLAN_INPUTS,
    "ledger__allocation_event",
)
DECLARED_INPUTS: dict[str, tuple[str, ...]] = {
    "opt_out__demand_class": ("opt_in__item_location", "opt_in__demand_history"),
    "opt_out__demand_model": (
        "opt_in__item_location",
        "opt_in__demand_history",
        "opt_in__demand_event",
        "opt_in__external_driver",
        "opt_out__demand_effect",
        "opt_out__seasonal_index",
        "opt_out__lead_time",
    ),
    "opt_out__forecast": _FORECAST_INPUTS,
    "opt_out__demand_level": _FORECAST_INPUTS,
    "opt_out__lead_time": ("opt_in__lead_time_sample", "opt_in__item_location"),
    "opt_out__lead_time_quantile": ("opt_in__lead_time_sample", "opt_in__item_location"),
    "opt_out__supplier_scorecard": (
        "opt_in__supply_line",
        "opt_in__lead_time_sample",
        "opt_in__item_location",
        "opt_out__lead_time",
    ),
    "opt_out__supply_expectation": (
        "opt_in__open_supply",
        "opt_in__supply_line",
        "opt_out__lead_time_quantile",
    ),
    "opt_out__protection_demand": (
        "opt_in__item_location",
        "opt_out__forecast",
        "opt_out__demand_level",
        "opt_out__demand_model",
        "opt_out__lead_time",
        "opt_out__lead_time_quantile",
    ),
    "opt_out__demand_effect": (
        "opt_in__item_location",
        "opt_in__demand_history",
        "opt_in__demand_event",
        "opt_in__external_driver",
    ),
    "opt_out__seasonal_index": (
        "opt_in__item_location",
        "opt_in__demand_history",
        "opt_in__demand_event",
        "opt_in__external_driver",
    ),
    "opt_out__demand_sensing": (
        "opt_in__item_location",
        "opt_in__demand_history",
        "opt_in__demand_event",
        "opt_in__external_driver",
        "opt_out__demand_effect",
        "opt_out__seasonal_index",
        "opt_out__lead_time",
        "opt_out__demand_model",
    ),
    "opt_out__segment_forecast": (
        "opt_in__item_location",
        "opt_out__protection_demand",
        "opt_in__segment",
        "opt_in__segment_demand",
    ),
    "opt_out__mix_target": ("opt_in__item_location", "opt_out__protection_demand"),
    "opt_out__policy": (
        "opt_in__item_location",
        "opt_out__protection_demand",
        "opt_in__price_break",
        "opt_in__demand_history",
        "opt_out__service_control",
    ),
    "opt_out__policy_input": (
        "opt_in__item_location",
        "opt_out__protection_demand",
        "opt_out__policy",
        "opt_in__price_break",
        "opt_in__demand_history",
        "opt_in__consensus_plan",
        "opt_out__forecast",
        "opt_out__demand_level",
        "opt_out__demand_model",
        "opt_out__lead_time",
        "opt_out__supplier_scorecard",
        "opt_out__forecast_accuracy",
        "opt_out__service_control",
    ),
    "opt_out__policy_reason": ("opt_out__policy_input",),
    "opt_out__override_outcome": (
        "opt_out__policy_override",
        "opt_in__item_location",
        "opt_in__demand_history",
    ),
    "opt_out__policy_schedule": (
        "opt_in__item_location",
        "opt_out__forecast",
        "opt_out__protection_demand",
        "opt_out__policy",
    ),
    **dict.fromkeys((table.name for table in NETWORK_OUTPUTS), _NETWORK_INPUTS),
    **dict.fromkeys((table.name for table in ALLOCATION_OUTPUTS), _ALLOCATION_INPUTS),
    "opt_out__allocation_plan": _PLAN_INPUTS,
    "opt_out__atp": (
        "opt_in__item_location",
        "opt_in__commitment",
        "opt_out__supply_expectation",
        "opt_out__allocation",
        "opt_out__soft_reservation",
    ),
    **ORDER_LINEAGE,
    "opt_out__policy_backtest": (
        "opt_in__item_location",
        "opt_in__demand_history",
        "opt_out__protection_demand",
    ),
    "opt_out__forecast_accuracy": (
        "opt_in__item_location",
        "opt_in__demand_history",
        "opt_out__protection_demand",
    ),
    "opt_out__forecast_bias": (
        "opt_in__item_location",
        "opt_in__demand_history",
        "opt_out__protection_demand",
    ),
    "opt_out__forecast_value_added": (
        "opt_in__item_location",
        "opt_in__demand_history",
        "opt_out__protection_demand",
    ),
    "opt_out__service_control": (
        "opt_in__item_location",
        "opt_in__demand_history",
        "opt_out__protection_demand",
    ),
    "opt_out__method_choice": (
        "opt_in__item_location",
        "opt_in__demand_history",
        "opt_out__protection_demand",
    ),
}


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


def derive(manifest: Mapping[str, Any]) -> list[Edge]:
    """Return all edges: resolved from the compiled SQL in dbt's `manifest`, and declared.

    Raises `ValueError` naming the model whose SQL cannot be resolved.
    """
    return sorted({*_resolved(manifest), *_declared()})


def _declared() -> Iterable[Edge]:
    for output, inputs in DECLARED_INPUTS.items():
        for column in BORDER_BY_NAME[output].column_names:
            same = [name for name in inputs if column in BORDER_BY_NAME[name].column_names]
            if same:
                yield Edge(output, column, same[0], column, "declared")
            else:
                for name in inputs:
                    yield Edge(output, column, name, "*", "declared")


def _resolved(manifest: Mapping[str, Any]) -> Iterable[Edge]:
    from sqlglot import MappingSchema, exp, parse_one
    from sqlglot.lineage import lineage
    from sqlglot.optimizer.qualify import qualify
    from sqlglot.optimizer.scope import build_scope

    schema = MappingSchema(dialect="duckdb")
    for source in manifest["sources"].values():
        table = _source_table(source)
        columns = {column.name: "varchar" for column in BORDER_BY_NAME[table].columns} | {
            "snapshot_date": "date"
        }
        schema.add_table(exp.to_table(source["relation_name"], dialect="duckdb"), columns)

    names = {_relation_key(node["relation_name"]): node["name"] for node in _models_in_order(manifest)} | {
        _relation_key(source["relation_name"]): _source_table(source)
        for source in manifest["sources"].values()
    }
    for node in _models_in_order(manifest):
        try:
            query = qualify(
                parse_one(node["compiled_code"], dialect="duckdb"),
                schema=schema,
                dialect="duckdb",
                validate_qualify_columns=False,
            )
            _align_unions_by_name(query)
            outputs = query.named_selects
            scope = build_scope(query)
            leaves = {
                column: {
                    (names[key], leaf.name.rsplit(".", 1)[-1].strip('"'))
                    for leaf in lineage(
                        column, query, schema, dialect="duckdb", scope=scope, copy=False
                    ).walk()
                    if isinstance(leaf.expression, exp.Table) and (key := _key_of(leaf.expression)) in names
                }
                for column in outputs
            }
        except Exception as failure:
            raise ValueError(f"lineage of {node['name']} cannot be resolved: {failure}") from failure
        schema.add_table(
            exp.to_table(node["relation_name"], dialect="duckdb"), dict.fromkeys(outputs, "varchar")
        )
        read = {(names[key], "*") for one in query.find_all(exp.Table) if (key := _key_of(one)) in names}
        for column, origins in leaves.items():
            for table, input_column in origins or read:
                yield Edge(node["name"], column, table, input_column, "resolved")


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


def _relation_key(relation: str) -> tuple[str, ...]:
    from sqlglot import exp

    return _key_of(exp.to_table(relation, dialect="duckdb"))


def _key_of(table: Any) -> tuple[str, ...]:
    """Schema and name of a table in sqlglot's tree; a common table expression has no schema."""
    return table.db.lower(), table.name.lower()


def _as_csv(edges: Iterable[Edge]) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(Edge._fields)
    writer.writerows(edges)
    return text.getvalue()


def main() -> int:
    """Write or check the reviewed file."""
    parser = argparse.ArgumentParser(description="Derive column lineage from dbt's compiled SQL.")
    parser.add_argument("--check", action="store_true", help="compare instead of writing")
    parser.add_argument("--manifest", type=Path, help="a compiled manifest.json; else dbt compiles one")
    arguments = parser.parse_args()
    manifest = json.loads(arguments.manifest.read_text()) if arguments.manifest else _compile()
    text = _as_csv(derive(manifest))
    if not arguments.check:
        LINEAGE_FILE.write_text(text, encoding="utf-8")
        return 0
    if LINEAGE_FILE.exists() and LINEAGE_FILE.read_text(encoding="utf-8") == text:
        return 0
    sys.stderr.write(
        f"{LINEAGE_FILE.name} is out of date: run `python -m orchestration.evidence.lineage` "
        "and review its diff\n"
    )
    return 1


def _compile() -> Mapping[str, Any]:
    """Compile the project in process, in a throw-away folder, and return its manifest."""
    from dbt.cli.main import dbtRunner

    from orchestration.project import dbt_project

    folder = str(dbt_project.project_dir)
    with tempfile.TemporaryDirectory() as work:
        os.environ["STOCKPLAN_WORK"] = work
        flags = ["--project-dir", folder, "--profiles-dir", folder, "--target-path", work]
        done = dbtRunner().invoke(["--quiet", "--log-path", work, "compile", "--no-introspect", *flags])
        if not done.success:
            raise SystemExit(f"dbt compile failed: {done.exception or done.result}")
        manifest: dict[str, Any] = json.loads((Path(work) / "manifest.json").read_text(encoding="utf-8"))
        return manifest


if __name__ == "__main__":
    raise SystemExit(main())
