"""Triggers, decisions, cuts and moves on one pool each, by hand."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import numpy as np
import pytest

from optimization.allocation.book import NEVER, Book, Loans, Reservations, RuleTerms
from optimization.allocation.rebalancing import deciding, moving, syncing, triggers
from optimization.allocation.rebalancing.deciding import Terms
from optimization.allocation.stating import state_segments
from optimization.parameters import AllocationParameters
from tests.science_frames import segment

ALL = np.array([True])
AT = 1_000
SEGMENTS = state_segments(
    segment([("A", 1, 1.0, 0.0, 1.0), ("B", 2, 1.0, 0.0, 1.0), ("C", 2, 1.0, 0.0, 1.0)], may_borrow=True)
)


def _texts(*values: str) -> np.ndarray:
    return np.array(values, dtype=object)


def _loans(*rows: tuple[int, float, bool, int, str]) -> Loans:
    """Loans on the only pool from (segment, open units, repays, expires at, reservation)."""
    units = np.array([row[1] for row in rows], dtype=float)
    n = len(rows)
    return Loans(
        loan_id=_texts(*(f"L{number}" for number in range(n))),
        pool=np.zeros(n, dtype=np.int64),
        segment=np.array([row[0] for row in rows], dtype=np.int64),
        opened_at=np.zeros(n, dtype=np.int64),
        expires_at=np.array([row[3] for row in rows], dtype=np.int64),
        closed_at=np.full(n, NEVER),
        units=units,
        open_units=units.copy(),
        returned_units=np.zeros(n),
        expired_units=np.zeros(n),
        repays=np.array([row[2] for row in rows], dtype=bool),
        action_id=_texts(*("a" for _ in rows)),
        reservation_id=_texts(*(row[4] for row in rows)),
        is_of_cycle=np.zeros(n, dtype=bool),
    )


def _reservations(*rows: tuple[str, int, float, float, int]) -> Reservations:
    """Active ones on the only pool from (id, segment, own units, pool units, opened at)."""
    n = len(rows)
    own, free = (np.array([row[place] for row in rows], dtype=float) for place in (2, 3))
    return Reservations(
        reservation_id=_texts(*(row[0] for row in rows)),
        pool=np.zeros(n, dtype=np.int64),
        segment=np.array([row[1] for row in rows], dtype=np.int64),
        opened_at=np.array([row[4] for row in rows], dtype=np.int64),
        expires_at=np.full(n, NEVER),
        closed_at=np.full(n, NEVER),
        units=own + free,
        own_units=own,
        pool_units=free,
        open_units=own + free,
        consumed_units=np.zeros(n),
        released_units=np.zeros(n),
        expired_units=np.zeros(n),
        status=_texts(*("ACTIVE" for _ in rows)),
        action_id=_texts(*("a" for _ in rows)),
    )


def _book(own: list[float], pool: float, **parts: object) -> Book:
    """Item I1 at L1."""
    zeros = np.zeros((1, len(own)))
    book = Book(
        item_id=_texts("I1"),
        location_id=_texts("L1"),
        is_whole=ALL,
        segments=SEGMENTS,
        own=np.array([own]),
        consumed=zeros.copy(),
        cumulative_allocated=zeros.copy(),
        cumulative_consumed=zeros.copy(),
        pool=np.array([pool]),
        pool_consumed=np.zeros(1),
        pool_cumulative_consumed=np.zeros(1),
        pool_at_start=np.array([pool]),
        safety=np.zeros(1),
        loans=_loans(),
        reservations=_reservations(),
    )
    return replace(book, **parts)  # type: ignore[arg-type]


# --- triggers


@pytest.mark.parametrize("name", ["first_allocation", "request", "rules_changed", "segments_changed"])
def test_the_first_trigger_that_holds_names_the_rebalancing(name: str) -> None:
    names = (
        *("first_allocation", "request", "rules_changed", "segments_changed"),
        *("supply_changed", "deviates", "spikes", "interval_due"),
    )
    flags = {one: np.array([names.index(one) >= names.index(name)]) for one in names}
    assert triggers.first_trigger(**flags).tolist() == [name]
    assert triggers.first_trigger(**dict.fromkeys(names, np.array([False]))).tolist() == ["none"]


def test_a_deviation_within_the_larger_band_starts_nothing() -> None:
    own, target = np.array([[9.0, 40.0]]), np.array([[10.0, 44.0]])
    assert not triggers.deviation(own, target, np.array([1.0]), np.array([0.10]))[0]
    assert triggers.deviation(own, target, np.array([0.0]), np.array([0.05]))[0]


def test_a_slow_part_that_sells_once_does_not_spike() -> None:
    none = np.zeros((1, 1))
    assert not triggers.demand_spike(none + 1.0, none + 0.1, none, 3.0)[0]
    assert triggers.demand_spike(none + 40.0, none + 20.0, none + 5.0, 3.0)[0]


# --- decisions


def _decided(trigger: str, **terms: object) -> tuple[str, str]:
    """Of a pool that the guard covers where `guarded` says so, with a benefit of 10."""
    guarded = np.array([bool(terms.pop("guarded", False))])
    at_target = np.array([bool(terms.pop("at_target", False))])
    usual = Terms(np.array([24.0]), np.array([0.0]), np.array([1.0]), np.array([0.1]), np.array([False]))
    decision, reason = deciding.decide(
        _texts(trigger), np.array([False]), at_target, guarded, np.array([10.0]), replace(usual, **terms)
    )
    return decision[0], reason[0]


def test_what_keeps_a_pool_from_being_rebalanced() -> None:
    frozen = np.array([True])
    assert _decided("interval") == ("rebalanced", "MOVED_TO_TARGET")
    assert _decided("none") == ("not_due", "NO_TRIGGER")
    assert _decided("interval", at_target=True) == ("not_due", "AT_TARGET")
    assert _decided("request", frozen=frozen) == ("suppressed", "FREEZE_WINDOW")
    assert _decided("first_allocation", frozen=frozen, guarded=True)[0] == "rebalanced"
    assert _decided("supply_sync", guarded=True) == ("suppressed", "GUARD_HOURS")
    assert _decided("request", guarded=True)[0] == "rebalanced"
    much = np.array([10.5])
    assert _decided("supply_sync", min_benefit=much) == ("suppressed", "BENEFIT_TOO_SMALL")
    assert _decided("request", min_benefit=much)[0] == "rebalanced"


def test_a_rule_speaks_for_its_pools_and_the_parameters_for_the_others() -> None:
    nan = np.array([np.nan])
    rules = RuleTerms(
        plan_id=_texts("P1"),
        plan_version=np.array([1]),
        rule_id=_texts("R1"),
        rule_version=np.array([1]),
        interval_hours=np.array([0.0]),
        min_benefit=nan,
        band_units=np.array([5.0]),
        band_share=nan,
        frozen=np.array([True]),
    )
    terms = deciding.terms_of(np.array([0, -1]), rules, AllocationParameters(), date(2024, 6, 30))
    assert terms.interval_hours.tolist() == [0.0, 24.0]
    assert terms.band_units.tolist() == [5.0, 1.0]
    assert terms.band_share.tolist() == [0.1, 0.1]
    assert terms.frozen.tolist() == [True, False]
    freezing = AllocationParameters(freeze_from=date(2024, 6, 30), freeze_to=date(2024, 7, 1))
    none = np.array([-1])
    assert deciding.terms_of(none, rules, freezing, date(2024, 6, 30)).frozen[0]
    assert not deciding.terms_of(none, rules, freezing, date(2024, 7, 1)).frozen[0]


# --- supply


def test_consumption_is_settled_before_the_supply_is_compared() -> None:
    book = _book([2.0, 0.0, 0.0], 5.0, consumed=np.array([[3.0, 0.0, 0.0]]), pool_consumed=np.array([1.0]))
    book, lines = syncing.settled(book, ALL)
    assert lines.units.tolist() == [3.0, 1.0] and lines.segment.tolist() == [0, -1]
    book, lines = syncing.synced_supply(book, np.array([7.0]), ALL, ALL)
    assert not len(lines) and book.pool[0] == 5.0


def test_a_segment_that_is_gone_gives_its_quota_back() -> None:
    book, lines = syncing.swept(_book([2.0, 4.0, 0.0], 5.0), np.array([False, True, False]))
    assert book.own.tolist() == [[2.0, 0.0, 0.0]] and book.pool[0] == 9.0
    assert (lines.operation, lines.reason.tolist()) == ("unallocate", ["SEGMENT_GONE"])


def test_less_supply_costs_the_pool_first_then_the_last_tier_above_its_orders() -> None:
    book, _ = syncing.synced_supply(_book([4.0, 6.0, 3.0], 2.0), np.array([7.0]), ALL, ALL)
    assert book.pool[0] == -6.0
    book, lines = syncing.cut(book, np.array([[4.0, 3.0, 0.0]]), ALL)
    assert book.own.tolist() == [[4.0, 3.0, 0.0]] and book.pool[0] == 0.0
    assert lines.own_units.tolist() == [-3.0, -3.0]
    # Even what is ordered, when there is less than that.
    book, _ = syncing.synced_supply(book, np.array([5.0]), ALL, ALL)
    book, _ = syncing.cut(book, np.array([[4.0, 3.0, 0.0]]), ALL)
    assert book.own.tolist() == [[4.0, 1.0, 0.0]]


def test_reservations_break_only_where_the_stock_they_hold_is_gone() -> None:
    held = _reservations(("R1", 1, 3.0, 0.0, 1), ("R2", 0, 2.0, 0.0, 2), ("R3", 1, 2.0, 1.0, 3))
    loans = _loans((1, 1.0, True, NEVER, "R3"))
    book = _book([0.0, 0.0, 0.0], 0.0, reservations=held, loans=loans)
    same, lines = syncing.broken(book, np.array([8.0]), ALL, AT)
    assert not len(lines) and same is book
    book, lines = syncing.broken(book, np.array([4.0]), ALL, AT)
    assert lines.reservation_id.tolist() == ["R1", "R3"] and lines.units.tolist() == [1.0, 3.0]
    assert book.reservations.open_units.tolist() == [2.0, 2.0, 0.0]
    assert book.reservations.status.tolist() == ["ACTIVE", "ACTIVE", "BROKEN"]
    assert book.loans.open_units.tolist() == [0.0] and book.loans.expired_units.tolist() == [1.0]
    total = book.reservations.open_units + book.reservations.released_units
    assert total.tolist() == book.reservations.units.tolist()


# --- moves


def _moved(book: Book, target: list[float]) -> tuple[Book, list[str]]:
    reason = np.full((1, 3), "FAIR_SHARE", dtype=object)
    book, lines = moving.moved(book, np.array([target]), ALL, _texts("interval"), reason, AT)
    return book, [line.operation for line in lines for _ in range(len(line))]


def test_quotas_move_to_their_target_and_the_pool_bears_the_rest() -> None:
    book, operations = _moved(_book([4.0, 0.0, 1.0], 5.0), [1.0, 6.0, 1.0])
    assert book.own.tolist() == [[1.0, 6.0, 1.0]] and book.pool[0] == 2.0
    assert book.cumulative_allocated.tolist() == [[0.0, 6.0, 0.0]]
    assert operations == ["rebalance", "rebalance"]


def test_an_increase_first_returns_what_has_to_be_repaid_and_the_rest_lapses() -> None:
    loans = _loans((0, 3.0, True, NEVER, ""), (0, 4.0, True, NEVER, ""), (1, 2.0, False, 5_000, ""))
    book = _book([0.0, 0.0, 0.0], 10.0, loans=loans)
    assert moving.ending_loans(book).tolist() == [True]
    book, operations = _moved(book, [5.0, 2.0, 0.0])
    assert operations == ["rebalance", "rebalance", "return", "return", "expire"]
    assert book.own.tolist() == [[0.0, 2.0, 0.0]] and book.pool[0] == 8.0
    assert book.loans.returned_units.tolist() == [3.0, 2.0, 0.0]
    assert book.loans.expired_units.tolist() == [0.0, 2.0, 0.0]
    assert book.loans.open_units.tolist() == [0.0, 0.0, 2.0]
    assert book.loans.closed_at.tolist() == [AT, AT, NEVER]


def test_a_loan_of_an_open_reservation_is_left_alone() -> None:
    book = _book(
        [0.0, 0.0, 0.0],
        4.0,
        loans=_loans((0, 2.0, True, NEVER, "R1")),
        reservations=_reservations(("R1", 0, 0.0, 2.0, 1)),
    )
    assert not moving.ending_loans(book)[0]
    book, operations = _moved(book, [3.0, 0.0, 0.0])
    assert operations == ["rebalance"] and book.own[0, 0] == 3.0 and book.loans.open_units[0] == 2.0
