"""The one simulator: stock of many item-locations through periods, one event order for all.

In a period: receive, clear backorders, demand, end count, review and order. An order placed at the
end of period t with lead time L is received at the start of t + L + 1. Rows are item-locations;
stack rows to sweep a control. The loop runs over periods only. What a rule orders stands in
`rules.py`; what a run is worth in `frontier.py`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, Protocol

import numpy as np
import numpy.typing as npt

from optimization.errors import NonFiniteInputError
from optimization.lots import feasible_quantity

Numbers = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]
Mode = Literal["backorder", "lost", "mixed"]
PerRow = float | Numbers

# Stock and positions are sums and differences of quantities; this much is noise.
_NOISE = 1e-9


class Stock:
    """Stock, backlog and supply on its way of n rows; all arrays are (n,), units.

    `on_hand` and `backlog` are those of now, `on_order` what was ordered and is not received yet,
    short deliveries included until they arrive. `due(k)` is what arrives k periods from now.
    """

    def __init__(self, on_hand: Numbers, pipeline: Numbers, longest_lead_time: int) -> None:
        n = len(on_hand)
        self.on_hand = on_hand.copy()
        self.backlog = np.zeros(n)
        self.on_order = pipeline.sum(axis=1)
        self._width = max(longest_lead_time + 2, pipeline.shape[1] + 1)
        self._now = 0
        self._coming = np.zeros((self._width, n))
        self._coming[: pipeline.shape[1]] = pipeline.T
        self._ordered = self._coming.copy()
        self._rows = np.arange(n)

    @property
    def position(self) -> Numbers:
        """On hand plus on order minus backorders, units."""
        position: Numbers = self.on_hand + self.on_order - self.backlog
        return position

    def due(self, periods: int) -> Numbers:
        """Units that arrive at the start of the period after next `periods`; 0 is the next period."""
        arriving: Numbers = self._coming[(self._now + periods) % self._width].copy()
        return arriving

    def receive(self) -> tuple[Numbers, Numbers]:
        """Open a period: take what is due, clear backorders; returns units received, units cleared."""
        slot = self._now % self._width
        received = self._coming[slot].copy()
        self.on_order -= self._ordered[slot]
        self._coming[slot] = 0.0
        self._ordered[slot] = 0.0
        self.on_hand += received
        cleared = np.minimum(self.on_hand, self.backlog)
        self.on_hand -= cleared
        self.backlog -= cleared
        self._now += 1
        return received, cleared

    def serve(self, demand: Numbers, lost_share: Numbers) -> tuple[Numbers, Numbers]:
        """Serve demand from stock; returns units served at once and units lost, the rest waits."""
        served = np.minimum(self.on_hand, demand)
        self.on_hand -= served
        short = demand - served
        lost = short * lost_share
        self.backlog += short - lost
        return served, lost

    def order(self, quantity: Numbers, lead_time: Integers, received: Numbers | None = None) -> None:
        """Place an order between two periods; `received` units of it will come (default: all)."""
        slot = (self._now + lead_time) % self._width
        self.on_order += quantity
        self._ordered[slot, self._rows] += quantity
        self._coming[slot, self._rows] += quantity if received is None else received


class OrderRule(Protocol):
    """What to order at the end of a period: (n,) units before minimum and lots, 0 for nothing."""

    def __call__(self, period: int, stock: Stock) -> Numbers:
        """`period` is the one that ended, −1 before the first; the rule may read `stock` only."""
        ...


@dataclass(frozen=True)
class Ledger:
    """Every period of every row, (n, T), units; `order` is what was ordered at its end."""

    receipt: Numbers
    cleared: Numbers
    served: Numbers
    lost: Numbers
    on_hand: Numbers
    backlog: Numbers
    order: Numbers


@dataclass(frozen=True)
class Outcome:
    """Totals per row over the counted periods with a known demand; all (n,), units unless said.

    `filled` is served at once from stock, `lost` is gone, the rest waited. `on_hand` and `backlog`
    are sums of end counts (unit-periods) over `periods`; `short_periods` ended with unmet demand.
    `orders` (a count) and `ordered` are over all counted periods. `closing_*` is the state at the end.
    """

    demand: Numbers
    filled: Numbers
    lost: Numbers
    on_hand: Numbers
    backlog: Numbers
    periods: Numbers
    short_periods: Numbers
    orders: Numbers
    ordered: Numbers
    closing_on_hand: Numbers
    closing_backlog: Numbers
    closing_on_order: Numbers
    opening_order: Numbers
    ledger: Ledger | None = None

    @property
    def mean_on_hand(self) -> Numbers:
        """Mean end-of-period stock, units."""
        return self.on_hand / np.maximum(self.periods, 1.0)

    @property
    def mean_backlog(self) -> Numbers:
        """Mean end-of-period backlog, units."""
        return self.backlog / np.maximum(self.periods, 1.0)

    def fill_rate(self) -> float:
        """Units served at once per unit asked for, over all rows; NaN without demand."""
        total = float(self.demand.sum())
        return float(self.filled.sum()) / total if total > 0 else float("nan")

    def cost(self, holding: PerRow, backlog: PerRow = 0.0, lost: PerRow = 0.0) -> Numbers:
        """Per row: holding and backlog per unit and period, lost per unit."""
        return holding * self.on_hand + backlog * self.backlog + lost * self.lost


def play(
    demand: Numbers,
    rule: OrderRule,
    *,
    lead_time: int | npt.NDArray[np.int64],
    review: int | npt.NDArray[np.int64] = 1,
    mode: Mode | npt.NDArray[np.object_] = "backorder",
    lost_share: PerRow = 0.5,
    lot: PerRow = 1.0,
    moq: PerRow = 0.0,
    received_share: PerRow = 1.0,
    on_hand: PerRow = 0.0,
    pipeline: Numbers | None = None,
    opening_review: bool = False,
    warm_up: int = 0,
    keep_ledger: bool = False,
) -> Outcome:
    """Play an order rule against demand (n, T) and count what happened.

    Parameters
    ----------
    demand:
        Units per period, ≥ 0. NaN is unknown: nobody asks in it, and neither its demand nor its
        stock is counted.
    rule:
        Called at the end of every period, once for all rows.
    lead_time:
        Whole periods ≥ 0: a number, (n,), or (n, T+1) drawn beforehand, column t+1 for the order
        at the end of period t and column 0 for the opening review. Hand the same array to every
        rule (common random numbers). Orders may overtake each other.
    review:
        Periods between reviews, a number or (n,). Rows are reviewed at the ends of periods R−1,
        2R−1, …
    mode:
        What becomes of unmet demand: it waits, it is lost, or, "mixed", the share `lost_share`
        of it is lost; one for all or (n,).
    lot, moq:
        Orders are ⌈max(need, MOQ)/lot⌉·lot.
    received_share:
        Share of an order that is delivered, in whole units; a number, (n,), or (n, T+1) like
        `lead_time`. The rest never comes, and the buyer learns it on receipt.
    on_hand, pipeline:
        Stock before the first period; `pipeline` (n, k) arrives at the starts of periods 0 … k−1.
    opening_review:
        Whether everything is reviewed once before the first period.
    warm_up:
        Periods at the start that are played and not counted.

    Raises
    ------
    NonFiniteInputError
        Negative or infinite demand, stock or pipeline; lead times that are not whole or < 0.
    """
    demand = np.asarray(demand, dtype=np.float64)
    n, n_periods = demand.shape
    incoming = np.zeros((n, 0)) if pipeline is None else np.asarray(pipeline, dtype=np.float64)
    stock_at_start = _per_row(on_hand, n)
    _refuse_implausible(demand=demand[~np.isnan(demand)], on_hand=stock_at_start, pipeline=incoming)
    lead_times = _by_review(lead_time, n, n_periods)
    if not np.isfinite(lead_times).all() or (lead_times < 0).any() or (lead_times % 1 != 0).any():
        raise NonFiniteInputError("lead_time must be whole periods ≥ 0; round them before the simulation.")
    lead_times = lead_times.astype(np.int64)
    shares = None if np.all(np.asarray(received_share) == 1.0) else _by_review(received_share, n, n_periods)
    every = np.broadcast_to(np.asarray(review, dtype=np.int64), (n,))
    reviews_differ = bool((every != 1).any())
    lots, minimum = _per_row(lot, n), _per_row(moq, n)
    lost_part = _lost_part(mode, lost_share, n)

    stock = Stock(stock_at_start, incoming, int(lead_times.max(initial=0)))
    counted = {name: np.zeros(n) for name in _COUNTED}
    rows: dict[str, list[Numbers]] = {name: [] for name in _LEDGER}

    def review_and_order(period: int, is_due: npt.NDArray[np.bool_] | None) -> Numbers:
        need = rule(period, stock)
        if is_due is not None:
            need = np.where(is_due, need, 0.0)
        quantity = feasible_quantity(need, minimum, lots)
        received = None
        if shares is not None:
            received = np.floor(quantity * shares[min(period + 1, len(shares) - 1)] + _NOISE)
        stock.order(quantity, lead_times[min(period + 1, len(lead_times) - 1)], received)
        return quantity

    opening_order = review_and_order(-1, None) if opening_review else np.zeros(n)
    for period in range(n_periods):
        received, cleared = stock.receive()
        is_known = ~np.isnan(demand[:, period])
        asked = np.where(is_known, demand[:, period], 0.0)
        served, lost = stock.serve(asked, lost_part)
        on_hand_end, backlog_end = stock.on_hand.copy(), stock.backlog.copy()
        quantity = review_and_order(period, (period + 1) % every == 0 if reviews_differ else None)
        if period >= warm_up:
            counted["demand"] += asked
            counted["filled"] += served
            counted["lost"] += lost
            counted["on_hand"] += on_hand_end * is_known
            counted["backlog"] += backlog_end * is_known
            counted["periods"] += is_known
            counted["short_periods"] += asked - served > _NOISE
            counted["orders"] += quantity > 0
            counted["ordered"] += quantity
        if keep_ledger:
            values = (received, cleared, served, lost, on_hand_end, backlog_end, quantity)
            for name, value in zip(_LEDGER, values, strict=True):
                rows[name].append(value)
    empty = np.zeros((n, 0))
    ledger = {name: np.stack(value, axis=1) if value else empty for name, value in rows.items()}
    return Outcome(
        **counted,
        closing_on_hand=stock.on_hand,
        closing_backlog=stock.backlog,
        closing_on_order=stock.on_order,
        opening_order=opening_order,
        ledger=Ledger(**ledger) if keep_ledger else None,
    )


_COUNTED = (
    "demand",
    "filled",
    "lost",
    "on_hand",
    "backlog",
    "periods",
    "short_periods",
    "orders",
    "ordered",
)
_LEDGER = ("receipt", "cleared", "served", "lost", "on_hand", "backlog", "order")


def _per_row(value: PerRow, n: int) -> Numbers:
    return np.array(np.broadcast_to(np.asarray(value, dtype=np.float64), (n,)))


def _by_review(value: PerRow | int | Integers, n: int, n_periods: int) -> Numbers:
    """(1, n) where all reviews share it, otherwise (T+1, n), one row per review."""
    array = np.asarray(value, dtype=np.float64)
    if array.ndim < 2:
        return np.broadcast_to(array, (n,))[None, :]
    if array.shape != (n, n_periods + 1):
        raise ValueError(f"expected one column per review, {(n, n_periods + 1)}, got {array.shape}")
    return np.ascontiguousarray(array.T)


def _lost_part(mode: Mode | npt.NDArray[np.object_], lost_share: PerRow, n: int) -> Numbers:
    modes = np.broadcast_to(np.asarray(mode, dtype=object), (n,))
    unknown = set(np.unique(modes.astype(str))) - {"backorder", "lost", "mixed"}
    if unknown:
        raise ValueError(f"unknown stockout behaviour {sorted(unknown)}; use backorder, lost or mixed")
    return np.where(modes == "lost", 1.0, np.where(modes == "mixed", lost_share, 0.0)).astype(np.float64)


def _refuse_implausible(**arrays: Numbers) -> None:
    for name, values in arrays.items():
        if not np.isfinite(values).all() or (values < 0).any():
            raise NonFiniteInputError(f"{name} must be finite and not negative; screen it before simulating.")
