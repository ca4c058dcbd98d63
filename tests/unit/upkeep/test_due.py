"""The dead man's switch: when a release is overdue, in which zone, and that it is told once per date."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path

import pytest

from orchestration.outcomes import Code
from orchestration.production_settings import AlertSettings
from orchestration.settings import Settings, SourceSettings
from orchestration.upkeep.alerts import alerts_file
from orchestration.upkeep.due import late_release, newest_release_date
from orchestration.upkeep.round import watch_due


def _settings(home: Path, connector: str = "files", zone: str = "UTC", age: int = 1) -> Settings:
    return Settings(
        home=home,
        source=SourceSettings(connector=connector),  # type: ignore[arg-type]
        alerts=AlertSettings(release_due=time(6, 0), timezone=zone, release_age_days=age),
    )


def _release(home: Path, as_of: str) -> None:
    (home / "releases" / f"{as_of}-1-0123abcd").mkdir(parents=True)


@pytest.mark.parametrize(
    ("newest", "now", "is_late"),
    [
        ("2024-03-14", datetime(2024, 3, 15, 6, 0), False),
        ("2024-03-15", datetime(2024, 3, 15, 6, 0), False),
        ("2024-03-13", datetime(2024, 3, 15, 6, 0), True),
        # before the hour, what was due yesterday counts
        ("2024-03-13", datetime(2024, 3, 15, 5, 59), False),
        ("2024-03-12", datetime(2024, 3, 15, 5, 59), True),
        # over the end of a year and a leap day
        ("2023-12-31", datetime(2024, 1, 1, 7, 0), False),
        ("2024-02-28", datetime(2024, 3, 1, 7, 0), True),
        ("2024-02-29", datetime(2024, 3, 1, 7, 0), False),
    ],
)
def test_the_newest_release_is_new_enough_or_late(
    tmp_path: Path, newest: str, now: datetime, is_late: bool
) -> None:
    _release(tmp_path, newest)
    _release(tmp_path, "2023-01-01")
    (tmp_path / "releases" / ".unfinished-2030-01-01-1-0123abcd").mkdir()
    late = late_release(_settings(tmp_path), now.replace(tzinfo=UTC))
    assert (late is not None) == is_late


@pytest.mark.parametrize(
    ("zone", "utc_hour", "utc_minute"),
    [
        ("Europe/Berlin", 5, 0),  # winter: an hour before UTC's six
        ("Asia/Kolkata", 0, 30),
        ("America/Santiago", 9, 0),
    ],
)
def test_due_is_a_time_of_the_zone(tmp_path: Path, zone: str, utc_hour: int, utc_minute: int) -> None:
    _release(tmp_path, "2024-01-13")
    moment = datetime(2024, 1, 15, utc_hour, utc_minute, tzinfo=UTC)
    settings = _settings(tmp_path, zone=zone)
    assert late_release(settings, moment) is not None
    assert late_release(settings, moment - timedelta(minutes=1)) is None


def test_the_hour_that_summer_time_skips_is_no_fault(tmp_path: Path) -> None:
    """Berlin, 31 March 2024: six o'clock comes an hour earlier than the day before."""
    _release(tmp_path, "2024-03-29")
    settings = _settings(tmp_path, zone="Europe/Berlin")
    assert late_release(settings, datetime(2024, 3, 31, 4, 0, tzinfo=UTC)) is not None
    assert late_release(settings, datetime(2024, 3, 31, 3, 59, tzinfo=UTC)) is None


def test_a_weekend_may_be_allowed_for(tmp_path: Path) -> None:
    _release(tmp_path, "2024-03-15")
    monday = datetime(2024, 3, 18, 6, 0, tzinfo=UTC)
    assert late_release(_settings(tmp_path), monday) is not None
    assert late_release(_settings(tmp_path, age=3), monday) is None


@pytest.mark.parametrize("connector", ["demo", "generator"])
def test_a_source_whose_dates_do_not_go_on_is_never_late(tmp_path: Path, connector: str) -> None:
    assert late_release(_settings(tmp_path, connector), datetime(2024, 3, 15, 7, tzinfo=UTC)) is None


def test_on_the_date_of_a_replay_nothing_is_due(tmp_path: Path) -> None:
    settings = _settings(tmp_path).model_copy(update={"today": date(2023, 6, 15)})
    assert late_release(settings, datetime(2024, 3, 15, 7, tzinfo=UTC)) is None


def test_nothing_published_at_all_is_late(tmp_path: Path) -> None:
    late = late_release(_settings(tmp_path), datetime(2024, 3, 15, 7, tzinfo=UTC))
    assert late is not None
    assert (late.reason_code, late.business_date) == (Code.RELEASE_LATE, date(2024, 3, 14))
    assert "none at all" in late.message


def test_it_is_told_once_per_date_however_often_it_is_looked_at(tmp_path: Path) -> None:
    settings = _settings(tmp_path)
    _release(tmp_path, "2024-03-10")
    start = datetime(2024, 3, 13, 0, 0, tzinfo=UTC)
    for minute in range(0, 3 * 24 * 60, 30):
        assert watch_due(settings, start + timedelta(minutes=minute)) is not None
    told = alerts_file(settings).read_text().splitlines()
    # due on the 12th (seen before six), 13th, 14th and 15th
    assert len(told) == 4
    _release(tmp_path, "2024-03-15")
    assert watch_due(settings, start + timedelta(days=3)) is None


def test_the_newest_date_is_read_from_the_names(tmp_path: Path) -> None:
    from orchestration.lake.paths import Lake

    assert newest_release_date(Lake(tmp_path)) is None
    _release(tmp_path, "2024-03-10")
    _release(tmp_path, "2023-12-31")
    (tmp_path / "releases" / "notes").mkdir()
    assert newest_release_date(Lake(tmp_path)) == date(2024, 3, 10)
