"""Requested changes of orders: who asks for what, when it is decided, and how.

A change of an option whose cut-off the order has passed is refused nine times in ten; one that comes in
time is granted nearly as often. What a customer withdraws, or whose order is cancelled first, is withdrawn.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from orchestration.ims.generator.build_to_order.option_list import (
    COLOUR_PRICE,
    CUTOFF_OF_COLOUR,
    OPTIONS,
    POSITION,
    prices_on,
)
from orchestration.ims.generator.build_to_order.orders import Bools, Orders
from orchestration.ims.generator.counters import Floats, Ints, uniform

# options that come and go without breaking a rule
_EASY = tuple(POSITION[name] for name in ("APP-BLACK", "PKG-CONV", "TEC-360", "PKG-COLD"))
_SHARES = np.array([0.14, 0.19])
_INTERNAL_SHARE, _COLOUR_SHARE, _DATE_SHARE, _WITHDRAWN_SHARE = 0.25, 0.3, 0.2, 0.08
_GRANTED_IN_TIME, _GRANTED_LATE = 0.88, 0.1
APPROVED, REJECTED, WITHDRAWN = range(3)


@dataclass(frozen=True)
class Changes:
    """Changes, one element each, sorted by order and number.

    `toggled`: the option (position in `OPTIONS`) that comes or goes, -1: none; `colour_step`: how far
    the colour moves in the model's list, 0: stays. `decision` is what is decided on `decided`.
    `colour_after`: steps from the ordered colour; `chosen_after`: options wanted, as in `Orders.chosen`.
    """

    order: Ints
    number: Ints
    requested: Floats
    decided: Floats
    is_internal: Bools
    toggled: Ints
    colour_step: Ints
    date_shift: Ints
    decision: Ints
    colour_after: Ints
    chosen_after: Bools
    price_delta: Floats

    @property
    def has_options(self) -> Bools:
        """Whether each change is one of options, not of the date alone."""
        return np.asarray((self.toggled >= 0) | (self.colour_step > 0))

    @property
    def is_granted(self) -> Bools:
        """Whether each change is granted in the end."""
        return np.asarray(self.decision == APPROVED)


def draw_changes(orders: Orders) -> Changes:
    """Return every change that is ever asked for, the second of an order resting on the first."""
    count = 2 - np.searchsorted(_SHARES, orders.draw("changes"))
    count = np.where(np.isnan(orders.at("1100")), 0, np.array([0, 1, 2])[count])
    first = _wave(orders, np.flatnonzero(count > 0), 1, orders.chosen, np.zeros(len(count), dtype=np.int64))
    chosen, colour = orders.chosen.copy(), np.zeros(len(count), dtype=np.int64)
    granted = first.decision == APPROVED
    chosen[first.order[granted]] = first.chosen_after[granted]
    colour[first.order[granted]] = first.colour_after[granted]
    ready = np.full(len(count), np.inf)
    ready[first.order] = first.decided
    second = _wave(orders, np.flatnonzero(count > 1), 2, chosen, colour, ready)
    joined = {
        name: np.concatenate([getattr(first, name), getattr(second, name)])
        for name in Changes.__dataclass_fields__
    }
    sorting = np.lexsort((joined["number"], joined["order"]))
    return Changes(**{name: column[sorting] for name, column in joined.items()})


def _wave(
    orders: Orders, at: Ints, number: int, chosen: Bools, colour: Ints, ready: Floats | None = None
) -> Changes:
    """The changes with this number of the orders `at`, from what they have then."""

    def draw(purpose: int) -> Floats:
        return uniform(orders.key[at], 1_000 * number + purpose)

    placed = orders.placed[at]
    end = np.fmin(
        np.where(np.isnan(orders.at("3850")[at]), placed + 60, orders.at("3850")[at]),
        np.where(np.isnan(orders.cancelled[at]), np.inf, orders.cancelled[at]),
    )
    # who has just ordered still thinks about it
    requested = placed + (end - placed) * draw(0) ** 2
    if ready is not None:
        requested = np.maximum(requested, ready[at] + 1)
    decided = requested + 0.5 + 6 * draw(1)
    is_colour = draw(2) < _COLOUR_SHARE
    is_date = ~is_colour & (draw(2) > 1 - _DATE_SHARE)
    toggled = np.where(is_colour | is_date, -1, np.array(_EASY)[(draw(3) * len(_EASY)).astype(np.int64)])
    colours = np.array([len(orders.setting.builds.colours_of_model[m]) for m in _models(orders, at)])
    step = np.where(is_colour & (colours > 1), 1 + (draw(4) * np.maximum(colours - 1, 0)).astype(np.int64), 0)
    cutoffs = np.array([option.cutoff for option in OPTIONS])
    cutoff = np.where(toggled >= 0, cutoffs[toggled], CUTOFF_OF_COLOUR)
    passed = np.zeros(len(at), dtype=bool)
    for code in np.unique(cutoff):
        passed |= (cutoff == code) & (orders.at(str(code))[at] <= requested)
    granted = draw(5) < np.where(passed, _GRANTED_LATE, _GRANTED_IN_TIME)
    decision = np.where(draw(6) < _WITHDRAWN_SHARE, WITHDRAWN, np.where(granted, APPROVED, REJECTED))
    ends = orders.cancelled[at]
    over = ends <= decided
    after = chosen[at].copy()
    rows = np.flatnonzero(toggled >= 0)
    after[rows, toggled[rows]] ^= True
    prices = prices_on(np.floor(requested).astype(np.int64), orders.setting.anchor)
    delta = ((after.astype(float) - chosen[at]) * prices).sum(axis=1)
    kept = requested < np.where(np.isnan(ends), np.inf, ends)
    columns = {
        "order": at,
        "number": np.full(len(at), number),
        "requested": requested,
        "decided": np.where(over, ends, decided),
        "is_internal": draw(7) < _INTERNAL_SHARE,
        "toggled": toggled,
        "colour_step": step,
        "date_shift": np.where(is_date, 14 + (46 * draw(8)).astype(np.int64), 0),
        "decision": np.where(over, WITHDRAWN, decision),
        "colour_after": colour[at] + step,
        "chosen_after": after,
        "price_delta": np.round(delta + np.where(step > 0, COLOUR_PRICE * (draw(9) < 0.3), 0.0), 2),
    }
    return Changes(**{name: column[kept] for name, column in columns.items()})


def _models(orders: Orders, at: Ints) -> list[str]:
    models = orders.setting.builds.model
    return [models[build] for build in orders.build[at]]
