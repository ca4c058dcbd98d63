"""The gate before the engines: what is no number or contradicts itself is named and goes no further."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from optimization.errors import ContractError, NonFiniteInputError
from optimization.network.gate import require_sound
from optimization.network.problem import TABLE
from tests.unit.network.small_problems import small_problem

PROBLEM = small_problem(3, items=2, locations=2, rows=1)


@pytest.mark.parametrize("seed", range(20))
def test_sound_problems_pass(seed: int) -> None:
    require_sound(small_problem(seed, items=3, locations=3, rows=2, segments=1 + seed % 3))


def test_a_problem_of_nothing_passes() -> None:
    problem = small_problem(0, items=1, locations=1, rows=0)
    assert len(problem.moves) == 0
    require_sound(problem)


def test_infinity_means_none_for_a_cap_and_a_missing_level_only() -> None:
    require_sound(replace(PROBLEM, curves=replace(PROBLEM.curves, cap=np.full(4, np.inf))))
    require_sound(replace(PROBLEM, places=replace(PROBLEM.places, level=np.full(4, -np.inf))))
    with pytest.raises(NonFiniteInputError, match=r"input places.level holds inf at position 0"):
        require_sound(replace(PROBLEM, places=replace(PROBLEM.places, level=np.full(4, np.inf))))
    with pytest.raises(NonFiniteInputError, match=r"model small-3: input moves.unit_cost holds nan"):
        require_sound(
            replace(PROBLEM, moves=replace(PROBLEM.moves, unit_cost=PROBLEM.moves.unit_cost * np.nan))
        )


def _spoiled(part: str, column: str, value: float, at: int = 0) -> object:
    owner = getattr(PROBLEM, part)
    numbers = getattr(owner, column).copy()
    numbers[at] = value
    return replace(PROBLEM, **{part: replace(owner, **{column: numbers})})


@pytest.mark.parametrize(
    ("part", "column", "value", "message"),
    [
        ("places", "spare", -2.0, r"places.spare -2.0 at position 0 is below 0 \(1 of 4\)"),
        ("places", "lot", 0.0, "places.lot 0.0 at position 0 is below 1"),
        ("places", "item", 9, "places.item 0 at position 1 falls"),
        ("curves", "variance", -1.0, "curves.variance -1.0 at position 0 is below 0"),
        ("curves", "place", 4, "curves.place 1 at position 1 falls"),
        ("moves", "limit", -1.0, "moves.limit -1.0 at position 0 is below 0"),
        ("moves", "target", 0, "moves.target 0 at position 0 is a place of another item"),
        ("rows", "slack_price", -1.0, "rows.slack_price -1.0 at position 0 is below 0"),
        ("move_uses", "row", 1, "move_uses.row 1 at position 0 is none of 1"),
        ("move_uses", "start", 1, "move_uses.start at position 0 does not span its entries"),
    ],
)
def test_what_contradicts_itself_is_named(part: str, column: str, value: float, message: str) -> None:
    with pytest.raises(ContractError, match=f"network problem small-3: {message}.*repair the statement"):
        require_sound(_spoiled(part, column, value))  # type: ignore[arg-type]


def test_a_place_without_demand_still_needs_a_curve() -> None:
    fewer = PROBLEM.curves.take(np.array([0, 1, 3]))
    with pytest.raises(ContractError, match=r"places at position 2 has no curve"):
        require_sound(replace(PROBLEM, curves=fewer))


def test_the_marginals_of_a_table_rise() -> None:
    curves = replace(PROBLEM.curves, kind=np.full(4, TABLE, dtype=np.int8))
    require_sound(replace(PROBLEM, curves=curves))
    falling = curves.table.copy()
    falling[6], falling[7] = falling[7] + 1.0, falling[6]
    with pytest.raises(ContractError, match=r"curves.table .* at position 7 falls"):
        require_sound(replace(PROBLEM, curves=replace(curves, table=falling)))
    with pytest.raises(ContractError, match=r"curves.table_start 18 at position 3 leaves the table"):
        require_sound(
            replace(PROBLEM, curves=replace(curves, table_start=curves.table_start + np.array([0, 0, 0, 3])))
        )
