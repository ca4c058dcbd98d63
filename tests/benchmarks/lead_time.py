"""Lead times on deliveries of the shape of the SCMS history: are our quantiles right, and sharp?

    python -m tests.benchmarks.lead_time --data FILE [--out JSON] [--from 2011-07] [--to 2012-06] [--choose]

FILE (Parquet or CSV) has one row per delivered line: purchase order, vendor, shipment mode, country,
day the order was sent and day it was delivered. Every month the estimator of the product
(`optimization.demand.lead_times`) sees what was known on the first of it, orders still open being
censored, and says P50, P80 and P90 for the orders sent in that month. The promised date of this
history was written afterwards and is never read.

Pool weight and half-life are constants of the product, chosen on orders sent up to 2010; `--choose`
prints the scores behind the choice, which no later order enters. Orders sent in the last 180 days
before the newest delivery are not scored: the slow ones among them are not in the file yet.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from scipy.special import ndtri

from optimization.demand.lead_times import (
    HALF_LIFE_DAYS,
    POOL_RECEIPTS,
    pooled_lead_times,
    recency_weight,
)
from optimization.demand.pooled_survival import SLICE_LEVELS, Durations, group_curves
from optimization.simulation.intervals import compare_totals, row_weights

LEVELS = np.array([0.5, 0.8, 0.9])
SETTLING_DAYS = 180
CHOSEN_UNTIL = pd.Timestamp("2010-12-31")
LEAST_DELIVERED = 20
DRAWS = 1000
NAMES = {
    "order": ("po_so", "PO / SO #"),
    "vendor": ("vendor", "Vendor"),
    "mode": ("shipment_mode", "Shipment Mode"),
    "country": ("country", "Country"),
    "sent": ("po_sent", "PO Sent to Vendor Date"),
    "delivered": ("delivered", "Delivered to Client Date"),
}
# Chains of groupings, and the cell: what each candidate lets a vendor lean on.
VIEWS: dict[str, list[list[tuple[str, ...]]]] = {
    "vendor, then mode": [[("vendor",), ("vendor", "mode")]],
    "mode, then vendor": [[("mode",), ("mode", "vendor")]],
    "vendor and lane": [[("vendor",), ("vendor", "mode")], [("mode",), ("mode", "country")]],
}
OURS = "vendor and lane"
CELL = ("vendor", "mode", "country")
Predictor = Callable[["Known"], np.ndarray]


@dataclass(frozen=True)
class Known:
    """Orders sent before an origin, as they stood then, and the orders to be predicted."""

    origin: pd.Timestamp
    sent: pd.DataFrame
    days: np.ndarray
    is_open: np.ndarray
    wanted: pd.DataFrame


def load(path: Path) -> tuple[pd.DataFrame, dict[str, int]]:
    """One row per order, vendor, mode and delivery, and how many rows were set aside and why."""
    frame = pd.read_csv(path, dtype=str) if path.suffix.lower() == ".csv" else pd.read_parquet(path)
    chosen = {}
    for name, candidates in NAMES.items():
        found = next((each for each in candidates if each in frame.columns), None)
        if found is None and name != "country":
            raise SystemExit(f"{path} has no column {' or '.join(candidates)}")
        chosen[name] = frame[found] if found is not None else pd.Series("", index=frame.index)
    orders = pd.DataFrame(chosen)
    for name in ("sent", "delivered"):
        orders[name] = _dates(orders[name])
    for name in ("order", "vendor", "mode", "country"):
        orders[name] = orders[name].astype(object).where(orders[name].notna(), "").astype(str)
    days = (orders["delivered"] - orders["sent"]).dt.days
    reasons = {
        "no_order_date": orders["sent"].isna(),
        "delivered_before_sent": days < 0,
    }
    aside = {name: int(rows.sum()) for name, rows in reasons.items()}
    lines = orders[~reasons["no_order_date"] & ~reasons["delivered_before_sent"]]
    orders = lines.drop_duplicates(["order", "vendor", "mode", "delivered"])
    aside["further_lines_of_a_delivery"] = len(lines) - len(orders)
    key = ["sent", "order", "vendor", "mode", "delivered"]
    return orders.sort_values(key, ignore_index=True, na_position="last"), aside


def _dates(column: pd.Series) -> pd.Series:
    """Dates of any kind; what is none (`Date Not Captured`) is missing."""
    if pd.api.types.is_datetime64_any_dtype(column):
        return column.astype("datetime64[ns]")
    return pd.to_datetime(column, errors="coerce", format="mixed").astype("datetime64[ns]")


def walk(orders: pd.DataFrame, first: pd.Timestamp, last: pd.Timestamp) -> Iterator[tuple[np.ndarray, Known]]:
    """Rows sent in each month and what was known on the first of it; a month without orders is passed."""
    for origin in pd.date_range(first, last, freq="MS"):
        month = (orders["sent"] >= origin) & (orders["sent"] < origin + pd.offsets.MonthBegin(1))
        rows = np.flatnonzero(month & orders["delivered"].notna())
        sent = orders[orders["sent"] < origin]
        is_open = ~(sent["delivered"] < origin).to_numpy()
        end = sent["delivered"].where(~is_open, origin)
        days = (end - sent["sent"]).dt.days.to_numpy(np.float64)
        if len(rows) and (~is_open).sum() >= LEAST_DELIVERED:
            yield rows, Known(origin, sent, days, is_open, orders.iloc[rows])


def pooled(views: str, pool: float = POOL_RECEIPTS, half_life: float = HALF_LIFE_DAYS) -> Predictor:
    """The product's estimator on these views; censoring as it is."""

    def predict(known: Known) -> np.ndarray:
        both = pd.concat([known.sent, known.wanted])
        age = (known.origin - known.sent["sent"]).dt.days.to_numpy(np.float64)
        durations = Durations(known.days, known.is_open, recency_weight(age, half_life))
        everyone = np.zeros(len(both), dtype=np.int64)
        own = everyone[: len(known.days)]
        root = group_curves(durations, own, 1, SLICE_LEVELS).quantiles
        groups = [[everyone, *(_numbered(both, names) for names in chain)] for chain in VIEWS[views]]
        cell = _numbered(both, CELL if len(groups) > 1 else VIEWS[views][0][-1])
        curves = pooled_lead_times(durations, groups, cell, root, LEVELS, pool)
        return curves.quantiles[cell[len(known.days) :]]

    return predict


