"""Stock rules against enumeration, simulation and identities that do not share their formulas."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from scipy import integrate, stats

from optimization.demand.distributions import expected_shortage
from optimization.policy import (
    disruptions,
    lost_sales,
    lot_sizing,
    min_max,
    reorder_lots,
    service_budget,
)
from optimization.policy.expected_stock import expected_stock
from optimization.policy.fill_rate import fill_rate
from optimization.policy.multi_echelon import guaranteed_service, stochastic_serial, two_echelon
from optimization.policy.newsvendor import newsvendor_normal, newsvendor_whole
from optimization.policy.position_losses import Losses, ReviewedDemand
from optimization.policy.price_breaks import quantity_with_discounts
from optimization.policy.ready_rate import ready_rate
from optimization.policy.reorder_point import (
    reorder_point_for_cycle,
    reorder_point_for_fill,
    reorder_point_for_ready,
)
from optimization.policy.undershoot import expected_undershoot


def _one(value: float) -> np.ndarray:
    return np.array([float(value)])


# --- (s, S) and (r, Q)


def _chain_cost(system: min_max.PeriodicSystem, fixed: float, s: int, top: int) -> float:
    """Long-run cost of (s, top) from the stationary distribution of the position after review."""
    positions = np.arange(s + 1, top + 1)
    n = len(positions)
    move = np.zeros((n, n))
    for k in range(n):
        for demand, weight in enumerate(system.pmf):
            after = positions[k] - demand
            move[k, n - 1 if after <= s else after - s - 1] += weight
    # Tail mass beyond the stated probabilities orders too.
    move[:, n - 1] += 1.0 - move.sum(axis=1)
    system_of = np.vstack([move.T - np.eye(n), np.ones(n)])
    share = np.linalg.lstsq(system_of, np.append(np.zeros(n), 1.0), rcond=None)[0]
    orders = sum(share[k] * (1.0 - system.pmf[: positions[k] - s].sum()) for k in range(n))
    return float(share @ system.cost(positions.astype(float)) + fixed * orders)


@pytest.mark.parametrize(("mean", "variance", "lead"), [(3.0, 3.0, 0), (4.0, 10.0, 2)])
def test_min_max_is_the_best_of_all_pairs_by_markov_chain(mean: float, variance: float, lead: int) -> None:
    system = min_max.PeriodicSystem(1.0, 7.0, mean, variance, lead)
    best = min_max.best_min_max(system, 20.0)
    s, top = int(best.reorder_point), int(best.order_up_to)
    assert best.cost == pytest.approx(_chain_cost(system, 20.0, s, top), rel=1e-6)
    around = [
        _chain_cost(system, 20.0, low, high)
        for low, high in product(range(s - 3, s + 4), range(top - 5, top + 6))
        if low < high
    ]
    assert best.cost <= min(around) + 1e-6


def test_given_probabilities_and_poisson_agree() -> None:
    poisson = min_max.best_min_max(min_max.PeriodicSystem(1.0, 4.0, 6.0, 6.0), 5.0)
    pmf = stats.poisson.pmf(np.arange(60), 6.0)
    given = min_max.best_min_max(min_max.GivenSystem(1.0, 4.0, pmf), 5.0)
    assert (given.reorder_point, given.order_up_to) == (poisson.reorder_point, poisson.order_up_to)
    assert given.cost == pytest.approx(poisson.cost, abs=1e-6)


@pytest.mark.parametrize("variance", [3.0, 9.0])
def test_whole_lots_are_the_best_of_a_grid(variance: float) -> None:
    terms = (2.0, 15.0, 30.0, 1.5, 3.0, variance)
    r, q, cost = reorder_lots.best_lots_whole(*terms)
    grid = [
        reorder_lots.lots_cost_whole(point, quantity, *terms)
        for point, quantity in product(range(-3, 15), range(1, 25))
    ]
    assert cost == pytest.approx(min(grid))
    assert cost == pytest.approx(reorder_lots.lots_cost_whole(r, q, *terms))


def test_normal_lots_are_the_best_and_cost_what_the_integral_says() -> None:
    holding, short, fixed, rate, mean, sd = 0.5, 9.0, 40.0, 300.0, 25.0, 8.0
    r, q, cost = reorder_lots.best_lots_normal(holding, short, fixed, rate, mean, sd)

    def single(y: float) -> float:
        over = integrate.quad(lambda x: (y - x) * stats.norm.pdf(x, mean, sd), mean - 9 * sd, y)[0]
        under = integrate.quad(lambda x: (x - y) * stats.norm.pdf(x, mean, sd), y, mean + 9 * sd)[0]
        return holding * over + short * under

    area = integrate.quad(single, r, r + q, epsabs=1e-6)[0]
    assert cost == pytest.approx((fixed * rate + area) / q, rel=1e-5)
    for point, quantity in product((r - 1, r, r + 1), (q - 5, q, q + 5)):
        assert (
            cost
            <= reorder_lots.lots_cost_normal(point, quantity, holding, short, fixed, rate, mean, sd) + 1e-9
        )


# --- lot sizing


def _all_plans(demand: list[float], fixed: float, holding: float, waiting: float) -> float:
    """Least cost over every set of order periods; each demand goes to its cheapest order."""
    n, best = len(demand), np.inf
    for chosen in product((0, 1), repeat=n):
        orders = [k for k in range(n) if chosen[k]]
        if not orders:
            continue
        cost = fixed * len(orders)
        for t, units in enumerate(demand):
            ways = [
                holding * (t - k) if k <= t else waiting * (k - t)
                for k in orders
                if k <= t or np.isfinite(waiting)
            ]
            cost += units * min(ways) if ways else (np.inf if units else 0.0)
        best = min(best, cost)
    return best


@pytest.mark.parametrize("seed", range(4))
def test_lot_sizes_are_the_best_of_all_plans(seed: int) -> None:
    demand = np.random.default_rng(seed).integers(0, 60, 7).astype(float).tolist()
    plan = lot_sizing.wagner_whitin(demand, 50.0, 1.0)
    assert plan.cost == pytest.approx(_all_plans(demand, 50.0, 1.0, np.inf))
    assert plan.cost == pytest.approx(lot_sizing.plan_cost(plan.quantities, demand, 50.0, 1.0))
    late = lot_sizing.lots_with_backorders(demand, 50.0, 1.0, 2.0)
    assert late.cost == pytest.approx(_all_plans(demand, 50.0, 1.0, 2.0))
    assert late.cost == pytest.approx(lot_sizing.plan_cost(late.quantities, demand, 50.0, 1.0, 2.0))
    assert plan.cost - 1e-9 <= lot_sizing.silver_meal(demand, 50.0, 1.0).cost


def test_every_optimum_is_found_and_none_costs_more() -> None:
    optima = lot_sizing.wagner_whitin_optima([3, 2, 3, 2], 2, 0.2)
    assert {plan.quantities for plan in optima} == {(10, 0, 0, 0), (5, 0, 5, 0)}
    assert {plan.cost for plan in optima} == {4.8}


def test_initial_stock_is_used_first_and_its_holding_is_paid() -> None:
    plan = lot_sizing.wagner_whitin([10, 20, 30, 40], 30, 1, initial=45)
    assert sum(plan.quantities) == 55
    assert plan.cost == lot_sizing.plan_cost(plan.quantities, [10, 20, 30, 40], 30, 1, initial=45)


def test_a_price_break_is_taken_when_it_costs_less_on_a_grid() -> None:
    breaks, prices, quantities = [0, 300, 600], [100.0, 90.0, 80.0], np.arange(1.0, 3000.0)
    for incremental in (False, True):
        found, _, cost = quantity_with_discounts(150, 0.25, 2400, breaks, prices, incremental)
        region = np.searchsorted(breaks, quantities, side="right") - 1
        paid = np.take(prices, region) * quantities
        if incremental:
            start = np.array([0.0, 30_000.0, 57_000.0])
            paid = start[region] + (quantities - np.take(breaks, region)) * np.take(prices, region)
        grid = 2400 / quantities * (150 + paid) + 0.25 * paid / 2.0
        assert cost <= grid.min() + 1e-6
        assert abs(found - quantities[int(np.argmin(grid))]) <= 1.0


# --- several echelons


def test_guaranteed_service_is_the_best_of_all_service_times() -> None:
    stages = {
        "1": guaranteed_service.Stage(2, 1.0, ("3",), inbound_time=1),
        "2": guaranteed_service.Stage(3, 0.5, ("3",)),
        "3": guaranteed_service.Stage(1, 2.5, ("4", "5")),
        "4": guaranteed_service.Stage(2, 3.0, sd=4.0, outbound_time=1),
        "5": guaranteed_service.Stage(1, 3.5, sd=2.0, outbound_time=0),
    }
    plan = guaranteed_service.guaranteed_service(stages, 1.645)
    sd = {"4": 4.0, "5": 2.0, "3": 20**0.5, "1": 20**0.5, "2": 20**0.5}
    best = np.inf
    for s1, s2, s3, s4, s5 in product(range(4), range(4), range(6), range(2), range(1)):
        inbound = {"1": 1, "2": 0, "3": max(s1, s2), "4": s3, "5": s3}
        promise = {"1": s1, "2": s2, "3": s3, "4": s4, "5": s5}
        net = {name: inbound[name] + stages[name].time - promise[name] for name in stages}
        if min(net.values()) >= 0:
            cost = sum(1.645 * stages[name].holding_cost * sd[name] * net[name] ** 0.5 for name in stages)
            best = min(best, cost)
    assert plan.cost == pytest.approx(best)


def test_stages_that_are_no_tree_are_refused() -> None:
    stage = guaranteed_service.Stage
    with pytest.raises(ValueError, match="one tree"):
        guaranteed_service.guaranteed_service({"a": stage(1, 1.0), "b": stage(1, 1.0)}, 1.0)
    with pytest.raises(ValueError, match="one tree"):
        guaranteed_service.guaranteed_service({"a": stage(1, 1.0, ("b",)), "b": stage(1, 1.0, ("a",))}, 1.0)


def test_a_line_of_one_stage_is_a_newsvendor() -> None:
    line = stochastic_serial.SerialLine((2.0,), (3.0,), 18.0, 5.0)
    levels, cost = stochastic_serial.serial_base_stock(line)
    level, known = newsvendor_whole(2.0, 18.0, 15.0, 15.0)
    assert (levels, cost) == ([level], pytest.approx(known, rel=1e-6))
    smooth = stochastic_serial.SerialLine((2.0,), (3.0,), 18.0, 5.0, 1.5)
    levels, cost = stochastic_serial.serial_base_stock(smooth)
    level, known = newsvendor_normal(2.0, 18.0, 15.0, 1.5 * 3**0.5)
    assert levels[0] == pytest.approx(level, abs=0.02)
    assert cost == pytest.approx(known, rel=1e-3)


def test_a_line_is_dearer_the_longer_and_the_scarcer_it_is() -> None:
    def cost(lead: float, short: float) -> float:
        line = stochastic_serial.SerialLine((1.0, 1.0), (1.0, lead), short, 4.0)
        return stochastic_serial.serial_base_stock(line)[1]

    assert cost(1.0, 9.0) < cost(2.0, 9.0) < cost(2.0, 30.0)


def test_metric_is_exact_at_the_ends_and_too_low_between() -> None:
    system = two_echelon.TwoEchelon((0.4, 0.1), (2.0, 3.0), 10.0)

    def short(depot: int, method: two_echelon.Method) -> tuple[float, ...]:
        return two_echelon.evaluate(system, depot, (2, 1), method).base

    # Without depot stock every base waits for the depot's whole lead time: Poisson.
    assert short(0, "exact") == pytest.approx(short(0, "metric"), abs=1e-9)
    # With ample depot stock it never waits.
    assert short(60, "exact") == pytest.approx(short(60, "metric"), abs=1e-9)
    for exact, metric in zip(short(6, "exact"), short(6, "metric"), strict=True):
        assert exact > 1.02 * metric
    vari = short(6, "vari_metric")
    assert vari == pytest.approx(short(6, "exact"), rel=0.05)


def test_exact_base_backorders_by_simulation_of_the_depot() -> None:
    rng = np.random.default_rng(5)
    system = two_echelon.TwoEchelon((0.3, 0.2), (2.0, 2.0), 8.0)
    found = two_echelon.evaluate(system, 3, (1, 1))
    n = 400_000
    waiting = np.maximum(rng.poisson(system.depot_pipeline, n) - 3, 0)
    due = rng.poisson(0.3 * 2.0, n) + rng.binomial(waiting, 0.6)
    assert np.maximum(due - 1, 0).mean() == pytest.approx(found.base[0], abs=0.01)
    assert (due < 1).mean() == pytest.approx(found.fill[0], abs=0.005)


def test_stock_of_two_levels_is_the_best_split() -> None:
    system = two_echelon.TwoEchelon((0.3, 0.1), (2.0, 3.0), 6.0)
    depot, bases, found = two_echelon.best_stock(system, 5)
    splits = [
        sum(two_echelon.evaluate(system, 5 - a - b, (a, b)).base)
        for a, b in product(range(6), range(6))
        if a + b <= 5
    ]
    assert depot + sum(bases) == 5
    assert sum(found.base) == pytest.approx(min(splits))


# --- service by simulation


def _played(
    mean: float, ratio: float, lead: int, review: int, s: int, lot: int, is_lost: bool
) -> tuple[float, float]:
    """Unit fill and mean end-of-period stock of review every R, lots of Q, over 150,000 periods."""
    rng = np.random.default_rng(11)
    rows, periods, warm = 300, 500, 100
    shape = (rows, periods + warm)
    if ratio > 1:
        demand = rng.negative_binomial(mean / (ratio - 1), 1 / ratio, shape)
    else:
        demand = rng.poisson(mean, shape)
    hand, waiting = np.full(rows, s + lot), np.zeros(rows, dtype=int)
    pipe = np.zeros((rows, lead + 1), dtype=int)
    asked = served = held = 0
    for t in range(periods + warm):
        hand = hand + pipe[:, 0]
        pipe = np.roll(pipe, -1, axis=1)
        pipe[:, -1] = 0
        cleared = np.minimum(waiting, hand)
        hand, waiting = hand - cleared, waiting - cleared
        filled = np.minimum(demand[:, t], hand)
        hand = hand - filled
        if not is_lost:
            waiting = waiting + demand[:, t] - filled
        if t >= warm:
            asked, served, held = asked + demand[:, t].sum(), served + filled.sum(), held + hand.sum()
        if (t + 1) % review == 0:
            position = hand + pipe.sum(axis=1) - waiting
            pipe[:, -1] += np.where(position <= s, np.ceil((s + 1 - position) / lot), 0).astype(int) * lot
    return served / asked, held / (rows * periods)


CASES = [(2.0, 1.0, 2, 1, 8, 1), (2.0, 3.0, 2, 1, 10, 1), (3.0, 2.0, 2, 1, 8, 12), (1.0, 2.0, 4, 4, 10, 6)]


@pytest.mark.parametrize("case", CASES)
def test_fill_and_stock_are_those_of_a_simulation(case: tuple[float, float, int, int, int, int]) -> None:
    mean, ratio, lead, review, s, lot = case
    demand = ReviewedDemand(
        *(
            _one(value)
            for value in (
                mean * lead,
                mean * lead * ratio,
                mean * (lead + review),
                mean * (lead + review) * ratio,
            )
        )
    )
    fill, stock = _played(*case, is_lost=False)
    assert fill_rate(_one(s), _one(lot), demand)[0] == pytest.approx(fill, abs=0.006)
    # The simulation counts stock at the ends of periods, the rule over the whole review.
    assert expected_stock(_one(s), _one(lot), demand)[0] == pytest.approx(stock, abs=0.55 * mean + 0.1)
    fill, _ = _played(*case, is_lost=True)
    found = lost_sales.fill_rate_when_lost(_one(s), _one(lot), demand)[0]
    assert -0.03 <= found - fill <= 0.02


def test_one_by_one_poisson_orders_with_lost_sales_are_erlangs() -> None:
    assert lost_sales.fill_rate_lost_sales(4, 2.5) == pytest.approx(
        1 - stats.poisson.pmf(4, 2.5) / stats.poisson.cdf(4, 2.5)
    )
    level = lost_sales.base_stock_lost_sales(0.95, 2.5)
    assert (
        lost_sales.fill_rate_lost_sales(level, 2.5) >= 0.95 > lost_sales.fill_rate_lost_sales(level - 1, 2.5)
    )


def test_losses_and_their_sums_are_those_of_the_distribution() -> None:
    rng = np.random.default_rng(2)
    mean = np.exp(rng.uniform(-3, 5, 300))
    variance = mean * np.where(rng.random(300) < 0.3, 1.0, 1.0 + rng.exponential(3.0, 300))
    x = np.floor(mean + rng.normal(0, 2, 300) * np.sqrt(variance)).clip(-1)
    beyond, loss, total = Losses(mean, variance).above(x)
    np.testing.assert_allclose(loss, expected_shortage(x, mean, variance), atol=1e-8)
    for k in range(0, 300, 10):
        positions = np.arange(x[k] + 1, x[k] + 4000)
        each = expected_shortage(
            positions, np.full(len(positions), mean[k]), np.full(len(positions), variance[k])
        )
        assert total[k] == pytest.approx(each.sum(), rel=1e-7, abs=1e-7)
    assert ((beyond >= -1e-12) & (beyond <= 1 + 1e-12)).all()


def test_a_poisson_item_is_filled_as_often_as_it_is_ready_and_a_lumpy_one_less() -> None:
    poisson = ReviewedDemand.of(_one(12.0), _one(12.0), _one(0.7))
    lumpy = ReviewedDemand.of(_one(12.0), _one(48.0), _one(0.7))
    for demand, slack in ((poisson, 5e-4), (lumpy, -0.02)):
        fill, ready = (rule(_one(14.0), _one(6.0), demand)[0] for rule in (fill_rate, ready_rate))
        assert (abs(fill - ready) <= slack) if slack > 0 else (fill - ready <= slack)


def test_the_reorder_point_is_the_lowest_that_serves() -> None:
    rng = np.random.default_rng(3)
    n = 400
    mean = np.exp(rng.uniform(-2, 5, n))
    demand = ReviewedDemand.of(mean, mean * (1 + rng.exponential(2, n)), rng.uniform(0.1, 0.95, n))
    lot, target = np.ceil(np.maximum(mean * rng.exponential(1, n), 1)), rng.choice([0.8, 0.95, 0.99], n)
    for search, rule in ((reorder_point_for_fill, fill_rate), (reorder_point_for_ready, ready_rate)):
        point = search(target, lot, demand)
        assert (rule(point, lot, demand) >= target - 1e-9).all()
        above = point > -1
        lower = rule(point[above] - 1, lot[above], demand[above])
        assert (lower < target[above] + 1e-9).all()


def test_service_rises_with_lead_time_and_target() -> None:
    target = np.array([0.8, 0.9, 0.95, 0.99])
    point = reorder_point_for_cycle(target, np.full(4, 9.0), np.full(4, 20.0))
    assert (np.diff(point) >= 0).all()
    lead = np.array([0.2, 0.5, 0.8])
    demand = ReviewedDemand.of(1.0 / (1 - lead) * 3, 1.0 / (1 - lead) * 6, lead)
    assert (np.diff(reorder_point_for_fill(np.full(3, 0.95), np.ones(3), demand)) >= 0).all()


# --- budget, outages, undershoot


def test_the_greedy_path_lies_on_the_frontier() -> None:
    mean, cost = np.array([1.0, 4.0, 2.0]), np.array([5.0, 1.0, 3.0])
    items = service_budget.Items.plain(mean, mean, cost)
    pairs = np.array(list(product(range(6), range(12), range(8))), dtype=float)
    spent = pairs @ cost
    short = sum(
        expected_shortage(pairs[:, k], np.full(len(pairs), mean[k]), np.full(len(pairs), mean[k]))
        for k in range(3)
    )
    for point in service_budget.marginal_path(items, steps=12):
        assert point.backorders <= short[spent <= point.cost + 1e-9].min() + 1e-9


def test_a_budget_is_kept_and_spent_down() -> None:
    mean, cost = np.array([1.0, 4.0, 2.0]), np.array([5.0, 1.0, 3.0])
    items = service_budget.Items.plain(mean, mean, cost)
    for budget in (7.0, 13.5, 20.0, 31.0):
        stock = service_budget.stock_within(items, budget)
        left = budget - float(stock @ cost)
        assert 0 <= left < 1.0
    floors = service_budget.Items(
        mean, mean, cost, np.ones(3), np.array([2.0, 0, 0]), np.array([9.0, 3.0, 9.0])
    )
    stock = service_budget.stock_within(floors, 20.0)
    assert stock[0] >= 2 and stock[1] <= 3
    points = service_budget.frontier(items, 20)
    assert len(points) == 20
    fills = [point.fill for point in points]
    assert fills == sorted(fills)


def test_base_stock_under_outages_is_the_best_multiple_of_demand() -> None:
    level, cost = disruptions.base_stock_with_disruptions(0.5, 9.0, 10.0, 0.05, 0.3)
    costs = [
        disruptions.base_stock_with_disruptions(0.5, 9.0, 10.0, 0.05, 0.3, 10.0 * k)[1] for k in range(1, 30)
    ]
    assert cost == pytest.approx(min(costs))
    assert level == 10.0 * (1 + int(np.argmin(costs)))


def test_undershoot_of_a_renewal_process() -> None:
    rng = np.random.default_rng(8)
    steps = rng.poisson(4.0, (4000, 120))
    level = 200 - steps.cumsum(axis=1)
    first = np.argmax(level <= 0, axis=1)
    under = -level[np.arange(4000), first]
    assert expected_undershoot(_one(4.0), _one(4.0))[0] == pytest.approx(under.mean(), abs=0.1)
