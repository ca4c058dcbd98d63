"""How the engine's functions are compiled: once per machine, in plain IEEE arithmetic."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar, cast

from numba import njit

Compiled = TypeVar("Compiled", bound=Callable[..., object])


def compiled(function: Compiled) -> Compiled:
    """Compile with numba and keep the result beside the module.

    No fast arithmetic: it reorders sums, and the same input must give the same plan.
    """
    return cast("Compiled", njit(cache=True, nogil=True)(function))
