"""`stockplan policy`: what waits for a decision, and the decisions, up to approval by somebody else."""

from __future__ import annotations

import getpass
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from optimization.errors import StockplanError
from orchestration.cli.allocation import clock_of
from orchestration.cli.console import console, open_pipeline, print_table

if TYPE_CHECKING:
    from orchestration.evidence.decisions.desk import DecisionDesk
    from orchestration.lake.ledger import Event

policy = typer.Typer(
    help="Policies: what waits for approval, what people propose, override, approve and review.",
    no_args_is_help=True,
)

Item = Annotated[str, typer.Argument(help="Item id.")]
Location = Annotated[str, typer.Argument(help="Location id.")]
Actor = Annotated[str | None, typer.Option(help="Who decides; else the system's user.")]
Comment = Annotated[str, typer.Option(help="Why; it is kept with the decision.")]
Reason = Annotated[str, typer.Option(help="Why; it is kept with the change.")]
Point = Annotated[float | None, typer.Option(min=0, help="Reorder point, units.")]
Level = Annotated[float | None, typer.Option(min=0, help="Order-up-to level, units.")]
Ids = Annotated[list[str] | None, typer.Argument(help="Ids of changes that wait; see: policy pending.")]
_DAY = ["%Y-%m-%d"]


@policy.command("pending")
def pending() -> None:
    """List what waits for a decision, the most money first, and the overrides that hold."""
    desk = open_desk()
    waiting = sorted(
        desk.standing.pending.values(), key=lambda one: (-abs(desk.value_of(one) or 0.0), one.change_id)
    )
    if not waiting:
        console.print("Nothing waits for a decision.")
    else:
        rows = [
            [
                one.change_id, one.kind, one.item_id, one.location_id, *_or_blank(one.old), *one.new,
                desk.value_of(one), "approval" if desk.needs_approval(one) else "nothing", one.author,
                one.waits_until.date(), one.reason,
            ]
            for one in waiting
        ]  # fmt: skip
        names = ["change", "kind", "item", "location", "old s", "old S", "new s", "new S", "value"]
        print_table("Changes that wait", [*names, "needs", "author", "until", "reason"], rows)
        console.print(
            f"Value: of S at cost. A person's change takes effect by rule up to {desk.value_limit:,.0f}."
        )
        console.print("Decide with: stockplan policy approve|reject ID … --comment …, not as their author")
    holding = sorted(desk.standing.active.values(), key=lambda one: (one.item_id, one.location_id))
    if holding:
        rows = [
            [one.change_id, one.item_id, one.location_id, *one.new, one.owner, one.ends.date(), one.reason]
            for one in holding
            if one.ends is not None
        ]
        names = ["override", "item", "location", "s", "S", "owner", "until", "reason"]
        print_table("Overrides that hold", names, rows)


@policy.command("history")
def history(
    item: Annotated[str | None, typer.Argument(help="Item id; without it all.")] = None,
    location: Annotated[str | None, typer.Argument(help="Location id; without it all.")] = None,
    limit: Annotated[int, typer.Option(min=1, help="Rows to show.")] = 30,
) -> None:
    """Show who decided what, newest first, and whether it counted."""
    from optimization.contracts.approval_tables import APPROVAL
    from optimization.contracts.rows import records_of
    from orchestration.evidence.decisions.events import read_policy_events

    desk = open_desk()
    told = desk.table("approval", APPROVAL)
    rows = {str(row["event_id"]): row for row in records_of(told)}
    since = records_of(read_policy_events(desk.ledger, None).events)
    for event in since:
        new = {"decided_what": event["policy_decision"], "subject": event["change_id"]}
        rows.setdefault(str(event["event_id"]), event | new | {"is_effective": None})
    wanted = [
        row
        for row in rows.values()
        if item in (None, row.get("item_id")) and location in (None, row.get("location_id"))
    ]
    if not wanted:
        console.print("Nobody has decided anything about this yet.")
        return
    wanted.sort(key=lambda row: -int(row["ledger_seq"]))
    names = ["event", "at", "what", "subject", "item", "location", "actor", "counts", "why not", "comment"]
    shown = [
        [
            row["ledger_seq"], f"{row['event_at']:%Y-%m-%d %H:%M}", row["decided_what"], row["subject"],
            row.get("item_id"), row.get("location_id"), row["actor"], _counts(row.get("is_effective")),
            row.get("refusal_reason"), row.get("comment") or row.get("reason"),
        ]
        for row in wanted[:limit]
    ]  # fmt: skip
    print_table(f"Decisions, {len(shown):,} of {len(wanted):,}", names, shown)


