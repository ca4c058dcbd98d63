"""One dbt stage as Dagster sees it: built by `build_stage`, told as materialisations and checks.

Both stages are this one function with another tag. Dagster's own dbt integration describes the
graph (keys, dependencies, checks); it does not run dbt, because in process dbt costs a fifth.
"""

from collections.abc import Iterable, Mapping
from dataclasses import asdict
from datetime import date
from pathlib import Path
from typing import Any

import dagster as dg
import pyarrow.parquet as pq
from dagster_dbt import DagsterDbtTranslator, DbtProject, dbt_assets

from orchestration.contracts.registry import BORDER_BY_NAME
from orchestration.dbt_build import NodeResult, Stage, build_stage
from orchestration.defs.borders import (
    OWNERS,
    Made,
    Told,
    check_result,
    column_schema,
    file_version,
    materialized,
)
from orchestration.defs.partitions import BACKFILL, DAILY, business_date
from orchestration.defs.resources import Pipeline
from orchestration.project import dbt_manifest, dbt_project

_UNIQUE_ID = "dagster_dbt/unique_id"
MAX_MESSAGE_LENGTH = 500


class Translator(DagsterDbtTranslator):
    """Owners, kinds and the group `marts` for everything that dbt builds in the first stage."""

    def get_asset_spec(
        self, manifest: Mapping[str, Any], unique_id: str, project: DbtProject | None
    ) -> dg.AssetSpec:
        """Return dbt's own spec, completed with what every asset of the project carries."""
        spec = super().get_asset_spec(manifest, unique_id, project)
        node = manifest["nodes"].get(unique_id)
        if node is None or node["resource_type"] != "model":
            return spec
        group = "published" if "published" in node["tags"] else "marts"
        contract = BORDER_BY_NAME.get(node["name"])
        extra = {"dagster/column_schema": column_schema(contract)} if contract else {}
        return spec.replace_attributes(
            group_name=group,
            owners=[OWNERS[group]],
            kinds={"dbt", "duckdb"},
            tags={**spec.tags, "layer": node["fqn"][1]},
        ).merge_attributes(metadata=extra)


def dbt_stage_assets(stage: Stage) -> dg.AssetsDefinition:
    """Return the assets of one stage; a subset of them cannot be built, a stage is one unit."""

    @dbt_assets(
        manifest=dbt_manifest(),
        select=f"tag:{stage}",
        exclude="resource_type:unit_test",
        name=f"dbt_{stage}",
        project=dbt_project,
        partitions_def=DAILY,
        backfill_policy=BACKFILL,
        dagster_dbt_translator=Translator(),
    )
    def build(context: dg.AssetExecutionContext, pipeline: dg.ResourceParam[Pipeline]) -> Iterable[Told]:
        from orchestration.lake.parquet import write_json

        if context.is_subset:
            raise dg.Failure(
                f"the stage {stage!r} is built as a whole: a part of it would mix two states of the data; "
                "select every dbt asset of the stage, or run the job `daily`",
                allow_retries=False,
            )
        as_of = business_date(context)
        with pipeline.stage(stage) as event:
            prepare_inputs(pipeline, as_of, stage)
            work = pipeline.lake.build_dir(as_of)
            results = build_stage(
                stage,
                work,
                mode=pipeline.settings.execution.dbt,
                threads=pipeline.settings.execution.dbt_threads,
                memory_mb=pipeline.settings.execution.dbt_memory_mb,
                spill_mb=pipeline.settings.execution.dbt_spill_mb,
            )
            write_json([asdict(result) for result in results], work / f"dbt_{stage}.json")
            built = {result.unique_id: result for result in results}
            event.detail = _summary(results)
            yield from _model_events(context, pipeline, built, work)
            yield from _test_events(context, built)
            broken = [result for result in results if result.is_error]
            if broken:
                raise dg.Failure(_failure(stage, broken), allow_retries=False)
            if stage == "marts":
                promote_borders(pipeline, as_of)

    stage_assets: dg.AssetsDefinition = build
    return stage_assets


