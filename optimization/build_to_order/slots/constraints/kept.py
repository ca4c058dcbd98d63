"""What earlier levels have reached is not given up."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any


def kept_index(model: Any) -> Iterable[str]:
    """Levels that are settled."""
    return list(model.settled)


def kept(model: Any, level: str) -> Any:
    r"""Up to the solver's own tolerance.

    .. math:: f_l(x, y, s) \le v_l
    """
    return model.goal_of(level) <= float(model.settled[level])
