"""Made network problems: seeded generators in the shape of `Problem`, and nothing that solves one.

`hard` mimics a network in which almost every item wants to move something: demand of every item at
every location, stock that does not fit it, each location with five outgoing lanes, most of them with a
truck's capacity; outbound handling and storage per location and one purchase budget. At 20 locations
that makes 128 rows. `imbalanced` leaves most items near their best position.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import numpy.typing as npt
from scipy import special

from optimization.network.problem import (
    COUNT,
    NORMAL,
    Curves,
    Integers,
    Moves,
    Numbers,
    Places,
    Problem,
    Rows,
    Uses,
)

Kind = Literal["normal", "count"]
LANE_SHARE = 0.03
"""Cost of a lane of length 1 as a share of the unit's value; the holding cost is 0.02 of it."""


@dataclass(frozen=True)
class Recipe:
    """What an instance is made of; the defaults are the hard one.

    locations: every item is kept at all of them. share: share of items whose stock does not fit their
    demand; stock_noise, calm_noise: standard deviation of ln(stock/best stock) of them and of the others,
    location_noise the part that a location has in common. kind: family of the demand curves. segments:
    curves per pool (0: one curve of `kind`), then always of counts, with floors in a third and caps in
    half of the pools. lots: cartons of 1–12 on moves and orders, minimum orders, minimum loads and fixed
    costs. policy: places about to order have a level to reach and demand that no order can serve in time.
    tightness: capacities times this. capacitated_lanes: share of the lanes with a truck's capacity.
    """

    locations: int = 20
    share: float = 0.93
    calm_noise: float = 0.05
    kind: Kind = "normal"
    segments: int = 0
    lots: bool = False
    policy: bool = False
    tightness: float = 1.0
    lanes_per_location: int = 5
    capacitated_lanes: float = 0.87
    stock_noise: float = 0.45
    location_noise: float = 0.25


def hard(items: int, locations: int = 20, seed: int = 1, **changes: object) -> Problem:
    """93 % of the items are far out of balance; at the optimum 50–65 of 128 rows bind.

    Fields of `Recipe` may be changed by name.
    """
    recipe = replace(Recipe(locations=locations), **changes)  # type: ignore[arg-type]
    return made(items, seed, recipe, f"hard-{items}x{locations}-{seed}")


def imbalanced(
    items: int, locations: int = 20, seed: int = 1, share: float = 0.15, **changes: object
) -> Problem:
    """Only this share of the items is out of balance; the others lie within 5 % of their best stock."""
    recipe = replace(Recipe(locations=locations, share=share), **changes)  # type: ignore[arg-type]
    return made(items, seed, recipe, f"imbalanced-{share:g}-{items}x{locations}-{seed}")


