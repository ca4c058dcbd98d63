"""What the day's marts say of the pools: their segments, supply, demand, margins and movement.

Only reading belongs here: frames go in, arrays in the book's order come out. What was allocated
before is read in `restoring`; who gets what is decided in `rules`, `optimal` and `cycle`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np
import pandas as pd

from optimization.allocation.book import (
    EVERYWHERE,
    POOL,
    Flags,
    Integers,
    Numbers,
    PoolFacts,
    Segments,
    Texts,
)
from optimization.allocation.pool_formula import pool_supply
from optimization.contracts.allocation_tables import (
    ALLOCATION_EVENT,
    ALLOCATION_RULE,
    PLAN_DECISION,
    PROPOSED_RULE,
    SEGMENT_ORDER,
)
from optimization.contracts.inputs import ITEM_LOCATION, SEGMENT, SEGMENT_DEMAND
from optimization.contracts.table import Table
from optimization.keys import positions, sorted_by_key
from optimization.parameters import AllocationParameters
from optimization.screening import screened

_ROUNDING = 1e-9


@dataclass(frozen=True)
class AllocationInputs:
    """Frames that a cycle reads; what is None does not exist (yet) and counts as empty.

    `item_location`, `segment`, `segment_demand`, `segment_order`, `allocation_rule`: the marts'
    `opt_in__` tables; `policy`: `opt_out__policy`, for its safety stock. `event`, `plan_decision`,
    `proposed_rule`: the ledger's. `previous_*`: what the release before published, of `previous_as_of`;
    of its order lines the keys are read.
    `applied_actions`: ids of actions that earlier releases applied; told again they are refused.
    """

    item_location: pd.DataFrame
    segment: pd.DataFrame
    segment_demand: pd.DataFrame
    policy: pd.DataFrame | None = None
    segment_order: pd.DataFrame | None = None
    allocation_rule: pd.DataFrame | None = None
    event: pd.DataFrame | None = None
    plan_decision: pd.DataFrame | None = None
    proposed_rule: pd.DataFrame | None = None
    previous_allocation: pd.DataFrame | None = None
    previous_loan: pd.DataFrame | None = None
    previous_reservation: pd.DataFrame | None = None
    previous_as_of: pd.Timestamp | None = None
    previous_order: pd.DataFrame | None = None
    applied_actions: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Day:
    """The pools of the day, in key order, and what is known of each before anything is decided.

    `facts` has no deduction for soft reservations yet (`supply` is what the formula counts) and no
    quotas. `is_current` (n): still ranged; a pool that is not has no supply and is closed.
    `release_after_days` (k, -1: never) until a quota that nobody asks for goes back.
    `recent_week`, `weekly_mean`, `weekly_sd` (n, k): requests per week.
    """

    facts: PoolFacts
    is_current: Flags
    release_after_days: Integers
    recent_week: Numbers
    weekly_mean: Numbers
    weekly_sd: Numbers
    demand_rows_set_aside: int = 0

    @property
    def keys(self) -> pd.DataFrame:
        """Columns item_id and location_id of every pool."""
        return pd.DataFrame({"item_id": self.facts.item_id, "location_id": self.facts.location_id})


def frame_or_empty(frame: pd.DataFrame | None, table: Table) -> pd.DataFrame:
    """The frame, checked against its table; one without rows where there is none."""
    if frame is not None and len(frame):
        return table.validate(frame)
    dtypes = {column.name: column.pandas_dtype(table.is_nullable(column.name)) for column in table.columns}
    return pd.DataFrame(
        {name: pd.Series(dtype="object" if dtype is str else str(dtype)) for name, dtype in dtypes.items()}
    )


def state_segments(segment: pd.DataFrame, gone: Sequence[str] = ()) -> Segments:
    """The segments in id order from `opt_in__segment`, without POOL, which is what no segment owns.

    `gone` segments still have stock or reservations but are no longer segments: they stand in the
    last tier, are given nothing and borrow nothing.
    """
    frame = segment[(segment["segment_id"] != POOL).to_numpy()]
    count = len(gone)
    last = int(frame["priority_tier"].max()) + 1 if len(frame) else 1

    def column(name: str, fallback: object, dtype: type) -> Any:
        values = frame[name].to_numpy(dtype=dtype)
        return np.concatenate([values, np.full(count, fallback, dtype=dtype)])

    cap = frame["borrow_cap_units"].astype("float64").fillna(np.inf).to_numpy()
    days = frame["borrow_days"].astype("float64").fillna(-1.0).to_numpy().astype(np.int64)
    ids = np.array([*frame["segment_id"].astype(object), *gone], dtype=object)
    order = np.argsort(ids.astype(str), kind="stable")
    return Segments(
        segment_id=ids[order],
        path=np.array([*frame["segment_path"].astype(object), *gone], dtype=object)[order],
        tier=column("priority_tier", last, np.int64)[order],
        fair_weight=column("fair_weight", 1.0, np.float64)[order],
        ring_fence_share=column("ring_fence_share", 0.0, np.float64)[order],
        cap_share=column("cap_share", 0.0, np.float64)[order],
        may_borrow=column("may_borrow", False, np.bool_)[order],
        borrow_ratio=column("borrow_ratio", 0.0, np.float64)[order],
        borrow_cap_units=np.concatenate([cap, np.zeros(count)])[order],
        borrow_days=np.concatenate([days, np.full(count, -1)])[order],
        borrow_repays=column("borrow_repays", False, np.bool_)[order],
    )


def release_days(segment: pd.DataFrame, segments: Segments) -> Integers:
    """Days until a quota that nobody asks for goes back, by segment (k); -1 where it stays.

    `segment` is `opt_in__segment`; a segment that does not stand there is gone and has no term.
    """
    row = pd.Index(segment["segment_id"]).get_indexer(pd.Index(segments.segment_id))
    days = np.append(segment["release_after_days"].astype("float64").to_numpy(), np.nan)[row]
    return np.where(np.isnan(days), -1.0, days).astype(np.int64)


def state_day(
    inputs: AllocationInputs, parameters: AllocationParameters, former: pd.DataFrame | None = None
) -> Day:
    """State the day's pools from the marts; `former` (item_id, location_id) are pools that existed before.

    A segment wants its open orders plus its recent requests over lead time plus review time; whole
    pools want whole units. Raises `ContractError` for a frame not of its table.
    """
    item_location, poisoned = screened(sorted_by_key(inputs.item_location), ITEM_LOCATION)
    segment, bad_segment = screened(sorted_by_key(inputs.segment, ("segment_id",)), SEGMENT)
    segments = state_segments(segment[~bad_segment])
    demand, bad_demand = screened(inputs.segment_demand, SEGMENT_DEMAND)
    demand = demand[~bad_demand]

    pools, pool = _pools(item_location, parameters, former)
    n, k = len(pools), len(segments)
    counted = pool_supply(item_location, parameters.pool_formulas[parameters.pool_formula])
    whole = np.ones(n, dtype=np.bool_)
    np.logical_and.at(whole, pool, item_location["is_integer"].to_numpy(dtype=np.bool_))
    bad = np.zeros(n, dtype=np.bool_)
    np.logical_or.at(bad, pool, poisoned)
    supply = np.bincount(pool, np.where(poisoned, 0.0, counted), minlength=n).astype(np.float64)
    supply = np.where(bad, 0.0, np.maximum(_floored(supply, whole), 0.0))

    row = positions(demand, item_location)
    column = segments.columns_of(demand["segment_id"])
    known = (row >= 0) & (column >= 0)
    demand, row, column = demand[known], row[known], column[known]
    cells = pool[row] * k + column

    def spread(values: Numbers) -> Numbers:
        return np.bincount(cells, values, minlength=n * k).reshape(n, k).astype(np.float64)

    cover = (item_location["lead_time_days"] + item_location["review_days"]).to_numpy(np.float64)[row]
    waiting, recent, margin = segment_sums(demand, cells, (n, k))
    covered = spread(demand["demand_units"].to_numpy(np.float64) * cover / parameters.history_days)
    first = np.full(n, -1, dtype=np.int64)
    first[pool[::-1]] = np.arange(len(pool))[::-1]

    def text(name: str) -> Texts:
        values = item_location[name].to_numpy(dtype=object)
        return np.where(first >= 0, values[np.maximum(first, 0)] if len(values) else "", "").astype(object)

    committed = _ceiled(waiting, whole[:, None])
    facts = PoolFacts(
        item_id=pools["item_id"].to_numpy(dtype=object),
        location_id=pools["location_id"].to_numpy(dtype=object),
        category=text("category"),
        region=text("region") if parameters.dimension_level == "location" else np.full(n, EVERYWHERE, object),
        item_kind=text("item_kind"),
        is_whole=whole,
        is_poisoned=bad,
        segments=segments,
        supply=supply,
        safety=np.minimum(_floored(_safety(inputs.policy, item_location, pool, n), whole), supply),
        committed=committed,
        demand=_ceiled(waiting + covered, whole[:, None]),
        margin=margin,
        recent=recent,
        own=np.zeros((n, k)),
    )
    sd = demand["weekly_sd_units"].to_numpy(np.float64)
    return Day(
        facts=facts,
        is_current=first >= 0,
        release_after_days=release_days(segment[~bad_segment], segments),
        recent_week=spread(demand["recent_week_units"].to_numpy(np.float64)),
        weekly_mean=spread(demand["weekly_mean_units"].to_numpy(np.float64)),
        weekly_sd=np.sqrt(spread(sd**2)),
        demand_rows_set_aside=int(bad_demand.sum()),
    )


def segment_sums(
    demand: pd.DataFrame, cells: Integers, shape: tuple[int, int]
) -> tuple[Numbers, Numbers, Numbers]:
    """Open orders, recent requests and margin by pool and segment (`shape`) from `opt_in__segment_demand`.

    `cells`: place of each row in that shape. Of several locations in one pool the margins are averaged
    by what is wanted there; an unknown margin is 0.
    """

    def spread(values: Numbers) -> Numbers:
        return np.bincount(cells, values, minlength=shape[0] * shape[1]).reshape(shape).astype(np.float64)

    waiting = demand["open_order_units"].to_numpy(np.float64)
    recent = demand["demand_units"].to_numpy(np.float64)
    margin = demand["unit_margin"].astype("float64").fillna(0.0).to_numpy()
    weight = recent + waiting + _ROUNDING
    return spread(waiting), spread(recent), spread(margin * weight) / np.maximum(spread(weight), _ROUNDING)


def state_orders(
    segment_order: pd.DataFrame | None,
    after: pd.Timestamp | None,
    as_of: pd.Timestamp,
    known: pd.DataFrame | None = None,
    former: pd.DataFrame | None = None,
) -> pd.DataFrame:
    """Order lines that the release before, of `after`, did not know, until `as_of`, in key order.

    Those are the lines of later days, and those of earlier ones that became known since: which are not
    among `known` (order_id, line_id), and whose pool is `former` (item_id, location_id), for where
    nothing was allocated there was nothing to consume. Without `known`, later days alone. No lines
    before the first release.
    """
    orders = frame_or_empty(segment_order, SEGMENT_ORDER)
    if after is None:
        return orders.iloc[:0]
    orders = sorted_by_key(orders, SEGMENT_ORDER.key)
    day = orders["order_date"].dt.normalize()
    of_the_days = (day > after.normalize()) & (day <= as_of.normalize())
    is_new = of_the_days.to_numpy()
    if known is not None and former is not None:
        lines, before = (
            pd.MultiIndex.from_frame(frame[list(SEGMENT_ORDER.key)].astype(object))
            for frame in (orders, known)
        )
        is_late = (day <= after.normalize()).to_numpy() & ~lines.isin(before)
        everywhere = orders[["item_id", "location_id"]].assign(location_id=EVERYWHERE)
        is_late &= (positions(orders, former) >= 0) | (positions(everywhere, former) >= 0)
        is_new = is_new | is_late
    chosen: pd.DataFrame = orders[is_new]
    return chosen


def state_ledger(inputs: AllocationInputs) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """Frames of operations, plans' decisions, proposed rules and rules of the source, in key order."""
    stated = (
        (inputs.event, ALLOCATION_EVENT),
        (inputs.plan_decision, PLAN_DECISION),
        (inputs.proposed_rule, PROPOSED_RULE),
        (inputs.allocation_rule, ALLOCATION_RULE),
    )
    event, decision, proposed, rules = (
        sorted_by_key(frame_or_empty(frame, table), table.key) for frame, table in stated
    )
    return event, decision, proposed, rules


