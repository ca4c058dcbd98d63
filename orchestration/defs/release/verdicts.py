"""What the checks of this run said, and which checks there should have been."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import Any

import dagster as dg

from optimization.contracts.allocation_tables import ALLOCATION_SOLVER_RUN
from optimization.contracts.network_outputs import NETWORK_SOLVER_RUN
from optimization.contracts.order_outputs import MATCH_SOLVER_RUN, MTO_SOLVER_RUN
from optimization.contracts.planning_tables import ANNUAL_SOLVER_RUN
from orchestration.defs.borders import CONTRACT_CHECK, DETAIL, FAILING_ROWS, REPAIR, read_borders
from orchestration.defs.resources import Pipeline
from orchestration.project import dbt_manifest
from orchestration.publish.verdicts import Verdict

CheckKey = tuple[str, str]
SEVERAL = "several"
SOLUTION_AUDIT = "solution_audit"
SOLVER_RUNS = (
    NETWORK_SOLVER_RUN,
    ALLOCATION_SOLVER_RUN,
    MATCH_SOLVER_RUN,
    MTO_SOLVER_RUN,
    ANNUAL_SOLVER_RUN,
)


def run_verdicts(context: dg.AssetExecutionContext) -> list[Verdict]:
    """Return the verdict of every Dagster check that this run has evaluated."""
    verdicts = []
    for evaluation in _events(context, dg.DagsterEventType.ASSET_CHECK_EVALUATION):
        said = {key: value.value for key, value in evaluation.metadata.items()}
        verdicts.append(
            Verdict(
                asset=evaluation.asset_key.path[-1],
                check=evaluation.check_name,
                kind="contract" if evaluation.check_name == CONTRACT_CHECK else "dbt",
                is_passed=bool(evaluation.passed),
                severity=evaluation.severity.value,
                failing_rows=said.get(FAILING_ROWS),
                detail=str(said.get(DETAIL, "")),
                repair=str(said.get(REPAIR, "")),
            )
        )
    return verdicts


def dbt_verdicts(work: Path, graph_checks: frozenset[CheckKey]) -> list[Verdict]:
    """Return the verdicts of dbt's tests that belong to no single asset: Dagster does not count them.

    A test that Dagster does count is found in `run_verdicts`.
    """
    nodes = dbt_manifest()["nodes"]
    uncounted = {check for _, check in uncounted_checks(graph_checks)}
    verdicts = []
    for stage in ("marts", "published"):
        for result in json.loads((work / f"dbt_{stage}.json").read_text(encoding="utf-8")):
            node = nodes.get(result["unique_id"])
            if node is None or node["name"] not in uncounted:
                continue
            verdicts.append(
                Verdict(
                    asset=SEVERAL,
                    check=node["name"],
                    kind="dbt",
                    is_passed=result["status"] == "pass",
                    severity="WARN" if result["status"] == "warn" else "ERROR",
                    failing_rows=result["failures"],
                    detail="" if result["status"] == "pass" else result["message"],
                    repair=f"read dbt_project/{node['original_file_path']}: it selects the offending rows",
                )
            )
    return verdicts


def audit_verdicts(pipeline: Pipeline, as_of: date) -> list[Verdict]:
    """Return one verdict per optimisation model: every plan audited and found right."""
    verdicts = []
    for table in SOLVER_RUNS:
        (runs,) = read_borders(pipeline, as_of, table)
        wrong = runs[~runs["is_audit_passed"]]
        first = f"; first batch {wrong['batch_id'].iloc[0]}" if len(wrong) else ""
        verdicts.append(
            Verdict(
                asset=table.name,
                check=SOLUTION_AUDIT,
                kind="audit",
                is_passed=wrong.empty,
                severity="ERROR",
                failing_rows=len(wrong),
                detail=f"{len(runs)} solves, worst violation {runs['max_violation'].max():.1e}{first}"
                if len(runs)
                else "nothing had to be solved",
                repair="read solver_run: it names the batch; solve it alone and compare with its inputs",
            )
        )
    return verdicts


def audit_checks() -> set[CheckKey]:
    """Return the keys of the verdicts that `audit_verdicts` gives."""
    return {(table.name, SOLUTION_AUDIT) for table in SOLVER_RUNS}


def uncounted_checks(graph_checks: frozenset[CheckKey]) -> set[CheckKey]:
    """Return dbt's tests that Dagster shows as no check, because they belong to no single asset."""
    counted = {check for _, check in graph_checks}
    return {
        (SEVERAL, node["name"])
        for node in dbt_manifest()["nodes"].values()
        if node["resource_type"] == "test" and node["name"] not in counted
    }


def planned_checks(context: dg.AssetExecutionContext) -> set[CheckKey]:
    """Return the checks that this run planned to evaluate."""
    planned = _events(context, dg.DagsterEventType.ASSET_CHECK_EVALUATION_PLANNED)
    return {(event.asset_key.path[-1], event.check_name) for event in planned}


def _events(context: dg.AssetExecutionContext, kind: dg.DagsterEventType) -> list[Any]:
    records = context.instance.get_records_for_run(context.run_id, of_type=kind).records
    return [record.event_log_entry.get_dagster_event().event_specific_data for record in records]
