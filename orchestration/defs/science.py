"""The asset around one pure function of the science; its inputs are those that lineage declares."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import dagster as dg

from optimization.contracts.table import Table
from orchestration.defs.borders import contract_check_spec, table_spec
from orchestration.defs.partitions import BACKFILL, DAILY
from orchestration.evidence.lineage.declared import DECLARED_INPUTS


def science_asset(
    *tables: Table, group: str, kinds: set[str], name: str | None = None
) -> Callable[[Callable[..., Any]], dg.AssetsDefinition]:
    """Declare the asset (or assets) that one call of the science makes."""
    made = {table.name for table in tables}
    return dg.multi_asset(
        name=name or tables[0].name,
        specs=[
            table_spec(table, group, kinds, [up for up in DECLARED_INPUTS[table.name] if up not in made])
            for table in tables
        ],
        check_specs=[contract_check_spec(table) for table in tables],
        partitions_def=DAILY,
        backfill_policy=BACKFILL,
    )
