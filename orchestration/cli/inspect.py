"""`stockplan releases`, `show` and `charts`: looking at what was published."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from optimization.errors import StockplanError
from orchestration.cli.console import console, open_pipeline, print_arrow, print_table

if TYPE_CHECKING:
    import pyarrow as pa

    from orchestration.publish.shelf import Release


def releases_command() -> None:
    """List every release, which one is current, and which ones a later delivery has made stale."""
    from orchestration.publish.shelf import current_release, releases
    from orchestration.publish.staleness import stale_releases

    lake = open_pipeline().lake
    found = releases(lake)
    if not found:
        console.print("There is no release yet. Make the first one with: make run")
        return
    current = current_release(lake)
    stale = {one.release_id: reason for one, reason in stale_releases(lake)}
    print_table(
        f"{len(found)} releases",
        ["release", "business date", "current", "stale because"],
        [
            (
                one.release_id,
                one.as_of,
                bool(current and one.release_id == current.release_id),
                stale.get(one.release_id, ""),
            )
            for one in found
        ],
    )


def show(
    table: Annotated[str, typer.Argument(help="A published table, such as exception, policy or kpi.")],
    release: Annotated[str | None, typer.Option(help="Release id; without it the current one.")] = None,
    where: Annotated[
        str | None, typer.Option(help="A condition in SQL, such as \"item_id = 'camry-se-fwd'\".")
    ] = None,
    columns: Annotated[str | None, typer.Option(help="Columns, separated by commas.")] = None,
    limit: Annotated[int, typer.Option(min=1, help="Rows to show.")] = 20,
    csv: Annotated[
        Path | None, typer.Option(help="Write the rows to this file instead, for a spreadsheet.")
    ] = None,
    now: Annotated[
        bool, typer.Option("--now", help="The current release with what its overlay has changed since.")
    ] = False,
) -> None:
    """Show rows of a published table."""
    import duckdb

    from orchestration.closed_duckdb import closed_duckdb
    from orchestration.lake.parquet import read_arrow

    if now and release is not None:
        raise StockplanError("--now shows the current release; leave out --release")
    chosen = chosen_release(release)
    path = chosen.table(table)
    if not path.exists():
        known = ", ".join(sorted(one.stem for one in path.parent.glob("*.parquet")))
        raise StockplanError(f"release {chosen.release_id} has no table {table!r}; it has {known}")
    # The condition is the user's own SQL on the user's own machine: it may read this table and
    # nothing else, no file, no network.
    connection = closed_duckdb()
    rows = _rows_now(table) if now else read_arrow(path)
    connection.register("rows", rows)
    try:
        result = connection.execute(
            f"select {columns or '* exclude (release_id, as_of)'} from rows "  # noqa: S608
            f"where {where or 'true'} limit {limit}"
        ).to_arrow_table()
    except duckdb.Error as error:
        raise StockplanError(
            f"the condition or the columns cannot be read: {error}\nColumns: {', '.join(rows.column_names)}"
        ) from error
    if csv is not None:
        from orchestration.publish.spreadsheet_text import write_planner_csv

        write_planner_csv(result, csv)
        console.print(f"{result.num_rows:,} rows of {table}: {csv}", markup=False)
        return
    since = " and its overlay" if now else ""
    print_arrow(
        f"{table} of {chosen.release_id}{since} · {result.num_rows:,} of {rows.num_rows:,} rows", result
    )
    for chart in _charts_of(chosen, table):
        console.print(f"Chart: {chart}")


def charts(
    release: Annotated[str | None, typer.Option(help="Release id; without it the current one.")] = None,
) -> None:
    """Say where a release's charts lie and what they show; open index.html in a browser."""
    from orchestration.publish.charts import CHARTS

    chosen = chosen_release(release)
    folder = chosen.folder / "evidence" / "charts"
    drawn = [chart for chart in CHARTS if (folder / f"{chart.name}.svg").exists()]
    if not drawn:
        raise StockplanError(f"release {chosen.release_id} has no charts; run its date again")
    print_table(
        f"Charts of {chosen.release_id}: {folder}/index.html",
        ["file", "shows"],
        [(f"{chart.name}.svg", chart.title) for chart in drawn],
    )


def _rows_now(table: str) -> pa.Table:
    from orchestration.publish.overlay import current_with_overlay

    return current_with_overlay(open_pipeline().lake, table)


def _charts_of(release: Release, table: str) -> list[Path]:
    """Charts that are drawn from a table, where the release has them."""
    from orchestration.publish.charts import CHARTS

    files = [
        release.folder / "evidence" / "charts" / f"{chart.name}.svg"
        for chart in CHARTS
        if chart.table == table
    ]
    return [file for file in files if file.exists()]


def chosen_release(release_id: str | None) -> Release:
    """Return the named release, the current one without a name. Raises `StockplanError` for none."""
    from orchestration.publish.shelf import current_release, releases

    lake = open_pipeline().lake
    if release_id is None:
        current = current_release(lake)
        if current is None:
            raise StockplanError("there is no release yet; make the first one with: make run")
        return current
    for one in releases(lake):
        if one.release_id == release_id:
            return one
    raise StockplanError(f"there is no release {release_id!r}; list them with: stockplan releases")
