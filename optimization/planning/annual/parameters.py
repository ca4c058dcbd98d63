"""The parameters of the annual plan; a limit that is None binds nothing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class AnnualParameters:
    """What the year's purchases are bounded by, and how unsure demand is.

    `capacity_units`: most units a month, all suppliers together; `overtime_units` more of them can be
    committed to before demand is known, at `overtime_unit_cost` each. `option_capacity_units`: most
    units a month with an option (a powertrain). `cash_limit`: most stock at cost at a month's end.

    Purchases of a month may leave what was planned by `buy_flexibility` when demand is known.
    A category's share of the year's purchases may leave its share of what is needed by
    `mix_change_share`. `year_cv`: how far a whole year's demand may lie from its forecast, sd / mean.
    `max_groups`: where categories times regions are more, the smallest regions are planned as one.
    """

    months: int = 12
    capacity_units: float | None = None
    overtime_units: float = 0.0
    overtime_unit_cost: float = 0.0
    option_capacity_units: Mapping[str, float] = field(default_factory=dict)
    cash_limit: float | None = None
    buy_flexibility: float = 0.2
    mix_change_share: float | None = 0.5
    year_cv: float = 0.15
    max_groups: int = 400
