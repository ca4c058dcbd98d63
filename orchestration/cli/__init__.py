"""The command line: one module per subject, and the one place where known errors become messages."""

from __future__ import annotations

import sys
import warnings
from typing import NoReturn

import typer

from optimization.errors import StockplanError
from orchestration.cli import (
    allocation,
    audit,
    evidence,
    inspect,
    opened,
    overlay,
    plan,
    policy,
    prepare,
    quote,
    reserve,
    retention,
    run,
    scenario,
    serve,
    shortage,
    validate,
)

app = typer.Typer(
    help="Stockplan turns an inventory management system from a book of record into decisions.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)
app.command("run")(run.run)
app.command("backfill")(run.backfill)
app.command("overlay")(overlay.overlay)
app.command("releases")(inspect.releases_command)
app.command("show")(inspect.show)
app.command("charts")(inspect.charts)
app.command("workbook")(opened.workbook)
app.command("report")(opened.report)
allocation.allocation.command("week")(shortage.week)
app.add_typer(allocation.allocation, name="allocation")
app.add_typer(plan.plan, name="plan")
app.add_typer(policy.policy, name="policy")
app.add_typer(scenario.scenario, name="scenario")
app.add_typer(audit.audit, name="audit")
reserve.register(app)
app.command("quote")(quote.quote)
app.command("validate")(validate.validate)
app.command("init")(prepare.init)
app.command("generate")(prepare.generate)
app.command("trace")(evidence.trace)
app.command("reproduce")(evidence.reproduce)
app.command("diff")(evidence.diff)
app.command("bundle")(evidence.bundle)
app.command("retention")(retention.retention)
app.command("doctor")(serve.doctor)
app.command("ui")(serve.ui)
app.command("docs")(serve.docs)


def main() -> None:
    """Run the command; an error that Stockplan knows is one message and exit code 1."""
    # What may change in Dagster's next minor version is the developer's business, not the operator's.
    warnings.filterwarnings("ignore", message=".*is currently in beta")
    try:
        app()
    except StockplanError as error:
        _fail(error)
    except Exception as error:
        # Only who reads the source can raise this one, and only that needs the module.
        from orchestration.ims.connector import SourceError

        if not isinstance(error, SourceError):
            raise
        _fail(error)


def _fail(error: Exception) -> NoReturn:
    typer.secho(f"\n{error}", fg=typer.colors.RED, err=True)
    sys.exit(1)
