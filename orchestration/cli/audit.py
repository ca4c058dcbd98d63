"""`stockplan audit`: proof that the evidence is whole, and the questions an auditor asks of it."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from optimization.errors import StockplanError
from orchestration.cli.console import console, open_pipeline, print_arrow
from orchestration.cli.inspect import chosen_release

if TYPE_CHECKING:
    import pyarrow as pa

    from orchestration.defs.resources import Pipeline

audit = typer.Typer(help="Proof that the evidence is whole, and what it says.", no_args_is_help=True)

ReleaseId = Annotated[str | None, typer.Option("--release", help="Release id; without it the current one.")]
Item = Annotated[str | None, typer.Option("--item", help="Item id.")]
Location = Annotated[str | None, typer.Option("--location", help="Location id.")]
Limit = Annotated[int, typer.Option("--limit", min=1, help="Rows to show.")]
Columns = Annotated[str | None, typer.Option("--columns", help="Columns to show, separated by commas.")]
Csv = Annotated[Path | None, typer.Option("--csv", help="Write all rows to this file.")]


@audit.command("verify")
def verify(
    all_tables: Annotated[
        bool, typer.Option("--all-tables", help="Hash every published table again, not the ledger's alone.")
    ] = False,
) -> None:
    """Check the ledger's chain, the heads that releases witnessed, and what else holds its lines."""
    from orchestration.evidence.witnesses import LEDGER_TABLES, check_witnesses, witnessed_heads
    from orchestration.lake.ledger import LedgerBrokenError
    from orchestration.publish.shelf import ReleaseBrokenError

    pipeline = open_pipeline()
    heads = witnessed_heads(pipeline.lake)
    verdict = pipeline.ledger.verify(expected_heads=heads)
    if not verdict.is_intact:
        raise LedgerBrokenError(
            f"the ledger is NOT intact at event {verdict.first_bad_seq}: {verdict.reason}\n"
            f"File: {pipeline.lake.ledger_file}"
        )
    console.print(
        f"The ledger is intact: {verdict.n_events:,} events, {len(set(heads)):,} heads witnessed by "
        f"releases, head {verdict.head[:16]}"
    )
    report = check_witnesses(pipeline.lake, pipeline.ledger, None if all_tables else LEDGER_TABLES)
    if report.faults:
        raise ReleaseBrokenError(
            f"what was published is NOT intact ({len(report.faults)} faults):\n"
            + "\n".join(f"  {fault}" for fault in report.faults)
        )
    console.print(
        f"What was published is intact: {report.n_tables:,} tables of {report.n_releases:,} releases and "
        f"{report.n_overlays:,} overlays have the hash that the ledger witnesses"
    )
    if report.gone:
        console.print(f"No longer on the shelf, so not compared: {', '.join(report.gone)}")
    if pipeline.settings.serving.is_set:
        _verify_database(pipeline)


def _verify_database(pipeline: Pipeline) -> None:
    """Hold the ledger against the lines that the serving database has of it."""
    from orchestration.lake.ledger import LedgerBrokenError
    from orchestration.publish.serving.audit import compare_audit
    from orchestration.publish.serving.session import SETTING, opened

    serving = pipeline.settings.serving
    with opened(serving, SETTING, serving.connect_timeout_seconds) as connection:
        compared = compare_audit(connection, pipeline.ledger)
    if compared.faults:
        raise LedgerBrokenError(
            "the ledger and the serving database do NOT tell the same:\n"
            + "\n".join(f"  {fault}" for fault in compared.faults)
        )
    console.print(
        f"The serving database has the same {compared.n_events:,} events; {compared.n_missing:,} more come "
        "with the next release"
    )


