"""The calendar of the policies' reviews: a cycle every so many days, and whether each was reviewed."""

from __future__ import annotations

from typing import Any

import pandas as pd

from optimization.contracts.approval_tables import REVIEW_CALENDAR, REVIEW_EVENT
from optimization.contracts.rows import frame_of, records_of
from optimization.parameters import GovernanceParameters


def review_calendar(
    review_event: pd.DataFrame,
    previous_calendar: pd.DataFrame | None,
    as_of: pd.Timestamp,
    rules: GovernanceParameters | None = None,
) -> pd.DataFrame:
    """Return `opt_out__review_calendar` at `as_of`: all cycles up to the one that runs.

    `review_event` is `ledger__review_event`. The first cycle begins on the day of the first release; those
    of `previous_calendar` that have begun keep their dates, so that another cadence counts from the next
    one on. A review completes the earliest cycle that had begun by its day and is not reviewed yet:
    completed within the grace after the cycle's end, late after it. One that nobody reviewed is due in
    the grace, then missed.

    >>> first = pd.Timestamp("2024-01-01")
    >>> none = frame_of(REVIEW_EVENT, [])
    >>> calendar = review_calendar(none, None, first)
    >>> later = review_calendar(none, calendar, first + pd.Timedelta(days=32))
    >>> later["review_state"].tolist(), later["days_late"].tolist()
    (['due', 'upcoming'], [3, <NA>])
    """
    rules = rules or GovernanceParameters()
    rows = _cycles(previous_calendar, as_of.normalize(), rules)
    known = REVIEW_EVENT.validate(review_event)
    known = known[known["completed_date"] <= as_of].sort_values("ledger_seq", kind="stable")
    for told in records_of(known):
        done = pd.Timestamp(told["completed_date"])
        open_ = [one for one in rows if one["cycle_start_date"] <= done and "completed_date" not in one]
        if open_:
            open_[0] |= {
                "completed_date": done,
                "completed_by": told["actor"],
                "comment": told["comment"],
            }
    return frame_of(REVIEW_CALENDAR, [row | _state(row, as_of) for row in rows])


def _cycles(
    previous: pd.DataFrame | None, as_of: pd.Timestamp, rules: GovernanceParameters
) -> list[dict[str, Any]]:
    dates = ("cycle_number", "cycle_start_date", "cycle_end_date", "grace_end_date")
    rows = [] if previous is None else records_of(previous.sort_values("cycle_number")[list(dates)])
    while not rows or rows[-1]["cycle_end_date"] < as_of:
        starts = rows[-1]["cycle_end_date"] + pd.Timedelta(days=1) if rows else as_of
        ends = starts + pd.Timedelta(days=rules.review_cadence_days - 1)
        grace = ends + pd.Timedelta(days=rules.review_grace_days)
        rows.append(dict(zip(dates, (len(rows) + 1, starts, ends, grace), strict=True)))
    return rows


def _state(row: dict[str, Any], as_of: pd.Timestamp) -> dict[str, Any]:
    done = row.get("completed_date")
    late = max(((as_of if done is None else done) - row["cycle_end_date"]).days, 0)
    if done is not None:
        return {"review_state": "completed" if done <= row["grace_end_date"] else "late", "days_late": late}
    if as_of <= row["cycle_end_date"]:
        return {"review_state": "upcoming", "days_late": None}
    return {"review_state": "due" if as_of <= row["grace_end_date"] else "missed", "days_late": late}