def made(items: int, seed: int, recipe: Recipe, name: str) -> Problem:
    """The problem of this recipe; the same seed gives the same arrays."""
    rng = np.random.default_rng(seed)
    count = recipe.locations
    lane_source, lane_target, distance = _lanes(rng, recipe)
    size = rng.uniform(0.4, 2.0, count)
    drift = np.exp(rng.normal(0.0, recipe.location_noise, count))
    lane_load, loading = rng.uniform(0.35, 1.75, len(lane_source)), rng.uniform(0.55, 1.5, count)
    room, budget_share = rng.uniform(0.35, 1.5, count), rng.uniform(0.5, 0.8)

    value = np.exp(rng.normal(4.0, 1.0, items))
    volume = np.clip(np.exp(rng.normal(-1.0, 1.0, items)), 0.05, 3.0)
    service = rng.choice([0.8, 0.9, 0.95, 0.98], items)
    holding = 0.02 * value
    shortage = holding * service / (1.0 - service)
    carton = rng.choice([1.0, 2.0, 4.0, 6.0, 12.0], items) if recipe.lots else np.ones(items)

    popularity = np.exp(rng.normal(1.7, 0.8, items))
    mean = np.maximum(popularity[:, None] * size * rng.uniform(0.6, 1.4, (items, count)), 0.3)
    if recipe.kind == "count" or recipe.segments:
        variance = mean * rng.uniform(1.0, 4.0, items)[:, None]
    else:
        variance = (mean * rng.uniform(0.3, 0.9, items)[:, None]) ** 2
    best = np.maximum(mean + np.sqrt(variance) * special.ndtri(service)[:, None], 0.0)
    noise = rng.normal(0.0, 1.0, (items, count))
    wild = rng.random(items) < recipe.share
    scale = np.where(wild, recipe.stock_noise, recipe.calm_noise)[:, None]
    stock = np.round(best * np.exp(scale * noise) * np.where(wild[:, None], 0.9 * drift, 1.0))
    del noise

    orders = stock <= 0.45 * best
    need = np.where(orders, np.ceil((best - stock) / carton[:, None]) * carton[:, None], 0.0)
    spare = np.where(orders, 0.0, np.floor(0.8 * stock))
    flow = _wanted(stock, best, spare, volume, lane_source, lane_target)

    source_item, lane = np.nonzero(spare[:, lane_source] > 0)
    moves = Moves(
        source=source_item * count + lane_source[lane],
        target=source_item * count + lane_target[lane],
        lane=lane,
        unit_cost=distance[lane] * (LANE_SHARE * value + 0.1 * volume)[source_item],
        fixed_cost=np.zeros(len(lane)),
        limit=spare[source_item, lane_source[lane]],
        minimum=np.ones(len(lane)),
        multiple=carton[source_item],
    )
    if recipe.lots:
        moves = replace(
            moves,
            limit=np.floor(moves.limit / moves.multiple) * moves.multiple,
            minimum=moves.multiple * np.where(lane % 5 == 0, 2.0, 1.0),
            fixed_cost=np.where(lane % 3 == 0, 0.05 * value[source_item], 0.0),
        )
    n = items * count
    zeros, ones = np.zeros(n), np.ones(n)
    b, h = np.repeat(shortage, count), np.repeat(holding, count)
    level = (
        np.where(orders, stock + np.ceil(0.6 * need), -np.inf).ravel() if recipe.policy else zeros - np.inf
    )
    places = Places(
        item=np.repeat(np.arange(items), count),
        position=stock.ravel(),
        near_position=np.floor(0.9 * stock).ravel() if recipe.policy else stock.ravel(),
        spare=spare.ravel(),
        level=level,
        level_price=10.0 * b if recipe.policy else zeros,
        order_limit=need.ravel(),
        order_cost=np.repeat(0.002 * value, count),
        order_fixed_cost=np.repeat(0.02 * value, count) if recipe.lots else zeros,
        lot=np.repeat(carton, count) if recipe.lots else ones,
        moq=np.repeat(carton * rng.choice([1.0, 2.0], items), count) if recipe.lots else ones,
        near_mean=0.4 * mean.ravel() if recipe.policy else zeros,
        near_variance=0.5 * variance.ravel() if recipe.policy else zeros,
        near_shortage_cost=np.where(orders.ravel(), b, 0.0) if recipe.policy else zeros,
    )
    if recipe.lots:
        limit = np.where(
            places.order_limit > 0,
            np.ceil(np.maximum(places.order_limit, places.moq) / places.lot) * places.lot,
            0.0,
        )
        places = replace(places, order_limit=limit)
    if recipe.segments:
        curves = _segments(rng, mean, variance, b, h, recipe)
    else:
        curves = _plain(mean.ravel(), variance.ravel(), b, h, NORMAL if recipe.kind == "normal" else COUNT)

    dearest = b + h + curves_most(curves, n) + places.level_price
    rows, move_uses, order_uses = _rows(
        recipe, places, moves, lane_source, lane_target, volume, value, dearest, flow,
        lane_load, loading, room, budget_share,
    )  # fmt: skip
    return Problem(name, places, curves, moves, rows, move_uses, order_uses, 1.2)


def curves_most(curves: Curves, n: int) -> Numbers:
    """Dearest floor of every place, money per unit."""
    most = np.zeros(n)
    np.maximum.at(most, curves.place, curves.floor_price)
    return most


