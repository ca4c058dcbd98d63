"""What a policy aims at: the stated target, shifted by what a replay of the plan has shown to miss."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import special

from optimization.contracts.outputs import SERVICE_CONTROL

Numbers = npt.NDArray[np.float64]


# Upper ends of the bands of targets; a low target is overshot by the first whole unit, a high one is not.
BANDS = {"up to 0.80": 0.8, "0.80 to 0.92": 0.92, "0.92 to 0.97": 0.97, "above 0.97": 1.0}


def band_of(target: Numbers) -> npt.NDArray[np.object_]:
    """Name of the band that a target lies in; its upper end belongs to it.

    >>> band_of(np.array([0.6, 0.8, 0.95])).tolist()
    ['up to 0.80', 'up to 0.80', '0.92 to 0.97']
    """
    at = np.searchsorted(np.array(list(BANDS.values())), target - 1e-9)
    return np.array(list(BANDS), dtype=object)[np.minimum(at, len(BANDS) - 1)]


def shifted(target: Numbers, logit_shift: Numbers) -> Numbers:
    """Target moved on the logit, within 0.01 and 0.9999.

    >>> shifted(np.array([0.9, 0.9]), np.array([0.0, 1.0])).round(3).tolist()
    [0.9, 0.961]
    """
    moved = special.expit(special.logit(np.clip(target, 0.01, 0.9999)) + logit_shift)
    return np.asarray(np.clip(moved, 0.01, 0.9999))


def logit_shifts(
    service: Numbers,
    metric: npt.NDArray[np.object_],
    model_scope: npt.NDArray[np.object_],
    service_control: pd.DataFrame,
) -> Numbers:
    """Shift of each row's target; NaN for a measure, band or class that `opt_out__service_control` lacks.

    Raises `ContractError` when the frame is not of its table.
    """
    control = SERVICE_CONTROL.validate(service_control)
    known = pd.MultiIndex.from_frame(control[["service_metric", "target_band", "model_scope"]])
    at = known.get_indexer(pd.MultiIndex.from_arrays([metric, band_of(service), model_scope]))
    return np.asarray(np.append(control["logit_shift"].to_numpy(np.float64), np.nan)[at])


def aimed_at(service: Numbers, logit_shift: Numbers) -> Numbers:
    """Service to aim at; where no shift is known (NaN) the target as stated.

    >>> aimed_at(np.array([0.9, 0.9]), np.array([np.nan, 1.0])).round(3).tolist()
    [0.9, 0.961]
    """
    is_known = ~np.isnan(logit_shift)
    return np.where(is_known, shifted(service, np.where(is_known, logit_shift, 0.0)), service)
