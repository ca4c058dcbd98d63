"""The command line: one module per subject, and the one place where known errors become messages."""

from __future__ import annotations

import signal
import sys
import traceback
import warnings

import typer

from optimization.errors import StockplanError
from orchestration.cli import (
    allocation,
    audit,
    db,
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
    service,
    serving,
    shortage,
    validate,
)
from orchestration.outcomes import BY_CODE, Code, code_of
from orchestration.process_limits import limit_process

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
app.command("serving")(serving.serving)
app.command("rollback")(serving.rollback)
app.add_typer(db.db, name="db")
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
app.command("ui")(service.ui)
app.command("daemon")(service.daemon)
app.command("upkeep")(service.upkeep)
app.command("docs")(serve.docs)


def main() -> None:
    """Run the command; an error becomes one message and the exit code of its reason."""
    limit_process()
    # What may change in Dagster's next minor version is the developer's business, not the operator's.
    warnings.filterwarnings("ignore", message=".*is currently in beta")
    # A service manager stops a command as Ctrl-C does: what it has started ends with it.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        app()
    except Exception as error:
        sys.exit(tell_error(error))


def tell_error(error: Exception) -> int:
    """Print what went wrong, with its reason code, on the error stream; return the exit code.

    Only a fault that nobody foresaw shows its traceback.
    """
    outcome = BY_CODE[code_of(error)]
    if outcome.code == Code.INTERNAL:
        traceback.print_exception(error)
    if isinstance(error, StockplanError):
        # Its message says what to do.
        told = f"{error}"
    else:
        told = f"{type(error).__name__}: {error}\n{outcome.meaning} {outcome.next_step}"
    typer.secho(f"\n{told}\nReason: {outcome.code}", fg=typer.colors.RED, err=True)
    return outcome.exit_code
