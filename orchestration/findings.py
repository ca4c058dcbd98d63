"""What something that was looked at is like: one finding, with how to repair it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at."""

    subject: str
    is_ok: bool
    found: str
    repair: str = ""
