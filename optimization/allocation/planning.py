"""The day's allocation: the free stock of every item-location shared among its segments.

The closed form serves every pool; the optimisation model solves a sample and all kinds of special
pools again and must agree, or nothing is published.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from optimization.allocation.optimal.audit import allocation_breach
from optimization.allocation.optimal.closed_form import share_out
from optimization.allocation.optimal.model import ModelShares, solve_pools
from optimization.allocation.optimal.pools import Flags, Integers, Numbers, Pools, state_pools
from optimization.contracts.allocation_tables import ALLOCATION, ALLOCATION_SOLVER_RUN
from optimization.contracts.inputs import ITEM_LOCATION, SEGMENT, SEGMENT_DEMAND
from optimization.errors import AuditError
from optimization.keys import positions, sorted_by_key
from optimization.parameters import AllocationParameters
from optimization.reasons import first_that_holds
from optimization.results import Mapper, Report
from optimization.screening import screened

MODEL_NAME = "allocation"
POOL = "POOL"
_TOLERANCE = 1e-6
_POOLS_PER_MODEL = 100


@dataclass(frozen=True)
class AllocationPlan:
    """Frames `opt_out__allocation` and `opt_out__allocation_solver_run`."""

    allocation: pd.DataFrame
    solver_run: pd.DataFrame
    report: Report


def allocate_segments(
    item_location: pd.DataFrame,
    segment: pd.DataFrame,
    segment_demand: pd.DataFrame,
    parameters: AllocationParameters | None = None,
    mapper: Mapper = map,
) -> AllocationPlan:
    """Share on-hand less reserved units of every item-location among the segments.

    A segment wants its open orders plus its recent demand over lead time plus review time. Order:
    guarantees, tiers, weighted fair share within the tier, the rest to POOL; whole units by
    largest remainder, ties by segment id. Takes `opt_in__item_location`, `opt_in__segment` and
    `opt_in__segment_demand`. Raises `ContractError` for a frame not of its table and `AuditError`
    when a pool fails the audit or the model disagrees with the closed form.
    """
    parameters = parameters or AllocationParameters()
    item_location, poisoned = screened(sorted_by_key(item_location), ITEM_LOCATION)
    segment, bad_segment = screened(sorted_by_key(segment, ("segment_id",)), SEGMENT)
    # POOL is what no segment owns; as a segment it would compete with itself.
    segment = segment[~bad_segment & (segment["segment_id"] != POOL).to_numpy()].reset_index(drop=True)
    segment_demand, bad_demand = screened(segment_demand, SEGMENT_DEMAND)
    pools, rows = _pools(item_location, segment, segment_demand[~bad_demand], parameters, poisoned)

    shares = share_out(pools)
    breach = allocation_breach(pools, shares)
    if breach.max(initial=0.0) > _TOLERANCE:
        worst = item_location.iloc[rows[int(np.argmax(breach))]]
        raise AuditError(
            f"the allocation of item {worst['item_id']!r} at {worst['location_id']!r} breaks its rules by "
            f"{breach.max():.6g} units; nothing may be published: report the snapshot"
        )
    runs = [_closed_form_run(pools, shares, float(breach.max(initial=0.0)))]
    checked = _checked_rows(pools, shares, parameters.checked_pools)
    parts = [
        part
        for part in np.split(checked, range(_POOLS_PER_MODEL, len(checked), _POOLS_PER_MODEL))
        if len(part)
    ]
    answers = mapper(solve_pools, [pools.take(part) for part in parts])
    for number, (part, answer) in enumerate(zip(parts, answers, strict=True)):
        runs.append(_checked_run(pools.take(part), answer, f"checked-{number:05d}"))

    allocation = _frame(item_location, segment, pools, shares, rows, poisoned)
    solver_run = ALLOCATION_SOLVER_RUN.validate(pd.DataFrame(runs))
    report = Report.of(
        len(segment_demand),
        allocation,
        pools=len(pools),
        checked_pools=len(checked),
        segments=len(segment),
        demand_rows_set_aside=int(bad_demand.sum()),
    )
    return AllocationPlan(ALLOCATION.validate(allocation), solver_run, report)


def _pools(
    item_location: pd.DataFrame,
    segment: pd.DataFrame,
    segment_demand: pd.DataFrame,
    parameters: AllocationParameters,
    poisoned: Flags,
) -> tuple[Pools, Integers]:
    """The pools with stock or demand, and their rows in `item_location`."""
    n, k = len(item_location), len(segment)
    row = positions(segment_demand, item_location)
    column = pd.Index(segment["segment_id"]).get_indexer(segment_demand["segment_id"])
    known = (row >= 0) & (column >= 0)
    cover = (item_location["lead_time_days"] + item_location["review_days"]).to_numpy(np.float64)
    recent, waiting = (
        segment_demand[name].to_numpy(np.float64)[known] for name in ("demand_units", "open_order_units")
    )
    row, column = row[known], column[known]
    demand = np.zeros((n, k))
    np.add.at(demand, (row, column), waiting + recent * cover[row] / parameters.history_days)
    free = (item_location["on_hand_units"] - item_location["reserved_units"]).to_numpy(np.float64)
    whole = item_location["is_integer"].to_numpy(dtype=np.bool_)
    supply = np.maximum(np.where(whole, np.floor(free + 1e-9), free), 0.0)
    supply = np.where(poisoned, 0.0, supply)
    rows = np.flatnonzero((supply > 0) | (demand > 0).any(axis=1))
    pools = state_pools(
        supply[rows],
        whole[rows],
        demand[rows],
        segment["ring_fence_share"].to_numpy(np.float64),
        segment["cap_share"].to_numpy(np.float64),
        segment["fair_weight"].to_numpy(np.float64),
        segment["priority_tier"].to_numpy(np.int64),
    )
    return pools, rows.astype(np.int64)


def _checked_rows(pools: Pools, shares: Numbers, most: int) -> Integers:
    """Pools for the model: so many evenly spaced, and as many of those where a rule binds."""
    binds = pools.is_scaled | (pools.most < pools.demand - 1e-9).any(axis=1)
    binds |= ((shares <= pools.guaranteed) & (pools.guaranteed > 0) & (pools.most > pools.guaranteed)).any(
        axis=1
    )
    chosen = [np.arange(len(pools)), np.flatnonzero(binds)]
    spaced = [
        rows[np.unique(np.linspace(0, len(rows) - 1, most).astype(np.int64))] for rows in chosen if len(rows)
    ]
    return np.unique(np.concatenate(spaced)) if spaced else np.zeros(0, dtype=np.int64)


def _closed_form_run(pools: Pools, shares: Numbers, breach: float) -> dict[str, object]:
    unmet = float(np.maximum(pools.demand - shares, 0.0).sum())
    return {
        "optimisation_model": MODEL_NAME,
        "batch_id": "closed_form",
        "solver_status": "OPTIMAL",
        "objective": unmet,
        "objective_bound": unmet,
        "relative_gap": 0.0,
        "row_count": 0,
        "column_count": 0,
        "slack_units": 0.0,
        "max_violation": breach,
        "is_audit_passed": True,
        "solver_version": "closed form",
    }


def _checked_run(pools: Pools, answer: ModelShares, batch_id: str) -> dict[str, object]:
    """Compare the fractional shares of both ways; objective and bound are units of demand unmet."""
    shares = share_out(pools, whole=False)
    difference = np.abs(shares - answer.shares).max(axis=1, initial=0.0) / np.maximum(pools.supply, 1.0)
    if difference.max(initial=0.0) > _TOLERANCE:
        raise AuditError(
            f"model and closed form of the allocation differ by {difference.max():.3g} of supply in batch "
            f"{batch_id}, pool {int(np.argmax(difference))}; nothing may be published: report the snapshot"
        )
    unmet, bound = (float(np.maximum(pools.demand - each, 0.0).sum()) for each in (shares, answer.shares))
    return {
        "optimisation_model": MODEL_NAME,
        "batch_id": batch_id,
        "solver_status": "OPTIMAL",
        "objective": unmet,
        "objective_bound": bound,
        "relative_gap": max(unmet - bound, 0.0) / max(unmet, 1e-9),
        "row_count": answer.row_count,
        "column_count": answer.column_count,
        "slack_units": 0.0,
        "max_violation": max(answer.max_violation, float(difference.max(initial=0.0))),
        "is_audit_passed": True,
        "solver_version": answer.solver_version,
    }


def _frame(
    item_location: pd.DataFrame,
    segment: pd.DataFrame,
    pools: Pools,
    shares: Numbers,
    rows: Integers,
    poisoned: npt.NDArray[np.bool_],
) -> pd.DataFrame:
    """A row per pool and segment with demand, and one for the rest; in key order."""
    pool, column = np.nonzero(pools.demand > 0)
    given, wanted = shares[pool, column], pools.demand[pool, column]
    names = segment["segment_id"].to_numpy(dtype=object)
    parts = [
        pd.DataFrame(
            {
                "row": rows[pool],
                "segment_id": names[column],
                "demand_units": wanted,
                "guaranteed_units": pools.guaranteed[pool, column],
                "allocated_units": given,
                "unmet_units": np.maximum(wanted - given, 0.0),
                "reason_code": _reasons(pools, shares)[pool, column],
            }
        ),
        pd.DataFrame(
            {
                "row": rows,
                "segment_id": POOL,
                "demand_units": 0.0,
                "guaranteed_units": 0.0,
                "allocated_units": np.maximum(pools.supply - shares.sum(axis=1), 0.0),
                "unmet_units": 0.0,
                "reason_code": "POOL_REST",
            }
        ),
    ]
    frame = pd.concat(parts, ignore_index=True)
    row = frame.pop("row").to_numpy(np.int64)
    for position, name in enumerate(("item_id", "location_id")):
        frame.insert(position, name, item_location[name].to_numpy(dtype=object)[row])
    frame["method"] = "tiers_fair_share"
    frame["status"] = np.where(poisoned[row], "QUARANTINED", "OK").astype(object)
    frame.loc[poisoned[row], "reason_code"] = "INPUT_IMPLAUSIBLE"
    return sorted_by_key(frame, ALLOCATION.key)


def _reasons(pools: Pools, shares: Numbers) -> npt.NDArray[np.object_]:
    """Why each segment has what it has; the first rule that holds names it."""
    at_guarantee = shares <= pools.guaranteed + 1e-9
    tier_extra = np.zeros_like(shares, dtype=np.bool_)
    for tier in np.unique(pools.tier):
        members = pools.tier == tier
        tier_extra[:, members] = ((shares - pools.guaranteed)[:, members].sum(axis=1) > 1e-9)[:, None]
    return first_that_holds(
        {
            "DEMAND_MET": shares >= pools.demand - 1e-9,
            "NO_SUPPLY": np.broadcast_to(pools.supply[:, None] <= 0, shares.shape),
            "CAP_BINDS": shares >= pools.most - 1e-9,
            "RINGFENCE_SHORT": pools.is_scaled[:, None] & at_guarantee,
            "FAIR_SHARE": tier_extra,
            "GUARANTEE": at_guarantee & (pools.guaranteed > 0),
        },
        "TIER_SHORT",
    )
