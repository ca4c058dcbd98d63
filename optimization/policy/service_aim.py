"""What a policy aims at: the stated target, shifted by what a replay of the plan has shown to miss."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import special

from optimization.contracts.outputs import SERVICE_CONTROL
from optimization.policy.service_levels import Target

Numbers = npt.NDArray[np.float64]


def shifted(target: Numbers, logit_shift: Numbers) -> Numbers:
    """Target moved on the logit, within 0.01 and 0.9999.

    >>> shifted(np.array([0.9, 0.9]), np.array([0.0, 1.0])).round(3).tolist()
    [0.9, 0.961]
    """
    moved = special.expit(special.logit(np.clip(target, 0.01, 0.9999)) + logit_shift)
    return np.asarray(np.clip(moved, 0.01, 0.9999))


def controlled(
    target: Target, model_scope: npt.NDArray[np.object_], service_control: pd.DataFrame
) -> Numbers:
    """Service to aim at per row; a measure or class that `opt_out__service_control` lacks stays.

    Raises `ContractError` when the frame is not of its table.
    """
    control = SERVICE_CONTROL.validate(service_control)
    known = pd.MultiIndex.from_frame(control[["service_metric", "model_scope"]])
    at = known.get_indexer(pd.MultiIndex.from_arrays([target.metric, model_scope]))
    shift = np.append(control["logit_shift"].to_numpy(np.float64), 0.0)[at]
    return np.where(at >= 0, shifted(target.service, shift), target.service)
