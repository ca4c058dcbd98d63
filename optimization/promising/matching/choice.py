r"""Conditional logit: what features are worth to those who chose, from what they could have chosen.

.. math:: P(i \mid S) = e^{x_i \beta} / \sum_{k \in S} e^{x_k \beta}

A prior draws the coefficients to what is stated: :math:`\max \sum \log P - \tfrac12 \sum_f \lambda_f
(\beta_f - \beta^0_f)^2`, which is concave; Newton's method with the analytic gradient and Hessian.
Source: McFadden (1974). Belongs here: numbers only.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

Numbers = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]

_STEPS, _HALVINGS, _SETTLED = 60, 40, 1e-10


class ChoiceSets(NamedTuple):
    """Sets of alternatives one after the other: `feature` (rows, f), `start` (sets + 1), `chosen` rows."""

    feature: Numbers
    start: Integers
    chosen: Integers


class Fit(NamedTuple):
    """Coefficients (f), their covariance (f, f) (inverse Hessian), and whether Newton settled."""

    coefficient: Numbers
    covariance: Numbers
    is_settled: bool


def fit(sets: ChoiceSets, prior: Numbers, penalty: Numbers) -> Fit:
    """Estimate the coefficients; `prior` and `penalty` (f) are β⁰ and λ.

    Example: of two alternatives the one with the feature is taken three times in four, β = ln 3.

    >>> sets = ChoiceSets(np.tile([[1.0], [0.0]], (4, 1)), np.arange(0, 9, 2), np.array([0, 2, 4, 7]))
    >>> round(float(fit(sets, np.zeros(1), np.full(1, 1e-9)).coefficient[0]), 4)
    1.0986
    """
    beta = prior.astype(np.float64).copy()
    reached, gradient, hessian = _terms(sets, beta, prior, penalty)
    for _ in range(_STEPS):
        step = np.linalg.solve(hessian, gradient)
        if float(gradient @ step) < _SETTLED:
            return Fit(beta, _inverse(hessian), True)
        length = 1.0
        for _ in range(_HALVINGS):
            value, next_gradient, next_hessian = _terms(sets, beta + length * step, prior, penalty)
            if value >= reached:
                break
            length /= 2.0
        beta = beta + length * step
        reached, gradient, hessian = value, next_gradient, next_hessian
    return Fit(beta, _inverse(hessian), False)


def _terms(
    sets: ChoiceSets, beta: Numbers, prior: Numbers, penalty: Numbers
) -> tuple[float, Numbers, Numbers]:
    """Penalised log likelihood, its gradient, and its Hessian with the sign turned."""
    first, size = sets.start[:-1], np.diff(sets.start)
    utility = sets.feature @ beta
    highest = np.maximum.reduceat(utility, first)
    weight = np.exp(utility - np.repeat(highest, size))
    total = np.add.reduceat(weight, first)
    share = weight / np.repeat(total, size)
    away = beta - prior
    likelihood = float((utility[sets.chosen] - highest - np.log(total)).sum())
    mean = np.add.reduceat(sets.feature * share[:, None], first, axis=0)
    gradient = (sets.feature[sets.chosen] - mean).sum(axis=0) - penalty * away
    hessian = (sets.feature * share[:, None]).T @ sets.feature - mean.T @ mean + np.diag(penalty)
    return likelihood - 0.5 * float(penalty @ away**2), gradient, hessian


def _inverse(hessian: Numbers) -> Numbers:
    return np.asarray(np.linalg.inv(hessian), dtype=np.float64)
