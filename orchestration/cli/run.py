"""`stockplan run` and `stockplan backfill`."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated

import typer

from orchestration.cli.console import console, open_pipeline
from orchestration.cli.packages import require_packages
from orchestration.outcomes import Code, exit_code_of

RowLoss = Annotated[
    bool,
    typer.Option(
        "--accept-row-loss",
        help="Seal although a table lost more rows than the settings allow; the ledger records it.",
    ),
]
Day = Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d"])]


def run(
    date: Annotated[
        datetime | None,
        typer.Option(formats=["%Y-%m-%d"], help="Business date; without it the newest of the source."),
    ] = None,
    accept_row_loss: RowLoss = False,
) -> None:
    """Publish one business date through the real Dagster job."""
    from orchestration.cli.report import tell_day
    from orchestration.run import choose_date, end_lost_runs, open_instance, run_day
    from orchestration.upkeep.alerts import alerting

    require_packages()
    pipeline = open_pipeline(accept_row_loss)
    with alerting(pipeline.settings, date.date() if date else None):
        as_of = date.date() if date else choose_date(pipeline)
        console.print(f"[bold]Stockplan[/bold] · business date {as_of} · source {pipeline.connector.name}")
        with open_instance(pipeline) as instance:
            for told in end_lost_runs(pipeline, instance):
                console.print(f"  {told}")
            result = run_day(pipeline, as_of, instance)
    tell_day(result, pipeline.lake, is_demo=pipeline.settings.source.connector == "demo")


def backfill(
    first: Annotated[datetime, typer.Option("--from", formats=["%Y-%m-%d"], help="First business date.")],
    last: Annotated[datetime, typer.Option("--to", formats=["%Y-%m-%d"], help="Last business date.")],
    accept_row_loss: RowLoss = False,
) -> None:
    """Publish every business date of the source between two dates, in order, in one process.

    The exit code is that of the failed dates where they failed alike, else 1.
    """
    from orchestration.ims.connector import SnapshotMissingError
    from orchestration.run import DayFailed, dates_between, end_lost_runs, open_instance, run_dates

    require_packages()
    pipeline = open_pipeline(accept_row_loss)
    pipeline.watch = lambda event: None
    begin: date = first.date()
    end: date = last.date()
    days = dates_between(pipeline, begin, end)
    if not days:
        raise SnapshotMissingError(f"the source has no business date from {begin} to {end}")
    console.print(f"[bold]Backfill[/bold] of {days[0]} to {days[-1]}, business dates: {len(days)}")
    failures: list[DayFailed] = []
    started = datetime.now()
    with open_instance(pipeline) as instance:
        for told in end_lost_runs(pipeline, instance):
            console.print(f"  {told}")
        for done, outcome in enumerate(run_dates(pipeline, begin, end, instance), start=1):
            elapsed = (datetime.now() - started).total_seconds()
            if isinstance(outcome, DayFailed):
                failures.append(outcome)
                console.print(f"  ✗ {done:>3}/{len(days)} {outcome}")
            else:
                console.print(
                    f"  ✓ {done:>3}/{len(days)} {outcome.release.release_id} {outcome.state}"
                    f"{' · current' if outcome.is_current else ''}   {elapsed:,.0f} s"
                )
    console.print(f"{len(days) - len(failures)} of {len(days)} business dates are published.")
    if failures:
        codes = {failure.code for failure in failures}
        raise typer.Exit(exit_code_of(codes.pop() if len(codes) == 1 else Code.REQUEST_REFUSED))
