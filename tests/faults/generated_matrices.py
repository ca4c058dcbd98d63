"""Small linear models whose truth is known by how they were made, sound and broken, by seed.

A linear program is made around its answer (point, duals and bounds that fit each other), a broken one
around what breaks it: a combination of rows that contradicts another, a direction that falls for ever.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from itertools import product

import numpy as np
import numpy.typing as npt
import scipy.sparse as sp
from scipy.optimize import Bounds, LinearConstraint, milp

from optimization.errors import NonFiniteInputError, StockplanError
from optimization.solver.highs import solve
from optimization.solver.matrix import MatrixModel
from optimization.solver.solution import Solution

Numbers = npt.NDArray[np.float64]
Random = np.random.Generator

SOLVED = frozenset({"OPTIMAL"})
_TOLERANCE = 1e-6
_SECONDS = 0.05


@dataclass(frozen=True)
class MatrixCase:
    """A model and what is true of it.

    `statuses`: endings that are right. `optimum`: the best objective, where it is known. `error`: what
    must be raised instead of an ending. `max_nodes`, `max_seconds`: limits to solve it with.
    """

    kind: str
    model: MatrixModel
    statuses: frozenset[str] = SOLVED
    optimum: float | None = None
    error: type[StockplanError] | None = None
    max_nodes: int = 5_000
    max_seconds: float = 600.0


def sound_case(seed: int) -> MatrixCase:
    """A model that has an optimum."""
    return _made(_SOUND, seed)


def broken_case(seed: int) -> MatrixCase:
    """A model that has none, or that no solver could read as it stands."""
    return _made(_BROKEN, seed)


def _made(makers: tuple[Callable[[Random], MatrixCase], ...], seed: int) -> MatrixCase:
    return makers[seed % len(makers)](np.random.default_rng(seed))


def complaints(case: MatrixCase) -> list[str]:
    """Solve the case and say what is wrong with the ending; nothing if it is right."""
    # Work, not waiting: a busy machine makes wall clock say nothing.
    began = time.process_time()
    try:
        answer = solve(case.model, max_nodes=case.max_nodes, max_seconds=case.max_seconds)
    except StockplanError as error:
        return [] if case.error and isinstance(error, case.error) else [f"raised {error!r}"]
    if case.error:
        return [f"ended as {answer.status} where {case.error.__name__} was due"]
    found = []
    if time.process_time() - began > 1.1 * case.max_seconds + 2.0:
        found.append(f"took {time.process_time() - began:.1f} s of {case.max_seconds}")
    if answer.status not in case.statuses:
        found.append(f"ended as {answer.status} ({answer.detail}), due was {sorted(case.statuses)}")
    if len(answer.values):
        found += _wrong_values(case, answer)
    elif answer.is_solved and case.model.column_count:
        found.append("solved without values")
    return found


def _wrong_values(case: MatrixCase, answer: Solution) -> list[str]:
    model, found = case.model, []
    breach = _violation(model, answer.values)
    if breach > _TOLERANCE:
        found.append(f"violation {breach:.3g}")
    terms = np.abs(model.cost * answer.values).sum() + abs(model.offset)
    if abs(model.cost @ answer.values + model.offset - answer.objective) > 1e-9 * (1.0 + terms):
        found.append("objective is not that of the values")
    if case.optimum is None:
        return found
    allowed = _TOLERANCE * max(abs(case.optimum), terms)
    if answer.is_solved and abs(answer.objective - case.optimum) > allowed:
        found.append(f"objective {answer.objective:.9g}, optimum {case.optimum:.9g}")
    if answer.bound > case.optimum + allowed:
        found.append(f"bound {answer.bound:.9g} above the optimum {case.optimum:.9g}")
    return found


def _violation(model: MatrixModel, x: Numbers) -> float:
    """Worst breach of rows (by their largest term), bounds (by the value) and wholeness."""
    matrix = _sparse(model)
    activity = matrix @ x
    terms = np.asarray(abs(matrix.multiply(x[None, :])).max(axis=1).todense()).ravel()
    row = np.maximum(model.row_lower - activity, activity - model.row_upper) / np.maximum(terms, 1.0)
    bound = np.maximum(model.column_lower - x, x - model.column_upper) / np.maximum(np.abs(x), 1.0)
    fraction = np.abs(x - np.rint(x))[model.is_integer]
    return max(float(np.max(part, initial=0.0)) for part in (row, bound, fraction))


def _sparse(model: MatrixModel) -> sp.csc_matrix:
    return sp.csc_matrix((model.value, model.index, model.start), shape=(model.row_count, model.column_count))


def _model(
    matrix: Numbers,
    cost: Numbers,
    column: tuple[Numbers, Numbers],
    row: tuple[Numbers, Numbers],
    whole: npt.NDArray[np.bool_] | None = None,
) -> MatrixModel:
    compact = sp.csc_matrix(matrix)
    m, n = matrix.shape
    return MatrixModel(
        name="generated",
        cost=cost,
        offset=0.0,
        column_lower=column[0],
        column_upper=column[1],
        row_lower=row[0],
        row_upper=row[1],
        start=compact.indptr.astype(np.int32),
        index=compact.indices.astype(np.int32),
        value=compact.data.astype(np.float64),
        is_integer=np.zeros(n, dtype=np.bool_) if whole is None else whole,
        columns=tuple(("x", at) for at in range(n)),
        row_names=tuple(f"r{at}" for at in range(m)),
    )


def _matrix(random: Random, m: int, n: int) -> Numbers:
    return np.round(random.normal(0, 3, (m, n)), 1) * (random.random((m, n)) < 0.6)


def _sides(random: Random, at: Numbers, open_share: float) -> tuple[Numbers, Numbers, Numbers]:
    """Bounds around values, some of them tight, and multipliers of the sign that fits the tight side."""
    n = len(at)
    state = random.integers(0, 3, n)
    low = np.where(state == 0, at, at - random.uniform(1, 9, n))
    high = np.where(state == 1, at, at + random.uniform(1, 9, n))
    low[(state != 0) & (random.random(n) < open_share)] = -np.inf
    high[(state != 1) & (random.random(n) < open_share)] = np.inf
    size = random.uniform(0, 5, n)
    return low, high, np.where(state == 0, size, np.where(state == 1, -size, 0.0))


def _linear(random: Random) -> MatrixCase:
    m, n = int(random.integers(1, 12)), int(random.integers(1, 15))
    matrix, x = _matrix(random, m, n), np.round(random.uniform(-5, 20, n), 1)
    low, high, reduced = _sides(random, x, 0.3)
    row_low, row_high, dual = _sides(random, matrix @ x, 0.5)
    cost = matrix.T @ dual + reduced
    model = _model(matrix, cost, (low, high), (row_low, row_high))
    return MatrixCase("linear", model, optimum=float(cost @ x))


def _whole(random: Random) -> MatrixCase:
    """All whole, and few enough to try every point."""
    n, m = int(random.integers(1, 6)), int(random.integers(1, 5))
    high = random.integers(1, 5, n).astype(np.float64)
    matrix, cost = np.rint(_matrix(random, m, n)), np.rint(random.normal(0, 5, n))
    limit = matrix @ np.rint(random.uniform(0, high)) + random.integers(0, 3, m)
    free = np.full(m, -np.inf)
    model = _model(matrix, cost, (np.zeros(n), high), (free, limit), np.ones(n, dtype=np.bool_))
    points = np.array(list(product(*(range(int(most) + 1) for most in high))), dtype=np.float64)
    good = (points @ matrix.T <= limit + 1e-9).all(axis=1)
    return MatrixCase("whole", model, optimum=float((points[good] @ cost).min()))


def _mixed(random: Random) -> MatrixCase:
    """Some whole, with scipy's own branch and bound as the referee."""
    made = _linear(random).model
    n = made.column_count
    low, high = np.floor(np.maximum(made.column_lower, -30)), np.ceil(np.minimum(made.column_upper, 40))
    inner = np.rint(random.uniform(low, high))
    activity = _sparse(made) @ inner
    row_low = np.where(np.isfinite(made.row_lower), activity - 4.0, -np.inf)
    row_high = np.where(np.isfinite(made.row_upper), activity + 4.0, np.inf)
    model = replace(
        made,
        column_lower=low,
        column_upper=high,
        row_lower=row_low,
        row_upper=row_high,
        is_integer=random.random(n) < 0.5,
    )
    with _quiet():
        referee = milp(
            model.cost,
            integrality=model.is_integer.astype(int),
            bounds=Bounds(low, high),
            constraints=LinearConstraint(_sparse(model), row_low, row_high),
            options={"mip_rel_gap": 0.0},
        )
    return MatrixCase("mixed", model, optimum=float(referee.fun))


