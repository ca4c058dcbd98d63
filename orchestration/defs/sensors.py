"""What starts a day early or late, and who hears of a day that failed."""

import json
from collections.abc import Callable, Mapping, Sequence
from datetime import date

import dagster as dg

from orchestration.defs.automation import sensor_status
from orchestration.defs.failures import failure_code
from orchestration.defs.jobs import daily
from orchestration.defs.partitions import DAILY
from orchestration.defs.resources import Pipeline
from orchestration.lake.paths import Lake
from orchestration.outcomes import Code
from orchestration.publish.opened import AFTER_RELEASE
from orchestration.settings import settings
from orchestration.upkeep.alerts import raise_alert, run_alert

MOST_REQUESTS_PER_TICK = 5
# Sealed dates whose delivery is watched for a correction; an older one is run by hand.
WATCHED_SEALED_DATES = 7


@dg.sensor(
    job=daily,
    minimum_interval_seconds=300,
    default_status=sensor_status(),
    description="A business date that was delivered and is not sealed yet, or delivered again with a change.",
)
def new_snapshot(context: dg.SensorEvaluationContext) -> dg.SensorResult | dg.SkipReason:
    """Ask for every delivery that the lake does not hold, oldest first, each once.

    The run key is the source's name, the date and the fingerprint of its delivery. The cursor
    remembers the fingerprints that were asked for, so that a delivery that is refused again and
    again does not stand in the way of the next one.
    """
    from orchestration.ims.registry import open_connector
    from orchestration.lake.manifests import latest_versions

    connector = open_connector(settings(), is_patient=False)
    seen = {date.fromisoformat(day): known for day, known in json.loads(context.cursor or "{}").items()}
    wanted, known = dates_to_ask(
        # A date before the first partition or after today cannot be run; it is not asked for in vain.
        [day for day in connector.business_dates() if DAILY.has_partition_key(day.isoformat())],
        [one.as_of for one in latest_versions(Lake(settings().home.resolve()))],
        seen,
        connector.fingerprint,
    )
    cursor = json.dumps({day.isoformat(): fingerprint for day, fingerprint in sorted(known.items())})
    if not wanted:
        context.update_cursor(cursor)
        return dg.SkipReason("Every delivery of the source is sealed or was asked for.")
    return dg.SensorResult(
        run_requests=[
            dg.RunRequest(run_key=f"{connector.name}:{day}:{known[day]}", partition_key=day.isoformat())
            for day in wanted
        ],
        cursor=cursor,
    )


def dates_to_ask(
    dates: Sequence[date],
    sealed: Sequence[date],
    seen: Mapping[date, str],
    fingerprint_of: Callable[[date], str],
) -> tuple[list[date], dict[date, str]]:
    """Return the dates to ask for, and the fingerprints to remember for the next tick.

    Asked for are dates after the first sealed one that are not sealed, and the newest sealed ones,
    whenever their fingerprint is not the one in `seen`. A sealed date of which nothing was seen
    yet is remembered only: what it was sealed from is taken to be what lies there.

    >>> days = [date(2024, 1, 30), date(2024, 1, 31)]
    >>> dates_to_ask(days, days[:1], {}, str)[0]
    [datetime.date(2024, 1, 31)]
    """
    # A fresh installation starts with the newest date; the years before it are a backfill's business.
    unsealed = [day for day in dates if day not in sealed and day > min(sealed)] if sealed else dates[-1:]
    watched = [day for day in dates if day in sealed][-WATCHED_SEALED_DATES:]
    found = {day: fingerprint_of(day) for day in sorted({*unsealed, *watched})}
    changed = [day for day in found if seen.get(day, found[day] if day in watched else None) != found[day]]
    wanted = changed[:MOST_REQUESTS_PER_TICK]
    put_off = changed[MOST_REQUESTS_PER_TICK:]
    known = {day: seen.get(day) if day in put_off else fingerprint for day, fingerprint in found.items()}
    return wanted, {day: fingerprint for day, fingerprint in known.items() if fingerprint is not None}


def _write_lineage(context: dg.RunStatusSensorContext) -> None:
    """A run that the UI started tells its OpenLineage events too; one from the command line did so itself."""
    business_date = context.dagster_run.tags.get("dagster/partition")
    if not business_date or not settings().openlineage:
        return
    from orchestration.evidence.lineage.openlineage import write_run_events

    lake = Lake(settings().home.resolve())
    write_run_events(context.instance, context.dagster_run.run_id, date.fromisoformat(business_date), lake)


@dg.run_status_sensor(
    run_status=dg.DagsterRunStatus.SUCCESS,
    monitored_jobs=[daily],
    default_status=sensor_status(),
    description="Writes the OpenLineage events of each run that succeeded, to a file.",
)
def lineage_of_success(context: dg.RunStatusSensorContext) -> None:
    """Append the run's events."""
    _write_lineage(context)


@dg.run_status_sensor(
    run_status=dg.DagsterRunStatus.FAILURE,
    monitored_jobs=[daily],
    default_status=sensor_status(),
    description="Writes the OpenLineage events of each run that failed, to a file.",
)
def lineage_of_failure(context: dg.RunStatusSensorContext) -> None:
    """Append the run's events."""
    _write_lineage(context)


@dg.run_failure_sensor(
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Writes each failed run to the ledger, to alerts.jsonl and to the webhook.",
)
def alert_on_failure(context: dg.RunFailureSensorContext) -> None:
    """Append who failed, which date and why, and see to it that the ledger knows."""
    business_date = context.dagster_run.tags.get("dagster/partition")
    failures = context.get_step_failure_events()
    failed = {event.step_key for event in failures}
    code = _failure_code(context)
    as_of = date.fromisoformat(business_date) if business_date else None
    run_id, message = context.dagster_run.run_id, context.failure_event.message or ""
    # A release whose workbook or report could not be written was not refused.
    if as_of is not None and not (failed and failed <= set(AFTER_RELEASE)):
        Pipeline(settings()).refuse(as_of, run_id, message, code)
    raise_alert(run_alert(run_id, as_of, code, message), settings())


def _failure_code(context: dg.RunFailureSensorContext) -> Code:
    """The code of the step that failed first; of a run that failed before its first step, that of the run."""
    failures = context.get_step_failure_events()
    if failures:
        return failure_code(failures[0].step_failure_data.error)
    error = getattr(context.failure_event.event_specific_data, "error", None)
    return failure_code(error) if error is not None else Code.WORKER_LOST
