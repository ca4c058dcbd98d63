"""Small joint cases for tests: one builder with every column at its quiet default, and every plan of one."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Any

import numpy as np

from optimization.network.lexicographic.case import Case, Shares, breach, stock_after


def case_of(demand: Any, on_hand: Any, lanes: Any = (), is_whole: bool = True, **columns: Any) -> Case:
    """One item at n locations with k segments; `lanes` are (source, target, cost) in order."""
    demand = np.atleast_2d(np.asarray(demand, dtype=np.float64))
    n, k = demand.shape
    m = len(lanes)
    arrows = np.array([lane[:2] for lane in lanes], dtype=np.int64).reshape(-1, 2)

    def column(name: str, shape: Any, default: float) -> Any:
        return np.broadcast_to(np.asarray(columns.pop(name, default), dtype=np.float64), shape).copy()

    item = np.asarray(columns.pop("item", np.zeros(n)), dtype=np.int64)
    location = np.asarray(columns.pop("location", np.arange(n)), dtype=np.int64)
    items = int(item.max()) + 1
    lane = np.asarray(columns.pop("lane", np.arange(m)), dtype=np.int64)
    count = int(lane.max(initial=-1)) + 1
    case = Case(
        item=item,
        location=location,
        on_hand=np.broadcast_to(np.asarray(on_hand, dtype=np.float64), (n,)).copy(),
        inbound=column("inbound", n, 0.0),
        demand=demand,
        reserved=column("reserved", (n, k), 0.0),
        previous=column("previous", (n, k), 0.0),
        tier=np.asarray(columns.pop("tier", np.ones(k)), dtype=np.int64),
        weight=column("weight", k, 1.0),
        borrow_ratio=column("borrow_ratio", k, 0.0),
        fence=column("fence", (items, k), 0.0),
        cap=column("cap", (items, k), np.inf),
        safety_stock=column("safety_stock", n, 0.0),
        holding_cost=column("holding_cost", n, 0.0),
        shortfall_cost=column("shortfall_cost", n, 0.0),
        value=column("value", items, 1.0),
        size=column("size", items, 1.0),
        lot=column("lot", items, 1.0),
        source=arrows[:, 0],
        target=arrows[:, 1],
        lane=lane,
        unit_cost=np.array([each[2] for each in lanes], dtype=np.float64),
        lane_fixed_cost=column("lane_fixed_cost", count, 0.0),
        lane_capacity=column("lane_capacity", count, np.inf),
        lane_minimum=column("lane_minimum", count, 0.0),
        space=column("space", int(location.max()) + 1, np.inf),
        is_whole=is_whole,
    )
    assert not columns, f"no such columns: {sorted(columns)}"
    return case


def every_plan(case: Case) -> Iterator[Shares]:
    """All whole plans of a tiny case that break nothing."""
    n, k = case.demand.shape
    most = [int(case.spare[s] // case.lot[case.item[s]]) for s in case.source]
    for lots in itertools.product(*(range(each + 1) for each in most)):
        empty = Shares(np.array(lots, dtype=float), np.zeros((n, k)), np.zeros((n, k)))
        stock = stock_after(case, empty)
        if (stock < 0).any():
            continue
        by_place = [
            [each for each in itertools.product(range(int(units) + 1), repeat=k) if sum(each) <= units]
            for units in stock
        ]
        for own in itertools.product(*by_place):
            owned = np.array(own, dtype=float)
            rest = stock - owned.sum(axis=1)
            lent = [
                [each for each in itertools.product(range(int(units) + 1), repeat=k) if sum(each) <= units]
                if case.borrow_ratio.any()
                else [(0,) * k]
                for units in rest
            ]
            for borrowed in itertools.product(*lent):
                shares = Shares(np.array(lots, dtype=float), owned, np.array(borrowed, dtype=float))
                if breach(case, shares) <= 1e-9:
                    yield shares
