"""`stockplan plan`: allocation plans, from proposal to approval by somebody else."""

from __future__ import annotations

import getpass
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from optimization.errors import StockplanError
from orchestration.cli.allocation import clock_of
from orchestration.cli.console import console, open_pipeline, print_table

if TYPE_CHECKING:
    import pandas as pd

    from orchestration.evidence.allocation.plans import Decision

plan = typer.Typer(
    help="Allocation plans: their rules, who proposed and who approved them.", no_args_is_help=True
)

PlanId = Annotated[str, typer.Argument(help="Plan id.")]
Version = Annotated[int, typer.Argument(min=1, help="Version of the plan.")]
Actor = Annotated[str | None, typer.Option(help="Who decides; else the system's user.")]
Comment = Annotated[str, typer.Option(help="Why; it is kept with the decision.")]

# Of a plan's rows what its head tells, and of a rule what comes first.
_OF_THE_PLAN = (
    "plan_id", "plan_version_number", "plan_state", "content_hash", "author", "approver", "decided_at",
    "comment", "reason_code", "effective_from", "effective_to",
)  # fmt: skip
_LEADING = ("rule_rank", "rule_id", "rule_version", "segment_rank", "segment_id", "allocation_strategy")


@plan.command("list")
def list_plans() -> None:
    """List every version of every plan, and the state that the next release will find it in."""
    from orchestration.evidence.allocation.plans import plans_now

    pipeline = open_pipeline()
    plans = plans_now(pipeline.lake, pipeline.ledger)
    if not len(plans):
        console.print("There is no plan yet. Propose one with: stockplan plan propose FILE.yaml")
        return
    by = ["plan_id", "plan_version_number"]
    versions = plans.groupby(by, sort=True).agg(
        state=("plan_state", "first"),
        effective_from=("effective_from", "min"),
        effective_to=("effective_to", "max"),
        rules=("rule_id", "nunique"),
        author=("author", "first"),
        approver=("approver", "first"),
        reason=("reason_code", "first"),
    )
    names = ["plan", "version", *(str(name) for name in versions)]
    print_table("Allocation plans", names, _plain(versions.reset_index()))


@plan.command("show")
def show_plan(
    plan_id: PlanId,
    version: Annotated[int | None, typer.Argument(min=1, help="Version; without it the newest.")] = None,
) -> None:
    """Show the rules of a plan, what was decided of it and why."""
    import pandas as pd

    from orchestration.evidence.allocation.plans import plans_now

    pipeline = open_pipeline()
    plans = plans_now(pipeline.lake, pipeline.ledger)
    rows = plans[plans["plan_id"] == plan_id]
    if len(rows):
        chosen = int(rows["plan_version_number"].max()) if version is None else version
        rows = rows[rows["plan_version_number"] == chosen]
    if not len(rows):
        raise StockplanError(
            f"there is no such plan or version: {plan_id}; list them with: stockplan plan list"
        )
    head = rows.iloc[0]
    approved = f", approved by {head['approver']}" if isinstance(head["approver"], str) else ""
    last = rows["effective_to"].max()
    until = "" if pd.isna(last) else f" to {last:%Y-%m-%d}"
    console.print(
        f"[bold]{plan_id}[/bold] version {head['plan_version_number']} is [bold]{head['plan_state']}[/bold] "
        f"({head['reason_code']}), written by {head['author']}{approved}, content "
        f"{str(head['content_hash'])[:16]}, from {rows['effective_from'].min():%Y-%m-%d}{until}"
    )
    if isinstance(head["comment"], str):
        console.print(f"Last decided {head['decided_at']:%Y-%m-%d %H:%M}: {head['comment']}", markup=False)
    stated = [name for name in rows.columns if name not in _OF_THE_PLAN and rows[name].notna().any()]
    # What every row says alike is said once, so that the rest has room.
    same = [] if len(rows) == 1 else [name for name in stated if rows[name].nunique(dropna=False) == 1]
    columns = [name for name in _LEADING if name in stated and name not in same]
    columns += [name for name in stated if name not in _LEADING and name not in same]
    # Spaces, so that a long name is broken between its words.
    names = [str(name).replace("_", " ") for name in columns]
    in_order = rows.sort_values(["rule_rank", "rule_id", "segment_rank"])
    print_table("Rules", names, _plain(in_order[columns]))
    if same:
        values = _plain(rows[same].head(1))[0]
        told = ", ".join(f"{name} {value}" for name, value in zip(same, values, strict=True))
        console.print(f"In every row: {told}", markup=False)


@plan.command("propose")
def propose_plan(
    file: Annotated[Path, typer.Argument(help="YAML with plan_id, version, effective_from and rules.")],
    actor: Actor = None,
) -> None:
    """Propose a plan, or a new version of one; somebody else has to approve it."""
    from orchestration.evidence.allocation.plans import propose

    pipeline = open_pipeline()
    who = actor or getpass.getuser()
    event = propose(_read_plan_file(file), who, pipeline.lake, pipeline.ledger, clock_of(pipeline))
    version = event.payload["plan_version_number"]
    console.print(
        f"[bold green]Proposed[/bold green] {event.subject} version {version} by {who}, content "
        f"{event.payload['content_hash'][:16]}.\n"
        f"Next, by somebody else: stockplan plan approve {event.subject} {version} --comment …"
    )


@plan.command("approve")
def approve(plan_id: PlanId, version: Version, comment: Comment, actor: Actor = None) -> None:
    """Approve a proposed plan that somebody else wrote."""
    _decide(plan_id, version, "approved", comment, actor)


@plan.command("reject")
def reject(plan_id: PlanId, version: Version, comment: Comment, actor: Actor = None) -> None:
    """Reject a plan; it is no longer applied."""
    _decide(plan_id, version, "rejected", comment, actor)


@plan.command("withdraw")
def withdraw(plan_id: PlanId, version: Version, comment: Comment, actor: Actor = None) -> None:
    """Take a plan back; it is no longer applied."""
    _decide(plan_id, version, "withdrawn", comment, actor)


def _decide(plan_id: str, version: int, decision: Decision, comment: str, actor: str | None) -> None:
    from orchestration.evidence.allocation.plans import decide

    pipeline = open_pipeline()
    who = actor or getpass.getuser()
    event = decide(
        plan_id, version, decision, comment, who, pipeline.lake, pipeline.ledger, clock_of(pipeline)
    )
    console.print(
        f"[bold green]{decision.capitalize()}[/bold green] {plan_id} version {version} by {who}, content "
        f"{event.payload['content_hash'][:16]}; it counts from business date {event.business_date} on."
    )


def _read_plan_file(file: Path) -> Mapping[str, Any]:
    import yaml

    from orchestration.bounded_yaml import read_yaml

    try:
        content = read_yaml(file)
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise StockplanError(f"{file} is not a YAML file that can be read: {error}") from error
    if not isinstance(content, Mapping):
        raise StockplanError(f"{file} holds no plan; write plan_id, version, effective_from and rules")
    return content


def _plain(frame: pd.DataFrame) -> list[list[object]]:
    """Rows as plain values, dates without a time; what is missing is None."""
    import pandas as pd

    days = {
        name: frame[name].dt.date for name in frame if pd.api.types.is_datetime64_any_dtype(frame[name].dtype)
    }
    told = frame.assign(**{str(name): values for name, values in days.items()}).astype(object)
    rows: list[list[object]] = told.where(frame.notna(), None).values.tolist()
    return rows
