"""Order rules for the simulator: base stock and (R,S), (s,S), (r,Q); levels may change each period."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from optimization.simulation.simulator import Integers, Mode, Numbers, Outcome, PerRow, Stock, play

_NOISE = 1e-9

Levels = dict[str, Numbers]
"""`order_up_to`, `reorder_point` and `order_quantity` as in `simulate`, whichever the rule has."""


@dataclass(frozen=True)
class OrderUpTo:
    """Raise the position to S when it is at most s; without s whenever it is below S.

    `order_up_to` and `reorder_point` are (n,) or (n, T+1), units: one column per review, column 0
    for the opening review, column t+1 for the end of period t, which may rest on demand up to and
    including t. With the first period at column o of a panel, column k is that of origin o + k.
    """

    order_up_to: Numbers
    reorder_point: Numbers | None = None

    def __call__(self, period: int, stock: Stock) -> Numbers:
        """Return the units up to S."""
        level = _at(self.order_up_to, period)
        gap = level - stock.position
        if self.reorder_point is None:
            return gap
        return np.where(stock.position <= _at(self.reorder_point, period) + _NOISE, gap, 0.0)


@dataclass(frozen=True)
class FixedQuantity:
    """(r, nQ): when the position is at most r, the fewest whole quantities Q that lift it above r.

    Shapes as in `OrderUpTo`; a Q of 0 orders nothing.
    """

    reorder_point: Numbers
    quantity: Numbers

    def __call__(self, period: int, stock: Stock) -> Numbers:
        """Return a whole number of quantities."""
        gap = _at(self.reorder_point, period) - stock.position
        quantity = _at(self.quantity, period)
        lots = np.floor(np.divide(gap, quantity, out=np.zeros_like(gap), where=quantity > 0) + _NOISE) + 1.0
        return np.where(gap >= -_NOISE, lots * quantity, 0.0)


def simulate(
    demand: Numbers,
    order_up_to: Numbers | None = None,
    *,
    reorder_point: Numbers | None = None,
    order_quantity: Numbers | None = None,
    lead_time: int | Integers,
    review: int | Integers = 1,
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
    """Play the levels of a policy: S alone is base stock or (R,S), with s (s,S), r and Q (r,Q).

    Levels are (n,) or (n, T+1), one column per review as in `OrderUpTo`; the rest as in `play`.

    >>> outcome = simulate(
    ...     np.array([[3.0, 7, 2, 4, 6, 1]]), np.array([12.0]), lead_time=2, mode="lost",
    ...     on_hand=8.0, opening_review=True,
    ... )
    >>> float(outcome.cost(holding=1.0, lost=5.0)[0]), round(outcome.fill_rate(), 4)
    (19.0, 0.913)
    """
    for levels in (order_up_to, reorder_point, order_quantity):
        if levels is not None and levels.ndim == 2 and levels.shape[1] != demand.shape[1] + 1:
            raise ValueError(f"levels need one column per review, {demand.shape[1] + 1}: {levels.shape}")
    rule: OrderUpTo | FixedQuantity
    if order_quantity is not None:
        if reorder_point is None or order_up_to is not None:
            raise ValueError("a fixed order quantity goes with a reorder point and without order-up-to")
        rule = FixedQuantity(reorder_point, order_quantity)
    elif order_up_to is None:
        raise ValueError("say order_up_to, or reorder_point and order_quantity")
    else:
        rule = OrderUpTo(order_up_to, reorder_point)
    return play(
        demand,
        rule,
        lead_time=lead_time,
        review=review,
        mode=mode,
        lost_share=lost_share,
        lot=lot,
        moq=moq,
        received_share=received_share,
        on_hand=on_hand,
        pipeline=pipeline,
        opening_review=opening_review,
        warm_up=warm_up,
        keep_ledger=keep_ledger,
    )


def _at(levels: Numbers, period: int) -> Numbers:
    return levels if levels.ndim == 1 else levels[:, period + 1]
