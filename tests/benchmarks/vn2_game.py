"""The VN2 game itself: its data, its initial states and its rules, played by the simulator."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt
import pandas as pd

from optimization.simulation.simulator import Numbers, Stock
from optimization.simulation.simulator import play as simulate_orders

Integers = npt.NDArray[np.int64]
IDS = ["Store", "Product"]
YEAR = 52
LEAD_TIME = 2


@dataclass(frozen=True)
class Game:
    """Sales (n, weeks) with the future weeks last, and what the game gives at its start.

    `sales` are what was sold or, in the game's weeks, asked for; `is_in_stock` their flags. A policy
    never sees these arrays but through `demand_until` and `sales_until`.
    """

    sales: Numbers
    is_in_stock: npt.NDArray[np.bool_]
    first_week: pd.Timestamp
    width: int
    on_hand: Numbers
    due: Numbers
    product: Integers
    rules: dict[str, Any]

    @property
    def n(self) -> int:
        """Number of items."""
        return len(self.sales)

    @property
    def has_future(self) -> bool:
        """Whether the weeks after the history are known."""
        return bool(self.sales.shape[1] > self.width)

    @property
    def n_weeks(self) -> int:
        """Weeks of a game."""
        return int(self.rules["rules"]["weeks"])

    @property
    def rounds(self) -> int:
        """Orders of a game."""
        return int(self.rules["rules"]["rounds"])

    def date(self, week: int) -> str:
        """First day of a week."""
        return str((self.first_week + pd.Timedelta(weeks=week)).date())

    def week_of_year(self, first: int, last: int) -> Integers:
        """ISO week of the weeks `first` … `last` − 1, 1 to 53."""
        days = pd.date_range(self.first_week + pd.Timedelta(weeks=first), periods=last - first, freq="7D")
        return days.isocalendar().week.to_numpy().astype(np.int64)

    def sales_until(self, origin: int) -> Numbers:
        """Sales of the weeks before `origin`, zero where out of stock."""
        return self.sales[:, :origin].copy()

    def demand_until(self, origin: int) -> Numbers:
        """Demand of the weeks before `origin`, NaN where out of stock."""
        return np.where(self.is_in_stock[:, :origin], self.sales[:, :origin], np.nan)

    def earlier_origins(self) -> list[int]:
        """First weeks of the windows in the history, one after another, oldest first."""
        last = self.width - self.n_weeks
        return sorted(range(last, YEAR, -self.n_weeks))

    def playing(self, origin: int) -> npt.NDArray[np.bool_]:
        """Items that play from `origin`: all in the game itself."""
        if origin >= self.width:
            return np.ones(self.n, dtype=bool)
        always = self.is_in_stock[:, origin : origin + self.n_weeks].all(axis=1)
        return np.asarray(always & (self.sales[:, origin - YEAR : origin].sum(axis=1) > 0))

    def initial_state(self, origin: int) -> tuple[Numbers, Numbers]:
        """Stock and receipts (n, 2) before week `origin`."""
        return (self.on_hand, self.due) if origin >= self.width else self.made_state(origin)

    def made_state(self, origin: int) -> tuple[Numbers, Numbers]:
        """Return the state that the game's rule makes from the 52 weeks of sales before `origin`."""
        mean = self.sales[:, origin - YEAR : origin].mean(axis=1)
        on_hand = np.ceil(mean)
        second = np.rint(np.maximum(2.0 * mean - on_hand, 0.0))
        return on_hand, np.stack([np.zeros(self.n), second], axis=1)

    def state_rule_holds(self) -> bool:
        """Whether that rule gives exactly the initial state of the game."""
        on_hand, due = self.made_state(self.width)
        return bool(np.array_equal(on_hand, self.on_hand) and np.array_equal(due, self.due))


class Policy(Protocol):
    """What orders a round: whole units per item."""

    def __call__(self, game: Game, start: int, origin: int, stock: Stock) -> Numbers:
        """Order before week `origin` of a game that began with week `start`."""
        ...


def load(folder: Path, future: Path | None = None) -> Game:
    """Read a game; `future` may hold the later weeks, with or without the history.

    In-stock flags of weeks that are not played yet are dropped: nobody knows them beforehand.
    """
    sales = _table(folder, "sales_w0")
    weeks = _weeks(sales)
    in_stock = _table(folder, "in_stock_w0").reindex(sales.index)[weeks]
    state = _table(folder, "initial_state").reindex(sales.index)
    values = sales[weeks].to_numpy(np.float64)
    flags = in_stock.to_numpy(bool)
    rules = json.loads((folder / "rules_and_anchors.json").read_text())
    if future is not None:
        later = _later_weeks(future, sales.index, weeks, int(rules["rules"]["weeks"]))
        values = np.concatenate([values, later], axis=1)
        flags = np.concatenate([flags, np.ones(later.shape, dtype=bool)], axis=1)
    return Game(
        sales=values,
        is_in_stock=flags,
        first_week=pd.Timestamp(weeks[0]),
        width=len(weeks),
        on_hand=state["End Inventory"].to_numpy(np.float64),
        due=state[["In Transit W+1", "In Transit W+2"]].to_numpy(np.float64),
        product=pd.factorize(sales.index.get_level_values("Product"), sort=True)[0].astype(np.int64),
        rules=rules,
    )


