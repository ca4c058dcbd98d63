"""Outflow: what is promised or still to come does not leave."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any


def outflow_index(model: Any) -> Iterable[int]:
    """Item-locations with a lane out."""
    return [place for place in range(model.data.place_count) if model.data.out_of[place]]


def outflow(model: Any, place: int) -> Any:
    r"""Only free stock moves.

    .. math:: \sum_{p \to a} m\,n_a \le (O_p - \sum_s R_{ps})^+
    """
    data = model.data
    return sum(data.lot[a] * model.lots[a] for a in data.out_of[place]) <= float(data.case.spare[place])
