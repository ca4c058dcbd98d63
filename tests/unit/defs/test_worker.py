"""A run that Dagster starts holds its business date and tells who works on it; a second one fails at once."""

import json
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import dagster as dg
import pytest

from orchestration.defs import sensors, worker
from orchestration.defs.resources import Pipeline
from orchestration.lake.ledger import Ledger
from orchestration.lake.locks import AlreadyRunningError, day_lock
from orchestration.lake.paths import Lake
from orchestration.outcomes import Code
from orchestration.processes import this_process
from orchestration.settings import Settings
from orchestration.upkeep.alerts import alerts_file
from orchestration.upkeep.workers import worker_of

DAY = date(2024, 1, 31)


@dg.op
def look(context: dg.OpExecutionContext, pipeline: dg.ResourceParam[Pipeline]) -> None:
    """The date is held while the step runs."""
    with pytest.raises(AlreadyRunningError, match=context.run_id), day_lock(pipeline.lake, DAY):
        pass
    context.log.info("looked")


@dg.job(
    resource_defs={"pipeline": worker.pipeline_of_run},
    executor_def=dg.in_process_executor,
    tags={"dagster/partition": DAY.isoformat()},
)
def partitioned() -> None:
    look()


@dg.op
def free(pipeline: dg.ResourceParam[Pipeline]) -> None:
    """A run of no date holds none."""
    assert not list(pipeline.lake.root.glob("locks/*"))


@dg.job(resource_defs={"pipeline": worker.pipeline_of_run}, executor_def=dg.in_process_executor)
def undated() -> None:
    free()


@pytest.fixture
def own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    settings = Settings(home=tmp_path)
    for module in (worker, sensors):
        monkeypatch.setattr(module, "settings", lambda: settings)
    return settings


@pytest.fixture
def instance() -> Iterator[dg.DagsterInstance]:
    with dg.DagsterInstance.ephemeral() as opened:
        yield opened


def test_the_date_is_held_while_the_run_works(own: Settings, instance: dg.DagsterInstance) -> None:
    result = partitioned.execute_in_process(instance=instance, raise_on_error=False)
    assert result.success, [event.message for event in result.all_events if event.is_failure]
    run = instance.get_run_by_id(result.run_id)
    assert run is not None and worker_of(run.run_id, run.tags) == this_process()
    with day_lock(Lake(own.home), DAY):
        pass
    assert undated.execute_in_process(instance=instance, raise_on_error=False).success


def test_a_date_that_is_worked_on_fails_the_second_run_and_pages_nobody(
    own: Settings, instance: dg.DagsterInstance
) -> None:
    with day_lock(Lake(own.home), DAY, "the first"):
        result = partitioned.execute_in_process(instance=instance, raise_on_error=False)
    assert not result.success
    assert not [event for event in result.all_events if event.message == "looked"]
    context = dg.build_run_status_sensor_context(
        sensor_name="alert_on_failure",
        dagster_event=result.get_run_failure_event(),
        dagster_instance=instance,
        dagster_run=instance.get_run_by_id(result.run_id) or result.dagster_run,
    ).for_run_failure()
    sensors.alert_on_failure(context)
    (refusal,) = Ledger(Lake(own.home).ledger_file).events("release")
    assert refusal.payload["reason_code"] == Code.ALREADY_RUNNING, json.dumps(dict(refusal.payload))
    assert not alerts_file(own).exists()
