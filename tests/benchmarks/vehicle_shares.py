"""Vehicles by mix shares on real sales: does a share beat what each dealer's configuration knows itself?

    python -m tests.benchmarks.vehicle_shares --home DIR [--weeks 6 4 3]

DIR is the home of an installation that has run the demo (`STOCKPLAN_HOME`); read are the newest
`opt_in__item_location` and `opt_in__demand_history` in it. For every number of weeks the rates are
learnt from what came before and scored on those last weeks: Poisson deviance, and pinball loss of
the quantiles of the weekly distribution per unit of demand. Of the demo's vehicle history only the
last seven weeks are real, and the newest two are still incomplete: a sale is seen when a vehicle
stays away. Compared are the pooled model's rate of each pair of configuration and dealer (the
item-location level) and the shares, on all pairs and on those with at least eight known weeks.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd
from rich.console import Console
from rich.table import Table
from scipy.special import xlogy

from optimization.contracts.inputs import DEMAND_HISTORY, ITEM_LOCATION
from optimization.demand import distributions
from optimization.demand.hierarchy import vehicle_rates
from optimization.demand.panel import DemandPanel
from optimization.demand.pooled import fit_pooled_model
from optimization.demand.series import screened_history, weekly_series
from optimization.keys import sorted_by_key
from optimization.simulation.intervals import compare_totals
from orchestration.lake.parquet import read_frame

Numbers = npt.NDArray[np.float64]

LEVELS = np.array([0.5, 0.8, 0.9, 0.95])
INTERVAL_WEEKS = 4.0
# Both rates get the same spread, so that only the means are compared.
VARIANCE_TO_MEAN = 1.3
LEAST_RATE = 1e-4


def losses(actual: Numbers, rate: Numbers) -> tuple[Numbers, Numbers]:
    """Poisson deviance and pinball loss of every row, summed over its known weeks."""
    known = np.isfinite(actual)
    demand, mean = np.where(known, actual, 0.0), np.maximum(rate, LEAST_RATE)[:, None]
    deviance = 2.0 * (xlogy(demand, demand / mean) - (demand - mean))
    quantile = distributions.quantiles(mean[:, 0], mean[:, 0] * VARIANCE_TO_MEAN, LEVELS)
    short = demand[:, :, None] - quantile[:, None, :]
    pinball = np.where(short > 0, LEVELS * short, (LEVELS - 1.0) * short).mean(axis=2)
    return (deviance * known).sum(axis=1), (pinball * known).sum(axis=1)


def score(item_location: pd.DataFrame, history: pd.DataFrame, back: int) -> dict[str, dict[str, str]]:
    """Losses of the last `back` weeks by group of pairs: own, shares, and the change with its interval."""
    as_of = pd.Timestamp(item_location["as_of"].iloc[0])
    origin = as_of - pd.Timedelta(weeks=back)
    actual = weekly_series(item_location, history, as_of).dense(np.arange(len(item_location)))[:, -back:]
    series = weekly_series(item_location, history[history["bucket_start_date"] <= origin], origin)
    panel = DemandPanel(series.dense(np.arange(series.n)), 52.0)
    interval = np.full(series.n, INTERVAL_WEEKS)
    own = fit_pooled_model(panel, interval).predict(panel, interval).rate
    shared = vehicle_rates(item_location, series, own).rate
    known = series.known_weeks >= 8
    found = {}
    for name, rows in (("all pairs", np.ones(series.n, dtype=bool)), ("8 known weeks or more", known)):
        units = float(np.nansum(actual[rows]))
        (own_deviance, own_pinball), (deviance, pinball) = (
            losses(actual[rows], rate[rows]) for rate in (own, shared)
        )
        gain = compare_totals(pinball, own_pinball)
        found[name] = {
            "pairs": f"{int(rows.sum()):,}",
            "deviance own": f"{own_deviance.sum() / units:.3f}",
            "deviance shares": f"{deviance.sum() / units:.3f}",
            "pinball own": f"{own_pinball.sum() / units:.4f}",
            "pinball shares": f"{pinball.sum() / units:.4f}",
            "change of pinball": f"{gain.estimate:+.1%} [{gain.low:+.1%}, {gain.high:+.1%}]",
        }
    return found


def main(argv: list[str] | None = None) -> int:
    """Print one table per origin."""
    parser = argparse.ArgumentParser(description="Vehicle rates by mix shares on real sales.")
    parser.add_argument("--home", type=Path, required=True, help="home of an installation that ran the demo")
    parser.add_argument("--weeks", type=int, nargs="+", default=[6, 4, 3], help="weeks to score")
    arguments = parser.parse_args(argv)
    item_location, history = (
        read_frame(sorted(arguments.home.glob(f"{table.name}/*/{table.name}.parquet"))[-1], table)
        for table in (ITEM_LOCATION, DEMAND_HISTORY)
    )
    vehicles = sorted_by_key(item_location[item_location["item_kind"] == "vehicle"])
    console = Console()
    for back in arguments.weeks:
        table = Table("", title=f"the last {back} weeks, learnt from those before")
        rows = score(vehicles, screened_history(history), back)
        for column in next(iter(rows.values())):
            table.add_column(column, justify="right")
        for name, row in rows.items():
            table.add_row(name, *row.values())
        console.print(table)
    return 0


if __name__ == "__main__":
    sys.exit(main())
