"""Who plays the VN2 game: the published benchmark, a textbook rule, perfect foresight, and ours."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from scipy import special

from optimization.demand.panel import DemandPanel
from optimization.demand.pooled import PooledModel, fit_pooled_model
from optimization.demand.week_index import WEEKS, week_indices
from optimization.policy.lookahead import demand_paths, lost_sales_order
from optimization.policy.newsvendor import critical_ratio as ratio_of
from optimization.simulation import baselines
from optimization.simulation.moments import rolling_moments
from optimization.simulation.simulator import Numbers, Stock
from tests.benchmarks.vn2_game import LEAD_TIME, YEAR, Game, Policy

INTERVAL = LEAD_TIME + 1
N_PATHS = 500


def critical_ratio(rules: dict[str, Any]) -> float:
    """p/(p + h), 5/6 in this game."""
    costs = rules["rules"]
    return ratio_of(costs["lost_sale"], costs["holding_per_unit_week"])


@dataclass(frozen=True)
class Benchmark:
    """The organisers' published benchmark: a seasonal 13-week moving average, ordered up to `cover` weeks.

    As published: seasonal factors are the mean over all items and years of the weekly means (over
    items in stock), per ISO week, divided by their own plain mean; demand is divided by them, the
    mean of the last 13 weeks that were in stock is multiplied by the factors of the next `cover`
    weeks, and the order is their sum less stock and all supply on its way, at least 0, rounded half
    to even. Factors are computed anew before each order. Choices: an item with none of the 13
    weeks in stock orders nothing, and an ISO week never seen has factor 1 (neither occurs in the
    game).
    """

    cover: int
    grid: tuple[float, ...] = ()

    def at(self, control: float | None, game: Game) -> Policy:
        """Nothing is tuned."""
        return self

    def __call__(self, game: Game, start: int, origin: int, stock: Stock) -> Numbers:
        """Order before week `origin`."""
        return np.rint(np.maximum(self.levels(game, origin) - stock.position, 0.0))

    def levels(self, game: Game, origin: int) -> Numbers:
        """Sum of the next `cover` forecasts per item."""
        demand, week = game.demand_until(origin), game.week_of_year(0, origin)
        seen = ~np.isnan(demand)
        by_week = np.where(seen, demand, 0.0).sum(axis=0) / np.maximum(seen.sum(axis=0), 1)
        counted = np.where(seen.any(axis=0), 1.0, 0.0)
        total, count = (np.bincount(week, each, 54) for each in (by_week * counted, counted))
        factor = np.divide(total, count, out=np.full(54, np.nan), where=count > 0)
        factor = np.nan_to_num(factor / np.nanmean(factor), nan=1.0)
        plain = demand / np.maximum(factor[week], 1e-9)
        base = rolling_moments(plain, np.array([origin]), 13)[0][:, 0]
        return np.asarray(base * factor[game.week_of_year(origin, origin + self.cover)].sum())


@dataclass(frozen=True)
class Textbook:
    """Base stock S = 3·f + z·σ·√2: Syntetos and Boylan's f (α = 0.1), σ of a year of weeks, z = Φ⁻¹(5/6).

    Tuned, z is the one with the least cost on the windows before.
    """

    is_tuned: bool = False
    z: float | None = None

    @property
    def grid(self) -> tuple[float, ...]:
        """Values of z to choose from, the printed one first."""
        return (
            (float(special.ndtri(5.0 / 6.0)), -0.5, -0.25, 0.0, 0.25, 0.5, 0.75, 1.25)
            if self.is_tuned
            else ()
        )

    def at(self, control: float | None, game: Game) -> Policy:
        """Return the rule with this z."""
        z = special.ndtri(critical_ratio(game.rules)) if control is None else control
        return replace(self, z=float(z))

    def __call__(self, game: Game, start: int, origin: int, stock: Stock) -> Numbers:
        """Order before week `origin`."""
        assert self.z is not None
        rule = baselines.Textbook(alpha=0.1, year=YEAR)
        interval = np.full(game.n, float(INTERVAL))
        levels = rule.levels(game.demand_until(origin), np.array([origin]), interval)(self.z)
        return np.maximum(levels["order_up_to"][:, 0] - stock.position, 0.0)


@dataclass(frozen=True)
class Perfect:
    """Knows the demand of every week: the oracle of the published figures, no policy."""

    def __call__(self, game: Game, start: int, origin: int, stock: Stock) -> Numbers:
        """Order what the week of arrival will lack."""
        coming = game.sales[:, origin : origin + INTERVAL, None]
        return lost_sales_order(stock.on_hand, _due(stock), coming, 0.5)


@dataclass(frozen=True)
class Forecasts:
    """Paths of demand over the next three weeks by window and week, learnt once per window.

    The pooled negative binomial on demand divided by week indices of the product; its rate times the
    indices of the weeks to come, its variance-to-mean ratio over the interval for each week.
    """

    learnt: dict[int, tuple[Numbers, PooledModel]] = field(default_factory=dict)
    paths: dict[tuple[int, int], Numbers] = field(default_factory=dict)

    def of(self, game: Game, start: int, origin: int) -> Numbers:
        """Return paths (n, 3, paths) as seen before week `origin` in the game that began at `start`."""
        if (start, origin) not in self.paths:
            index, model = self._learnt(game, start)
            demand = game.demand_until(origin)
            panel = DemandPanel(demand / index[:, _slot(game, 0, origin)], float(WEEKS))
            seen = model.predict(panel, np.full(game.n, float(INTERVAL)))
            mean = seen.rate[:, None] * index[:, _slot(game, origin, origin + INTERVAL)]
            vmr = seen.variance / np.maximum(seen.mean, 1e-9)
            self.paths[start, origin] = demand_paths(mean, vmr, N_PATHS).astype(np.float32)
        return self.paths[start, origin]

    def _learnt(self, game: Game, start: int) -> tuple[Numbers, PooledModel]:
        if start not in self.learnt:
            # A window is played to its end before the next begins.
            self.learnt.clear()
            self.paths.clear()
            demand, slot = game.demand_until(start), _slot(game, 0, start)
            index = week_indices(demand, slot, game.product)
            panel = DemandPanel(demand / index[:, slot], float(WEEKS))
            self.learnt[start] = index, fit_pooled_model(panel, np.full(game.n, float(INTERVAL)))
        return self.learnt[start]


@dataclass(frozen=True)
class Ours:
    """Orders by looking ahead to the week of arrival.

    Tuned, the critical ratio is the one with the least cost on the windows before. The last order
    always takes that of the costs: no later order is spoilt by what it leaves over.
    """

    ratio: float
    forecasts: Forecasts
    is_tuned: bool = False

    @property
    def grid(self) -> tuple[float, ...]:
        """Critical ratios to choose from, that of the costs first."""
        return (self.ratio, 0.65, 0.7, 0.75, 0.8) if self.is_tuned else ()

    def at(self, control: float | None, game: Game) -> Policy:
        """Return the policy with this critical ratio."""
        return replace(self, ratio=self.ratio if control is None else control)

    def __call__(self, game: Game, start: int, origin: int, stock: Stock) -> Numbers:
        """Order before week `origin`."""
        paths = self.forecasts.of(game, start, origin)
        is_last = origin - start + 1 == game.rounds
        ratio = critical_ratio(game.rules) if is_last else self.ratio
        return lost_sales_order(stock.on_hand, _due(stock), paths, ratio)


def _due(stock: Stock) -> Numbers:
    return np.stack([stock.due(period) for period in range(LEAD_TIME)], axis=1)


def _slot(game: Game, first: int, last: int) -> np.ndarray[Any, np.dtype[np.int64]]:
    """Week of the year from 0; the rare week 53 shares the last."""
    return np.minimum(game.week_of_year(first, last), WEEKS) - 1
