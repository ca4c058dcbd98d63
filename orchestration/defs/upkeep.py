"""What looks after the installation while the service runs; it starts no run."""

import json
from datetime import UTC, datetime, timedelta

import dagster as dg

from orchestration.defs.resources import Pipeline
from orchestration.settings import settings

# It reads the whole ledger and looks through the lake: not with every round.
_MEND_EVERY = timedelta(minutes=5)


@dg.sensor(
    minimum_interval_seconds=30,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Ends runs whose worker is gone, tells of a late release; every few minutes "
    "mends what died and takes decisions from the database; daily removes old runs.",
)
def upkeep(context: dg.SensorEvaluationContext) -> dg.SkipReason:
    """Do one round; the cursor holds the time of the last mending and the date of the last cleaning."""
    from orchestration.upkeep.round import clean, mend, reconcile, watch_due

    own, now = settings(), datetime.now(UTC)
    pipeline = Pipeline(own, actor="upkeep")
    told = [
        f"ended run {run.run_id}: {run.message}" for run in reconcile(context.instance, own, pipeline.refuse)
    ]
    if (late := watch_due(own)) is not None:
        told.append(late.message)
    done = json.loads(context.cursor or "{}")
    if "mended" not in done or now - datetime.fromisoformat(done["mended"]) >= _MEND_EVERY:
        done["mended"] = now.isoformat()
        told += mend(own, pipeline.now).told
    if done.get("cleaned") != (today := now.date().isoformat()):
        removed = clean(context.instance, own)
        done["cleaned"] = today
        told.append(f"removed {removed.runs} old runs")
    context.update_cursor(json.dumps(done))
    return dg.SkipReason("; ".join(told) or "Every unfinished run has its worker, and no release is overdue.")
