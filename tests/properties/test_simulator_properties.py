"""The simulator conserves units, is indifferent to order and company of rows, and serves more with more."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from optimization.simulation.rules import simulate

SOME = settings(max_examples=60, deadline=None)


@st.composite
def plays(draw: st.DrawFn) -> tuple[np.ndarray, dict[str, Any]]:
    """Demand and everything else that a simulation can be given, in whole units."""
    n, periods = draw(st.integers(1, 4)), draw(st.integers(1, 14))
    generator = np.random.default_rng(draw(st.integers(0, 10_000)))
    demand = generator.negative_binomial(1, 0.3, (n, periods)).astype(float)
    demand[generator.random(demand.shape) < draw(st.sampled_from([0.0, 0.1]))] = np.nan
    rule: dict[str, Any] = {"order_up_to": generator.integers(0, 25, (n, periods + 1)).astype(float)}
    kind = draw(st.sampled_from(["base", "min_max", "lots"]))
    if kind == "min_max":
        rule["reorder_point"] = rule["order_up_to"] - generator.integers(1, 6, (n, periods + 1))
    elif kind == "lots":
        rule = {
            "reorder_point": rule["order_up_to"],
            "order_quantity": generator.integers(0, 9, n).astype(float),
        }
    return demand, rule | {
        "lead_time": generator.integers(0, 5, (n, periods + 1)),
        "review": generator.integers(1, 4, n),
        "mode": generator.choice(np.array(["backorder", "lost", "mixed"], dtype=object), n),
        "lot": generator.integers(1, 5, n).astype(float),
        "moq": generator.integers(0, 7, n).astype(float),
        "received_share": generator.choice([0.0, 0.5, 1.0], (n, periods + 1), p=[0.1, 0.2, 0.7]),
        "on_hand": generator.integers(0, 12, n).astype(float),
        "pipeline": generator.integers(0, 4, (n, 3)).astype(float),
        "opening_review": draw(st.booleans()),
        "keep_ledger": True,
    }


@given(play=plays())
@SOME
def test_units_are_neither_made_nor_lost(play: tuple[np.ndarray, dict[str, Any]]) -> None:
    demand, given_ = play
    outcome = simulate(demand, **given_)
    ledger = outcome.ledger
    assert ledger is not None
    opening = np.column_stack([given_["on_hand"], ledger.on_hand[:, :-1]])
    np.testing.assert_allclose(
        opening + ledger.receipt - ledger.cleared - ledger.served, ledger.on_hand, atol=1e-9
    )
    asked = np.nan_to_num(demand)
    waiting = np.column_stack([np.zeros(len(demand)), ledger.backlog[:, :-1]])
    np.testing.assert_allclose(
        waiting - ledger.cleared + asked - ledger.served - ledger.lost, ledger.backlog, atol=1e-9
    )
    assert min(values.min() for values in vars(ledger).values()) >= -1e-9
    # Nobody is kept waiting, or turned away, while there is stock.
    assert (np.minimum(ledger.on_hand, ledger.backlog) < 1e-9).all()
    assert (np.minimum(ledger.on_hand, ledger.lost) < 1e-9).all()
    np.testing.assert_allclose(outcome.closing_on_hand, ledger.on_hand[:, -1])
    received, ordered = ledger.receipt.sum(axis=1), ledger.order.sum(axis=1) + outcome.opening_order
    assert (received + outcome.closing_on_order <= ordered + given_["pipeline"].sum(axis=1) + 1e-9).all()


@given(play=plays(), seed=st.integers(0, 99))
@SOME
def test_rows_do_not_know_each_other(play: tuple[np.ndarray, dict[str, Any]], seed: int) -> None:
    demand, given_ = play
    order = np.random.default_rng(seed).permutation(len(demand))
    order = np.concatenate([order, order[:1]])
    together = simulate(demand, **given_)
    shuffled = simulate(
        demand[order],
        **{name: value[order] if isinstance(value, np.ndarray) else value for name, value in given_.items()},
    )
    for name in ("demand", "filled", "lost", "on_hand", "backlog", "orders", "ordered", "closing_on_order"):
        np.testing.assert_array_equal(getattr(together, name)[order], getattr(shuffled, name))


@given(level=st.integers(0, 20), more=st.integers(0, 10), lead=st.integers(0, 4), seed=st.integers(0, 999))
@SOME
def test_a_higher_level_serves_more_and_a_longer_lead_time_less(
    level: int, more: int, lead: int, seed: int
) -> None:
    demand = np.random.default_rng(seed).poisson(2.0, (3, 15)).astype(float)

    def played(s: float, wait: int, mode: Any = "backorder") -> Any:
        return simulate(demand, np.full(3, s), lead_time=wait, on_hand=s, mode=mode)

    low, high, late = played(level, lead), played(level + more, lead), played(level, lead + 1)
    assert (low.backlog >= high.backlog).all()
    assert (low.on_hand <= high.on_hand).all()
    assert (late.backlog >= low.backlog).all()
    assert played(level, lead, "lost").filled.sum() <= played(level + more, lead, "lost").filled.sum()


@given(scale=st.sampled_from([0.25, 3.0, 12.0]), seed=st.integers(0, 999))
@SOME
def test_another_unit_of_measure_changes_nothing_but_the_unit(scale: float, seed: int) -> None:
    generator = np.random.default_rng(seed)
    demand, level = generator.poisson(2.0, (3, 12)).astype(float), generator.integers(0, 15, 3).astype(float)
    plain, scaled = (
        simulate(k * demand, k * level, lead_time=2, lot=2.0 * k, moq=3.0 * k, on_hand=4.0 * k)
        for k in (1.0, scale)
    )
    for name in ("filled", "on_hand", "backlog", "ordered"):
        np.testing.assert_allclose(scale * getattr(plain, name), getattr(scaled, name))
    assert plain.fill_rate() == scaled.fill_rate() or np.isnan(plain.fill_rate())
