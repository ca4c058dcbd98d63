"""Promises to waiting orders: the first is kept for ever, a later one needs a reason."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from optimization.build_to_order.lead_times.past_orders import dates_of, day_numbers
from optimization.contracts.order_outputs import MTO_PROMISE
from optimization.demand.series import Flags, Numbers
from optimization.reasons import first_that_holds

Texts = npt.NDArray[np.object_]


@dataclass(frozen=True)
class Predicted:
    """What is predicted of open orders (n,), as day numbers; NaN where nothing can be said.

    `promisable`: P90, and never before what the place of handover can do. `told`, `told_on`: the promise
    made at the source, and its day. `causes` names, in order, why a promise would have to be moved.
    """

    order_id: pd.Index
    p50: Numbers
    promisable: Numbers
    basis: Texts
    told: Numbers
    told_on: Numbers
    causes: dict[str, Flags]


@dataclass(frozen=True)
class Promises:
    """`frame` is `opt_out__mto_promise`; `first`, `held` and `current` (n,) are days of the open orders.

    `held` is the promise that held before today's: an order is judged by it.
    """

    frame: pd.DataFrame
    first: Numbers
    held: Numbers
    current: Numbers
    moved_count: int


def promises(
    predicted: Predicted,
    known_orders: pd.Index,
    previous_promise: pd.DataFrame | None,
    today: float,
    repromise_days: int,
) -> Promises:
    """Carry every promise on, promise to orders that have none, and move those that cannot be kept.

    Promise 1 is what the source promised, else the P90. A further promise is made when the expected day
    lies more than `repromise_days` after the one that holds: then keeping it is no longer likely, and
    the customer is told once, with the P90. It never lies before the one it replaces, carries the next
    number and the first of the `causes` that holds. Promises of `previous_promise` that were made after
    `today`, or to orders that are no longer known, are left out; none is ever changed.
    """
    kept = _carried(previous_promise, known_orders, today)
    last = kept.groupby("order_id", sort=False).tail(1).set_index("order_id")
    first = kept.groupby("order_id", sort=False).head(1).set_index("order_id")
    order_id = predicted.order_id
    held = day_numbers(last["promise_p90_date"].reindex(order_id))
    first_day = day_numbers(first["promise_p90_date"].reindex(order_id))
    number = last["promise_number"].reindex(order_id).to_numpy(np.float64, na_value=0.0)

    at_source = ~np.isnan(predicted.told)
    opening = np.where(at_source, predicted.told, predicted.promisable)
    is_new = np.isnan(held) & ~np.isnan(opening)
    made_on = np.where(at_source, np.fmin(predicted.told_on, today), today)
    held = np.where(is_new, opening, held)
    passes = (predicted.p50 > held + repromise_days) & ~np.isnan(predicted.promisable)
    # The source's own word and the move away from it can fall on the same day.
    moved = passes & (predicted.promisable > held)
    rows = [
        _rows(
            predicted,
            is_new,
            np.ones(len(order_id)),
            made_on,
            opening,
            np.where(at_source, "PROMISE_AT_SOURCE", "FIRST_PROMISE").astype(object),
        ),
        _rows(
            predicted,
            moved,
            np.where(is_new, 1.0, number) + 1.0,
            np.full(len(order_id), today),
            predicted.promisable,
            first_that_holds(predicted.causes, "LATE_STAGE"),
        ),
    ]
    frame = pd.concat([kept, *rows], ignore_index=True) if len(kept) else pd.concat(rows, ignore_index=True)
    frame = frame.sort_values(["order_id", "promise_number"], kind="stable", ignore_index=True)
    return Promises(
        MTO_PROMISE.validate(frame),
        np.where(is_new, opening, first_day),
        held,
        np.where(moved, predicted.promisable, held),
        int(moved.sum()),
    )


def _carried(previous: pd.DataFrame | None, known_orders: pd.Index, today: float) -> pd.DataFrame:
    if previous is None or previous.empty:
        return _rows_of(pd.Index([], dtype=object))
    kept = previous[
        (day_numbers(previous["made_date"]) <= today) & previous["order_id"].isin(known_orders).to_numpy()
    ]
    kept = kept.loc[:, list(MTO_PROMISE.column_names)]
    return kept.sort_values(["order_id", "promise_number"], kind="stable", ignore_index=True)


def _rows_of(order_id: pd.Index) -> pd.DataFrame:
    frame = pd.DataFrame({"order_id": order_id})
    nothing = pd.Series(pd.NaT, index=frame.index, dtype="datetime64[ns]")
    return frame.assign(
        promise_number=np.zeros(len(frame), dtype=np.int64),
        made_date=nothing,
        promise_p50_date=nothing,
        promise_p90_date=nothing,
        promise_basis="none",
        reason_code="",
        method="",
        status="OK",
    ).loc[:, list(MTO_PROMISE.column_names)]


def _rows(
    predicted: Predicted, chosen: Flags, number: Numbers, made_on: Numbers, day: Numbers, reason: Texts
) -> pd.DataFrame:
    frame = _rows_of(predicted.order_id[chosen])
    # Where nothing is predicted the source's word is all there is to expect.
    expected = np.fmin(predicted.p50, day)[chosen]
    return frame.assign(
        promise_number=number[chosen].astype(np.int64),
        made_date=dates_of(made_on[chosen]),
        promise_p50_date=dates_of(expected),
        promise_p90_date=dates_of(day[chosen]),
        promise_basis=predicted.basis[chosen],
        reason_code=reason[chosen],
        method=np.where(reason[chosen] == "PROMISE_AT_SOURCE", "at_source", "whole_orders").astype(object),
    )
