"""One item at three places that needs every constraint family of the network model."""

from __future__ import annotations

import numpy as np

from optimization.network.problem import COUNT, TABLE, Curves, Moves, Places, Problem, Rows, Uses, grouped

NONE = -np.inf


def tiny_network() -> Problem:
    """Place 0 may give 4, by a lane with a fixed cost and one with a minimum of 3.

    Place 1 owes 3, should stand at 5, and orders in lots of 6 with a minimum of 10; what comes before
    an order could saves more. Place 2 has two segments, the first with a floor of 2 and a cap of 3,
    and may give 2 more in pairs.
    """

    def column(*values: float) -> np.ndarray:
        return np.array(values, dtype=np.float64)

    places = Places(
        item=np.zeros(3, dtype=np.int64),
        position=column(6, -3, 2),
        near_position=column(6, -3, 2),
        spare=column(4, 0, 2),
        level=column(NONE, 5, NONE),
        level_price=column(0, 50, 0),
        order_limit=column(0, 14, 0),
        order_cost=column(0, 0.25, 0),
        order_fixed_cost=column(0, 5, 0),
        lot=column(1, 6, 1),
        moq=column(0, 10, 0),
        near_mean=column(0, 0, 0),
        near_variance=column(0, 0, 0),
        near_shortage_cost=column(0, 9, 0),
    )
    # Demand of 0 makes a curve of two slopes; the table holds the slopes of the giver.
    curves = Curves(
        place=np.array([0, 1, 2, 2]),
        kind=np.array([TABLE, COUNT, TABLE, COUNT], dtype=np.int8),
        mean=column(0, 0, 0, 0),
        variance=column(0, 0, 0, 0),
        holding_cost=column(1, 1, 1, 1),
        shortage_cost=column(8, 7, 20, 6),
        floor=column(0, 0, 2, 0),
        floor_price=column(0, 0, 30, 0),
        cap=column(np.inf, np.inf, 3, np.inf),
        table_start=np.array([0, 0, 3, 0]),
        table_count=np.array([3, 0, 4, 0]),
        table_low=np.array([1, 0, 0, 0]),
        table_base=column(10, 0, 25, 0),
        table=column(-3, -1, 0.5, -20, -8, -4, 1),
    )
    moves = Moves(
        source=np.array([0, 0, 2]),
        target=np.array([1, 2, 1]),
        lane=np.arange(3),
        unit_cost=column(2, 3, 1),
        fixed_cost=column(4, 0, 0),
        limit=column(4, 4, 2),
        minimum=column(0, 3, 0),
        multiple=column(1, 1, 2),
    )
    rows = Rows(
        family=np.array(["lane", "handling", "storage", "budget", "dock"], dtype=object),
        key=np.array(["0-1", "0", "1", "all", "2"], dtype=object),
        capacity=column(6, 5, 30, 100, 1),
        base_use=column(0, 2, 0, 0, 0),
        slack_price=column(100, 100, 100, 100, 40),
    )
    # A unit takes 2 m3 of lane 0-1, is handled once, and an order of place 1 costs 9 a unit.
    move_uses = ((0, 0, 2.0), (0, 1, 1.0), (0, 2, 2.0), (1, 1, 1.0), (1, 4, 0.5), (2, 2, 2.0))
    order_uses = ((1, 2, 2.0), (1, 3, 9.0))
    return Problem(
        "tiny", places, curves, moves, rows, _uses(move_uses, 3), _uses(order_uses, 3), dead_band_factor=1.2
    )


def _uses(entries: tuple[tuple[int, int, float], ...], count: int) -> Uses:
    user, row, amount = zip(*entries, strict=True)
    return Uses(grouped(np.array(user), count), np.array(row), np.array(amount))
