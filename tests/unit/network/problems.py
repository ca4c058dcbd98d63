"""Small network problems for tests: one builder with every column at its quiet default."""

from __future__ import annotations

from typing import Any

import numpy as np

from optimization.network.problem import COUNT, Curves, Moves, Places, Problem, Rows, Uses, grouped


def problem_of(
    *,
    item: Any = 0,
    position: Any = 0.0,
    spare: Any = 0.0,
    mean: Any = 0.0,
    variance: Any = None,
    holding: Any = 1.0,
    shortage: Any = 9.0,
    kind: int = COUNT,
    moves: Any = (),
    lane_cost: Any = 0.0,
    lane_fixed: Any = 0.0,
    limit: Any = None,
    rows: Any = (),
    move_use: Any = (),
    order_use: Any = (),
    places: dict[str, Any] | None = None,
    move_columns: dict[str, Any] | None = None,
    curves: Curves | None = None,
    factor: float = 1.0,
) -> Problem:
    """One problem from short lists.

    `moves`: (source, target) pairs in order. `rows`: (family, key, capacity, base_use, slack_price).
    `move_use`, `order_use`: (move or place, row, amount) in order. `places`, `move_columns`: further
    columns by name.
    """
    n = max(len(np.atleast_1d(value)) for value in (item, position, spare, mean))

    def column(value: Any, length: int = n) -> Any:
        return np.broadcast_to(np.asarray(value, dtype=np.float64), (length,)).copy()

    spares = column(spare)
    own: dict[str, Any] = {
        "item": np.broadcast_to(np.asarray(item, dtype=np.int64), (n,)).copy(),
        "position": column(position),
        "near_position": column(position),
        "spare": spares,
        "level": column(-np.inf),
        "level_price": column(0.0),
        "order_limit": column(0.0),
        "order_cost": column(0.0),
        "order_fixed_cost": column(0.0),
        "lot": column(1.0),
        "moq": column(0.0),
        "near_mean": column(0.0),
        "near_variance": column(0.0),
        "near_shortage_cost": column(0.0),
    }
    own |= {name: column(value) for name, value in (places or {}).items()}
    pairs = np.array(moves, dtype=np.int64).reshape(-1, 2)
    m = len(pairs)
    lanes: dict[str, Any] = {
        "source": pairs[:, 0],
        "target": pairs[:, 1],
        "lane": np.arange(m),
        "unit_cost": column(lane_cost, m),
        "fixed_cost": column(lane_fixed, m),
        "limit": spares[pairs[:, 0]] if limit is None else column(limit, m),
        "minimum": column(0.0, m),
        "multiple": column(1.0, m),
    }
    lanes |= {name: column(value, m) for name, value in (move_columns or {}).items()}
    means = column(mean)
    if curves is None:
        curves = curves_of(np.arange(n), means, variance, holding, shortage, kind)
    return Problem(
        "test",
        Places(**own),
        curves,
        Moves(**lanes),
        Rows(
            np.array([row[0] for row in rows], dtype=object),
            np.array([row[1] for row in rows], dtype=object),
            *(np.array([row[k] for row in rows], dtype=np.float64) for k in (2, 3, 4)),
        ),
        _uses(move_use, m),
        _uses(order_use, n),
        factor,
    )


def curves_of(
    place: Any,
    mean: Any,
    variance: Any = None,
    holding: Any = 1.0,
    shortage: Any = 9.0,
    kind: int = COUNT,
    floor: Any = 0.0,
    floor_price: Any = 0.0,
    cap: Any = np.inf,
) -> Curves:
    """Curves without tables; the variance is the mean's (Poisson) unless given."""
    place = np.asarray(place, dtype=np.int64)

    def column(value: Any) -> Any:
        return np.broadcast_to(np.asarray(value, dtype=np.float64), (len(place),)).copy()

    none = np.zeros(len(place), dtype=np.int64)
    return Curves(
        place=place,
        kind=np.full(len(place), kind, dtype=np.int8),
        mean=column(mean),
        variance=column(mean if variance is None else variance),
        holding_cost=column(holding),
        shortage_cost=column(shortage),
        floor=column(floor),
        floor_price=column(floor_price),
        cap=column(cap),
        table_start=none,
        table_count=none,
        table_low=none,
        table_base=np.zeros(len(place)),
        table=np.zeros(0),
    )


def _uses(entries: Any, count: int) -> Uses:
    owner = np.array([entry[0] for entry in entries], dtype=np.int64)
    return Uses(
        grouped(owner, count),
        np.array([entry[1] for entry in entries], dtype=np.int64),
        np.array([entry[2] for entry in entries], dtype=np.float64),
    )