def wanting_items(problem: Problem) -> float:
    """Share of the items for which at least one first unit pays its lane, all rows free."""
    from optimization.network.curve_costs import curve_marginal

    places, moves, curves = problem.places, problem.moves, problem.curves
    gain = -curve_marginal(curves, places.position[curves.place])
    loss = -curve_marginal(curves, places.position[curves.place] - 1.0)
    value, given_up = np.full(len(places), -np.inf), np.full(len(places), np.inf)
    np.maximum.at(value, curves.place, gain)
    np.minimum.at(given_up, curves.place, loss)
    pays = value[moves.target] - given_up[moves.source] > problem.dead_band_factor * moves.unit_cost
    wants = np.bincount(places.item[moves.source[pays]], minlength=problem.item_count) > 0
    return float(wants.mean())


def _lanes(rng: np.random.Generator, recipe: Recipe) -> tuple[Integers, Integers, Numbers]:
    # Three nearest and two others of each location; sorted by source, then target.
    count, out = recipe.locations, min(recipe.lanes_per_location, recipe.locations - 1)
    at = rng.random((count, 2))
    apart = np.sqrt(((at[:, None] - at[None]) ** 2).sum(axis=2))
    np.fill_diagonal(apart, np.inf)
    near = min(3, out)
    chosen = np.zeros((count, count), dtype=bool)
    np.put_along_axis(chosen, np.argsort(apart, axis=1)[:, :near], True, axis=1)
    luck = np.where(chosen | np.isinf(apart), 2.0, rng.random((count, count)))
    if out > near:
        np.put_along_axis(chosen, np.argsort(luck, axis=1)[:, : out - near], True, axis=1)
    source, target = np.nonzero(chosen)
    return source, target, 0.3 + apart[source, target]


def _wanted(
    stock: Numbers, best: Numbers, spare: Numbers, volume: Numbers, source: Integers, target: Integers
) -> dict[str, Numbers]:
    # A rough size of what every lane would carry if rows were free: surplus shared over wants.
    items, count = stock.shape
    at_source, at_target = np.eye(count)[source], np.eye(count)[target]
    flow = {
        "lane": np.zeros(len(source)),
        "out": np.zeros(count),
        "in": np.zeros(count),
        "left": np.zeros(count),
    }
    for start in range(0, items, 2000):
        part = slice(start, start + 2000)
        short = np.maximum(best[part] - stock[part], 0.0)
        over = np.minimum(np.maximum(stock[part] - best[part], 0.0), spare[part])
        d, e = short[:, target], over[:, source]
        with np.errstate(invalid="ignore", divide="ignore"):
            units = np.minimum(d * e / (d @ at_source)[:, source], d * e / (e @ at_target)[:, target])
        units = np.nan_to_num(units)
        m3 = volume[part] @ units
        flow["lane"] += m3
        flow["out"] += units.sum(axis=0) @ at_source
        flow["in"] += m3 @ at_target
        flow["left"] += m3 @ at_source
    return flow


def _plain(mean: Numbers, variance: Numbers, b: Numbers, h: Numbers, kind: int) -> Curves:
    n = len(mean)
    zeros, none = np.zeros(n), np.zeros(n, dtype=np.int64)
    return Curves(
        place=np.arange(n),
        kind=np.full(n, kind, dtype=np.int8),
        mean=mean,
        variance=variance,
        holding_cost=h,
        shortage_cost=b,
        floor=zeros,
        floor_price=zeros,
        cap=np.full(n, np.inf),
        table_start=none,
        table_count=none,
        table_low=none,
        table_base=zeros,
        table=np.zeros(0),
    )


