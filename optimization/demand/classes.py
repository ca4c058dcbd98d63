"""Pattern of demand per item-location: the class that picks a forecasting model."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

from optimization.contracts.inputs import ITEM_LOCATION
from optimization.contracts.outputs import DEMAND_CLASS
from optimization.demand.series import Numbers, screened_history, weekly_series
from optimization.keys import sorted_by_key
from optimization.parameters import DemandParameters
from optimization.reasons import first_that_holds
from optimization.results import Report
from optimization.screening import screened

ADI_CUT_WEEKS = 1.32
CV2_CUT = 0.49
NEW_WEEKS = 8
DORMANT_WEEKS = 52


def syntetos_boylan_class(adi: Numbers, cv2: Numbers) -> npt.NDArray[np.object_]:
    """Class by mean interval between demands (ADI, periods) and squared variation of sizes (CV²).

    Source: Syntetos, Boylan & Croston (2005), cut-offs 1.32 and 0.49.

    >>> syntetos_boylan_class(np.array([1.0, 1.0, 2.7, 2.7]), np.array([0.03, 1.3, 0.04, 1.3])).tolist()
    ['smooth', 'erratic', 'intermittent', 'lumpy']
    """
    often, even = adi < ADI_CUT_WEEKS, cv2 < CV2_CUT
    return first_that_holds(
        {"smooth": often & even, "erratic": often & ~even, "intermittent": ~often & even}, "lumpy"
    )


def interval_and_variation(
    known_weeks: Numbers, nonzero_weeks: Numbers, total: Numbers, total_squares: Numbers
) -> tuple[Numbers, Numbers]:
    """ADI = known periods / periods with demand; CV² = population variance / mean² of their sizes.

    Both are 0 where there is no demand.

    >>> y = np.array([0, 0, 2, 0, 2, 0, 0, 3.0])
    >>> adi, cv2 = interval_and_variation(*(np.array([v]) for v in (8.0, 3.0, y.sum(), (y**2).sum())))
    >>> round(float(adi[0]), 4), round(float(cv2[0]), 6)
    (2.6667, 0.040816)
    """
    some = nonzero_weeks > 0
    count = np.where(some, nonzero_weeks, 1.0)
    mean = np.where(some, total / count, 1.0)
    adi = np.where(some, known_weeks / count, 0.0)
    cv2 = np.where(some, np.maximum(total_squares / count / mean**2 - 1.0, 0.0), 0.0)
    return adi, cv2


def classify_demand(
    item_location: pd.DataFrame, demand_history: pd.DataFrame, as_of: pd.Timestamp
) -> tuple[pd.DataFrame, Report]:
    """Class every item-location: smooth, erratic, intermittent, lumpy, dormant or new.

    `item_location` and `demand_history` are `opt_in__` tables; returns `opt_out__demand_class`.
    `new`: fewer than eight known weeks; `dormant`: no demand in the last 52. Raises
    `ContractError` when a frame is not of its table.
    """
    item_location, _ = screened(sorted_by_key(item_location), ITEM_LOCATION)
    demand_history = screened_history(demand_history)
    series = weekly_series(item_location, demand_history, as_of, DemandParameters().max_plausible_units)
    known = series.known_weeks.astype(np.float64)
    nonzero = series.nonzero_weeks().astype(np.float64)
    adi, cv2 = interval_and_variation(known, nonzero, series.totals(), series.totals(power=2))
    demand_class = syntetos_boylan_class(adi, cv2)
    is_new = known < NEW_WEEKS
    is_dormant = ~is_new & (series.last_nonzero_age() > DORMANT_WEEKS)
    # A series younger than a year without any demand has no interval either.
    is_dormant |= ~is_new & (nonzero == 0)
    demand_class[is_dormant] = "dormant"
    demand_class[is_new] = "new"
    reason = np.full(series.n, None, dtype=object)
    reason[is_dormant] = "NO_RECENT_DEMAND"
    reason[is_new] = np.where(known[is_new] > 0, "SHORT_HISTORY", "NO_HISTORY")
    reason[series.is_poisoned] = "DEMAND_IMPLAUSIBLE"
    frame = pd.DataFrame(
        {
            "item_id": item_location["item_id"],
            "location_id": item_location["location_id"],
            "demand_class": demand_class,
            "history_weeks": series.known_weeks,
            "method": "syntetos_boylan_croston",
            "status": np.where(series.is_poisoned, "QUARANTINED", "OK").astype(object),
            "adi_weeks": np.where(nonzero > 0, adi, np.nan),
            "cv2": np.where(nonzero > 0, cv2, np.nan),
            "reason_code": reason,
        }
    )
    classes, counts = np.unique(demand_class.astype(str), return_counts=True)
    figures = {f"class_{name}": int(count) for name, count in zip(classes, counts, strict=True)}
    return DEMAND_CLASS.validate(frame), Report.of(len(item_location), frame, **figures)
