"""Quotas that nobody asks for: since when, and which of them go back to the common pool.

A segment that has asked for nothing of a pool for its `release_after_days` keeps there what its open
orders need, and nothing above. Its next request begins the days anew, and so does a changed rule,
for that is a new promise.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from optimization.allocation.book import Flags, Integers, Numbers, Targets
from optimization.allocation.operations import kernel
from optimization.allocation.operations.fold import Outcomes

_NS_PER_DAY = 86_400_000_000_000
_TINY = 1e-9
# Asking counts, served or not: who is refused has a use for the quota.
_ASKING = (kernel.CONSUME, kernel.RESERVE, kernel.EXTEND, kernel.OFFSET)


def last_asked(before: Integers, outcomes: Outcomes) -> Integers:
    """When each segment last asked for units of each pool, or was given some by hand.

    `before`: (n, k) nanoseconds, 0 for never; so is the result, with what the operations tell.
    """
    asked = before.copy()
    known = outcomes.pool >= 0
    given = outcomes.is_accepted & (outcomes.operation == kernel.ALLOCATE)
    moved = outcomes.is_accepted & (outcomes.operation == kernel.REALLOCATE)
    for rows, segment in (
        (known & (np.isin(outcomes.operation, _ASKING) | given), outcomes.segment),
        (known & moved, outcomes.to_segment),
    ):
        at = rows & (segment >= 0)
        np.maximum.at(asked, (outcomes.pool[at], segment[at]), outcomes.at[at])
    return asked


def unused(asked: Integers, release_after_days: Integers, at: int) -> Flags:
    """Which quotas (n, k) nobody has asked for in their segment's days (k, -1: they stay for good).

    >>> day = 86_400_000_000_000
    >>> unused(np.array([[1 * day, 5 * day, 1 * day, 0]]), np.array([7, 7, -1, 7]), 8 * day).tolist()
    [[True, False, False, False]]
    """
    terms = release_after_days[None, :]
    passed = at - asked >= terms * _NS_PER_DAY
    return np.asarray((terms >= 0) & (asked > 0) & passed, dtype=np.bool_)


def without_unused(targets: Targets, idle: Flags, committed: Numbers) -> Targets:
    """The targets, with what is `idle` (n, k) kept to its open orders (`committed`, n by k)."""
    freed = idle & (targets.units > committed + _TINY)
    kept = np.where(freed, committed, targets.units)
    return replace(
        targets,
        units=kept,
        guaranteed=np.minimum(targets.guaranteed, kept),
        reason=np.where(freed, "QUOTA_UNUSED", targets.reason).astype(object),
    )


def asked_after(asked: Integers, before: Numbers, own: Numbers, made_anew: Flags, at: int) -> Integers:
    """`asked` with quotas (`own`, n by k) that are new: none `before`, or of new rules (`made_anew`, n).

    >>> asked_after(np.array([[3, 0, 4]]), np.array([[1., 0., 0.]]), np.ones((1, 3)), np.array([False]), 9)
    array([[3, 9, 9]])
    """
    is_new = (own > _TINY) & ((before <= _TINY) | (asked == 0) | made_anew[:, None])
    return np.where(is_new, at, asked).astype(np.int64)
