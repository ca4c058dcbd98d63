"""The table of milestone events that changed nothing, so that whoever told them can be asked."""

from __future__ import annotations

import pandas as pd

from optimization.build_to_order.milestones.resolving import MilestoneStates
from optimization.contracts.order_outputs import MTO_EVENT_SET_ASIDE


def events_set_aside(states: MilestoneStates) -> pd.DataFrame:
    """Return `opt_out__mto_event_set_aside`: a row per event of `states.evidence`, ascending by event.

    What the map knows of the milestone stands beside it: its name, its number and its step, null where
    the map has no such code.

    >>> from optimization.build_to_order.milestones.resolving import resolve
    >>> events = pd.DataFrame({"event_id": ["a", "b", "c"], "order_id": "O1",
    ...     "milestone_code": ["3800", "9X99", "3000"], "source_seq": [1, 2, 3],
    ...     "event_at": pd.to_datetime(["2024-03-20", "2024-03-21", "2024-03-25"]),
    ...     "planned_date": pd.NaT})
    >>> aside = events_set_aside(resolve(events, pd.DataFrame(), pd.Timestamp("2024-03-31")))
    >>> aside["reason_code"].tolist(), aside["milestone_step"].tolist()
    (['MILESTONE_UNKNOWN', 'MILESTONE_REGRESSION'], [<NA>, 7])
    """
    named = ["milestone_code", "milestone_name", "milestone_number", "milestone_step"]
    frame = states.evidence.merge(
        states.template[named], on="milestone_code", how="left", validate="many_to_one"
    )
    frame = frame.sort_values("event_id", kind="stable", ignore_index=True)
    frame = frame.astype({"milestone_number": "Int64", "milestone_step": "Int64"})
    return MTO_EVENT_SET_ASIDE.validate(frame[list(MTO_EVENT_SET_ASIDE.column_names)])
