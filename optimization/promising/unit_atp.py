"""Which single units can be promised to a customer, from when on, and what is in the way of the others.

A quantity says nothing of a unit: one of three may be held for a recall and another one be sold. Each
unit has one reason, the gravest that holds; it can be promised where none does.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd

from optimization.contracts.order_inputs import STOCK_UNIT, UNIT_HOLD
from optimization.contracts.order_outputs import UNIT_ATP, UNIT_RESERVATION
from optimization.contracts.outputs import SUPPLY_EXPECTATION
from optimization.order_parameters import PromiseParameters
from optimization.promising.unit_reservations import ACTIVE_STATES
from optimization.reasons import first_that_holds
from optimization.results import Report
from optimization.screening import screened

Flags = npt.NDArray[np.bool_]
Dates = npt.NDArray[np.datetime64]

_AT_PLACE = "at_location"
_NO_DATE = np.datetime64("NaT", "ns")


class _Ready(NamedTuple):
    """From when on each unit is ready for handover: expected and promised; NaT where nobody knows."""

    p50: Dates
    p90: Dates


def unit_available_to_promise(
    stock_unit: pd.DataFrame,
    unit_hold: pd.DataFrame,
    unit_reservation: pd.DataFrame,
    supply_expectation: pd.DataFrame,
    as_of: pd.Timestamp,
    parameters: PromiseParameters,
) -> tuple[pd.DataFrame, Report]:
    """Return `opt_out__unit_atp`, by unit, and a report.

    A unit can be promised when its stock is for sale, it is neither sold ahead nor held (by its own mark
    or a hold that is open at `as_of`), nobody's reservation of it is active, no block stands, it has been
    seen lately, it was not built for an order, and its day is known.

    Ready dates: the later of `as_of` and `available_from_date` at its place, or the P50 and P90 day of
    its supply line while that is on its way, each with `preparation_days` on top, in whole days (those of
    `parameters` where the unit states none). A supply line that is no longer counted gives no day.
    `order_id` is the order that the unit was built for or is reserved for. Raises `ContractError` where a
    frame is not of its table.
    """
    named = stock_unit["preparation_days"].fillna(parameters.preparation_days)
    units, bad = screened(
        stock_unit.assign(preparation_days=named).sort_values("unit_id", ignore_index=True), STOCK_UNIT
    )
    holds = UNIT_HOLD.validate(unit_hold)
    reservations = UNIT_RESERVATION.validate(unit_reservation)
    unit_ids = pd.Index(units["unit_id"])
    is_at_place = (units["unit_status"] == _AT_PLACE).to_numpy()
    ready = _ready(units, is_at_place, supply_expectation, as_of)

    is_open = (holds["opened_date"] <= as_of) & ~(holds["closed_date"] <= as_of)
    state = reservations["unit_reservation_state"]
    active = reservations[state.isin(ACTIVE_STATES).to_numpy()].drop_duplicates("unit_id")
    active = active.set_index("unit_id").reindex(unit_ids)
    whose = active["order_id"].to_numpy(object)
    built_for = units["order_id"].to_numpy(object)
    # The gravest first: what is unsafe or not there, then what is not for sale, then what is somebody's.
    in_the_way: dict[str, Flags] = {
        "INPUT_IMPLAUSIBLE": bad,
        "UNIT_GONE": (units["unit_status"] == "sold").to_numpy(),
        "UNIT_BLOCKED": unit_ids.isin(reservations.loc[state == "BLOCKED", "unit_id"]),
        "UNIT_ON_HOLD": units["is_held"].to_numpy(np.bool_) | unit_ids.isin(holds.loc[is_open, "unit_id"]),
        "UNIT_UNSEEN": units["is_unseen"].to_numpy(np.bool_),
        "UNIT_NOT_FOR_SALE": ~units["is_sellable"].to_numpy(np.bool_),
        "UNIT_PRE_SOLD": units["is_pre_sold"].to_numpy(np.bool_),
        "UNIT_OF_ORDER": units["order_id"].notna().to_numpy(),
        "UNIT_RESERVED": active["reservation_id"].notna().to_numpy(),
        "UNIT_WITHOUT_DATE": np.isnat(ready.p90),
    }
    is_free = ~np.logical_or.reduce(list(in_the_way.values()))
    frame = pd.DataFrame(
        {
            "unit_id": units["unit_id"].to_numpy(object),
            "item_id": units["item_id"].to_numpy(object),
            "location_id": units["location_id"].to_numpy(object),
            "is_promisable": is_free,
            "reason_code": first_that_holds({**in_the_way, "UNIT_AT_PLACE": is_at_place}, "UNIT_ON_ITS_WAY"),
            "method": np.where(is_at_place, "stock", "supply_expectation").astype(object),
            "status": np.where(bad, "QUARANTINED", "OK").astype(object),
            "ready_p50_date": ready.p50,
            "ready_p90_date": ready.p90,
            "reservation_id": _text(active["reservation_id"].to_numpy(object)),
            "order_id": _text(np.where(pd.isna(whose), built_for, whose)),
        }
    )
    figures = {"promisable_units": int(is_free.sum()), "open_holds": int(is_open.sum())}
    return UNIT_ATP.validate(frame), Report.of(len(stock_unit), frame, **figures)


def _ready(
    units: pd.DataFrame, is_at_place: Flags, supply_expectation: pd.DataFrame, as_of: pd.Timestamp
) -> _Ready:
    start = np.datetime64(as_of, "ns")
    stated = units["available_from_date"].to_numpy("datetime64[ns]")
    supply = SUPPLY_EXPECTATION.validate(supply_expectation)
    supply = supply[supply["is_counted"].to_numpy(np.bool_)]
    lines = pd.MultiIndex.from_frame(supply[["supply_order_id", "line_id"]].astype(object))
    line = lines.get_indexer(pd.MultiIndex.from_frame(units[["supply_order_id", "line_id"]].astype(object)))
    preparation = np.ceil(units["preparation_days"].to_numpy(np.float64)).astype("timedelta64[D]")

    def day(column: str) -> Dates:
        coming = supply[column].to_numpy("datetime64[ns]")
        expected = coming[np.maximum(line, 0)] if len(coming) else np.full(len(units), _NO_DATE)
        # What its place says of a unit on its way counts where no supply line does, unless it is past.
        told = np.where(stated >= start, stated, _NO_DATE)
        on_its_way = np.where(line >= 0, expected, told)
        at_place = np.where(np.isnat(stated), start, np.maximum(stated, start))
        known = np.where(is_at_place, at_place, np.maximum(on_its_way, start))
        return np.asarray(known + preparation, dtype="datetime64[ns]")

    return _Ready(day("expected_p50_date"), day("expected_p90_date"))


def _text(values: npt.NDArray[np.object_]) -> npt.NDArray[np.object_]:
    told = values.copy()
    told[pd.isna(values)] = None
    return told
