"""Whether what starts runs does so with the service, or waits to be switched on in the UI."""

import dagster as dg

from orchestration.settings import settings


def schedule_status() -> dg.DefaultScheduleStatus:
    """How a schedule begins under the setting `dagster.automatic`."""
    is_on = settings().dagster.automatic
    return dg.DefaultScheduleStatus.RUNNING if is_on else dg.DefaultScheduleStatus.STOPPED


def sensor_status() -> dg.DefaultSensorStatus:
    """How a sensor that starts runs, or follows them, begins."""
    is_on = settings().dagster.automatic
    return dg.DefaultSensorStatus.RUNNING if is_on else dg.DefaultSensorStatus.STOPPED