def play(game: Game, start: int, policy: Policy) -> tuple[Numbers, float]:
    """Play one game from week `start`: net cost per item and the fill rate of the same weeks."""
    cost, fill = weekly_costs(game, start, policy)
    return cost[:, game.rules["rules"]["setup_weeks"] :].sum(axis=1), fill


def weekly_costs(game: Game, start: int, policy: Policy) -> tuple[Numbers, float]:
    """Cost per item and week (n, 8), 0 for items that do not play, and the fill rate after set-up.

    Before week `start + k` a policy knows the weeks before it; the last weeks take no order.
    """
    rules = game.rules["rules"]
    on_hand, due = game.initial_state(start)
    demand = game.sales[:, start : start + game.n_weeks]

    def rule(period: int, stock: Stock) -> Numbers:
        if period + 1 >= game.rounds:
            return np.zeros(game.n)
        return policy(game, start, start + period + 1, stock)

    outcome = simulate_orders(
        np.where(game.playing(start)[:, None], demand, np.nan),
        rule,
        lead_time=LEAD_TIME,
        mode="lost",
        on_hand=on_hand,
        pipeline=due,
        opening_review=True,
        warm_up=int(rules["setup_weeks"]),
        keep_ledger=True,
    )
    ledger = outcome.ledger
    assert ledger is not None
    cost = rules["holding_per_unit_week"] * ledger.on_hand + rules["lost_sale"] * ledger.lost
    return cost * game.playing(start)[:, None], outcome.fill_rate()


def anchors(game: Game, perfect: Policy, benchmark: Policy) -> dict[str, float]:
    """Return the figures that the game publishes, by the names of its rules file."""

    def nothing(game: Game, start: int, origin: int, stock: Stock) -> Numbers:
        return np.zeros(game.n)

    setup = int(game.rules["rules"]["setup_weeks"])
    empty = weekly_costs(game, game.width, nothing)[0].sum(axis=0)
    net: Callable[[Policy], float] = lambda policy: float(play(game, game.width, policy)[0].sum())  # noqa: E731
    return {
        "week1_setup": float(empty[0]),
        "week2_setup": float(empty[1]),
        "setup_total": float(empty[:setup].sum()),
        "no_orders_total": float(empty.sum()),
        "oracle_net": net(perfect),
        "benchmark_net": net(benchmark),
    }


def _table(folder: Path, name: str) -> pd.DataFrame:
    path = folder / f"{name}.parquet"
    return _read(path if path.exists() else folder / f"{name}.csv")


def _read(path: Path) -> pd.DataFrame:
    frame = pd.read_parquet(path) if path.suffix == ".parquet" else pd.read_csv(path)
    return frame.set_index(IDS) if set(IDS) <= set(frame.columns) else frame


def _weeks(frame: pd.DataFrame) -> list[str]:
    return sorted(str(name) for name in frame.columns if _date(str(name)) is not None)


def _date(name: str) -> pd.Timestamp | None:
    found = pd.to_datetime(name, format="%Y-%m-%d", errors="coerce", exact=False)
    return None if pd.isna(found) else found


def _later_weeks(path: Path, items: pd.Index, history: list[str], count: int) -> Numbers:
    """Return demand of the first `count` weeks after the history, in the order of `items`."""
    frame = _read(path)
    dated = {name: _date(str(name)) for name in frame.columns}
    last = pd.Timestamp(history[-1])
    later = sorted((date, name) for name, date in dated.items() if date is not None and date > last)
    # Columns without a date (week_1, week_2, …) are taken in their order.
    chosen = [name for _, name in later] or [name for name, date in dated.items() if date is None]
    if len(chosen) < count:
        raise SystemExit(f"{path} holds {len(chosen)} weeks after {history[-1]}; the game needs {count}.")
    if isinstance(frame.index, pd.RangeIndex) and len(frame) == len(items):
        frame.index = items
    values = frame.reindex(items)[chosen[:count]].to_numpy(np.float64)
    if not np.isfinite(values).all():
        raise SystemExit(f"{path} lacks demand for {int((~np.isfinite(values)).any(axis=1).sum())} items.")
    return values
