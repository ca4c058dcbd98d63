"""How the engine's functions are compiled: once per machine, in plain IEEE arithmetic."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar, cast

import numpy as np
from numba import njit

Compiled = TypeVar("Compiled", bound=Callable[..., object])


def compiled(function: Compiled) -> Compiled:
    """Compile with numba and keep the result beside the module.

    No fast arithmetic: it reorders sums, and the same input must give the same plan.
    """
    return cast("Compiled", njit(cache=True, nogil=True)(function))


def inner(function: Compiled) -> Compiled:
    """The same for a function that only compiled code calls: without the way in from Python.

    That way unpacks every array of every argument, and takes longer to compile than most functions.
    """
    options = {"cache": True, "nogil": True, "no_cpython_wrapper": True, "no_cfunc_wrapper": True}
    return cast("Compiled", njit(**options)(function))


def constant(number: int) -> int:
    """A whole number that compiled code takes as any other; functions are compiled once per literal."""
    return cast("int", np.int64(number))


ZERO = constant(0)
"""Where a number starts that is handed on."""
