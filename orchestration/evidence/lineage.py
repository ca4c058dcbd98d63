"""Column lineage, from the raw tables to the published ones, as a file that is reviewed.

Lineage hangs on the code alone, not on the data of a day. It is therefore derived once, from
dbt's compiled SQL, written to `column_lineage.csv` beside this module, and compared in CI:
a change of lineage is a diff that somebody reads. The daily run only reads the file.

Inside dbt every column is resolved by sqlglot; one that is made from no column, a constant or a
count of rows, comes from every table that the model reads, written as column `*`. Python assets
are declared: an output column that carries the name of an input column comes from it, any other
is computed from the whole input, which is written as column `*` too. The `ledger__` tables have no
edge of their own: the ledger, not a table, is their source.

    python -m orchestration.evidence.lineage            writes the file, and that of formulas
    python -m orchestration.evidence.lineage --check    exits 1 when one of them is out of date
"""

from __future__ import annotations

import argparse
import csv
import io
import json
import os
import sys
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from optimization.contracts.allocation_tables import ALLOCATION_OUTPUTS
from optimization.contracts.network_outputs import NETWORK_OUTPUTS
from orchestration.contracts.registry import BORDER_BY_NAME
from orchestration.evidence.compiled_sql import CompiledProject, compiled_project, key_of
from orchestration.evidence.formulas import FORMULA_FILE, Formula, derive_formulas
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
    "opt_out__demand_plan_approval",
)
_POLICY_INPUTS = (
    "opt_in__item_location",
    "opt_out__protection_demand",
    "opt_in__price_break",
    "opt_in__demand_history",
    "opt_out__service_control",
    "ledger__policy_event",
)
_PLAN_DECISION_INPUTS = ("ledger__demand_plan_event", "opt_in__consensus_plan")

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
    "opt_out__policy": _POLICY_INPUTS,
    "opt_out__policy_change": _POLICY_INPUTS,
    "opt_out__policy_override": _POLICY_INPUTS,
    "opt_out__approval": ("ledger__policy_event", *_PLAN_DECISION_INPUTS),
    "opt_out__demand_plan_approval": _PLAN_DECISION_INPUTS,
    "opt_out__review_calendar": ("ledger__review_event",),
    "opt_out__policy_input": (
        "opt_in__item_location",
        "opt_out__protection_demand",
        "opt_out__policy",
        "opt_in__price_break",
        "opt_in__demand_history",
        "opt_in__consensus_plan",
        "opt_out__demand_plan_approval",
        "opt_out__forecast",
        "opt_out__demand_level",
        "opt_out__demand_model",
        "opt_out__lead_time",
        "opt_out__supplier_scorecard",
        "opt_out__forecast_accuracy",
        "opt_out__service_control",
    ),
    "opt_out__policy_reason": ("opt_out__policy_input",),
    "opt_out__policy_proof": ("opt_out__policy_input",),
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
    "opt_out__scenario_frontier": (
        "opt_in__item_location",
        "opt_out__protection_demand",
        "opt_out__service_control",
    ),
    **dict.fromkeys(
        ("opt_out__annual_plan", "opt_out__annual_plan_price", "opt_out__annual_solver_run"),
        (
            "opt_in__item_location",
            "opt_in__location_limit",
            "opt_out__protection_demand",
            "opt_out__policy",
            "opt_out__forecast",
            "opt_out__seasonal_index",
        ),
    ),
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


def _as_csv(names: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(names)
    writer.writerows(rows)
    return text.getvalue()


def reviewed_files(manifest: Mapping[str, Any]) -> dict[Path, str]:
    """Return what the reviewed files, lineage and formulas, must hold for a compiled `manifest`."""
    project = compiled_project(manifest)
    formulas = derive_formulas(project, manifest, DECLARED_INPUTS)
    return {
        LINEAGE_FILE: _as_csv(Edge._fields, derive(project)),
        FORMULA_FILE: _as_csv(Formula._fields, formulas),
    }


def main() -> int:
    """Write or check the reviewed files."""
    parser = argparse.ArgumentParser(description="Derive lineage and formulas from dbt's compiled SQL.")
    parser.add_argument("--check", action="store_true", help="compare instead of writing")
    parser.add_argument("--manifest", type=Path, help="a compiled manifest.json; else dbt compiles one")
    arguments = parser.parse_args()
    manifest = json.loads(arguments.manifest.read_text()) if arguments.manifest else _compile()
    old = []
    for path, text in reviewed_files(manifest).items():
        if not arguments.check:
            path.write_text(text, encoding="utf-8")
        elif not path.exists() or path.read_text(encoding="utf-8") != text:
            old.append(path.name)
    if not old:
        return 0
    sys.stderr.write(
        f"out of date: {', '.join(old)}; run `python -m orchestration.evidence.lineage` and review the diff\n"
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
