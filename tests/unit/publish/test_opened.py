"""Workbook and report beside the release: doors that follow the current one, failures that harm nothing."""

from __future__ import annotations

from pathlib import Path

import dagster as dg
import pytest

from orchestration.cli.opened import report as report_command
from orchestration.defs.release.assets import report, workbook
from orchestration.defs.resources import Pipeline
from orchestration.publish.opened import AFTER_RELEASE, open_report, open_workbook
from orchestration.publish.report import writing
from orchestration.publish.shelf import pointed_id
from orchestration.settings import Settings
from tests.opened_release import AS_OF, RELEASE_ID, lake_at, make_release

FEW = ("exception", "transfer_order")


def test_files_are_written_whole_and_the_doors_lead_to_the_current_release(tmp_path: Path) -> None:
    lake = lake_at(tmp_path)
    release = make_release(lake, FEW)
    book, sheets = open_workbook(release, lake, 100)
    page, weight = open_report(release, lake)
    assert lake.workbook_door.resolve() == book and lake.report_door.resolve() == page
    assert book.parent == lake.open_dir(RELEASE_ID) and sheets == 6 and weight == page.stat().st_size
    assert sorted(path.name for path in book.parent.iterdir()) == ["report.html", "stockplan.xlsx"]


def test_a_release_that_is_not_current_moves_no_door(tmp_path: Path) -> None:
    lake = lake_at(tmp_path)
    release = make_release(lake, FEW, is_current=False)
    page, _ = open_report(release, lake)
    assert page.exists() and not lake.report_door.exists()


def test_a_report_that_cannot_be_written_leaves_the_release_published(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(source: object) -> str:
        raise RuntimeError("no room left")

    monkeypatch.setattr(writing, "report_page", broken)
    lake = lake_at(tmp_path)
    make_release(lake, FEW)
    result = dg.materialize(
        [workbook, report],
        partition_key=AS_OF.isoformat(),
        resources={"pipeline": Pipeline(Settings(home=tmp_path))},
        instance=dg.DagsterInstance.ephemeral(),
        raise_on_error=False,
    )
    assert not result.success
    failed = {event.step_key for event in result.all_events if event.is_step_failure}
    assert failed == {"report"} and failed <= set(AFTER_RELEASE)
    made = result.asset_materializations_for_node("workbook")[0].metadata
    assert made["release_id"].value == RELEASE_ID
    assert pointed_id(lake) == RELEASE_ID and lake.workbook_door.exists() and not lake.report_door.exists()


def test_the_command_writes_again_and_copies(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lake = lake_at(tmp_path)
    make_release(lake, FEW)
    monkeypatch.setattr("orchestration.cli.console.settings", lambda: Settings(home=tmp_path))
    report_command(release=RELEASE_ID, out=tmp_path / "mine.html")
    assert (tmp_path / "mine.html").read_bytes() == lake.report_door.read_bytes()
