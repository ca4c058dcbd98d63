"""The mappers over which the science spreads its batches: this process, or worker processes.

A mapper is `map` for a function of one batch; it returns results in the order of the batches, so
that the number of workers never changes a result. A cluster's mapper joins here.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack, contextmanager
from multiprocessing import get_context
from typing import Any

from optimization.separable import Separable
from orchestration.isolation import ONE_THREAD, Limits, Remembered, isolating

Mapper = Callable[[Callable[..., Any], Sequence[Any]], Iterable[Any]]


@contextmanager
def mapper(
    workers: int, limits: Limits | None = None, remembered: Remembered | None = None
) -> Iterator[Mapper]:
    """Yield the mapper for `workers` processes; 1 works in this process.

    With `limits`, separable work is done in processes that it may take down, with 1 worker too; what
    is lost is `remembered`. Workers are spawned, not forked: a fork of a process with threads may stand
    still for ever.

    >>> with mapper(1) as spread:
    ...     list(spread(abs, [-2, 1]))
    [2, 1]
    """
    with ExitStack() as stack:
        plain: list[Mapper] = [map] if workers <= 1 else []

        def spread(function: Callable[..., Any], batches: Sequence[Any]) -> Iterable[Any]:
            if limits is not None and isinstance(function, Separable):
                return isolating(workers, limits, remembered)(function, batches)
            if not plain:
                plain.append(stack.enter_context(_pool(workers)).map)
            return plain[0](function, batches)

        yield spread


def _pool(workers: int) -> ProcessPoolExecutor:
    return ProcessPoolExecutor(
        max_workers=workers, mp_context=get_context("spawn"), initializer=_use_one_thread
    )


def _use_one_thread() -> None:
    os.environ.update(ONE_THREAD)
