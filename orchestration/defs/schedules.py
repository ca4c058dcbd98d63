"""When the day is run without anybody asking."""

import dagster as dg

from orchestration.defs.automation import schedule_status
from orchestration.defs.jobs import daily
from orchestration.defs.partitions import DAILY
from orchestration.settings import settings


@dg.schedule(
    job=daily,
    cron_schedule=settings().dagster.daily_cron,
    execution_timezone=settings().alerts.timezone,
    default_status=schedule_status(),
    description="Every morning: the newest business date that the source holds.",
)
def every_morning(context: dg.ScheduleEvaluationContext) -> dg.RunRequest | dg.SkipReason:
    """Ask for the newest business date; the same date again publishes nothing new."""
    from orchestration.ims.registry import open_connector

    # A delivery dated after today is left for its day, and does not keep the newest one from running.
    dates = [
        day
        for day in open_connector(settings(), is_patient=False).business_dates()
        if DAILY.has_partition_key(day.isoformat())
    ]
    if not dates:
        return dg.SkipReason("The source holds no business date yet.")
    newest = dates[-1].isoformat()
    return dg.RunRequest(
        run_key=f"{newest}@{context.scheduled_execution_time:%Y-%m-%d}", partition_key=newest
    )
