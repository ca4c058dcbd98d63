"""Charts of a release: drawn from its tables, the same bytes for the same rows, nothing where nothing is."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from orchestration.lake.parquet import write_arrow
from orchestration.publish.charts import draw_charts
from tests import science_frames as frames

PLACES = ["L1", "L2"]
TARGETS = (0.85, 0.9, 0.95)


@pytest.fixture
def tables(tmp_path: Path) -> dict[str, Path]:
    """Small published tables of everything that is drawn."""
    ahead = pd.DataFrame(
        [
            {"item_id": "I1", "location_id": place, "horizon_weeks": week, "mean_units": 2.0}
            for place in PLACES
            for week in range(1, 5)
        ]
    )
    ahead["bucket_start_date"] = frames.AS_OF + pd.to_timedelta(ahead["horizon_weeks"] * 7 - 6, unit="D")
    for column, value in (("q50_units", 2.0), ("q80_units", 3.0), ("q95_units", 5.0)):
        ahead[column] = value
    rules = ("current_plan", "days_of_supply", "set_once")
    proof = pd.DataFrame(
        [
            {
                "policy_method": rule,
                "target_basis": basis,
                "breakdown": "all",
                "breakdown_value": "*",
                "series_count": 40,
                "service_metric": "fill",
                "service_target": target,
                "achieved_service": target + 0.01,
                "achieved_service_low": target,
                "achieved_service_high": target + 0.02,
                "stock_at_target_value": 1e6 * (2.0 + place) * target if basis == "nominal" else np.nan,
                "scored_from_date": frames.AS_OF - pd.Timedelta(weeks=36),
                "scored_to_date": frames.AS_OF,
            }
            for basis, targets in (("nominal", TARGETS), ("policy", (0.93,)))
            for target in targets
            for place, rule in enumerate(rules)
        ]
    )
    accuracy = pd.DataFrame(
        {
            "evidence": "backtest",
            "forecast_interval": "protection",
            "breakdown": ["all", "demand_class"],
            "breakdown_value": ["*", "smooth"],
            "observation_count": [100, 40],
            **{f"randomised_coverage_q{level}": [level / 100, level / 100 + 0.01] for level in (80, 90, 95)},
        }
    )
    exception = pd.DataFrame(
        {
            "exception_id": ["a"],
            "exception_type": ["stock_out"],
            "item_id": ["I1"],
            "location_id": ["L2"],
            "value_at_risk": [9.0],
        }
    )
    allocation = pd.DataFrame(
        {
            "item_id": "I1",
            "location_id": "L1",
            "segment_id": ["FLEET", "PRIVATE", "POOL"],
            "segment_name": ["Fleet", "Private", "No segment"],
            "priority_tier": [1, 2, 3],
            "demand_units": [4.0, 6.0, 0.0],
            "unmet_units": [0.0, 5.0, 0.0],
        }
    )
    fairness = pd.DataFrame(
        {
            "allocation_method": ["optimal", "highest_value"],
            "breakdown": "all",
            "priority_tier": 0,
            "segment_id": "*",
            "fill_rate": [0.5, 0.6],
            "min_fill_rate": [0.4, 0.1],
            "price_of_fairness": [120.0, 0.0],
        }
    )
    made = {
        "allocation": allocation,
        "fairness": fairness,
        "forecast": ahead,
        "policy_backtest": proof,
        "forecast_accuracy": accuracy,
        "exception": exception,
    }
    for name, frame in made.items():
        write_arrow(pa.Table.from_pandas(frame, preserve_index=False), tmp_path / f"{name}.parquet")
    return {name: tmp_path / f"{name}.parquet" for name in made}


def _drawn(tables: dict[str, Path], folder: Path) -> dict[str, bytes]:
    history = frames.demand_history({"L1": [1.0, 3.0, 2.0] * 20, "L2": [0.0] * 60})
    return {
        path.name: path.read_bytes() for path in draw_charts(tables, frames.item_location(2), history, folder)
    }


def test_every_chart_is_drawn_the_same_twice_and_needs_nothing_from_outside(
    tables: dict[str, Path], tmp_path: Path
) -> None:
    drawn = _drawn(tables, tmp_path / "first")
    assert drawn == _drawn(tables, tmp_path / "second")
    assert set(drawn) == {
        "demand.svg",
        "service_and_stock.svg",
        "promise.svg",
        "coverage.svg",
        "allocation.svg",
        "index.html",
    }
    page = drawn["index.html"].decode()
    for name in set(drawn) - {"index.html"}:
        assert f'src="{name}"' in page
        text = drawn[name].decode()
        assert not re.search(r'(href|src)="(http|/)', text), name
        assert "<text" not in text, f"{name} needs a font"


def test_a_chart_without_rows_is_left_out(tables: dict[str, Path], tmp_path: Path) -> None:
    empty = pd.read_parquet(tables["policy_backtest"]).head(0)
    write_arrow(pa.Table.from_pandas(empty, preserve_index=False), tables["policy_backtest"])
    assert set(_drawn(tables, tmp_path / "charts")) == {
        "demand.svg",
        "coverage.svg",
        "allocation.svg",
        "index.html",
    }


def test_nobody_wants_anything_and_nothing_is_drawn(tables: dict[str, Path], tmp_path: Path) -> None:
    pool_only = pd.read_parquet(tables["allocation"]).query("segment_id == 'POOL'")
    write_arrow(pa.Table.from_pandas(pool_only, preserve_index=False), tables["allocation"])
    assert "allocation.svg" not in _drawn(tables, tmp_path / "charts")
