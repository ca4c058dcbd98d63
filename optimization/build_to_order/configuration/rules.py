"""Rules on configurations: their normal form, which of them hold, and what a configuration breaks.

Every rule is a condition and a count: where all of its `given` options are chosen, at least `least`
and at most `most` of its `then` options are chosen. A rule has versions; by a date the newest one that
is effective holds, and by its own market and model it concerns an order or not.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import pandas as pd

from optimization.errors import ContractError
from optimization.option_sets import options_of

ANY = "*"
_LAST = pd.Timestamp("2261-12-31")
_FIRST = pd.Timestamp("1678-01-01")


class Rule(NamedTuple):
    """One version of a rule in normal form.

    Where all of `given` are chosen (always, if there are none), `least` to `most` of `then` are.
    """

    rule_id: str
    rule_version: int
    rule_type: str
    given: tuple[str, ...]
    then: tuple[str, ...]
    least: int
    most: int
    message: str

    @property
    def options(self) -> frozenset[str]:
        """All options that decide whether the rule is kept."""
        return frozenset(self.given) | frozenset(self.then)

    def is_broken_by(self, options: frozenset[str]) -> bool:
        """Whether a configuration breaks the rule."""
        return options.issuperset(self.given) and not self.least <= len(options & set(self.then)) <= self.most

    def involved(self, options: frozenset[str]) -> tuple[str, ...]:
        """Options that take part in a breach: the condition, and those that lack or are too many."""
        chosen = options & set(self.then)
        culprits = chosen if len(chosen) > self.most else set(self.then) - chosen
        return tuple(sorted({*self.given, *culprits}))


class Violation(NamedTuple):
    """What is wrong with a configuration, and the options involved in ascending order.

    A violation that is of no rule (an option that is unknown or not offered) has no `rule`.
    """

    reason_code: str
    message: str
    options: tuple[str, ...]
    rule: Rule | None = None


class VersionedRule(NamedTuple):
    """A rule with whom and when it concerns; market or model `*` is all, both days belong to it."""

    rule: Rule
    market: str
    model: str
    first_day: pd.Timestamp
    last_day: pd.Timestamp


@dataclass(frozen=True)
class Offer:
    """The days on which one option is offered, both of them in it."""

    first_day: pd.Timestamp
    last_day: pd.Timestamp


@dataclass(frozen=True)
class RuleBook:
    """All versions of all rules, and when each option is offered; stated once for many orders.

    `incomplete`: rules without options that they are about; they are set aside.
    """

    versions: tuple[VersionedRule, ...]
    offers: Mapping[str, Offer]
    incomplete: tuple[str, ...]

    @classmethod
    def of(cls, configuration_rule: pd.DataFrame, config_option: pd.DataFrame) -> RuleBook:
        """Read `opt_in__configuration_rule` and `opt_in__config_option`; the order of rows is no matter.

        Raises `ContractError` at a rule type that is none.
        """
        ordered = configuration_rule.sort_values(["rule_id", "rule_version"], kind="stable")
        versions, incomplete = [], []
        for row in ordered.to_dict("records"):
            rule = _normal_form(row)
            if not rule.then:
                incomplete.append(f"{rule.rule_id} version {rule.rule_version}")
                continue
            versions.append(
                VersionedRule(
                    rule,
                    _named(row["market"]),
                    _named(row["model"]),
                    _day(row["effective_from"], _FIRST),
                    _day(row["effective_to"], _LAST),
                )
            )
        offers = {
            str(option): Offer(_day(first, _FIRST), _day(last, _LAST))
            for option, first, last in zip(
                config_option["option_id"],
                config_option["effective_from"],
                config_option["effective_to"],
                strict=True,
            )
        }
        return cls(tuple(versions), offers, tuple(incomplete))

    def at(self, market: str, model: str, date: pd.Timestamp) -> RuleSet:
        """Return what holds for a market and a model on a date.

        The newest version that is effective on the date decides also whom its rule concerns: a version
        that leaves a market out ends the rule there.
        """
        newest: dict[str, VersionedRule] = {}
        for version in self.versions:
            if version.first_day <= date <= version.last_day:
                newest[version.rule.rule_id] = version
        rules = tuple(
            version.rule
            for version in newest.values()
            if version.market in (ANY, market) and version.model in (ANY, model)
        )
        offered = frozenset(
            option for option, days in self.offers.items() if days.first_day <= date <= days.last_day
        )
        return RuleSet(rules, offered, frozenset(self.offers))

    def change_dates(self, after: pd.Timestamp) -> list[pd.Timestamp]:
        """Days after `after` on which other rules or options hold than the day before, in order."""
        spans = [(one.first_day, one.last_day) for one in self.versions]
        spans += [(one.first_day, one.last_day) for one in self.offers.values()]
        days = {first for first, _ in spans}
        days |= {last + pd.Timedelta(days=1) for _, last in spans if last < _LAST}
        return sorted(day for day in days if day > after)


@dataclass(frozen=True)
class RuleSet:
    """The rules that hold for one configuration, in the order of their ids; which options there are.

    `offered`: can be chosen on the date; `known`: stand in the catalogue at all.
    """

    rules: tuple[Rule, ...]
    offered: frozenset[str]
    known: frozenset[str]

    @classmethod
    def of(
        cls,
        configuration_rule: pd.DataFrame,
        config_option: pd.DataFrame,
        market: str,
        model: str,
        date: pd.Timestamp,
    ) -> RuleSet:
        """Return what holds for a market and a model on a date; for many of them use a `RuleBook`."""
        return RuleBook.of(configuration_rule, config_option).at(market, model, date)


def violations(rule_set: RuleSet, options: frozenset[str]) -> list[Violation]:
    """Return all that is wrong with a configuration: its options first, then the rules by id.

    >>> rule = Rule("R1", 1, "requires", ("TOW",), ("DIESEL",), 1, 1, "TOW needs DIESEL")
    >>> known = frozenset({"TOW", "PETROL", "DIESEL"})
    >>> rules = RuleSet((rule,), known, known)
    >>> [one.message for one in violations(rules, frozenset({"TOW", "PETROL", "X"}))]
    ['X is no option of the catalogue', 'TOW needs DIESEL']
    >>> violations(rules, frozenset({"TOW", "DIESEL"}))
    []
    """
    found = [option_violation(rule_set, option) for option in sorted(options - rule_set.offered)]
    found += [rule_violation(rule, options) for rule in rule_set.rules if rule.is_broken_by(options)]
    return found


def option_violation(rule_set: RuleSet, option: str) -> Violation:
    """The violation of choosing an option that is not offered, or that nobody knows."""
    if option in rule_set.known:
        return Violation("OPTION_NOT_OFFERED", f"{option} is not offered on this date", (option,))
    return Violation("UNKNOWN_OPTION", f"{option} is no option of the catalogue", (option,))


def rule_violation(rule: Rule, options: frozenset[str]) -> Violation:
    """The violation of a rule that a configuration breaks."""
    return Violation("RULE_VIOLATED", rule.message, rule.involved(options), rule)


def _normal_form(row: Mapping[Hashable, Any]) -> Rule:
    given, then = (tuple(sorted(options_of(row[name]))) for name in ("if_options", "then_options"))
    rule_type, size = str(row["rule_type"]), len(then)
    bounds = {
        "requires": (1, size),
        "excludes": (0, 0),
        "one_of": (1, 1),
        "at_most_one": (0, 1),
        "all_of": (size, size),
        "conditional": (1, 1),
    }
    if rule_type not in bounds:
        raise ContractError(
            f"rule {row['rule_id']} is of the type {rule_type!r}; it must be one of {', '.join(bounds)}"
        )
    least, most = bounds[rule_type]
    stated = row["message"]
    message = stated if isinstance(stated, str) and stated else _plain_words(rule_type, given, then)
    return Rule(str(row["rule_id"]), int(row["rule_version"]), rule_type, given, then, least, most, message)


def _plain_words(rule_type: str, given: tuple[str, ...], then: tuple[str, ...]) -> str:
    """What a rule without a message of its own demands."""
    named, condition = ", ".join(then), " with ".join(given)
    if rule_type == "excludes":
        together = " or ".join(then)
        return f"{condition} cannot be had with {together}" if given else f"Nobody can have {together}"
    demand = {
        "requires": f"at least one of {named}" if len(then) > 1 else named,
        "one_of": f"exactly one of {named}",
        "at_most_one": f"at most one of {named}",
        "all_of": f"all of {named}" if len(then) > 1 else named,
        "conditional": f"exactly one of {named}",
    }[rule_type]
    return f"{condition or 'Every configuration'} needs {demand}"


def _named(value: object) -> str:
    return value if isinstance(value, str) and value else ANY


def _day(value: object, otherwise: pd.Timestamp) -> pd.Timestamp:
    day = pd.Timestamp(value)  # type: ignore[arg-type]
    return otherwise if pd.isna(day) else day
