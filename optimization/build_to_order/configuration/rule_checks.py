"""What is wrong with the rules themselves: options that nobody can choose, markets without a configuration.

Both are settled exactly. Rules that share no option, not even by other rules, are settled each for
themselves, and what was found for some of them holds wherever the same ones are in force. Configurations
that are known to keep the rules are witnesses for every option in them; for each option that is left, a
search finds a configuration with it or proves that there is none. What then stands in the way is told as
an irreducible set: all of its rules together contradict each other, and with any one of them less they
do not.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd

from optimization.build_to_order.configuration.normal_model import OptionModel
from optimization.build_to_order.configuration.rule_masks import RuleMasks, SearchEndedError
from optimization.build_to_order.configuration.rules import ANY, Rule, RuleBook, RuleSet
from optimization.contracts.order_outputs import RULE_CHECK
from optimization.contracts.rows import frame_of
from optimization.option_sets import text_of
from optimization.order_parameters import ConfigurationParameters
from optimization.solver.highs import solve

# After so many choices the integer program takes over.
_MAX_CHOICES = 2_000
_MAX_NODES = 5_000


class RuleFault(NamedTuple):
    """An option (`*`: any configuration) that no configuration has, and the rules that stand in the way.

    Without a rule in the way the option is not offered.
    """

    option: str
    rules: tuple[Rule, ...]


class _Found(NamedTuple):
    """A configuration, or the proof that there is none; neither where the search gave up."""

    options: frozenset[str]
    is_found: bool
    is_refuted: bool


class RuleFaults(NamedTuple):
    """All that is wrong with a rule set; `unproven`: options of which neither is known."""

    found: tuple[RuleFault, ...]
    unproven: tuple[str, ...]


class _Linked(NamedTuple):
    """Rules that hang together by their options, and which of these are offered."""

    rules: tuple[Rule, ...]
    offered: frozenset[str]


class KnownFaults:
    """What was found so far; to be passed on from rule set to rule set."""

    def __init__(self) -> None:
        self.of: dict[_Linked, RuleFaults] = {}

    def inherited(self, linked: _Linked) -> dict[str, RuleFault]:
        """Faults by option whose rules all hold here as well, with no more of their options on offer."""
        here = set(linked.rules)
        return {
            fault.option: fault
            for there, faults in self.of.items()
            for fault in faults.found
            if here.issuperset(fault.rules) and (linked.offered & _options(fault.rules) <= there.offered)
        }


def rule_faults(
    rule_set: RuleSet, witnesses: Sequence[frozenset[str]] = (), known: KnownFaults | None = None
) -> RuleFaults:
    """Return the dead options of a rule set, or that nothing can be built at all.

    `witnesses`: configurations that may keep the rules; whether they do is checked. `known`: what was
    found for other rule sets; what is found here is added.

    >>> excludes = Rule("R1", 1, "excludes", ("TOW",), ("SPORT",), 0, 0, "")
    >>> needs = Rule("R2", 1, "requires", ("TOW",), ("SPORT",), 1, 1, "")
    >>> known = frozenset({"TOW", "SPORT"})
    >>> [(fault.option, [rule.rule_id for rule in fault.rules])
    ...  for fault in rule_faults(RuleSet((excludes, needs), known, known)).found]
    [('TOW', ['R1', 'R2'])]
    """
    known = KnownFaults() if known is None else known
    found: list[RuleFault] = []
    unproven: list[str] = []
    for linked in _linked(rule_set):
        if linked not in known.of:
            known.of[linked] = _faults(linked, witnesses, known.inherited(linked))
        faults = known.of[linked]
        if any(fault.option == ANY for fault in faults.found):
            return faults
        found += faults.found
        unproven += faults.unproven
    return RuleFaults(tuple(sorted(found, key=lambda fault: fault.option)), tuple(sorted(unproven)))


def _linked(rule_set: RuleSet) -> list[_Linked]:
    """The rules in groups of which no two share an option, each in the order of the rule set."""
    groups: list[tuple[list[int], set[str]]] = []
    for n, rule in enumerate(rule_set.rules):
        own = set(rule.options)
        members, apart = [n], []
        for group in groups:
            if own.isdisjoint(group[1]):
                apart.append(group)
            else:
                members += group[0]
                own |= group[1]
        groups = [*apart, (members, own)]
    return [
        _Linked(tuple(rule_set.rules[n] for n in sorted(members)), rule_set.offered & own)
        for members, own in sorted(groups, key=lambda group: min(group[0]))
    ]


def _faults(
    linked: _Linked, witnesses: Iterable[frozenset[str]], inherited: dict[str, RuleFault]
) -> RuleFaults:
    if ANY in inherited:
        return RuleFaults((inherited[ANY],), ())
    options = _options(linked.rules)
    undecided, is_buildable = set(linked.offered), False
    for witness in dict.fromkeys(one & options for one in witnesses):
        is_of_use = not is_buildable or undecided & witness
        if (
            is_of_use
            and witness <= linked.offered
            and not any(rule.is_broken_by(witness) for rule in linked.rules)
        ):
            undecided -= witness
            is_buildable = True
    if not is_buildable:
        found = _configuration_with(linked, None, undecided)
        if found.is_refuted:
            return RuleFaults((RuleFault(ANY, _irreducible(linked, None)),), ())
        undecided -= found.options
    dead, unproven = [inherited[option] for option in sorted(undecided & set(inherited))], []
    undecided -= set(inherited)
    while undecided:
        option = min(undecided)
        found = _configuration_with(linked, option, undecided)
        if found.is_refuted:
            dead.append(RuleFault(option, _irreducible(linked, option)))
        elif not found.is_found:
            unproven.append(option)
        undecided -= {option, *found.options}
    return RuleFaults(tuple(dead), tuple(unproven))


def _options(rules: Iterable[Rule]) -> frozenset[str]:
    return frozenset().union(*(rule.options for rule in rules))


def check_rules(
    book: RuleBook,
    combinations: Iterable[tuple[str, str]],
    as_of: pd.Timestamp,
    witnesses: Sequence[tuple[str, str, frozenset[str]]],
    parameters: ConfigurationParameters,
) -> tuple[pd.DataFrame, int]:
    """Return `opt_out__rule_check` for markets and models, and of how many options nothing was proven.

    Every pair is checked with the rules of `as_of`, and on each of the next `checked_changes` days,
    within `checked_days`, on which other rules or options hold. What is wrong for a whole market, for a
    model everywhere, or everywhere at all is told once, on that level. `witnesses`: market, model and
    options of orders.
    """
    rows = list(_incomplete(book, as_of))
    told: dict[pd.Timestamp, dict[str, set[tuple[str, str]]]] = {}
    known = KnownFaults()
    unproven = 0
    horizon = as_of + pd.Timedelta(days=parameters.checked_days)
    coming = [day for day in book.change_dates(as_of) if day <= horizon]
    days = [as_of, *coming[: parameters.checked_changes]]
    # The widest first, so that what they tell is not told again.
    for market, model in sorted(set(combinations), key=lambda pair: (-pair.count(ANY), pair)):
        configurations = [
            options
            for of_market, of_model, options in witnesses
            if market in (ANY, of_market) and model in (ANY, of_model)
        ]
        before: RuleFaults | None = None
        for day in days:
            faults = rule_faults(book.at(market, model, day), configurations, known)
            if faults == before:
                continue
            before = faults
            unproven += len(faults.unproven)
            for fault in faults.found:
                levels = told.setdefault(day, {}).setdefault(fault.option, set())
                if not levels & {(ANY, ANY), (market, ANY), (ANY, model)}:
                    rows.append(_row(market, model, day, fault))
                levels.add((market, model))
    frame = frame_of(RULE_CHECK, rows)
    return frame.sort_values(list(RULE_CHECK.key), kind="stable", ignore_index=True), unproven


def _incomplete(book: RuleBook, as_of: pd.Timestamp) -> Iterator[dict[str, object]]:
    if book.incomplete:
        yield {
            "market": ANY,
            "model": ANY,
            "from_date": as_of,
            "rule_check_kind": "incomplete_rule",
            "option_id": ANY,
            "message": f"State then_options of rule {', '.join(book.incomplete)}; until then it is set aside",
            "reason_code": "RULE_WITHOUT_OPTIONS",
            "conflicting_rules": text_of(book.incomplete),
        }


def _row(market: str, model: str, day: pd.Timestamp, fault: RuleFault) -> dict[str, object]:
    named = ", ".join(f"{rule.rule_id} version {rule.rule_version}" for rule in fault.rules)
    is_empty = fault.option == ANY
    what = "No configuration can be built" if is_empty else f"No configuration can have {fault.option}"
    return {
        "market": market,
        "model": model,
        "from_date": day,
        "rule_check_kind": "empty_market" if is_empty else "dead_option",
        "option_id": fault.option,
        "message": f"{what}: these rules contradict each other: {named}; change one of them",
        "reason_code": "NOTHING_BUILDABLE" if is_empty else "NEVER_SELECTABLE",
        "conflicting_rules": text_of(rule.rule_id for rule in fault.rules),
    }


def _configuration_with(linked: _Linked, option: str | None, wished: Iterable[str]) -> _Found:
    """A configuration with the option (None: any) that keeps the rules, or the proof that none does.

    It has some of the wished options as well.
    """
    columns = sorted(_options(linked.rules) | ({option} if option is not None else set()))
    masks = RuleMasks(linked.rules, columns)
    must = 0 if option is None else masks.mask((option,))
    refused = masks.mask(one for one in columns if one not in linked.offered)
    if must & refused:
        return _Found(frozenset(), False, True)
    here = masks.mask(one for one in wished if one in linked.offered and one in columns)
    try:
        chosen = masks.configuration(must, refused, here, _MAX_CHOICES)
    except SearchEndedError:
        return _solved_with(linked, option, columns)
    return _Found(frozenset() if chosen is None else masks.named(chosen), chosen is not None, chosen is None)


def _solved_with(linked: _Linked, option: str | None, columns: Sequence[str]) -> _Found:
    """The same by an integer program."""
    model = OptionModel.of("rules together", linked.rules, columns, linked.offered)
    if option is not None:
        model.lower[columns.index(option)] = 1.0
    solution = solve(model.minimising(np.zeros(len(columns))), max_nodes=_MAX_NODES)
    chosen_ones = np.flatnonzero(solution.values > 0.5) if solution.is_solved else ()
    return _Found(
        frozenset(columns[int(n)] for n in chosen_ones), solution.is_solved, solution.status == "INFEASIBLE"
    )


def _irreducible(linked: _Linked, option: str | None) -> tuple[Rule, ...]:
    """Rules that together leave no configuration (with the option), and with any one less leave one.

    Divide and conquer over the rules: Junker, QuickXplain, AAAI 2004.
    """

    def conflict(background: tuple[Rule, ...], is_new: bool, rules: tuple[Rule, ...]) -> tuple[Rule, ...]:
        if is_new and _configuration_with(_Linked(background, linked.offered), option, ()).is_refuted:
            return ()
        if len(rules) == 1:
            return rules
        half = len(rules) // 2
        first, second = rules[:half], rules[half:]
        of_second = conflict(background + first, bool(first), second)
        of_first = conflict(background + of_second, bool(of_second), first)
        return of_first + of_second

    return conflict((), True, linked.rules)
