"""`stockplan doctor`, `ui` and `docs`: the installation itself."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from optimization.errors import StockplanError
from orchestration.cli.console import console, open_pipeline
from orchestration.settings import PROJECT_ROOT


def doctor() -> None:
    """Check versions, folders, disk, settings and dbt; say what to repair."""
    from orchestration.cli.diagnosis import diagnose

    findings = diagnose()
    for finding in findings:
        mark = "[green]ok[/green]  " if finding.is_ok else "[red]bad[/red] "
        console.print(f"{mark} {finding.subject:<16} {finding.found}")
        if not finding.is_ok:
            console.print(f"     repair: {finding.repair}")
    bad = sum(not finding.is_ok for finding in findings)
    if bad:
        console.print(f"\n{bad} to repair.")
        raise typer.Exit(1)
    console.print("\nAll is well. Next: stockplan run")


def ui(
    port: Annotated[int, typer.Option(help="Port on the loopback address.")] = 3000,
    daemon: Annotated[bool, typer.Option(help="Also run schedule and sensors.")] = True,
) -> None:
    """Serve Dagster on loopback, with the history of every run."""
    from orchestration.run import open_instance

    with open_instance(open_pipeline()):
        pass
    command = ["dagster", "dev"] if daemon else ["dagster_webserver"]
    workspace = PROJECT_ROOT / "workspace.yaml"
    console.print(f"Dagster on http://127.0.0.1:{port} (stop it with Ctrl-C)")
    os.chdir(PROJECT_ROOT)
    # Dagster takes this process's place, so that whoever stops the command stops Dagster.
    os.execv(  # noqa: S606 - our own interpreter and arguments
        sys.executable,
        [sys.executable, "-m", *command, "-h", "127.0.0.1", "-p", str(port), "-w", str(workspace)],
    )


def docs(out: Annotated[Path, typer.Option(help="Folder to write.")] = Path("var/docs")) -> None:
    """Write dbt's documentation as one HTML file that needs no server."""
    from dbt.cli.main import dbtRunner

    from orchestration.evidence.lineage.formulas import with_formulas
    from orchestration.project import dbt_project

    out.mkdir(parents=True, exist_ok=True)
    os.environ["STOCKPLAN_WORK"] = str(out.resolve())
    folder = str(dbt_project.project_dir)
    flags = ["--project-dir", folder, "--profiles-dir", folder, "--target-path", str(out.resolve())]
    parsed = dbtRunner().invoke(["--quiet", "parse", *flags])
    if not parsed.success:
        raise StockplanError(f"dbt cannot parse {folder}: {parsed.exception}")
    runner = dbtRunner(manifest=with_formulas(parsed.result))
    done = runner.invoke(["--quiet", "docs", "generate", "--static", "--empty-catalog", *flags])
    if not done.success:
        raise StockplanError(f"dbt could not write its documentation: {done.exception}")
    console.print(f"Open {out}/static_index.html")