@audit.command("supply")
def supply(
    item: Item = None,
    location: Location = None,
    segment: Annotated[str | None, typer.Option(help="Segment id, giving or receiving.")] = None,
    action: Annotated[
        str | None, typer.Option(help="Action id: the record itself, and what it caused or belongs to.")
    ] = None,
    purpose: Annotated[str | None, typer.Option(help="Purpose, such as SEGMENT_CONSUMPTION.")] = None,
    since: Annotated[
        datetime | None, typer.Option(formats=["%Y-%m-%d"], help="From this day on (UTC).")
    ] = None,
    until: Annotated[
        datetime | None, typer.Option(formats=["%Y-%m-%d"], help="Up to and with this day (UTC).")
    ] = None,
    release: Annotated[
        str | None, typer.Option(help="One release alone; without it all up to the current one, and since.")
    ] = None,
    limit: Limit = 20,
    columns: Columns = None,
    csv: Csv = None,
) -> None:
    """Show what changed the segments' stock, newest first: who, when, why, and what became of it."""
    from orchestration.evidence.allocation.supply_audit import SupplyQuestion, supply_audit

    pipeline = open_pipeline()
    question = SupplyQuestion(
        item_id=item,
        location_id=location,
        segment_id=segment,
        action_id=action,
        purpose=purpose,
        since=since.date() if since else None,
        until=until.date() if until else None,
    )
    found = supply_audit(pipeline.lake, pipeline.ledger, question, release)
    _tell("Supply audit", found, limit, columns, csv)


@audit.command("levels")
def levels(
    item: Item = None,
    location: Location = None,
    release: ReleaseId = None,
    limit: Limit = 20,
    columns: Columns = None,
    csv: Csv = None,
) -> None:
    """Show cycle counts against the system's stock, the largest differences first."""
    _tell_inventory("level", item, location, release, limit, columns, csv)


@audit.command("valuation")
def valuation(
    item: Item = None,
    location: Location = None,
    release: ReleaseId = None,
    limit: Limit = 20,
    columns: Columns = None,
    csv: Csv = None,
) -> None:
    """Show the stock's value against the general ledger, the largest differences first."""
    _tell_inventory("valuation", item, location, release, limit, columns, csv)


@audit.command("condition")
def condition(
    item: Item = None,
    location: Location = None,
    release: ReleaseId = None,
    limit: Limit = 20,
    columns: Columns = None,
    csv: Csv = None,
) -> None:
    """Show the stock that is not fit to be sold, the largest differences first."""
    _tell_inventory("condition", item, location, release, limit, columns, csv)


def _tell_inventory(
    kind: Literal["level", "valuation", "condition"],
    item: str | None,
    location: str | None,
    release_id: str | None,
    limit: int,
    columns: str | None,
    csv: Path | None,
) -> None:
    from orchestration.evidence.allocation.supply_audit import inventory_audit

    release = chosen_release(release_id)
    found = inventory_audit(release, kind, item, location)
    _tell(f"Audit of {kind}, {release.release_id}", found, limit, columns, csv)


def _tell(title: str, found: pa.Table, limit: int, columns: str | None, csv: Path | None) -> None:
    """Print the first rows, and write all of them where asked."""
    from pyarrow.csv import write_csv

    shown = found if columns is None else found.select(_known(columns, found.column_names))
    if not found.num_rows:
        console.print(f"{title}: nothing found.")
    else:
        print_arrow(
            f"{title} · {min(limit, found.num_rows):,} of {found.num_rows:,} rows", shown.slice(0, limit)
        )
    if csv is not None:
        csv.parent.mkdir(parents=True, exist_ok=True)
        write_csv(found, csv)
        console.print(f"Wrote {found.num_rows:,} rows to {csv}")


def _known(columns: str, names: list[str]) -> list[str]:
    """The columns that are asked for. Raises `StockplanError` for one that there is not."""
    asked = [name.strip() for name in columns.split(",")]
    unknown = [name for name in asked if name not in names]
    if unknown:
        raise StockplanError(f"there is no column {', '.join(unknown)}; known are {', '.join(names)}")
    return asked
