"""One golden copy per constraint family: the model of a tiny case, with only that family's rows.

After an intended change, `python -m tests.golden.test_golden_models` writes the copies anew.
"""

from __future__ import annotations

from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pyomo.environ as pyo
import pytest

from optimization.allocation.optimal import model as allocation_model
from optimization.network.costs import plan_cost
from optimization.network.model import pyomo_model
from optimization.network.model.assembly import assembled
from optimization.network.model.families import FAMILIES
from optimization.network.model.model_data import ModelData, model_data
from optimization.network.model.pieces import cut
from optimization.network.model.read_back import plan_from
from optimization.network.problem import Plan
from optimization.solver.canonical import canonical_text
from optimization.solver.highs import solve
from optimization.solver.matrix import matrix_of
from tests.golden.tiny_network import tiny_network

HERE = Path(__file__).parent

# One pool of 10 units, 1 of them safety stock; tier 1 owns 4 units and wants 6; tier 2 is being levelled.
ALLOCATION = allocation_model.ModelData(
    case=allocation_model.Case(
        supply=np.array([10.0]),
        demand=np.array([[6.0, 5.0, 8.0]]),
        weight=np.array([[6.0, 5.0, 16.0]]),
        borrow_ratio=np.array([0.5, 0.0, 1.0]),
        safety_stock=np.array([1.0]),
    ),
    place_count=1,
    segments=range(3),
    members={1: [0], 2: [1, 2]},
    own=(np.array([[0.0, 1.0, 0.0]]), np.array([[4.0, 5.0, 8.0]])),
    loan=(np.zeros((1, 3)), np.array([[2.0, 0.0, 3.0]])),
    safety_short=np.array([1.0]),
    settled={(0, 1): 2.0},
    lifted=frozenset({(0, 1), (0, 2)}),
    slack=np.zeros(1),
)
ALLOCATION_FAMILIES = tuple(allocation_model.FAMILIES)
NETWORK_FAMILIES = tuple(FAMILIES)


def network_data(whole: bool = True) -> ModelData:
    problem = tiny_network()
    return model_data(problem, cut(problem), whole)


def text_of(room: str, family: str) -> str:
    model: Any
    if room == "network":
        model, families = pyomo_model.build(network_data()), NETWORK_FAMILIES
    else:
        model, families = allocation_model.build(ALLOCATION, 2), ALLOCATION_FAMILIES
    if family != "whole":
        for other in families:
            if other != family:
                getattr(model, other).deactivate()
    return canonical_text(matrix_of(model, f"{room} {family}"))


CASES = [("network", family) for family in (*NETWORK_FAMILIES, "whole")]
CASES += [("allocation", family) for family in (*ALLOCATION_FAMILIES, "whole")]


@pytest.mark.parametrize(("room", "family"), CASES)
def test_the_model_is_its_golden_copy(room: str, family: str) -> None:
    assert text_of(room, family) == (HERE / f"{room}__{family}.lp").read_text(encoding="utf-8")


def test_every_constraint_family_has_a_golden_copy() -> None:
    for room, model in (
        ("network", pyomo_model.build(network_data())),
        ("allocation", allocation_model.build(ALLOCATION, 2)),
    ):
        stated = {constraint.local_name for constraint in model.component_objects(pyo.Constraint)}
        assert stated == {family for where, family in CASES if where == room} - {"whole"}
        assert {path.stem for path in HERE.glob(f"{room}__*.lp")} == {
            f"{room}__{name}" for name in stated
        } | {f"{room}__whole"}


def test_every_family_has_rows_in_the_tiny_network() -> None:
    assert all(len(family.index(network_data())) for family in FAMILIES.values())


def test_the_arrays_are_the_golden_model() -> None:
    arrays, _ = assembled(network_data())
    assert canonical_text(arrays) == (HERE / "network__whole.lp").read_text(encoding="utf-8")


def test_the_tiny_network_has_its_answer_by_enumeration() -> None:
    data = network_data()
    model, layout = assembled(data)
    answer = solve(model)
    best = min(
        plan_cost(data.problem, Plan(np.array([a, b, c], float), np.array([0, order, 0], float))).objective
        for a, b, c, order in product(range(5), (0, 3, 4), (0, 2), (0, 12))
        if a + b <= 4
    )
    assert answer.status == "OPTIMAL"
    assert answer.objective == pytest.approx(best)
    assert plan_cost(data.problem, plan_from(data, layout, answer.values)).objective == pytest.approx(best)


if __name__ == "__main__":
    for room, family in CASES:
        (HERE / f"{room}__{family}.lp").write_text(text_of(room, family), encoding="utf-8")
