"""The simulator on runs worked by hand: stockouts, lead times that cross, lots, short deliveries."""

from __future__ import annotations

import numpy as np
import pytest

from optimization.errors import NonFiniteInputError
from optimization.simulation.rules import simulate
from optimization.simulation.simulator import Outcome


def _one(*demand: float) -> np.ndarray:
    return np.array([demand], dtype=float)


def _row(outcome: Outcome, name: str) -> list[float]:
    assert outcome.ledger is not None
    return getattr(outcome.ledger, name)[0].tolist()


def test_a_backlog_is_cleared_before_demand_is_served() -> None:
    outcome = simulate(_one(5, 1, 1, 1), np.array([3.0]), lead_time=1, on_hand=3.0, keep_ledger=True)
    # Two wait after period 0; five are ordered, come in period 2 and clear them first.
    assert _row(outcome, "backlog") == [2, 3, 0, 0]
    assert _row(outcome, "order") == [5, 1, 1, 1]
    assert _row(outcome, "receipt") == [0, 0, 5, 1]
    assert _row(outcome, "cleared") == [0, 0, 3, 0]
    assert outcome.filled.tolist() == [5]
    assert outcome.cost(holding=1.0, backlog=9.0).tolist() == [1 * (1 + 1) + 9 * 5]


def test_lost_demand_is_not_ordered_for() -> None:
    outcome = simulate(
        _one(5, 1, 1, 1), np.array([3.0]), lead_time=1, mode="lost", on_hand=3.0, keep_ledger=True
    )
    assert _row(outcome, "lost") == [2, 1, 0, 0]
    assert _row(outcome, "order") == [3, 0, 1, 1]
    assert outcome.fill_rate() == pytest.approx(5 / 8)


def test_mixed_behaviour_loses_its_share_and_lets_the_rest_wait() -> None:
    outcome = simulate(
        _one(4, 0), np.array([0.0]), lead_time=5, mode="mixed", lost_share=0.25, keep_ledger=True
    )
    assert (_row(outcome, "lost"), _row(outcome, "backlog")) == ([1, 0], [3, 3])


def test_rows_may_differ_in_behaviour_review_and_lead_time() -> None:
    outcome = simulate(
        np.ones((3, 4)),
        np.full(3, 2.0),
        lead_time=np.array([0, 0, 1]),
        review=np.array([1, 2, 1]),
        mode=np.array(["backorder", "lost", "lost"], dtype=object),
        on_hand=2.0,
        keep_ledger=True,
    )
    ledger = outcome.ledger
    assert ledger is not None
    assert ledger.order.tolist() == [[1, 1, 1, 1], [0, 2, 0, 2], [1, 1, 1, 1]]
    assert ledger.on_hand.tolist() == [[1, 1, 1, 1], [1, 0, 1, 0], [1, 0, 0, 0]]


def test_a_later_order_may_overtake_an_earlier_one() -> None:
    lead_time = np.array([[0, 3, 0, 0, 0, 0]])
    outcome = simulate(
        _one(1, 1, 0, 0, 0), np.array([4.0]), lead_time=lead_time, on_hand=4.0, keep_ledger=True
    )
    # The order of period 0 takes three periods more, that of period 1 none.
    assert _row(outcome, "order") == [1, 1, 0, 0, 0]
    assert _row(outcome, "receipt") == [0, 0, 1, 0, 1]


def test_orders_come_in_lots_above_the_minimum() -> None:
    outcome = simulate(
        _one(1, 8, 17), np.array([20.0]), lead_time=0, lot=4.0, moq=6.0, on_hand=20.0, keep_ledger=True
    )
    assert _row(outcome, "order") == [8, 8, 12]


def test_a_reorder_point_waits_and_a_fixed_quantity_comes_in_multiples() -> None:
    demand = _one(2, 2, 9)
    up_to = simulate(
        demand, np.array([10.0]), reorder_point=np.array([6.0]), lead_time=0, on_hand=10.0, keep_ledger=True
    )
    assert _row(up_to, "order") == [0, 4, 9]
    fixed = simulate(
        demand, reorder_point=np.array([6.0]), order_quantity=np.array([5.0]), lead_time=0, on_hand=10.0,
        keep_ledger=True,
    )  # fmt: skip
    # At 6 one quantity makes 11; at 2 one quantity makes 7, above 6.
    assert _row(fixed, "order") == [0, 5, 5]
    assert fixed.orders.tolist() == [2]


def test_a_short_delivery_counts_in_full_until_it_arrives() -> None:
    outcome = simulate(
        _one(3, 0, 0, 0), np.array([4.0]), lead_time=1, received_share=0.5, on_hand=4.0, keep_ledger=True
    )
    # 3 ordered, 1 comes in period 2; only then are the missing 2 ordered, of which 1 comes.
    assert _row(outcome, "order") == [3, 0, 2, 0]
    assert _row(outcome, "receipt") == [0, 0, 1, 0]


def test_stock_on_its_way_arrives_in_its_period_and_the_opening_review_knows_it() -> None:
    outcome = simulate(
        _one(0, 0, 0), np.array([9.0]), lead_time=2, pipeline=np.array([[1.0, 2.0]]), on_hand=3.0,
        opening_review=True, keep_ledger=True,
    )  # fmt: skip
    assert outcome.opening_order.tolist() == [3]
    assert _row(outcome, "receipt") == [1, 2, 3]


def test_unknown_demand_and_the_warm_up_are_played_but_not_counted() -> None:
    outcome = simulate(
        _one(1, np.nan, 3), np.array([5.0]), lead_time=0, on_hand=5.0, warm_up=1, keep_ledger=True
    )
    assert _row(outcome, "on_hand") == [4, 5, 2]
    assert (outcome.demand.tolist(), outcome.periods.tolist(), outcome.on_hand.tolist()) == ([3], [1], [2])
    assert outcome.mean_on_hand.tolist() == [2]


def test_levels_of_column_zero_are_those_of_the_opening_review() -> None:
    levels = np.array([[7.0, 2.0, 3.0]])
    outcome = simulate(_one(0, 0), levels, lead_time=0, opening_review=True, keep_ledger=True)
    assert (outcome.opening_order.tolist(), _row(outcome, "order")) == ([7], [0, 0])
    with pytest.raises(ValueError, match="one column per review, 3"):
        simulate(_one(0, 0), levels[:, :2], lead_time=0)


def test_what_cannot_be_played_is_refused() -> None:
    level = np.array([1.0])
    with pytest.raises(NonFiniteInputError, match="demand must be finite"):
        simulate(_one(-1.0), level, lead_time=0)
    with pytest.raises(NonFiniteInputError, match="whole periods"):
        simulate(_one(1.0), level, lead_time=np.array([0.5]))  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="unknown stockout behaviour"):
        simulate(_one(1.0), level, lead_time=0, mode="wait")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="fixed order quantity"):
        simulate(_one(1.0), level, order_quantity=level, lead_time=0)
    with pytest.raises(ValueError, match="say order_up_to"):
        simulate(_one(1.0), lead_time=0)
