"""The smallest changes after which a configuration breaks nothing, proven to be the smallest.

An integer program picks the options to flip: least total weight first, and among equal ones the
smaller sum of the options' places in the order of ids. What was found is then forbidden together with
everything that contains it, so that the next answer is the next smallest change of which no part
would do alone. Every answer is checked by `violations` before anybody sees it.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import NamedTuple

import numpy as np

from optimization.build_to_order.configuration.normal_model import OptionModel
from optimization.build_to_order.configuration.rules import RuleSet, violations
from optimization.errors import SolverError
from optimization.solver.highs import solve

# So many repairs of the same weight and places are told apart by their ids; of more, the solver's
# fixed order decides.
_MOST_TIES = 16
_MAX_NODES = 5_000


class Repair(NamedTuple):
    """Options to add and to take out, each in ascending order, and the weight of all of them."""

    added: tuple[str, ...]
    removed: tuple[str, ...]
    weight: int

    def applied_to(self, options: frozenset[str]) -> frozenset[str]:
        """Return the repaired configuration."""
        return (options - set(self.removed)) | set(self.added)


class Repairs(NamedTuple):
    """The smallest repairs, smallest first; `is_proven` is false where a search ended without a proof."""

    found: tuple[Repair, ...]
    is_proven: bool


def smallest_repairs(
    rule_set: RuleSet,
    options: frozenset[str],
    locked: Collection[str] = (),
    k: int = 3,
    weights: Mapping[str, int] | None = None,
) -> Repairs:
    """Return up to `k` repairs: each minimal (no part of it repairs alone), smallest weight first.

    `locked` options stay as they are, chosen or not. `weights` (whole, at least 1; 1 where an option
    has none): what it costs to add or take out an option. A configuration that breaks nothing has one
    repair, the empty one; there is none where the locked options or the rules contradict each other.
    The rules' options that are not offered are never added.

    >>> from optimization.build_to_order.configuration.rules import Rule
    >>> one_of = Rule("R1", 1, "one_of", (), ("PETROL", "DIESEL"), 1, 1, "one engine")
    >>> requires = Rule("R2", 1, "requires", ("TOW",), ("DIESEL",), 1, 1, "TOW needs DIESEL")
    >>> known = frozenset({"TOW", "PETROL", "DIESEL"})
    >>> rule_set = RuleSet((one_of, requires), known, known)
    >>> for repair in smallest_repairs(rule_set, frozenset({"PETROL", "TOW"})).found:
    ...     print(repair.added, repair.removed, repair.weight)
    () ('TOW',) 1
    ('DIESEL',) ('PETROL',) 2
    """
    weight_of = dict(weights or {})
    if any(weight < 1 for weight in weight_of.values()):
        raise ValueError("weights of options are whole numbers of at least 1")
    forced = options - rule_set.offered
    if forced & set(locked):
        return Repairs((), True)
    columns = sorted(frozenset().union(*(rule.options for rule in rule_set.rules)))
    search = _Search.of(rule_set, options, columns, frozenset(locked), weight_of)
    found: list[Repair] = []
    while True:
        flips, is_proven = search.next()
        if flips is None:
            break
        repair = _repair(flips | forced, options, weight_of)
        if left := violations(rule_set, repair.applied_to(options)):
            raise SolverError(
                f"the repair {repair} of {sorted(options)} still breaks: {left[0].message}; its rows and the "
                "rules' own check must say the same"
            )
        if len(found) >= k and search.place(flips) > search.place_of_last(k):
            break
        found.append(repair)
        if not flips or len(found) >= k + _MOST_TIES:
            break
    ranked = sorted(range(len(found)), key=lambda n: (search.places[n], found[n].added + found[n].removed, n))
    return Repairs(tuple(found[n] for n in ranked[:k]), is_proven)


class _Search:
    """The model, shrunk by what was found already; `places` holds weight and rank of what was found."""

    def __init__(self, model: OptionModel, chosen: np.ndarray, cost: np.ndarray) -> None:
        self.model, self.chosen, self.cost = model, chosen, cost
        self.column = {option: n for n, option in enumerate(model.options)}
        self.places: list[int] = []

    @classmethod
    def of(
        cls,
        rule_set: RuleSet,
        options: frozenset[str],
        columns: list[str],
        locked: frozenset[str],
        weight_of: Mapping[str, int],
    ) -> _Search:
        model = OptionModel.of("configuration repair", rule_set.rules, columns, rule_set.offered)
        chosen = np.array([one in options for one in columns], dtype=np.bool_) & (model.upper > 0)
        for n, one in enumerate(columns):
            if one in locked:
                model.lower[n] = model.upper[n] = float(chosen[n])
        rank = np.arange(1, len(columns) + 1)
        # The sum of all ranks is less than one unit of weight, so that weight decides first.
        cost = np.array([weight_of.get(one, 1) for one in columns], dtype=np.int64) * (rank.sum() + 1) + rank
        return cls(model, chosen, cost)

    def next(self) -> tuple[frozenset[str] | None, bool]:
        """Return the cheapest flips that are left, None if there are none, and whether that is proven."""
        sign = np.where(self.chosen, -1.0, 1.0)
        solution = solve(self.model.minimising(sign * self.cost), max_nodes=_MAX_NODES)
        if not solution.is_solved:
            return None, solution.status == "INFEASIBLE"
        flipped = np.flatnonzero((solution.values > 0.5) != self.chosen)
        flips = frozenset(self.model.options[int(n)] for n in flipped)
        self.places.append(self.place(flips))
        # Not all of these flips again: nothing that contains them is minimal.
        self.model.add_row(
            {int(n): sign[n] for n in flipped},
            -np.inf,
            len(flipped) - 1.0 - float(self.chosen[flipped].sum()),
            f"not again {len(self.places)}",
        )
        return flips, True

    def place(self, flips: frozenset[str]) -> int:
        """Weight of the flips, and behind it the sum of their ranks."""
        return int(sum(self.cost[self.column[one]] for one in flips))

    def place_of_last(self, k: int) -> int:
        """Place of the k-th that was found."""
        return self.places[k - 1]


def _repair(changed: frozenset[str], options: frozenset[str], weight_of: Mapping[str, int]) -> Repair:
    return Repair(
        tuple(sorted(changed - options)),
        tuple(sorted(changed & options)),
        sum(weight_of.get(one, 1) for one in changed),
    )