def uncensored(known: Known) -> np.ndarray:
    """Ours as if open orders were unknown."""
    done = ~known.is_open
    return pooled(OURS)(
        Known(known.origin, known.sent[done], known.days[done], known.is_open[done], known.wanted)
    )


def vendor_normal(spread: bool) -> Predictor:
    """Mean of the vendor's deliveries, plus z standard deviations; all vendors' where it has too few."""

    def predict(known: Known) -> np.ndarray:
        done = pd.Series(known.days[~known.is_open])
        by_vendor = done.groupby(known.sent["vendor"].to_numpy()[~known.is_open])
        wanted = known.wanted["vendor"]
        mean = by_vendor.mean().reindex(wanted).fillna(done.mean()).to_numpy()
        sd = by_vendor.std().reindex(wanted).fillna(done.std()).to_numpy()
        return mean[:, None] + (ndtri(LEVELS)[None, :] * sd[:, None] if spread else np.zeros((1, 3)))

    return predict


def one_curve(known: Known) -> np.ndarray:
    """One curve for all orders, censored, no recency."""
    durations = Durations(known.days, known.is_open, np.ones(len(known.days)))
    one = np.zeros(len(known.days), dtype=np.int64)
    return np.tile(group_curves(durations, one, 1, LEVELS).quantiles, (len(known.wanted), 1))


def predict_all(
    orders: pd.DataFrame, methods: dict[str, Predictor], first: pd.Timestamp, last: pd.Timestamp
) -> tuple[pd.DataFrame, dict[str, np.ndarray], dict[str, float]]:
    """Scored orders, quantiles per method, and CPU seconds per method."""
    rows: list[np.ndarray] = []
    found: dict[str, list[np.ndarray]] = {name: [] for name in methods}
    spent = dict.fromkeys(methods, 0.0)
    for at, known in walk(orders, first, last):
        rows.append(at)
        for name, method in methods.items():
            began = time.process_time()
            found[name].append(method(known))
            spent[name] += time.process_time() - began
    if not rows:
        return orders.iloc[:0], {}, spent
    return orders.iloc[np.concatenate(rows)], {n: np.concatenate(q) for n, q in found.items()}, spent


def pinball(days: np.ndarray, quantiles: np.ndarray) -> np.ndarray:
    """Mean pinball loss over the levels per order, days."""
    error = days[:, None] - quantiles
    return np.maximum(LEVELS * error, (LEVELS - 1.0) * error).mean(axis=1)


