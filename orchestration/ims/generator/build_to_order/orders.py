"""Who orders what and when, and what becomes of each order: the truth, of which a day shows a part.

Times are days since 1970-01-01 with a fraction (UTC). Nothing here looks at a business date.

The true hazard of a cancellation, per week from the order to the arrival at the dealer:

    weekly = 0.009 * exp(1.1 * [promise passed] + 0.35 * weeks late (at most 4)
                         - 0.7 * [deposit of 1,000 or more] + 0.8 * [credit still pending])
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from orchestration.ims.generator.arrow_columns import NEVER
from orchestration.ims.generator.build_to_order.option_list import OPTIONS, POSITION, STANDARD, WHEELS
from orchestration.ims.generator.build_to_order.setting import Setting
from orchestration.ims.generator.build_to_order.stages import (
    AT,
    STAGES,
    TRANSIT,
    OrderRandomness,
    transit_days,
)
from orchestration.ims.generator.counters import Floats, Ints, UInts, keyed, stream, uniform

Bools = npt.NDArray[np.bool_]

# what a planner promises today, by lead time class: about nine in ten of earlier orders came within
FIXED_DAYS = np.array([120, 130, 155])
CANCEL_WEEKLY, CANCEL_LATE, CANCEL_PER_WEEK = 0.009, 1.1, 0.35
CANCEL_DEPOSIT, CANCEL_CREDIT = -0.7, 0.8
DEPOSITS = np.array([0.0, 500.0, 1_000.0, 2_500.0])
_DEPOSIT_SHARES = np.array([0.35, 0.65, 0.9])
APPROVED, PENDING, REFUSED, NOT_NEEDED = range(4)
_NOT_NEEDED_SHARE, _REFUSED_SHARE, _SLOW_CREDIT_SHARE = 0.25, 0.025, 0.07
_LAPSED_SHARE, _INVALID_SHARE, _CANADA_SHARE = 0.05, 0.02, 0.04
_BAYED_SHARE, _REWORK_SHARE, _PDI_SHARE = 0.06, 0.07, 0.025
_LAPSE_DAYS = 45
# an order is quoted less than so many days before it is placed: those after a setting's end count too
DAYS_BEYOND = 90
_MOST_WEEKS = 60


@dataclass(frozen=True)
class Orders:
    """Orders, one element each.

    `times`: orders × `STAGES`, NaN where a milestone is never reached. `chosen`: orders × `OPTIONS`.
    `cancelled`: time of the cancellation or NaN; `is_lapsed`: a quote that nobody took up.
    """

    setting: Setting
    key: UInts
    location: Ints
    day: Ints
    build: Ints
    plant: Ints
    chosen: Bools
    lead_time_class: Ints
    is_canada: Bools
    is_lapsed: Bools
    is_bayed: Bools
    is_reworked: Bools
    is_repaired: Bools
    credit: Ints
    deposit: Floats
    times: Floats
    cancelled: Floats

    @property
    def promised(self) -> Ints:
        """The source's own promise: the day of the order and a constant."""
        return np.asarray(np.floor(self.placed).astype(np.int64) + FIXED_DAYS[self.lead_time_class])

    @property
    def placed(self) -> Floats:
        """When the order was placed; of a lapsed quote, when it would have been."""
        return np.asarray(self.day + 0.3 + 0.5 * self.draw("hour"))

    def at(self, code: str) -> Floats:
        """When each order reached a milestone."""
        return np.asarray(self.times[:, AT[code]])

    def day_of(self, code: str) -> Ints:
        """The day on which each order reached a milestone, `NEVER` if it never does."""
        return day_of(self.at(code))

    def draw(self, purpose: str) -> Floats:
        """One uniform number per order."""
        return uniform(stream(self.setting.seed, f"orders/{purpose}"), self.key)


