"""What a run tells at its end: what was published, what was set aside, what to look at, what next."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

from orchestration.cli.console import console, print_table
from orchestration.lake.parquet import read_arrow
from orchestration.lake.paths import Lake
from orchestration.publish.shelf import Release
from orchestration.run import DayResult

EXCEPTIONS_SHOWN = 5
KINDS_SHOWN = 10


def tell_day(result: DayResult, lake: Lake, is_demo: bool) -> None:
    """Print the summary of one business date, and where to go on; from the demo, to the reader's own."""
    release = result.release
    console.print()
    if result.state == "unchanged":
        console.print(
            f"[bold]Nothing new:[/bold] {result.as_of} has the same content as release "
            f"[bold]{release.release_id}[/bold], which stays as it is."
        )
    else:
        console.print(f"[bold green]Published[/bold green] release [bold]{release.release_id}[/bold]")
    console.print(
        f"Business date {result.as_of}" + ("" if result.is_current else " (not the current release)")
    )
    for note in result.notes:
        console.print(f"  note: {note}")
    _tell_tables(release)
    _tell_quarantine(release)
    _tell_exceptions(release)
    _tell_places(release, lake, result.is_current)
    _tell_next(is_demo)


def _tell_tables(release: Release) -> None:
    manifest = json.loads((release.folder / "manifest.json").read_text(encoding="utf-8"))
    tables = manifest["tables"]
    print_table(
        "Rows per published table",
        ["table", "rows"],
        [(name, int(tables[name]["rows"])) for name in sorted(tables)],
    )


def _tell_quarantine(release: Release) -> None:
    rows = _rows(release, "quarantine")
    if not rows:
        console.print("Nothing was set aside: every delivered row was good.\n")
        return
    counts = Counter((row["table_name"], row["column_name"], row["rule"]) for row in rows)
    first = {(row["table_name"], row["column_name"], row["rule"]): row for row in reversed(rows)}
    print_table(
        f"Set aside: {len(rows):,} rows; everything else went on",
        ["table", "column", "rule", "rows", "for example", "repair"],
        [
            (*key, count, f"{first[key]['row_key']}: {first[key]['value']}", first[key]["repair"])
            for key, count in sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))[:KINDS_SHOWN]
        ],
    )
    if len(counts) > KINDS_SHOWN:
        console.print(
            f"{len(counts) - KINDS_SHOWN} more kinds; every row: .venv/bin/stockplan show quarantine\n"
        )


def _tell_exceptions(release: Release) -> None:
    from orchestration.publish.report.exceptions import first_of_each_kind

    table = read_arrow(release.table("exception")).sort_by("exception_rank").to_pandas()
    looks = table[table["attention"] == "look"]
    told = f"{len(table):,} exceptions, {len(looks):,} ask for a look"
    if looks.empty:
        console.print(told)
        return
    top = first_of_each_kind(looks.fillna({"value_at_risk": 0.0}), 1).head(EXCEPTIONS_SHOWN)
    print_table(
        f"{told}; of {len(top)} kinds the first",
        ["exception", "item", "location", "value at risk", "what", "do"],
        [
            (
                row["exception_type"],
                row["item_id"],
                row["location_id"],
                float(row["value_at_risk"]),
                row["detail"],
                row["suggested_action"],
            )
            for row in top.to_dict("records")
        ],
    )


def _tell_places(release: Release, lake: Lake, is_current: bool) -> None:
    def shown(path: Path) -> str:
        return str(path.relative_to(Path.cwd())) if path.is_relative_to(Path.cwd()) else str(path)

    if is_current:
        console.print(f"Tables      {shown(lake.current_dir)}/*.parquet   {shown(lake.published_database)}")
        console.print(f"For the IMS {shown(lake.export_dir)}/*.csv")
        console.print(f"To open     {shown(lake.report_door)}   {shown(lake.workbook_door)}")
    else:
        console.print(f"To open     {shown(lake.open_dir(release.release_id))}/")
    console.print(f"Charts      {shown(release.folder)}/evidence/charts/index.html")
    console.print(f"Evidence    {shown(release.folder)}/manifest.json   {shown(release.folder)}/evidence/")


def _tell_next(is_demo: bool) -> None:
    console.print(
        "\nNext:  .venv/bin/stockplan show exception     what to look at first\n"
        "       .venv/bin/stockplan show kpi           how the network is doing\n"
        "       .venv/bin/stockplan allocation week    who got what of scarce stock, and why\n"
        "       make ui                                the graph and every run, in a browser"
    )
    if is_demo:
        console.print("       .venv/bin/stockplan init YOUR_FOLDER   start with your own files")


def _rows(release: Release, name: str) -> list[dict[str, object]]:
    rows: list[dict[str, object]] = read_arrow(release.table(name)).to_pylist()
    return rows
