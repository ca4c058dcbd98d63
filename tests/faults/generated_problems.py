"""Small network problems, sound and broken, by seed, and what is wrong with the answer to one.

Everything that a problem can hold occurs: curves of all kinds, segments, levels, demand before an order
could come, lots, minima, multiples, fixed costs, rows that bind and rows that are broken before anything
moves. Where there are few plans, every one is tried.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, fields, replace
from itertools import product
from typing import Any

import numpy as np
import numpy.typing as npt

from optimization.errors import ContractError, NonFiniteInputError, StockplanError
from optimization.network.costs import nothing_plan, plan_cost, policy_plan
from optimization.network.problem import Outcome, Plan, Problem, Uses
from optimization.network.proof.audit import audit_plan
from optimization.network.proof.certificate import certified_bound
from optimization.parameters import NetworkParameters
from tests.unit.network.small_problems import small_problem

Random = np.random.Generator
Solver = Callable[[Problem, NetworkParameters], Outcome]

DEFAULT = NetworkParameters()
SOLVED = frozenset({"OPTIMAL", "WITHIN_GAP", "GAP_OPEN", "FEASIBLE_WITH_SLACK"})
_TOLERANCE = 1e-6
_MOST_PLANS = 400


@dataclass(frozen=True)
class ProblemCase:
    """A problem and how it may end: with a plan of one of these statuses, or with this error."""

    kind: str
    problem: Problem
    statuses: frozenset[str] = SOLVED
    error: type[StockplanError] | None = None
    parameters: NetworkParameters = DEFAULT


def sound_case(seed: int) -> ProblemCase:
    """A problem that any engine has to settle."""
    return _made(_SOUND, seed)


def broken_case(seed: int) -> ProblemCase:
    """A problem with a fault in it, or without the time to solve it."""
    return _made(_BROKEN, seed)


def _made(makers: tuple[Callable[[Random, int], ProblemCase], ...], seed: int) -> ProblemCase:
    return makers[seed % len(makers)](np.random.default_rng(seed), seed)


def complaints(case: ProblemCase, solver: Solver) -> list[str]:
    """Solve the case and say what is wrong with the outcome; nothing if it is right."""
    try:
        found = solver(case.problem, case.parameters)
    except StockplanError as error:
        return [] if case.error and isinstance(error, case.error) else [f"raised {error!r}"]
    if case.error:
        return [f"ended as {found.status} where {case.error.__name__} was due"]
    if found.status not in case.statuses:
        return [f"ended as {found.status} ({found.detail}), due was {sorted(case.statuses)}"]
    return _wrong_plan(case.problem, found) + _wrong_proof(case, found)


def _wrong_plan(problem: Problem, found: Outcome) -> list[str]:
    audit = audit_plan(problem, found.plan, found.slack)
    wrong = []
    if audit.worst > _TOLERANCE:
        wrong.append(
            f"breaches {max(audit.breach, key=lambda rule: audit.breach[rule])} by {audit.worst:.3g}"
        )
    if not np.isclose(audit.objective, found.objective, rtol=1e-6, atol=1e-6):
        wrong.append(f"objective {found.objective:.9g}, audited {audit.objective:.9g}")
    size = np.maximum(np.abs(problem.rows.capacity), 1.0)
    if np.any(np.abs(audit.slack - found.slack) > _TOLERANCE * size):
        wrong.append("slack is not what the rows need")
    has_slack = bool(np.any(audit.slack > _TOLERANCE * size))
    if found.status in ("OPTIMAL", "WITHIN_GAP") and has_slack:
        wrong.append(f"{found.status} with slack {audit.slack.max():.3g}")
    if found.status == "FEASIBLE_WITH_SLACK" and not has_slack:
        wrong.append("FEASIBLE_WITH_SLACK without slack")
    for name, plan in (("nothing", nothing_plan(problem)), ("policy alone", policy_plan(problem))):
        other = audit_plan(problem, plan, np.full(len(problem.rows), np.inf))
        if found.objective > other.objective * (1 + 1e-9) + _TOLERANCE:
            wrong.append(f"objective {found.objective:.9g}, {name} costs {other.objective:.9g}")
    return wrong


def _wrong_proof(case: ProblemCase, found: Outcome) -> list[str]:
    problem, bound, gap = case.problem, found.proof.bound, case.parameters.max_relative_gap
    wrong = []
    if bound > found.objective + _TOLERANCE * max(abs(found.objective), 1.0):
        wrong.append(f"bound {bound:.9g} above the objective {found.objective:.9g}")
    if found.status == "OPTIMAL" and found.relative_gap > 1e-5:
        wrong.append(f"OPTIMAL with a gap of {found.relative_gap:.3g}")
    if found.status in ("WITHIN_GAP", "GAP_OPEN") and (found.relative_gap > gap) != (
        found.status == "GAP_OPEN"
    ):
        wrong.append(f"{found.status} with a gap of {found.relative_gap:.3g}")
    best = best_cost(problem)
    if best is None:
        return wrong
    allowed = _TOLERANCE * max(abs(best), 1.0)
    if bound > best + allowed:
        wrong.append(f"bound {bound:.9g} above the best plan {best:.9g}")
    if certified_bound(problem, found.proof).total > best + allowed:
        wrong.append("the certificate lies above the best plan")
    if found.status == "WITHIN_GAP" and found.objective > best + gap * abs(best) + allowed:
        wrong.append(f"WITHIN_GAP at {found.objective:.9g}, the best plan costs {best:.9g}")
    if found.objective < best - allowed:
        wrong.append(f"objective {found.objective:.9g} below the best plan {best:.9g}")
    return wrong


def best_cost(problem: Problem) -> float | None:
    """Cost of the best plan by trying all, None where there are too many to try."""
    choices = [list(choice) for choice in _choices(problem)]
    if np.prod([float(len(choice)) for choice in choices]) > _MOST_PLANS:
        return None
    best, m = np.inf, len(problem.moves)
    for units in product(*choices):
        plan = Plan(np.array(units[:m], dtype=np.float64), np.array(units[m:], dtype=np.float64))
        given = np.bincount(problem.moves.source, weights=plan.moved, minlength=len(problem.places))
        if np.all(given <= problem.places.spare):
            best = min(best, plan_cost(problem, plan).objective)
    return float(best)


def _choices(problem: Problem) -> Iterator[list[float]]:
    """What each move and each order may be by its own terms."""
    moves, places = problem.moves, problem.places
    for most, least, step in zip(
        np.concatenate([np.minimum(moves.limit, places.spare[moves.source]), places.order_limit]),
        np.concatenate([moves.minimum, places.moq]),
        np.concatenate([moves.multiple, places.lot]),
        strict=True,
    ):
        steps = step * np.arange(1, int(most // step) + 1)
        yield [0.0, *(units for units in steps.tolist() if units >= least)]


def _plain(random: Random, seed: int) -> ProblemCase:
    problem = small_problem(
        seed, int(random.integers(1, 4)), int(random.integers(1, 4)), int(random.integers(0, 3))
    )
    return ProblemCase("plain", problem)


def _segmented(random: Random, seed: int) -> ProblemCase:
    problem = small_problem(seed, int(random.integers(1, 3)), 2, 1, segments=int(random.integers(2, 4)))
    return ProblemCase("segmented", problem)


def _terms(random: Random, seed: int) -> ProblemCase:
    """Lots, least quantities, multiples and fixed costs of moves and orders."""
    problem = small_problem(seed, int(random.integers(1, 3)), int(random.integers(2, 4)), 1)
    places, moves = problem.places, problem.moves
    lot = random.integers(1, 4, len(places)).astype(np.float64)
    places = replace(
        places,
        lot=lot,
        moq=lot * random.integers(0, 3, len(places)),
        order_limit=np.where(places.order_limit > 0, lot * random.integers(0, 4, len(places)), 0.0),
        order_fixed_cost=random.uniform(0, 6, len(places)) * (random.random(len(places)) < 0.5),
        spare=np.where(places.spare > 0, places.spare + 3.0, 0.0),
    )
    moves = replace(
        moves,
        limit=random.integers(0, 6, len(moves)).astype(np.float64),
        minimum=random.integers(1, 4, len(moves)).astype(np.float64),
        multiple=random.integers(1, 3, len(moves)).astype(np.float64),
        fixed_cost=random.uniform(0, 3, len(moves)) * (random.random(len(moves)) < 0.5),
    )
    return ProblemCase("terms", replace(problem, places=places, moves=moves))


def _storing(random: Random, seed: int) -> ProblemCase:
    """Rows of storage, where a unit that leaves frees room, and a budget of the orders."""
    problem = small_problem(seed, 2, 2, 0)
    places, moves, n = problem.places, problem.moves, len(problem.places)
    volume = random.uniform(0.5, 2.0, 2)
    location = np.arange(n) % 2
    amount = np.column_stack([-volume[places.item[moves.source]], volume[places.item[moves.target]]])
    rows = np.column_stack([location[moves.source], location[moves.target]])
    used = np.bincount(location, weights=volume[places.item] * np.maximum(places.position, 0.0), minlength=2)
    return ProblemCase(
        "storing",
        replace(
            problem,
            rows=replace(
                problem.rows,
                family=np.array(["budget", "storage", "storage"], dtype=object),
                key=np.array(["", "0", "1"], dtype=object),
                capacity=np.append(random.uniform(0, 9), used + random.uniform(-1, 2, 2)),
                base_use=np.append(0.0, used),
                slack_price=np.full(3, 90.0),
            ),
            move_uses=Uses(np.arange(0, 2 * len(moves) + 1, 2), rows.ravel() + 1, amount.ravel()),
            order_uses=Uses(
                np.arange(0, 2 * n + 1, 2),
                np.column_stack([np.zeros(n, dtype=np.int64), location + 1]).ravel(),
                np.column_stack([random.uniform(1, 4, n), volume[places.item]]).ravel(),
            ),
        ),
    )


def _no_number(random: Random, seed: int) -> ProblemCase:
    """NaN or infinity in one column of one part."""
    problem = small_problem(seed, 2, 2, 1)
    part = str(random.choice(["places", "curves", "moves", "rows", "move_uses"]))
    whole = getattr(problem, part)
    columns = [field.name for field in fields(whole) if getattr(whole, field.name).dtype.kind == "f"]
    column = columns[int(random.integers(len(columns)))]
    spoiled = getattr(whole, column).copy()
    number = float(random.choice([np.nan, np.inf, -np.inf]))
    if column == "level":
        number = abs(number)
    if column == "cap":
        number = -abs(number)
    if not len(spoiled):
        part, whole, column, spoiled = "places", problem.places, "position", problem.places.position.copy()
    spoiled[int(random.integers(len(spoiled)))] = number
    broken: Any = replace(whole, **{column: spoiled})
    return ProblemCase("no number", replace(problem, **{part: broken}), error=NonFiniteInputError)


def _impossible(random: Random, seed: int) -> ProblemCase:
    """Less than nothing: spare units, limits, variances, prices below 0."""
    problem = small_problem(seed, 2, 3, 1)
    places, curves, rows = problem.places, problem.curves, problem.rows
    broken = (
        replace(problem, places=replace(places, spare=_one(random, places.spare, -2.0))),
        replace(problem, places=replace(places, order_limit=_one(random, places.order_limit, -1.0))),
        replace(problem, places=replace(places, lot=_one(random, places.lot, 0.0))),
        replace(problem, curves=replace(curves, variance=_one(random, curves.variance, -1.0))),
        replace(problem, curves=replace(curves, shortage_cost=_one(random, curves.shortage_cost, -4.0))),
        replace(problem, rows=replace(rows, slack_price=np.full(len(rows), -1.0))),
    )
    return ProblemCase("impossible", broken[int(random.integers(len(broken)))], error=ContractError)


def _one(random: Random, column: npt.NDArray[np.float64], number: float) -> npt.NDArray[np.float64]:
    spoiled = column.copy()
    spoiled[int(random.integers(len(spoiled)))] = number
    return spoiled


def _over_before(random: Random, seed: int) -> ProblemCase:
    """Capacities below what is used already, even below nothing: only slack can answer."""
    problem = small_problem(seed, 2, 2, 2)
    rows = problem.rows
    broken = replace(
        rows, capacity=random.uniform(-9, -1, len(rows)), base_use=random.uniform(0, 3, len(rows))
    )
    return ProblemCase(
        "over before", replace(problem, rows=broken), frozenset({"FEASIBLE_WITH_SLACK", "FALLBACK"})
    )


def _zero_volume(random: Random, seed: int) -> ProblemCase:
    """Units that take no room, and rows without room."""
    problem = small_problem(seed, 2, 2, 1)
    uses = problem.move_uses
    weightless = replace(uses, amount=uses.amount * (random.random(len(uses.amount)) < 0.4))
    rows = replace(problem.rows, capacity=np.zeros(len(problem.rows)))
    return ProblemCase("zero volume", replace(problem, move_uses=weightless, rows=rows))


def _contradicting(random: Random, seed: int) -> ProblemCase:
    """Least quantities above the most there may be: such a move or order is none."""
    problem = small_problem(seed, 2, 2, 1)
    places, moves = problem.places, problem.moves
    return ProblemCase(
        "contradicting",
        replace(
            problem,
            places=replace(places, moq=places.order_limit + 1.0),
            moves=replace(moves, minimum=moves.limit + random.integers(0, 2, len(moves))),
        ),
    )


def _odd_units(random: Random, seed: int) -> ProblemCase:
    """Money and volume in units that are far from 1."""
    problem = small_problem(seed, 2, 2, 2)
    money, volume = 10.0 ** random.uniform(-5, 5), 10.0 ** random.uniform(-5, 5)
    places, curves, moves, rows = problem.places, problem.curves, problem.moves, problem.rows
    return ProblemCase(
        "odd units",
        replace(
            problem,
            places=replace(
                places,
                level_price=places.level_price * money,
                order_cost=places.order_cost * money,
                near_shortage_cost=places.near_shortage_cost * money,
            ),
            curves=replace(
                curves,
                holding_cost=curves.holding_cost * money,
                shortage_cost=curves.shortage_cost * money,
                floor_price=curves.floor_price * money,
                table_base=curves.table_base * money,
                table=curves.table * money,
            ),
            moves=replace(moves, unit_cost=moves.unit_cost * money),
            rows=replace(
                rows, capacity=rows.capacity * volume, slack_price=rows.slack_price * money / volume
            ),
            move_uses=replace(problem.move_uses, amount=problem.move_uses.amount * volume),
        ),
    )


def _large(random: Random, seed: int) -> ProblemCase:
    """Stock and demand of millions beside places with three units."""
    problem = small_problem(seed, 2, 2, 1)
    places, curves = problem.places, problem.curves
    size = np.where(places.item == 0, 10.0 ** random.integers(3, 7), 1.0)
    normal = np.zeros(len(curves), dtype=np.int8)
    return ProblemCase(
        "large",
        replace(
            problem,
            places=replace(
                places,
                position=np.round(places.position * size),
                near_position=np.round(places.near_position * size),
                spare=places.spare * size,
                level=places.level * size,
                order_limit=places.order_limit * size,
                near_mean=places.near_mean * size,
                near_variance=places.near_variance * size,
            ),
            curves=replace(
                curves,
                kind=normal,
                mean=curves.mean * size,
                variance=curves.variance * size,
                floor=curves.floor * size,
                cap=np.full(len(curves), np.inf),
            ),
            moves=replace(problem.moves, limit=problem.moves.limit * size[problem.moves.source]),
        ),
        SOLVED | {"FALLBACK"},
    )


def _no_demand(random: Random, seed: int) -> ProblemCase:
    problem = small_problem(seed, 2, 2, 1)
    curves, places = problem.curves, problem.places
    still = random.random(len(curves)) < 0.5
    return ProblemCase(
        "no demand",
        replace(
            problem,
            places=replace(places, near_mean=np.zeros(len(places)), near_variance=np.zeros(len(places))),
            curves=replace(
                curves, mean=np.where(still, 0.0, curves.mean), variance=np.where(still, 0.0, curves.variance)
            ),
        ),
    )


def _out_of_limits(random: Random, seed: int) -> ProblemCase:
    """Hardly a node, an iteration or a second: whatever is found must say what it is."""
    made = _terms(random, seed)
    hurried = replace(
        made.parameters,
        max_nodes=1,
        max_sweeps=1,
        max_finish_sweeps=1,
        guard_seconds=float(random.choice([0.0, 1e-3])),
    )
    return replace(made, kind="out of limits", parameters=hurried, statuses=SOLVED | {"FALLBACK"})


_SOUND = (_plain, _segmented, _terms, _storing)
_BROKEN = (
    _no_number,
    _impossible,
    _over_before,
    _zero_volume,
    _contradicting,
    _odd_units,
    _large,
    _no_demand,
    _out_of_limits,
)