def _large_constant(random: Random) -> MatrixCase:
    """Opening costs with x ≤ 1e6·z, where z = 0.000001 would pass for closed; every set of sites tried."""
    n = int(random.integers(2, 5))
    need, most = float(random.integers(5, 30)), 1e6
    room, unit, opening = (
        random.integers(4, 20, n).astype(np.float64),
        random.uniform(1, 5, n),
        random.uniform(5, 50, n),
    )
    room[0] = need
    eye = np.eye(n)
    matrix = np.vstack([np.append(np.ones(n), np.zeros(n)), np.hstack([eye, -most * eye])])
    model = _model(
        matrix,
        np.append(unit, opening),
        (np.zeros(2 * n), np.append(room, np.ones(n))),
        (np.append(need, np.full(n, -np.inf)), np.append(np.inf, np.zeros(n))),
        np.arange(2 * n) >= n,
    )
    best = np.inf
    for chosen in product((False, True), repeat=n):
        cost, left = float(opening[list(chosen)].sum()), need
        for site in np.argsort(unit):
            taken = min(left, room[site]) if chosen[site] else 0.0
            cost, left = cost + taken * unit[site], left - taken
        best = min(best, cost) if left <= 0.0 else best
    return MatrixCase("large constant", model, optimum=best)


@contextmanager
def _quiet() -> Iterator[None]:
    """Nothing on the output of the process: scipy's solver was built with a line of its makers left in."""
    sys.stdout.flush()
    kept, nowhere = os.dup(1), os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    try:
        yield
    finally:
        os.dup2(kept, 1)
        os.close(kept)
        os.close(nowhere)


