"""What Dagster loads: assets, checks, the job, its schedule and sensors. No logic here."""

from __future__ import annotations

import dagster as dg

from orchestration.defs import jobs, schedules, sensors
from orchestration.defs.allocation import assets as allocation
from orchestration.defs.demand import assets as demand
from orchestration.defs.ims import assets as ims
from orchestration.defs.marts import assets as marts
from orchestration.defs.marts import checks as marts_checks
from orchestration.defs.network import assets as network
from orchestration.defs.policy import assets as policy
from orchestration.defs.published import assets as published
from orchestration.defs.release import assets as release
from orchestration.defs.resources import Pipeline
from orchestration.settings import settings

defs = dg.Definitions(
    assets=dg.load_assets_from_modules([ims, marts, demand, policy, network, allocation, published, release]),
    asset_checks=dg.load_asset_checks_from_modules([marts_checks]),
    jobs=[jobs.daily],
    schedules=[schedules.every_morning],
    sensors=[sensors.new_snapshot, sensors.alert_on_failure],
    resources={"pipeline": Pipeline(settings())},
)
