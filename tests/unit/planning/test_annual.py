"""The annual plan: programs worked by hand, prices checked by solving again, the audit, the tables."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from optimization.contracts.inputs import LOCATION_LIMIT
from optimization.contracts.outputs import SEASONAL_INDEX
from optimization.contracts.planning_tables import ANNUAL_PLAN, ANNUAL_PLAN_PRICE, ANNUAL_SOLVER_RUN
from optimization.contracts.rows import frame_of
from optimization.errors import NonFiniteInputError, SolverError
from optimization.planning.annual.audit import audited, objective_of
from optimization.planning.annual.demand import Months, monthly_demand
from optimization.planning.annual.fallback import needed_plan
from optimization.planning.annual.model import YearPlan, solve_year
from optimization.planning.annual.parameters import AnnualParameters
from optimization.planning.annual.planning import AnnualTables, plan_year
from optimization.planning.annual.problem import AnnualProblem
from tests.planning_frames import forecast_of, policy, world
from tests.science_frames import AS_OF, location_limit

FREE = AnnualParameters(mix_change_share=None, buy_flexibility=0.0)


def problem(demand: Any, parameters: AnnualParameters = FREE, **terms: Any) -> AnnualProblem:
    """Groups of one region; a sale wins 5, a lost one costs 3 more, a unit held costs 1, takes 1 m3, costs 2.

    `demand` is (S, g, T); without further terms nothing is in stock and nothing is limited.
    """
    units = np.asarray(demand, dtype=np.float64)
    levels, groups, months = units.shape
    names = [f"C{number}" for number in range(groups)]

    def each(value: float) -> np.ndarray[Any, np.dtype[np.float64]]:
        return np.full(groups, value)

    values: dict[str, Any] = {
        "groups": pd.DataFrame({"category": names, "region": "north"}),
        "months": Months.after(AS_OF, months),
        "unit_cost": each(2.0),
        "margin": each(5.0),
        "shortage_cost": each(3.0),
        "holding_cost": each(1.0),
        "gap_price": each(1.5),
        "volume_m3": each(1.0),
        "opening_units": each(0.0),
        "safety_units": each(0.0),
        "demand": units,
        "probability": np.full(levels, 1.0 / levels),
        "region": np.zeros(groups, dtype=np.int64),
        "regions": ("north",),
        "space_m3": np.array([np.nan]),
        "category": np.arange(groups),
        "categories": tuple(names),
        "need_share": units.mean(axis=0).sum(axis=1) / max(units.mean(axis=0).sum(), 1e-12),
        "options": (),
        "option_use": np.zeros((0, groups)),
        "option_limit": np.zeros(0),
        "parameters": parameters,
    } | terms
    return AnnualProblem(**values)


def solved(stated: AnnualProblem) -> YearPlan:
    plan = solve_year(stated)
    audit = audited(stated, plan)
    assert audit.is_passed, audit
    assert plan.solution.bound == pytest.approx(plan.solution.objective, abs=1e-6)
    return plan


def test_scarce_capacity_worked_by_hand() -> None:
    """10 and 20 are asked for, 14 can be bought a month: 4 are kept over, 2 are lost."""
    plan = solved(problem([[[10, 20]]], replace(FREE, capacity_units=14.0)))
    assert plan.bought[0, 0].tolist() == pytest.approx([14, 14])
    assert plan.stock[0, 0].tolist() == pytest.approx([4, 0])
    assert plan.lost[0, 0].tolist() == pytest.approx([0, 2])
    assert plan.solution.objective == pytest.approx(4 * 1 + 2 * (5 + 3) - 30 * 5)
    # A unit more in the second month saves a lost one (8), in the first one it has to be held (7).
    assert plan.capacity_price.tolist() == pytest.approx([7, 8])
    assert np.isnan(plan.cash_price).all()
    assert np.isnan(plan.space_price).all()


def test_scarce_space_and_cash_worked_by_hand() -> None:
    """Three units fit over the month's end, so one more is lost than for want of capacity."""
    capacity = replace(FREE, capacity_units=14.0)
    space = solved(problem([[[10, 20]]], capacity, space_m3=np.array([3.0])))
    assert space.lost[0, 0].tolist() == pytest.approx([0, 3])
    assert space.space_price[0].tolist() == pytest.approx([7, 0])
    assert space.capacity_price.tolist() == pytest.approx([0, 8])
    cash = solved(problem([[[10, 20]]], replace(capacity, cash_limit=6.0)))
    assert cash.lost[0, 0].tolist() == pytest.approx([0, 3])
    # A unit ties up 2: one more of money lets half a unit be held.
    assert cash.cash_price.tolist() == pytest.approx([3.5, 0])