def take(facts: PoolFacts, rows: Integers) -> PoolFacts:
    """The facts of these pools."""
    taken: dict[str, Any] = {
        each.name: getattr(facts, each.name)[rows] for each in fields(facts) if each.name != "segments"
    }
    return PoolFacts(**taken, segments=facts.segments)


def with_state(facts: PoolFacts, supply: Numbers, own: Numbers) -> PoolFacts:
    """The facts with what can be shared after reservations, and with the quotas as they are."""
    return replace(facts, supply=supply, own=own, safety=np.minimum(facts.safety, supply))


def _pools(
    item_location: pd.DataFrame, parameters: AllocationParameters, former: pd.DataFrame | None
) -> tuple[pd.DataFrame, Integers]:
    """The pools in key order, and the pool of each item-location."""
    own = item_location[["item_id", "location_id"]].astype(object)
    if parameters.dimension_level == "item":
        own = own.assign(location_id=EVERYWHERE)
    parts = [own] if former is None else [own, former[["item_id", "location_id"]].astype(object)]
    pools = sorted_by_key(pd.concat(parts, ignore_index=True).drop_duplicates())
    return pools, positions(own, pools)


def _safety(policy: pd.DataFrame | None, item_location: pd.DataFrame, pool: Integers, n: int) -> Numbers:
    if policy is None or not len(policy):
        return np.zeros(n)
    row = positions(item_location, policy)
    units = policy["safety_stock_units"].to_numpy(np.float64)[np.maximum(row, 0)]
    known = np.where((row >= 0) & np.isfinite(units), np.maximum(units, 0.0), 0.0)
    return np.bincount(pool, known, minlength=n).astype(np.float64)


def _floored(units: Numbers, whole: Flags) -> Numbers:
    return np.where(whole, np.floor(units + _ROUNDING), units)


def _ceiled(units: Numbers, whole: Flags) -> Numbers:
    return np.where(whole, np.ceil(units - _ROUNDING), units)
