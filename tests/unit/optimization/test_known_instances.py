"""Instances of the optimisation models with known values, and the runner of worked cases."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pyomo.environ as pyo
import pytest

from optimization.allocation.closed_form import common_level, share_out
from optimization.allocation.pools import Pools
from optimization.measures import scorecard
from optimization.network.batches import Batch, solve_batch
from optimization.parameters import NetworkParameters
from optimization.solver.highs import solve
from optimization.solver.matrix import matrix_of
from tests.oracles import run_cases, run_optimization
from tests.oracles.topics.balancing import moves_from, places_with

CASES = Path(__file__).parents[2] / "oracles" / "cases"
INSTANCES = {
    case["id"]: case for case in json.loads((CASES / "optimization_instances.json").read_text("utf-8"))
}


def _case(name: str) -> tuple[dict[str, Any], Any]:
    return INSTANCES[name]["data"], INSTANCES[name]["value"]


def test_all_reference_cases_that_are_answered_agree(capsys: pytest.CaptureFixture[str]) -> None:
    assert run_cases.main([str(CASES / "reference_cases.json")]) == 0
    printed = capsys.readouterr().out
    assert "0 misses" in printed and "topics not covered" in printed


def test_all_instances_that_are_answered_agree(capsys: pytest.CaptureFixture[str]) -> None:
    assert run_optimization.main([str(CASES / "optimization_instances.json")]) == 0
    printed = capsys.readouterr().out
    assert "6 instances, 0 misses" in printed and "models not covered" in printed


def test_the_runner_exits_1_on_a_miss(tmp_path: Path) -> None:
    case = {"id": "x", "topic": "GMROI", "inputs": {"gross_margin_12m": 1, "avg_inventory_cost": 2}}
    wrong = {"cases": [case | {"expected": {"gmroi": 0.6}, "tolerance": 1e-9}]}
    (tmp_path / "wrong.json").write_text(json.dumps(wrong), encoding="utf-8")
    assert run_cases.main([str(tmp_path / "wrong.json")]) == 1


def test_the_transport_problem_of_dantzig() -> None:
    data, value = _case("transport_gams_trnsport")
    plants, markets = range(len(data["supply"])), range(len(data["demand"]))
    model = pyo.ConcreteModel()
    model.ship = pyo.Var(plants, markets, bounds=(0, None))
    model.supply = pyo.Constraint(
        plants, rule=lambda m, i: sum(m.ship[i, j] for j in markets) <= data["supply"][i]
    )
    model.demand = pyo.Constraint(
        markets, rule=lambda m, j: sum(m.ship[i, j] for i in plants) >= data["demand"][j]
    )
    model.cost = pyo.Objective(
        expr=sum(data["cost"][i][j] * model.ship[i, j] for i in plants for j in markets)
    )
    assert solve(matrix_of(model, "transport")).objective == pytest.approx(value)


def test_balancing_two_locations_by_enumeration() -> None:
    data, value = _case("balance_two_loc_poisson")
    places = places_with(data["mu"], data["stock"], data["h"], data["b"])
    moves = moves_from(0, [1], data["lane_cost"], data["stock"][0])
    plan = solve_batch(Batch("case", places, moves), NetworkParameters(dead_band_factor=1.0))
    assert plan.moved.tolist() == [value["t"]]
    assert plan.objective == pytest.approx(value["cost"], abs=1e-9)
    assert plan.status == "OPTIMAL"


def test_tiers_guarantees_and_caps() -> None:
    data, value = _case("alloc_lexicographic_3seg")
    demand = np.array([data["demand"]], dtype=float)
    cap = np.array([np.inf if cap is None else cap for cap in data["cap"]])
    pools = Pools(
        supply=np.array([float(data["supply"])]),
        is_whole=np.array([True]),
        demand=demand,
        guaranteed=np.array([data["min"]], dtype=float),
        most=np.minimum(demand, cap),
        weight=demand,
        tier=np.array(data["priority"]),
        is_scaled=np.array([False]),
    )
    assert share_out(pools)[0].tolist() == value["alloc"]


def test_max_min_fairness() -> None:
    data, value = _case("alloc_maxmin_fair")
    demand = np.array([data["demand"]], dtype=float)
    level = common_level(
        np.zeros_like(demand), demand, np.ones_like(demand), np.array([float(data["supply"])])
    )
    assert level[0].tolist() == pytest.approx(value["alloc"])


def test_scorecard_bands() -> None:
    worked = json.loads((CASES / "worked_examples.json").read_text("utf-8"))
    colours, levels = worked["scorecard_rag_of_3_checks"], worked["scorecard_level"]
    assert [scorecard.area_colour(yes) for yes in colours["yes"]] == colours["rag"]
    assert [scorecard.level(yes) for yes in levels["yes"]] == levels["level"]
