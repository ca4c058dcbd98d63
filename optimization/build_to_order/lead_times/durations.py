"""How long stages take: the table of durations per group, open orders being censored."""

from __future__ import annotations

import numpy as np
import pandas as pd

from optimization.build_to_order.lead_times.lookup import STAGE, TO_DELIVERY
from optimization.build_to_order.lead_times.past_orders import Passages, day_numbers, passages
from optimization.build_to_order.lead_times.pools import POOL_LEVELS, pool_keys
from optimization.build_to_order.milestones.resolving import MilestoneStates, resolve
from optimization.contracts.order_inputs import MTO_MILESTONE, MTO_ORDER
from optimization.contracts.order_outputs import STAGE_DURATION
from optimization.demand.lead_times import recency_weight
from optimization.demand.pooled_survival import SLICE_LEVELS, Durations, group_curves
from optimization.demand.series import Flags, Numbers
from optimization.order_parameters import LeadTimeParameters
from optimization.reasons import first_that_holds
from optimization.results import Report
from optimization.screening import screened

QUANTILE_COLUMNS = {
    0.5: "duration_p50_days",
    0.8: "duration_p80_days",
    0.9: "duration_p90_days",
    0.95: "duration_p95_days",
}
LEVELS: Numbers = np.array(list(QUANTILE_COLUMNS))
_COLUMNS = tuple(QUANTILE_COLUMNS.values())
# A milestone that at least half the orders tell of ends the stage before it.
TOLD_SHARE = 0.5
# Stands for "longer than anything seen": what a curve never gives up lies there, and reads as null.
_NEVER = 1e7
_TRACE = 1e-9
FEW_DURATIONS = 5


def stage_durations(
    mto_order: pd.DataFrame,
    mto_milestone: pd.DataFrame,
    milestone_template: pd.DataFrame,
    as_of: pd.Timestamp,
    parameters: LeadTimeParameters,
) -> tuple[pd.DataFrame, Report]:
    """Estimate `opt_out__stage_duration`: per group and milestone, to the next one and to the handover.

    Product-limit curves in whole days over the orders of the last `history_days`; an order still in the
    stage, or cancelled in it, is censored. A duration counts half when its stage began `half_life_days`
    ago. A group with n durations, so weighed, leans on the wider one with weight
    max(`full_pool` − n, 0): from `full_pool` on it stands for itself. A quantile that the curve does not
    reach, its wider groups' part in it, is null. The stage before a milestone that fewer than half the
    orders tell of goes on to the next; where an order leaves out a milestone that is usually told, its
    stage has no duration. Nothing after `as_of` is read. Raises `ContractError` when a frame is not of
    its table.
    """
    # Numbers of an order that are set right here are none that a duration hangs on.
    orders, _ = screened(mto_order, MTO_ORDER)
    states = resolve(MTO_MILESTONE.validate(mto_milestone), milestone_template, as_of)
    frame = _estimated(_recent(orders, as_of, parameters), states, as_of, parameters)
    figures = {"orders": len(orders), **evidence_figures(states)}
    return STAGE_DURATION.validate(frame), Report.of(len(mto_order), frame, **figures)


def evidence_figures(states: MilestoneStates) -> dict[str, int]:
    """How many events changed nothing, by reason."""
    counts = states.evidence["reason_code"].value_counts()
    return {f"events_{name}": int(counts[name]) for name in sorted(counts.index)}


def _recent(orders: pd.DataFrame, as_of: pd.Timestamp, parameters: LeadTimeParameters) -> pd.DataFrame:
    first = as_of - pd.Timedelta(days=parameters.history_days)
    placed = (orders["order_date"] >= first) & (orders["order_date"] <= as_of)
    return orders[(placed & (orders["order_status"] != "quoted")).to_numpy(dtype=np.bool_)].sort_values(
        "order_id", ignore_index=True
    )


