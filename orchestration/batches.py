"""The mappers over which the science spreads its batches: this process, or worker processes.

A mapper is `map` for a function of one batch; it returns results in the order of the batches, so
that the number of workers never changes a result. A cluster's mapper joins here.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

Mapper = Callable[[Callable[..., Any], Sequence[Any]], Iterable[Any]]

# One thread per worker: numeric libraries that start their own would fight for the same cores.
_ONE_THREAD = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "NUMBA_NUM_THREADS": "1"}


@contextmanager
def mapper(workers: int) -> Iterator[Mapper]:
    """Yield the mapper for `workers` processes; 1 works in this process.

    Workers are spawned, not forked: a fork of a process with threads may stand still for ever.

    >>> with mapper(1) as spread:
    ...     list(spread(abs, [-2, 1]))
    [2, 1]
    """
    if workers <= 1:
        yield map
        return
    from concurrent.futures import ProcessPoolExecutor
    from multiprocessing import get_context

    with ProcessPoolExecutor(
        max_workers=workers, mp_context=get_context("spawn"), initializer=_use_one_thread
    ) as pool:
        yield pool.map


def _use_one_thread() -> None:
    os.environ.update(_ONE_THREAD)