def score(scored: pd.DataFrame, quantiles: dict[str, np.ndarray], against: str) -> dict[str, Any]:
    """Coverage and pinball per method with 95 % intervals; vendor-months are drawn, not orders."""
    days = (scored["delivered"] - scored["sent"]).dt.days.to_numpy(np.float64)
    month = scored["sent"].dt.strftime("%Y-%m")
    cluster = pd.factorize(scored["vendor"] + "|" + month, sort=True)[0]
    draws = row_weights(int(cluster.max()) + 1, DRAWS, np.random.default_rng(0))
    size = draws @ np.bincount(cluster)
    losses = {name: np.bincount(cluster, pinball(days, q)) for name, q in quantiles.items()}
    result = {}
    for name, q in quantiles.items():
        within = days[:, None] <= q + 1e-9
        covered = np.stack([np.bincount(cluster, within[:, k]) for k in range(3)], axis=1)
        interval = np.quantile((draws @ covered) / size[:, None], [0.025, 0.975], axis=0)
        compared = compare_totals(losses[name], losses[against], seed=0, draws=DRAWS)
        result[name] = {
            "coverage": {
                f"p{round(level * 100)}": float(within[:, k].mean()) for k, level in enumerate(LEVELS)
            },
            "p90_coverage_interval": interval[:, 2].tolist(),
            "pinball_days": float(losses[name].sum() / len(days)),
            "against_vendor_normal": compared.estimate,
            "against_vendor_normal_interval": [compared.low, compared.high],
        }
    return result


def _numbered(frame: pd.DataFrame, names: tuple[str, ...]) -> np.ndarray:
    return frame.groupby(list(names), sort=True).ngroup().to_numpy(np.int64)


def methods() -> dict[str, Predictor]:
    """Ours, our other structures, and the baselines."""
    return {
        "ours: vendor and lane": pooled(OURS),
        "ours without censoring": uncensored,
        "vendor, then mode": pooled("vendor, then mode"),
        "mode, then vendor": pooled("mode, then vendor"),
        "one curve for all": one_curve,
        "vendor mean + z·sd": vendor_normal(True),
        "vendor mean": vendor_normal(False),
    }


def choose(orders: pd.DataFrame) -> dict[str, Any]:
    """Score pool weights, half-lives and views on orders sent up to 2010 alone."""
    early = orders[(orders["sent"] <= CHOSEN_UNTIL) & (orders["delivered"] <= CHOSEN_UNTIL)]
    if not len(early):
        return {}
    first = early["sent"].min() + pd.DateOffset(months=18)
    candidates = {
        f"{views} | {pool:g} receipts | {half_life:g} days": pooled(views, pool, half_life)
        for views in VIEWS
        for pool in (10.0, 20.0, 40.0)
        for half_life in (365.0, 730.0, 1460.0)
    } | {"vendor mean + z·sd": vendor_normal(True)}
    # The slow orders of the last half year would be missing from the score.
    scored, quantiles, _ = predict_all(
        early, candidates, first, CHOSEN_UNTIL - pd.Timedelta(days=SETTLING_DAYS)
    )
    return score(scored, quantiles, "vendor mean + z·sd") if len(scored) else {}


def run(
    path: Path, first: str | None = None, last: str | None = None, choosing: bool = False
) -> dict[str, Any]:
    """Score a file; `first` and `last` are the months (YYYY-MM) of the scored orders."""
    orders, aside = load(path)
    report: dict[str, Any] = {
        "file": path.name,
        "orders": len(orders),
        "set_aside": aside,
        "pool_receipts": POOL_RECEIPTS,
        "half_life_days": HALF_LIFE_DAYS,
        "periods": {},
    }
    if choosing:
        report["chosen_up_to_2010"] = choose(orders)
    delivered = orders[orders["delivered"].notna()]
    if not len(delivered):
        return report | {"skipped": "no order of the file is delivered"}
    settled = delivered["delivered"].max() - pd.Timedelta(days=SETTLING_DAYS)
    end = pd.Timestamp(last) if last else settled.to_period("M").start_time - pd.offsets.MonthBegin(1)
    start = max(CHOSEN_UNTIL + pd.Timedelta(days=1), orders["sent"].min().to_period("M").start_time)
    periods = {
        "all scored": (pd.Timestamp(first) if first else start, end),
        "last 12 months": (max(pd.Timestamp(first or start), end - pd.DateOffset(months=11)), end),
    }
    for name, (begin, until) in periods.items():
        began = time.process_time()
        scored, quantiles, spent = predict_all(orders, methods(), begin, until)
        if not len(scored):
            report["periods"][name] = {"skipped": "no order could be scored"}
            continue
        report["periods"][name] = {
            "from": scored["sent"].min().strftime("%Y-%m"),
            "to": scored["sent"].max().strftime("%Y-%m"),
            "orders": len(scored),
            "new_vendor_orders": _new_vendors(orders, scored),
            "methods": score(scored, quantiles, "vendor mean + z·sd"),
            "by_group": _by_group(scored, quantiles),
            "cpu_seconds": {"ours": spent["ours: vendor and lane"], "all": time.process_time() - began},
        }
    return report