def day_of(times: Floats) -> Ints:
    """Return the day of each time, `NEVER` for NaN.

    >>> day_of(np.array([3.5, np.nan])).tolist() == [3, int(NEVER)]
    True
    """
    return np.where(np.isnan(times), NEVER, np.floor(np.nan_to_num(times))).astype(np.int64)


def draw_orders(setting: Setting) -> Orders:
    """Return every order of the setting, from its first day to its last."""
    seed = setting.seed
    days = np.arange(setting.start, setting.end + 1)
    asked = uniform(stream(seed, "orders/asked"), setting.location_keys[:, None], days)
    location, column = np.nonzero((asked < setting.daily_orders) & ((days + 3) % 7 != 6))
    day = days[column]
    key = keyed(stream(seed, "order"), setting.location_keys[location], day)

    def draw(purpose: str) -> Floats:
        return uniform(stream(seed, f"orders/{purpose}"), key)

    build = (draw("build") * len(setting.builds.model)).astype(np.int64)
    plant = setting.plant_of(location, build)
    is_canada = draw("market") < _CANADA_SHARE
    chosen = chosen_options(seed, setting.anchor, key, day, is_canada, draw("invalid") < _INVALID_SHARE)
    classes = np.array([option.lead_time_class for option in OPTIONS])
    lead_time_class = np.where(chosen, classes, STANDARD).max(axis=1)
    deposit = DEPOSITS[np.searchsorted(_DEPOSIT_SHARES, draw("deposit"))]
    credit = np.searchsorted(
        np.array([_NOT_NEEDED_SHARE, _NOT_NEEDED_SHARE + _REFUSED_SHARE]), draw("credit")
    )
    orders = Orders(
        setting=setting, key=key, location=location, day=day, build=build, plant=plant, chosen=chosen,
        lead_time_class=lead_time_class, is_canada=is_canada, is_lapsed=draw("lapsed") < _LAPSED_SHARE,
        is_bayed=draw("bayed") < _BAYED_SHARE, is_reworked=draw("rework") < _REWORK_SHARE,
        is_repaired=draw("pdi") < _PDI_SHARE,
        credit=np.array([NOT_NEEDED, REFUSED, APPROVED])[credit], deposit=deposit,
        times=np.empty((0, len(STAGES))), cancelled=np.empty(0),
    )  # fmt: skip
    times = _times(orders)
    cancelled = _cancelled(orders, times)
    times[times >= np.where(np.isnan(cancelled), np.inf, cancelled)[:, None]] = np.nan
    return Orders(**{**vars(orders), "times": times, "cancelled": cancelled})


def chosen_options(
    seed: int, anchor: int, key: UInts, day: Ints, is_canada: Bools, is_invalid: Bools
) -> Bools:
    """Return which of `OPTIONS` (columns) each order or unit (rows) with these random keys has.

    Drawn option by option among those offered on `day`, then made buildable, but for `is_invalid`.
    """
    shares = np.array([option.share for option in OPTIONS])
    draws = uniform(stream(seed, "orders/option"), key[:, None], np.arange(len(OPTIONS)))
    chosen = draws < shares
    wheel = np.searchsorted(np.cumsum(shares[list(WHEELS)]), uniform(stream(seed, "orders/wheel"), key))
    chosen[:, list(WHEELS)] = wheel[:, None] == np.arange(len(WHEELS))
    first = np.array([option.first for option in OPTIONS])
    last = np.array([NEVER if option.last is None else option.last for option in OPTIONS])
    since = (day - anchor)[:, None]
    chosen &= (since >= first) & (since <= last)
    at = POSITION
    chosen[:, at["EXP-CA"]] = is_canada
    chosen[:, at["CMF-HEAT"]] |= chosen[:, at["CMF-VENT"]]
    chosen[:, at["TEC-NAV"]] |= chosen[:, at["TEC-HUD"]]
    chosen[:, at["COM-FLEET"]] |= chosen[:, at["COM-UPFIT"]]
    chosen[:, at["PRF-COOL"]] |= chosen[:, at["COM-UPFIT"]] | chosen[:, at["PKG-TOW"]]
    chosen[:, at["APP-TWOTONE"]] &= ~chosen[:, at["CMF-ROOF"]]
    chosen[:, at["PRF-SUSP"]] &= ~chosen[:, at["WHL-OFF"]]
    # ventilated seats that are not heated: what the rules are there for
    chosen[is_invalid, at["CMF-VENT"]] = True
    chosen[is_invalid, at["CMF-HEAT"]] = False
    return np.asarray(chosen)


