"""Units in stock and who could have them: review of the stock, matches, and offers to those who wait."""

from collections.abc import Iterable

import dagster as dg
import pandas as pd

from orchestration.defs.borders import Told
from orchestration.defs.orders.stage import (
    SOLVED,
    frames_read,
    frames_with_options,
    stage_asset,
    write_frames,
)
from orchestration.defs.partitions import business_date
from orchestration.defs.resources import Pipeline
from orchestration.evidence.lineage.orders import MATCHING, STOCK_REVIEW, SUBSTITUTIONS


@stage_asset(STOCK_REVIEW, "stock_unit_review")
def stock_unit_review(
    context: dg.AssetExecutionContext, pipeline: dg.ResourceParam[Pipeline]
) -> Iterable[Told]:
    """Reckon what every unit costs and risks, and what to do with it."""
    from optimization.vehicles.review import review_stock

    as_of = business_date(context)
    with pipeline.stage("stock_review") as stage:
        frame, report = review_stock(
            **frames_read(STOCK_REVIEW, pipeline, as_of),
            as_of=pd.Timestamp(as_of),
            parameters=pipeline.settings.orders.stock_review.parameters(),
        )
        yield from write_frames(STOCK_REVIEW, pipeline, as_of, (frame,), report)
        n_acted = int((frame["stock_action"] != "keep").sum())
        stage.detail = f"{len(frame):,} units, {n_acted:,} of them not to be left as they are"


@stage_asset(MATCHING, "customer_matching", SOLVED)
def customer_match(context: dg.AssetExecutionContext, pipeline: dg.ResourceParam[Pipeline]) -> Iterable[Told]:
    """Find the best units of every open request, and the best assignment of all."""
    from optimization.promising.matching.planning import MatchInputs, match_customers

    as_of = business_date(context)
    with pipeline.stage("customer_matching") as stage:
        plan = match_customers(
            MatchInputs(**frames_read(MATCHING, pipeline, as_of)),
            pd.Timestamp(as_of),
            pipeline.settings.orders.matching.parameters(),
        )
        frames = (plan.customer_match, plan.match_outcome, plan.match_weight, plan.match_solver_run)
        yield from write_frames(MATCHING, pipeline, as_of, frames, plan.report)
        n_matched = int(plan.match_outcome["unit_id"].notna().sum())
        stage.detail = f"{n_matched:,} of {len(plan.match_outcome):,} open requests have a unit"


@stage_asset(SUBSTITUTIONS, "substitution_offers")
def substitution_offer(
    context: dg.AssetExecutionContext, pipeline: dg.ResourceParam[Pipeline]
) -> Iterable[Told]:
    """Find units that orders which wait could be offered instead."""
    from optimization.promising.substitution import substitutes

    as_of = business_date(context)
    with pipeline.stage("substitution") as stage:
        frame, report = substitutes(
            **frames_with_options(SUBSTITUTIONS, pipeline, as_of),
            as_of=pd.Timestamp(as_of),
            parameters=pipeline.settings.orders.substitution.parameters(),
            matching=pipeline.settings.orders.matching.parameters(),
        )
        yield from write_frames(SUBSTITUTIONS, pipeline, as_of, (frame,), report)
        stage.detail = f"{len(frame):,} offers to {frame['order_id'].nunique():,} orders"
