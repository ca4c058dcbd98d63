"""Common random numbers: every item-location has its own stream, the same in every scenario.

What is drawn are uniforms, not demand: a scenario with more demand or longer lead times reads larger
quantiles off the same uniforms, so that differences between scenarios are differences of decisions.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import special

from optimization.demand import distributions
from optimization.demand.series import DAYS_PER_WEEK
from optimization.planning.overriding import daily_demand

Numbers = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]

# A longer lead time is a record of something else.
_LONGEST_LEAD_WEEKS = 104


@dataclass(frozen=True)
class Uniforms:
    """Numbers in (0, 1): `demand` (n, paths, weeks); `lead_time`, `rounding` (n, paths, weeks + 1)."""

    demand: Numbers
    lead_time: Numbers
    rounding: Numbers


def drawn_uniforms(item_location: pd.DataFrame, paths: int, weeks: int, seed: int) -> Uniforms:
    """Draw the streams; those of a row hang on seed, item and location alone, not on the other rows.

    >>> frame = pd.DataFrame({"item_id": ["a", "b"], "location_id": ["x", "x"]})
    >>> both, one = drawn_uniforms(frame, 2, 3, 1), drawn_uniforms(frame.iloc[[1]], 2, 3, 1)
    >>> bool((both.demand[1] == one.demand[0]).all())
    True
    """
    n, reviews = len(item_location), weeks + 1
    drawn = np.empty((n, paths, weeks + 2 * reviews))
    for row, (item, location) in enumerate(
        zip(item_location["item_id"], item_location["location_id"], strict=True)
    ):
        told = f"{seed}\x1f{item}\x1f{location}".encode()
        key = int.from_bytes(hashlib.blake2b(told, digest_size=16).digest(), "little")
        drawn[row] = np.random.Generator(np.random.Philox(key=key)).random(drawn.shape[1:])
    demand, lead, rounding = np.split(drawn, [weeks, weeks + reviews], axis=2)
    return Uniforms(demand, lead, rounding)


def weekly_demand(protection_demand: pd.DataFrame, uniforms: Uniforms) -> Numbers:
    """Whole units asked for, (n, paths, weeks): weeks are independent, alike and add up to the plan's.

    A week's mean and variance are the interval's per week, so that demand over the interval at a fixed
    lead time has the mean and the variance that the policy is sized for.
    """
    per_day, vmr = daily_demand(protection_demand)
    mean = per_day * DAYS_PER_WEEK
    n, paths, weeks = uniforms.demand.shape
    found = distributions.quantiles(mean, vmr * mean, uniforms.demand.reshape(n, paths * weeks))
    return found.reshape(n, paths, weeks)


def lead_times(protection_demand: pd.DataFrame, uniforms: Uniforms) -> Integers:
    """Whole weeks of each order, (n, paths, weeks + 1): gamma with the plan's mean and spread.

    Fractions are rounded up or down at random, so that the mean stays what it is.
    """
    mean, sd = (
        protection_demand[name].to_numpy(np.float64)[:, None, None] / DAYS_PER_WEEK
        for name in ("lead_time_days", "lead_time_sd_days")
    )
    varies = ((sd > 1e-9) & (mean > 1e-9)).ravel()
    weeks = np.broadcast_to(mean, uniforms.lead_time.shape).copy()
    if varies.any():
        shape = (mean[varies] / sd[varies]) ** 2
        scale = sd[varies] ** 2 / mean[varies]
        weeks[varies] = special.gammaincinv(shape, uniforms.lead_time[varies]) * scale
    whole = np.floor(weeks + uniforms.rounding)
    return np.clip(whole, 0.0, _LONGEST_LEAD_WEEKS).astype(np.int64)


def delayed(lead_time: Integers, first_week: int, weeks: int) -> Integers:
    """Lead times (…, reviews) where the supplier stands still for `weeks` weeks from `first_week` on.

    Column k is ordered at the start of week k. An order that is under way when the supplier stops comes
    later by the whole stop, one that is placed during it by what is left of it.

    >>> delayed(np.full((1, 6), 2), first_week=2, weeks=3).tolist()
    [[2, 5, 5, 4, 3, 2]]
    """
    ordered = np.arange(lead_time.shape[-1])
    over = first_week + weeks
    left = np.where(ordered >= over, 0, np.where(ordered >= first_week, over - ordered, weeks))
    is_through = (ordered < first_week) & (ordered + lead_time <= first_week)
    return np.asarray(lead_time + np.where(is_through, 0, left), dtype=np.int64)


def opening_pipeline(item_location: pd.DataFrame, protection_demand: pd.DataFrame) -> Numbers:
    """Units on order today by week of arrival, (n, weeks): spread evenly over the lead time, whole units.

    >>> items = pd.DataFrame({"on_order_units": [3.0]})
    >>> opening_pipeline(items, pd.DataFrame({"lead_time_days": [14.0]})).tolist()
    [[1.0, 2.0]]
    """
    units = item_location["on_order_units"].to_numpy(np.float64)
    weeks = np.maximum(np.ceil(protection_demand["lead_time_days"].to_numpy(np.float64) / DAYS_PER_WEEK), 1.0)
    weeks = np.minimum(weeks, _LONGEST_LEAD_WEEKS)
    edge = np.arange(int(weeks.max(initial=1.0)) + 1)
    arrived = np.floor(units[:, None] * np.minimum(edge[None, :] / weeks[:, None], 1.0) + 1e-9)
    return np.diff(arrived, axis=1)
