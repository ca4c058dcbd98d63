"""Where each order stands by what was heard of it: events in any order become one state.

Only the order of events is judged here; how long they take is learnt in `lead_times`, and what the
state means for a promise is said in `tracking.py`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from optimization.build_to_order.milestones.template import milestone_map
from optimization.demand.series import Numbers
from optimization.reasons import first_that_holds

_DAY = pd.Timedelta(days=1)


@dataclass(frozen=True)
class MilestoneStates:
    """What was heard of the orders.

    `reached`: one row per order and progress milestone that it reached: `order_id`, `milestone_code`,
    `milestone_number`, `milestone_step`, `reached_at`, `planned_date`, `event_id`; a milestone that was
    never heard of has no row, whatever came after it. `standing`: one row per order of which anything
    was heard: the highest milestone reached (same columns, null where none was) and `heard_at`, the last
    event of any kind. `marks`: events that are no progress (edits, holds, a cancellation), each once.
    `evidence`: events that changed nothing: `event_id`, `order_id`, `milestone_code`, `event_at`,
    `reason_code`. `template`: the map that holds.
    """

    reached: pd.DataFrame
    standing: pd.DataFrame
    marks: pd.DataFrame
    evidence: pd.DataFrame
    template: pd.DataFrame


def resolve(
    mto_milestone: pd.DataFrame, milestone_template: pd.DataFrame, as_of: pd.Timestamp
) -> MilestoneStates:
    """Read the events known at the end of `as_of`; their order in the frame means nothing.

    An order stands at the highest progress milestone that it ever reached. Events are read by
    `event_at`, at the same moment by their milestone's number. One that was told before (same order,
    milestone and moment) counts once. One whose number is below a milestone reached earlier is a
    regression: it is kept as evidence, and neither takes back what was reached nor makes up for a
    milestone that was left out. A milestone reached a second time keeps its first moment. Unknown codes
    and events after `as_of` are set aside with their reason. A stated template replaces the default map.

    >>> events = pd.DataFrame({"event_id": ["a", "b", "c"], "order_id": "O1",
    ...     "milestone_code": ["3800", "2000", "3000"], "source_seq": [1, 2, 3],
    ...     "event_at": pd.to_datetime(["2024-03-20", "2024-03-01", "2024-03-25"]),
    ...     "planned_date": pd.NaT})
    >>> states = resolve(events, pd.DataFrame(), pd.Timestamp("2024-03-31"))
    >>> states.standing["milestone_code"].tolist(), states.evidence["reason_code"].tolist()
    (['3800'], ['MILESTONE_REGRESSION'])
    """
    template = milestone_map(milestone_template)
    row = pd.Index(template["milestone_code"]).get_indexer(pd.Index(mto_milestone["milestone_code"]))
    events = mto_milestone.assign(
        milestone_number=template["milestone_number"].to_numpy()[row],
        milestone_step=template["milestone_step"].to_numpy()[row],
        is_progress=template["is_progress"].to_numpy(dtype=np.bool_)[row],
        is_known=row >= 0,
    )
    events = events.sort_values(
        ["order_id", "event_at", "milestone_number", "milestone_code", "source_seq", "event_id"],
        kind="stable",
        ignore_index=True,
    )
    known = events["is_known"].to_numpy(dtype=np.bool_)
    ahead = ~(events["event_at"] < as_of + _DAY).to_numpy(dtype=np.bool_)
    told = np.zeros(len(events), dtype=np.bool_)
    read = np.flatnonzero(known & ~ahead)
    told[read] = (
        events.iloc[read].duplicated(["order_id", "milestone_code", "event_at"]).to_numpy(dtype=np.bool_)
    )
    progress = known & ~ahead & ~told & events["is_progress"].to_numpy(dtype=np.bool_)
    moves = events[progress]
    highest = moves.groupby("order_id", sort=False)["milestone_number"].cummax()
    back, again = np.zeros(len(events), dtype=np.bool_), np.zeros(len(events), dtype=np.bool_)
    back[progress] = (moves["milestone_number"] < highest).to_numpy()
    onward = progress & ~back
    again[onward] = events[onward].duplicated(["order_id", "milestone_code"]).to_numpy(dtype=np.bool_)
    reason = first_that_holds(
        {
            "MILESTONE_UNKNOWN": ~known,
            "MILESTONE_AHEAD": ahead,
            "MILESTONE_TOLD_TWICE": told,
            "MILESTONE_REGRESSION": back,
            "MILESTONE_REPEATED": again,
        }
    )
    columns = ["milestone_code", "milestone_number", "milestone_step", "reached_at", "planned_date"]
    events = events.rename(columns={"event_at": "reached_at"})
    reached = events.loc[onward & ~again, ["order_id", *columns, "event_id"]].reset_index(drop=True)
    heard = events[known & ~ahead].groupby("order_id", sort=True)["reached_at"].max().rename("heard_at")
    top = reached.groupby("order_id", sort=True).tail(1).set_index("order_id")
    standing = heard.to_frame().join(top).reset_index()
    marks = events[known & ~ahead & ~told & ~progress]
    evidence = events.assign(reason_code=reason).rename(columns={"reached_at": "event_at"})
    evidence = evidence.loc[pd.notna(reason), ["event_id", "order_id", "milestone_code", "event_at"]].assign(
        reason_code=reason[pd.notna(reason)]
    )
    return MilestoneStates(
        reached=reached,
        standing=standing.astype({"milestone_number": "Int64", "milestone_step": "Int64"}),
        marks=marks[["order_id", *columns, "event_id"]].reset_index(drop=True),
        evidence=evidence.reset_index(drop=True),
        template=template,
    )


def days_reached(states: MilestoneStates, order_ids: pd.Index) -> Numbers:
    """Day number (since 1970) on which each order (n,) reached each progress milestone (m,), or NaN.

    The columns are the progress milestones of the map, in the order of events.
    """
    codes = progress_codes(states.template)
    days = np.full((len(order_ids), len(codes)), np.nan)
    row = order_ids.get_indexer(pd.Index(states.reached["order_id"]))
    column = codes.get_indexer(pd.Index(states.reached["milestone_code"]))
    moment = states.reached["reached_at"].to_numpy(dtype="datetime64[D]").astype(np.int64)
    found = row >= 0
    days[row[found], column[found]] = moment[found]
    return days


def progress_codes(template: pd.DataFrame) -> pd.Index:
    """Codes of the progress milestones in the order of events."""
    progress = template["is_progress"].to_numpy(dtype=np.bool_)
    codes: pd.Index = pd.Index(template["milestone_code"].to_numpy(dtype=object)[progress])
    return codes