def _segments(
    rng: np.random.Generator, mean: Numbers, variance: Numbers, b: Numbers, h: Numbers, recipe: Recipe
) -> Curves:
    # One ratio of variance to mean per pool: the segments' counts add up to the pool's.
    items, count = mean.shape
    n, many = items * count, recipe.segments
    share = rng.dirichlet(np.full(many, 2.0), items)[:, None, :].repeat(count, axis=1).reshape(n, many)
    worth = np.linspace(1.6, 0.6, many)
    mean_k = mean.reshape(n, 1) * share
    ratio = (variance / mean).reshape(n, 1)
    fenced, capped = rng.random(n) < 1 / 3, rng.random(n) < 0.5
    floor = np.zeros((n, many))
    floor[:, 0] = np.where(fenced, np.maximum(np.round(mean_k[:, 0]), 1.0), 0.0)
    cap = np.full((n, many), np.inf)
    cap[:, -1] = np.where(capped, np.ceil(mean_k[:, -1] + np.sqrt(mean_k[:, -1] * ratio[:, 0])), np.inf)
    plain = _plain(
        mean_k.ravel(), (mean_k * ratio).ravel(), np.outer(b, worth).ravel(), np.repeat(h, many), COUNT
    )
    return replace(
        plain,
        place=np.repeat(np.arange(n), many),
        floor=floor.ravel(),
        floor_price=np.where(floor > 0, 10.0 * b[:, None], 0.0).ravel(),
        cap=cap.ravel(),
    )


def _rows(
    recipe: Recipe, places: Places, moves: Moves, source: Integers, target: Integers,
    volume: Numbers, value: Numbers, dearest: Numbers, flow: dict[str, Numbers],
    lane_load: Numbers, loading: Numbers, room: Numbers, budget_share: float,
) -> tuple[Rows, Uses, Uses]:  # fmt: skip
    count, lanes = recipe.locations, round(recipe.capacitated_lanes * len(source))
    m3, money = volume[places.item], value[places.item]
    location = np.arange(len(places)) % count
    stored = np.bincount(location, weights=m3 * places.position, minlength=count)
    ordered = np.bincount(location, weights=m3 * places.order_limit, minlength=count)
    t = recipe.tightness
    coming = np.maximum(flow["in"] + 0.7 * ordered - flow["left"], 0.05 * stored)
    capacity = np.concatenate(
        [
            t * lane_load[:lanes] * flow["lane"][:lanes],
            t * loading * flow["out"],
            stored + t * room * coming,
            [t * budget_share * float(money @ places.order_limit)],
        ]
    )
    number = np.array([f"{k:04d}" for k in range(max(lanes, count))], dtype=object)
    families = ["lane"] * lanes + ["handling"] * count + ["storage"] * count + ["budget"]
    per_m3, per_money = 2.0 * float((dearest / m3).max()), 2.0 * float((dearest / money).max())
    rows = Rows(
        family=np.array(families, dtype=object),
        key=np.concatenate([number[:lanes], number[:count], number[:count], np.array(["all"], dtype=object)]),
        capacity=capacity,
        base_use=np.concatenate([np.zeros(lanes + count), stored, [0.0]]),
        slack_price=np.concatenate(
            [
                np.full(lanes, per_m3),
                np.full(count, 2.0 * float(dearest.max())),
                np.full(count, per_m3),
                [per_money],
            ]
        ),
    )
    size = m3[moves.source]
    taken = np.column_stack(
        [
            np.where(moves.lane < lanes, moves.lane, -1),
            lanes + source[moves.lane],
            lanes + count + source[moves.lane],
            lanes + count + target[moves.lane],
        ]
    )
    amount = np.column_stack([size, np.ones(len(size)), -size, size])
    move_uses = _uses(taken, amount)
    orders = places.order_limit > 0
    order_uses = _uses(
        np.column_stack(
            [np.where(orders, lanes + count + location, -1), np.where(orders, len(capacity) - 1, -1)]
        ),
        np.column_stack([m3, money]),
    )
    return rows, move_uses, order_uses


def _uses(row: Integers, amount: Numbers) -> Uses:
    kept: npt.NDArray[np.bool_] = row >= 0
    start = np.concatenate([[0], np.cumsum(kept.sum(axis=1))])
    return Uses(start.astype(np.int64), row[kept].astype(np.int64), amount[kept])
