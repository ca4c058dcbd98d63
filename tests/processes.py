"""Processes that work at once, each started afresh."""

from __future__ import annotations

from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context


def processes(count: int) -> ProcessPoolExecutor:
    """Return so many processes, none forked: a fork of a process with threads may stand still for ever."""
    return ProcessPoolExecutor(count, mp_context=get_context("spawn"))
