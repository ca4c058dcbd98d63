"""What Dagster loads: assets, checks, jobs, the schedule and sensors. No logic here."""

from __future__ import annotations

import dagster as dg

from orchestration.defs import jobs, overlay, schedules, sensors, upkeep, worker
from orchestration.defs.graph import ASSETS, CHECKS
from orchestration.defs.policy import decision_job

defs = dg.Definitions(
    assets=ASSETS,
    asset_checks=CHECKS,
    jobs=[jobs.daily, overlay.overlay, decision_job.policy_decision],
    schedules=[schedules.every_morning],
    sensors=[
        sensors.new_snapshot,
        overlay.new_operations,
        sensors.alert_on_failure,
        sensors.lineage_of_success,
        sensors.lineage_of_failure,
        upkeep.upkeep,
    ],
    resources={"pipeline": worker.pipeline_of_run},
    # Also what somebody materialises by hand: a process per step would hold the date several times.
    executor=dg.in_process_executor,
)
