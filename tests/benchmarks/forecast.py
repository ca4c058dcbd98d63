"""CPU of the default forecast per series, beside the library's AutoETS with its own intervals.

    python -m tests.benchmarks.forecast [--series 100000] [--weeks 104] [--sample 300] [--seed 0]

Both see the same generated weekly demand (negative binomial, four fifths of the weeks empty in the
median) in one process with one thread. The product's share is measured on all series: levels and
spread from the whole history, then five quantiles of demand over four weeks. AutoETS is measured on
a sample, because all of them would take hours; its figure is per series. Prints one JSON object.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable
from typing import Any

import orchestration  # noqa: F401  (one thread of linear algebra, before numpy is imported)

import numpy as np  # isort: skip
import pandas as pd  # isort: skip

from optimization.demand.panel import DemandPanel
from optimization.demand.pooled import fit_pooled_model

LEVELS = (0.5, 0.8, 0.9, 0.95, 0.99)
INTERVAL_WEEKS = 4.0


def generated(series: int, weeks: int, seed: int) -> np.ndarray:
    """Weekly demand of so many series, (series, weeks)."""
    draw = np.random.default_rng(seed)
    rate = draw.lognormal(-1.5, 1.2, series)
    size = rate / draw.uniform(0.2, 2.0, series)
    return draw.negative_binomial(size[:, None], (size / (size + rate))[:, None], (series, weeks)).astype(
        float
    )


def timed(work: Callable[[], Any]) -> tuple[Any, float]:
    """Result and CPU seconds."""
    start = time.process_time()
    found = work()
    return found, time.process_time() - start


def auto_ets(values: np.ndarray) -> pd.DataFrame:
    """Four weeks ahead with the library's own 80 and 95 % intervals."""
    from statsforecast import StatsForecast
    from statsforecast.models import AutoETS

    n, weeks = values.shape
    frame = pd.DataFrame(
        {"unique_id": np.repeat(np.arange(n), weeks), "ds": np.tile(np.arange(weeks), n), "y": values.ravel()}
    )
    library = StatsForecast(models=[AutoETS(season_length=1)], freq=1, n_jobs=1)
    return library.forecast(df=frame, h=int(INTERVAL_WEEKS), level=[80, 95])


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    for name, value in (("series", 100_000), ("weeks", 104), ("sample", 300), ("seed", 0)):
        parser.add_argument(f"--{name}", type=int, default=value)
    given = parser.parse_args()
    values = generated(given.series, given.weeks, given.seed)
    panel, interval = DemandPanel(values, 365 / 7), np.full(given.series, INTERVAL_WEEKS)
    model, fit = timed(lambda: fit_pooled_model(panel, interval))
    predicted, levels = timed(lambda: model.predict(panel, interval))
    _, quantiles = timed(lambda: predicted.quantiles(LEVELS))
    auto_ets(values[:2])  # the library compiles itself once
    _, library = timed(lambda: auto_ets(values[: given.sample]))
    ours_ms = 1e3 * (fit + levels + quantiles) / given.series
    library_ms = 1e3 * library / given.sample
    print(
        json.dumps(
            {
                "series": given.series,
                "weeks": given.weeks,
                "fit_cpu_s": round(fit, 2),
                "levels_cpu_s": round(levels, 2),
                "quantiles_cpu_s": round(quantiles, 2),
                "ms_per_series_with_fit": round(ours_ms, 4),
                "series_per_cpu_second_without_fit": round(given.series / (levels + quantiles)),
                "auto_ets_sample": given.sample,
                "auto_ets_ms_per_series": round(library_ms, 3),
                "ratio_to_auto_ets": round(ours_ms / library_ms, 4),
            }
        )
    )


if __name__ == "__main__":
    main()
