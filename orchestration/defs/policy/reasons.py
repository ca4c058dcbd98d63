"""Reasons: what today's policy was calculated from, what moved it, and what overrides were worth."""

from collections.abc import Iterable

import dagster as dg
import pandas as pd

from optimization.contracts.approval_tables import DEMAND_PLAN_APPROVAL, POLICY_OVERRIDE
from optimization.contracts.inputs import CONSENSUS_PLAN, DEMAND_HISTORY, ITEM_LOCATION, PRICE_BREAK
from optimization.contracts.outputs import (
    DEMAND_LEVEL,
    DEMAND_MODEL,
    FORECAST,
    FORECAST_ACCURACY,
    LEAD_TIME,
    POLICY,
    PROTECTION_DEMAND,
    SERVICE_CONTROL,
    SUPPLIER_SCORECARD,
)
from optimization.contracts.reason_tables import OVERRIDE_OUTCOME, POLICY_INPUT, POLICY_REASON
from orchestration.defs.borders import Told, previous_border, read_borders, write_border
from orchestration.defs.partitions import business_date
from orchestration.defs.policy.assets import parameters_of
from orchestration.defs.resources import Pipeline
from orchestration.defs.science import science_asset


@science_asset(POLICY_INPUT, group="policy", kinds={"python"})
def policy_input(context: dg.AssetExecutionContext, pipeline: dg.ResourceParam[Pipeline]) -> Iterable[Told]:
    """Write down every number that today's policies were calculated from, beside what came out."""
    from optimization.demand.plan_approval import decided_plan
    from optimization.policy.policy_input import Sources, record_inputs

    as_of = business_date(context)
    with pipeline.stage("policy_input") as stage:
        item_location, demand, policies = read_borders(
            pipeline, as_of, ITEM_LOCATION, PROTECTION_DEMAND, POLICY
        )
        price_break, history, plan, decided = read_borders(
            pipeline, as_of, PRICE_BREAK, DEMAND_HISTORY, CONSENSUS_PLAN, DEMAND_PLAN_APPROVAL
        )
        sources = Sources(
            price_break,
            history,
            decided_plan(plan, decided),
            *read_borders(
                pipeline,
                as_of,
                FORECAST,
                DEMAND_LEVEL,
                DEMAND_MODEL,
                LEAD_TIME,
                SUPPLIER_SCORECARD,
                FORECAST_ACCURACY,
                SERVICE_CONTROL,
            ),
        )
        parameters = parameters_of(pipeline.settings.policy)
        frame, report = record_inputs(item_location, demand, policies, sources, parameters)
        yield from write_border(pipeline, as_of, POLICY_INPUT, frame, report)
        stage.detail = f"{report['recomputable']:,} of {len(frame):,} rows recomputable"


@science_asset(POLICY_REASON, group="policy", kinds={"python"})
def policy_reason(context: dg.AssetExecutionContext, pipeline: dg.ResourceParam[Pipeline]) -> Iterable[Told]:
    """Take every change of a policy since the last release apart by what moved it."""
    from optimization.policy.attribution import attribute

    as_of = business_date(context)
    with pipeline.stage("policy_reason") as stage:
        (today,) = read_borders(pipeline, as_of, POLICY_INPUT)
        before = previous_border(pipeline, as_of, "policy_input", POLICY_INPUT)
        frame, report = attribute(before, today)
        yield from write_border(pipeline, as_of, POLICY_REASON, frame, report)
        stage.detail = f"{report['rows_taken_apart']:,} policies taken apart, {len(frame):,} parts"


@science_asset(OVERRIDE_OUTCOME, group="policy", kinds={"python"})
def override_outcome(
    context: dg.AssetExecutionContext, pipeline: dg.ResourceParam[Pipeline]
) -> Iterable[Told]:
    """Play what was asked for since each override began, with it and without it."""
    from optimization.simulation.override_outcome import override_outcomes
    from orchestration.evidence.history.override_beginnings import beginnings

    as_of = business_date(context)
    with pipeline.stage("override_outcome") as stage:
        overrides, item_location, history = read_borders(
            pipeline, as_of, POLICY_OVERRIDE, ITEM_LOCATION, DEMAND_HISTORY
        )
        frame, report = override_outcomes(
            overrides,
            beginnings(pipeline.lake, as_of, overrides),
            item_location,
            history,
            pd.Timestamp(as_of),
            previous_border(pipeline, as_of, "override_outcome", OVERRIDE_OUTCOME),
            parameters_of(pipeline.settings.policy),
        )
        yield from write_border(pipeline, as_of, OVERRIDE_OUTCOME, frame, report)
        stage.detail = f"{report['measured']:,} of {len(frame):,} overrides measured"
