"""What a run knows of itself: the ledger, proven whole, and what the releases before it have published.

Nothing here is computed from today's data; a new table of the past is declared in
`orchestration.evidence.history.earlier_releases`.
"""

from collections.abc import Iterable
from datetime import date

import dagster as dg
import pyarrow as pa

from optimization.contracts.history_tables import (
    HISTORY_TABLES,
    LEDGER_STATE,
    PAST_PLAN,
    PAST_POLICY_KEY,
    PAST_POLICY_RUN,
)
from optimization.contracts.inputs import SEGMENT
from optimization.contracts.table import Table
from orchestration.defs.allocation.ledger_read import keep_position
from orchestration.defs.borders import (
    Told,
    check_file,
    contract_check_spec,
    file_version,
    materialized,
    table_spec,
)
from orchestration.defs.partitions import BACKFILL, DAILY, business_date
from orchestration.defs.resources import Pipeline

PAST = tuple(table for table in HISTORY_TABLES if table is not LEDGER_STATE)


@dg.multi_asset(
    name="ledger_state",
    # The marts start from an empty work folder, in which the position is kept.
    specs=[table_spec(LEDGER_STATE, "history", {"python", "ledger"}, [SEGMENT.name])],
    check_specs=[contract_check_spec(LEDGER_STATE)],
    partitions_def=DAILY,
    backfill_policy=BACKFILL,
)
def ledger_state(context: dg.AssetExecutionContext, pipeline: dg.ResourceParam[Pipeline]) -> Iterable[Told]:
    """Verify the ledger, and say how far this run reads it; a broken ledger stops the run.

    What was decided in the serving database until now comes into it first; a database that is away, or busy,
    keeps nothing back.
    """
    from orchestration.contracts.arrow import arrow_schema
    from orchestration.evidence.ledger_frames import read_position
    from orchestration.evidence.witnesses import witnessed_heads
    from orchestration.upkeep.round import decide

    as_of = business_date(context)
    with pipeline.stage("ledger_state") as stage:
        # What a crash left unfinished was never acknowledged: the next append would set it aside too.
        if pipeline.lake.ledger_file.exists():
            pipeline.ledger.repair_torn_tail()
        decided = decide(pipeline.settings, pipeline.now).told
        for line in decided:
            context.log.info(line)
        # The position first: what is written from here on is left to the next release.
        position = read_position(pipeline.ledger)
        verdict = pipeline.ledger.verify(witnessed_heads(pipeline.lake))
        if not verdict.is_intact:
            raise dg.Failure(
                f"the ledger {pipeline.lake.ledger_file} is NOT intact at event {verdict.first_bad_seq}: "
                f"{verdict.reason}. No decision of it is applied, and the last release stays; once it is "
                "restored, `stockplan audit verify` says so and the date can be run again",
                allow_retries=False,
            )
        keep_position(pipeline.lake, as_of, position)
        row = {"ledger_head": position.head, "ledger_events": position.seq, "is_intact": True, "fault": None}
        yield from _write(
            pipeline, as_of, LEDGER_STATE, pa.Table.from_pylist([row], arrow_schema(LEDGER_STATE))
        )
        stage.detail = "; ".join((f"{position.seq:,} events, intact", *decided))


@dg.multi_asset(
    name="past_releases",
    specs=[table_spec(table, "history", {"python"}, [SEGMENT.name]) for table in PAST],
    check_specs=[contract_check_spec(table) for table in PAST],
    partitions_def=DAILY,
    backfill_policy=BACKFILL,
)
def past_releases(context: dg.AssetExecutionContext, pipeline: dg.ResourceParam[Pipeline]) -> Iterable[Told]:
    """Gather what the releases before this date have published and today's tables compare with."""
    from orchestration.evidence.history.earlier_releases import PAST_TABLES, earlier_releases, read_past
    from orchestration.evidence.history.past_plans import past_plan
    from orchestration.evidence.history.policy_runs import DAYS_READ, past_policy_runs
    from orchestration.publish.shelf import frozen_releases

    as_of = business_date(context)
    with pipeline.stage("past_releases") as stage:
        tables = {
            past.table: read_past(past, earlier_releases(pipeline.lake, as_of, past.days))
            for past in PAST_TABLES
        }
        runs, keys = past_policy_runs(earlier_releases(pipeline.lake, as_of, DAYS_READ), as_of)
        tables |= {PAST_POLICY_RUN: runs, PAST_POLICY_KEY: keys}
        tables[PAST_PLAN] = past_plan(frozen_releases(pipeline.lake, as_of))
        for table, rows in tables.items():
            yield from _write(pipeline, as_of, table, rows)
        stage.detail = f"{runs.num_rows:,} earlier releases"


def _write(pipeline: Pipeline, as_of: date, table: Table, rows: pa.Table) -> Iterable[Told]:
    from orchestration.lake.parquet import write_arrow

    path = pipeline.lake.border_file(table.name, as_of)
    write_arrow(rows, path)
    yield materialized(table.name, rows.num_rows, file_version(path), path, pipeline.lake)
    yield check_file(table, path, as_of)
