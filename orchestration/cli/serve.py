"""`stockplan doctor` and `docs`: the installation itself."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from optimization.errors import StockplanError
from orchestration.cli.console import console
from orchestration.outcomes import Code, exit_code_of


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
        is_installed = all(one.is_ok for one in findings if one.subject in ("python", "packages"))
        raise typer.Exit(exit_code_of(Code.REQUEST_REFUSED if is_installed else Code.ENVIRONMENT))
    console.print("\nAll is well. Next: stockplan run")


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
