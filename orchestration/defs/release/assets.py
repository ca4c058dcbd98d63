"""Release: the candidate with all its evidence, the gate and the publication, then what people read."""

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

import dagster as dg

from optimization.contracts.inputs import DEMAND_HISTORY, ITEM_LOCATION
from orchestration.defs.allocation.ledger_read import kept_position
from orchestration.defs.borders import OWNERS, Made, read_borders
from orchestration.defs.partitions import BACKFILL, DAILY, business_date
from orchestration.defs.release.verdicts import (
    audit_checks,
    audit_verdicts,
    dbt_verdicts,
    planned_checks,
    run_verdicts,
    uncounted_checks,
)
from orchestration.defs.resources import Pipeline
from orchestration.outcomes import Code
from orchestration.project import published_models

if TYPE_CHECKING:
    from orchestration.lake.paths import Lake
    from orchestration.publish.candidate import Candidate
    from orchestration.publish.shelf import Release
    from orchestration.publish.verdicts import Verdict


def _release_asset(
    name: str, deps: Iterable[str], description: str, kinds: set[str]
) -> Callable[[Callable[..., Any]], dg.AssetsDefinition]:
    spec = dg.AssetSpec(
        name,
        deps=[dg.AssetKey(dep) for dep in deps],
        group_name="release",
        owners=[OWNERS["release"]],
        kinds=kinds,
        tags={"layer": "release"},
        description=description,
    )
    return dg.multi_asset(name=name, specs=[spec], partitions_def=DAILY, backfill_policy=BACKFILL)


@_release_asset(
    "release_candidate",
    sorted(published_models()),
    "All published tables of the date, with every verdict of the run, the suite over the tables and charts.",
    {"python", "greatexpectations"},
)
def release_candidate(context: dg.AssetExecutionContext, pipeline: dg.ResourceParam[Pipeline]) -> Made:
    """Gather verdicts, hold the tables against the last release, write the candidate."""
    from orchestration.evidence.tables import data_dictionary_table, lineage_table, quarantine_table
    from orchestration.lake.inputs import collect_inputs
    from orchestration.publish.candidate import build_candidate
    from orchestration.publish.charts import draw_charts
    from orchestration.publish.expectations import expect
    from orchestration.publish.shelf import previous_release
    from orchestration.publish.verdicts import check_result_table

    as_of = business_date(context)
    lake, work = pipeline.lake, pipeline.lake.build_dir(as_of)
    with pipeline.stage("gate") as stage:
        exported = {name: work / "export" / f"{name}.parquet" for name in published_models()}
        before = previous_release(lake, as_of)
        suite = expect(
            exported,
            before.tables if before else None,
            pipeline.settings,
            work / "evidence",
        )
        verdicts = [
            *run_verdicts(context),
            *dbt_verdicts(work, pipeline.graph_checks),
            *audit_verdicts(pipeline, as_of),
            *suite,
        ]
        sealed = collect_inputs(lake, as_of).snapshot
        candidate = build_candidate(
            lake,
            as_of,
            exported,
            {
                "check_result": check_result_table(verdicts, as_of),
                "data_dictionary": data_dictionary_table(sealed, as_of),
                "lineage": lineage_table(as_of),
                "quarantine": quarantine_table(sealed, lake, as_of),
            },
        )
        item_location, history = read_borders(pipeline, as_of, ITEM_LOCATION, DEMAND_HISTORY)
        draw_charts(candidate.tables, item_location, history, work / "evidence" / "charts")
        _keep(work / "candidate.json", candidate, verdicts)
        failed = sum(not verdict.is_passed for verdict in verdicts)
        stage.detail = f"{len(verdicts):,} checks, {failed:,} not passed"
    return dg.MaterializeResult(
        asset_key="release_candidate",
        data_version=dg.DataVersion(candidate.content_hash[:16]),
        metadata={
            "dagster/row_count": sum(candidate.rows.values()),
            "content_hash": candidate.content_hash,
            "evidence": dg.MetadataValue.path(str(Path("build") / as_of.isoformat() / "evidence")),
        },
    )


