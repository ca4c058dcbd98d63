"""What asks for an overlay: the sensor once per new operation, the job, and the command line."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path

import dagster as dg
import pytest
from typer.testing import CliRunner

from orchestration.cli import app
from orchestration.defs import overlay as defs_overlay
from orchestration.defs.resources import Pipeline
from orchestration.lake.paths import Lake
from orchestration.publish.overlay_shelf import current_overlay
from orchestration.settings import Settings
from tests.overlay_base import Base


@pytest.fixture
def base(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Base:
    own = Settings(home=tmp_path / "home")
    monkeypatch.setattr(defs_overlay, "settings", lambda: own)
    monkeypatch.setattr("orchestration.cli.console.settings", lambda: own)
    return Base(Lake(own.home), own, items=1)


def _tick(cursor: str | None = None) -> tuple[list[str | None], str | None]:
    with dg.DagsterInstance.ephemeral() as instance:
        context = dg.build_sensor_context(instance=instance, cursor=cursor)
        result = defs_overlay.new_operations.evaluate_tick(context)
    return [request.run_key for request in result.run_requests or []], result.cursor or cursor


def test_the_sensor_asks_once_for_what_the_release_has_not_applied(base: Base) -> None:
    assert _tick()[0] == []
    release = base.publish()
    assert _tick()[0] == []
    base.operate("consume", "FLEET", 1.0)
    asked, cursor = _tick()
    assert len(asked) == 1 and str(asked[0]).startswith(release.release_id)
    assert _tick(cursor) == ([], cursor)
    base.operate("consume", "FLEET", 1.0)
    again, cursor = _tick(cursor)
    assert len(again) == 1 and again != asked
    base.as_of += timedelta(days=2)
    newer = base.publish("second")
    assert _tick(cursor)[0] == []
    base.operate("consume", "FLEET", 1.0)
    asked, cursor = _tick(cursor)
    assert str(asked[0]).startswith(newer.release_id)
    assert json.loads(str(cursor))["release_id"] == newer.release_id


def test_the_job_and_the_command_publish_and_show_reads_both(base: Base) -> None:
    base.publish()
    base.operate("consume", "FLEET", 4.0)
    done = defs_overlay.overlay.execute_in_process(resources={"pipeline": Pipeline(base.settings)})
    assert done.success
    first = current_overlay(base.lake)
    assert first is not None
    base.operate("consume", "FLEET", 1.0)
    runner = CliRunner()
    told = runner.invoke(app, ["overlay"], catch_exceptions=False)
    assert told.exit_code == 0
    second = current_overlay(base.lake)
    assert second is not None and second.number == first.number + 1
    assert second.overlay_id in told.output.replace("\n", "")
    command = [
        "show",
        "allocation",
        "--columns",
        "segment_id, allocated_units",
        "--where",
        "location_id = 'L1'",
    ]
    assert "5" in runner.invoke(app, [*command, "--now"], catch_exceptions=False).output
    refused = runner.invoke(app, ["overlay", "--until", "noon"])
    assert refused.exit_code == 1
    assert "is no time" in str(refused.exception)
