"""A check that fails, wherever it stands, publishes nothing and says what, how many and what to do."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from orchestration.publish import plausibility
from orchestration.publish.shelf import Release, current_release, releases
from orchestration.run import DayFailed
from tests.conftest import Small
from tests.pipelines import SMALL_DAYS, SmallSource, Workshop, open_workshop, published

BEFORE, DAY = SMALL_DAYS


@pytest.fixture
def copy(small: Small, tmp_path: Path) -> Iterator[Workshop]:
    """A copy of the small installation with its release, to be spoilt."""
    home = tmp_path / "home"
    shutil.copytree(small.workshop.pipeline.lake.root, home, symlinks=True)
    with open_workshop(home, SmallSource()) as workshop:
        yield workshop


def _refused(workshop: Workshop) -> DayFailed:
    """Run the day, which has to fail, and see that nothing of what is published has moved."""
    before = _shown(workshop)
    with pytest.raises(DayFailed) as failure:
        workshop.run(DAY)
    assert _shown(workshop) == before
    told = workshop.pipeline.ledger.events("release")
    refusal = [event for event in told if event.event_type == "refused"]
    assert len(refusal) == 1
    assert refusal[0].business_date == DAY
    assert refusal[0].payload["current_release"] == before["current"]
    assert failure.value.reason.splitlines()[0] in json.dumps(
        refusal[0].payload["problems"], ensure_ascii=False
    ).replace('\\"', '"')
    assert workshop.pipeline.ledger.verify().is_intact
    return failure.value


def _shown(workshop: Workshop) -> dict[str, object]:
    lake = workshop.pipeline.lake
    return {
        "current": workshop.current,
        "shelf": [one.release_id for one in releases(lake)],
        "door": str(lake.current_dir.readlink()),
        "database": lake.published_database.stat().st_mtime_ns,
        "export": str(lake.export_dir.readlink()),
    }


def test_an_expectation_that_fails_closes_the_gate(copy: Workshop, monkeypatch: pytest.MonkeyPatch) -> None:
    stated = plausibility.PLAUSIBILITY["policy"]
    monkeypatch.setitem(
        plausibility.PLAUSIBILITY, "policy", replace(stated, lists={"service_metric": ("ready",)})
    )
    failure = _refused(copy)
    assert failure.stage == "release"
    assert "policy: expectation check values_in_list failed, 24 failing rows" in failure.reason
    assert "service_metric is none of ready" in failure.reason
    assert "repair:" in failure.reason
    assert "the last release stays current" in failure.reason


def test_a_dbt_test_that_fails_stops_the_stage(copy: Workshop, monkeypatch: pytest.MonkeyPatch) -> None:
    """A transfer on a lane that nobody allows passes every contract and no relational test."""
    from optimization.network import planning

    honest = planning.plan_network

    def planned(*arguments: object, **options: object) -> planning.NetworkPlan:
        plan = honest(*arguments, **options)  # type: ignore[arg-type]
        moves = plan.frames.transfer_order.copy()
        moves["to_location_id"] = moves["from_location_id"]
        return replace(plan, frames=replace(plan.frames, transfer_order=moves))

    monkeypatch.setattr(planning, "plan_network", planned)
    failure = _refused(copy)
    assert failure.stage == "dbt_published"
    assert "assert_plan_is_relational" in failure.reason
    assert "rows)" in failure.reason


@pytest.mark.parametrize(
    ("damage", "told"),
    [
        ("not a number", "reorder_point_units"),
        ("twice", "item_id"),
    ],
)
def test_science_that_breaks_its_contract_stops_at_its_own_border(
    copy: Workshop, monkeypatch: pytest.MonkeyPatch, damage: str, told: str
) -> None:
    from optimization.policy import planning

    honest = planning.planned_policies

    def planned(*arguments: object, **options: object) -> planning.PolicyPlan:
        plan = honest(*arguments, **options)  # type: ignore[arg-type]
        frame = plan.policy.copy()
        if damage == "twice":
            frame = pd.concat([frame, frame.head(1)], ignore_index=True)
        else:
            frame.loc[frame.index[3], "reorder_point_units"] = np.nan
        return replace(plan, policy=frame)

    monkeypatch.setattr(planning, "planned_policies", planned)
    failure = _refused(copy)
    assert "policy" in failure.stage
    assert "opt_out__policy" in failure.reason
    assert told in failure.reason
    assert "repair the producer" in failure.reason.lower()


def test_a_dying_solver_costs_its_day_and_no_release(copy: Workshop, monkeypatch: pytest.MonkeyPatch) -> None:
    from optimization.network import planning

    def dead(*_: object, **__: object) -> None:
        raise MemoryError("the solver ran out of memory")

    monkeypatch.setattr(planning, "plan_network", dead)
    failure = _refused(copy)
    assert "ran out of memory" in failure.reason
    assert "Traceback: " in failure.reason


def _future(tables: Mapping[str, pa.Table]) -> Mapping[str, pa.Table]:
    """Absurd sales, receipts and movements that happen, or become known, after the business date."""
    planted = dict(tables)
    for name, date_column, key, units in (
        ("demand_line", "order_date", "order_id", "requested_units"),
        ("stock_movement", "movement_date", "movement_id", "quantity_units"),
        ("receipt", "received_date", "receipt_id", "received_units"),
    ):
        table = tables[name]
        known_later = _with(table.slice(0, 1), key, "FUTURE-1")
        known_later = _with(known_later, units, 1e6)
        known_later = _with(known_later, "loaded_at", pd.Timestamp(DAY) + pd.Timedelta(days=30))
        happens_later = _with(table.slice(1, 1), key, "FUTURE-2")
        happens_later = _with(happens_later, units, 1e6)
        happens_later = _with(happens_later, date_column, DAY + pd.Timedelta(days=30))
        planted[name] = pa.concat_tables([table, known_later, happens_later])
    return planted


def _with(row: pa.Table, column: str, value: object) -> pa.Table:
    position = row.column_names.index(column)
    field = row.schema.field(column)
    return row.set_column(position, field, pa.array([value], field.type))


def test_the_future_moves_nothing(small: Small, tmp_path: Path) -> None:
    source = SmallSource({DAY: _future})
    with open_workshop(tmp_path / "home", source) as workshop:
        result = workshop.run(DAY)
    assert _decisions(result.release) == _decisions(small.newest.release)
    quarantined = published(result.release, "quarantine")
    assert quarantined["row_key"].str.contains("FUTURE").all()
    assert quarantined["row_key"].nunique() == 6
    assert current_release(workshop.pipeline.lake) is not None


def _decisions(release: Release) -> dict[str, list[object]]:
    """Every row of every table that says or leads to a decision; not what tells of bad rows."""
    told = {"check_result", "capability", "quarantine", "data_dictionary"}
    rows = {}
    for name in sorted(set(release.tables) - told):
        # The planted rows make another snapshot of it, and that is what its id says.
        frame = published(release, name).drop(columns=["release_id", "snapshot_id"], errors="ignore")
        if name == "exception":
            frame = frame[frame["exception_type"] != "rows_quarantined"].drop(columns="exception_rank")
        if name == "weekly_review":
            frame = frame[~frame["subject"].str.startswith("rows_quarantined")].drop(columns="section_rank")
        rows[name] = frame.astype(object).where(frame.notna(), None).to_numpy().tolist()
    return rows