def _new_vendors(orders: pd.DataFrame, scored: pd.DataFrame) -> int:
    first = orders.groupby("vendor")["sent"].min().dt.to_period("M")
    return int((scored["vendor"].map(first) == scored["sent"].dt.to_period("M")).sum())


def _by_group(scored: pd.DataFrame, quantiles: dict[str, np.ndarray]) -> dict[str, Any]:
    """P90 coverage and pinball of ours against the vendor normal per mode and per size of vendor."""
    days = (scored["delivered"] - scored["sent"]).dt.days.to_numpy(np.float64)
    ours, theirs = quantiles["ours: vendor and lane"], quantiles["vendor mean + z·sd"]
    loss, normal_loss = pinball(days, ours), pinball(days, theirs)
    orders = scored.groupby("vendor")["vendor"].transform("size").astype(np.int64)
    size = pd.cut(orders, [0, 10, 30, len(scored) + 31], labels=["1-10", "11-30", "31-"]).astype(str)
    groups = {"mode": scored["mode"].replace("", "(none)"), "vendor's scored orders": size}
    return {
        name: {
            value: {
                "orders": int(rows.sum()),
                "p90_coverage": float((days[rows] <= ours[rows, 2] + 1e-9).mean()),
                "pinball_ratio": float(loss[rows].sum() / normal_loss[rows].sum() - 1.0),
            }
            for value in sorted(labels.unique())
            if (rows := (labels == value).to_numpy()).any()
        }
        for name, labels in groups.items()
    }


def show(report: dict[str, Any]) -> None:
    """Print the report, and where it falls short."""
    print(f"{report['file']}: {report['orders']} deliveries of orders; set aside: {report['set_aside']}")
    print(f"pool {report['pool_receipts']:g} receipts, half-life {report['half_life_days']:g} days")
    for name, result in report.get("chosen_up_to_2010", {}).items():
        p90 = result["coverage"]["p90"]
        print(f"  up to 2010  {name:48} pinball {result['pinball_days']:7.3f}  P90 {p90:.3f}")
    if "skipped" in report:
        print(f"skipped: {report['skipped']}")
    for period, found in report["periods"].items():
        if "skipped" in found:
            print(f"\n{period}: skipped, {found['skipped']}")
            continue
        print(
            f"\n{period}: orders sent {found['from']} to {found['to']}, n = {found['orders']}, "
            f"{found['new_vendor_orders']} of vendors never seen before that month"
        )
        print(f"{'':26}  P50   P80   P90  [95 %]          pinball d   against vendor mean + z·sd")
        for name, each in found["methods"].items():
            cover, low_high = each["coverage"], each["p90_coverage_interval"]
            low, high = each["against_vendor_normal_interval"]
            print(
                f"{name:26} {cover['p50']:.3f} {cover['p80']:.3f} {cover['p90']:.3f} "
                f"[{low_high[0]:.3f}, {low_high[1]:.3f}]  {each['pinball_days']:8.2f}   "
                f"{each['against_vendor_normal']:+.1%} [{low:+.1%}, {high:+.1%}]"
            )
        for label, groups in found["by_group"].items():
            for value, each in groups.items():
                print(
                    f"  {label} {value}: n = {each['orders']}, P90 {each['p90_coverage']:.3f}, "
                    f"pinball {each['pinball_ratio']:+.1%}"
                )
        ours = found["methods"]["ours: vendor and lane"]
        p90, gain = ours["coverage"]["p90"], ours["against_vendor_normal"]
        verdict = _verdict(0.86 <= p90 <= 0.93, 0.88 <= p90 <= 0.92)
        print(f"  P90 coverage {p90:.1%}: {verdict} (pass 86-93 %, aim 88-92 %)")
        print(f"  pinball {gain:+.1%}: {_verdict(gain <= 0.0, gain <= -0.05)} (pass <= 0, aim -5 %)")
        print(f"  CPU {found['cpu_seconds']['ours']:.2f} s for ours over all months")


def _verdict(passes: bool, aims: bool) -> str:
    return "aim reached" if aims else "pass" if passes else "FALLS SHORT"


def main(arguments: list[str] | None = None) -> int:
    """Run from the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--out", type=Path)
    parser.add_argument("--from", dest="first")
    parser.add_argument("--to", dest="last")
    parser.add_argument("--choose", action="store_true")
    chosen = parser.parse_args(arguments)
    if not chosen.data.is_file():
        print(f"skipped: {chosen.data} is not there")
        return 0
    report = run(chosen.data, chosen.first, chosen.last, chosen.choose)
    show(report)
    if chosen.out:
        chosen.out.write_text(json.dumps(report, indent=1), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
