"""`stockplan db user` and `db decisions`: who may use the serving database, and what people decided there."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from optimization.errors import StockplanError
from orchestration.cli.administrator import UrlFile, as_administrator
from orchestration.cli.console import console, settings

_PASSWORD = "STOCKPLAN_LOGIN_PASSWORD"  # noqa: S105 - the name of a variable


def user(
    login: Annotated[str, typer.Argument(help="Name of the login; it is who acts, in every decision.")],
    role: Annotated[
        list[str] | None, typer.Option(help="reader, planner, manager, auditor or publisher; may come again.")
    ] = None,
    region: Annotated[
        list[str] | None, typer.Option(help="Region that it sees, * for all; may come again.")
    ] = None,
    password_file: Annotated[
        Path | None,
        typer.Option(help=f"File with its password, which only you may read; else {_PASSWORD}, if set."),
    ] = None,
    is_removed: Annotated[bool, typer.Option("--remove", help="Take everything from it instead.")] = False,
    url_file: UrlFile = None,
) -> None:
    """Give a login exactly these roles and regions; make it if there is none."""
    from orchestration.publish.serving.logins import admit, remove
    from orchestration.secret_file import read_secret

    if is_removed and (role or region):
        raise StockplanError("--remove takes every role and region; name none")
    password = (
        read_secret(password_file, "--password-file") if password_file else os.environ.get(_PASSWORD) or None
    )
    with as_administrator(url_file) as connection:
        if is_removed:
            remove(connection, login)
            console.print(f"{login} has no role and no region any more, and cannot log in.", markup=False)
            return
        admitted = admit(
            connection,
            login,
            role or [],
            region or [],
            password=password,
            statement_timeout_seconds=settings().serving.reader_statement_timeout_seconds,
        )
    seen = f", sees {', '.join(sorted(region))}" if region else ""
    console.print(f"{login} is {', '.join(role or [])}{seen}.", markup=False)
    for note in admitted.notes:
        console.print(f"  note: {note}", markup=False)


def decisions() -> None:
    """Take what people asked and decided in the database into the ledger; a second time changes nothing."""
    from orchestration.cli.policy import open_desk
    from orchestration.evidence.decisions.database import take_decisions

    n_written = n_refused = 0
    for one in take_decisions(open_desk(), settings().serving):
        console.print(f"  {one}", markup=False)
        n_written += one.state == "written"
        n_refused += one.state == "refused"
    console.print(f"{n_written:,} written, {n_refused:,} refused; each is told in decide.answer.")
