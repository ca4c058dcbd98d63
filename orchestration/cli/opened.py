"""`stockplan workbook` and `stockplan report`: writing again what people open of a release."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Annotated

import typer

from optimization.errors import StockplanError
from orchestration.cli.console import console, open_pipeline
from orchestration.cli.inspect import chosen_release

ReleaseId = Annotated[str | None, typer.Option("--release", help="Release id; without it the current one.")]
Out = Annotated[Path | None, typer.Option("--out", help="Copy it to this file, too.")]


def workbook(release: ReleaseId = None, out: Out = None) -> None:
    """Write the Excel workbook of a release: exceptions, decisions to fill in, plans, KPIs."""
    from orchestration.publish.opened import open_workbook

    chosen, pipeline = chosen_release(release), open_pipeline()
    path, sheets = open_workbook(chosen, pipeline.lake, pipeline.settings.release.workbook_rows)
    console.print(f"Workbook of {chosen.release_id}, {sheets} sheets: {_copied(path, out)}")


def report(release: ReleaseId = None, out: Out = None) -> None:
    """Write the HTML report of a release: one page that needs no network."""
    from orchestration.publish.opened import open_report

    chosen, pipeline = chosen_release(release), open_pipeline()
    path, weight = open_report(chosen, pipeline.lake)
    console.print(f"Report of {chosen.release_id}, {weight / 1e6:.1f} MB: {_copied(path, out)}")


def _copied(path: Path, out: Path | None) -> Path:
    if out is None:
        return path
    try:
        shutil.copyfile(path, out)
    except OSError as error:
        raise StockplanError(
            f"{out} cannot be written ({error}); name a file in a folder that is there"
        ) from error
    return out
