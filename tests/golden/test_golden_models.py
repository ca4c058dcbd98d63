"""One golden copy per constraint family: the model of a tiny case, with only that family's rows.

After an intended change, `python -m tests.golden.test_golden_models` writes the copies anew.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pyomo.environ as pyo
import pytest

from optimization.allocation import model as allocation_model
from optimization.network import model as network_model
from optimization.solver.canonical import canonical_text
from optimization.solver.matrix import matrix_of

HERE = Path(__file__).parent

# Two places and one move: place 0 may give, place 1 is below its reorder point and orders in lots
# of 6 with a minimum of 10.
NETWORK = network_model.ModelData(
    place_count=2,
    lowest=[-2.0, 3.0],
    spare=[2.0, 0.0],
    need=[0.0, 3.0],
    lot=[1.0, 6.0],
    moq=[0.0, 10.0],
    least_lots=[0.0, 0.0],
    most_lots=[0.0, 2.0],
    moves_into=[[], [0, 1]],
    moves_from=[[0, 1], []],
    pieces_of=[[0, 1], [2, 3]],
    near_pieces_of=[[], [0, 1]],
    piece_width=[1.0, 1.0, 4.0, 8.0],
    piece_slope=[-3.0, -1.0, 0.5, 2.0],
    near_width=[1.0, 2.0],
    near_slope=[-9.0, -4.0],
    limit=[2.0, 2.0],
    move_cost=[2.4, 3.6],
    toll=[0.0, 12.0],
    ordering=[1],
    skippable=[1],
    tolled=[1],
    whole_moves=False,
    base_cost=40.0,
)
NETWORK_FAMILIES = ("balance", "arrival", "outflow", "shipment", "cover", "minimum_order", "order_limit")

# One pool of 10 units; tier 1 has been served 4 units; tier 2 is being levelled.
ALLOCATION = allocation_model.ModelData(
    supply=[10.0],
    least=[[0.0, 1.0, 0.0]],
    most=[[4.0, 5.0, 8.0]],
    weight=[[4.0, 5.0, 16.0]],
    segments=range(3),
    members={1: [0], 2: [1, 2]},
    served={(0, 1): 4.0},
    open_segments=frozenset({(0, 1), (0, 2)}),
    fixed={},
    slack=0.0,
)
ALLOCATION_FAMILIES = ("supply", "higher_tiers", "fair_level")


def text_of(room: str, family: str) -> str:
    model: Any
    if room == "network":
        model, families = network_model.build(NETWORK), NETWORK_FAMILIES
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
        ("network", network_model.build(NETWORK)),
        ("allocation", allocation_model.build(ALLOCATION, 2)),
    ):
        stated = {constraint.local_name for constraint in model.component_objects(pyo.Constraint)}
        assert stated == {family for where, family in CASES if where == room} - {"whole"}


def test_the_tiny_network_has_its_known_answer() -> None:
    from optimization.solver.highs import solve

    answer = solve(matrix_of(network_model.build(NETWORK), "network"))
    # By hand: one lot of 6 is below the minimum, so 12 are ordered whatever is moved, and the cheap
    # lane brings t: 0 costs 48.0, 1 costs 40 - 3 + 2.4 - 9 + 2 + 12, 2 costs 47.8.
    assert answer.status == "OPTIMAL"
    assert answer.objective == pytest.approx(44.4)
    assert np.isclose(answer.bound, answer.objective)


if __name__ == "__main__":
    for room, family in CASES:
        (HERE / f"{room}__{family}.lp").write_text(text_of(room, family), encoding="utf-8")
