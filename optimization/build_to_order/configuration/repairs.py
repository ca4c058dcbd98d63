"""The smallest changes after which a configuration breaks nothing, proven to be the smallest.

A search picks the options to flip: least total weight first, and among equal ones the smaller sum of
the options' places in the order of ids. It goes on from the cheapest flips so far: as long as they leave
a rule broken, one of the options that could mend it is flipped as well. What was found is passed over
together with everything that contains it, so that the next answer is the next smallest change of which
no part would do alone. Where the rules are a puzzle, an integer program answers in its place. Every
answer is checked by `violations` before anybody sees it.
"""

from __future__ import annotations

import heapq
from collections.abc import Collection, Iterator, Mapping
from typing import NamedTuple, Protocol

import numpy as np

from optimization.build_to_order.configuration.normal_model import OptionModel
from optimization.build_to_order.configuration.rule_masks import RuleMasks, SearchEndedError, places
from optimization.build_to_order.configuration.rules import RuleSet, violations
from optimization.errors import SolverError
from optimization.solver.highs import solve

# So many repairs of the same weight and places are told apart by their ids; of more, the solver's
# fixed order decides.
_MOST_TIES = 16
_MAX_NODES = 5_000
# After so many flips that were looked at the integer program takes over.
_MAX_LOOKED_AT = 4_000


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
    question = _Question(rule_set, options, columns, frozenset(locked), weight_of)
    try:
        found, is_proven = _cheapest(_Branching(question), question, k)
    except SearchEndedError:
        found, is_proven = _cheapest(_Program(question), question, k)
    repairs = [_repair(flips | forced, options, weight_of) for flips in found]
    for repair in repairs:
        if left := violations(rule_set, repair.applied_to(options)):
            raise SolverError(
                f"the repair {repair} of {sorted(options)} still breaks: {left[0].message}; its search and "
                "the rules' own check must say the same"
            )
    ranked = sorted(
        range(len(found)), key=lambda n: (question.place(found[n]), repairs[n].added + repairs[n].removed, n)
    )
    return Repairs(tuple(repairs[n] for n in ranked[:k]), is_proven)


class _Question:
    """Which options may be flipped, at what cost; an option that is not offered counts as not chosen."""

    def __init__(
        self,
        rule_set: RuleSet,
        options: frozenset[str],
        columns: list[str],
        locked: frozenset[str],
        weight_of: Mapping[str, int],
    ) -> None:
        self.rule_set, self.columns = rule_set, columns
        self.chosen = np.array([one in options and one in rule_set.offered for one in columns], np.bool_)
        self.is_fixed = np.array([one in locked or one not in rule_set.offered for one in columns], np.bool_)
        rank = np.arange(1, len(columns) + 1)
        # The sum of all ranks is less than one unit of weight, so that weight decides first.
        self.cost = np.array([weight_of.get(one, 1) for one in columns], np.int64) * (rank.sum() + 1) + rank
        self._cost_of = dict(zip(columns, self.cost.tolist(), strict=True))

    def place(self, flips: frozenset[str]) -> int:
        """Weight of the flips, and behind it the sum of their ranks."""
        return sum(self._cost_of[one] for one in flips)


class _Engine(Protocol):
    """Names the cheapest minimal flips, then the next ones."""

    def next(self) -> tuple[frozenset[str] | None, bool]:
        """Return flips, None if none are left, and whether that is proven."""


def _cheapest(engine: _Engine, question: _Question, k: int) -> tuple[list[frozenset[str]], bool]:
    """The k cheapest flips and those that are as cheap as the k-th; whether they are proven to be that."""
    found: list[frozenset[str]] = []
    while True:
        flips, is_proven = engine.next()
        if flips is None or (len(found) >= k and question.place(flips) > question.place(found[k - 1])):
            return found, is_proven
        found.append(flips)
        if not flips or len(found) >= k + _MOST_TIES:
            return found, is_proven


