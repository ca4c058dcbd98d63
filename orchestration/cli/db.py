"""`stockplan db`: the serving database's schema and its state, and who may use it."""

from __future__ import annotations

from typing import Annotated

import typer

from orchestration.cli import people
from orchestration.cli.administrator import UrlFile, as_administrator
from orchestration.cli.console import console, open_pipeline, print_table

db = typer.Typer(
    help="The serving database: make its schema, look at it, let people in.", no_args_is_help=True
)


@db.command("init")
def init(url_file: UrlFile = None) -> None:
    """Make the schema, or bring it to this version; readers wait while it works."""
    from orchestration.publish.serving.schema import init as make_schema

    with as_administrator(url_file) as connection:
        changed = make_schema(connection)
    console.print(
        f"Applied: {', '.join(changed)}" if changed else "The schema is of this version; nothing changed."
    )


@db.command("check")
def check(
    url_file: UrlFile = None,
    rows: Annotated[
        bool,
        typer.Option("--rows", help="Also read every row of the current release back."),
    ] = False,
) -> None:
    """Look at objects, rights, comments, releases and the pointer; exit code 1 when something is wrong."""
    from orchestration.publish.serving.checking import check_database
    from orchestration.publish.serving.read_back import read_back
    from orchestration.publish.shelf import release_named

    pipeline = open_pipeline()
    with as_administrator(url_file) as connection:
        findings = check_database(connection, pipeline.lake)
        if rows:
            release = release_named(pipeline.lake, None)
            with console.status("") as status:
                findings += read_back(
                    connection, release, pipeline.ledger, lambda table: status.update(f"reading {table} back")
                )
    print_table(
        "The serving database",
        ["what", "", "found", "repair"],
        [
            (one.subject, "ok" if one.is_ok else "wrong", one.found, "" if one.is_ok else one.repair)
            for one in findings
        ],
    )
    if not all(one.is_ok for one in findings):
        raise typer.Exit(1)


db.command("user")(people.user)
db.command("decisions")(people.decisions)
