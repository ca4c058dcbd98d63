"""The sealed snapshot: one asset per raw table, all made by one extraction."""

from collections.abc import Iterable

import dagster as dg
import pyarrow.parquet as pq

from orchestration.contracts.raw import RAW_TABLES, RawTable
from orchestration.defs.borders import (
    CONTRACT_CHECK,
    Told,
    check_result,
    contract_check_spec,
    materialized,
    table_spec,
)
from orchestration.defs.partitions import BACKFILL, DAILY, business_date
from orchestration.defs.resources import Pipeline
from orchestration.lake.inputs import sealed_schema
from orchestration.lake.manifests import SealedSnapshot
from orchestration.lake.paths import Lake
from orchestration.lake.snapshots import seal_date
from orchestration.publish.room import check_room


@dg.multi_asset(
    name="snapshot",
    specs=[table_spec(table, "ims", {"python", "parquet"}) for table in RAW_TABLES],
    check_specs=[contract_check_spec(table) for table in RAW_TABLES],
    partitions_def=DAILY,
    backfill_policy=BACKFILL,
)
def snapshot(context: dg.AssetExecutionContext, pipeline: dg.ResourceParam[Pipeline]) -> Iterable[Told]:
    """Extract the business date from the source, set bad rows aside, seal the rest."""
    as_of = business_date(context)
    with pipeline.stage("seal") as stage:
        check_room(pipeline.lake, pipeline.settings)
        outcome = seal_date(
            pipeline.connector,
            as_of,
            pipeline.lake,
            pipeline.ledger,
            pipeline.settings,
            today=pipeline.today,
            accept_row_loss=pipeline.accept_row_loss,
            actor=pipeline.actor,
        )
        sealed = outcome.snapshot_or_raise()
        pipeline.notes.extend(outcome.notes)
        stage.detail = (
            f"{sealed.rows:,} rows in {sum(table.is_present for table in sealed.tables.values())} tables, "
            f"{sealed.quarantined_rows:,} set aside; snapshot {sealed.snapshot_id}"
            + (" was sealed before" if outcome.state == "duplicate" else "")
        )
        for table in RAW_TABLES:
            held = sealed.tables[table.source_name]
            path = pipeline.lake.root / held.file if held.file else pipeline.lake.root / table.name
            yield materialized(
                table.name,
                held.rows,
                held.logical_hash or "absent",
                path,
                pipeline.lake,
                {"quarantined_rows": held.quarantined_rows, "snapshot_id": sealed.snapshot_id},
            )
            yield _check_sealed(table, sealed, pipeline.lake)


def _check_sealed(table: RawTable, sealed: SealedSnapshot, lake: Lake) -> dg.AssetCheckResult:
    """The rows were held against the contract when they were sealed; here the file is, by its footer."""
    held = sealed.tables[table.source_name]
    if not held.is_present:
        return check_result(
            table.name, CONTRACT_CHECK, detail="not delivered; an empty table takes its place"
        )
    footer = pq.read_metadata(lake.root / held.file)
    expected = {name: sealed_schema(table).field(name).type for name in held.columns}
    found = {field.name: field.type for field in footer.schema.to_arrow_schema()}
    wrong = [name for name, kind in expected.items() if found.get(name) != kind]
    problem = ""
    if footer.num_rows != held.rows:
        problem = f"{held.file} holds {footer.num_rows} rows, its manifest says {held.rows}"
    elif wrong:
        problem = f"{held.file}: columns {', '.join(wrong)} have not the contract's type"
    return check_result(
        table.name,
        CONTRACT_CHECK,
        problem,
        detail=f"{held.rows} rows, {held.quarantined_rows} set aside",
        repair="restore the sealed file from a copy, or move its manifest away and seal the date again",
    )
