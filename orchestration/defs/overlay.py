"""The overlay in Dagster: a job of one step, beside the daily graph, and a sensor that asks for it."""

import json

import dagster as dg

from orchestration.defs.automation import sensor_status
from orchestration.defs.resources import Pipeline
from orchestration.settings import settings


@dg.op(description="Apply what happened since the current release to the pools it touched, and publish them.")
def publish_overlay_on_current(context: dg.OpExecutionContext, pipeline: dg.ResourceParam[Pipeline]) -> None:
    """Publish the overlay, and say what it came to."""
    from orchestration.publish.overlay import publish_overlay

    with pipeline.stage("overlay") as stage:
        outcome = publish_overlay(pipeline.lake, pipeline.ledger, pipeline.settings, None, pipeline.actor)
        named = outcome.overlay.overlay_id if outcome.overlay else "none"
        stage.detail = f"{outcome.state}: {named}, {outcome.operations:,} operations"
        context.log.info(stage.detail)


@dg.job(
    name="overlay",
    description="Within the day: allocation, promises and reservations of pools touched since the release.",
    executor_def=dg.in_process_executor,
    tags={"owner": "sales-planning"},
)
def overlay() -> None:
    """One step; no asset, because an overlay is no business date of its own."""
    publish_overlay_on_current()


@dg.sensor(
    job=overlay,
    minimum_interval_seconds=30,
    default_status=sensor_status(),
    description="Operations in the ledger that neither the current release nor its overlay has applied.",
)
def new_operations(context: dg.SensorEvaluationContext) -> dg.SensorResult | dg.SkipReason:
    """Ask for an overlay when the ledger holds operations that it was not asked for yet.

    The cursor holds the release and the number of the last ledger event that was looked at. A new
    release starts from what it has read itself.
    """
    from orchestration.lake.ledger import Ledger
    from orchestration.lake.paths import Lake
    from orchestration.publish.read_point import read_point
    from orchestration.publish.shelf import current_release

    lake = Lake(settings().home.resolve())
    base = current_release(lake)
    if base is None:
        return dg.SkipReason("There is no release yet to lay anything on.")
    ledger = Ledger(lake.ledger_file)
    seen = json.loads(context.cursor or "{}")
    is_same = seen.get("release_id") == base.release_id
    start = int(seen["seq"]) if is_same else read_point(base, ledger)[0]
    later_days = None if is_same else base.as_of
    last = max((event.seq for event in ledger.events("allocation", None, start, later_days)), default=0)
    if not last:
        return dg.SkipReason("No operation since the release or its overlay.")
    cursor = json.dumps({"release_id": base.release_id, "seq": max(last, start)})
    return dg.SensorResult(run_requests=[dg.RunRequest(run_key=f"{base.release_id}:{last}")], cursor=cursor)
