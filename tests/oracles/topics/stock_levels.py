"""Newsvendor and base stock, loss functions, safety stock, reorder points and fill rates."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
from scipy import stats

from optimization.demand import distributions
from optimization.policy import fill_rate, lost_sales, newsvendor, safety_stock
from tests.oracles.registry import answers


def _one(*values: float) -> tuple[np.ndarray, ...]:
    return tuple(np.array([value], dtype=float) for value in values)


@answers("newsvendor normal")
def newsvendor_normal(given: dict[str, Any]) -> Any:
    level, cost = newsvendor.newsvendor_normal(
        given["holding_cost"], given["stockout_cost"], given["mean"], given["sd"]
    )
    return {"S": level, "cost": cost}


@answers("newsvendor Poisson")
def newsvendor_poisson(given: dict[str, Any]) -> Any:
    level, cost = newsvendor.newsvendor_whole(
        given["holding_cost"], given["stockout_cost"], given["mean"], given["mean"]
    )
    return {"S": level, "cost": cost}


@answers("newsvendor discrete")
def newsvendor_discrete(given: dict[str, Any]) -> Any:
    pairs = sorted((float(value), float(weight)) for value, weight in given["pmf"].items())
    demand, probability = np.array(pairs).T
    level, cost = newsvendor.newsvendor_discrete(
        given["holding_cost"], given["stockout_cost"], demand, probability
    )
    return {"S": level, "cost": cost}


@answers("base-stock with lead time")
def base_stock(given: dict[str, Any]) -> Any:
    periods = given.get("protection_periods", given.get("lead_time", 0) + 1)
    level, cost = newsvendor.newsvendor_normal(
        given["holding_cost"], given["stockout_cost"], given["mean"] * periods, given["sd"] * periods**0.5
    )
    return {"S": level, "cost": cost}


@answers("service target under cost: critical ratio")
def critical_ratio(given: dict[str, Any]) -> Any:
    # A backordered unit keeps its margin; only patience is paid for.
    waits = "backorder" in given.get("mode", "")
    short = given.get("goodwill", 0.0) + (0.0 if waits else given["unit_margin"])
    return {"critical_ratio": newsvendor.critical_ratio(short, given["holding_per_period"])}


@answers("newsvendor with prices")
def newsvendor_with_prices(given: dict[str, Any]) -> Any:
    over, under = newsvendor.costs_of_prices(
        given["selling_revenue"],
        given["purchase_cost"],
        given["salvage_value"],
        given.get("stockout_cost", 0.0),
    )
    level, cost = newsvendor.newsvendor_normal(over, under, given["mean"], given["sd"])
    return {
        "S": level,
        "cost": cost,
        "profit": (given["selling_revenue"] - given["purchase_cost"]) * given["mean"] - cost,
    }


@answers("loss function", "loss function normal")
def loss(given: dict[str, Any]) -> Any:
    if "z" in given:
        value = safety_stock.standard_normal_loss(given["z"])
        return {"loss": value, "complementary": value + given["z"]}
    value = given["sd"] * safety_stock.standard_normal_loss((given["x"] - given["mean"]) / given["sd"])
    return {"loss": value, "complementary": value + given["x"] - given["mean"]}


@answers("loss function negative binomial", "loss function Poisson")
def loss_of_whole_units(given: dict[str, Any]) -> Any:
    variance = given["sd"] ** 2 if "sd" in given else given["mean"] * given.get("variance_to_mean", 1.0)
    value = float(distributions.expected_shortage(*_one(given["x"], given["mean"], variance))[0])
    return {"loss": value, "complementary": value + given["x"] - given["mean"]}


@answers("safety stock, cycle service of a given ROP")
def service_of_reorder_point(given: dict[str, Any]) -> Any:
    spread = safety_stock.lead_time_demand_sd(given["weekly_mean"], given["weekly_sd"], given["L_weeks"], 0.0)
    mean = given["weekly_mean"] * given["L_weeks"]
    stock = safety_stock.safety_stock(*_one(given["ROP"], mean))[0]
    short = spread * safety_stock.standard_normal_loss(stock / spread)
    return {
        "safety_stock": float(stock),
        "CSL": float(stats.norm.cdf(stock / spread)),
        "ESC": short,
        "fill_rate": 1.0 - short / given["Q"],
    }


@answers("safety stock for cycle service")
def stock_for_cycle(given: dict[str, Any]) -> Any:
    spread = safety_stock.lead_time_demand_sd(0.0, given["weekly_sd"], given["L_weeks"], 0.0)
    return {"safety_stock": safety_stock.normal_safety_stock_for_cycle(spread, given["CSL"])}


@answers("safety stock for fill rate (R,Q)")
def stock_for_fill(given: dict[str, Any]) -> Any:
    spread = safety_stock.lead_time_demand_sd(0.0, given["weekly_sd"], given["L_weeks"], 0.0)
    return {
        "safety_stock": [
            safety_stock.normal_safety_stock_for_fill(spread, given["Q"], target)
            for target in given["fill_rates"]
        ]
    }


@answers("safety stock with lead-time variability")
def stock_with_lead_time(given: dict[str, Any]) -> Any:
    spread = safety_stock.lead_time_demand_sd(
        given["daily_mean"], given["daily_sd"], given["L"], given["L_sd"]
    )
    return {
        "sigma_LTD": spread,
        "safety_stock": safety_stock.normal_safety_stock_for_cycle(spread, given["CSL"]),
    }


@answers("order-up-to, periodic review")
def periodic_order_up_to(given: dict[str, Any]) -> Any:
    weeks = given["L_weeks"] + given["R_weeks"]
    spread = safety_stock.lead_time_demand_sd(given["weekly_mean"], given["weekly_sd"], weeks, 0.0)
    stock = safety_stock.normal_safety_stock_for_cycle(spread, given["CSL"])
    return {"safety_stock": stock, "OUL": given["weekly_mean"] * weeks + stock}


@answers("slow mover: NB vs Poisson vs normal")
def slow_mover(given: dict[str, Any]) -> Any:
    mean, ratio, level = given["ltd_mean"], given["variance_to_mean"], np.array([given["q"]])
    nb = distributions.quantiles(*_one(mean, mean * ratio), level)[0, 0]
    poisson = distributions.quantiles(*_one(mean, mean), level)[0, 0]
    normal = mean + safety_stock.normal_safety_stock_for_cycle((mean * ratio) ** 0.5, given["q"])
    return {"NB": float(nb), "poisson": float(poisson), "normal": normal}


@answers("sum of quantiles is not quantile of sum")
def sum_of_quantiles(given: dict[str, Any]) -> Any:
    mean, ratio = (float(number) for number in re.findall(r"[0-9]*\.?[0-9]+", given["per_period"])[:2])
    n = given["periods"]
    level = np.array([given["q"]])
    each = distributions.quantiles(*_one(mean, mean * ratio), level)[0, 0]
    total = distributions.quantiles(*_one(n * mean, n * mean * ratio), level)[0, 0]
    return {"sum_of_quantiles": float(n * each), "quantile_of_sum": float(total)}


@answers("(R,Q) Poisson fill rate")
def lots_fill_rate(given: dict[str, Any]) -> Any:
    mean, point, lot = given["lam"] * given["L"], given["R"], given["Q"]
    fill = fill_rate.fill_rate_of_lots(*_one(point, lot, mean, mean))[0]
    positions = np.arange(point + 1.0, point + lot + 1.0)
    moments = np.full(lot, float(mean))
    short = float(distributions.expected_shortage(positions, moments, moments).mean())
    return {
        "fill_rate": float(fill),
        "E_backorders": short,
        "E_onhand": float(positions.mean()) - mean + short,
    }


@answers("periodic (R,S) fill rate, normal")
def periodic_fill_rate(given: dict[str, Any]) -> Any:
    mean, sd, review, lead = (given[name] for name in ("mean", "sd", "R", "L"))
    found = {}
    for level in given["S"]:
        spread = sd * (review + lead) ** 0.5
        short = spread * safety_stock.standard_normal_loss((level - mean * (review + lead)) / spread)
        found[f"S{level}"] = {
            "traditional": 1.0 - short / (mean * review),
            "exact": fill_rate.fill_rate_order_up_to(level, mean, sd, review, lead),
        }
    return found


@answers("lost-sales base stock fill rate (Erlang loss)")
def lost_sales_fill_rate(given: dict[str, Any]) -> Any:
    return {"fill": [lost_sales.fill_rate_lost_sales(level, given["lam_times_L"]) for level in given["S"]]}
