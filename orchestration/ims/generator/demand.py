"""What customers would ask for: true daily rates and the requests drawn from them.

Nothing here knows about stock. What becomes of a request is the simulation's business.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from orchestration.ims.generator.arrow_columns import to_date
from orchestration.ims.generator.catalogue import CATEGORIES, ItemLocations
from orchestration.ims.generator.counters import Floats, Ints, keyed, poisson, stream, uniform

MAX_REQUEST_UNITS = 40
_PROMOTION_EVERY_DAYS = 63
_PROMOTION_DAYS = 14
_PUBLISHED_DAYS_BEFORE = 28
# Monday to Saturday; closed on Sunday
_WEEKDAY_SHARE = np.array([1.25, 1.2, 1.15, 1.15, 1.2, 1.05, 0.0])


@dataclass(frozen=True)
class Horizon:
    """The days of a run, as day numbers: `start` to `end`, both included.

    Growth and level shifts are counted from `anchor`, the last day if none is given; a run whose
    end may move names another day, so that its past stays the same.
    """

    start: int
    end: int
    anchor: int | None = None

    @property
    def anchor_day(self) -> int:
        """The day from which growth is counted."""
        return self.end if self.anchor is None else self.anchor

    @property
    def days(self) -> int:
        """How many days the run has."""
        return self.end - self.start + 1

    def numbers(self) -> Ints:
        """Every day number of the run."""
        return np.arange(self.start, self.end + 1)


@dataclass(frozen=True)
class Promotions:
    """Promotions of a category: first and last day, day of publication, factor on demand."""

    category: Ints
    number: Ints
    start: Ints
    end: Ints
    published: Ints
    uplift: Floats


@dataclass(frozen=True)
class Requests:
    """Requests sorted by day, then item-location, then sequence within the day.

    `position` points into the item-locations, `waits` says whether an unfilled rest waits.
    """

    position: Ints
    day: Ints
    sequence: Ints
    units: Ints
    waits: npt.NDArray[np.bool_]


def is_selling(days: Ints) -> npt.NDArray[np.bool_]:
    """Whether locations sell on these days: not on Sundays (day 0, 1970-01-01, was a Thursday)."""
    return np.asarray((days + 3) % 7 != 6)


def is_working(days: Ints) -> npt.NDArray[np.bool_]:
    """Whether goods arrive on these days: Monday to Friday."""
    return np.asarray((days + 3) % 7 < 5)


def next_working_day(days: Ints) -> Ints:
    """Return each day, or the Monday after it if it falls on a weekend."""
    weekday = (days + 3) % 7
    return np.asarray(days + np.where(weekday >= 5, 7 - weekday, 0))


def make_promotions(seed: int, horizon: Horizon) -> Promotions:
    """Return the promotions that touch the horizon or are published in it."""
    numbers = np.arange(horizon.start // _PROMOTION_EVERY_DAYS - 1, horizon.end // _PROMOTION_EVERY_DAYS + 2)
    category, number = (grid.reshape(-1) for grid in np.meshgrid(np.arange(len(CATEGORIES)), numbers))
    offset = uniform(stream(seed, "promotion/start"), category, number) * (
        _PROMOTION_EVERY_DAYS - _PROMOTION_DAYS
    )
    start = number * _PROMOTION_EVERY_DAYS + offset.astype(np.int64)
    happens = uniform(stream(seed, "promotion/happens"), category, number) < 0.6
    uplift = np.round(1.25 + 0.5 * uniform(stream(seed, "promotion/uplift"), category, number), 2)
    published = start - _PUBLISHED_DAYS_BEFORE
    kept = happens & (start + _PROMOTION_DAYS > horizon.start) & (published <= horizon.end)
    return Promotions(
        category=category[kept],
        number=number[kept],
        start=start[kept],
        end=start[kept] + _PROMOTION_DAYS - 1,
        published=published[kept],
        uplift=uplift[kept],
    )


def promotion_factors(promotions: Promotions, horizon: Horizon) -> Floats:
    """Return the factor on demand and whether it is a promotion, days × categories."""
    factors = np.ones((horizon.days, len(CATEGORIES)))
    for row in range(len(promotions.category)):
        first = max(promotions.start[row] - horizon.start, 0)
        last = promotions.end[row] - horizon.start + 1
        factors[first : max(last, 0), promotions.category[row]] = promotions.uplift[row]
    return factors


def daily_rates(pairs: ItemLocations, horizon: Horizon, promotions: Promotions) -> Floats:
    """Return the true mean number of requests, days × item-locations.

    base rate × weekday × season of the item × growth × level shift × promotion of the category.
    """
    items, days = pairs.items, horizon.numbers()
    weekday = _WEEKDAY_SHARE[(days + 3) % 7][:, None]
    year_day = np.array([to_date(day).timetuple().tm_yday for day in days])[:, None]
    season = 1 + items.season_share * np.cos(2 * np.pi * (year_day - items.season_peak_day) / 365.25)
    years = (days - horizon.anchor_day)[:, None] / 365.25
    growth = np.exp(items.growth_per_year * years)
    is_after = (days[:, None] - horizon.anchor_day) > -items.shift_days_before_anchor
    shift = np.where(is_after, items.shift_factor, 1.0)
    promotion = promotion_factors(promotions, horizon)[:, items.category]
    per_item = weekday * season * growth * shift * promotion
    return np.asarray(per_item[:, pairs.item_position] * pairs.daily_requests)


def draw_requests(seed: int, pairs: ItemLocations, horizon: Horizon, rates: Floats) -> Requests:
    """Draw the requests of every item-location and day from `rates`."""
    draws = uniform(stream(seed, "requests"), pairs.key, horizon.numbers()[:, None])
    day_index, position = np.nonzero(draws > np.exp(-rates))
    counts = poisson(rates[day_index, position], draws[day_index, position])
    first = np.repeat(np.cumsum(counts) - counts, counts)
    sequence = np.arange(counts.sum()) - first
    position, day = np.repeat(position, counts), np.repeat(day_index, counts) + horizon.start
    key = keyed(stream(seed, "request"), pairs.key[position], day, sequence)
    stop = pairs.items.size_stop[pairs.item_position[position]]
    draw = uniform(key, 1)
    with np.errstate(divide="ignore"):
        extra = np.where(stop < 1, np.log(draw) / np.log1p(-np.minimum(stop, 1 - 1e-12)), 0.0)
    return Requests(
        position=position,
        day=day,
        sequence=sequence,
        units=np.minimum(1 + extra.astype(np.int64), MAX_REQUEST_UNITS),
        waits=uniform(key, 2) < pairs.wait_share[position],
    )