@policy.command("propose")
def propose(
    item: Item,
    location: Location,
    reason: Reason,
    reorder_point: Point = None,
    order_up_to: Level = None,
    as_of_release: Annotated[
        str | None, typer.Option(help="Propose the levels of this release: a way back.")
    ] = None,
    actor: Actor = None,
) -> None:
    """Propose levels; within the limits they count by rule, else somebody else has to approve them."""
    desk = open_desk()
    levels = (reorder_point, order_up_to)
    if as_of_release is not None:
        if levels != (None, None):
            raise StockplanError("name levels or a release, not both; nothing was written")
        levels = desk.levels_at(as_of_release, item, location)
    if levels[0] is None or levels[1] is None:
        raise StockplanError("name both --reorder-point and --order-up-to, or --as-of-release")
    event = desk.propose(item, location, (levels[0], levels[1]), reason, _who(actor))
    _told(desk, event, f"Proposed {event.payload['change_id']}: {levels[0]:g} / {levels[1]:g}")
    _told_limit(desk, str(event.payload["change_id"]))


@policy.command("override")
def override(
    item: Item,
    location: Location,
    reorder_point: Annotated[float, typer.Option(min=0, help="Reorder point to pin, units.")],
    order_up_to: Annotated[float, typer.Option(min=0, help="Order-up-to level to pin, units.")],
    expires: Annotated[datetime, typer.Option(formats=_DAY, help="Last day on which it holds.")],
    reason: Reason,
    owner: Annotated[str | None, typer.Option(help="Who answers for it; else who pins it.")] = None,
    actor: Actor = None,
) -> None:
    """Pin levels against the calculation until a day; above the value limit somebody else approves it."""
    desk, who = open_desk(), _who(actor)
    event = desk.override(
        item, location, (reorder_point, order_up_to), reason, owner or who, expires.date(), who
    )
    _told(desk, event, f"Override {event.payload['change_id']}: {reorder_point:g} / {order_up_to:g}")
    _told_limit(desk, str(event.payload["change_id"]))


@policy.command("end-override")
def end_override(
    override_id: Annotated[str, typer.Argument(help="Id of the override.")],
    comment: Comment,
    actor: Actor = None,
) -> None:
    """End an override before its day; what it replaced is back with the next release."""
    desk = open_desk()
    _told(desk, desk.decide(override_id, "override_ended", comment, _who(actor)), f"Ended {override_id}")


@policy.command("approve")
def approve(
    comment: Comment,
    ids: Ids = None,
    all_below: Annotated[
        float | None, typer.Option(min=0, help="All that wait and are worth no more than this, at cost.")
    ] = None,
    actor: Actor = None,
) -> None:
    """Approve changes that somebody else, or the calculation, has proposed."""
    _decide_all("approved", ids, all_below, comment, actor)


@policy.command("reject")
def reject(comment: Comment, ids: Ids = None, actor: Actor = None) -> None:
    """Reject changes; the calculation does not propose the same again for a review cycle."""
    _decide_all("rejected", ids, None, comment, actor)


@policy.command("withdraw")
def withdraw(comment: Comment, ids: Ids = None, actor: Actor = None) -> None:
    """Take back what you have proposed yourself."""
    _decide_all("withdrawn", ids, None, comment, actor)


@policy.command("review-done")
def review_done(
    comment: Comment,
    on: Annotated[datetime | None, typer.Option(formats=_DAY, help="Day of the review; else today.")] = None,
    actor: Actor = None,
) -> None:
    """Tell that the policies were reviewed; it completes the earliest open cycle of review_calendar."""
    desk = open_desk()
    event = desk.complete_review(on.date() if on else None, comment, _who(actor))
    _told(desk, event, f"Review of {event.payload['completed_date']} is completed")


