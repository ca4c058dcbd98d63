"""The one job: a whole business date, from the source to the release."""

from __future__ import annotations

import dagster as dg

from orchestration.defs.partitions import DAILY

daily = dg.define_asset_job(
    "daily",
    selection=dg.AssetSelection.all(),
    partitions_def=DAILY,
    description="Seal, build, forecast, plan, check and publish one business date as one unit.",
    # Steps share parsed dbt and imported libraries; a process per step costs almost three times the CPU.
    executor_def=dg.in_process_executor,
    # A run that died is run again from its start: the gate counts the checks of one run.
    tags={"owner": "data-engineering", "dagster/retry_strategy": "ALL_STEPS"},
)
