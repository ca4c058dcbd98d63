"""`stockplan trace`, `reproduce`, `diff` and `bundle`: what an auditor asks of a release."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from optimization.errors import StockplanError
from orchestration.cli.console import console, print_table, settings

if TYPE_CHECKING:
    from orchestration.evidence.releases.changes import ReleaseChanges
    from orchestration.evidence.releases.reproduction import Reproduction
    from orchestration.evidence.releases.table_changes import TableChanges
    from orchestration.lake.paths import Lake
    from orchestration.publish.shelf import Release

Out = Annotated[Path | None, typer.Option("--out", help="Write it to this file instead.")]
_PAIR_TABLES = ("policy", "inventory_position", "policy_change", "replenishment_order")
_DIFFERENCES_SHOWN = 5


def trace(
    table: Annotated[str, typer.Argument(help="A published table, such as policy or kpi.")],
    key: Annotated[
        list[str],
        typer.Argument(
            help="Item and location, or [COLUMN] KEY=VALUE …: which number of the table, and which row."
        ),
    ],
    release: Annotated[str | None, typer.Option(help="Release id; without it the current one.")] = None,
    form: Annotated[Literal["text", "json", "html"], typer.Option("--format", help="Form.")] = "text",
    out: Out = None,
    rows: Annotated[int, typer.Option(min=1, help="Rows kept per table behind the number.")] = 500,
) -> None:
    """Follow one published number back to the sealed rows of the source, with what proves each step."""
    from orchestration.evidence.trace.tracing import trace as traced

    column, named = _column_and_key(table, key)
    lake = _lake()
    found = traced(_release(lake, release), lake, table, named, column, rows)
    _tell(_formed(found, form), out)


def reproduce(
    release: Annotated[str, typer.Argument(help="Release id.")],
    keep: Annotated[
        Path | None, typer.Option("--keep", help="Make it in this new folder, and leave it there.")
    ] = None,
) -> None:
    """Make a release again from its sealed inputs in a home of its own, and compare every table's hash."""
    from orchestration.evidence.releases.reproduction import circumstances
    from orchestration.reproduce import reproduce as made_again

    lake = _lake()
    chosen = _release(lake, release)
    before = circumstances(chosen, settings())
    console.print(f"[bold]Reproducing[/bold] {chosen.release_id} from its sealed inputs")
    for one in before:
        console.print(f"  otherwise than it was: {_plain(str(one))}")
    if not before:
        console.print("  code, packages, settings and seeds are those of the release")
    if keep is not None:
        result = made_again(chosen, lake, settings(), keep)
    else:
        with tempfile.TemporaryDirectory(prefix="stockplan-") as scratch:
            result = made_again(chosen, lake, settings(), Path(scratch))
    _tell_reproduction(result)


def diff(
    first: Annotated[str, typer.Argument(help="Release id of the one before.")],
    second: Annotated[str, typer.Argument(help="Release id of the one after.")],
    table: Annotated[str | None, typer.Option(help="One table alone, with its largest changes.")] = None,
    key: Annotated[
        list[str] | None, typer.Option("--key", help="COLUMN=VALUE; only rows that have it. Repeatable.")
    ] = None,
    limit: Annotated[int, typer.Option(min=1, help="Changes shown per table.")] = 10,
    form: Annotated[Literal["text", "json"], typer.Option("--format", help="Form.")] = "text",
    out: Out = None,
) -> None:
    """Say what changed between two releases: inputs, settings, code, and every table row by row."""
    from orchestration.evidence.releases.changes import release_changes
    from orchestration.evidence.trace.tracing import parsed_key

    lake = _lake()
    found = release_changes(
        _release(lake, first), _release(lake, second), table, parsed_key(key or []), limit
    )
    if form == "json":
        _tell(json.dumps(found.to_json(), indent=2, ensure_ascii=False) + "\n", out)
        return
    if out is not None:
        raise StockplanError("--out writes the JSON form; add --format json")
    _tell_changes(found, is_whole=table is None)


def bundle(
    release: Annotated[str | None, typer.Argument(help="Release id; without it the current one.")] = None,
    out: Out = None,
    verify: Annotated[
        Path | None, typer.Option("--verify", help="Check this bundle instead of writing one.")
    ] = None,
) -> None:
    """Write a release's evidence into one file: manifest, checks, decisions, ledger, hashes. Or check one."""
    from orchestration.evidence.releases.bundle import verify_bundle, write_bundle

    if verify is not None:
        report = verify_bundle(verify)
        if report.faults:
            raise StockplanError(
                f"{verify} is NOT intact ({len(report.faults)} faults):\n"
                + "\n".join(f"  {fault}" for fault in report.faults)
            )
        console.print(
            f"{verify} is intact: {report.n_files} files of {report.release_id} have the hash of the index, "
            f"and the ledger's {report.n_events:,} events are one chain up to head {report.head}"
        )
        return
    if out is None:
        raise StockplanError("name the file to write with --out FILE.zip, or the one to check with --verify")
    lake = _lake()
    chosen = _release(lake, release)
    digest = write_bundle(chosen, lake, out)
    console.print(f"Wrote the evidence of {chosen.release_id} to {out} (sha256 {digest})")


