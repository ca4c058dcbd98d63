"""`stockplan retention`: what the settings no longer keep, and its removal."""

from __future__ import annotations

import getpass
from typing import Annotated

import typer

from orchestration.cli.console import console, print_table, settings


def retention(
    apply: Annotated[
        bool, typer.Option("--apply", help="Remove it; without this nothing is touched.")
    ] = False,
    even_if_needed: Annotated[
        bool,
        typer.Option(
            "--even-if-needed", help="Also what a kept release was made of; it can then not be made again."
        ),
    ] = False,
    actor: Annotated[
        str | None, typer.Option(help="Who removes; without it your login name. Stands in the ledger.")
    ] = None,
) -> None:
    """Show what is older than the settings keep it, or remove it; each removal is an event of the ledger."""
    from orchestration.evidence.releases.retention import apply_retention, plan_retention
    from orchestration.lake.ledger import Ledger
    from orchestration.lake.paths import Lake

    lake, keep = Lake(settings().home.resolve()), settings().retention
    told = {
        "snapshots": keep.raw_days,
        "releases": keep.release_days,
        "work folders": keep.work_days,
    }
    for what, days in told.items():
        console.print(f"{what}: kept {'for ever' if days is None else f'for {days} days'}")
    console.print("ledger: kept for ever")
    plan = plan_retention(lake, keep, even_if_needed)
    for one in plan.needed:
        console.print(f"  stays, a kept release was made of it: {one}")
    if not plan.removals:
        console.print("Nothing is to be removed.")
        return
    print_table(
        f"{len(plan.removals)} things, {plan.bytes / 1e6:,.1f} MB",
        ["what", "which", "business date", "MB", "why"],
        [(one.kind, one.identity, one.business_date, one.bytes / 1e6, one.why) for one in plan.removals],
    )
    if not apply:
        console.print("Nothing was removed; remove it with: stockplan retention --apply")
        return
    done = apply_retention(lake, Ledger(lake.ledger_file), plan.removals, actor or getpass.getuser())
    console.print(f"Removed {done} things; the ledger tells each.")