class _Branching:
    """The cheapest flips first; they are settled, or one more option of a rule that they leave broken is.

    The ways to mend a rule are tried in turn, each with the earlier ones ruled out: no flips come twice.
    """

    def __init__(self, question: _Question) -> None:
        self.masks = RuleMasks(question.rule_set.rules, question.columns)
        self.chosen = self.masks.mask(np.array(question.columns, dtype=object)[question.chosen])
        self.cost = question.cost.tolist()
        fixed = self.masks.mask(np.array(question.columns, dtype=object)[question.is_fixed])
        broken = self._broken(self.chosen, 0, (1 << len(self.masks.rules)) - 1)
        # Cost of the flips, the flips, what stays as it is, the rules that they leave broken.
        self.waiting: list[tuple[int, int, int, int]] = [(0, 0, fixed, broken)]
        self.found: list[int] = []
        self.looked_at = 0

    def next(self) -> tuple[frozenset[str] | None, bool]:
        """Return the cheapest flips that are left, None if there are none; always proven.

        Raises `SearchEndedError` after so many flips that it looked at.
        """
        while self.waiting:
            cost, flips, kept, broken = heapq.heappop(self.waiting)
            if any(flips & earlier == earlier for earlier in self.found):
                continue
            if not broken:
                self.found.append(flips)
                return self.masks.named(flips), True
            self.looked_at += 1
            if self.looked_at > _MAX_LOOKED_AT:
                raise SearchEndedError
            now = self.chosen ^ flips
            for bit in places(min(self._ways(now, flips | kept, broken), key=int.bit_count)):
                one = 1 << bit
                left = self._broken(now ^ one, broken, self.masks.touched[bit])
                heapq.heappush(self.waiting, (cost + self.cost[bit], flips | one, kept, left))
                kept |= one
        return None, True

    def _broken(self, chosen: int, before: int, again: int) -> int:
        """Rules that are broken, where those of `again` may have changed since `before`."""
        rules = self.masks.rules
        return before & ~again | sum(1 << n for n in places(again) if rules[n].is_broken_by(chosen))

    def _ways(self, chosen: int, settled: int, broken: int) -> Iterator[int]:
        """Per broken rule the options of which every repair flips one or more."""
        for n in places(broken):
            rule = self.masks.rules[n]
            too_many = (rule.then & chosen).bit_count() > rule.most
            yield (rule.given | rule.then & (chosen if too_many else ~chosen)) & ~settled


class _Program:
    """The integer program, shrunk by what was found already."""

    def __init__(self, question: _Question) -> None:
        rule_set, columns = question.rule_set, question.columns
        self.model = OptionModel.of("configuration repair", rule_set.rules, columns, rule_set.offered)
        self.chosen, self.cost = question.chosen, question.cost
        for n in np.flatnonzero(question.is_fixed):
            self.model.lower[n] = self.model.upper[n] = float(self.chosen[n])
        self.found = 0

    def next(self) -> tuple[frozenset[str] | None, bool]:
        """Return the cheapest flips that are left, None if there are none, and whether that is proven."""
        sign = np.where(self.chosen, -1.0, 1.0)
        solution = solve(self.model.minimising(sign * self.cost), max_nodes=_MAX_NODES)
        if not solution.is_solved:
            return None, solution.status == "INFEASIBLE"
        flipped = np.flatnonzero((solution.values > 0.5) != self.chosen)
        self.found += 1
        # Not all of these flips again: nothing that contains them is minimal.
        self.model.add_row(
            {int(n): sign[n] for n in flipped},
            -np.inf,
            len(flipped) - 1.0 - float(self.chosen[flipped].sum()),
            f"not again {self.found}",
        )
        return frozenset(self.model.options[int(n)] for n in flipped), True


def _repair(changed: frozenset[str], options: frozenset[str], weight_of: Mapping[str, int]) -> Repair:
    return Repair(
        tuple(sorted(changed - options)),
        tuple(sorted(changed & options)),
        sum(weight_of.get(one, 1) for one in changed),
    )