@_release_asset(
    "release",
    ["release_candidate"],
    "The published release: one immutable folder with its manifest, then pointer, current/, "
    "published.duckdb and export/.",
    {"python", "parquet"},
)
def release(context: dg.AssetExecutionContext, pipeline: dg.ResourceParam[Pipeline]) -> Made:
    """Let the candidate through the gate and publish it, or refuse it and keep the last release."""
    from orchestration.evidence.decisions.approvals_used import used_approvals
    from orchestration.lake.inputs import collect_inputs
    from orchestration.publish.expectations import expectation_checks
    from orchestration.publish.gate import GateRefused, judge
    from orchestration.publish.manifest import manifest_facts
    from orchestration.publish.release import publish, record_refusal

    as_of = business_date(context)
    lake, ledger, work = pipeline.lake, pipeline.ledger, pipeline.lake.build_dir(as_of)
    with pipeline.stage("publish") as stage:
        candidate, verdicts = _kept(work / "candidate.json")
        # Beside the checks that Dagster counts, every run makes the same others: the suite over the
        # published tables, the audit of every solved plan, and dbt's tests over several tables.
        others = (
            expectation_checks(published_models()) | uncounted_checks(pipeline.graph_checks) | audit_checks()
        )
        run_facts = {"run_id": context.run_id}
        try:
            judge(verdicts, planned_checks(context) | others, pipeline.graph_checks | others)
        except GateRefused as refusal:
            record_refusal(as_of, str(refusal), Code.GATE_REFUSED, lake, ledger, pipeline.actor, run_facts)
            raise dg.Failure(str(refusal), allow_retries=False) from refusal
        facts = manifest_facts(
            snapshots=collect_inputs(lake, as_of).snapshots,
            earlier_releases=_read_earlier(lake, as_of),
            ledger_head=ledger.head(),
            ledger_read=kept_position(lake, as_of),
            settings=pipeline.settings,
            verdicts=verdicts,
            candidate=candidate,
            seeds={"demo": pipeline.settings.source.demo_seed},
            approvals=used_approvals(candidate.tables),
            borders=_border_files(lake, as_of),
            run=run_facts,
        )
        outcome = publish(
            candidate, facts, work / "evidence", lake, ledger, pipeline.settings, actor=pipeline.actor
        )
        stage.detail = f"{outcome.release.release_id} {outcome.state}; {len(verdicts):,} checks"
    return dg.MaterializeResult(
        asset_key="release",
        data_version=dg.DataVersion(outcome.release.content_hash[:16]),
        metadata={
            "release_id": outcome.release.release_id,
            "state": outcome.state,
            "is_current": outcome.is_current,
            "dagster/row_count": sum(candidate.rows.values()),
            "dagster/uri": str(outcome.release.folder.relative_to(lake.root)),
        },
    )


def _border_files(lake: "Lake", as_of: date) -> dict[str, Path]:
    """Return the files of the date between dbt and the science, of the ledger and of earlier releases."""
    from orchestration.contracts.raw import RAW_TABLES
    from orchestration.contracts.registry import BORDERS

    raw = {table.name for table in RAW_TABLES}
    files = {one.name: lake.border_file(one.name, as_of) for one in BORDERS if one.name not in raw}
    return {name: path for name, path in files.items() if path.is_file()}


@_release_asset(
    "workbook",
    ["release"],
    "The Excel workbook of the release just published, under open/, and workbook.xlsx leading to the current "
    "one.",
    {"python", "excel"},
)
def workbook(context: dg.AssetExecutionContext, pipeline: dg.ResourceParam[Pipeline]) -> Made:
    """Write what planners decide in, from the published tables alone."""
    from orchestration.publish.opened import open_workbook

    with pipeline.stage("workbook") as stage:
        published = _just_published(context, pipeline)
        path, sheets = open_workbook(published, pipeline.lake, pipeline.settings.release.workbook_rows)
        stage.detail = f"{sheets} sheets"
    return _opened("workbook", published, path, pipeline, {"sheets": sheets})