@policy.command("approve-plan")
def approve_plan(
    version: Annotated[str, typer.Argument(help="Version of the demand plan.")],
    comment: Comment,
    is_rejected: Annotated[bool, typer.Option("--reject", help="Reject it instead.")] = False,
    actor: Actor = None,
) -> None:
    """Approve (or reject) a version of the demand plan that somebody else has submitted."""
    desk = open_desk()
    decision = "rejected" if is_rejected else "approved"
    event = desk.decide_plan(version, decision, comment, _who(actor))
    _told(desk, event, f"{decision.capitalize()} demand plan {version}")


@policy.command("import")
def import_file(
    file: Annotated[Path, typer.Argument(help="Workbook with a sheet decisions, or a CSV of its columns.")],
    actor: Actor = None,
) -> None:
    """Write the decisions filled in on the workbook into the ledger; a second time changes nothing."""
    from orchestration.evidence.decisions.files import import_decisions

    found = import_decisions(file, open_desk(), _who(actor))
    for one in found.results:
        console.print(f"  row {one.row_number}: {one.state}: {one.told}", markup=False)
    counts = {state: found.count(state) for state in ("written", "unchanged", "refused")}
    console.print(", ".join(f"{count:,} {state}" for state, count in counts.items()) + ".")
    if not counts["written"]:
        console.print("Nothing was changed.")
    if counts["refused"]:
        raise typer.Exit(code=1)


def _decide_all(
    decision: str, ids: list[str] | None, all_below: float | None, comment: str, actor: str | None
) -> None:
    desk = open_desk()
    chosen = list(dict.fromkeys(ids or []))
    if all_below is not None:
        values = {one.change_id: desk.value_of(one) for one in desk.standing.pending.values()}
        chosen += [
            one
            for one, value in sorted(values.items())
            if value is not None and abs(value) <= all_below and one not in chosen
        ]
    if not chosen:
        raise StockplanError("name the changes by their ids; see what waits with: stockplan policy pending")
    refused = []
    for change_id in chosen:
        try:
            event = desk.decide(change_id, decision, comment, _who(actor))
        except StockplanError as fault:
            refused.append(f"{change_id}: {fault}")
            continue
        _told(desk, event, f"{decision.capitalize()} {change_id}")
    if refused:
        raise StockplanError("\n".join(refused))


def _told(desk: DecisionDesk, event: Event, what: str) -> None:
    console.print(f"[bold green]{what}[/bold green] by {event.actor} (event {event.seq}).")
    next_day = desk.base.as_of + timedelta(days=1)
    if event.business_date <= next_day:
        console.print(f"It counts with the next run: stockplan run --date {next_day}")
        return
    console.print(
        f"It counts from business date {event.business_date} on; the current release is of "
        f"{desk.base.as_of}, and runs of dates between them do not see it."
    )


def _told_limit(desk: DecisionDesk, change_id: str) -> None:
    change = desk.standing.pending[change_id]
    value = desk.value_of(change)
    worth = "" if value is None else f"It is worth {value:,.2f} at cost. "
    if not desk.needs_approval(change):
        console.print(f"{worth}Up to {desk.value_limit:,.0f} it takes effect by that rule, without approval.")
        return
    console.print(
        f"{worth}Above {desk.value_limit:,.0f} somebody else decides: stockplan policy approve {change_id}"
    )


def open_desk() -> DecisionDesk:
    """The desk of the installation, as the command line opens it."""
    from orchestration.evidence.decisions.desk import DecisionDesk

    pipeline = open_pipeline()
    return DecisionDesk.of(pipeline.settings, clock_of(pipeline))


def _who(actor: str | None) -> str:
    return actor or getpass.getuser()


def _or_blank(levels: tuple[float, float]) -> list[float | None]:
    return [None if value != value else value for value in levels]


def _counts(is_effective: object) -> str:
    return "with the next release" if is_effective is None else "yes" if is_effective else "no"
