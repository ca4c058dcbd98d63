"""The VN2 game on weeks worked by hand: its rules, its initial state, its benchmark, and no look ahead."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from optimization.demand.pooled import default_model
from optimization.policy.lookahead import demand_paths, lost_sales_order
from optimization.simulation.simulator import Stock
from tests.benchmarks import vn2, vn2_policies
from tests.benchmarks.vn2_game import Game, anchors, load, play, weekly_costs
from tests.benchmarks.vn2_policies import Benchmark, Forecasts, Ours, Perfect, Textbook

RULES = {"rules": {"rounds": 6, "weeks": 8, "holding_per_unit_week": 0.2, "lost_sale": 1.0, "setup_weeks": 2}}
HISTORY = 70


@pytest.fixture(scope="module")
def game() -> Game:
    """Two items; the first sells 2 a week and 5 in every ISO week 20, the second every other week."""
    days = pd.date_range("2023-01-02", periods=HISTORY + 8, freq="7D")
    week = days.isocalendar().week.to_numpy()
    sales = np.stack([np.where(week == 20, 5.0, 2.0), np.where(np.arange(len(days)) % 2 == 0, 1.0, 0.0)])
    is_in_stock = np.ones(sales.shape, dtype=bool)
    is_in_stock[1, HISTORY - 3] = False
    return Game(
        sales=sales,
        is_in_stock=is_in_stock,
        first_week=days[0],
        width=HISTORY,
        on_hand=np.array([3.0, 1.0]),
        due=np.array([[0.0, 1.0], [0.0, 0.0]]),
        product=np.array([0, 1]),
        rules=RULES,
    )


class Fixed:
    """Orders the same every round, and notes what it could see."""

    def __init__(self, quantity: list[float]) -> None:
        self.quantity = np.array(quantity)
        self.seen: list[tuple[int, list[float], list[float]]] = []

    def __call__(self, game: Game, start: int, origin: int, stock: Stock) -> np.ndarray:
        self.seen.append((origin, stock.on_hand.tolist(), stock.due(1).tolist()))
        return self.quantity


def test_weeks_worked_by_hand(game: Game) -> None:
    policy = Fixed([2.0, 0.0])
    cost, fill = weekly_costs(game, HISTORY, policy)
    # Item 1 starts with 3 and sells 2; one arrives in week 2, ISO week 20, and 3 of 5 are lost; the
    # first order of 2 arrives in week 3, and every week sells its two.
    assert game.sales[0, HISTORY:].tolist() == [2, 5, 2, 2, 2, 2, 2, 2]
    assert cost[0].tolist() == pytest.approx([0.2 * 1, 3, 0, 0, 0, 0, 0, 0])
    # Item 2: one in stock is sold in week 1 (an even week), the demand of weeks 3, 5 and 7 is lost.
    assert cost[1].tolist() == pytest.approx([0, 0, 1, 0, 1, 0, 1, 0])
    net, net_fill = play(game, HISTORY, policy)
    assert net.tolist() == pytest.approx([0.0, 3.0])
    assert fill == net_fill == pytest.approx(12 / 15)
    # Six orders, each before its week, on the stock at the end of the week before.
    assert [origin for origin, _, _ in policy.seen[:6]] == list(range(HISTORY, HISTORY + 6))
    assert policy.seen[0] == (HISTORY, [3.0, 1.0], [1.0, 0.0])
    assert policy.seen[1][1:] == ([1.0, 0.0], [2.0, 0.0])


def test_the_figures_that_need_no_forecast(game: Game) -> None:
    found = anchors(game, Perfect(), Benchmark(4))
    assert found["week1_setup"] == pytest.approx(0.2)
    assert found["week2_setup"] == pytest.approx(3.0)
    assert found["setup_total"] == pytest.approx(3.2)
    # Six weeks of 2 and three of 1 are lost when nothing is ordered.
    assert found["no_orders_total"] == pytest.approx(3.2 + 12 + 3)
    assert found["oracle_net"] == 0.0


def test_the_initial_state_is_made_from_a_year_of_sales(game: Game) -> None:
    on_hand, due = game.made_state(HISTORY)
    mean = game.sales[:, HISTORY - 52 : HISTORY].mean(axis=1)
    assert mean[0] == pytest.approx((51 * 2 + 5) / 52)
    assert on_hand.tolist() == [3, 1]
    assert due.tolist() == [[0, 1], [0, 0]]
    assert game.state_rule_holds()
    assert not replace(game, on_hand=game.on_hand + 1).state_rule_holds()


def test_the_benchmark_as_published(game: Game) -> None:
    history = pd.DataFrame(
        game.demand_until(HISTORY), columns=pd.date_range(game.first_week, periods=HISTORY, freq="7D")
    )
    # The published steps, in pandas.
    season = history.mean().to_frame("demand")
    season["week"] = season.index.isocalendar().week
    season = season.groupby("week")["demand"].mean()
    season = season / season.mean()
    plain = history / season.loc[history.columns.isocalendar().week].to_numpy()
    base = plain.iloc[:, -13:].mean(axis=1)
    coming = pd.date_range(history.columns[-1], periods=5, freq="7D")[1:].isocalendar().week
    expected = base.to_numpy() * season.loc[coming].sum()
    np.testing.assert_allclose(Benchmark(4).levels(game, HISTORY), expected)
    stock = Stock(game.on_hand, game.due, 2)
    order = Benchmark(4)(game, HISTORY, HISTORY, stock)
    assert order.tolist() == np.round(np.clip(expected - [4.0, 1.0], 0, None)).tolist()


def test_an_item_plays_a_window_when_its_demand_is_known_throughout(game: Game) -> None:
    assert game.earlier_origins() == [54, 62]
    assert game.playing(54).tolist() == [True, True]
    # Out of stock in week 67 of the history.
    assert game.playing(62).tolist() == [True, False]
    assert game.playing(HISTORY).tolist() == [True, True]
    assert play(game, 62, Fixed([0.0, 0.0]))[0][1] == 0.0


def test_no_policy_reads_a_week_that_is_not_over(game: Game) -> None:
    wide = replace(game, width=HISTORY - 8)
    planted = replace(wide, sales=np.where(np.arange(HISTORY + 8) >= HISTORY - 8, 500.0, wide.sales))
    stock = Stock(game.on_hand, game.due, 2)
    start = HISTORY - 8
    policies = [Benchmark(3), Textbook().at(None, game), Ours(5 / 6, Forecasts()).at(0.8, game)]
    for policy in policies:
        order = policy(wide, start, start, stock)
        if isinstance(policy, Ours):
            policy = Ours(0.8, Forecasts())
        np.testing.assert_array_equal(order, policy(planted, start, start, stock))


def test_a_folder_and_later_weeks_are_read_however_they_are_stored(game: Game, tmp_path: Path) -> None:
    days = [str(day.date()) for day in pd.date_range(game.first_week, periods=HISTORY + 8, freq="7D")]
    ids = pd.DataFrame({"Store": [1, 2], "Product": [10, 20]})
    state = ids.assign(**{"End Inventory": [3, 1], "In Transit W+1": [0, 0], "In Transit W+2": [1, 0]})
    wide = pd.concat([ids, pd.DataFrame(game.sales, columns=days)], axis=1)
    flags = pd.concat([ids, pd.DataFrame(game.is_in_stock, columns=days)], axis=1)
    wide[["Store", "Product", *days[:HISTORY]]].to_parquet(tmp_path / "sales_w0.parquet")
    flags.to_csv(tmp_path / "in_stock_w0.csv", index=False)
    state.to_parquet(tmp_path / "initial_state.parquet")
    (tmp_path / "rules_and_anchors.json").write_text(json.dumps(RULES))
    alone = load(tmp_path)
    assert (alone.width, alone.has_future, alone.sales.shape) == (HISTORY, False, (2, HISTORY))
    wide.iloc[::-1].to_csv(tmp_path / "all.csv", index=False)
    wide[["Store", "Product", *days[HISTORY:]]].to_parquet(tmp_path / "later.parquet")
    unnamed = wide[["Store", "Product", *days[HISTORY:]]]
    unnamed.columns = ["Store", "Product", *(f"week_{number}" for number in range(1, 9))]
    unnamed.to_csv(tmp_path / "unnamed.csv", index=False)
    for name in ("all.csv", "later.parquet", "unnamed.csv"):
        read = load(tmp_path, tmp_path / name)
        np.testing.assert_array_equal(read.sales, game.sales)
        assert read.width == HISTORY
    wide[["Store", "Product", *days[: HISTORY + 3]]].to_csv(tmp_path / "short.csv", index=False)
    with pytest.raises(SystemExit, match="holds 3 weeks after"):
        load(tmp_path, tmp_path / "short.csv")


def test_the_least_order_that_serves_the_week_of_arrival() -> None:
    generator = np.random.default_rng(5)
    paths = generator.poisson(3.0, (6, 3, 400)).astype(float)
    on_hand, due = generator.integers(0, 8, 6).astype(float), generator.integers(0, 5, (6, 2)).astype(float)
    order = lost_sales_order(on_hand, due, paths, 5 / 6)
    for row in range(6):
        costs = []
        for quantity in range(15):
            cost = 0.0
            for path in paths[row].T:
                left = max(max(on_hand[row] + due[row, 0] - path[0], 0) + due[row, 1] - path[1], 0) + quantity
                cost += 0.2 * max(left - path[2], 0) + 1.0 * max(path[2] - left, 0)
            costs.append(cost)
        assert costs[int(order[row])] == pytest.approx(min(costs))


def test_paths_have_the_moments_that_were_asked_for() -> None:
    mean, vmr = np.array([[0.3, 4.0], [60.0, 2.0]]), np.array([1.0, 3.0])
    paths = demand_paths(mean, vmr, 4000)
    np.testing.assert_allclose(paths.mean(axis=2), mean, rtol=0.01)
    np.testing.assert_allclose(paths.var(axis=2), mean * vmr[:, None], rtol=0.05)
    assert abs(np.corrcoef(paths[1])[0, 1]) < 0.05
    np.testing.assert_array_equal(paths[:1], demand_paths(mean[:1], vmr[:1], 4000))


def test_the_program_reports_windows_later_weeks_and_a_missed_anchor(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    # Learning takes its time and is tested elsewhere.
    monkeypatch.setattr(vn2_policies, "fit_pooled_model", lambda panel, interval: default_model())
    generator = np.random.default_rng(4)
    weeks = 53 + 8 * 5 + 8
    days = [str(day.date()) for day in pd.date_range("2022-01-03", periods=weeks, freq="7D")]
    ids = pd.DataFrame({"Store": np.arange(12) // 4, "Product": np.arange(12) % 4})
    mean = np.linspace(0.5, 6.0, 12)[:, None] * np.ones(weeks)
    sales = pd.DataFrame(generator.poisson(mean).astype(float), columns=days)
    history, later = days[:-8], days[-8:]
    pd.concat([ids, sales[history]], axis=1).to_parquet(tmp_path / "sales_w0.parquet")
    pd.concat([ids, sales[history] >= 0], axis=1).to_parquet(tmp_path / "in_stock_w0.parquet")
    pd.concat([ids, sales[later]], axis=1).to_csv(tmp_path / "later.csv", index=False)
    on_hand = np.ceil(sales[history].to_numpy()[:, -52:].mean(axis=1))
    state = {"End Inventory": on_hand, "In Transit W+1": 0, "In Transit W+2": on_hand}
    ids.assign(**state).to_parquet(tmp_path / "initial_state.parquet")
    rules = RULES | {"anchors": {"oracle_net": 1e9}}
    (tmp_path / "rules_and_anchors.json").write_text(json.dumps(rules))
    out = tmp_path / "report.json"
    code = vn2.main(["--data", str(tmp_path), "--future", str(tmp_path / "later.csv"), "--out", str(out)])
    report = json.loads(out.read_text())
    assert code == 1
    assert not report["anchors"]["oracle_net"]["agrees"]
    assert len(report["windows"]["origins"]) == 5 - vn2.TUNING_WINDOWS
    assert set(report["future"]) == set(report["windows"]["summary"])
    assert all(0 < each["net"] < 1e4 for each in report["future"].values())
    assert "DIFFERS" in capsys.readouterr().out
