"""Decisions in Dagster: a job of one step, to be started from its launchpad; no asset, no business date."""

from datetime import date
from typing import TYPE_CHECKING

import dagster as dg
from pydantic import Field

from optimization.errors import StockplanError
from orchestration.defs.resources import Pipeline

if TYPE_CHECKING:
    from orchestration.evidence.decisions.desk import DecisionDesk
    from orchestration.lake.ledger import Event


class PolicyDecisionConfig(dg.Config):
    """One decision, as the command line takes it.

    `action`: approve, reject, withdraw, end-override (of `change_ids`), propose, override (levels of
    `item_id` at `location_id`), review-done, approve-plan or reject-plan (of `plan_version`). `actor` is
    who decides, by name: Dagster does not know who is at the launchpad.
    """

    action: str
    actor: str
    comment: str
    change_ids: list[str] = Field(default_factory=list)
    item_id: str = ""
    location_id: str = ""
    reorder_point_units: float | None = None
    order_up_to_units: float | None = None
    owner: str = ""
    expires_date: str = ""
    plan_version: str = ""


_OF_CHANGES = {
    "approve": "approved",
    "reject": "rejected",
    "withdraw": "withdrawn",
    "end-override": "override_ended",
}
_OF_PLANS = {"approve-plan": "approved", "reject-plan": "rejected"}


@dg.op(description="Write one decision about policies into the ledger, or refuse it with the rule it breaks.")
def decide_policy(
    context: dg.OpExecutionContext, config: PolicyDecisionConfig, pipeline: dg.ResourceParam[Pipeline]
) -> None:
    """Write the decision, or fail with what the command line would say."""
    try:
        _decide(context, config, pipeline)
    except (StockplanError, ValueError) as refusal:
        raise dg.Failure(str(refusal), allow_retries=False) from refusal


def _decide(context: dg.OpExecutionContext, config: PolicyDecisionConfig, pipeline: Pipeline) -> None:
    from orchestration.evidence.decisions.desk import DecisionDesk

    if not config.actor.strip() or not config.comment.strip():
        raise StockplanError("name who decides in actor, and why in comment; nothing was written")
    desk = DecisionDesk(
        pipeline.lake, pipeline.ledger, pipeline.settings.governance.parameters(), pipeline.now
    )
    if config.action in _OF_CHANGES:
        if not config.change_ids:
            raise StockplanError("change_ids names no change; nothing was written")
        events = _of_changes(context, config, desk)
    elif config.action in _OF_PLANS:
        decision = _OF_PLANS[config.action]
        events = [desk.decide_plan(config.plan_version, decision, config.comment, config.actor)]
    elif config.action == "review-done":
        events = [desk.complete_review(None, config.comment, config.actor)]
    elif config.action in ("propose", "override"):
        events = [_asked(config, desk)]
    else:
        known = (*_OF_CHANGES, *_OF_PLANS, "review-done", "propose", "override")
        raise StockplanError(f"action {config.action!r} is none of {', '.join(known)}; nothing was written")
    for event in events:
        _log(context, event)


def _of_changes(
    context: dg.OpExecutionContext, config: PolicyDecisionConfig, desk: "DecisionDesk"
) -> "list[Event]":
    """Decide each change for itself; those that are refused fail the step after the others are written."""
    events, refused = [], []
    for one in config.change_ids:
        try:
            events.append(desk.decide(one, _OF_CHANGES[config.action], config.comment, config.actor))
        except StockplanError as fault:
            refused.append(f"{one}: {fault}")
    if refused:
        for event in events:
            _log(context, event)
        raise StockplanError(
            f"{len(events)} of {len(config.change_ids)} were written; refused:\n" + "\n".join(refused)
        )
    return events


def _log(context: dg.OpExecutionContext, event: "Event") -> None:
    context.log.info(
        f"{event.event_type} {event.subject} by {event.actor}: event {event.seq}, counts from business "
        f"date {event.business_date} on"
    )


def _asked(config: PolicyDecisionConfig, desk: "DecisionDesk") -> "Event":
    if config.reorder_point_units is None or config.order_up_to_units is None:
        raise StockplanError("name reorder_point_units and order_up_to_units; nothing was written")
    pair, levels = (
        (config.item_id, config.location_id),
        (config.reorder_point_units, config.order_up_to_units),
    )
    if config.action == "propose":
        return desk.propose(*pair, levels, config.comment, config.actor)
    try:
        expires = date.fromisoformat(config.expires_date)
    except ValueError as error:
        raise StockplanError(
            f"expires_date {config.expires_date!r} is no date; write it as 2024-01-31. Nothing was written"
        ) from error
    return desk.override(*pair, levels, config.comment, config.owner or config.actor, expires, config.actor)


@dg.job(
    name="policy_decision",
    description="Approve, reject, propose or override policies from the launchpad; the ledger holds it.",
    executor_def=dg.in_process_executor,
    tags={"owner": "inventory-planning"},
)
def policy_decision() -> None:
    """One step; the next release makes the decision effective."""
    decide_policy()
