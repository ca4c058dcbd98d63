"""A week builds no more than its slots and those on top."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any


def capacity_index(model: Any) -> Iterable[int]:
    """Buckets that some group may have."""
    return sorted(model.groups_in)


def capacity(model: Any, bucket: int) -> Any:
    r"""Slots, and slots on top.

    .. math:: \sum_g x_{gb} \le C_b + \sum_{e \in b} y_e
    """
    built = sum(model.placed[group, bucket] for group in model.groups_in[bucket])
    extra = sum(model.extra[e] for e in model.extra_of.get(bucket, ()))
    return built - extra <= float(model.room.capacity[bucket])
