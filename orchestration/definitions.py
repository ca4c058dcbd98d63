"""What Dagster loads: assets, checks, the job, its schedule and sensors. No logic here."""

from __future__ import annotations

import dagster as dg

from orchestration.defs import jobs, schedules, sensors
from orchestration.defs.graph import ASSETS, CHECKS, check_keys
from orchestration.defs.resources import Pipeline
from orchestration.settings import settings

defs = dg.Definitions(
    assets=ASSETS,
    asset_checks=CHECKS,
    jobs=[jobs.daily],
    schedules=[schedules.every_morning],
    sensors=[sensors.new_snapshot, sensors.alert_on_failure],
    resources={"pipeline": Pipeline(settings(), graph_checks=check_keys())},
)