def test_overtime_is_bought_where_it_pays_and_priced_where_it_ends() -> None:
    terms = replace(FREE, capacity_units=10.0, overtime_units=2.0, overtime_unit_cost=3.0)
    plan = solved(problem([[[10, 20]]], terms))
    assert plan.overtime.tolist() == pytest.approx([2, 2])
    assert plan.lost[0, 0].tolist() == pytest.approx([0, 6])
    # 8 less the hour itself, and less the month that the first one is held.
    assert plan.overtime_price.tolist() == pytest.approx([4, 5])
    dear = solved(problem([[[10, 20]]], replace(terms, overtime_unit_cost=9.0)))
    assert dear.overtime.tolist() == pytest.approx([0, 0])


def test_what_is_decided_before_demand_is_known_is_the_newsvendor() -> None:
    """A unit too few costs 8, one too many 1: the order covers 8/9 of the cases, and half of them at 1."""
    levels = [[[8]], [[10]], [[14]]]
    probability = np.array([0.35, 0.30, 0.35])
    plan = solved(problem(levels, probability=probability))
    assert plan.planned.tolist() == [[pytest.approx(14)]]
    even = solved(
        problem(levels, probability=probability, margin=np.array([0.6]), shortage_cost=np.array([0.4]))
    )
    assert even.planned.tolist() == [[pytest.approx(10)]]
    flexible = solved(problem(levels, replace(FREE, buy_flexibility=0.5), probability=probability))
    assert flexible.bought[:, 0, 0].tolist() == pytest.approx([8, 10, 14])


def test_the_mix_is_held_and_an_option_holds_it_back() -> None:
    demand = [[[30, 30], [10, 10]]]
    free = solved(problem(demand, replace(FREE, capacity_units=20.0)))
    assert free.bought.sum(axis=(0, 1)).tolist() == pytest.approx([20, 20])
    kept = solved(problem(demand, replace(FREE, capacity_units=20.0, mix_change_share=0.0)))
    assert kept.planned.sum(axis=1).tolist() == pytest.approx([30, 10])
    engines = solved(
        problem(
            demand,
            options=("V6",),
            option_use=np.array([[0.5, 0.0]]),
            option_limit=np.array([12.0]),
        )
    )
    assert engines.bought[0].tolist() == [pytest.approx([24, 24]), pytest.approx([10, 10])]
    # One more engine serves two units of 8 each.
    assert engines.option_price[0].tolist() == pytest.approx([16, 16])


def test_stock_that_is_there_makes_space_give_way_and_says_so() -> None:
    plan = solved(problem([[[1, 1]]], opening_units=np.array([10.0]), space_m3=np.array([3.0])))
    assert plan.space_over[0, 0].tolist() == pytest.approx([6, 5])


def test_safety_stock_is_held_where_there_is_room() -> None:
    held = solved(problem([[[5, 5]]], safety_units=np.array([4.0])))
    assert held.stock[0, 0].tolist() == pytest.approx([4, 4])
    short = solved(problem([[[5, 5]]], safety_units=np.array([4.0]), space_m3=np.array([3.0])))
    assert short.gap[0, 0].tolist() == pytest.approx([1, 1])


@pytest.mark.parametrize("seed", range(6))
def test_prices_are_what_one_more_unit_gains(seed: int) -> None:
    """The gain is concave in a limit: one more gains at most the price, one less loses at least it."""
    draw = np.random.default_rng(seed)
    demand = draw.integers(0, 30, (2, 3, 3)).astype(float)
    limits = replace(
        FREE,
        capacity_units=float(draw.integers(10, 40)),
        cash_limit=float(draw.integers(5, 40)),
        buy_flexibility=0.3,
        overtime_units=3.0,
        overtime_unit_cost=2.0,
    )
    stated = problem(
        demand,
        limits,
        margin=draw.uniform(1, 9, 3),
        unit_cost=draw.uniform(1, 4, 3),
        space_m3=np.array([float(draw.integers(2, 20))]),
        safety_units=draw.uniform(0, 3, 3),
    )
    price = solved(stated)
    for prices, name in ((price.capacity_price, "capacity_units"), (price.cash_price, "cash_limit")):
        value = getattr(limits, name)
        more, less = (
            -solved(replace(stated, parameters=replace(limits, **{name: value + step}))).solution.objective
            for step in (1.0, -1.0)
        )
        now = -price.solution.objective
        assert more - now <= prices.sum() + 1e-6
        assert now - less >= prices.sum() - 1e-6
    room = replace(stated, space_m3=stated.space_m3 + 1.0)
    assert price.solution.objective - solved(room).solution.objective <= price.space_price.sum() + 1e-6


