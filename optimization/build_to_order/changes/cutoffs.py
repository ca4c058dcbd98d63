"""Until when an option of an order can be changed: the milestone from which it is too late."""

from __future__ import annotations

from collections.abc import Collection
from typing import NamedTuple

import pandas as pd

# Acceptance by production control in the map that Stockplan knows; in another map, scheduling.
_DEFAULT_CODE = "3000"
_SCHEDULED_STEP = 8


class Cutoff(NamedTuple):
    """A milestone, and what may be changed only before it; without an option, the order as a whole."""

    number: int
    code: str
    option: str | None


def default_cutoff(template: pd.DataFrame) -> Cutoff | None:
    """Return the cut-off of whatever states none; None where the map has no such milestone.

    >>> from optimization.build_to_order.milestones.template import default_template
    >>> default_cutoff(default_template())
    Cutoff(number=3000, code='3000', option=None)
    """
    stated = template[template["milestone_code"] == _DEFAULT_CODE]
    if stated.empty:
        scheduled = template["is_progress"] & (template["milestone_step"] >= _SCHEDULED_STEP)
        stated = template[scheduled].sort_values(["milestone_number", "milestone_code"])
    if stated.empty:
        return None
    return Cutoff(int(stated["milestone_number"].iloc[0]), str(stated["milestone_code"].iloc[0]), None)


class Cutoffs:
    """The cut-off of every option; one that names a milestone that the map has not has the default."""

    def __init__(self, config_option: pd.DataFrame, template: pd.DataFrame) -> None:
        self.default = default_cutoff(template)
        numbers = dict(zip(template["milestone_code"], template["milestone_number"], strict=True))
        self._of = {
            str(option): Cutoff(int(numbers[code]), str(code), str(option))
            for option, code in zip(
                config_option["option_id"], config_option["change_cutoff_milestone"], strict=True
            )
            if code in numbers
        }

    def earliest(self, touched: Collection[str]) -> Cutoff | None:
        """Return the first cut-off of the options that a change touches; of no option, the default's."""
        found = [self._of.get(option) or self._default_of(option) for option in sorted(touched)]
        known = [one for one in found or [self.default] if one is not None]
        return min(known, key=lambda one: (one.number, one.option or "")) if known else None

    def _default_of(self, option: str) -> Cutoff | None:
        return self.default._replace(option=option) if self.default is not None else None
