"""From frames to frames: a stated problem, a plan of it, and everything that is published about it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from optimization.contracts.inputs import UNIT
from optimization.errors import AuditError
from optimization.network.baselines.comparison import check_none_is_better
from optimization.network.baselines.plans import baseline_plans
from optimization.network.problem import Problem
from optimization.network.proof.audit import audit_plan
from optimization.network.telling.frames import PlanFrames, daily_rate, frames_of
from optimization.network.telling.tables import Decided
from tests.science_frames import AS_OF
from tests.unit.network.decided_plans import decided
from tests.unit.network.problems import problem_of


def _plan(moved: float = 6.0) -> Decided:
    problem = problem_of(
        position=[12.0, 0.0],
        spare=[8.0, 0.0],
        mean=[2.0, 5.0],
        moves=[(0, 1)],
        lane_cost=1.0,
        rows=[("handling", "L1 units", 6.0, 0.0, 99.0)],
        move_use=[(0, 0, 1.0)],
    )
    return decided(problem, [moved], row_price=[1.0], item_kind="vehicle")


def _units() -> pd.DataFrame:
    frame = pd.DataFrame(
        {
            "unit_id": [f"V{number:02d}" for number in range(12)],
            "item_id": "I1",
            "location_id": "L1",
            "is_movable": True,
            "received_date": AS_OF,
            "network_received_date": AS_OF,
            "age_days": pd.array(range(12), dtype="Int64"),
            "model_year": pd.array([2024] * 12, dtype="Int64"),
        }
    ).astype({"received_date": "datetime64[ns]", "network_received_date": "datetime64[ns]"})
    return UNIT.validate(frame)


def _frames(plan: Decided) -> PlanFrames:
    problem: Problem = plan.problem
    baselines = baseline_plans(problem, daily_rate(plan.protection_demand))
    audit = audit_plan(problem, plan.outcome.plan, plan.outcome.slack)
    return frames_of(plan, _units(), audit, baselines, 1)


def test_one_plan_makes_all_frames_and_they_agree() -> None:
    plan = _plan()
    frames = _frames(plan)
    (transfer,) = frames.transfer_order.to_dict("records")
    assert frames.transfer_unit["unit_id"].tolist() == [f"V{number:02d}" for number in range(6, 12)]
    assert set(frames.transfer_unit["transfer_order_id"]) == {transfer["transfer_order_id"]}
    assert frames.units_missing == 0
    assert frames.explanation["decision_id"].tolist()[0] == transfer["transfer_order_id"]
    assert frames.network_row["row_use_after"].tolist() == [6.0]
    assert frames.position_plan["position_after_units"].tolist() == [6.0, 6.0]
    run = frames.network_solver_run.iloc[0]
    assert run["is_audit_passed"] and run["objective"] == pytest.approx(plan.outcome.objective)
    ours = frames.network_baseline.set_index(["plan_method", "breakdown"])["objective"]
    assert ours["network_model", "all"] == pytest.approx(run["objective"])


def test_frames_repeat_to_the_last_byte() -> None:
    once, twice = _frames(_plan()), _frames(_plan())
    for name, frame in vars(once).items():
        if isinstance(frame, pd.DataFrame):
            pd.testing.assert_frame_equal(frame, getattr(twice, name))


def test_a_plan_that_a_simple_rule_beats_is_refused() -> None:
    plan = _plan(moved=0.0)
    baselines = baseline_plans(plan.problem, daily_rate(plan.protection_demand))
    with pytest.raises(AuditError, match="the baseline"):
        check_none_is_better(plan.problem, plan.outcome.objective, baselines)


def test_a_fallback_is_published_as_one_even_when_a_simple_rule_beats_it() -> None:
    plan = _plan(moved=0.0)
    frames = _frames(replace(plan, outcome=replace(plan.outcome, status="FALLBACK", detail="no time")))
    assert frames.network_solver_run["detail"].tolist() == ["no time"]
    assert (frames.network_baseline["objective_above_plan"] < 0).any()
    assert frames.position_plan["status"].tolist() == ["FALLBACK", "FALLBACK"]


def test_the_daily_rate_is_the_demand_over_its_days() -> None:
    frame = pd.DataFrame({"mean_units": [6.0, 0.0], "protection_days": [12.0, 7.0]})
    assert daily_rate(frame).tolist() == np.array([0.5, 0.0]).tolist()