@pytest.mark.parametrize("name", ["bought", "stock", "lost", "planned"])
def test_the_audit_sees_a_number_that_was_changed(name: str) -> None:
    stated = problem([[[10, 20]]], replace(FREE, capacity_units=14.0))
    plan = solved(stated)
    wrong = replace(plan, **{name: getattr(plan, name) + 0.01})
    assert not audited(stated, wrong).is_passed


def test_the_objective_is_recomputed_without_the_model() -> None:
    stated = problem([[[10, 20]]], replace(FREE, capacity_units=14.0))
    assert objective_of(stated, solved(stated)) == pytest.approx(-130.0)


def test_a_number_that_is_none_is_refused_before_a_model_exists() -> None:
    with pytest.raises(NonFiniteInputError, match="annual_plan: input margin holds nan"):
        solve_year(problem([[[1]]], margin=np.array([np.nan])))


# --- from frames to tables


def tables(**parameters: Any) -> AnnualTables:
    items, demand = world(12)
    limits = location_limit(list(items["location_id"]), storage_m3=5.0)
    return plan_year(
        items,
        demand,
        policy(items, 3.0),
        forecast_of(items, 4.0),
        frame_of(SEASONAL_INDEX, []),
        LOCATION_LIMIT.validate(limits),
        AS_OF,
        AnnualParameters(**parameters),
    )


def test_the_tables_keep_their_contracts_and_add_up() -> None:
    told = tables(months=3, capacity_units=150.0, cash_limit=1_000.0)
    for table, frame in (
        (ANNUAL_PLAN, told.annual_plan),
        (ANNUAL_PLAN_PRICE, told.annual_plan_price),
        (ANNUAL_SOLVER_RUN, told.annual_solver_run),
    ):
        table.validate(frame)
    plan = told.annual_plan
    by_level = dict(iter(plan.groupby("plan_level")))
    key = ["demand_scenario", "month_start_date"]
    for name in ("demand_units", "buy_units", "closing_stock_value", "lost_units", "margin_value"):
        network = by_level["network"].groupby(key)[name].sum()
        for part in ("group", "region"):
            np.testing.assert_allclose(by_level[part].groupby(key)[name].sum(), network, atol=1e-6)
    group = by_level["group"].sort_values([*key, "region", "category"])
    level = group[group["demand_scenario"] == "p80"].set_index(["category", "region", "month_start_date"])
    before = level.groupby(["category", "region"])["closing_stock_units"].shift()
    served = level["demand_units"] - level["lost_units"]
    stock = (before + level["buy_units"] - served).dropna()
    np.testing.assert_allclose(stock, level.loc[stock.index, "closing_stock_units"], atol=1e-6)
    assert group.groupby(key)["buy_share"].sum().round(9).eq(1.0).all()
    assert (by_level["network"]["cash_use"] <= 1.0 + 1e-6).all()
    run = told.annual_solver_run.iloc[0]
    assert (run["solver_status"], bool(run["is_audit_passed"])) == ("OPTIMAL", True)


def test_what_is_not_limited_has_no_price_and_says_why() -> None:
    prices = tables(months=2).annual_plan_price.set_index("resource")
    assert prices.loc["cash", "shadow_price"].isna().all()
    assert prices.loc["cash", "null_reason"].eq("no cash limit is set (planning.cash_limit)").all()
    assert prices.loc["capacity", "null_reason"].str.contains("planning.capacity_units").all()
    assert prices.loc["space", "shadow_price"].notna().all()
    assert not prices.loc["capacity", "is_binding"].any()


