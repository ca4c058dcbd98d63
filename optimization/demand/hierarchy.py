r"""Vehicles: rates of configuration × location from model × trim × region, by mix shares.

A dealer sells a configuration less than once a month, so its own history says little. What the model
sells in the region is well known; so are the mix of its configurations and the weight of its dealers
once they lean on wider counts. With :math:`e` the weeks in which a pair was observed, recent ones
weighing more, its requests are taken for Poisson with mean

.. math:: e \lambda_m\, a_{c}\, b_{l}\, g_{c,r}\, h_{t,r}\, p_{m,l}\, q_{m,r}\, z_{c,l}

over model m, its trim t, configuration c, location l and region r. Every factor is drawn to 1 with
the weight of κ units: (Σ units + κ)/(Σ expected units + κ), the mean of a gamma posterior; given a
total, the shares are those of a Dirichlet with as many pseudo-units. The rate of a model in a region
is the sum of its pairs, so the levels agree by construction and none is negative. Weeks out of stock
are no weeks.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from optimization.demand.series import WeeklySeries

Numbers = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]

HALF_LIFE_WEEKS = 13.0
# κ in units: of the wide factors (configuration, location), of those within a model or region, and of
# the pair itself, which says least. The result hardly moves with them.
WIDE_UNITS = 1.0
WITHIN_UNITS = 4.0
PAIR_UNITS = 16.0
_ROUNDS = 8


@dataclass(frozen=True)
class VehicleRates:
    """Weekly rate per row, and which rows are known by their share."""

    rate: Numbers
    is_used: Flags


def vehicle_rates(item_location: pd.DataFrame, series: WeeklySeries, own_rate: Numbers) -> VehicleRates:
    """Replace the weekly rate of vehicles by their share; other rows keep `own_rate`, (n,).

    `item_location` has item_kind, item_id, location_id, region, model and trim, row for row those of
    `series`; a vehicle without a model keeps its own rate. A pair that sells well is ruled by its own
    units, so that no limit between slow and fast is needed; one would favour what has been lucky.
    """
    known = (item_location["item_kind"] == "vehicle") & item_location["model"].notna()
    used = known.to_numpy(dtype=np.bool_)
    rate = own_rate.copy()
    if used.any():
        units, weeks = recent_units(series, HALF_LIFE_WEEKS)
        rate[used] = shared_rates(item_location[used], units[used], weeks[used])
    return VehicleRates(rate, used)


def shared_rates(vehicles: pd.DataFrame, units: Numbers, weeks: Numbers) -> Numbers:
    """Weekly rate per row of `vehicles` from all rows' units in so many (weighted) weeks, (n,).

    >>> same = {"model": "m", "trim": "t", "region": "r", "location_id": "l"}
    >>> two = pd.DataFrame({"item_id": ["a", "b"], **{name: [value] * 2 for name, value in same.items()}})
    >>> shared_rates(two, np.array([8.0, 0.0]), np.array([10.0, 10.0])).round(2).tolist()
    [0.77, 0.06]
    """
    model = _codes(vehicles, "model")
    level = np.bincount(model, weights=units) / np.maximum(np.bincount(model, weights=weeks), 1e-9)
    rate = level[model]
    for kappa, groups in (
        (WIDE_UNITS, (("item_id",), ("location_id",))),
        (
            WITHIN_UNITS,
            (
                ("item_id", "region"),
                ("model", "trim", "region"),
                ("model", "location_id"),
                ("model", "region"),
            ),
        ),
        (PAIR_UNITS, (("item_id", "location_id"),)),
    ):
        codes = [_codes(vehicles, *columns) for columns in groups]
        factors = [np.ones(int(code.max()) + 1) for code in codes]
        for _ in range(_ROUNDS if len(codes) > 1 else 1):
            for at, code in enumerate(codes):
                factors[at][:] = 1.0
                others = rate * np.prod([one[own] for one, own in zip(factors, codes, strict=True)], axis=0)
                factors[at] = (np.bincount(code, weights=units) + kappa) / (
                    np.bincount(code, weights=weeks * others) + kappa
                )
        rate = rate * np.prod([one[own] for one, own in zip(factors, codes, strict=True)], axis=0)
    return np.asarray(rate)


def recent_units(series: WeeklySeries, half_life_weeks: float) -> tuple[Numbers, Numbers]:
    """Units per item-location weighted by 2^(−age/half-life), and the weights of its known weeks."""
    decay = 2.0 ** (-1.0 / half_life_weeks)
    last = series.end_week - 1
    units = np.bincount(series.row, weights=series.units * decay ** (last - series.week), minlength=series.n)
    weeks = (1.0 - decay**series.n_weeks) / (1.0 - decay) - np.bincount(
        series.missing_row, weights=decay ** (last - series.missing_week), minlength=series.n
    )
    return np.asarray(units, dtype=np.float64), np.asarray(np.maximum(weeks, 0.0), dtype=np.float64)


def _codes(frame: pd.DataFrame, *columns: str) -> Integers:
    """Number of each row's combination of these columns, the same for any order of the rows."""
    return np.asarray(frame.groupby(list(columns), sort=True, dropna=False).ngroup(), dtype=np.int64)
