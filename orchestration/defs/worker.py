"""What a run that Dagster started works with: alone on its business date, and told with the run."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

import dagster as dg

from orchestration.defs.graph import check_keys
from orchestration.defs.resources import Pipeline
from orchestration.settings import settings
from orchestration.upkeep.workers import alone_on, worker_tags


@dg.resource(description="Settings, lake, ledger and source; holds the run's business date while it runs.")
def pipeline_of_run(context: dg.InitResourceContext) -> Iterator[Pipeline]:
    """Yield the pipeline of the settings; a run of a date that is being worked on fails at its start."""
    pipeline = Pipeline(settings(), graph_checks=check_keys())
    run, instance = context.run, context.instance
    if run is None or instance is None:
        yield pipeline
        return
    instance.add_run_tags(run.run_id, worker_tags(run.run_id))
    as_of = run.tags.get("dagster/partition")
    if as_of is None:
        yield pipeline
        return
    with alone_on(pipeline.lake, date.fromisoformat(as_of), run.run_id):
        yield pipeline
