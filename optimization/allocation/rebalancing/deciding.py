"""Whether a pool that a trigger names is rebalanced: freeze window, guard hours, least benefit.

A pool that is not rebalanced keeps its quotas; a cut that the supply forces is no rebalancing.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import numpy as np

from optimization.allocation.book import Flags, Integers, Numbers, RuleTerms, Texts
from optimization.allocation.rebalancing.triggers import NO_TRIGGER
from optimization.parameters import AllocationParameters
from optimization.reasons import first_that_holds

REBALANCED = "rebalanced"


@dataclass(frozen=True)
class Terms:
    """When each of n pools is rebalanced: the rule's word where it has one, else the parameters'."""

    interval_hours: Numbers
    min_benefit: Numbers
    band_units: Numbers
    band_share: Numbers
    frozen: Flags


def terms_of(rule: Integers, rules: RuleTerms, parameters: AllocationParameters, as_of: date) -> Terms:
    """The terms of pools with these rows of `rules` (n, -1 without)."""

    def said(values: Numbers, otherwise: float) -> Numbers:
        known = np.append(values, np.nan)[rule]
        return np.where(np.isnan(known), otherwise, known)

    start, end = parameters.freeze_from, parameters.freeze_to
    frozen = start is not None and start <= as_of and (end is None or as_of < end)
    return Terms(
        interval_hours=said(rules.interval_hours, parameters.interval_hours),
        min_benefit=said(rules.min_benefit, parameters.min_benefit),
        band_units=said(rules.band_units, parameters.band_units),
        band_share=said(rules.band_share, parameters.band_share),
        frozen=np.append(rules.frozen, False)[rule] | frozen,
    )


def expected_benefit(own: Numbers, target: Numbers, demand: Numbers, margin: Numbers) -> Numbers:
    """Money (n) that the target wins: margin of the demand it covers and the quotas do not.

    Worked example: demand 5 at a margin of 20; quota 2, target 4: 40.

    >>> one = np.ones((1, 1))
    >>> expected_benefit(2 * one, 4 * one, 5 * one, 20 * one).tolist()
    [40.0]
    """
    gained = np.minimum(target, demand) - np.minimum(own, demand)
    return np.asarray((margin * gained).sum(axis=1))


def decide(
    trigger: Texts, poisoned: Flags, at_target: Flags, guarded: Flags, benefit: Numbers, terms: Terms
) -> tuple[Texts, Texts]:
    """Decision and reason per pool (n).

    `at_target`: nothing would change. `guarded`: rebalanced less than the guard hours ago, which only
    a request overrules; a request overrules the least benefit too. A first allocation always takes
    place, for there is nothing to keep.
    """
    first, request = trigger == "first_allocation", trigger == "request"
    reason = first_that_holds(
        {
            "INPUT_IMPLAUSIBLE": poisoned,
            "NO_TRIGGER": trigger == NO_TRIGGER,
            "FIRST_ALLOCATION": first,
            "AT_TARGET": at_target,
            "FREEZE_WINDOW": terms.frozen,
            "GUARD_HOURS": guarded & ~request,
            "BENEFIT_TOO_SMALL": (terms.min_benefit > 0) & (benefit < terms.min_benefit) & ~request,
        },
        "MOVED_TO_TARGET",
    )
    decision = np.full(len(trigger), REBALANCED, dtype=object)
    decision[np.isin(reason, ["NO_TRIGGER", "AT_TARGET"])] = "not_due"
    decision[np.isin(reason, ["INPUT_IMPLAUSIBLE", "FREEZE_WINDOW", "GUARD_HOURS", "BENEFIT_TOO_SMALL"])] = (
        "suppressed"
    )
    return decision, reason
