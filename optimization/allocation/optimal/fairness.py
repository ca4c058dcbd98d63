"""Who gets what by each way of sharing the same stock, and what fairness costs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from optimization.allocation.book import PoolFacts, Targets
from optimization.allocation.optimal.alternatives import (
    balanced_days,
    first_come,
    highest_value,
    turn_and_earn,
)
from optimization.allocation.optimal.audit import allocation_breach
from optimization.allocation.optimal.breakdowns import Groups, Scopes, groups_of, scopes_of
from optimization.allocation.optimal.claims import Claims, state_claims
from optimization.allocation.optimal.pools import Numbers
from optimization.contracts.allocation_tables import FAIRNESS
from optimization.errors import AuditError
from optimization.keys import sorted_by_key

_TOLERANCE = 1e-6


def fairness(facts: PoolFacts, optimal: Targets, rules: Targets | None = None) -> pd.DataFrame:
    """Frame `opt_out__fairness`: every method on the same supply and demand.

    `optimal`: the optimal targets of every pool. `rules`: those of the rule engine, with rule -1 where
    none matches; the method `rules` is then what was decided, the rule's targets where one decides and the
    optimal ones elsewhere. A row per method, breakdown (all, category, region, item_kind), tier and
    segment with demand; segment * is the tier, tier 0 all of them.

    `fill_rate` is units served per units wanted, over all pools of the row. `min_fill_rate` and `gini`
    compare the segments' fills of that kind, not those of single pools, which small demands make noisy;
    they stand on rows of segment *. `price_of_fairness` is what the method's `served_value` (units × unit
    margin) lacks of that of `highest_value`, which keeps orders, guarantees and tiers and is otherwise
    free; a segment's own row may show a gain. Both are null where no margin is known. Raises
    `AuditError` when a method gives what is not there.
    """
    claims = state_claims(facts)
    margin, recent = (np.nan_to_num(each) for each in (facts.margin, facts.recent))
    methods = {"optimal": optimal.units}
    if rules is not None and (rules.rule >= 0).any():
        methods["rules"] = np.where((rules.rule >= 0)[:, None], rules.units, optimal.units)
    methods["highest_value"] = highest_value(claims, margin)
    methods["first_come"] = first_come(claims)
    methods["turn_and_earn"] = turn_and_earn(claims, recent)
    methods["balanced_days"] = balanced_days(claims, recent)
    _require_possible(claims, methods)

    groups, scopes = groups_of(facts), scopes_of(facts.segments)
    demand = claims.quotas.demand
    by_segment = groups.sums(demand)
    wanted = demand @ scopes.members
    summed_demand = groups.sums(wanted)
    pool_count = groups.sums((wanted > 0).astype(np.float64))
    is_valued = groups.sums(((demand > 0) & (margin != 0)).astype(np.float64) @ scopes.members) > 0
    served = {name: np.minimum(units, demand) for name, units in methods.items()}
    best = groups.sums((served["highest_value"] * margin) @ scopes.members)
    parts = []
    for name, units in served.items():
        in_scope = units @ scopes.members
        value = groups.sums((units * margin) @ scopes.members)
        parts.append(
            _rows(
                name,
                groups,
                scopes,
                {
                    "pool_count": pool_count,
                    "short_pool_count": groups.sums((in_scope < wanted - _TOLERANCE).astype(np.float64)),
                    "demand_units": summed_demand,
                    "served_units": groups.sums(in_scope),
                    "served_value": np.where(is_valued, value, np.nan),
                    "price_of_fairness": np.where(is_valued, best - value, np.nan),
                },
                (by_segment, groups.sums(units)),
            )
        )
    return FAIRNESS.validate(sorted_by_key(pd.concat(parts, ignore_index=True), FAIRNESS.key))


def gini(fill: Numbers, weight: Numbers) -> Numbers:
    r"""Inequality of `fill` per row, each value counting by its `weight`; 0 where all are equal.

    .. math:: G = \frac{\sum_{ij} w_i w_j |f_i - f_j|}{2 \sum_i w_i \sum_i w_i f_i}

    >>> gini(np.array([[1.0, 0.0], [0.5, 0.5]]), np.array([[1.0, 1.0], [3.0, 1.0]])).tolist()
    [0.5, 0.0]
    """
    difference = np.abs(fill[:, :, None] - fill[:, None, :]) * weight[:, :, None] * weight[:, None, :]
    scale = 2.0 * weight.sum(axis=1) * (weight * fill).sum(axis=1)
    return np.asarray(difference.sum(axis=(1, 2)) / np.where(scale > 0, scale, 1.0))


def _require_possible(claims: Claims, methods: Mapping[str, Numbers]) -> None:
    """Add up again what each method gives; the one that prices fairness keeps every rule of the plan."""
    pools = claims.quotas
    for name, units in methods.items():
        breach = np.maximum(units.sum(axis=1) - pools.supply, (-units).max(axis=1, initial=0.0))
        if name == "highest_value":
            breach = np.maximum(breach, allocation_breach(pools, units))
        # Written so that a breach that is no number fails as well.
        if not (breach <= _TOLERANCE * np.maximum(pools.supply, 1.0)).all():
            raise AuditError(
                f"method {name!r} breaks its rules by {np.max(breach):.6g} units in pool "
                f"{int(np.argmax(breach))}; nothing may be published: report the snapshot"
            )


def _rows(
    method: str,
    groups: Groups,
    scopes: Scopes,
    sums: Mapping[str, Numbers],
    by_segment: tuple[Numbers, Numbers],
) -> pd.DataFrame:
    """Rows of one method: groups by scopes, those with demand.

    `sums` by group and scope; `by_segment`: units wanted and served by group and segment.
    """
    demand, served = sums["demand_units"], np.minimum(sums["served_units"], sums["demand_units"])
    wanted, filled = by_segment
    fill = filled / np.where(wanted > 0, wanted, 1.0)
    worst, inequality = np.full(demand.shape, np.nan), np.full(demand.shape, np.nan)
    for compared in np.flatnonzero(scopes.is_compared):
        members = scopes.members[:, compared] > 0
        of_scope = np.where(wanted[:, members] > 0, fill[:, members], np.inf)
        worst[:, compared] = of_scope.min(axis=1, initial=np.inf)
        inequality[:, compared] = gini(fill[:, members], wanted[:, members])
    columns: dict[str, Any] = dict(sums) | {
        "served_units": served,
        "unmet_units": demand - served,
        "fill_rate": served / np.where(demand > 0, demand, 1.0),
        "min_fill_rate": worst,
        "gini": np.clip(inequality, 0.0, 1.0),
    }
    group, scope = np.nonzero(sums["pool_count"] > 0)
    frame = pd.DataFrame({name: np.asarray(column)[group, scope] for name, column in columns.items()})
    counts = ["pool_count", "short_pool_count"]
    frame[counts] = frame[counts].round().astype(np.int64)
    return frame.assign(
        allocation_method=method,
        breakdown=groups.breakdown[group],
        breakdown_value=groups.value[group],
        priority_tier=scopes.tier[scope],
        segment_id=scopes.segment_id[scope],
    )
