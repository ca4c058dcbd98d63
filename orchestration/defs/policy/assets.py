"""Policy: today's calculation beside what the last release before this date made effective."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

import dagster as dg
import pandas as pd

from optimization.contracts.approval_tables import (
    APPROVAL,
    DEMAND_PLAN_EVENT,
    POLICY_CHANGE,
    POLICY_EVENT,
    POLICY_OVERRIDE,
)
from optimization.contracts.inputs import CONSENSUS_PLAN, DEMAND_HISTORY, ITEM_LOCATION, PRICE_BREAK
from optimization.contracts.outputs import (
    FORECAST,
    POLICY,
    POLICY_SCHEDULE,
    PROTECTION_DEMAND,
    SERVICE_CONTROL,
)
from optimization.parameters import PolicyParameters
from orchestration.defs.borders import Told, previous_border, read_borders, write_border
from orchestration.defs.partitions import business_date
from orchestration.defs.resources import Pipeline
from orchestration.defs.science import science_asset
from orchestration.settings import PolicySettings

if TYPE_CHECKING:
    from orchestration.publish.shelf import Release

# What the release before this date has published of decisions, by the name it is published under.
PREVIOUS_DECISIONS = {
    "policy_change": POLICY_CHANGE,
    "approval": APPROVAL,
    "policy_override": POLICY_OVERRIDE,
}
PREVIOUS_COLUMNS = (
    "item_id",
    "location_id",
    "reorder_point_units",
    "order_up_to_units",
    "abc_class",
    "abc_calculated",
    "xyz_class",
    "xyz_calculated",
    "held_change_id",
    "held_reorder_point_units",
    "held_order_up_to_units",
    "held_until_date",
)


def parameters_of(settings: PolicySettings) -> PolicyParameters:
    """Return the settings of the policy as the science's parameters."""
    return PolicyParameters(
        dead_band_share=settings.dead_band_share,
        dead_band_units=settings.dead_band_units,
        auto_approve_value=settings.auto_approve_value,
        max_cover_days=settings.max_cover_days,
        cash_budget=settings.cash_budget,
        final_buy_years=settings.final_buy_years,
        final_buy_salvage_share=settings.final_buy_salvage_share,
        override_cycles=settings.override_cycles,
    )


@science_asset(
    POLICY, POLICY_CHANGE, APPROVAL, POLICY_OVERRIDE, name="policy", group="policy", kinds={"python"}
)
def policy(context: dg.AssetExecutionContext, pipeline: dg.ResourceParam[Pipeline]) -> Iterable[Told]:
    """Size reorder points and order-up-to levels, and decide which changes become effective."""
    from optimization.demand.plan_approval import judged_plans
    from optimization.policy.governed_rows import Before
    from optimization.policy.plan_decisions import with_plan_decisions
    from optimization.policy.planning import planned_policies
    from orchestration.lake.parquet import read_arrow
    from orchestration.publish.shelf import previous_release

    as_of = business_date(context)
    with pipeline.stage("policy") as stage, pipeline.spread(as_of) as spread:
        item_location, demand, price_break, history, control = read_borders(
            pipeline, as_of, ITEM_LOCATION, PROTECTION_DEMAND, PRICE_BREAK, DEMAND_HISTORY, SERVICE_CONTROL
        )
        events, plan_events, consensus = read_borders(
            pipeline, as_of, POLICY_EVENT, DEMAND_PLAN_EVENT, CONSENSUS_PLAN
        )
        before = previous_release(pipeline.lake, as_of)
        if before is not None:
            _prove(pipeline, before)
        last = read_arrow(before.table("policy")) if before else None
        decided = {
            name: previous_border(pipeline, as_of, name, table) for name, table in PREVIOUS_DECISIONS.items()
        }
        rules = pipeline.settings.governance.parameters()
        plan = planned_policies(
            item_location,
            demand,
            Before(
                last.select([name for name in PREVIOUS_COLUMNS if name in last.column_names]).to_pandas()
                if last is not None
                else None,
                **decided,
            ),
            pd.Timestamp(as_of),
            policy_event=events,
            parameters=parameters_of(pipeline.settings.policy),
            rules=rules,
            price_break=price_break,
            demand_history=history,
            service_control=control,
            mapper=spread,
        )
        judged = judged_plans(consensus, plan_events, rules)
        figures = {**plan.report, "previous_release": before.release_id if before else "none"}
        yield from write_border(pipeline, as_of, POLICY, plan.policy, figures)
        yield from write_border(pipeline, as_of, POLICY_CHANGE, plan.policy_change, {})
        approval = with_plan_decisions(plan.approval, plan_events, judged, rules)
        yield from write_border(pipeline, as_of, APPROVAL, approval, {})
        yield from write_border(pipeline, as_of, POLICY_OVERRIDE, plan.policy_override, {})
        changed = int((~plan.policy["change_state"].isin(["none", "within_dead_band"])).sum())
        waiting = int((plan.policy_change["change_state"] == "proposed").sum())
        stage.detail = f"{len(plan.policy):,} policies, {changed:,} changed, {waiting:,} changes wait"


def _prove(pipeline: Pipeline, before: "Release") -> None:
    """Stop the run where the decisions it would go on from are not those that were published."""
    from orchestration.evidence.witnesses import release_faults

    faults = release_faults(before, pipeline.ledger, ("policy", *PREVIOUS_DECISIONS))
    if faults:
        raise dg.Failure("; ".join(faults), allow_retries=False)


@science_asset(POLICY_SCHEDULE, group="policy", kinds={"python"})
def policy_schedule(
    context: dg.AssetExecutionContext, pipeline: dg.ResourceParam[Pipeline]
) -> Iterable[Told]:
    """Date the levels of coming weeks that promotions or season lift out of the policy."""
    from optimization.policy.schedule import plan_schedule

    as_of = business_date(context)
    with pipeline.stage("policy_schedule") as stage:
        item_location, forecast, demand, levels = read_borders(
            pipeline, as_of, ITEM_LOCATION, FORECAST, PROTECTION_DEMAND, POLICY
        )
        parameters = parameters_of(pipeline.settings.policy)
        frame, report = plan_schedule(item_location, forecast, demand, levels, parameters)
        yield from write_border(pipeline, as_of, POLICY_SCHEDULE, frame, report)
        stage.detail = f"{len(frame):,} dated levels"
