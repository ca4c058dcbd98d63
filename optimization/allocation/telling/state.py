"""The state of every pool as tables: quotas and the common pool, loans, reservations."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from optimization.allocation.book import NEVER, POOL, Book, Flags, Integers, Numbers, RuleTerms, Texts
from optimization.allocation.moments import as_stamps
from optimization.allocation.operations.availability import (
    available,
    borrowable,
    borrowed,
    pool_free,
    soft_reserved,
)
from optimization.allocation.telling.forms import or_none
from optimization.contracts.allocation_tables import ALLOCATION, BORROW_LOAN, SOFT_RESERVATION
from optimization.keys import sorted_by_key

RULE_COLUMNS = ("plan_id", "plan_version_number", "rule_id", "rule_version")


@dataclass(frozen=True)
class Told:
    """What is told of n pools by K segments beside the book.

    `reason` (n, K) judges the quota, `status`, `pool_reason` (n) the pool. `is_gone` (K): no
    segment any more, told only while it has something. `rule_names`: what `rule_columns` makes (n each).
    `asked_at` (n, K): when the segment last asked for units, 0 where never.
    """

    demand: Numbers
    guaranteed: Numbers
    target: Numbers
    previous: Numbers
    previous_pool: Numbers
    counted: Numbers
    pool_formula: Texts
    rules_hash: Texts
    rebalanced_at: Integers
    trigger: Texts
    decision: Texts
    reason: Texts
    pool_reason: Texts
    method: Texts
    status: Texts
    is_gone: Flags
    rule_names: Mapping[str, Texts]
    asked_at: Integers


def allocation_frame(book: Book, told: Told, only: Flags) -> pd.DataFrame:
    """`opt_out__allocation` of the pools of `only` (n).

    A row per segment that has, had or wants anything, and POOL.
    """
    pools = np.flatnonzero(only)
    reserved = soft_reserved(book)
    lent = borrowed(book)
    may_take, can_have = borrowable(book), available(book)
    involved = (
        (told.demand > 0)
        | (book.own > 0)
        | (told.previous > 0)
        | (told.target > 0)
        | (book.consumed > 0)
        | ((book.cumulative_allocated + book.cumulative_consumed > 0) & ~told.is_gone)
        | (reserved[:, :-1] > 0)
        | (lent > 0)
    )
    pool, segment = np.nonzero(involved & only[:, None])
    at = (pool, segment)
    free = book.pool[pools]
    nothing, never = np.zeros(len(pools)), np.full(len(pools), NEVER)
    asked = told.asked_at[at]
    values: dict[str, tuple[Numbers, Numbers]] = {
        "demand_units": (told.demand[at], nothing),
        "guaranteed_units": (told.guaranteed[at], nothing),
        "allocation_target_units": (
            told.target[at],
            np.maximum(book.own.sum(axis=1) + book.pool - told.target.sum(axis=1), 0.0)[pools],
        ),
        "previous_allocated_units": (told.previous[at], told.previous_pool[pools]),
        "allocated_units": (book.own[at], free),
        "consumed_units": (book.consumed[at], book.pool_consumed[pools]),
        "cumulative_allocated_units": (book.cumulative_allocated[at], nothing),
        "cumulative_consumed_units": (book.cumulative_consumed[at], book.pool_cumulative_consumed[pools]),
        "soft_reserved_units": (reserved[at], reserved[pools, -1]),
        "borrowed_units": (lent[at], nothing),
        "borrowable_units": (may_take[at], nothing),
        "available_units": (can_have[at], pool_free(book)[pools]),
        "unmet_units": (np.maximum(told.demand - book.own, 0.0)[at], nothing),
    }
    row = np.concatenate([pool, pools])
    ids, paths = book.segments.segment_id, book.segments.path
    frame = pd.DataFrame(
        {
            "item_id": book.item_id[row],
            "location_id": book.location_id[row],
            "segment_id": np.concatenate([ids[segment], np.full(len(pools), POOL, dtype=object)]),
            "segment_path": np.concatenate([paths[segment], np.full(len(pools), POOL, dtype=object)]),
            **{name: np.concatenate(both) for name, both in values.items()},
            "allocatable_units": told.counted[row],
            "safety_units": book.safety[row],
            "pool_formula": told.pool_formula[row],
            "rules_hash": told.rules_hash[row],
            "rebalanced_at": as_stamps(told.rebalanced_at[row]),
            "rebalance_trigger": told.trigger[row],
            "rebalance_decision": told.decision[row],
            "reason_code": np.concatenate([told.reason[at], told.pool_reason[pools]]),
            "method": told.method[row],
            "status": told.status[row],
            **{name: values[row] for name, values in told.rule_names.items()},
            "quota_asked_at": as_stamps(np.concatenate([np.where(asked > 0, asked, NEVER), never])),
        }
    ).astype({"plan_version_number": "Int64", "rule_version": "Int64"})
    return ALLOCATION.validate(sorted_by_key(frame, ALLOCATION.key))


def rule_columns(rule: Integers, rules: RuleTerms) -> dict[str, Texts]:
    """Plan and rule of each row, None where no rule stands behind it."""
    columns = (rules.plan_id, rules.plan_version, rules.rule_id, rules.rule_version)
    return {
        name: np.array([*values.tolist(), None], dtype=object)[rule]
        for name, values in zip(RULE_COLUMNS, columns, strict=True)
    }


def at_start_of_cycle(book: Book) -> Book:
    """The book as the next cycle finds it: the borrow ratio counts from the pool as it is now."""
    loans = replace(book.loans, is_of_cycle=np.zeros(len(book.loans), dtype=np.bool_))
    return replace(book, pool_at_start=book.pool.copy(), loans=loans)


def loan_frame(book: Book) -> pd.DataFrame:
    """`opt_out__borrow_loan`: open loans and those that ended since the release before."""
    loans = book.loans
    status = np.where(
        loans.open_units > 0, "OPEN", np.where(loans.expired_units > 0, "EXPIRED", "RETURNED")
    ).astype(object)
    frame = pd.DataFrame(
        {
            "loan_id": loans.loan_id,
            "item_id": book.item_id[loans.pool],
            "location_id": book.location_id[loans.pool],
            "segment_id": book.segments.segment_id[loans.segment],
            "opened_at": as_stamps(loans.opened_at),
            "borrowed_units": loans.units,
            "returned_units": loans.returned_units,
            "expired_units": loans.expired_units,
            "open_units": loans.open_units,
            "loan_status": status,
            "borrow_repays": loans.repays,
            "action_id": loans.action_id,
            "expires_at": as_stamps(loans.expires_at),
            "closed_at": as_stamps(loans.closed_at),
            "reservation_id": or_none(loans.reservation_id),
        }
    )
    return BORROW_LOAN.validate(sorted_by_key(frame, BORROW_LOAN.key))


def reservation_frame(book: Book) -> pd.DataFrame:
    """`opt_out__soft_reservation`: active reservations and those that ended since the release before."""
    held = book.reservations
    names = np.append(book.segments.segment_id, np.array(POOL, dtype=object))
    frame = pd.DataFrame(
        {
            "reservation_id": held.reservation_id,
            "item_id": book.item_id[held.pool],
            "location_id": book.location_id[held.pool],
            "segment_id": names[held.segment],
            "opened_at": as_stamps(held.opened_at),
            "units": held.units,
            "own_units": held.own_units,
            "pool_units": held.pool_units,
            "consumed_units": held.consumed_units,
            "released_units": held.released_units,
            "expired_units": held.expired_units,
            "open_units": held.open_units,
            "reservation_status": held.status,
            "action_id": held.action_id,
            "expires_at": as_stamps(held.expires_at),
            "closed_at": as_stamps(held.closed_at),
        }
    )
    return SOFT_RESERVATION.validate(sorted_by_key(frame, SOFT_RESERVATION.key))
