"""The gate before every model: no NaN, no infinity where a number is meant.

Pyomo drops a term NaN·x and HiGHS calls the rest optimal, so this must be checked on the data,
before a model exists, and on the matrix again.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from optimization.errors import NonFiniteInputError


def require_finite(model: str, data: Mapping[str, npt.NDArray[np.float64]]) -> None:
    """Raise `NonFiniteInputError` naming the model, the input and the first bad position.

    >>> require_finite("balance", {"stock": np.array([1.0, np.nan])})
    Traceback (most recent call last):
    ...
    optimization.errors.NonFiniteInputError: model balance: input stock holds nan at position 1 (1 of \
2 values); repair the row it was made from, or quarantine it
    """
    for name, values in data.items():
        bad = np.flatnonzero(~np.isfinite(values))
        if len(bad):
            raise NonFiniteInputError(
                f"model {model}: input {name} holds {values.ravel()[bad[0]]} at position {bad[0]} "
                f"({len(bad)} of {values.size} values); repair the row it was made from, or quarantine it"
            )