def _times(orders: Orders) -> Floats:
    """When each order would reach each milestone if nobody cancelled it."""
    setting = orders.setting
    luck = OrderRandomness(
        setting.seed, orders.key, setting.plant_keys[orders.plant], orders.lead_time_class, setting.anchor
    )
    times = np.full((len(orders.key), len(STAGES)), np.nan)
    placed = AT["1100"]
    times[:, placed] = orders.placed
    for row in range(placed - 1, -1, -1):
        times[:, row] = times[:, row + 1] - luck.days(STAGES[row + 1], orders.placed)
    is_slow = orders.draw("slow_credit") < _SLOW_CREDIT_SHARE
    start, end = AT[TRANSIT[0]], AT[TRANSIT[1]]
    for row in range(placed + 1, len(STAGES)):
        stage, before = STAGES[row], times[:, row - 1]
        if start < row <= end:
            continue
        days = luck.days(stage, before)
        if stage.code == "1500":
            days = days * np.where(is_slow, 9.0, 1.0)
        if stage.code == "3850":
            days = days + np.where(orders.is_reworked, 2 + 9 * orders.draw("rework_days"), 0.0)
        if stage.code == "5500":
            days = days + np.where(orders.is_repaired, 1 + 4 * orders.draw("pdi_days"), 0.0)
        times[:, row] = before + days
        if row == start:
            way = transit_days(luck.score("transit", times[:, row]))
            parts = np.cumsum(luck.transit_shares(orders.is_bayed), axis=1) * way[:, None]
            times[:, start + 1 : end + 1] = times[:, [start]] + parts
    times[orders.is_lapsed, placed:] = np.nan
    times[orders.credit == REFUSED, AT["1500"] :] = np.nan
    return times


def _cancelled(orders: Orders, times: Floats) -> Floats:
    """When each order is cancelled, NaN if it is delivered first."""
    placed, quoted = orders.placed, times[:, AT["0400"]]
    weeks = np.arange(_MOST_WEEKS)
    moment = placed[:, None] + 7 * weeks
    late_weeks = np.clip((moment - orders.promised[:, None]) / 7, 0, 4)
    is_pending = (orders.credit != NOT_NEEDED)[:, None] & ~(times[:, [AT["1500"]]] <= moment)
    score = CANCEL_LATE * (late_weeks > 0) + CANCEL_PER_WEEK * late_weeks + CANCEL_CREDIT * is_pending
    score = score + CANCEL_DEPOSIT * (orders.deposit >= 1_000)[:, None]
    draws = uniform(stream(orders.setting.seed, "orders/cancel"), orders.key[:, None], weeks)
    happens = draws < 1 - np.exp(-CANCEL_WEEKLY * np.exp(score))
    week = np.where(happens.any(axis=1), happens.argmax(axis=1), _MOST_WEEKS)
    moment = placed + 7 * week + 1 + 5 * orders.draw("cancel_hour")
    reaches = np.where(np.isnan(times[:, AT["5000"]]), np.inf, times[:, AT["5000"]])
    cancelled = np.where((week < _MOST_WEEKS) & (moment < reaches), moment, np.nan)
    refused = placed + 12 + 15 * orders.draw("refused_days")
    cancelled = np.where(orders.credit == REFUSED, np.fmin(cancelled, refused), cancelled)
    return np.asarray(np.where(orders.is_lapsed, quoted + _LAPSE_DAYS, cancelled))
