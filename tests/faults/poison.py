"""Work that does to its process what strange data might make a library do; only tests run it.

An item is poisoned by a mark in its data, so that the mark travels with the item through every cut.
"""

from __future__ import annotations

import ctypes
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from optimization.demand.models import FITTING, Chunk, Fitted
from optimization.policy.calculation import CALCULATION, Attempt
from optimization.policy.inputs import PolicyInputs
from optimization.separable import Separable

# A mark is this number plus the place of the harm in the list.
MARK = 7_000.0


def _raise() -> None:
    raise IndexError("index 3 is out of bounds for axis 0 with size 3")


def _loop() -> None:
    while True:
        pass


def _sleep() -> None:
    time.sleep(3600)


def crash() -> None:
    """Read address 0."""
    ctypes.string_at(0)


def _eat() -> None:
    held = []
    while True:
        held.append(np.ones(500_000))


HARMS: tuple[Callable[[], None], ...] = (_raise, _loop, _sleep, crash, _eat)


def _suffer(marks: np.ndarray[Any, Any]) -> None:
    """Do the harm of the first marked item."""
    found = [int(mark - MARK) for mark in marks if MARK <= mark < MARK + len(HARMS)]
    if found:
        HARMS[found[0]]()


def _fitted(chunk: Chunk) -> Fitted:
    _suffer(np.nanmax(chunk.weeks, axis=1, initial=0.0))
    return FITTING.work(chunk)


def _attempted(inputs: PolicyInputs) -> Attempt:
    _suffer(inputs.unit_cost)
    return CALCULATION.work(inputs)


POISONED: dict[int, Separable[Any, Any]] = {
    id(FITTING): replace(FITTING, work=_fitted),
    id(CALCULATION): replace(CALCULATION, work=_attempted),
}


def poisoned(mapper: Callable[[Any, Sequence[Any]], Iterable[Any]]) -> Any:
    """Return the mapper, with the poisoned work in place of the real one."""
    return lambda work, batches: mapper(POISONED[id(work)], batches)
