"""What a replay of the own history stands on: the scored item-locations, their weeks and their terms.

The history is cut at a split. Before it everything is learnt and tuned; after it everything is
scored. Rules and methods that are compared get the same replay: the same demand, lead times and lots.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import pandas as pd

from optimization.demand.levels import CLASSES, features
from optimization.demand.panel import DemandPanel, Flags, Integers, Numbers
from optimization.demand.series import DAYS_PER_WEEK, WEEKS_PER_YEAR, WeeklySeries
from optimization.keys import positions
from optimization.lifecycle import is_closed
from optimization.parameters import BacktestParameters
from optimization.simulation.frontier import Trial

Texts = npt.NDArray[np.object_]

LEAST_SCORED_WEEKS, MOST_SCORED_WEEKS = 8, 52
MOST_WARM_UP_WEEKS = 13
LEAST_OF_A_CLASS = 120
# A lead time drawn longer than this is a record of something else.
_LONGEST_LEAD_WEEKS = 52


@dataclass(frozen=True)
class Weeks:
    """How the columns of the panel are used: played from `first`, tuned before `split`, scored after.

    `step` is the number of weeks between two forecasts that are compared; `width` counts the columns.
    """

    first: int
    split: int
    width: int
    step: int

    @property
    def warm_up(self) -> int:
        """Weeks that are played before any is counted, so that the opening stock is forgotten."""
        return min(MOST_WARM_UP_WEEKS, (self.split - self.first) // 2)

    @property
    def origins(self) -> Integers:
        """Dates of forecasting in the scored weeks, as numbers of known columns, with the warm-up."""
        return np.arange(self.split - self.warm_up // self.step * self.step, self.width, self.step)

    @property
    def scored(self) -> Integers:
        """Those of `origins` from the split on."""
        return self.origins[self.origins >= self.split]


def weeks_of(width: int, parameters: BacktestParameters) -> Weeks | None:
    """Cut a history of `width` weeks: the last third is scored, at most a year; None when too short.

    >>> weeks_of(104, BacktestParameters())
    Weeks(first=24, split=72, width=104, step=4)
    >>> weeks_of(30, BacktestParameters()) is None
    True
    """
    scored = min(width // 3, MOST_SCORED_WEEKS)
    step = max(1, min(parameters.origin_every_weeks, scored // LEAST_SCORED_WEEKS))
    split = width - scored // step * step
    if scored < LEAST_SCORED_WEEKS or split < parameters.min_history_weeks:
        return None
    return Weeks(first=split // 3, split=split, width=width, step=step)


@dataclass(frozen=True)
class Replay:
    """The scored item-locations (n, in key order) and all that is the same for every rule.

    `items` are rows of `opt_in__item_location`; `demand_class` (n,) as known at the split.
    `interval` is lead time plus review in weeks, `lead_sd` the lead time's spread, `lead_time`
    (n, played + 1) the whole weeks drawn for each review, `review` whole weeks. `in_proportion` marks
    the rows that stand for the whole; the others are there to say more about rare classes.
    """

    items: pd.DataFrame
    panel: DemandPanel
    weeks: Weeks
    demand_class: Texts
    interval: Numbers
    lead_sd: Numbers
    lead_time: Integers
    review: Integers
    in_proportion: Flags

    @property
    def n(self) -> int:
        """Number of scored item-locations."""
        return self.panel.n

    @property
    def holding_cost(self) -> Numbers:
        """Cost of one unit on hand for one week, money."""
        return self.number("holding_rate") * self.number("unit_cost") / WEEKS_PER_YEAR

    def number(self, term: str) -> Numbers:
        """One numeric column of the items, (n,)."""
        return self.items[term].to_numpy(np.float64)

    def take(self, rows: Integers) -> Replay:
        """Return the replay of these rows."""
        return replace(
            self,
            items=self.items.iloc[rows].reset_index(drop=True),
            panel=self.panel.take(rows),
            demand_class=self.demand_class[rows],
            interval=self.interval[rows],
            lead_sd=self.lead_sd[rows],
            lead_time=self.lead_time[rows],
            review=self.review[rows],
            in_proportion=self.in_proportion[rows],
        )

    def aiming_at(self, service_target: Numbers) -> Replay:
        """Return the replay with other targets, (n,)."""
        return replace(self, items=self.items.assign(service_target=service_target))

    def tuning(self) -> Trial:
        """Return the trial before the split, on which controls are chosen."""
        return self._trial(self.weeks.first + self.weeks.warm_up, self.weeks.split)

    def scoring(self) -> Trial:
        """Return the trial after the split."""
        return self._trial(self.weeks.split, self.weeks.width)

    def _trial(self, first: int, last: int) -> Trial:
        begin = first - self.weeks.warm_up - self.weeks.first
        return Trial(
            self.panel.values,
            first,
            last,
            lead_time=self.lead_time[:, begin : last - self.weeks.first + 1],
            review=self.review,
            mode=self.items["stockout_behaviour"].to_numpy(dtype=object),
            lot=self.number("lot_units"),
            moq=self.number("moq_units"),
            warm_up=self.weeks.warm_up,
        )


def replay_of(
    item_location: pd.DataFrame,
    series: WeeklySeries,
    protection_demand: pd.DataFrame,
    parameters: BacktestParameters,
) -> Replay | None:
    """Draw the sample and put together the replay; None where no history is long enough.

    `item_location` is screened and in key order, `series` are its weeks, `protection_demand`
    has the lead time of each. An item-location is scored when `has_history` and
    `min_history_weeks` of its weeks before the split are known.
    """
    width = int(series.n_weeks.max(initial=0))
    weeks = weeks_of(width, parameters)
    if weeks is None:
        return None
    rows = np.flatnonzero(has_history(item_location, series, parameters))
    # A wider draw first, so that the matrix of weeks stays small whatever the number of item-locations.
    drawn = evenly_by_group(
        item_location.iloc[rows], np.zeros(len(rows), np.int64), 4 * parameters.max_series
    )
    rows = rows[drawn]
    values = dense_to(series, rows, width)
    long_before = (~np.isnan(values[:, : weeks.split])).sum(axis=1) >= parameters.min_history_weeks
    values, rows = values[long_before], rows[long_before]
    if not len(rows):
        return None
    panel = DemandPanel(values, WEEKS_PER_YEAR)
    code = features(panel, np.ones(panel.n), np.array([weeks.split])).code[0]
    chosen = evenly_by_group(item_location.iloc[rows], code.astype(np.int64), parameters.max_series)
    in_proportion = np.isin(np.arange(len(rows)), chosen)
    chosen = np.sort(np.concatenate([chosen, *_more_of_rare(item_location.iloc[rows], code, in_proportion)]))
    items = item_location.iloc[rows[chosen]].reset_index(drop=True)
    terms = protection_demand.iloc[positions(items, protection_demand)]
    lead, lead_sd, interval = (
        terms[name].to_numpy(np.float64) / DAYS_PER_WEEK
        for name in ("lead_time_days", "lead_time_sd_days", "protection_days")
    )
    review_days = items["review_days"].to_numpy(np.float64)
    return Replay(
        items=items,
        panel=panel.take(chosen),
        weeks=weeks,
        demand_class=np.array(CLASSES, dtype=object)[code[chosen]],
        interval=interval,
        lead_sd=lead_sd,
        lead_time=drawn_lead_times(lead, lead_sd, weeks.width - weeks.first + 1, parameters.seed),
        review=np.maximum(np.rint(review_days / DAYS_PER_WEEK), 1.0).astype(np.int64),
        in_proportion=in_proportion[chosen],
    )


def _more_of_rare(items: pd.DataFrame, code: npt.NDArray[np.int8], taken: Flags) -> list[Integers]:
    """Further rows of each class that has fewer than `LEAST_OF_A_CLASS` in the sample."""
    more = []
    for name in range(len(CLASSES)):
        rest = np.flatnonzero((code == name) & ~taken)
        missing = max(LEAST_OF_A_CLASS - int(((code == name) & taken).sum()), 0)
        if missing and len(rest):
            more.append(rest[evenly_by_group(items.iloc[rest], np.zeros(len(rest), np.int64), missing)])
    return more


def has_history(item_location: pd.DataFrame, series: WeeklySeries, parameters: BacktestParameters) -> Flags:
    """Whether an item-location can be scored: still replenished, plausible, enough weeks known."""
    long_enough = series.known_weeks >= parameters.min_history_weeks
    return np.asarray(long_enough & ~series.is_poisoned & ~is_closed(item_location))


def dense_to(series: WeeklySeries, rows: Integers, width: int) -> Numbers:
    """Weeks of these rows as a matrix of `width` columns, NaN before their start."""
    values = series.dense(rows)
    return np.pad(values, ((0, 0), (width - values.shape[1], 0)), constant_values=np.nan)


def evenly_by_group(frame: pd.DataFrame, group: Integers, most: int) -> Integers:
    """Rows of a sample in proportion to the groups, ascending; the same whatever order they come in.

    Rows are ordered by group and by a hash of their key, and every n/most-th is taken.
    """
    if len(frame) <= most:
        return np.arange(len(frame))
    key = pd.util.hash_pandas_object(frame["item_id"] + "\x1f" + frame["location_id"], index=False)
    order = np.lexsort((key.to_numpy(), group))
    at = np.floor((np.arange(most) + 0.5) * len(frame) / most).astype(np.int64)
    return np.sort(order[at])


def drawn_lead_times(mean: Numbers, sd: Numbers, reviews: int, seed: int) -> Integers:
    """Whole weeks per item-location and review, (n, reviews): gamma with this mean and spread.

    Fractions are rounded up or down at random, so that the mean stays what it is.
    """
    draw = np.random.default_rng(seed)
    weeks = np.repeat(mean[:, None], reviews, axis=1)
    varies = (sd > 1e-9) & (mean > 1e-9)
    if varies.any():
        shape = (mean[varies] / sd[varies]) ** 2
        scale = sd[varies] ** 2 / mean[varies]
        weeks[varies] = draw.gamma(shape[:, None], scale[:, None], (int(varies.sum()), reviews))
    whole = np.floor(weeks + draw.random(weeks.shape))
    return np.clip(whole, 0.0, _LONGEST_LEAD_WEEKS).astype(np.int64)
