"""Rules, repairs, prices and the rules' own faults: known answers and agreement with trying everything."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from itertools import chain, combinations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from optimization.build_to_order.configuration import repairs, rule_checks
from optimization.build_to_order.configuration.checking import broken, check_orders
from optimization.build_to_order.configuration.pricing import price_delta
from optimization.build_to_order.configuration.repairs import Repair, smallest_repairs
from optimization.build_to_order.configuration.rule_checks import KnownFaults, rule_faults
from optimization.build_to_order.configuration.rules import (
    Offer,
    Rule,
    RuleBook,
    RuleSet,
    VersionedRule,
    violations,
)
from optimization.build_to_order.effective_options import effective_options
from optimization.option_sets import options_of, text_of
from optimization.order_parameters import ConfigurationParameters
from tests.benchmarks.configuration import instance
from tests.configuration_frames import AS_OF, catalogue, change, changes, day, order, orders, rule, rules

OPTIONS = ("A", "B", "C", "D", "E", "F")
PARAMETERS = ConfigurationParameters()


def _set(*rows: dict[str, object], offered: tuple[str, ...] = OPTIONS) -> RuleSet:
    return RuleSet.of(rules(*rows), catalogue(*offered), "US", "camry", AS_OF)


@pytest.mark.parametrize(
    ("row", "options", "involved"),
    [
        (rule("R", "requires", "C|D", "A|B"), "A", None),
        (rule("R", "requires", "C|D", "A|B"), "A|B", "A|B|C|D"),
        (rule("R", "requires", "C|D", "A|B"), "A|B|D", None),
        (rule("R", "excludes", "C|D", "A"), "A|C", "A|C"),
        (rule("R", "excludes", "C|D", "A"), "C|D", None),
        (rule("R", "one_of", "A|B"), "C", "A|B"),
        (rule("R", "one_of", "A|B|C"), "A|B", "A|B"),
        (rule("R", "at_most_one", "A|B"), "", None),
        (rule("R", "at_most_one", "A|B"), "A|B", "A|B"),
        (rule("R", "all_of", "B|C", "A"), "A|C", "A|B"),
        (rule("R", "all_of", "B|C", "A"), "C", None),
        (rule("R", "all_of", "B|C"), "B", "C"),
        (rule("R", "conditional", "B|C", "A"), "A", "A|B|C"),
        (rule("R", "conditional", "B|C", "A"), "A|B|C", "A|B|C"),
        (rule("R", "conditional", "B|C", "A"), "B|C", None),
    ],
)
def test_each_kind_of_rule_means_what_it_says(
    row: dict[str, object], options: str, involved: str | None
) -> None:
    found = violations(_set(row), options_of(options))
    assert [text_of(one.options) for one in found] == ([] if involved is None else [involved])


def test_the_newest_version_of_the_day_holds_where_it_concerns_the_order() -> None:
    history = rules(
        rule("R", "excludes", "B", "A", effective_from=day("2024-01-01"), message="first"),
        rule("R", "excludes", "C", "A", rule_version=2, effective_from=day("2024-04-01"), market="US"),
        rule("R", "excludes", "D", "A", rule_version=3, effective_from=day("2024-05-01"),
             effective_to=day("2024-05-31"), market="EU"),
    )  # fmt: skip
    book = RuleBook.of(history.iloc[::-1], catalogue(*OPTIONS))

    def version(market: str, date: str) -> list[int]:
        return [one.rule_version for one in book.at(market, "camry", day(date)).rules]

    assert version("US", "2023-12-31") == []
    assert version("US", "2024-03-31") == version("EU", "2024-03-31") == [1]
    assert (version("US", "2024-04-01"), version("EU", "2024-04-01")) == ([2], [])
    # The newest one leaves the US out, so that the rule ends there while it holds.
    assert (version("US", "2024-05-31"), version("EU", "2024-05-31")) == ([], [3])
    assert version("US", "2024-06-01") == [2]
    assert book.change_dates(day("2024-03-31")) == [day("2024-04-01"), day("2024-05-01"), day("2024-06-01")]


def test_options_that_are_unknown_or_not_offered_are_violations_and_leave_by_every_repair() -> None:
    rule_set = RuleSet.of(
        rules(rule("R", "one_of", "A|B|OLD")),
        catalogue("A", "B", {"option_id": "OLD", "effective_to": day("2024-05-31")}),
        "US", "camry", AS_OF,
    )  # fmt: skip
    found = violations(rule_set, frozenset({"OLD", "NONE"}))
    assert [one.reason_code for one in found] == ["UNKNOWN_OPTION", "OPTION_NOT_OFFERED"]
    assert smallest_repairs(rule_set, frozenset({"OLD", "NONE"})).found == (
        Repair(("A",), ("NONE", "OLD"), 3),
        Repair(("B",), ("NONE", "OLD"), 3),
    )
    assert smallest_repairs(rule_set, frozenset({"OLD"}), locked=["OLD"]).found == ()


def test_locked_options_stay_and_weights_decide() -> None:
    rule_set = _set(rule("R", "requires", "B", "A"), rule("S", "excludes", "C", "B"))
    wish = frozenset({"A", "C"})
    assert smallest_repairs(rule_set, wish).found == (
        Repair((), ("A",), 1),
        Repair(("B",), ("C",), 2),
    )
    assert smallest_repairs(rule_set, wish, locked=["A"]).found == (Repair(("B",), ("C",), 2),)
    assert smallest_repairs(rule_set, wish, locked=["A", "C"]).found == ()
    assert smallest_repairs(rule_set, wish, weights={"A": 3}).found[0] == Repair(("B",), ("C",), 2)
    assert smallest_repairs(rule_set, frozenset()).found == (Repair((), (), 0),)
    with pytest.raises(ValueError, match="at least 1"):
        smallest_repairs(rule_set, wish, weights={"A": 0})


@st.composite
def _rule_sets(draw: st.DrawFn) -> RuleSet:
    some = st.lists(st.sampled_from(OPTIONS), max_size=3, unique=True)
    kinds = ("requires", "excludes", "one_of", "at_most_one", "all_of", "conditional")
    rows = [
        rule(f"R{n}", draw(st.sampled_from(kinds)), text_of(then), text_of(given) or None)
        for n, (given, then) in enumerate(
            draw(st.lists(st.tuples(some, some.filter(bool)), min_size=1, max_size=5))
        )
    ]
    return _set(*rows, offered=tuple(draw(st.sets(st.sampled_from(OPTIONS), min_size=3))))


_WISH = st.sets(st.sampled_from((*OPTIONS, "UNKNOWN"))).map(frozenset)


def _subsets(options: tuple[str, ...]) -> list[frozenset[str]]:
    return [
        frozenset(one)
        for one in chain.from_iterable(combinations(options, n) for n in range(len(options) + 1))
    ]


@settings(max_examples=30, deadline=None)
@given(_rule_sets(), _WISH, st.sets(st.sampled_from(OPTIONS), max_size=2))
def test_repairs_are_the_smallest_of_all_changes(
    rule_set: RuleSet, wish: frozenset[str], locked: set[str]
) -> None:
    answer = smallest_repairs(rule_set, wish, locked, k=3)
    changes = [
        target ^ wish
        for target in _subsets((*OPTIONS, "UNKNOWN"))
        if not (target ^ wish) & locked and not violations(rule_set, target)
    ]
    # An option of no rule is neither added nor taken out by a repair of which no part would do.
    minimal = [one for one in changes if not any(other < one for other in changes)]
    ruled = sorted(frozenset().union(*(one.options for one in rule_set.rules)))

    def place(flips: frozenset[str]) -> tuple[int, int, tuple[str, ...]]:
        added, removed = tuple(sorted(flips - wish)), tuple(sorted(flips & wish))
        free = flips - (wish - rule_set.offered)
        return len(flips), sum(ruled.index(one) + 1 for one in free), added + removed

    expected = sorted(minimal, key=place)[:3]
    assert answer.is_proven
    assert [frozenset(one.added + one.removed) for one in answer.found] == expected
    assert all(not violations(rule_set, one.applied_to(wish)) for one in answer.found)


@settings(max_examples=20, deadline=None)
@given(_rule_sets(), st.lists(_WISH, max_size=3))
def test_dead_options_are_those_that_no_configuration_has(
    rule_set: RuleSet, witnesses: list[frozenset[str]]
) -> None:
    buildable = [one for one in _subsets(OPTIONS) if not violations(rule_set, one)]
    ruled = frozenset().union(*(one.options for one in rule_set.rules)) & rule_set.offered
    known = KnownFaults()
    faults = rule_faults(rule_set, witnesses, known)
    expected = sorted(ruled - frozenset().union(*buildable)) if buildable else ["*"]
    assert [one.option for one in faults.found] == expected
    assert not faults.unproven
    assert rule_faults(rule_set, (), known) == faults

    def is_possible(rows: tuple[Rule, ...], option: str) -> bool:
        some = RuleSet(rows, rule_set.offered, rule_set.known)
        return any(
            not violations(some, one) and (option == "*" or option in one) for one in _subsets(OPTIONS)
        )

    for fault in faults.found:
        assert not is_possible(fault.rules, fault.option)
        for left_out in fault.rules:
            assert is_possible(tuple(one for one in fault.rules if one != left_out), fault.option)


@settings(max_examples=12, deadline=None)
@given(_rule_sets(), _WISH, st.sets(st.sampled_from(OPTIONS), max_size=2))
def test_the_integer_program_answers_as_the_search(
    rule_set: RuleSet, wish: frozenset[str], locked: set[str]
) -> None:
    searched = smallest_repairs(rule_set, wish, locked, k=3), rule_faults(rule_set)
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(repairs, "_MAX_LOOKED_AT", 0)
        patched.setattr(rule_checks, "_MAX_CHOICES", 0)
        assert (smallest_repairs(rule_set, wish, locked, k=3), rule_faults(rule_set)) == searched


def test_many_orders_and_rules_are_settled_without_the_integer_program(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    placed, stated, offered = instance(order_count=50, rule_count=200, broken_share=0.3)

    def solve(*_: object, **__: object) -> None:
        raise AssertionError("a program was solved")

    monkeypatch.setattr(repairs, "solve", solve)
    monkeypatch.setattr(rule_checks, "solve", solve)
    _, faults, report = check_orders(placed, stated, offered, AS_OF, PARAMETERS)
    assert report["orders_not_buildable"] > 5
    assert (len(faults), report["options_unproven"]) == (0, 0)


def test_a_fault_that_is_known_holds_where_its_rules_do_and_no_more_is_offered() -> None:
    wide = _set(rule("R", "requires", "B|C", "A"), offered=("A", "D"))
    known = KnownFaults()
    assert [one.option for one in rule_faults(wide, (), known).found] == ["A"]
    linked = [rule("R", "requires", "B|C", "A"), rule("S", "excludes", "D", "A")]
    for offered, dead in ((("A", "D"), ["A"]), (("A", "C", "D"), []), (("D",), [])):
        rule_set = _set(*linked, offered=offered)
        assert [one.option for one in rule_faults(rule_set, (), known).found] == dead
        assert rule_faults(rule_set, (), known) == rule_faults(rule_set)


_DAYS = [day("2024-01-01") + pd.Timedelta(days=30 * n) for n in range(6)]


@cache
def _pool() -> tuple[tuple[Rule, ...], Mapping[str, Offer]]:
    """Rules of every kind, and when options are offered."""
    kinds = ("requires", "excludes", "one_of", "at_most_one", "all_of", "conditional")
    sides = (("A|B", None), ("B|C|D", "A"), ("C|F", "A|B"), ("A", "F"))
    rows = [rule(f"{kind} {n}", kind, *side) for kind in kinds for n, side in enumerate(sides)]
    book = RuleBook.of(rules(*rows), catalogue(*OPTIONS[:5], {"option_id": "F", "effective_to": _DAYS[2]}))
    return tuple(one.rule for one in book.versions), book.offers


@settings(max_examples=40, deadline=None)
@given(st.data())
def test_orders_are_found_broken_together_as_one_by_one(data: st.DataObject) -> None:
    pool, offers = _pool()
    some_day = st.sampled_from(_DAYS)
    versions = []
    for rule_id in ("R1", "R2"):
        for number in range(1, data.draw(st.integers(1, 3)) + 1):
            own = data.draw(st.sampled_from(pool))._replace(rule_id=rule_id, rule_version=number)
            first, last = sorted((data.draw(some_day), data.draw(some_day)))
            market = data.draw(st.sampled_from(("*", "US")))
            model = data.draw(st.sampled_from(("*", "camry")))
            versions.append(VersionedRule(own, market, model, first, last))
    book = RuleBook(tuple(versions), offers, ())
    rows = data.draw(
        st.lists(
            st.tuples(_WISH, st.sampled_from(("US", "EU")), st.sampled_from(("camry", "x")), some_day),
            max_size=6,
        )
    )
    frame = pd.DataFrame(
        {
            "market": [row[1] for row in rows],
            "model": [row[2] for row in rows],
            "judged_date": pd.Series([row[3] for row in rows], dtype="datetime64[ns]"),
        }
    )
    one_by_one = [bool(violations(book.at(row[1], row[2], row[3]), row[0])) for row in rows]
    assert broken(book, frame, [row[0] for row in rows]).tolist() == one_by_one


def test_an_order_is_judged_by_the_rules_of_its_day() -> None:
    history = rules(
        rule("R", "excludes", "B", "A", effective_from=day("2024-06-01"), message="A and B no more"),
        rule("S", "requires", "C", "D"),
    )
    placed = orders(
        order("before", "A|B"),
        order("after", "A|B", confirmed_date=day("2024-06-02")),
        order("quote", "D|A|B", order_status="quoted", order_date=day("2024-06-03"), confirmed_date=None),
        order("gone", "D", order_status="cancelled"),
    )
    check, faults, report = check_orders(placed, history, catalogue(*OPTIONS), AS_OF, PARAMETERS)
    wrong = check[check["check_kind"] == "violation"]
    assert wrong[["order_id", "rule_id", "message", "involved_options"]].values.tolist() == [
        ["after", "R", "A and B no more", "A|B"],
        ["quote", "R", "A and B no more", "A|B"],
        ["quote", "S", "D needs C", "C|D"],
    ]
    first = check[(check["order_id"] == "after") & (check["check_kind"] == "repair")]
    assert first[["removed_options", "price_delta", "message"]].values.tolist() == [
        ["A", -100.0, "Take out A"],
        ["B", -100.0, "Take out B"],
    ]
    assert report["orders_not_buildable"] == 2
    assert len(faults) == 0


def test_an_approved_change_is_judged_by_the_rules_of_its_decision() -> None:
    history = rules(rule("R", "excludes", "B", "A", effective_from=day("2024-06-01")))
    placed = orders(order("o", "A"), order("p", "A"))
    asked = changes(
        change("c1", "o", "A|B", change_status="approved", decided_date=day("2024-06-29")),
        change("c2", "p", "A|B", change_status="approved", decided_date=day("2024-07-01")),
        change("c3", "p", "A|B", change_status="rejected", decided_date=day("2024-06-29")),
    )
    check, _, _ = check_orders(placed, history, catalogue(*OPTIONS), AS_OF, PARAMETERS, asked)
    assert set(check["order_id"]) == {"o"}
    now = effective_options(placed, asked, AS_OF)
    assert now[["options", "version"]].values.tolist() == [["A|B", 2], ["A", 1]]


def test_an_option_that_ends_before_the_build_is_a_warning() -> None:
    slot = pd.DataFrame({"order_id": ["o"], "week_start_date": [day("2024-07-29")]})
    ending = catalogue({"option_id": "A", "effective_to": day("2024-08-03")})
    check, _, report = check_orders(orders(order("o", "A")), rules(), ending, AS_OF, PARAMETERS, slot=slot)
    assert check[["check_kind", "reason_code", "involved_options"]].values.tolist() == [
        ["warning", "OPTION_ENDS_BEFORE_BUILD", "A"]
    ]
    assert report["orders_not_buildable"] == 0


def test_faulty_rules_are_told_once_where_they_are_widest() -> None:
    history = rules(
        rule("R", "requires", "B", "A"),
        rule("S", "excludes", "B", "A"),
        rule("T", "one_of", "C|D", market="EU", effective_from=day("2024-08-01")),
        rule("U", "excludes", "C|D", market="EU"),
        rule("V", "at_most_one", ""),
    )
    placed = orders(order("o", "C"), order("p", "E", market="EU"))
    check, faults, _ = check_orders(placed, history, catalogue(*OPTIONS), AS_OF, PARAMETERS)
    columns = ["market", "model", "from_date", "rule_check_kind", "option_id", "conflicting_rules"]
    assert (
        faults[columns].values.tolist()
        == [
            ["*", "*", AS_OF, "dead_option", "A", "R|S"],
            ["*", "*", AS_OF, "incomplete_rule", "*", "V version 1"],
            ["EU", "*", AS_OF, "dead_option", "C", "U"],
            ["EU", "*", AS_OF, "dead_option", "D", "U"],
            ["EU", "*", day("2024-08-01"), "empty_market", "*", "T|U"],
            ["EU", "camry", day("2024-08-01"), "empty_market", "*", "T|U"],
        ][:5]
    )
    assert not len(check)


def test_without_a_catalogue_nothing_is_faulted() -> None:
    check, faults, report = check_orders(orders(order("o", "A")), rules(), catalogue(), AS_OF, PARAMETERS)
    assert (len(check), len(faults), report["orders_not_buildable"]) == (0, 0, 0)


def test_only_so_many_orders_get_repairs_and_the_report_tells_the_rest() -> None:
    placed = orders(*(order(f"o{n}", "A") for n in range(3)))
    few = ConfigurationParameters(repaired_orders=2)
    check, _, report = check_orders(placed, rules(rule("R", "all_of", "B")), catalogue("A", "B"), AS_OF, few)
    assert set(check.loc[check["check_kind"] == "repair", "order_id"]) == {"o0", "o1"}
    assert set(check.loc[check["check_kind"] == "violation", "order_id"]) == {"o0", "o1", "o2"}
    assert report["orders_without_repairs"] == 1


def test_a_repair_with_an_option_without_price_has_no_delta() -> None:
    stated = catalogue("A", {"option_id": "B", "option_price": np.nan})
    assert price_delta(stated, ["B"], ["A"], AS_OF) is None
    assert price_delta(stated, ["A"], ["B"], AS_OF) is None
    assert price_delta(stated, ["A"], ["NONE"], AS_OF) == 100.0