def prepare_inputs(pipeline: Pipeline, as_of: date, stage: Stage) -> None:
    """Write the list of files that dbt binds; the marts start from an empty work folder."""
    import shutil

    from optimization.contracts.history_tables import HISTORY_TABLES
    from optimization.contracts.outputs import OUTPUTS
    from orchestration.lake.inputs import add_inputs, check_sealed_files, collect_inputs, write_inputs

    if stage == "marts":
        shutil.rmtree(pipeline.lake.build_dir(as_of), ignore_errors=True)
        inputs = collect_inputs(pipeline.lake, as_of)
        check_sealed_files(inputs, pipeline.lake)
        write_inputs(inputs, pipeline.lake, pipeline.settings)
        return
    add_inputs(
        pipeline.lake.build_dir(as_of) / "inputs.parquet",
        {table.name: pipeline.lake.border_file(table.name, as_of) for table in (*HISTORY_TABLES, *OUTPUTS)},
    )


def promote_borders(pipeline: Pipeline, as_of: date) -> None:
    """Copy the borders that dbt exported into the lake, now that the whole stage has succeeded."""
    from optimization.contracts.inputs import INPUTS
    from orchestration.lake.parquet import copy_file

    for table in INPUTS:
        exported = pipeline.lake.build_dir(as_of) / "export" / f"{table.name}.parquet"
        copy_file(exported, pipeline.lake.border_file(table.name, as_of))


def _model_events(
    context: dg.AssetExecutionContext, pipeline: Pipeline, built: Mapping[str, NodeResult], work: Path
) -> Iterable[Made]:
    rows = _row_counts(work)
    specs = {spec.metadata[_UNIQUE_ID]: spec for spec in context.assets_def.specs}
    # In dbt's order of completion: Dagster wants every model after those it reads.
    for result in built.values():
        spec = specs.get(result.unique_id)
        if spec is None or result.status != "success":
            continue
        key = spec.key
        name = key.path[-1]
        exported = work / "export" / f"{name}.parquet"
        has_file = exported.exists()
        yield materialized(
            name,
            pq.read_metadata(exported).num_rows if has_file else rows.get(name, 0),
            file_version(exported) if has_file else spec.code_version or "view",
            exported if has_file else work / "warehouse.duckdb",
            pipeline.lake,
        )


def _row_counts(work: Path) -> dict[str, int]:
    """Rows of the tables that dbt kept to itself, which dbt wrote down when it ended."""
    path = work / "row_counts.parquet"
    return (
        {row["table_name"]: row["row_count"] for row in pq.read_table(path).to_pylist()}
        if path.exists()
        else {}
    )


def _test_events(
    context: dg.AssetExecutionContext, built: Mapping[str, NodeResult]
) -> Iterable[dg.AssetCheckResult]:
    for spec in context.assets_def.check_specs:
        result = built.get(spec.metadata[_UNIQUE_ID]) if spec.metadata else None
        if result is None or result.status == "skipped":
            continue
        problem = result.message[:MAX_MESSAGE_LENGTH] or result.status
        yield check_result(
            spec.asset_key.path[-1],
            spec.name,
            "" if result.status == "pass" else problem,
            failing_rows=result.failures,
            severity=dg.AssetCheckSeverity.WARN if result.status == "warn" else dg.AssetCheckSeverity.ERROR,
            repair=f"dbt test {spec.name}: its SQL under build/<date>/target/compiled lists the rows",
        )


def _summary(results: tuple[NodeResult, ...]) -> str:
    models = sum(result.unique_id.startswith("model.") for result in results)
    failed = sum(result.is_error for result in results)
    return f"{models} models, {len(results) - models} tests" + (f", {failed} FAILED" if failed else "")


def _failure(stage: Stage, broken: list[NodeResult]) -> str:
    lines = [
        f"  {result.unique_id.split('.', 2)[2]}: {result.message[:MAX_MESSAGE_LENGTH]}"
        + (f" ({result.failures} rows)" if result.failures else "")
        for result in broken[:10]
    ]
    return f"dbt stage {stage!r}: {len(broken)} models or tests failed\n" + "\n".join(lines)
