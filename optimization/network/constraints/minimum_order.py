"""Minimum order: nothing, or at least the minimum quantity."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any


def minimum_order_index(model: Any) -> Iterable[int]:
    """Places where transfers could make the order needless, and its minimum is more than a lot."""
    return list(model.data.skippable)


def minimum_order(model: Any, place: int) -> Any:
    r"""Whoever orders, orders at least the minimum quantity.

    .. math:: q_p n_p \ge M_p z_p
    """
    return model.data.lot[place] * model.lots[place] >= model.data.moq[place] * model.is_ordered[place]


def order_limit(model: Any, place: int) -> Any:
    r"""Whoever does not order has no lots; the policy's own order is the most.

    .. math:: n_p \le N_p z_p
    """
    return model.lots[place] <= model.data.most_lots[place] * model.is_ordered[place]
