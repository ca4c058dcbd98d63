"""What looks after the installation while the service runs; it starts no run."""

import json
from datetime import UTC, datetime

import dagster as dg

from orchestration.defs.resources import Pipeline
from orchestration.settings import settings


@dg.sensor(
    minimum_interval_seconds=30,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Ends runs whose worker is gone, tells of a release that is late, removes old runs daily.",
)
def upkeep(context: dg.SensorEvaluationContext) -> dg.SkipReason:
    """Do one round; the cursor holds the date of the last cleaning."""
    from orchestration.upkeep.round import clean, reconcile, watch_due

    own, today = settings(), datetime.now(UTC).date().isoformat()
    told = [
        f"ended run {run.run_id}: {run.message}"
        for run in reconcile(context.instance, own, Pipeline(own, actor="upkeep").refuse)
    ]
    if (late := watch_due(own)) is not None:
        told.append(late.message)
    if json.loads(context.cursor or "{}").get("cleaned") != today:
        removed = clean(context.instance, own)
        context.update_cursor(json.dumps({"cleaned": today}))
        told.append(f"removed {removed.runs} old runs")
    return dg.SkipReason("; ".join(told) or "Every unfinished run has its worker, and no release is overdue.")
