"""`stockplan serving` and `stockplan rollback`: what readers of the database and of the files see."""

from __future__ import annotations

import getpass
from typing import TYPE_CHECKING, Annotated

import typer

from optimization.errors import StockplanError
from orchestration.cli.console import console, open_pipeline
from orchestration.cli.inspect import chosen_release

if TYPE_CHECKING:
    from orchestration.defs.resources import Pipeline
    from orchestration.publish.shelf import Release


def serving(
    release: Annotated[
        str | None, typer.Option("--release", help="Release id; without it the current one.")
    ] = None,
) -> None:
    """Bring a release into PostgreSQL, and its readers to the current release; mends what a crash left."""
    chosen, pipeline = chosen_release(release), open_pipeline()
    if not pipeline.settings.serving.is_set:
        raise StockplanError(
            "no serving address is set; name a file that holds it as serving.url_file in stockplan.yaml, or "
            "set STOCKPLAN_SERVING__URL"
        )
    _serve(chosen, pipeline)


def rollback(
    release: Annotated[str, typer.Argument(help="The release that readers shall see.")],
    reason: Annotated[str, typer.Option("--reason", help="Why; stands in the ledger.")],
    actor: Annotated[
        str | None, typer.Option(help="Who rolls back; without it your login name. Stands in the ledger.")
    ] = None,
) -> None:
    """Lead readers back to an earlier release; it holds until a newer one is published."""
    from orchestration.publish.opened import bring_opened
    from orchestration.publish.release import roll_back

    pipeline = open_pipeline()
    lake = pipeline.lake
    target = roll_back(release, reason, actor or getpass.getuser(), lake, pipeline.settings)
    console.print(f"Readers of the files see {target.release_id} until a newer release is published.")
    bring_opened(target, lake, pipeline.settings.release.workbook_rows)
    if pipeline.settings.serving.is_set:
        _serve(target, pipeline)


def _serve(release: Release, pipeline: Pipeline) -> None:
    from orchestration.publish.serving.publishing import publish_release

    outcome = publish_release(release, pipeline.lake, pipeline.ledger, pipeline.settings)
    for note in outcome.notes:
        console.print(f"  note: {note}")
    done = f"{outcome.rows:,} rows loaded" if outcome.state == "served" else "all of it was there"
    console.print(
        f"{release.release_id} in PostgreSQL: {done}, {outcome.seconds:.1f} s. "
        f"Readers see {outcome.current_id}."
    )
