"""What starts a day early or late, and who hears of a day that failed."""

import json
from datetime import UTC, datetime

import dagster as dg

from orchestration.defs.jobs import daily
from orchestration.lake.paths import Lake
from orchestration.settings import settings

MOST_REQUESTS_PER_TICK = 5


@dg.sensor(
    job=daily,
    minimum_interval_seconds=300,
    description="A business date at the source that is not sealed yet: early, late or out of order.",
)
def new_snapshot(context: dg.SensorEvaluationContext) -> dg.SensorResult | dg.SkipReason:
    """Ask for every date after the first sealed one that the lake does not hold, oldest first.

    The run key is the source's name and the date's fingerprint, so that the same delivery asks once.
    """
    from orchestration.ims.registry import open_connector
    from orchestration.lake.manifests import latest_versions

    connector = open_connector(settings())
    sealed = [one.as_of for one in latest_versions(Lake(settings().home.resolve()))]
    dates = list(connector.business_dates())
    # A fresh installation starts with the newest date; the years before it are a backfill's business.
    wanted = [day for day in dates if day not in sealed and day > min(sealed)] if sealed else dates[-1:]
    if not wanted:
        return dg.SkipReason("Every business date of the source is sealed.")
    return dg.SensorResult(
        run_requests=[
            dg.RunRequest(run_key=f"{connector.name}:{connector.fingerprint(day)}", partition_key=str(day))
            for day in wanted[:MOST_REQUESTS_PER_TICK]
        ]
    )


@dg.run_failure_sensor(description="Writes one line per failed run to alerts.jsonl, for whatever pages you.")
def alert_on_failure(context: dg.RunFailureSensorContext) -> None:
    """Append who failed, which date and why; the last release stays current."""
    path = settings().home / "alerts.jsonl"
    path.parent.mkdir(parents=True, exist_ok=True)
    line = {
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "business_date": context.partition_key if context.dagster_run.tags.get("dagster/partition") else None,
        "run_id": context.dagster_run.run_id,
        "message": context.failure_event.message,
    }
    with path.open("a", encoding="utf-8") as file:
        file.write(json.dumps(line) + "\n")
