"""The dead man's switch: no release by the time one was due is an alert, once per date.

It needs no run that fails: also a schedule that was switched off, or a source that delivers nothing,
ends in an alert.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from orchestration.lake.paths import Lake
from orchestration.outcomes import Code
from orchestration.publish.shelf import number_of
from orchestration.settings import Settings
from orchestration.upkeep.alerts import Alert

# Sources that go on from day to day; the demo's and the generator's dates lie where they lie.
_LIVING_SOURCES = ("files", "postgres")


def late_release(settings: Settings, now: datetime) -> Alert | None:
    """Return the alert of a release that should be there at `now` (with its zone) and is not."""
    # A replay lives on a date of its own, on which nothing is due.
    if settings.source.connector not in _LIVING_SOURCES or settings.today is not None:
        return None
    due = settings.alerts
    local = now.astimezone(ZoneInfo(due.timezone))
    # Before the time of day, what was due is yesterday's.
    day = local.date() if local.time() >= due.release_due else local.date() - timedelta(days=1)
    least = day - timedelta(days=due.release_age_days)
    newest = newest_release_date(Lake(settings.home.resolve()))
    if newest is not None and newest >= least:
        return None
    found = f"the newest is of {newest}" if newest else "there is none at all"
    return Alert(
        f"late:{day}",
        Code.RELEASE_LATE,
        f"no release of {least} or later was there on {day} at {due.release_due:%H:%M} {due.timezone}; "
        f"{found}. Look at the last runs and at whether the source has delivered",
        least,
    )


def newest_release_date(lake: Lake) -> date | None:
    """Return the latest business date that has a release, by the names of the releases alone."""
    if not lake.releases_dir.is_dir():
        return None
    names = (folder.name for folder in lake.releases_dir.iterdir())
    return max((date.fromisoformat(name[:10]) for name in names if number_of(name)), default=None)
