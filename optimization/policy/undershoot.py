"""Undershoot: how far under the reorder point the position lies when it is seen there."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Numbers = npt.NDArray[np.float64]


def expected_undershoot(mean: Numbers, variance: Numbers, is_whole: bool = True) -> Numbers:
    """E[U] = E[D_R²]/(2·E[D_R]), less ½ on whole units; units, 0 without demand, never negative.

    D_R is demand of one review period (or of one request, when review is continuous). Large lots are
    assumed, so that the renewal limit holds. Source: Hill (1988); Tijms (1994).

    >>> one = np.array([20.0])
    >>> expected_undershoot(one, np.array([100.0]), is_whole=False).tolist()
    [12.5]
    >>> expected_undershoot(one, np.array([100.0])).tolist()
    [12.0]
    """
    square = variance + mean**2
    limit = np.divide(square, 2.0 * mean, out=np.zeros_like(np.asarray(mean, float)), where=mean > 0)
    return np.asarray(np.maximum(limit - (0.5 if is_whole else 0.0), 0.0))


def undershoot_variance(mean: Numbers, variance: Numbers, third_central: Numbers) -> Numbers:
    """Var[U] = E[D³]/(3·E[D]) − (E[D²]/(2·E[D]))², units², for continuous demand.

    `third_central` is E(D − μ)³; of a negative binomial with ratio v it is μ·v·(2v − 1).

    >>> ten = np.array([10.0])  # a constant demand of 10 leaves U uniform on 0 … 10
    >>> round(float(undershoot_variance(ten, np.zeros(1), np.zeros(1))[0]), 4)
    8.3333
    """
    cube = third_central + 3.0 * mean * variance + mean**3
    square = variance + mean**2
    safe = np.where(mean > 0, mean, 1.0)
    return np.where(mean > 0, np.maximum(cube / (3.0 * safe) - (square / (2.0 * safe)) ** 2, 0.0), 0.0)
