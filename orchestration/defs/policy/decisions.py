"""What people decided about policies, reviews and demand plans, read from the ledger; two of its views."""

from collections.abc import Callable, Iterable
from datetime import date

import dagster as dg
import pandas as pd

from optimization.contracts.approval_tables import (
    DECISION_EVENTS,
    DEMAND_PLAN_APPROVAL,
    DEMAND_PLAN_EVENT,
    POLICY_EVENT,
    REVIEW_CALENDAR,
    REVIEW_EVENT,
)
from optimization.contracts.history_tables import LEDGER_STATE
from optimization.contracts.inputs import CONSENSUS_PLAN
from optimization.contracts.table import Table
from orchestration.defs.allocation.ledger_read import kept_position
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
from orchestration.lake.ledger import Ledger
from orchestration.lake.parquet import write_json


@dg.multi_asset(
    name="ledger_decisions",
    # Read as far as the ledger was proven whole; demand and policy both stand on them.
    specs=[
        table_spec(table, "history", {"python", "ledger"}, [LEDGER_STATE.name]) for table in DECISION_EVENTS
    ],
    check_specs=[contract_check_spec(table) for table in DECISION_EVENTS],
    partitions_def=DAILY,
    backfill_policy=BACKFILL,
)
def ledger_decisions(
    context: dg.AssetExecutionContext, pipeline: dg.ResourceParam[Pipeline]
) -> Iterable[Told]:
    """Read from the verified ledger everything that people decided about policies and demand plans."""
    from orchestration.evidence.decisions.events import (
        read_demand_plan_events,
        read_policy_events,
        read_review_events,
    )
    from orchestration.evidence.ledger_frames import FramedEvents

    readers: dict[Table, Callable[[Ledger, date | None, int | None], FramedEvents]] = {
        POLICY_EVENT: read_policy_events,
        REVIEW_EVENT: read_review_events,
        DEMAND_PLAN_EVENT: read_demand_plan_events,
    }
    as_of = business_date(context)
    with pipeline.stage("ledger_decisions") as stage:
        seq = int(kept_position(pipeline.lake, as_of)["seq"])
        told = {table: read(pipeline.ledger, as_of, seq) for table, read in readers.items()}
        for table, found in told.items():
            yield from write_border(pipeline, as_of, table, found.events, {})
        unfit = [found.set_aside for found in told.values() if len(found.set_aside)]
        if unfit:
            _tell_unfit(pipeline, as_of, pd.concat(unfit, ignore_index=True))
        stage.detail = f"{sum(len(found.events) for found in told.values()):,} decisions"


def _tell_unfit(pipeline: Pipeline, as_of: date, set_aside: pd.DataFrame) -> None:
    file = pipeline.lake.build_dir(as_of) / "evidence" / "decisions_set_aside.json"
    write_json(set_aside.astype(str).to_dict("records"), file)
    first = set_aside.iloc[0]
    pipeline.notes.append(
        f"{len(set_aside)} decisions cannot be read and change nothing (first: event {first['ledger_seq']}, "
        f"{first['column_name']} {first['reason']}); read evidence/{file.name} of the release"
    )


@science_asset(DEMAND_PLAN_APPROVAL, group="demand", kinds={"python", "ledger"})
def demand_plan_approval(
    context: dg.AssetExecutionContext, pipeline: dg.ResourceParam[Pipeline]
) -> Iterable[Told]:
    """Tell of every version of the demand plan whether it is approved, at the source or by a decision."""
    from optimization.demand.plan_approval import judged_plans

    as_of = business_date(context)
    with pipeline.stage("demand_plan_approval") as stage:
        plan, events = read_borders(pipeline, as_of, CONSENSUS_PLAN, DEMAND_PLAN_EVENT)
        found = judged_plans(plan, events, pipeline.settings.governance.parameters()).approvals
        yield from write_border(pipeline, as_of, DEMAND_PLAN_APPROVAL, found, {})
        stage.detail = f"{int(found['is_approved'].sum()):,} of {len(found):,} versions approved"


@science_asset(REVIEW_CALENDAR, group="policy", kinds={"python", "ledger"})
def review_calendar(
    context: dg.AssetExecutionContext, pipeline: dg.ResourceParam[Pipeline]
) -> Iterable[Told]:
    """Date the reviews of the policies, and tell which were completed in time."""
    from optimization.policy import reviews

    as_of = business_date(context)
    with pipeline.stage("review_calendar") as stage:
        (events,) = read_borders(pipeline, as_of, REVIEW_EVENT)
        found = reviews.review_calendar(
            events,
            previous_border(pipeline, as_of, "review_calendar", REVIEW_CALENDAR),
            pd.Timestamp(as_of),
            pipeline.settings.governance.parameters(),
        )
        yield from write_border(pipeline, as_of, REVIEW_CALENDAR, found, {})
        stage.detail = f"cycle {int(found['cycle_number'].max())}, {found['review_state'].iloc[-1]}"
