"""`stockplan ui`, `daemon` and `upkeep`: what runs as long as the machine does, and what looks after it."""

from __future__ import annotations

import ipaddress
import os
import sys
from collections.abc import Sequence
from typing import Annotated, NoReturn

import typer

from orchestration.cli.console import console, open_pipeline, settings
from orchestration.outcomes import Code, ConfigurationError, exit_code_of
from orchestration.production_settings import WebSettings
from orchestration.settings import PROJECT_ROOT

_WORKSPACE = PROJECT_ROOT / "workspace.yaml"


def ui(
    port: Annotated[int, typer.Option(help="Port to listen at.")] = 3000,
    host: Annotated[
        str | None, typer.Option(help="Address to listen at; without it web.host of the settings.")
    ] = None,
    daemon: Annotated[bool, typer.Option(help="Also run schedule and sensors.")] = True,
    read_only: Annotated[
        bool, typer.Option("--read-only", help="For auditors: nothing can be started or changed.")
    ] = False,
) -> None:
    """Serve Dagster, with the history of every run; on this machine alone unless the settings allow more."""
    where = listening_host(host, settings().web)
    if read_only:
        from orchestration.upkeep.dagster_home import prepare_dagster_home

        prepare_dagster_home(settings())
        command = ["dagster_webserver", "--read-only"]
    else:
        _start_up()
        command = ["dagster", "dev"] if daemon else ["dagster_webserver"]
    console.print(f"Dagster on http://{where}:{port} (stop it with Ctrl-C)")
    _become([*command, "-h", where, "-p", str(port), "-w", str(_WORKSPACE)])


def daemon() -> None:
    """Run schedule and sensors without a web server, as a service does."""
    _start_up()
    _become(["dagster._daemon", "run", "-w", str(_WORKSPACE)])


def upkeep() -> None:
    """Mend what died, take decisions from the database, remove what is old, tell of an overdue release.

    For cron, where the service does not run: the exit code is RELEASE_LATE's when a release is overdue, else
    that of the first part that failed; a part that fails keeps no other back.
    """
    from orchestration.run import end_lost_runs, open_instance
    from orchestration.upkeep.round import clean, mend, watch_due

    pipeline = open_pipeline(actor="upkeep")
    mended = mend(pipeline.settings, pipeline.now)
    for told in mended.told:
        console.print(f"  {told}", markup=False)
    with open_instance(pipeline) as instance:
        for told in end_lost_runs(pipeline, instance):
            console.print(f"  {told}")
        removed = clean(instance, pipeline.settings)
    console.print(
        f"Removed what is older than {pipeline.settings.dagster.keep_run_days} days: {removed.runs:,} runs, "
        f"{removed.alerts:,} alerts, {removed.tracebacks:,} tracebacks; {removed.freed_bytes / 1e6:,.1f} MB "
        "of Dagster's files given back."
    )
    late = watch_due(pipeline.settings)
    if late is not None:
        console.print(f"[red]{late.message}.[/red]")
        raise typer.Exit(exit_code_of(late.reason_code))
    if mended.code != Code.OK:
        raise typer.Exit(exit_code_of(mended.code))


def listening_host(host: str | None, web: WebSettings) -> str:
    """Return where the web server may listen.

    Raises `ConfigurationError` for an address that others can reach unless `web.allow_remote` is set: it
    has no log-in, and whoever reaches it can start runs.
    """
    where = host or web.host
    if not is_loopback(where) and not web.allow_remote:
        raise ConfigurationError(
            f"{where} can be reached from other machines, and Dagster's web server has no log-in. Leave it "
            "on 127.0.0.1 behind a proxy that has one; if it must listen there, set web.allow_remote"
        )
    return where


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach an address.

    >>> is_loopback("127.0.0.1"), is_loopback("::1"), is_loopback("0.0.0.0"), is_loopback("ims.example")
    (True, True, False, False)
    """
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _start_up() -> None:
    """Make Dagster's home ready, and end what a service that was killed left behind."""
    from orchestration.run import end_lost_runs, open_instance

    pipeline = open_pipeline()
    with open_instance(pipeline) as instance:
        for told in end_lost_runs(pipeline, instance):
            console.print(f"  {told}")


def _become(arguments: Sequence[str]) -> NoReturn:
    """Let Dagster take this process's place, so that whoever stops the command stops Dagster."""
    os.chdir(PROJECT_ROOT)
    sys.stdout.flush()
    os.execv(  # noqa: S606 - our own interpreter and arguments
        sys.executable, [sys.executable, "-m", *arguments]
    )
