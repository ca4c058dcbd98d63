"""One golden copy per constraint family of the joint plan: a tiny case, with only that family's rows.

After an intended change, `python -m tests.golden.test_golden_joint` writes the copies anew.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pyomo.environ as pyo
import pytest

from optimization.network.lexicographic.goals import Goal
from optimization.network.lexicographic.model import FAMILIES, build, model_data
from optimization.solver.canonical import canonical_text
from optimization.solver.matrix import matrix_of
from tests.unit.network.joint_cases import case_of

HERE = Path(__file__).parent
NAMES = (*FAMILIES, "whole")


def model() -> Any:
    """Two places, two segments, one lane; promises and fences are solved, tier 1 is being levelled."""
    case = case_of(
        demand=[[3.0, 2.0], [0.0, 4.0]],
        on_hand=[5.0, 1.0],
        lanes=[(0, 1, 2.0)],
        inbound=[0.0, 1.0],
        reserved=[[1.0, 0.0], [0.0, 0.0]],
        previous=[[2.0, 1.0], [0.0, 1.0]],
        tier=[1, 1],
        weight=[1.0, 2.0],
        borrow_ratio=[0.5, 1.0],
        fence=[[0.0, 3.0]],
        cap=[[2.0, np.inf]],
        safety_stock=[1.0, 0.0],
        holding_cost=[1.0, 1.5],
        shortfall_cost=3.0,
        size=0.5,
        lot=2.0,
        lane_fixed_cost=4.0,
        lane_capacity=6.0,
        lane_minimum=2.0,
        space=[np.inf, 3.0],
    )
    settled = ((Goal("law"), 0.0), (Goal("ring_fence"), 0.0), (Goal("unmet", 1), 2.0))
    return build(model_data(case, settled, 1e-7), Goal("fairness", 1, 2))


def text_of(name: str) -> str:
    stated = model()
    if name != "whole":
        for other in FAMILIES:
            if other != name:
                getattr(stated, other).deactivate()
    return canonical_text(matrix_of(stated, f"joint {name}"))


@pytest.mark.parametrize("name", NAMES)
def test_the_model_is_its_golden_copy(name: str) -> None:
    assert text_of(name) == (HERE / f"joint__{name}.lp").read_text(encoding="utf-8")


def test_every_constraint_family_has_a_golden_copy_with_rows() -> None:
    stated = {
        constraint.local_name: len(constraint) for constraint in model().component_objects(pyo.Constraint)
    }
    assert set(stated) == set(FAMILIES)
    assert all(stated.values())
    assert {path.stem for path in HERE.glob("joint__*.lp")} == {f"joint__{name}" for name in NAMES}


if __name__ == "__main__":
    for family in NAMES:
        (HERE / f"joint__{family}.lp").write_text(text_of(family), encoding="utf-8")
