"""Promises from stock: reservations of units, when units are ready, and what open orders are promised."""

from collections.abc import Iterable
from datetime import date

import dagster as dg
import pandas as pd

from optimization.contracts.allocation_tables import ALLOCATION_EVENT
from optimization.contracts.order_inputs import STOCK_UNIT, UNIT_EVENT
from optimization.contracts.order_outputs import DELIVERY_PROMISE
from orchestration.defs.allocation.ledger_read import kept_position
from orchestration.defs.borders import Told, contract_check_spec, previous_border, table_spec, write_border
from orchestration.defs.orders.stage import frames_read, stage_asset, write_frames
from orchestration.defs.partitions import BACKFILL, DAILY, business_date
from orchestration.defs.resources import Pipeline
from orchestration.evidence.lineage.orders import ORDER_PROMISES, UNIT_PROMISES, UNIT_RESERVATIONS
from orchestration.lake.parquet import write_json


@dg.multi_asset(
    name="ledger_unit_events",
    # Read as far as the operations are; and the marts, which make the units, empty the work folder.
    specs=[table_spec(UNIT_EVENT, "orders", {"python", "ledger"}, [ALLOCATION_EVENT.name, STOCK_UNIT.name])],
    check_specs=[contract_check_spec(UNIT_EVENT)],
    partitions_def=DAILY,
    backfill_policy=BACKFILL,
)
def ledger_unit_events(
    context: dg.AssetExecutionContext, pipeline: dg.ResourceParam[Pipeline]
) -> Iterable[Told]:
    """Read from the ledger everything that was ever done to single units."""
    from orchestration.evidence.orders.unit_events import read_unit_events

    as_of = business_date(context)
    with pipeline.stage("ledger_unit_events") as stage:
        position = kept_position(pipeline.lake, as_of)
        told = read_unit_events(pipeline.ledger, as_of, int(position["seq"]))
        yield from write_border(pipeline, as_of, UNIT_EVENT, told.events, {})
        if len(told.set_aside):
            _tell_unfit(pipeline, as_of, told.set_aside)
        stage.detail = f"{len(told.events):,} events of units"


def _tell_unfit(pipeline: Pipeline, as_of: date, set_aside: pd.DataFrame) -> None:
    file = pipeline.lake.build_dir(as_of) / "evidence" / "unit_events_set_aside.json"
    write_json(set_aside.astype(str).to_dict("records"), file)
    first = set_aside.iloc[0]
    pipeline.notes.append(
        f"{len(set_aside)} events of units cannot be read and change nothing (first: event "
        f"{first['ledger_seq']}, {first['column_name']} {first['reason']}); read evidence/{file.name} of the "
        "release"
    )


@stage_asset(UNIT_RESERVATIONS, "unit_reservations")
def unit_reservation(
    context: dg.AssetExecutionContext, pipeline: dg.ResourceParam[Pipeline]
) -> Iterable[Told]:
    """Fold what was done to units: who has which until when, and what was refused."""
    from optimization.promising.unit_reservations import ACTIVE_STATES, unit_reservations

    as_of = business_date(context)
    with pipeline.stage("unit_reservations") as stage:
        frames = frames_read(UNIT_RESERVATIONS, pipeline, as_of)
        held, entries = unit_reservations(
            **frames,
            until=pd.Timestamp(as_of) + pd.Timedelta(days=1),
            hold_hours=pipeline.settings.orders.promises.hold_hours,
        )
        yield from write_frames(UNIT_RESERVATIONS, pipeline, as_of, (held, entries), {})
        n_active = int(held["unit_reservation_state"].isin(ACTIVE_STATES).sum())
        stage.detail = f"{n_active:,} units are reserved"


@stage_asset(UNIT_PROMISES, "unit_promises")
def unit_promises(context: dg.AssetExecutionContext, pipeline: dg.ResourceParam[Pipeline]) -> Iterable[Told]:
    """Say of every unit whether it can be promised, and when it is ready."""
    from optimization.promising.unit_atp import unit_available_to_promise

    as_of = business_date(context)
    with pipeline.stage("unit_promises") as stage:
        frame, report = unit_available_to_promise(
            **frames_read(UNIT_PROMISES, pipeline, as_of),
            as_of=pd.Timestamp(as_of),
            parameters=pipeline.settings.orders.promises.parameters(),
        )
        yield from write_frames(UNIT_PROMISES, pipeline, as_of, (frame,), report)
        stage.detail = f"{int(frame['is_promisable'].sum()):,} of {len(frame):,} units can be promised"


@stage_asset(ORDER_PROMISES, "order_promises")
def order_promises(context: dg.AssetExecutionContext, pipeline: dg.ResourceParam[Pipeline]) -> Iterable[Told]:
    """Promise every open order line its earliest delivery, the first promise kept."""
    from optimization.promising.delivery.inputs import DeliveryInputs
    from optimization.promising.delivery.planning import delivery_promises

    as_of = business_date(context)
    with pipeline.stage("order_promises") as stage:
        plan = delivery_promises(
            DeliveryInputs(
                **frames_read(ORDER_PROMISES, pipeline, as_of),
                previous_promise=previous_border(pipeline, as_of, "delivery_promise", DELIVERY_PROMISE),
            ),
            pd.Timestamp(as_of),
            pipeline.settings.orders.promises.parameters(),
        )
        frames = (plan.delivery_promise, plan.capable_to_promise)
        yield from write_frames(ORDER_PROMISES, pipeline, as_of, frames, plan.report)
        n_dated = int(plan.delivery_promise["promise_p90_date"].notna().sum())
        stage.detail = f"{n_dated:,} of {len(plan.delivery_promise):,} open lines have a date"
