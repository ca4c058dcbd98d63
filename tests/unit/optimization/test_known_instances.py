"""Instances of the optimisation models with known values, and the runner of worked cases."""

from __future__ import annotations

import json
from itertools import permutations
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.optimize import linear_sum_assignment
from scipy.stats import norm, poisson

from optimization.allocation.optimal.closed_form import common_level, share_out
from optimization.allocation.optimal.pools import Pools
from optimization.measures import scorecard
from tests.oracles import network_instances, run_cases, run_optimization

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
    assert f"{len(INSTANCES)} instances, 0 misses; 0 models not covered" in printed


def test_the_runner_exits_1_on_a_miss(tmp_path: Path) -> None:
    case = {"id": "x", "topic": "GMROI", "inputs": {"gross_margin_12m": 1, "avg_inventory_cost": 2}}
    wrong = {"cases": [case | {"expected": {"gmroi": 0.6}, "tolerance": 1e-9}]}
    (tmp_path / "wrong.json").write_text(json.dumps(wrong), encoding="utf-8")
    assert run_cases.main([str(tmp_path / "wrong.json")]) == 1


def test_the_transport_problem_of_dantzig() -> None:
    data, value = _case("transport_gams_trnsport")
    answer = network_instances.transport(data)
    assert answer["cost"] == pytest.approx(value)
    assert np.allclose(np.sum(answer["flow"], axis=0), data["demand"])


def test_a_transport_problem_without_enough_supply_has_no_answer() -> None:
    data = {"cost": [[1.0, 2.0]], "supply": [3], "demand": [2, 2]}
    with pytest.raises(ValueError, match="no solution: 1 units"):
        network_instances.transport(data)
    assert network_instances.transport(data | {"shortage_cost": 10})["cost"] == pytest.approx(2 + 2 + 10)


def test_the_power_stations_of_winston() -> None:
    cost = [[8, 6, 10, 9], [9, 12, 13, 7], [14, 9, 16, 5]]
    data = {"cost": cost, "supply": [35, 50, 40], "demand": [45, 20, 30, 30]}
    assert network_instances.transport(data)["cost"] == pytest.approx(1020)


def test_units_pass_through_nodes_of_a_network() -> None:
    # The least cost flow of OR-Tools' documentation.
    data = {
        "start_nodes": [0, 0, 1, 1, 1, 2, 2, 3, 4],
        "end_nodes": [1, 2, 2, 3, 4, 3, 4, 4, 2],
        "capacities": [15, 8, 20, 4, 10, 15, 4, 20, 5],
        "unit_costs": [4, 4, 2, 2, 6, 1, 3, 2, 3],
        "supplies": [20, 0, 0, -5, -15],
    }
    assert network_instances.least_cost_flow(data)["cost"] == pytest.approx(150)
    arcs = list(
        zip(*(data[name] for name in ("start_nodes", "end_nodes", "capacities", "unit_costs")), strict=True)
    )
    named = {"arcs": arcs, "supply": dict(enumerate(data["supplies"]))}
    assert network_instances.least_cost_flow(named)["cost"] == pytest.approx(150)


def test_matches_are_those_of_the_hungarian_method() -> None:
    rng = np.random.default_rng(4)
    for shape in ((5, 5), (3, 6), (6, 4)):
        cost = rng.integers(-20, 50, shape)
        rows, columns = linear_sum_assignment(cost)
        answer = network_instances.assignment({"cost": cost.tolist()})
        assert answer["cost"] == pytest.approx(cost[rows, columns].sum())
        largest = network_instances.assignment({"profit": cost.tolist()})
        rows, columns = linear_sum_assignment(cost, maximize=True)
        assert largest["cost"] == pytest.approx(cost[rows, columns].sum())


def test_pairs_that_are_not_allowed_are_not_made() -> None:
    data = {"cost": [[1, None], [2, 7]]}
    assert network_instances.assignment(data) == {"cost": pytest.approx(8), "assignment": [0, 1]}


def test_slots_by_enumeration() -> None:
    rng = np.random.default_rng(5)
    for _ in range(3):
        due, weight = rng.integers(1, 6, 5), rng.integers(1, 9, 5)
        best = min(
            sum(w * max(slot + 1 - d, 0) for slot, d, w in zip(order, due, weight, strict=True))
            for order in permutations(range(5))
        )
        data = {"due": due.tolist(), "weight": weight.tolist(), "slots": [1] * 5}
        assert network_instances.slots(data)["cost"] == pytest.approx(best)


def test_balancing_two_locations_by_enumeration() -> None:
    data, value = _case("balance_two_loc_poisson")
    answer = network_instances.balance(data)
    assert answer["t"] == value["t"]
    assert answer["cost"] == pytest.approx(value["cost"], abs=1e-9)


@pytest.mark.parametrize("sigma", [None, [2.0, 1.0, 3.0]])
def test_balancing_three_locations_by_enumeration(sigma: list[float] | None) -> None:
    stock, mu, b, lane = [9, 0, 2], [3.0, 4.0, 3.5], [9.0, 12.0, 5.0], 1.5

    def cost(position: int, at: int) -> float:
        if sigma is None:
            k = np.arange(60)
            mass = poisson.pmf(k, mu[at])
            return float(mass @ (np.maximum(position - k, 0) + b[at] * np.maximum(k - position, 0)))
        z = (position - mu[at]) / sigma[at]
        short = sigma[at] * (norm.pdf(z) - z * norm.sf(z))
        return float(position - mu[at] + (1.0 + b[at]) * short)

    best = min(
        lane * (x + y + z) + cost(9 - x - y, 0) + cost(x + z, 1) + cost(2 + y - z, 2)
        for x in range(10)
        for y in range(10 - x)
        for z in range(3)
    )
    data = {"stock": stock, "mu": mu, "h": 1, "b": b, "lane_cost": lane}
    answer = network_instances.balance(data if sigma is None else data | {"sigma": sigma})
    assert answer["cost"] == pytest.approx(best, abs=1e-9)
    assert sum(answer["position"]) == sum(stock)


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


def test_guarantees_that_do_not_fit_are_scaled_or_served_by_priority() -> None:
    data = {"supply": 30, "demand": [40, 50], "min": [20, 40], "priority": [1, 2]}
    assert run_optimization.allocation_instance(data)["alloc"] == pytest.approx([10, 20])
    by_priority = run_optimization.allocation_instance(data | {"rule": "priority"})
    assert by_priority["alloc"] == pytest.approx([20, 10])


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
