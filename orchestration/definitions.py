"""What Dagster loads: assets, checks, jobs, the schedule and sensors. No logic here."""

from __future__ import annotations

import dagster as dg

from orchestration.defs import jobs, overlay, schedules, sensors
from orchestration.defs.graph import ASSETS, CHECKS, check_keys
from orchestration.defs.policy import decision_job
from orchestration.defs.resources import Pipeline
from orchestration.settings import settings

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
    ],
    resources={"pipeline": Pipeline(settings(), graph_checks=check_keys())},
)
