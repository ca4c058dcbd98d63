"""What a problem must be before anything solves it: numbers where numbers are meant, keys in order.

A solver would call a model with NaN in it optimal, and an engine would loop on a curve that is not
convex. One pass over the arrays finds both.
"""

from __future__ import annotations

from dataclasses import fields
from typing import Any

import numpy as np

from optimization.errors import ContractError
from optimization.network.problem import TABLE, Curves, Problem, Uses
from optimization.solver.finite import require_finite

_NOT_NEGATIVE: dict[str, tuple[str, ...]] = {
    "places": (
        "spare",
        "level_price",
        "order_limit",
        "order_fixed_cost",
        "moq",
        "near_mean",
        "near_variance",
        "near_shortage_cost",
    ),
    "curves": ("mean", "variance", "holding_cost", "shortage_cost", "floor", "floor_price", "cap"),
    "moves": ("unit_cost", "fixed_cost", "limit", "minimum"),
    "rows": ("slack_price",),
}
_AT_LEAST_ONE = {"places": ("lot",), "moves": ("multiple",)}


def require_sound(problem: Problem) -> None:
    """Raise when a number is none, has the wrong sign, or a key is out of place.

    `NonFiniteInputError` names the column and position of NaN or infinity (a level of −inf and a cap of
    inf mean "none"), `ContractError` every other breach: negative spare units, lots below one, moves
    between items, marginals of a table that fall, places out of order.
    """
    _require_numbers(problem)
    for part, columns in _NOT_NEGATIVE.items():
        for column in columns:
            numbers = getattr(getattr(problem, part), column)
            _require(problem, numbers >= 0, f"{part}.{column}", "is below 0", numbers)
    for part, columns in _AT_LEAST_ONE.items():
        for column in columns:
            numbers = getattr(getattr(problem, part), column)
            _require(problem, numbers >= 1, f"{part}.{column}", "is below 1", numbers)
    _require(problem, np.array([problem.dead_band_factor]) >= 0, "dead_band_factor", "is below 0", None)
    _require_order(problem)
    _require_convex(problem)


def _require_numbers(problem: Problem) -> None:
    parts: tuple[tuple[str, Any], ...] = (
        ("places", problem.places),
        ("curves", problem.curves),
        ("moves", problem.moves),
        ("rows", problem.rows),
        ("move_uses", problem.move_uses),
        ("order_uses", problem.order_uses),
    )
    numbers = {
        f"{name}.{field.name}": getattr(part, field.name)
        for name, part in parts
        for field in fields(part)
        if getattr(part, field.name).dtype.kind == "f"
    }
    level, cap = problem.places.level, problem.curves.cap
    numbers["places.level"] = np.where(level == -np.inf, 0.0, level)
    numbers["curves.cap"] = np.where(cap == np.inf, 0.0, cap)
    numbers["dead_band_factor"] = np.array([problem.dead_band_factor])
    require_finite(problem.name, numbers)


def _require_order(problem: Problem) -> None:
    places, curves, moves = problem.places, problem.curves, problem.moves
    n, m, j = len(places), len(moves), len(problem.rows)
    _require(problem, np.diff(places.item, prepend=0) >= 0, "places.item", "falls", places.item)
    _require(problem, np.diff(curves.place, prepend=0) >= 0, "curves.place", "falls", curves.place)
    has_curve = np.bincount(np.clip(curves.place, 0, max(n - 1, 0)), minlength=n)[:n] > 0
    _require(problem, has_curve, "places", "has no curve", None)
    for name, index, count in (
        ("curves.place", curves.place, n),
        ("moves.source", moves.source, n),
        ("moves.target", moves.target, n),
        ("move_uses.row", problem.move_uses.row, j),
        ("order_uses.row", problem.order_uses.row, j),
    ):
        _require(problem, (index >= 0) & (index < count), name, f"is none of {count}", index)
    _require(problem, np.diff(moves.source, prepend=0) >= 0, "moves.source", "falls", moves.source)
    _require(
        problem,
        places.item[moves.source] == places.item[moves.target],
        "moves.target",
        "is a place of another item",
        moves.target,
    )
    _require(problem, moves.source != moves.target, "moves.target", "is its own source", moves.target)
    for name, uses, count in (("move_uses", problem.move_uses, m), ("order_uses", problem.order_uses, n)):
        _require(problem, _spans(uses, count), f"{name}.start", "does not span its entries", None)


def _spans(uses: Uses, count: int) -> np.ndarray[Any, Any]:
    start = uses.start
    fits = len(start) == count + 1 and start[0] == 0 and start[-1] == len(uses.row) == len(uses.amount)
    return np.array([fits and bool(np.all(np.diff(start) >= 0))])


def _require_convex(problem: Problem) -> None:
    curves: Curves = problem.curves
    rows = np.flatnonzero(curves.kind == TABLE)
    start, count = curves.table_start[rows], curves.table_count[rows]
    inside = (count >= 1) & (start >= 0) & (start + count <= len(curves.table))
    _require(problem, inside, "curves.table_start", "leaves the table", start)
    owner = np.repeat(np.arange(len(rows)), count)
    nth = np.arange(len(owner)) - np.repeat(np.cumsum(count) - count, count)
    marginal = curves.table[start[owner] + nth]
    # Tables are sums of floats: a fall in the last digits is not one.
    slack = 1e-9 * np.maximum(1.0, np.abs(marginal))
    rises = (np.diff(marginal, prepend=0.0) >= -slack) | (nth == 0)
    _require(problem, rises, "curves.table", "falls", marginal)


def _require(
    problem: Problem,
    holds: np.ndarray[Any, Any],
    column: str,
    breach: str,
    values: np.ndarray[Any, Any] | None,
) -> None:
    bad = np.flatnonzero(~holds)
    if len(bad):
        value = "" if values is None else f" {values[bad[0]]}"
        raise ContractError(
            f"network problem {problem.name}: {column}{value} at position {bad[0]} {breach} ({len(bad)} of "
            f"{holds.size}); repair the statement that made it"
        )