def _scaled_mildly(random: Random) -> MatrixCase:
    return replace(_in_odd_units(random, _linear(random), 2.0), kind="scaled mildly")


def _in_odd_units(random: Random, case: MatrixCase, digits: float) -> MatrixCase:
    """The same model with rows, columns and money in units that are far apart."""
    model = case.model
    row = 10.0 ** random.uniform(-digits, digits, model.row_count)
    column = 10.0 ** random.uniform(-digits, digits, model.column_count)
    money = 10.0 ** random.uniform(-digits, digits)
    owner = np.repeat(np.arange(model.column_count), np.diff(model.start))
    stated = replace(
        model,
        cost=model.cost * column * money,
        column_lower=model.column_lower / column,
        column_upper=model.column_upper / column,
        row_lower=model.row_lower * row,
        row_upper=model.row_upper * row,
        value=model.value * row[model.index] * column[owner],
    )
    return replace(case, model=stated, optimum=None if case.optimum is None else case.optimum * money)


def _scaled_badly(random: Random) -> MatrixCase:
    return replace(_in_odd_units(random, _linear(random), 6.0), kind="scaled badly")


def _infeasible(random: Random) -> MatrixCase:
    """A last row that asks for more of a combination of the others than their bounds give."""
    model = _linear(random).model
    matrix = _sparse(model).toarray()
    weight = random.normal(0, 1, model.row_count) * (random.random(model.row_count) < 0.5)
    weight[0] = 1.0
    row_low = np.where(np.isfinite(model.row_lower), model.row_lower, -99.0)
    row_high = np.where(np.isfinite(model.row_upper), model.row_upper, 99.0)
    most = float(np.where(weight > 0, weight * row_high, weight * row_low).sum())
    asked = most + float(random.choice([0.1, 1.0, 10.0]))
    broken = _model(
        np.vstack([matrix, weight @ matrix]),
        model.cost,
        (model.column_lower, model.column_upper),
        (np.append(row_low, asked), np.append(row_high, np.inf)),
    )
    return MatrixCase("infeasible", broken, frozenset({"INFEASIBLE"}))


def _infeasible_in_odd_units(random: Random) -> MatrixCase:
    made = _in_odd_units(random, _infeasible(random), 5.0)
    # In units of a hundred thousand the contradiction may be smaller than what a solver resolves.
    return replace(made, kind="infeasible in odd units", statuses=made.statuses | {"NUMERICAL"})


def _nothing_whole(random: Random) -> MatrixCase:
    """Twice some whole numbers is to be odd."""
    n = int(random.integers(2, 6))
    matrix = 2.0 * random.integers(1, 4, (1, n)).astype(np.float64)
    odd = np.array([2.0 * random.integers(2, 9) + 1.0])
    model = _model(
        matrix, random.normal(0, 1, n), (np.zeros(n), np.full(n, 9.0)), (odd, odd), np.ones(n, dtype=np.bool_)
    )
    return MatrixCase("nothing whole", model, frozenset({"INFEASIBLE"}))


def _unbounded(random: Random) -> MatrixCase:
    """A direction that no row and no bound ends, and that lowers the cost."""
    model = _linear(random).model
    ray = np.round(random.uniform(0, 2, model.column_count), 1)
    ray[0] = 1.0
    drift = np.round(_sparse(model) @ ray, 9)
    cost = model.cost.copy()
    cost[0] -= cost @ ray + random.uniform(0.5, 3)
    broken = replace(
        model,
        cost=cost,
        column_upper=np.where(ray > 0, np.inf, model.column_upper),
        row_upper=np.where(drift > 0, np.inf, model.row_upper),
        row_lower=np.where(drift < 0, -np.inf, model.row_lower),
    )
    return MatrixCase("unbounded", broken, frozenset({"UNBOUNDED"}))


