"""From frames to the network problem: what may be given, what is needed, what it costs.

What an item-location is stands here; which moves there are stands in `stated_moves`, what they
share in `stated_rows`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from optimization.contracts.inputs import LANE, LOCATION_LIMIT
from optimization.demand.distributions import quantiles
from optimization.keys import known_positions, positions, sorted_by_key
from optimization.lifecycle import is_closed
from optimization.lots import feasible_quantity, line_terms
from optimization.network.problem import COUNT, NORMAL, Curves, Flags, Integers, Numbers, Places, Problem
from optimization.network.stating.moves import possible_moves
from optimization.network.stating.rows import Stored, coupling_rows
from optimization.parameters import NetworkParameters
from optimization.screening import screened

DAYS_PER_YEAR = 365.0
HIGHEST_TARGET = 0.9999
DONOR_LEVEL = 0.80
# Even a unit that costs nothing is ordered when the policy asks for it.
LEAST_PRICE = 0.01
_COUNTS = ("negative_binomial", "poisson", "degenerate")
_DONOR_Z = 0.8416212335729143
_GUARD = 1e-9


@dataclass(frozen=True)
class StatedProblem:
    """The problem with the frames its rows stand for.

    item_location: one row per place, in the order of the places. lane: the rows that `Moves.lane`
    names. is_planned (n): False where nothing may be decided. need (n): units up to the policy's
    level where the policy triggers, otherwise 0. later_units (n): counted supply that comes after the
    protection interval; the policy nets it, the demand of the interval cannot use it. stated_capacity
    (j): what the source says of each row, below the row's capacity where a store is over it already.
    """

    problem: Problem
    item_location: pd.DataFrame
    lane: pd.DataFrame
    is_planned: Flags
    need: Numbers
    later_units: Numbers
    stated_capacity: Numbers
    lanes_set_aside: int


def state_problem(
    item_location: pd.DataFrame,
    policy: pd.DataFrame,
    protection_demand: pd.DataFrame,
    open_supply: pd.DataFrame,
    lane: pd.DataFrame,
    location_limit: pd.DataFrame,
    recent_transfer: pd.DataFrame,
    parameters: NetworkParameters,
    as_of: pd.Timestamp,
    poisoned: Flags,
    unit: pd.DataFrame | None = None,
) -> StatedProblem:
    """State the network problem of every row of `item_location`, screened, sorted by key, unique.

    Reads `reorder_point_units`, `order_up_to_units`, `order_price` and `status` of `opt_out__policy`,
    the moments, `q80_units` and days of `opt_out__protection_demand`, `opt_out__supply_expectation` (or
    `opt_in__open_supply`, by its stated dates), `opt_in__lane`, `opt_in__location_limit` and
    `opt_in__recent_transfer`. `poisoned` marks rows that are not planned. Where `opt_in__unit` is given,
    items that it counts one by one give no more than their movable units.

    Supply counts when it is trusted and due within the protection interval. Holding counts for the
    interval, aged stock dearer. A unit short costs `shortage_cost`, or, where that is 0, what makes the
    service target the best choice: b = h·α/(1−α). The policy's trigger and need stand on its own
    position, all counted supply included. Its order quantity has weighed the cost of ordering already,
    which is therefore not counted again. A donor keeps the 80 % quantile of its own demand, over the
    interval and until its next receipt, and its display minimum; whoever is about to order gives
    nothing. Raises `KeyError` when policy or protection demand lack an item-location, `ContractError`
    when lanes or limits are not of their tables.
    """
    policy = policy.iloc[known_positions(item_location, policy, "opt_out__policy")]
    demand = protection_demand.iloc[
        known_positions(item_location, protection_demand, "opt_out__protection_demand")
    ]
    lane, bad_lane = screened(sorted_by_key(lane, LANE.key), LANE)
    lane = lane[~bad_lane].reset_index(drop=True)
    location_limit, _ = screened(sorted_by_key(location_limit, LOCATION_LIMIT.key), LOCATION_LIMIT)

    own = {name: item_location[name].to_numpy(np.float64) for name in _OWN}
    lead, days = (demand[name].to_numpy(np.float64) for name in ("lead_time_days", "protection_days"))
    planned = ~poisoned & (policy["status"] != "QUARANTINED").to_numpy(np.bool_)
    closed = is_closed(item_location)
    free = own["on_hand_units"] - own["reserved_units"] - own["backorder_units"]
    supply = _due_supply(item_location, open_supply, as_of, lead, days)
    position = free + supply.within_interval

    holding = own["unit_cost"] * own["holding_rate"] * days / DAYS_PER_YEAR
    ageing = own["unit_cost"] * parameters.ageing_rate_per_year * days / DAYS_PER_YEAR
    target = np.minimum(own["service_target"], HIGHEST_TARGET)
    shortage = np.where(own["shortage_cost"] > 0, own["shortage_cost"], holding * target / (1.0 - target))
    curves = _curves(demand, holding + ageing * _aged_share(item_location, own), shortage)

    netted = own["inventory_position_units"]
    point, level = (
        policy[name].to_numpy(np.float64) for name in ("reorder_point_units", "order_up_to_units")
    )
    triggers = planned & ~closed & (netted <= point + _GUARD)
    need = np.where(triggers, np.maximum(level - netted, 0.0), 0.0)
    need = np.where(need > _GUARD, need, 0.0)
    moq, lot = line_terms(item_location)
    gives = planned & (need == 0) & (closed | (netted > point) | (netted >= level))
    near = np.clip(lead / np.maximum(days, _GUARD), 0.0, 1.0)
    kept = np.maximum(demand["q80_units"].to_numpy(np.float64), own["display_min_units"])
    spare = np.where(gives, np.minimum(position - kept, free - own["display_min_units"]), 0.0)
    spare = _kept_until_receipt(spare, free, own["display_min_units"], curves, supply.next_days, days)
    spare = np.minimum(spare, _movable_units(item_location, unit))
    places = Places(
        item=_item_numbers(item_location),
        position=position,
        near_position=free + supply.within_lead,
        spare=np.floor(np.maximum(spare, 0.0) + _GUARD),
        level=np.where(need > 0, position + need, -np.inf),
        level_price=np.where(
            need > 0,
            parameters.target_price_factor
            * np.maximum(np.maximum(shortage, curves.holding_cost), LEAST_PRICE),
            0.0,
        ),
        order_limit=feasible_quantity(need, moq, lot),
        order_cost=np.zeros(len(position)),
        order_fixed_cost=np.zeros(len(position)),
        lot=lot,
        moq=moq,
        near_mean=curves.mean * near,
        near_variance=curves.variance * near,
        near_shortage_cost=np.where(need > 0, shortage, 0.0),
    )

    names = pd.Index(item_location["location_id"].unique()).sort_values()
    location = names.get_indexer(pd.Index(item_location["location_id"])).astype(np.int64)
    volume = np.nan_to_num(item_location["volume_m3"].to_numpy(np.float64))
    moves = possible_moves(
        places,
        planned,
        location,
        names,
        lane,
        volume,
        lead,
        recent_transfer,
        item_location,
        parameters,
        as_of,
    )
    # What stands there now, or will when an order placed now comes in.
    stored = np.maximum(own["on_hand_units"], places.near_position + own["reserved_units"] - places.near_mean)
    coupling = coupling_rows(
        places,
        moves,
        Stored(location, names, volume, np.maximum(stored, 0.0), policy["order_price"].to_numpy(np.float64)),
        np.maximum(shortage, curves.holding_cost),
        lane,
        location_limit,
        parameters,
    )
    problem = Problem(
        "network",
        places,
        curves,
        moves,
        coupling.rows,
        coupling.move_uses,
        coupling.order_uses,
        parameters.dead_band_factor,
    )
    later = np.maximum(netted - position, 0.0)
    return StatedProblem(
        problem=problem,
        item_location=item_location,
        lane=lane,
        is_planned=planned,
        need=need,
        later_units=later,
        stated_capacity=coupling.stated_capacity,
        lanes_set_aside=int(bad_lane.sum()),
    )


_OWN = (
    "unit_cost",
    "holding_rate",
    "service_target",
    "shortage_cost",
    "inventory_position_units",
    "on_hand_units",
    "reserved_units",
    "backorder_units",
    "display_min_units",
)


def _item_numbers(item_location: pd.DataFrame) -> Integers:
    return np.asarray(pd.factorize(item_location["item_id"])[0], dtype=np.int64)


@dataclass(frozen=True)
class _Supply:
    """Counted supply by place, units; next_days: days to the first of it in the interval, inf: none."""

    within_interval: Numbers
    within_lead: Numbers
    next_days: Numbers


def _due_supply(
    item_location: pd.DataFrame, open_supply: pd.DataFrame, as_of: pd.Timestamp, lead: Numbers, days: Numbers
) -> _Supply:
    """Sum trusted supply by the day on which it is as likely here as not."""
    n = len(item_location)
    counted = open_supply[open_supply["is_counted"].to_numpy(np.bool_)]
    row = positions(counted, item_location)
    date = counted["expected_p50_date" if "expected_p50_date" in counted.columns else "expected_date"]
    wait = ((date - as_of) / pd.Timedelta(days=1)).to_numpy(np.float64)
    units = np.nan_to_num(counted["open_units"].to_numpy(np.float64), posinf=0.0, neginf=0.0)
    known = row >= 0
    row, wait, units = row[known], wait[known], np.maximum(units[known], 0.0)
    due, early = wait <= days[row], wait <= lead[row]
    soonest = np.full(n, np.inf)
    np.minimum.at(soonest, row[due], np.maximum(wait[due], 0.0))
    return _Supply(
        np.bincount(row, weights=units * due, minlength=n).astype(np.float64),
        np.bincount(row, weights=units * early, minlength=n).astype(np.float64),
        soonest,
    )


def _movable_units(item_location: pd.DataFrame, unit: pd.DataFrame | None) -> Numbers:
    """Units that may move by place; no limit where an item is not counted one by one."""
    if unit is None:
        return np.full(len(item_location), np.inf)
    row = positions(unit, item_location)
    movable = np.bincount(
        row[row >= 0], weights=unit["is_movable"].to_numpy(np.float64)[row >= 0], minlength=len(item_location)
    )
    counted = item_location["item_id"].isin(unit["item_id"].unique()).to_numpy(np.bool_)
    return np.where(counted, movable, np.inf)


def _aged_share(item_location: pd.DataFrame, own: dict[str, Numbers]) -> Numbers:
    aged = np.nan_to_num(item_location["aged_units"].to_numpy(np.float64))
    share: Numbers = np.clip(aged / np.maximum(own["on_hand_units"], 1.0), 0.0, 1.0)
    return share


def _curves(demand: pd.DataFrame, holding: Numbers, shortage: Numbers) -> Curves:
    """One curve per place: demand over the protection interval."""
    n = len(demand)
    is_count = demand["distribution"].isin(_COUNTS).to_numpy(np.bool_)
    nothing = np.zeros(n, dtype=np.int64)
    return Curves(
        place=np.arange(n, dtype=np.int64),
        kind=np.where(is_count, COUNT, NORMAL).astype(np.int8),
        mean=demand["mean_units"].to_numpy(np.float64),
        variance=demand["variance_units2"].to_numpy(np.float64),
        holding_cost=holding,
        shortage_cost=shortage,
        floor=np.zeros(n),
        floor_price=np.zeros(n),
        cap=np.full(n, np.inf),
        table_start=nothing,
        table_count=nothing,
        table_low=nothing,
        table_base=np.zeros(n),
        table=np.zeros(0),
    )


def _kept_until_receipt(
    spare: Numbers, free: Numbers, display: Numbers, curves: Curves, next_days: Numbers, days: Numbers
) -> Numbers:
    """Cut what a donor may give so that its stock lasts to its next receipt, at the donor's level."""
    waits = np.flatnonzero((spare > 0) & np.isfinite(next_days))
    if not len(waits):
        return spare
    share = np.clip(next_days[waits] / np.maximum(days[waits], _GUARD), 0.0, 1.0)
    mean, variance = curves.mean[waits] * share, curves.variance[waits] * share
    lasting = np.where(
        curves.kind[waits] == COUNT,
        quantiles(mean, variance, np.array([DONOR_LEVEL]))[:, 0],
        mean + _DONOR_Z * np.sqrt(variance),
    )
    cut = spare.copy()
    cut[waits] = np.minimum(spare[waits], free[waits] - np.maximum(lasting, display[waits]))
    return cut
