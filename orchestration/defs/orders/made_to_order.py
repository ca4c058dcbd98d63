"""The way made to order: configurations, durations, slots, where orders stand, and what a change would do."""

from collections.abc import Iterable

import dagster as dg
import pandas as pd

from optimization.contracts.order_outputs import MTO_ORDER_STATUS, MTO_PROMISE, MTO_SLOT_ASSIGNMENT
from optimization.order_parameters import ConfigurationParameters
from orchestration.defs.borders import Told, previous_border
from orchestration.defs.orders.stage import (
    SOLVED,
    frames_read,
    frames_with_options,
    stage_asset,
    write_frames,
)
from orchestration.defs.partitions import business_date
from orchestration.defs.resources import Pipeline
from orchestration.evidence.lineage.orders import (
    CHANGE_IMPACTS,
    ORDER_CHECKS,
    ORDER_STATUS,
    SLOT_PLAN,
    STAGE_DURATIONS,
)


@stage_asset(ORDER_CHECKS, "order_checks")
def order_check(context: dg.AssetExecutionContext, pipeline: dg.ResourceParam[Pipeline]) -> Iterable[Told]:
    """Hold configurations against the rules, and the rules against themselves."""
    from optimization.build_to_order.configuration.checking import check_orders

    as_of = business_date(context)
    with pipeline.stage("order_checks") as stage:
        checks, rule_checks, report = check_orders(
            **frames_read(ORDER_CHECKS, pipeline, as_of),
            as_of=pd.Timestamp(as_of),
            parameters=ConfigurationParameters(),
            slot=previous_border(pipeline, as_of, "mto_slot_assignment", MTO_SLOT_ASSIGNMENT),
        )
        yield from write_frames(ORDER_CHECKS, pipeline, as_of, (checks, rule_checks), report)
        bad = checks.loc[checks["check_kind"] == "violation", "order_id"].nunique()
        stage.detail = f"{bad:,} orders cannot be built, {len(rule_checks):,} faults of rules"


@stage_asset(STAGE_DURATIONS, "stage_durations")
def stage_duration(context: dg.AssetExecutionContext, pipeline: dg.ResourceParam[Pipeline]) -> Iterable[Told]:
    """Learn how long orders take from milestone to milestone."""
    from optimization.build_to_order.lead_times.durations import stage_durations

    as_of = business_date(context)
    with pipeline.stage("stage_durations") as stage:
        frame, report = stage_durations(
            **frames_read(STAGE_DURATIONS, pipeline, as_of),
            as_of=pd.Timestamp(as_of),
            parameters=pipeline.settings.orders.lead_times.parameters(),
        )
        yield from write_frames(STAGE_DURATIONS, pipeline, as_of, (frame,), report)
        stage.detail = f"{len(frame):,} durations"


@stage_asset(SLOT_PLAN, "slot_plan", SOLVED)
def slot_plan(context: dg.AssetExecutionContext, pipeline: dg.ResourceParam[Pipeline]) -> Iterable[Told]:
    """Give orders that wait to be built their slots."""
    from optimization.build_to_order.slots.planning import plan_slots
    from optimization.build_to_order.slots.stating import SlotInputs

    as_of = business_date(context)
    with pipeline.stage("slot_plan") as stage:
        plan = plan_slots(
            SlotInputs(
                **frames_with_options(SLOT_PLAN, pipeline, as_of),
                previous_promise=previous_border(pipeline, as_of, "mto_promise", MTO_PROMISE),
                previous_slot=previous_border(pipeline, as_of, "mto_slot_assignment", MTO_SLOT_ASSIGNMENT),
            ),
            pd.Timestamp(as_of),
            pipeline.settings.orders.slots.parameters(),
        )
        frames = (plan.assignment, plan.load, plan.expedite, plan.solver_run)
        yield from write_frames(SLOT_PLAN, pipeline, as_of, frames, plan.report)
        n_given = int(plan.assignment["week_start_date"].notna().sum())
        stage.detail = f"{n_given:,} of {len(plan.assignment):,} orders have a slot"


@stage_asset(ORDER_STATUS, "order_tracking_status")
def order_status(context: dg.AssetExecutionContext, pipeline: dg.ResourceParam[Pipeline]) -> Iterable[Told]:
    """Say where orders stand, when they will be delivered, and what was promised."""
    from optimization.build_to_order.tracking.planning import TrackInputs, track_orders

    as_of = business_date(context)
    with pipeline.stage("order_status") as stage:
        told = track_orders(
            TrackInputs(
                **frames_read(ORDER_STATUS, pipeline, as_of),
                previous_promise=previous_border(pipeline, as_of, "mto_promise", MTO_PROMISE),
                previous_status=previous_border(pipeline, as_of, "mto_order_status", MTO_ORDER_STATUS),
            ),
            pd.Timestamp(as_of),
            pipeline.settings.orders.lead_times.parameters(),
        )
        frames = (told.mto_order_status, told.mto_step, told.mto_promise, told.mto_event_set_aside)
        yield from write_frames(ORDER_STATUS, pipeline, as_of, frames, told.report)
        n_late = int((told.mto_order_status["delay_status"] == "late").sum())
        stage.detail = f"{len(told.mto_order_status):,} orders, {n_late:,} late"


@stage_asset(CHANGE_IMPACTS, "change_impacts", SOLVED)
def change_impact(context: dg.AssetExecutionContext, pipeline: dg.ResourceParam[Pipeline]) -> Iterable[Told]:
    """Say what requested changes would do to date, price, cost and other orders."""
    from optimization.build_to_order.changes.impact import change_impacts
    from optimization.build_to_order.changes.inputs import ChangeInputs

    as_of = business_date(context)
    with pipeline.stage("change_impacts") as stage:
        frame, report = change_impacts(
            ChangeInputs(
                **frames_read(CHANGE_IMPACTS, pipeline, as_of),
                previous_promise=previous_border(pipeline, as_of, "mto_promise", MTO_PROMISE),
                previous_slot=previous_border(pipeline, as_of, "mto_slot_assignment", MTO_SLOT_ASSIGNMENT),
            ),
            pd.Timestamp(as_of),
            pipeline.settings.orders.slots.parameters(),
        )
        yield from write_frames(CHANGE_IMPACTS, pipeline, as_of, (frame,), report)
        stage.detail = f"{len(frame):,} requested changes"
