"""The lines that the system itself makes: what supply and rebalancing changed, a sentence each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from optimization.allocation.book import NEVER, POOL, Book, Integers, Numbers, RuleTerms, Texts
from optimization.allocation.moments import as_stamps
from optimization.allocation.rebalancing.changes import Changes, applied
from optimization.allocation.telling.forms import or_none
from optimization.allocation.telling.identities import line_ids
from optimization.allocation.telling.rule_names import rule_names
from optimization.allocation.telling.state import rule_columns
from optimization.reasons import REASONS

ACTOR = "stockplan"


@dataclass(frozen=True)
class Grounds:
    """What the lines' sentences and groups name; n pools by K segments.

    `book` is that after the lines. `supply` (n): what could be shared, `counted` (n): what the formula
    counts. `rule` (n): row of `rules`, -1 without. `trigger` (n): what asked for the rebalancing.
    `moment`: the day, or time, that tells the lines of one cycle from those of another.
    """

    book: Book
    target: Numbers
    supply: Numbers
    counted: Numbers
    rule: Integers
    rules: RuleTerms
    trigger: Texts
    pool_formula: str
    at: int
    moment: str


def change_lines(lines: list[Changes], grounds: Grounds) -> pd.DataFrame:
    """Lines of changes, one pool after the other in the order in which they took place.

    Columns of `opt_out__allocation_entry` but the number.
    """
    lines = [each for each in lines if len(each)]
    if not lines:
        return pd.DataFrame()
    pool = np.concatenate([each.pool for each in lines])
    order = np.argsort(pool, kind="stable")
    pool = pool[order]

    def joined(name: str) -> Any:
        return np.concatenate([getattr(each, name) for each in lines])[order]

    def named(name: str) -> Texts:
        parts = [np.full(len(each), getattr(each, name), dtype=object) for each in lines]
        return np.concatenate(parts)[order]

    segment, units = joined("segment"), joined("units")
    own_units, pool_units = joined("own_units"), joined("pool_units")
    operation, reason = named("operation"), joined("reason")
    is_rebalancing = named("is_rebalancing").astype(np.bool_)
    own_before, pool_before = _before(grounds.book, lines)
    k = len(grounds.book.segments)
    cells = pool * (k + 1) + np.where(segment < 0, k, segment)
    own_after = np.append(own_before, np.zeros((len(pool_before), 1)), axis=1).reshape(-1)[cells]
    own_after = _round(own_after + running(cells, own_units))
    pool_after = _round(pool_before[pool] + running(pool, pool_units))

    names = np.append(grounds.book.segments.segment_id, np.array(POOL, dtype=object))
    rule = np.where(is_rebalancing, grounds.rule[pool], -1)
    plan_of, rule_of = rule_names(grounds.rule[pool], grounds.rules)
    trigger = np.where(is_rebalancing, grounds.trigger[pool], "supply_sync")
    related = [
        f"{asked}:{grounds.moment}:{plan}/{name}" if made_anew else f"{asked}:{grounds.moment}"
        for asked, plan, name, made_anew in zip(
            trigger.tolist(), plan_of.tolist(), rule_of.tolist(), is_rebalancing.tolist(), strict=True
        )
    ]
    terms = rule_columns(rule, grounds.rules)
    rule_text = [
        f"rule {name} v{version} of plan {plan}" if plan is not None else "optimal sharing"
        for plan, name, version in zip(
            *(terms[name].tolist() for name in ("plan_id", "rule_id", "rule_version")), strict=True
        )
    ]
    wide_target = np.append(grounds.target, np.zeros((len(pool_before), 1)), axis=1).reshape(-1)[cells]
    detail = [
        _sentence(what, why, amount, target, after, left, counted, by, grounds.pool_formula)
        for what, why, amount, target, after, left, counted, by in zip(
            operation.tolist(),
            reason.tolist(),
            np.where(pool_units != 0, pool_units, units).tolist(),
            wide_target.tolist(),
            own_after.tolist(),
            grounds.supply[pool].tolist(),
            grounds.counted[pool].tolist(),
            rule_text,
            strict=True,
        )
    ]
    frame = pd.DataFrame(
        {
            "event_at": as_stamps(np.full(len(pool), grounds.at, dtype=np.int64)),
            "operation": operation,
            "item_id": grounds.book.item_id[pool],
            "location_id": grounds.book.location_id[pool],
            "units": units,
            "effective_units": units,
            "own_units": own_units,
            "pool_units": pool_units,
            "own_after_units": own_after,
            "pool_after_units": pool_after,
            "purpose": named("purpose"),
            "related_by_action_id": related,
            "audit_type": "SYSTEM",
            "actor": ACTOR,
            "entry_status": "accepted",
            "reason_code": reason,
            "detail": detail,
            "segment_id": or_none(np.where(operation == "sync", "", names[segment]).astype(object)),
            "rule_id": terms["rule_id"],
            "rule_version": terms["rule_version"],
            "reservation_id": or_none(joined("reservation_id")),
            "expires_at": as_stamps(np.full(len(pool), NEVER)),
            "due_date": as_stamps(np.full(len(pool), NEVER)),
            "source_id": terms["plan_id"],
        }
    )
    content = ("item_id", "location_id", "segment_id", "operation", "reason_code", "reservation_id")
    moment = np.full(len(frame), grounds.moment, dtype=object)
    frame["entry_id"] = line_ids(
        "E", {"moment": moment, **{name: frame[name].to_numpy(object) for name in content}}
    )
    return frame.assign(action_id=frame["entry_id"])


def running(group: Integers, values: Numbers) -> Numbers:
    """Sum within the group up to each row, in the rows' order.

    >>> running(np.array([1, 2, 1]), np.array([1.0, 5.0, 2.0])).tolist()
    [1.0, 5.0, 3.0]
    """
    sums = pd.Series(values).groupby(group, sort=False).cumsum()
    return np.asarray(sums, dtype=np.float64)


def _before(book: Book, lines: list[Changes]) -> tuple[Numbers, Numbers]:
    """Quotas and pools before the lines: what they are now, taken back."""
    own, pool = applied(book, lines)
    return 2 * book.own - own, 2 * book.pool - pool


def _sentence(
    operation: str,
    reason: str,
    units: float,
    target: float,
    after: float,
    supply: float,
    counted: float,
    rule: str,
    formula: str,
) -> str:
    if operation == "rebalance":
        return f"{rule} gives {_n(target)} of {_n(supply)} units; the quota was {_n(after + units)}"
    if operation == "sync":
        return f"formula {formula} counts {_n(counted)} units, {units:+,.10g} against the books"
    return f"{_n(abs(units))} units: {REASONS[reason]}"


def _n(units: float) -> str:
    return f"{units:,.10g}"


def _round(units: Numbers) -> Numbers:
    # Running sums of fractions leave dust that is no stock.
    return np.asarray(np.round(units, 9) + 0.0, dtype=np.float64)
