"""A run as OpenLineage events: one job per table, with its columns and where they come from.

Written to `openlineage/<business date>.jsonl` of the home and sent nowhere. Times, ids and errors of
a run stand there alone; nothing of them enters a release. Whoever keeps a lineage server sends the
lines to it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime
from functools import cache
from typing import TYPE_CHECKING, Any
from uuid import NAMESPACE_URL, uuid5

from orchestration.contracts.arrow import DUCKDB_TYPES
from orchestration.contracts.registry import BORDER_BY_NAME
from orchestration.evidence.lineage.columns import Edge, column_lineage
from orchestration.lake.paths import Lake

if TYPE_CHECKING:
    import dagster as dg
    from openlineage.client.event_v2 import InputDataset, OutputDataset, RunEvent

NAMESPACE = "stockplan"
PRODUCER = "urn:stockplan"
DAILY_JOB = "daily"
_MAX_MESSAGE = 2000


def write_run_events(instance: dg.DagsterInstance, run_id: str, as_of: date, lake: Lake) -> int:
    """Append the events of a finished run to the file of its business date; return how many.

    A run that stands in the file already is not written twice.
    """
    from openlineage.client.serde import Serde

    path = lake.openlineage_file(as_of)
    if path.exists() and run_id in path.read_text(encoding="utf-8"):
        return 0
    lines = [Serde.to_json(event) + "\n" for event in run_events(_told(instance, run_id), run_id, as_of)]
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a", encoding="utf-8") as file:
        file.writelines(lines)
    return len(lines)


def run_events(entries: Iterable[dg.EventLogEntry], run_id: str, as_of: date) -> list[RunEvent]:
    """Return START and COMPLETE or FAIL of the run, of every table it made, and of every step that failed."""
    from dagster import DagsterEventType as Kind
    from openlineage.client.event_v2 import Job, Run, RunEvent, RunState

    made: list[RunEvent] = []
    started: dict[str, float] = {}

    def event(
        state: RunState, name: str, at: float, outputs: list[OutputDataset] | None = None, error: str = ""
    ) -> None:
        own = run_id if name == DAILY_JOB else str(uuid5(NAMESPACE_URL, f"{run_id}/{name}"))
        made.append(
            RunEvent(
                eventTime=datetime.fromtimestamp(at, UTC).isoformat(timespec="microseconds"),
                producer=PRODUCER,
                eventType=state,
                run=Run(own, _run_facets(run_id, name, as_of, error)),
                job=Job(NAMESPACE, name),
                inputs=_inputs([one.name for one in outputs]) if outputs else [],
                outputs=outputs or [],
            )
        )

    for entry in entries:
        told = entry.get_dagster_event()
        step, kind = told.step_key or "", told.event_type
        if kind == Kind.RUN_START:
            event(RunState.START, DAILY_JOB, entry.timestamp)
        elif kind == Kind.STEP_START:
            started[step] = entry.timestamp
        elif kind == Kind.ASSET_MATERIALIZATION and told.asset_key is not None:
            table = told.asset_key.path[-1]
            rows = told.step_materialization_data.materialization.metadata.get("dagster/row_count")
            event(RunState.START, table, started.get(step, entry.timestamp))
            event(RunState.COMPLETE, table, entry.timestamp, [_output(table, rows.value if rows else None)])
        elif kind == Kind.STEP_FAILURE:
            event(RunState.START, step, started.get(step, entry.timestamp))
            event(RunState.FAIL, step, entry.timestamp, error=_error(told))
        elif kind == Kind.RUN_SUCCESS:
            event(RunState.COMPLETE, DAILY_JOB, entry.timestamp)
        elif kind == Kind.RUN_FAILURE:
            event(RunState.FAIL, DAILY_JOB, entry.timestamp, error=told.message or "the run failed")
    return made


def _told(instance: dg.DagsterInstance, run_id: str) -> list[dg.EventLogEntry]:
    from dagster import DagsterEventType as Kind

    kinds = {
        Kind.RUN_START,
        Kind.STEP_START,
        Kind.ASSET_MATERIALIZATION,
        Kind.STEP_FAILURE,
        Kind.RUN_SUCCESS,
        Kind.RUN_FAILURE,
    }
    return list(instance.all_logs(run_id, of_type=kinds))


def _run_facets(run_id: str, name: str, as_of: date, error: str) -> dict[str, Any]:
    from openlineage.client.generated import error_message_run, nominal_time_run, parent_run

    day = datetime.combine(as_of, datetime.min.time(), UTC).isoformat()
    facets: dict[str, Any] = {
        "nominalTime": nominal_time_run.NominalTimeRunFacet(nominalStartTime=day, producer=PRODUCER)
    }
    if name != DAILY_JOB:
        facets["parent"] = parent_run.ParentRunFacet(
            run=parent_run.Run(run_id), job=parent_run.Job(NAMESPACE, DAILY_JOB), producer=PRODUCER
        )
    if error:
        facets["errorMessage"] = error_message_run.ErrorMessageRunFacet(
            message=error[:_MAX_MESSAGE], programmingLanguage="python", producer=PRODUCER
        )
    return facets


def _output(table: str, rows: Any) -> OutputDataset:
    from openlineage.client.event_v2 import OutputDataset
    from openlineage.client.generated import column_lineage_dataset as lineage
    from openlineage.client.generated import output_statistics_output_dataset as statistics
    from openlineage.client.generated import schema_dataset

    columns = _columns(table)
    facets: dict[str, Any] = {}
    if columns:
        facets["schema"] = schema_dataset.SchemaDatasetFacet(
            fields=[
                schema_dataset.SchemaDatasetFacetFields(name=name, type=kind, description=text or None)
                for name, kind, text in columns
            ],
            producer=PRODUCER,
        )
    edges = _edges().get(table, ())
    if edges:
        fields: dict[str, list[lineage.InputField]] = {}
        for edge in edges:
            fields.setdefault(edge.output_column, []).append(
                lineage.InputField(NAMESPACE, edge.input_table, edge.input_column)
            )
        facets["columnLineage"] = lineage.ColumnLineageDatasetFacet(
            fields={name: lineage.Fields(inputFields=found) for name, found in fields.items()},
            producer=PRODUCER,
        )
    counted: dict[str, Any] = (
        {"outputStatistics": statistics.OutputStatisticsOutputDatasetFacet(rowCount=rows, producer=PRODUCER)}
        if rows is not None
        else {}
    )
    return OutputDataset(NAMESPACE, table, facets=facets, outputFacets=counted)


def _inputs(tables: Iterable[str]) -> list[InputDataset]:
    from openlineage.client.event_v2 import InputDataset

    names = {edge.input_table for table in tables for edge in _edges().get(table, ())}
    return [InputDataset(NAMESPACE, name) for name in sorted(names)]


def _columns(table: str) -> list[tuple[str, str, str]]:
    """Name, type and meaning of each column: of a border by its contract, of a model by its yml."""
    if (border := BORDER_BY_NAME.get(table)) is not None:
        return [(one.name, DUCKDB_TYPES[one.kind], one.description) for one in border.columns]
    return _model_columns().get(table, [])


@cache
def _model_columns() -> Mapping[str, list[tuple[str, str, str]]]:
    from orchestration.project import dbt_manifest

    return {
        node["alias"]: [
            (one["name"], one.get("data_type") or "", one.get("description") or "")
            for one in node["columns"].values()
        ]
        for node in dbt_manifest()["nodes"].values()
        if node["resource_type"] == "model"
    }


@cache
def _edges() -> Mapping[str, list[Edge]]:
    found: dict[str, list[Edge]] = {}
    for edge in column_lineage():
        found.setdefault(edge.output_table, []).append(edge)
    return found


def _error(told: dg.DagsterEvent) -> str:
    data = told.step_failure_data
    said = data.user_failure_data.description if data.user_failure_data else None
    return said or (data.error.message if data.error else None) or "the step failed"
