"""`stockplan init` and `stockplan generate`: getting a source to work with."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from optimization.errors import StockplanError
from orchestration.cli.console import console

if TYPE_CHECKING:
    from orchestration.ims.drafting import Draft


def init(
    folder: Annotated[
        Path | None, typer.Argument(help="Folder of your files, or of one sub-folder per business date.")
    ] = None,
    postgres: Annotated[
        bool, typer.Option("--postgres", help="Draft from the database of source.postgres in place of files.")
    ] = False,
    schema: Annotated[str, typer.Option(help="With --postgres: the schema of your tables.")] = "public",
    out: Annotated[Path, typer.Option(help="Where the draft is written.")] = Path("mapping.yaml"),
    force: Annotated[bool, typer.Option(help="Overwrite an existing draft.")] = False,
) -> None:
    """Draft the column mapping of your own files or database, and say what is missing."""
    from orchestration.lake.parquet import write_text

    if out.exists() and not force:
        raise StockplanError(f"{out} exists; name another file with --out, or overwrite it with --force")
    if postgres == (folder is not None):
        raise StockplanError("name the folder of your files, or give --postgres for a database")
    draft, source = _database_draft(schema) if folder is None else _files_draft(folder)
    write_text(draft.text, out)
    mapped = sum(len(table.columns) + len(table.constants) for table in draft.tables.values())
    console.print(f"Drafted [bold]{out}[/bold]: {len(draft.tables)} tables, {mapped} columns.")
    for title, lines in (
        ("Missing; a snapshot is refused without it", draft.missing),
        ("Assumed; look at each", draft.assumed),
        ("Not at your source, so these features stay off", draft.disabled),
        ("What of yours nothing uses", draft.unused),
    ):
        if lines:
            console.print(f"\n[bold]{title}[/bold]")
            for line in lines:
                console.print(f"  {line}")
    console.print(
        f"\nNext: read {out}, then in stockplan.yaml set\n"
        f"  source:\n{source}    mapping: {out}\n"
        "  first_business_date: (your first date)\nand run: stockplan run"
    )


def _files_draft(folder: Path) -> tuple[Draft, str]:
    from orchestration.ims.drafting import draft_mapping

    return draft_mapping(folder), f"    connector: files\n    inbox: {folder}\n"


def _database_draft(schema: str) -> tuple[Draft, str]:
    from orchestration.ims.postgres.drafting import draft_database_mapping
    from orchestration.settings import settings

    return draft_database_mapping(settings().source.postgres, schema), "    connector: postgres\n"


def generate(
    item_locations: Annotated[int, typer.Option(min=1, help="How many item-locations.")],
    days: Annotated[int, typer.Option(min=1, help="Days of history.")],
    out: Annotated[Path, typer.Option(help="Folder to write; it must not exist.")],
    seed: Annotated[int, typer.Option(help="Seed; the same seed gives the same data.")] = 1,
    snapshots: Annotated[int, typer.Option(min=1, help="Business dates at the end of the history.")] = 1,
    end: Annotated[
        datetime,
        typer.Option(formats=["%Y-%m-%d"], help="Last business date.", show_default="2023-06-15"),
    ] = datetime(2023, 6, 15),
    defects: Annotated[
        str, typer.Option(help="Defects to plant, separated by commas; `list` lists them.")
    ] = "",
) -> None:
    """Generate a source of any size from a seed."""
    from orchestration.ims.generator import DEFECTS, generate_to_folder

    if defects == "list":
        for name in sorted(DEFECTS):
            console.print(f"  {name}")
        return
    chosen = tuple(name for name in defects.split(",") if name)
    try:
        folder = generate_to_folder(
            out, item_locations, days, seed, chosen, snapshots=snapshots, end=end.date()
        )
    except (FileExistsError, ValueError) as error:
        raise StockplanError(str(error)) from error
    console.print(
        f"Generated {item_locations:,} item-locations, {days} days, into {folder}.\n"
        f"Run it: STOCKPLAN_SOURCE__CONNECTOR=generator STOCKPLAN_SOURCE__GENERATED={folder} "
        "STOCKPLAN_HOME=var-generated stockplan run"
    )
