"""The map of milestones that holds where the source states none of its own.

Sixteen steps lead from consultation to handover. The four-digit codes from 1100 on are those that a
large maker of cars prints on order reports and that its customers know; a source with other codes
delivers its own map as `milestone_template`.
"""

from __future__ import annotations

from typing import NamedTuple

import pandas as pd

from optimization.contracts.order_inputs import MILESTONE_TEMPLATE

# The step in which the order is built: a slot says when it is reached.
SLOT_STEP = 10


class Milestone(NamedTuple):
    """One event: its code, its place in the order of events, and the step of sixteen that it belongs to.

    An event that is no progress (an edit, a hold, a cancellation) never changes where an order stands.
    """

    code: str
    number: int
    step: int
    name: str
    is_progress: bool = True


DEFAULT_MAP: tuple[Milestone, ...] = (
    Milestone("0100", 100, 1, "Consultation"),
    Milestone("0200", 200, 2, "Configuration"),
    Milestone("0300", 300, 3, "Options validated"),
    Milestone("0400", 400, 4, "Price quoted"),
    Milestone("1100", 1100, 5, "Order placed"),
    Milestone("1500", 1500, 6, "Credit approved"),
    Milestone("2000", 2000, 7, "Order accepted"),
    Milestone("2030", 2030, 7, "Order edited", is_progress=False),
    Milestone("2050", 2050, 7, "Order replaced", is_progress=False),
    Milestone("2500", 2500, 7, "Preferenced"),
    Milestone("3000", 3000, 7, "Accepted by production control"),
    Milestone("3300", 3300, 8, "Scheduled"),
    Milestone("3400", 3400, 9, "Broadcast to the plant"),
    Milestone("3800", 3800, 10, "Produced"),
    Milestone("3850", 3850, 11, "Released by quality"),
    Milestone("3880", 3880, 12, "Exceptions cleared"),
    Milestone("4000", 4000, 13, "Available to ship"),
    Milestone("4B00", 4050, 13, "Bayed", is_progress=False),
    Milestone("4150", 4150, 13, "Invoiced"),
    Milestone("4200", 4200, 14, "Shipped"),
    Milestone("4800", 4800, 14, "At the rail ramp"),
    Milestone("5000", 5000, 14, "At the dealer"),
    Milestone("5500", 5500, 15, "Prepared for handover"),
    Milestone("6000", 6000, 16, "Delivered to the customer"),
    Milestone("9000", 9000, 16, "Cancelled", is_progress=False),
)


def default_template() -> pd.DataFrame:
    """Return the default map as `opt_in__milestone_template`, in the order of events.

    >>> template = default_template()
    >>> sorted(set(template.loc[template["is_progress"], "milestone_step"])) == list(range(1, 17))
    True
    """
    frame = pd.DataFrame(
        {
            "milestone_code": [one.code for one in DEFAULT_MAP],
            "milestone_number": [one.number for one in DEFAULT_MAP],
            "milestone_step": [one.step for one in DEFAULT_MAP],
            "milestone_name": [one.name for one in DEFAULT_MAP],
            "is_progress": [one.is_progress for one in DEFAULT_MAP],
        }
    )
    frame["planned_days"] = float("nan")
    return MILESTONE_TEMPLATE.validate(frame)


def milestone_map(milestone_template: pd.DataFrame) -> pd.DataFrame:
    """Return the map that holds, in the order of events: the stated one, else the default.

    A stated map replaces the default as a whole: half of each would mix two orders of events.
    """
    if milestone_template.empty:
        return default_template()
    stated = MILESTONE_TEMPLATE.validate(milestone_template)
    return stated.sort_values(["milestone_number", "milestone_code"], kind="stable", ignore_index=True)


def produced_code(template: pd.DataFrame) -> str | None:
    """Code of the milestone that a slot leads to: the first progress of step 10 or later, if any.

    >>> produced_code(default_template())
    '3800'
    """
    built = template[template["is_progress"] & (template["milestone_step"] >= SLOT_STEP)]
    return None if built.empty else str(built["milestone_code"].iloc[0])


def cancellation_codes(template: pd.DataFrame) -> list[str]:
    """Codes that end an order without a handover: no progress, and numbered after the handover.

    >>> cancellation_codes(default_template())
    ['9000']
    """
    last = template.loc[template["is_progress"], "milestone_number"].max()
    ends = template[~template["is_progress"] & (template["milestone_number"] > last)]
    return [str(code) for code in ends["milestone_code"]]
