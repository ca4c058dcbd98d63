"""Generated vehicle history: the two years before the first snapshot, unit by unit.

Every generated sale has a dwell time at the dealer before it and a lead time before that, so that
stock never goes negative and receipts, transfers, sales and stock agree. The level of sales comes
from what the first snapshot shows of each configuration at each dealer, and from nothing later.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from orchestration.ims.demo.intervals import VehicleSightings
from orchestration.ims.demo.tracking import FACTORY_DAYS, LEAD_TIME_SIGMA
from orchestration.ims.generator.arrow_columns import NEVER, to_date
from orchestration.ims.generator.counters import Floats, Ints, UInts, keyed, stream, uniform
from orchestration.ims.generator.demand import Horizon
from orchestration.ims.generator.event_log import Columns

HISTORY_DAYS = 730

# units of a configuration that a dealer has or is sent at one time last it about this long
_NETWORK_DAYS = 27.0
# sales two years before the first snapshot, as a share of those just before it
_FIRST_LEVEL = 0.35
_DWELL_MEDIAN_DAYS, _DWELL_SIGMA = 5.0, 1.0
_MAX_DWELL_DAYS = 240
_PRE_SOLD_SHARE = 0.2
_LOST_SHARE = 0.12
_TRANSFER_SHARE = 0.04
_EXPEDITE_SHARE = 0.03
# spring and year-end are the strong months; mean 1
_SEASON = np.array([0.85, 0.88, 1.04, 1.05, 1.10, 1.06, 1.04, 1.05, 0.98, 0.95, 0.94, 1.06])
# Monday to Saturday; dealers are closed on Sunday
_WEEKDAY = np.array([1.0, 0.95, 1.0, 1.05, 1.35, 1.65, 0.0])
_PROMOTION_UPLIFT = 1.3
_PROMOTION_DAYS = 21


@dataclass(frozen=True)
class VehicleHistory:
    """Generated facts before the first snapshot; `pair` points into `item` and `dealer`.

    `opening_units`: units per pair at the start of the first day.
    `units`: pair, sequence, order_day, sale_day, received_day (`NEVER`: there at the opening),
    ordered_day, first_expected_day, is_expedited, was_on_hand, from_pair (-1: received where
    it was sold), transfer_day.
    `lost`: pair, day.   `promotions`: number, start, end (day numbers).
    """

    horizon: Horizon
    item: Ints
    dealer: Ints
    opening_units: Ints
    units: Columns
    lost: Columns
    promotions: Columns


def generate_history(sightings: VehicleSightings, seed: int, first_rows: Ints) -> VehicleHistory:
    """Return the generated history before the first snapshot, whose rows are `first_rows`."""
    first_day = int(sightings.days[0])
    horizon = Horizon(first_day - HISTORY_DAYS, first_day - 1)
    n_dealers = len(sightings.dealer_ids)
    code = sightings.item[first_rows] * n_dealers + sightings.dealer[first_rows]
    code, count = np.unique(code[sightings.status[first_rows] > 0], return_counts=True)
    item, dealer = code // n_dealers, code % n_dealers
    keys = keyed(sightings.item_keys[item], sightings.dealer_keys[dealer])

    promotions = _promotions(seed, horizon)
    days = horizon.numbers()
    rate = (count / _NETWORK_DAYS) * _daily_factors(horizon, promotions)[:, None]
    wanted = uniform(stream(seed, "history/sales"), keys, days[:, None])
    # at most a few sales a day at one dealer and configuration: Poisson by its first three terms
    sales = (wanted > np.exp(-rate)).astype(np.int64)
    sales += wanted > np.exp(-rate) * (1 + rate)
    sales += wanted > np.exp(-rate) * (1 + rate + rate**2 / 2)
    units = _sold_units(seed, keys, horizon, sales)
    _add_transfers(seed, keys, item, dealer, sightings.dealer_states, units)

    opening = np.bincount(units["pair"][units["received_day"] == NEVER], minlength=len(item))
    on_hand = opening + _closing_balances(horizon, len(item), units)
    lost = uniform(stream(seed, "history/lost"), keys, days[:, None]) < _LOST_SHARE * rate
    lost_day, lost_pair = np.nonzero(lost & (on_hand == 0))
    return VehicleHistory(
        horizon=horizon,
        item=item,
        dealer=dealer,
        opening_units=opening,
        units=units,
        lost={"pair": lost_pair, "day": lost_day + horizon.start},
        promotions=promotions,
    )


def _promotions(seed: int, horizon: Horizon) -> Columns:
    """One sales event a quarter, within the history."""
    number = np.arange(HISTORY_DAYS // 91)
    offset = (uniform(stream(seed, "history/promotion"), number) * (91 - _PROMOTION_DAYS)).astype(np.int64)
    start = horizon.start + 91 * number + offset
    return {"number": number, "start": start, "end": start + _PROMOTION_DAYS - 1}


def _daily_factors(horizon: Horizon, promotions: Columns) -> Floats:
    days = horizon.numbers()
    month = np.array([to_date(day).month for day in days])
    growth = _FIRST_LEVEL + (1 - _FIRST_LEVEL) * (days - horizon.start) / horizon.days
    is_promoted = np.zeros(horizon.days, dtype=bool)
    for start, end in zip(promotions["start"], promotions["end"], strict=True):
        is_promoted[start - horizon.start : end - horizon.start + 1] = True
    factors = growth * _SEASON[month - 1] * _WEEKDAY[(days + 3) % 7]
    return np.asarray(factors * np.where(is_promoted, _PROMOTION_UPLIFT, 1.0))


def _sold_units(seed: int, keys: UInts, horizon: Horizon, sales: Ints) -> Columns:
    """One row per sold unit: when it was ordered, received, asked for and sold."""
    from scipy.special import ndtri

    day_index, pair = np.nonzero(sales)
    counts = sales[day_index, pair]
    sequence = np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts)
    pair, sale_day = np.repeat(pair, counts), np.repeat(day_index, counts) + horizon.start
    key = keyed(stream(seed, "history/unit"), keys[pair], sale_day, sequence)

    dwell = _DWELL_MEDIAN_DAYS * np.exp(_DWELL_SIGMA * ndtri(uniform(key, 0)))
    received = sale_day - np.minimum(dwell, _MAX_DWELL_DAYS).astype(np.int64)
    is_expedited = uniform(key, 1) < _EXPEDITE_SHARE
    lead = FACTORY_DAYS[0] * np.exp(LEAD_TIME_SIGMA * ndtri(uniform(key, 2)))
    lead = np.maximum(1, np.round(np.where(is_expedited, lead / 2, lead))).astype(np.int64)
    promised = np.where(is_expedited, FACTORY_DAYS[0] // 2, FACTORY_DAYS[0])
    waited = np.where(uniform(key, 3) < _PRE_SOLD_SHARE, 1 + (uniform(key, 4) * 21).astype(np.int64), 0)
    order_day = np.maximum(sale_day - waited, horizon.start)
    return {
        "pair": pair,
        "sequence": sequence,
        "sale_day": sale_day,
        "order_day": order_day,
        "received_day": np.where(received < horizon.start, NEVER, received),
        "ordered_day": received - lead,
        "first_expected_day": received - lead + promised,
        "is_expedited": is_expedited,
        "was_on_hand": received <= order_day,
    }


def _add_transfers(
    seed: int, keys: UInts, item: Ints, dealer: Ints, states: tuple[str, ...], units: Columns
) -> None:
    """Let some units be received at another dealer of the state and moved half-way to their sale."""
    state_codes = np.unique(np.array(states), return_inverse=True)[1][dealer]
    group = item * (state_codes.max() + 1) + state_codes
    order = np.argsort(group, kind="stable")
    place = np.empty(len(order), dtype=np.int64)
    place[order] = np.arange(len(order))
    # the next pair of the same configuration in the same state, if there is one
    following = order[(place + 1) % len(order)]
    has_neighbour = (group[following] == group) & (following != np.arange(len(group)))

    pair, received, sold = units["pair"], units["received_day"], units["sale_day"]
    draw = uniform(stream(seed, "history/transfer"), keys[pair], sold, units["sequence"])
    moved = (draw < _TRANSFER_SHARE) & has_neighbour[pair] & (received != NEVER) & (sold - received >= 2)
    units["from_pair"] = np.where(moved, following[pair], -1)
    units["transfer_day"] = np.where(moved, received + (sold - received) // 2, NEVER)


def _closing_balances(horizon: Horizon, pairs: int, units: Columns) -> Ints:
    """Return the change of stock since the opening, at the close of each day (days × pairs)."""
    changes = np.zeros((horizon.days + 1) * pairs, dtype=np.int64)

    def add(day: Ints, pair: Ints, sign: int) -> None:
        at = (day - horizon.start) * pairs + pair
        changes[: len(changes)] += sign * np.bincount(at, minlength=len(changes))

    came = units["received_day"] != NEVER
    moved = units["from_pair"] >= 0
    first = np.where(moved, units["from_pair"], units["pair"])
    add(units["received_day"][came], first[came], 1)
    add(units["transfer_day"][moved], units["from_pair"][moved], -1)
    add(units["transfer_day"][moved], units["pair"][moved], 1)
    add(units["sale_day"], units["pair"], -1)
    return np.asarray(np.cumsum(changes.reshape(horizon.days + 1, pairs)[:-1], axis=0))
