"""What crosses from the marts to the science is held against its contract, file by file."""

from collections.abc import Iterable

import dagster as dg

from optimization.contracts.inputs import INPUTS
from orchestration.defs.borders import check_file, contract_check_spec
from orchestration.defs.partitions import business_date
from orchestration.defs.resources import Pipeline


@dg.multi_asset_check(name="opt_in_contracts", specs=[contract_check_spec(table) for table in INPUTS])
def opt_in_contracts(
    context: dg.AssetCheckExecutionContext, pipeline: dg.ResourceParam[Pipeline]
) -> Iterable[dg.AssetCheckResult]:
    """Read every border file back and check it."""
    as_of = business_date(context)
    for table in INPUTS:
        yield check_file(table, pipeline.lake.border_file(table.name, as_of), as_of)
