"""What Dagster loads: frozen graph, complete metadata, blocking checks, and what starts a run."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import dagster as dg
import pytest

from orchestration.contracts.registry import CONTEXT_TABLES
from orchestration.definitions import defs
from orchestration.defs import schedules, sensors
from orchestration.defs.borders import CONTRACT_CHECK
from orchestration.ims.connector import SourceError
from orchestration.lake.ledger import Ledger
from orchestration.lake.paths import Lake
from orchestration.lake.sealing import seal
from orchestration.project import dbt_manifest
from orchestration.settings import Settings
from tests.architecture.freeze import FROZEN_FILE, as_text, described
from tests.factories import small_snapshot
from tests.pipelines import SMALL_DAYS, SmallSource

GRAPH = defs.resolve_asset_graph()
MADE = [node for node in GRAPH.asset_nodes if node.is_executable]
# What tells without stopping: sources whose stock or names do not agree in themselves.
ONLY_TELLS = {
    ("fct_balance_check", "movements_add_up_to_stock"),
    ("int_location_scopes_named", "location_scopes_name_something"),
    ("int_scopes_named", "scopes_name_something"),
    ("int_demand_lines_resolved", "no_more_came_back_than_was_shipped"),
    ("int_demand_lines_resolved", "no_order_names_an_unknown_segment"),
    ("dim_segment", "assert_group_levels_are_named"),
}


# --- the graph


def test_the_graph_is_the_reviewed_one() -> None:
    assert as_text(described()) == FROZEN_FILE.read_text(encoding="utf-8"), (
        "assets, dependencies, checks, jobs, schedules or sensors have changed; if that is meant, run "
        "`python -m tests.architecture.freeze` and commit the diff of definitions.json"
    )


@pytest.mark.parametrize("field", ["group_name", "owners", "kinds", "tags", "description", "partitions_def"])
def test_every_asset_is_described(field: str) -> None:
    assert [str(node.key) for node in MADE if not getattr(node, field)] == []


def test_only_the_description_of_a_run_is_made_outside_the_graph() -> None:
    outside = {node.key.path[-1] for node in GRAPH.asset_nodes if not node.is_executable}
    assert outside == {table.name for table in CONTEXT_TABLES}


def test_every_asset_is_partitioned_by_the_same_business_dates() -> None:
    assert {type(node.partitions_def) for node in MADE} == {dg.DailyPartitionsDefinition}
    assert len({node.partitions_def for node in MADE}) == 1
    assert all(node.backfill_policy == dg.BackfillPolicy.multi_run(1) for node in MADE)


def test_the_flow_goes_one_way() -> None:
    floors = [
        "ims",
        "marts",
        "history",
        "demand",
        "backtest",
        "policy",
        "planning",
        "network",
        "allocation",
        "promising",
        "orders",
        "published",
        "release",
    ]
    level = {node.key: floors.index(node.group_name or "") for node in MADE}
    back = [
        (str(parent), str(node.key))
        for node in MADE
        for parent in node.parent_keys
        if parent in level and level[parent] > level[node.key]
    ]
    assert back == []


def test_the_two_dbt_stages_share_nothing_and_cover_every_model() -> None:
    models = {node["name"] for node in dbt_manifest()["nodes"].values() if node["resource_type"] == "model"}
    stages = [
        {spec.key.path[-1] for spec in made.specs}
        for made in defs.assets or ()
        if isinstance(made, dg.AssetsDefinition) and made.op.name in ("dbt_marts", "dbt_published")
    ]
    assert len(stages) == 2
    assert not stages[0] & stages[1]
    assert stages[0] | stages[1] == models


def test_one_job_is_the_day_and_the_others_touch_no_asset() -> None:
    jobs = [job for job in defs.get_repository_def().get_all_jobs() if not job.name.startswith("__")]
    assert [job.name for job in jobs] == ["daily", "overlay", "policy_decision"]
    assert not any(job.asset_layer.executable_asset_keys for job in jobs[1:])
    assert isinstance(jobs[0].partitions_def, dg.DailyPartitionsDefinition)
    assert jobs[0].asset_layer.executable_asset_keys == {node.key for node in MADE}


def test_every_check_stops_what_stands_on_it() -> None:
    checks = {(key.asset_key.path[-1], key.name): GRAPH.get(key) for key in GRAPH.asset_check_keys}
    assert {name for name, check in checks.items() if not check.blocking} == ONLY_TELLS


def test_every_table_at_a_border_keeps_its_contract() -> None:
    checked = {key.asset_key.path[-1] for key in GRAPH.asset_check_keys if key.name == CONTRACT_CHECK}
    borders = {
        node.key.path[-1]
        for node in MADE
        if node.key.path[-1].startswith(("raw__", "opt_", "ledger__", "past__"))
    }
    assert checked == borders


def test_the_locations_of_everything_load() -> None:
    defs.validate_loadable(defs)


# --- what starts a run


@pytest.fixture
def source(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[SmallSource]:
    """A source with two dates, and settings of a home that is empty."""
    made = SmallSource()
    own = Settings(home=tmp_path / "home")
    monkeypatch.setattr("orchestration.ims.registry.open_connector", lambda settings, **_: made)
    monkeypatch.setattr(sensors, "settings", lambda: own)
    yield made


def _seal(home: Path, *dates: date) -> None:
    lake = Lake(home)
    for day in dates:
        seal(
            small_snapshot(day), lake, Ledger(lake.ledger_file), Settings(), today=SMALL_DAYS[-1]
        ).snapshot_or_raise()


def _tick(cursor: str | None = None) -> tuple[list[str], str | None]:
    """Evaluate the sensor; return the partitions it asks for and the cursor it leaves."""
    with dg.DagsterInstance.ephemeral() as instance:
        context = dg.build_sensor_context(
            instance=instance, cursor=cursor, repository_def=defs.get_repository_def()
        )
        result = sensors.new_snapshot.evaluate_tick(context)
    assert all(request.run_key.startswith("small:") for request in result.run_requests or [])
    return [str(request.partition_key) for request in result.run_requests or []], result.cursor


def test_a_fresh_home_is_asked_for_the_newest_date_once(source: SmallSource, tmp_path: Path) -> None:
    asked, cursor = _tick()
    assert asked == [SMALL_DAYS[-1].isoformat()]
    assert _tick(cursor)[0] == []


def test_dates_before_the_first_sealed_one_are_a_backfills_business(
    source: SmallSource, tmp_path: Path
) -> None:
    _seal(tmp_path / "home", SMALL_DAYS[1])
    assert _tick()[0] == []


def test_a_date_that_follows_the_sealed_ones_is_asked_for(source: SmallSource, tmp_path: Path) -> None:
    _seal(tmp_path / "home", SMALL_DAYS[0])
    assert _tick()[0] == [SMALL_DAYS[1].isoformat()]


def test_a_sealed_date_that_is_delivered_again_is_asked_for_again(
    source: SmallSource, tmp_path: Path
) -> None:
    _seal(tmp_path / "home", *SMALL_DAYS)
    asked, cursor = _tick()
    assert asked == []
    source.changes[SMALL_DAYS[0]] = lambda tables: tables
    asked, cursor = _tick(cursor)
    assert asked == [SMALL_DAYS[0].isoformat()]
    assert _tick(cursor)[0] == []


def test_a_delivery_dated_after_today_waits(source: SmallSource, monkeypatch: pytest.MonkeyPatch) -> None:
    tomorrow = datetime.now(UTC).date() + timedelta(days=2)
    monkeypatch.setattr(SmallSource, "business_dates", lambda self: (*SMALL_DAYS, tomorrow))
    assert _tick()[0] == [SMALL_DAYS[-1].isoformat()]


def test_a_delivery_that_is_refused_does_not_stand_in_the_way() -> None:
    days = [date(2024, 1, 1) + timedelta(days=offset) for offset in range(8)]
    first, known = sensors.dates_to_ask(days, days[:1], {}, str)
    assert first == days[1:6]
    second, known = sensors.dates_to_ask(days, days[:1], known, str)
    assert second == days[6:]
    assert sensors.dates_to_ask(days, days[:1], known, str)[0] == []
    # delivered again, the refused one is asked for again
    known[days[3]] = "another"
    assert sensors.dates_to_ask(days, days[:1], known, str)[0] == [days[3]]


def test_the_schedule_asks_for_the_newest_date(source: SmallSource) -> None:
    at = datetime(2023, 6, 16, 4, tzinfo=UTC)
    tick = schedules.every_morning.evaluate_tick(
        dg.build_schedule_context(
            scheduled_execution_time=at,
            instance=dg.DagsterInstance.ephemeral(),
            repository_def=defs.get_repository_def(),
        )
    )
    assert [(one.partition_key, one.run_key) for one in tick.run_requests or []] == [
        ("2023-06-15", "2023-06-15@2023-06-16")
    ]


def test_a_schedule_without_a_source_says_so(source: SmallSource, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(SmallSource, "business_dates", lambda self: ())
    context = dg.build_schedule_context(scheduled_execution_time=datetime(2023, 6, 16, 4, tzinfo=UTC))
    assert isinstance(schedules.every_morning(context), dg.SkipReason)
    with dg.DagsterInstance.ephemeral() as instance:
        assert isinstance(sensors.new_snapshot(dg.build_sensor_context(instance=instance)), dg.SkipReason)


def test_a_failed_run_alerts_and_is_in_the_ledger(source: SmallSource, tmp_path: Path) -> None:
    @dg.job(partitions_def=dg.DailyPartitionsDefinition(start_date="2023-06-01"))
    def failing() -> None:
        _fail()

    with dg.DagsterInstance.ephemeral() as instance:
        result = failing.execute_in_process(
            instance=instance, raise_on_error=False, partition_key="2023-06-15"
        )
        for _ in range(2):
            context = dg.build_run_status_sensor_context(
                sensor_name="alert_on_failure",
                dagster_event=result.get_run_failure_event(),
                dagster_instance=instance,
                dagster_run=result.dagster_run,
            ).for_run_failure()
            sensors.alert_on_failure(context)
    lines = [json.loads(line) for line in (tmp_path / "home" / "alerts.jsonl").read_text().splitlines()]
    assert lines[0]["business_date"] == "2023-06-15"
    assert lines[0]["run_id"] == result.run_id
    refusals = list(Ledger(Lake(tmp_path / "home").ledger_file).events("release"))
    assert [(one.event_type, one.subject) for one in refusals] == [("refused", "2023-06-15")]


@dg.op
def _fail() -> None:
    raise SourceError("nothing there")