@_release_asset(
    "report",
    ["release"],
    "The HTML report of the release just published, under open/, and report.html leading to the current one.",
    {"python", "html"},
)
def report(context: dg.AssetExecutionContext, pipeline: dg.ResourceParam[Pipeline]) -> Made:
    """Write what executives read, from the published tables alone."""
    from orchestration.publish.opened import open_report

    with pipeline.stage("report") as stage:
        published = _just_published(context, pipeline)
        path, weight = open_report(published, pipeline.lake)
        stage.detail = f"{weight / 1e6:.1f} MB"
    return _opened("report", published, path, pipeline, {"bytes": weight})


@_release_asset(
    "serving",
    ["release"],
    "The rows of the release just published in PostgreSQL, for whoever reads with SQL; the views show them "
    "when it is the current one. Without an address it does nothing.",
    {"python", "postgres"},
)
def serving(context: dg.AssetExecutionContext, pipeline: dg.ResourceParam[Pipeline]) -> Made:
    """Bring the release into the database, and its readers to the current one."""
    with pipeline.stage("serving") as stage:
        published = _just_published(context, pipeline)
        if not pipeline.settings.serving.is_set:
            stage.detail = "off: no address is set"
            return dg.MaterializeResult(
                asset_key="serving",
                data_version=dg.DataVersion("off"),
                metadata={"state": "off", "release_id": published.release_id},
            )
        from orchestration.publish.serving.publishing import publish_release

        outcome = publish_release(published, pipeline.lake, pipeline.ledger, pipeline.settings)
        pipeline.notes += [f"serving: {note}" for note in outcome.notes]
        stage.detail = f"{outcome.state}; readers see {outcome.current_id}"
    return dg.MaterializeResult(
        asset_key="serving",
        data_version=dg.DataVersion(published.content_hash[:16]),
        metadata={
            "state": outcome.state,
            "release_id": published.release_id,
            "current_release": outcome.current_id,
            "rows_loaded": outcome.rows,
            "show_seconds": outcome.show_seconds,
        },
    )


def _just_published(context: dg.AssetExecutionContext, pipeline: Pipeline) -> "Release":
    """The newest release of the date: the one of this run, or the one that it found unchanged."""
    from orchestration.publish.shelf import ReleaseError, newest_of

    as_of = business_date(context)
    found = newest_of(pipeline.lake, as_of)
    if found is None:
        raise ReleaseError(f"there is no release of {as_of}; materialise the asset release of the date first")
    return found


def _opened(name: str, published: "Release", path: Path, pipeline: Pipeline, facts: dict[str, int]) -> Made:
    return dg.MaterializeResult(
        asset_key=name,
        data_version=dg.DataVersion(published.content_hash[:16]),
        metadata={
            "release_id": published.release_id,
            "dagster/uri": str(path.relative_to(pipeline.lake.root)),
            **facts,
        },
    )


def _read_earlier(lake: "Lake", as_of: date) -> "list[Release]":
    """Return the releases that the run has read, the last first, then those whose forecasts were scored."""
    from orchestration.evidence.history.earlier_releases import DAYS_READ, earlier_releases
    from orchestration.publish.shelf import frozen_releases

    read = [*earlier_releases(lake, as_of, DAYS_READ), *frozen_releases(lake, as_of).values()]
    return list({release.release_id: release for release in read}.values())


def _keep(path: Path, candidate: "Candidate", verdicts: "Sequence[Verdict]") -> None:
    """Leave the candidate and its verdicts in the build folder for the asset that publishes."""
    from orchestration.lake.parquet import write_text

    content = {"candidate": asdict(candidate), "verdicts": [asdict(verdict) for verdict in verdicts]}
    write_text(json.dumps(content, default=str), path)


def _kept(path: Path) -> "tuple[Candidate, list[Verdict]]":
    from orchestration.publish.candidate import Candidate
    from orchestration.publish.verdicts import Verdict

    content = json.loads(path.read_text(encoding="utf-8"))
    kept = content["candidate"]
    candidate = Candidate(
        **{
            **kept,
            "as_of": date.fromisoformat(kept["as_of"]),
            "folder": Path(kept["folder"]),
            "tables": {name: Path(file) for name, file in kept["tables"].items()},
        }
    )
    return candidate, [Verdict(**row) for row in content["verdicts"]]
