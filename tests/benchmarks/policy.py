"""CPU of the policy calculation: `python -m tests.benchmarks.policy --item-locations N`.

Made frames of the shape of a dealer network: mostly slow movers, half of the targets by cycle service,
a quarter by unit fill (half of it with lost sales), a quarter by ready rate; a tenth with a price scale,
every row with a policy of yesterday. The calculation is `plan_policies` as the daily run calls it,
contract checks included.
"""

from __future__ import annotations

import argparse
import time

import numpy as np
import pandas as pd

from optimization.demand.distributions import family, quantiles
from optimization.parameters import PolicyParameters
from optimization.policy.planning import plan_policies

AS_OF = pd.Timestamp("2024-06-30")
ITEMS_PER_LOCATION = 1000


def made_frames(n: int, seed: int = 1) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """Item-locations, protection demand, yesterday's policy and price breaks; n item-locations."""
    rng = np.random.default_rng(seed)
    number = np.arange(n)
    item = np.char.add("I", (number % ITEMS_PER_LOCATION).astype(str)).astype(object)
    place = np.char.add("L", (number // ITEMS_PER_LOCATION).astype(str)).astype(object)
    lead = rng.integers(5, 60, n).astype(float)
    cost = np.exp(rng.normal(3.5, 1.2, n))
    items = pd.DataFrame(
        {
            "item_id": item,
            "location_id": place,
            "as_of": AS_OF,
            "item_kind": "part",
            "category": "made",
            "region": "all",
            "is_integer": True,
            "unit_cost": cost,
            **dict.fromkeys(("on_hand_units", "reserved_units", "on_order_units", "in_transit_units"), 0.0),
            "backorder_units": 0.0,
            "inventory_position_units": 0.0,
            "stockout_behaviour": rng.choice(["backorder", "lost"], n),
            "service_target": rng.choice([0.85, 0.9, 0.95, 0.98], n),
            "service_metric": rng.choice(["cycle", "cycle", "fill", "ready"], n),
            "holding_rate": 0.2,
            "shortage_cost": 0.3 * cost,
            "review_days": 7,
            "supplier_id": "S1",
            "lead_time_days": lead,
            "order_cost": 15.0,
            "moq_units": rng.choice([0.0, 0.0, 5.0], n),
            "lot_units": rng.choice([1.0, 1.0, 1.0, 6.0], n),
            "display_min_units": 0.0,
            "oldest_age_days": 30,
            "lifecycle_status": "active",
            "last_order_date": pd.Series(pd.NaT, index=range(n), dtype="datetime64[ns]"),
            "first_demand_date": AS_OF - pd.Timedelta(weeks=60),
            "intro_date": pd.Series(pd.NaT, index=range(n), dtype="datetime64[ns]"),
            **dict.fromkeys(("model", "trim", "powertrain"), pd.Series(None, index=range(n), dtype=object)),
            "model_year": pd.array([None] * n, dtype="Int64"),
            "criticality": rng.choice(["V", "E", "D"], n),
            "list_price": cost * 1.4,
            "shelf_life_days": np.nan,
            "moq_scope": "line",
            "case_pack_units": np.nan,
            "current_min_units": np.nan,
            "current_max_units": np.nan,
            "min_order_value": np.nan,
            "volume_m3": np.nan,
            "aged_units": np.nan,
        }
    )
    items["as_of"] = items["as_of"].astype("datetime64[ns]")
    items["first_demand_date"] = items["first_demand_date"].astype("datetime64[ns]")
    mean = np.exp(rng.normal(0.0, 1.6, n))
    variance = mean * (1.0 + rng.exponential(1.0, n))
    levels = np.array([0.5, 0.8, 0.9, 0.95, 0.99])
    quantile = quantiles(mean, variance, levels)
    demand = pd.DataFrame(
        {
            "item_id": item,
            "location_id": place,
            "lead_time_days": lead,
            "lead_time_sd_days": 0.2 * lead,
            "protection_days": lead + 7.0,
            "model_scope": "smooth",
            "distribution": family(mean, variance),
            "mean_units": mean,
            "variance_units2": variance,
            **{f"q{round(level * 100)}_units": quantile[:, k] for k, level in enumerate(levels)},
            "method": "made",
            "status": "OK",
            "reason_code": pd.Series(None, index=range(n), dtype=object),
        }
    )
    previous = pd.DataFrame(
        {
            "item_id": item,
            "location_id": place,
            "reorder_point_units": quantile[:, 2],
            "order_up_to_units": quantile[:, 2] + 2.0,
            **dict.fromkeys(("abc_class", "abc_calculated"), "B"),
            **dict.fromkeys(("xyz_class", "xyz_calculated"), "Y"),
        }
    )
    priced = np.unique(item)[: ITEMS_PER_LOCATION // 10]
    breaks = pd.DataFrame(
        {
            "item_id": np.repeat(priced, 3),
            "supplier_id": "S1",
            "min_quantity_units": np.tile([0.0, 20.0, 100.0], len(priced)),
            "unit_price": np.tile([30.0, 28.0, 25.0], len(priced)),
            "price_scheme": "all_units",
        }
    )
    return items, demand, previous, breaks


def main(arguments: list[str] | None = None) -> None:
    """Print CPU and wall seconds of one calculation, and what it decided."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--item-locations", type=int, default=200_000)
    parser.add_argument("--cash-budget", type=float, default=None)
    options = parser.parse_args(arguments)
    items, demand, previous, breaks = made_frames(options.item_locations)
    cpu, wall = time.process_time(), time.perf_counter()
    frame, _ = plan_policies(
        items, demand, previous, PolicyParameters(cash_budget=options.cash_budget), breaks
    )
    cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
    n = options.item_locations
    stock = float((frame["expected_stock_units"] * items["unit_cost"].to_numpy()).sum())
    print(f"{n:,} item-locations: {cpu:.1f} CPU s, {wall:.1f} s; {n / cpu:,.0f} per CPU s")
    print(f"a million: {cpu * 1e6 / n:.1f} CPU s; expected stock {stock:,.0f}")


if __name__ == "__main__":
    main()
