"""`stockplan overlay`: what happened since the release, published on top of it within the day."""

from __future__ import annotations

import time
from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import typer

from optimization.errors import StockplanError
from orchestration.cli.console import console, open_pipeline

if TYPE_CHECKING:
    from orchestration.publish.overlay import OverlayOutcome


def overlay(
    until: Annotated[
        str | None,
        typer.Option(
            help="Operations, and ends of reservations and loans, up to this time, such as 2024-01-31T10:00 "
            "(UTC where no zone is named); without it up to the last operation."
        ),
    ] = None,
    watch: Annotated[
        float | None,
        typer.Option(
            min=0.1,
            help="Stay, keep the release in memory, and look for new operations every so many seconds.",
        ),
    ] = None,
) -> None:
    """Publish allocation, promises and reservations of the pools that were touched since the release."""
    from orchestration.publish.overlay import WarmOverlay, publish_overlay

    if until is not None and watch is not None:
        raise StockplanError("--until names one time, --watch follows the present; give one of them")
    import pandas as pd

    pipeline = open_pipeline()
    moment = None if until is None else pd.Timestamp(_moment(until))
    if watch is None:
        started = time.perf_counter()
        found = publish_overlay(pipeline.lake, pipeline.ledger, pipeline.settings, moment, pipeline.actor)
        _tell(found, time.perf_counter() - started)
        return
    warm = WarmOverlay(pipeline.lake, pipeline.ledger, pipeline.settings)
    console.print(f"Looking for new operations every {watch:g} s; stop with Ctrl-C.")
    is_first = True
    while True:
        started = time.perf_counter()
        try:
            found = warm.publish(None, pipeline.actor)
        except StockplanError as error:
            # What cannot be published now may be after the next operation or release.
            console.print(f"[red]{error}[/red]")
        else:
            if is_first or found.state == "published":
                _tell(found, time.perf_counter() - started)
            is_first = False
        time.sleep(watch)


def _moment(text: str) -> datetime:
    """A time in UTC without its zone, as frames hold it."""
    from orchestration.lake.events import read_moment

    try:
        return read_moment(text).replace(tzinfo=None)
    except ValueError as error:
        raise StockplanError(
            f"--until {text!r} is no time: write it as 2024-01-31T10:00, in UTC or with its zone"
        ) from error


def _tell(outcome: OverlayOutcome, seconds: float) -> None:
    if outcome.overlay is None:
        console.print(f"Nothing has happened since release {outcome.base.release_id}.")
        return
    told = "[bold green]Published[/bold green]" if outcome.state == "published" else "Unchanged:"
    console.print(
        f"{told} overlay [bold]{outcome.overlay.overlay_id}[/bold]: {outcome.operations:,} operations, "
        f"{outcome.rejected:,} lines rejected, {seconds:.2f} s"
    )
    rows = ", ".join(f"{name} {count:,}" for name, count in sorted(outcome.overlay.rows.items()))
    console.print(f"  rows: {rows}")
