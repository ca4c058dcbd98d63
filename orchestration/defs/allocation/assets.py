"""Allocation: what people did to the segments' stock, and the cycle that follows it up each day."""

from collections.abc import Iterable
from datetime import date

import dagster as dg
import pandas as pd

from optimization.contracts.allocation_tables import (
    ALLOCATION,
    ALLOCATION_EVENT,
    ALLOCATION_OUTPUTS,
    ALLOCATION_RULE,
    BORROW_LOAN,
    LEDGER_TABLES,
    PLAN_DECISION,
    PROPOSED_RULE,
    SEGMENT_ORDER,
    SOFT_RESERVATION,
)
from optimization.contracts.history_tables import LEDGER_STATE
from optimization.contracts.inputs import ITEM_LOCATION, SEGMENT, SEGMENT_DEMAND
from optimization.contracts.outputs import POLICY
from orchestration.defs.allocation.ledger_read import kept_position, previous_position
from orchestration.defs.borders import (
    Told,
    contract_check_spec,
    previous_border,
    read_borders,
    table_spec,
    write_border,
)
from orchestration.defs.partitions import BACKFILL, DAILY, business_date
from orchestration.defs.resources import Pipeline
from orchestration.defs.science import science_asset
from orchestration.evidence.allocation.earlier_actions import applied_before
from orchestration.lake.parquet import write_json

# The state that the release before this date has published, by the name it is published under.
PREVIOUS_STATE = {"allocation": ALLOCATION, "borrow_ledger": BORROW_LOAN, "reservation": SOFT_RESERVATION}


@dg.multi_asset(
    name="ledger_operations",
    # Operations name segments, and are read as far as the ledger was verified.
    specs=[
        table_spec(table, "allocation", {"python", "ledger"}, [SEGMENT.name, LEDGER_STATE.name])
        for table in LEDGER_TABLES
    ],
    check_specs=[contract_check_spec(table) for table in LEDGER_TABLES],
    partitions_def=DAILY,
    backfill_policy=BACKFILL,
)
def ledger_operations(
    context: dg.AssetExecutionContext, pipeline: dg.ResourceParam[Pipeline]
) -> Iterable[Told]:
    """Read from the ledger what the release before has not applied, and all that is known of plans."""
    from orchestration.evidence.allocation.operations import (
        read_operations,
        read_plan_decisions,
        read_proposed_rules,
    )
    from orchestration.evidence.ledger_frames import LedgerRead

    as_of = business_date(context)
    with pipeline.stage("ledger_operations") as stage:
        position = LedgerRead(**kept_position(pipeline.lake, as_of))
        previous_seq, previous_as_of = previous_position(pipeline.lake, as_of)
        operations = read_operations(pipeline.ledger, as_of, previous_seq, previous_as_of)
        decisions, unfit_decisions = read_plan_decisions(pipeline.ledger, as_of)
        proposed, unfit_proposals = read_proposed_rules(pipeline.ledger, as_of)
        frames = {
            ALLOCATION_EVENT: operations.events[operations.events["ledger_seq"] <= position.seq],
            PLAN_DECISION: decisions[decisions["ledger_seq"] <= position.seq],
            PROPOSED_RULE: proposed,
        }
        for table, frame in frames.items():
            yield from write_border(pipeline, as_of, table, frame, position._asdict())
        unfit = [one for one in (operations.set_aside, unfit_decisions, unfit_proposals) if len(one)]
        if unfit:
            _tell_unfit(pipeline, as_of, pd.concat(unfit, ignore_index=True))
        stage.detail = f"{len(frames[ALLOCATION_EVENT]):,} operations; read to event {position.seq:,}"


def _tell_unfit(pipeline: Pipeline, as_of: date, set_aside: pd.DataFrame) -> None:
    """Keep what has no form of an operation, decision or proposal with the release's evidence, say so."""
    file = pipeline.lake.build_dir(as_of) / "evidence" / "operations_set_aside.json"
    write_json(set_aside.astype(str).to_dict("records"), file)
    first = set_aside.iloc[0]
    pipeline.notes.append(
        f"{len(set_aside)} events of the ledger cannot be read and change nothing (first: event "
        f"{first['ledger_seq']}, {first['reason']}); read evidence/{file.name} of the release"
    )


@science_asset(
    *ALLOCATION_OUTPUTS,
    name="segment_allocation",
    group="allocation",
    kinds={"python", "numba", "pyomo", "highs"},
)
def segment_allocation(
    context: dg.AssetExecutionContext, pipeline: dg.ResourceParam[Pipeline]
) -> Iterable[Told]:
    """Apply what was done since the last release, take in the day's stock, and share it out anew."""
    from optimization.allocation.planning import AllocationInputs, allocate

    as_of = business_date(context)
    with pipeline.stage("allocation") as stage, pipeline.spread(as_of) as spread:
        item_location, policy, segment, demand, orders, rules = read_borders(
            pipeline,
            as_of,
            ITEM_LOCATION,
            POLICY,
            SEGMENT,
            SEGMENT_DEMAND,
            SEGMENT_ORDER,
            ALLOCATION_RULE,
        )
        events, decisions, proposed = read_borders(
            pipeline, as_of, ALLOCATION_EVENT, PLAN_DECISION, PROPOSED_RULE
        )
        before = {name: previous_border(pipeline, as_of, name, of) for name, of in PREVIOUS_STATE.items()}
        _, previous_as_of = previous_position(pipeline.lake, as_of)
        known_orders = previous_border(pipeline, as_of, "order_segment", SEGMENT_ORDER)
        order_actions = "order/" + orders["order_id"] + "/" + orders["line_id"]
        # A release without the whole state is none to go on from: the book then begins empty.
        has_state = all(frame is not None for frame in before.values())
        plan = allocate(
            AllocationInputs(
                item_location=item_location,
                policy=policy,
                segment=segment,
                segment_demand=demand,
                segment_order=orders,
                allocation_rule=rules,
                event=events,
                plan_decision=decisions,
                proposed_rule=proposed,
                previous_allocation=before["allocation"] if has_state else None,
                previous_loan=before["borrow_ledger"] if has_state else None,
                previous_reservation=before["reservation"] if has_state else None,
                previous_as_of=pd.Timestamp(previous_as_of) if has_state and previous_as_of else None,
                previous_order=known_orders,
                applied_actions=applied_before(
                    pipeline.lake, pipeline.ledger, as_of, set(events["action_id"]), set(order_actions)
                ),
            ),
            pd.Timestamp(as_of),
            pipeline.settings.allocation.parameters(),
            spread,
        )
        for table in ALLOCATION_OUTPUTS:
            frame = getattr(plan.frames, table.name.removeprefix("opt_out__"))
            yield from write_border(pipeline, as_of, table, frame, plan.report)
        stage.detail = (
            f"{len(plan.frames.allocation):,} shares, {len(plan.frames.allocation_entry):,} ledger lines"
        )
