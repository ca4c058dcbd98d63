"""Balance: what stands at an item-location after the transfers is the segments' or the pool's."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any


def balance_index(model: Any) -> Iterable[int]:
    """Every item-location."""
    return range(model.data.place_count)


def balance(model: Any, place: int) -> Any:
    r"""Nothing vanishes, and a segment owns nothing that is not there.

    .. math:: \sum_s a_{ps} + a_{p0} = O_p + I_p + \sum_{a \to p} m\,n_a - \sum_{p \to a} m\,n_a
    """
    data = model.data
    arrived = sum(data.lot[a] * model.lots[a] for a in data.into[place])
    left = sum(data.lot[a] * model.lots[a] for a in data.out_of[place])
    held = sum(model.own[place, s] for s in data.segments) + model.pool[place]
    return held - arrived + left == float(data.case.on_hand[place] + data.case.inbound[place])
