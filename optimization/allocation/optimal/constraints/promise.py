"""Promise: what is reserved for a segment is the segment's."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any


def promise_index(model: Any) -> Iterable[tuple[int, int]]:
    """Item-locations by segment with reserved units."""
    return list(model.promise_short)


def promise(model: Any, place: int, segment: int) -> Any:
    r"""Short only where less is there than was promised.

    .. math:: a_{ps} + e_{ps} \ge R_{ps}
    """
    own, short = model.own[place, segment], model.promise_short[place, segment]
    return own + short >= float(model.data.case.reserved[place, segment])
