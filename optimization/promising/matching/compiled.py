"""The decorator of the room's kernels."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar, cast

from numba import njit

_Function = TypeVar("_Function", bound=Callable[..., object])


def compiled(function: _Function) -> _Function:
    """Plain IEEE arithmetic: sums are never reordered, so that the same pairs give the same scores."""
    return cast("_Function", njit(cache=True, nogil=True)(function))