def _estimated(
    orders: pd.DataFrame, states: MilestoneStates, as_of: pd.Timestamp, parameters: LeadTimeParameters
) -> pd.DataFrame:
    passed = passages(orders, states, as_of)
    rows, column, to_handover, days, censored = _spells(passed)
    today = float(day_numbers(pd.Series([as_of]))[0])
    weight = recency_weight(today - passed.reached[rows, column], parameters.half_life_days)
    # One group number per pool, milestone and scope; every level's groups lie within the next one's.
    keys, kinds = pool_keys(orders), 2 * len(passed.codes)
    kind = 2 * column + to_handover
    parent: Numbers | None = None
    outer_of: np.ndarray[tuple[int], np.dtype[np.int64]] | None = None
    frames = []
    for level in reversed(POOL_LEVELS):
        pool, names = pd.factorize(keys[level], sort=True)
        group, found = pd.factorize(pool[rows].astype(np.int64) * kinds + kind, sort=True)
        size = len(found)
        finished = np.bincount(group, weights=np.where(censored, 0.0, weight), minlength=size)
        lent = np.maximum(parameters.full_pool - finished, 0.0)
        lender = None
        if parent is not None and outer_of is not None:
            first = np.zeros(size, dtype=np.int64)
            first[group] = outer_of
            lender = parent[first]
        spells = Durations(
            np.concatenate([days, np.full(size, _NEVER)]),
            np.concatenate([censored, np.zeros(size, dtype=np.bool_)]),
            np.concatenate([weight, np.full(size, _TRACE)]),
        )
        owner = np.concatenate([group, np.arange(size)]).astype(np.int64)
        wanted = np.concatenate([LEVELS, SLICE_LEVELS])
        found_days = group_curves(spells, owner, size, wanted, lender, lent).quantiles
        parent, outer_of = found_days[:, len(LEVELS) :], group.astype(np.int64)
        frames.append(
            pd.DataFrame(
                {
                    "pool_level": level,
                    "pool_key": np.asarray(names, dtype=object)[found // kinds],
                    "milestone_code": passed.codes.to_numpy(dtype=object)[found % kinds // 2],
                    "scope": np.where(found % 2 == 1, TO_DELIVERY, STAGE),
                    "sample_count": np.bincount(group[~censored], minlength=size),
                    "open_order_count": np.bincount(group[censored], minlength=size),
                    "own_weight": finished,
                    **{name: found_days[:, k] for k, name in enumerate(_COLUMNS)},
                }
            )
        )
    return _told(pd.concat(frames, ignore_index=True), parameters)


def _spells(
    passed: Passages,
) -> tuple[np.ndarray, np.ndarray, np.ndarray, Numbers, Flags]:
    """Durations of all stages of all orders: row, column, whether to the handover, days, censored."""
    told = ~np.isnan(passed.reached)
    # Of the orders that came so far, the share that told of the milestone.
    came_so_far = np.maximum.accumulate(told[:, ::-1], axis=1)[:, ::-1]
    usual = told.sum(axis=0) >= TOLD_SHARE * np.maximum(came_so_far.sum(axis=0), 1)
    last = told.shape[1] - 1
    usual[last] = True
    parts = []
    for column in range(1, last):
        inside = np.flatnonzero(told[:, column])
        start = passed.reached[inside, column]
        following = next(c for c in range(column + 1, last + 1) if usual[c])
        for scope, target in ((0, following), (1, last)):
            reached = passed.reached[inside, target]
            open_ = np.isnan(reached)
            days = np.where(open_, passed.end[inside], reached) - start
            left_out = open_ & came_so_far[inside, target]
            keep = ~left_out & (days >= 0)
            size = int(keep.sum())
            parts.append((inside[keep], np.full(size, column), np.full(size, scope), days[keep], open_[keep]))
    if not parts:
        nothing = np.zeros(0, dtype=np.int64)
        return nothing, nothing, nothing, np.zeros(0), np.zeros(0, dtype=np.bool_)
    joined = [np.concatenate(each) for each in zip(*parts, strict=True)]
    return joined[0], joined[1], joined[2], joined[3].astype(np.float64), joined[4].astype(np.bool_)


def _told(frame: pd.DataFrame, parameters: LeadTimeParameters) -> pd.DataFrame:
    """Quantiles that are never reached as null, the reasons, and the rows in key order."""
    days = frame[list(_COLUMNS)].to_numpy(np.float64)
    days = np.where(days >= _NEVER, np.nan, days)
    lacking = np.isnan(days)
    few = frame["sample_count"].to_numpy() < FEW_DURATIONS
    leaning = frame["own_weight"].to_numpy() < parameters.full_pool
    frame = frame.drop(columns="own_weight").assign(**dict(zip(_COLUMNS, days.T, strict=True)))
    frame["method"] = np.where(leaning, "kaplan_meier_shrunk", "kaplan_meier").astype(object)
    frame["status"] = np.where(lacking.any(axis=1) | few, "FALLBACK", "OK").astype(object)
    frame["reason_code"] = first_that_holds(
        {"QUANTILE_NOT_REACHED": lacking.any(axis=1), "FEW_DURATIONS": few, "WIDER_POOL": leaning},
        "OWN_POOL",
    )
    return frame.sort_values(list(STAGE_DURATION.key), kind="stable", ignore_index=True)
