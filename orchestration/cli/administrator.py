"""The administrator of the serving database: how a command is told of its address, and says which it used."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from orchestration.cli.console import console, settings

if TYPE_CHECKING:
    from psycopg import Connection
    from psycopg.rows import TupleRow

UrlFile = Annotated[
    Path | None,
    typer.Option(
        "--url-file",
        help="A file with the administrator's address, which only you may read. Without it "
        "STOCKPLAN_ADMIN__URL of the environment, then the serving address.",
    ),
]


@contextmanager
def as_administrator(url_file: Path | None) -> Iterator[Connection[TupleRow]]:
    """Give the administrator's connection, and say when it is the publisher's; raises as `administrator`."""
    from orchestration.publish.serving.session import administrator, is_administrator_told

    with administrator(settings().serving, url_file) as connection:
        if not is_administrator_told(url_file):
            console.print("With the serving address: no administrator's was told.", style="dim")
        yield connection