def _unbounded_whole(random: Random) -> MatrixCase:
    made = _unbounded(random)
    whole = np.zeros(made.model.column_count, dtype=np.bool_)
    whole[0] = True
    # The point it starts from has to be whole in that column.
    low = np.where(whole, -np.inf, made.model.column_lower)
    model = replace(made.model, is_integer=whole, column_lower=low)
    return MatrixCase("unbounded whole", model, frozenset({"UNBOUNDED"}))


def _crossed_bounds(random: Random) -> MatrixCase:
    model = _linear(random).model
    low, high = model.column_lower.copy(), model.column_upper.copy()
    at = int(random.integers(model.column_count))
    low[at], high[at] = 7.0, 6.0
    broken = replace(model, column_lower=low, column_upper=high)
    return MatrixCase("crossed bounds", broken, frozenset({"INFEASIBLE"}))


def _crossed_row(random: Random) -> MatrixCase:
    model = _linear(random).model
    low, high = model.row_lower.copy(), model.row_upper.copy()
    low[-1], high[-1] = 3.0, 2.0
    return MatrixCase("crossed row", replace(model, row_lower=low, row_upper=high), frozenset({"INFEASIBLE"}))


def _no_number(random: Random) -> MatrixCase:
    """NaN anywhere, or infinity where it does not mean "none"."""
    model = _linear(random).model
    field = str(random.choice(["cost", "value", "column_lower", "column_upper", "row_lower", "row_upper"]))
    number = float(random.choice([np.nan, np.inf, -np.inf]))
    if (field.endswith("_lower") and number < 0) or (field.endswith("_upper") and number > 0):
        number = -number
    spoiled = getattr(model, field).copy()
    if not len(spoiled):
        field, spoiled = "cost", model.cost.copy()
    spoiled[int(random.integers(len(spoiled)))] = number
    return MatrixCase("no number", replace(model, **{field: spoiled}), error=NonFiniteInputError)


def _nearly_infeasible(random: Random) -> MatrixCase:
    """Short by less than any solver resolves: no ending is wrong as long as its point is no breach."""
    made = _infeasible(random).model
    enough = replace(
        made, row_lower=np.append(made.row_lower[:-1], -np.inf), cost=-_sparse(made).toarray()[-1]
    )
    most = -solve(enough).objective
    low = np.append(made.row_lower[:-1], most + 10.0 ** random.uniform(-10, -6))
    either = frozenset({"OPTIMAL", "INFEASIBLE", "NUMERICAL"})
    return MatrixCase("nearly infeasible", replace(made, row_lower=low), either)


def _unreadable(random: Random) -> MatrixCase:
    """Coefficients so far apart, crosswise, that no units bring them together."""
    size = np.array([[1e-20, 1.0], [1.0, 1e-20]]) * random.uniform(1, 9, (2, 2))
    box = (np.zeros(2), np.ones(2))
    model = _model(size, -np.ones(2), box, (np.full(2, -np.inf), np.ones(2)))
    return MatrixCase("unreadable", model, frozenset({"NUMERICAL"}))


def _endless(random: Random) -> MatrixModel:
    """A market split: hopeless for branch and bound."""
    weights = random.integers(1, 100, (4, 30)).astype(np.float64)
    matrix = np.hstack([weights, np.eye(4), -np.eye(4)])
    half = np.floor(weights.sum(axis=1) / 2.0)
    cost = np.append(np.zeros(30), np.ones(8))
    high = np.append(np.ones(30), np.full(8, np.inf))
    return _model(matrix, cost, (np.zeros(38), high), (half, half), np.arange(38) < 30)


def _out_of_nodes(random: Random) -> MatrixCase:
    return MatrixCase("out of nodes", _endless(random), frozenset({"LIMIT"}), max_nodes=10)


def _out_of_time(random: Random) -> MatrixCase:
    return MatrixCase(
        "out of time", _endless(random), frozenset({"TIME"}), max_nodes=10**9, max_seconds=_SECONDS
    )


_SOUND = (_linear, _whole, _mixed, _large_constant, _scaled_mildly)
_BROKEN = (
    _infeasible,
    _unbounded,
    _scaled_badly,
    _no_number,
    _crossed_bounds,
    _infeasible_in_odd_units,
    _nothing_whole,
    _unbounded_whole,
    _crossed_row,
    _nearly_infeasible,
    _unreadable,
    _out_of_nodes,
    _out_of_time,
)
