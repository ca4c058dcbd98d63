"""Peak memory of this process, and where it starts to be counted."""

from __future__ import annotations

import resource
from pathlib import Path

_STATUS, _CLEAR = Path("/proc/self/status"), Path("/proc/self/clear_refs")


def forget_peak() -> None:
    """Count the peak from here on, where the kernel lets a process say so."""
    try:
        _CLEAR.write_text("5")
    except OSError:
        return


def peak_mb() -> float:
    """Largest resident memory since `forget_peak`, or since the start, MB."""
    return _told("VmHWM") or resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3


def resident_mb() -> float:
    """Resident memory now, MB; 0 where the kernel does not say."""
    return _told("VmRSS")


def children_peak_mb() -> float:
    """Largest resident memory of any finished child, MB."""
    return resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1e3


def _told(name: str) -> float:
    try:
        lines = _STATUS.read_text().splitlines()
    except OSError:
        return 0.0
    return next((float(line.split()[1]) / 1e3 for line in lines if line.startswith(name)), 0.0)