def _column_and_key(table: str, arguments: list[str]) -> tuple[str | None, dict[str, str]]:
    """`ITEM LOCATION` of a table of item-locations, or `[COLUMN] KEY=VALUE …`."""
    from orchestration.evidence.trace.tracing import parsed_key

    plain = [one for one in arguments if "=" not in one]
    named = [one for one in arguments if "=" in one]
    if len(plain) == 2 and not named:
        if table not in _PAIR_TABLES:
            raise StockplanError(
                f"a row of {table} is named by its key: stockplan trace {table} [COLUMN] KEY=VALUE …"
            )
        return None, {"item_id": plain[0], "location_id": plain[1]}
    if len(plain) > 1 or not named:
        raise StockplanError(
            f"say which row: stockplan trace {table} [COLUMN] KEY=VALUE …, or for a policy: stockplan trace "
            "policy ITEM LOCATION"
        )
    return (plain[0] if plain else None), parsed_key(named)


def _formed(found: dict[str, Any], form: str) -> str:
    from orchestration.evidence.trace.page import as_html, as_text

    if form == "json":
        return json.dumps(found, indent=2, ensure_ascii=False) + "\n"
    return as_html(found) if form == "html" else as_text(found)


def _tell(text: str, out: Path | None) -> None:
    if out is None:
        typer.echo(text, nl=False)
        return
    from orchestration.lake.parquet import write_text

    write_text(text, out)
    console.print(f"Wrote {out}")


def _tell_reproduction(result: Reproduction) -> None:
    if result.is_equal:
        console.print(
            f"[bold green]Equal:[/bold green] all {result.n_tables} tables of {result.release_id} have the "
            "hash that its manifest states"
        )
        return
    for name in result.borders:
        console.print(f"  between dbt and the science: {name} is another file")
    for one in result.differing:
        _tell_table(one)
    told = [f"{name} was not made again" for name in result.missing]
    told += [f"{name} is new" for name in result.extra]
    raise StockplanError(
        f"NOT equal: {len(result.differing)} of {result.n_tables} tables of {result.release_id} have another "
        "hash" + "".join(f"; {one}" for one in told)
    )


def _tell_changes(found: ReleaseChanges, is_whole: bool) -> None:
    console.print(f"[bold]{found.before}[/bold] → [bold]{found.after}[/bold]")
    told = [str(one) for one in found.circumstances]
    if any(one.startswith("input business date") for one in told):
        # Another day brings other content in every table: that they differ says nothing.
        n_tables = sum(one.startswith("input table ") for one in told)
        told = [one for one in told if not one.startswith("input table ")]
        told.append(f"input tables: {n_tables} of another day (each with --format json)")
    for line in told:
        console.print(f"  {_plain(line)}")
    changed = [one for one in found.tables if not one.is_same]
    if is_whole:
        print_table(
            f"{len(changed)} of {len(found.tables)} tables changed",
            ["table", "rows", "added", "removed", "changed", "columns changed most"],
            [
                (
                    one.table,
                    one.rows_after,
                    one.added,
                    one.removed,
                    one.changed,
                    ", ".join(f"{name} {n:,}" for name, n in list(one.columns.items())[:3]),
                )
                for one in changed
            ],
        )
    for name in found.only_before:
        console.print(f"  {name} is gone")
    for name in found.only_after:
        console.print(f"  {name} is new")
    if not is_whole:
        for changes in found.tables:
            _tell_table(changes)


def _tell_table(one: TableChanges) -> None:
    if one.is_same:
        console.print(f"{one.table}: nothing changed")
        return
    console.print(
        f"[bold]{one.table}[/bold]: {one.added:,} rows added, {one.removed:,} removed, "
        f"{one.changed:,} changed"
    )
    for name, n in one.columns.items():
        console.print(f"  {name}: {n:,} rows")
    for row in one.top[:_DIFFERENCES_SHOWN] if one.ranked_by is None else one.top:
        told = " ".join(
            f"{name}: {value[0]} → {value[1]}" if isinstance(value, list) else f"{name}={value}"
            for name, value in row.items()
        )
        console.print(f"    {_plain(told)}")
    for word, rows in (("added", one.added_keys), ("removed", one.removed_keys)):
        for row in rows[:_DIFFERENCES_SHOWN]:
            console.print(f"    {word}: {_plain(' '.join(f'{name}={value}' for name, value in row.items()))}")


def _plain(text: str) -> str:
    """Text of the data as it stands: rich's markup in it means nothing."""
    return text.replace("[", "\\[")


def _lake() -> Lake:
    from orchestration.lake.paths import Lake

    return Lake(settings().home.resolve())


def _release(lake: Lake, release_id: str | None) -> Release:
    """Read one manifest alone: a shelf of hundreds of releases is not read to find one."""
    from orchestration.publish.shelf import release_named

    return release_named(lake, release_id)
