"""When the day is run without anybody asking."""

import dagster as dg

from orchestration.defs.jobs import daily


@dg.schedule(
    job=daily,
    cron_schedule="0 4 * * *",
    execution_timezone="UTC",
    description="Every morning: the newest business date that the source holds.",
)
def every_morning(context: dg.ScheduleEvaluationContext) -> dg.RunRequest | dg.SkipReason:
    """Ask for the newest business date; the same date again publishes nothing new."""
    from orchestration.ims.registry import open_connector
    from orchestration.settings import settings

    dates = open_connector(settings()).business_dates()
    if not dates:
        return dg.SkipReason("The source holds no business date yet.")
    newest = dates[-1].isoformat()
    return dg.RunRequest(
        run_key=f"{newest}@{context.scheduled_execution_time:%Y-%m-%d}", partition_key=newest
    )