def test_demand_follows_the_forecast_and_then_the_season() -> None:
    items, _ = world(3, region="north")
    groups = items[["category", "region"]].drop_duplicates().sort_values("category", ignore_index=True)
    group = np.array([0, 1, 2])
    season = frame_of(
        SEASONAL_INDEX,
        [
            {
                "category": "brakes",
                "region": "*",
                "week_of_year": week,
                "index_factor": 1.5 if week > 40 else 1.0,
                "history_weeks": 104,
                "origin_count": 4,
                "is_used": True,
                "method": "x",
                "status": "OK",
            }
            for week in range(1, 53)
        ],
    )
    months = Months.after(AS_OF, 6)
    found, before = monthly_demand(groups, group, items, forecast_of(items, 7.0), season, AS_OF, months)
    # 30 June is the business date: the first month begins the day after, so nothing lies before it.
    assert before.tolist() == [0.0, 0.0, 0.0]
    days = np.diff(months.starts.append(pd.DatetimeIndex([months.end]))).astype("timedelta64[D]").astype(int)
    assert found[1].tolist() == pytest.approx(days.tolist())
    # The forecast reaches to the end of September; the index of the weeks after the fortieth is 1.5.
    assert found[0, :3].tolist() == pytest.approx(days[:3].tolist())
    assert found[0, 4:].tolist() == pytest.approx((1.5 * days[4:]).tolist())


@pytest.mark.parametrize("wrong", ["solver", "audit"])
def test_a_year_that_cannot_be_solved_is_planned_by_need(wrong: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The day goes on: all that is needed is bought, nothing is priced, and every row says why."""

    def no_answer(stated: AnnualProblem) -> YearPlan:
        if wrong == "solver":
            raise SolverError("the annual plan ended as TIME: too long")
        plan = solve_year(stated)
        return replace(plan, stock=plan.stock + 1.0)

    monkeypatch.setattr("optimization.planning.annual.planning.solve_year", no_answer)
    told = tables(months=3, capacity_units=1.0, cash_limit=1.0)
    run = told.annual_solver_run.iloc[0]
    assert (run["solver_status"], bool(run["is_audit_passed"])) == ("FALLBACK", True)
    assert run["detail"].startswith({"solver": "SolverError: the annual", "audit": "AuditError: "}[wrong])
    assert run["objective_bound"] <= run["objective"]
    assert run["slack_units"] > 0
    plan, prices = told.annual_plan, told.annual_plan_price
    assert set(plan["status"]) == set(prices["status"]) == {"FALLBACK"}
    assert (plan["lost_units"] == 0).all()
    assert (plan["safety_gap_units"] == 0).all()
    assert prices["shadow_price"].isna().all()
    assert prices.loc[prices["resource"] == "cash", "null_reason"].str.startswith("there is no optimum").all()


def test_need_alone_is_what_the_program_buys_where_nothing_is_scarce() -> None:
    stated = problem(
        [[[10, 20]], [[12, 25]]], replace(FREE, buy_flexibility=1.0), safety_units=np.array([3.0])
    )
    free, needed = solved(stated), needed_plan(stated, "tried")
    np.testing.assert_allclose(needed.bought, free.bought)
    np.testing.assert_allclose(needed.stock, free.stock)
    assert needed.solution.objective == pytest.approx(free.solution.objective)


def test_an_option_that_no_group_uses_limits_nothing() -> None:
    stated = problem([[[10, 20]]], options=("V6",), option_use=np.zeros((1, 1)), option_limit=np.array([1.0]))
    assert solved(stated).option_price.tolist() == [[0.0, 0.0]]


def test_a_year_without_item_locations_is_empty() -> None:
    items, demand = world(3)
    told = plan_year(
        items.iloc[:0],
        demand.iloc[:0],
        policy(items, 3.0).iloc[:0],
        forecast_of(items, 4.0),
        frame_of(SEASONAL_INDEX, []),
        LOCATION_LIMIT.validate(location_limit(list(items["location_id"]), storage_m3=5.0)),
        AS_OF,
        AnnualParameters(months=2, capacity_units=5.0, cash_limit=3.0),
    )
    assert (told.annual_plan["buy_units"] == 0).all()
    assert set(told.annual_solver_run["solver_status"]) <= {"OPTIMAL", "FALLBACK"}


def test_a_year_without_demand_buys_nothing_but_safety() -> None:
    stated = problem(np.zeros((1, 2, 2)), replace(FREE, mix_change_share=0.5), need_share=np.zeros(2))
    assert solved(stated).bought.sum() == 0.0
