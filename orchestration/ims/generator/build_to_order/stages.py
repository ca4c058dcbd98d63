"""How long each stage of an order takes: the true durations of the generated orders.

A duration is lognormal around the stage's median. Its normal score is the sum of a shock that all
orders of a plant share in a week, an effect of the order that follows it through all stages, and chance:

    z = sqrt(a) * plant-week + sqrt(b) * order + sqrt(1 - a - b) * chance
    days = median * class factor * drift(day) * exp(sigma * z)

The way from the factory to the dealer (`TRANSIT`) has no drift: its quantiles are those measured on the
demo's real vehicles, `TRANSIT_QUANTILES`, whatever the sample at hand.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from orchestration.ims.generator.counters import Floats, Ints, UInts, keyed, normal, stream, uniform


class Stage(NamedTuple):
    """The way to a milestone from the one before it: median days, spread, and how much orders share."""

    code: str
    median_days: float
    sigma: float
    is_plant: bool = False
    is_material: bool = False


# The milestones that are progress, in order; the first one is where an order begins.
STAGES: tuple[Stage, ...] = (
    Stage("0100", 0.0, 0.0),
    Stage("0200", 0.6, 0.8),
    Stage("0300", 0.1, 0.4),
    Stage("0400", 0.3, 0.6),
    Stage("1100", 2.5, 0.8),
    Stage("1500", 1.4, 0.7),
    Stage("2000", 0.8, 0.5),
    Stage("2500", 6.0, 0.45, is_plant=True),
    Stage("3000", 7.0, 0.45, is_plant=True),
    Stage("3300", 14.0, 0.40, is_plant=True, is_material=True),
    Stage("3400", 18.0, 0.25, is_plant=True),
    Stage("3800", 8.0, 0.30, is_plant=True),
    Stage("3850", 0.9, 0.5, is_plant=True),
    Stage("3880", 0.4, 0.5),
    Stage("4000", 0.6, 0.5),
    # from here to 5000 the days are shares of the way to the dealer
    Stage("4150", 0.04, 0.5),
    Stage("4200", 0.16, 0.5),
    Stage("4800", 0.50, 0.5),
    Stage("5000", 0.30, 0.5),
    Stage("5500", 1.6, 0.6),
    Stage("6000", 2.8, 0.6),
)
CODES = tuple(stage.code for stage in STAGES)
AT = {code: row for row, code in enumerate(CODES)}
TRANSIT = ("4000", "5000")
# Days from the factory to the dealer of the demo's real vehicles at the 5, 50, 90 and 95 % quantiles: from
# the first sighting on the way from the factory to the first one at the dealer or, of those that never
# show there, to the last one. The committed sample gives 2, 16, 35 and 41. At the low end are vehicles that
# vanish after a day or two; a product-limit estimate, which censors what is still on its way, gives 5 there.
TRANSIT_QUANTILES = ((0.05, 5.0), (0.50, 16.0), (0.90, 36.0), (0.95, 42.0))
# lead time class: standard, advanced, special
MATERIAL_FACTORS = np.array([1.0, 1.45, 2.6])
PLANT_SHARE, ORDER_SHARE = 0.25, 0.25
_SHOCK_WEEKS = 3
_DRIFT_SHARE, _DRIFT_DAYS, _DRIFT_PER_YEAR = 0.12, 420.0, 0.06


def drift(day: Floats, anchor: int) -> Floats:
    """Return the factor on the durations of plants: a wave of 14 months and a slow growth.

    >>> round(float(drift(np.array([0.0]), 0)[0]), 3)
    1.0
    """
    wave = _DRIFT_SHARE * np.sin(2 * np.pi * (day - anchor) / _DRIFT_DAYS)
    return np.asarray(1 + wave + _DRIFT_PER_YEAR * (day - anchor) / 365.25)


def transit_days(score: Floats) -> Floats:
    """Return the days from factory to dealer at a normal score, by the measured quantiles.

    The logarithm is linear between and beyond them.

    >>> transit_days(np.array([0.0])).tolist()
    [16.0]
    """
    from scipy.special import ndtri

    scores = ndtri([share for share, _ in TRANSIT_QUANTILES])
    logs = np.log([days for _, days in TRANSIT_QUANTILES])
    part = np.clip(np.searchsorted(scores, score) - 1, 0, len(scores) - 2)
    slope = np.diff(logs) / np.diff(scores)
    return np.asarray(np.round(np.exp(logs[part] + slope[part] * (score - scores[part])), 6))


class OrderRandomness(NamedTuple):
    """What the durations of orders rest on: seed, key of each order and of its plant, class, anchor."""

    seed: int
    order_keys: UInts
    plant_keys: UInts
    lead_time_class: Ints
    anchor: int

    def score(self, code: str, start: Floats) -> Floats:
        """Return the normal score of a stage that begins at `start` (days)."""
        week = np.floor((start + 3) / 7).astype(np.int64)
        key = keyed(stream(self.seed, "orders/plant"), self.plant_keys)
        shock = sum(normal(key, week - back) for back in range(_SHOCK_WEEKS)) / np.sqrt(_SHOCK_WEEKS)
        own = normal(stream(self.seed, "orders/own"), self.order_keys)
        chance = normal(stream(self.seed, f"orders/stage/{code}"), self.order_keys)
        return np.asarray(
            np.sqrt(PLANT_SHARE) * shock
            + np.sqrt(ORDER_SHARE) * own
            + np.sqrt(1 - PLANT_SHARE - ORDER_SHARE) * chance
        )

    def days(self, stage: Stage, start: Floats) -> Floats:
        """Return the days of a stage that begins at `start`; not for the way to the dealer."""
        factor = MATERIAL_FACTORS[self.lead_time_class] if stage.is_material else 1.0
        wave = drift(start, self.anchor) if stage.is_plant else 1.0
        return np.asarray(
            stage.median_days * factor * wave * np.exp(stage.sigma * self.score(stage.code, start))
        )

    def transit_shares(self, is_bayed: np.ndarray) -> Floats:
        """Return the shares of the four parts of the way to the dealer, orders by parts.

        A bayed unit waits for half of the way before it is shipped.
        """
        first = AT[TRANSIT[0]] + 1
        parts = STAGES[first : AT[TRANSIT[1]] + 1]
        weights = np.array([stage.median_days for stage in parts]) * np.exp(
            0.5
            * np.stack(
                [normal(stream(self.seed, f"orders/part/{s.code}"), self.order_keys) for s in parts], axis=1
            )
        )
        weights[:, 1] += np.where(is_bayed, weights.sum(axis=1), 0.0)
        return np.asarray(weights / weights.sum(axis=1, keepdims=True))

    def draw(self, purpose: str) -> Floats:
        """Return one uniform number per order."""
        return uniform(stream(self.seed, f"orders/{purpose}"), self.order_keys)
