"""A slice of the drills: every crash point once, twenty kills at random times, many at once, any order.

The full counts are `make drill`.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.drill.concurrency import backfill, orders, triggers
from tests.drill.databases import Databases
from tests.drill.kills import random_kills, script, workshop
from tests.drill.points import every_point, every_serving_point
from tests.drill.report import Report
from tests.drill.template import Template


@pytest.fixture(scope="module")
def template() -> Iterator[Template]:
    with Template() as template:
        yield template


@pytest.fixture
def folder() -> Iterator[Path]:
    with workshop() as folder:
        yield folder


def test_every_crash_point_is_died_at_once_and_the_next_run_converges(
    template: Template, folder: Path
) -> None:
    report = Report("points")
    every_point(template, folder / "points", report, once=True)
    assert not report.misses, "\n".join(report.misses)


def test_every_crash_point_of_the_serving_database_is_died_at_once(template: Template, folder: Path) -> None:
    report = Report("points")
    with Databases() as databases:
        every_serving_point(template, databases, folder / "points", report)
    assert not report.misses, "\n".join(report.misses)


def test_twenty_kills_at_random_times_leave_one_release_or_the_other(
    template: Template, folder: Path
) -> None:
    report = Report("kills")
    assert random_kills(template, folder, 20, report, steps=script(4)) == 20
    assert not report.misses, "\n".join(report.misses)


def test_eight_triggers_at_once_publish_one_release(template: Template, folder: Path) -> None:
    report = Report("concurrency")
    triggers(template, folder / "triggers", 2, report)
    assert not report.misses, "\n".join(report.misses)


def test_dates_in_any_order_come_to_the_same_state(template: Template, folder: Path) -> None:
    report = Report("concurrency")
    orders(template, folder / "orders", 2, report)
    assert not report.misses, "\n".join(report.misses)


def test_a_backfill_beside_the_day_changes_no_byte_of_it(template: Template, folder: Path) -> None:
    report = Report("concurrency")
    backfill(template, folder / "backfill", 2, report)
    assert not report.misses, "\n".join(report.misses)
