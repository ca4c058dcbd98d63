"""Promises to open order lines: one pass in the order of priority over what every place has."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd

from optimization.contracts.inputs import ITEM_LOCATION
from optimization.contracts.order_inputs import HANDOVER_CAPACITY, OPEN_ORDER_LINE
from optimization.contracts.order_outputs import DELIVERY_PROMISE
from optimization.keys import positions, sorted_by_key
from optimization.order_parameters import PromiseParameters
from optimization.promising.delivery.book import (
    BY_NEW_ORDER,
    FROM_ELSEWHERE,
    FROM_OWN,
    NEVER,
    NOT_SERVED,
    NOWHERE,
    Integers,
    Lines,
    Served,
    serve,
)
from optimization.promising.delivery.capable import capable_to_promise
from optimization.promising.delivery.handovers import handover_days
from optimization.promising.delivery.inputs import DeliveryInputs, DeliveryPlan
from optimization.promising.delivery.named import Named, claims_of, named_units, text_where
from optimization.promising.delivery.opening import Opening, days_from, opened
from optimization.promising.delivery.sources import quota_rows, sources_of, transits
from optimization.reasons import first_that_holds
from optimization.results import Report
from optimization.screening import screened

Flags = npt.NDArray[np.bool_]
Texts = npt.NDArray[np.object_]

ORDER_KEY = ("priority_tier", "order_priority", "order_date", "order_id", "line_id")
_LINE = ["order_id", "line_id"]
_BASES = {BY_NEW_ORDER: "lead_time", FROM_ELSEWHERE: "transfer", NOT_SERVED: "none"}
# What a broken promise rested on, and so why it broke.
_CAUSES = {
    "on_hand": "PROMISE_BROKEN_STOCK",
    "in_transit": "PROMISE_BROKEN_SUPPLY",
    "open_supply": "PROMISE_BROKEN_SUPPLY",
    "transfer": "PROMISE_BROKEN_SOURCE",
    "lead_time": "PROMISE_BROKEN_NOT_ORDERED",
}


class _Earlier(NamedTuple):
    """What each line was promised in the release before; -1 and None where nothing."""

    day: Integers
    first_date: pd.Series
    date: pd.Series
    basis: Texts
    source: Texts
    transit_days: npt.NDArray[np.float64]


def delivery_promises(
    inputs: DeliveryInputs, as_of: pd.Timestamp, parameters: PromiseParameters
) -> DeliveryPlan:
    """Return `opt_out__delivery_promise`, by line, `opt_out__capable_to_promise`, and a report.

    Lines are served by priority_tier, order_priority, order_date, order_id, line_id; each takes what
    those before it left. First those that were promised before: such a line keeps its day as long as it
    can be served then at all, whoever came since. What is promised is the P90 date, expected the P50 date.

    A line is served by its own place's stock and supply, by another place that can spare the units after
    its own customers are served (its published promise), by a lane's P90 transport, or by a new order to
    the supplier, whichever is there first and not before `requested_date`. Until its place's next supply
    a segment takes no more than its quota, and from another place no more than that place could promise
    it. A line that names a unit gets that unit when it is ready. Vehicles are prepared and handed over: the
    promise is the first day from their readiness on that has room at their place.

    A re-promise tells its cause in `reason_code` (`PROMISE_BROKEN_…`); `first_promise_date` never changes.
    Source: the design's terms for availability and promises. Raises `ContractError` where a frame is not
    of its table.
    """
    places, bad_place = screened(sorted_by_key(inputs.item_location), ITEM_LOCATION)
    lines, bad_line = screened(sorted_by_key(inputs.open_order_line, ORDER_KEY), OPEN_ORDER_LINE)
    beyond = capable_to_promise(places, inputs.lead_time, as_of, parameters)
    earlier = _earlier(lines, inputs.previous_promise, as_of)
    # Promised lines come first; among equals the order of priority stays.
    order = np.argsort(earlier.day < 0, kind="stable")
    lines, bad_line, earlier = (
        lines.iloc[order].reset_index(drop=True),
        bad_line[order],
        _Earlier(
            earlier.day[order],
            earlier.first_date.iloc[order].reset_index(drop=True),
            earlier.date.iloc[order].reset_index(drop=True),
            earlier.basis[order],
            earlier.source[order],
            earlier.transit_days[order],
        ),
    )
    preparation, capacity = _handover_terms(lines, places, inputs.handover_capacity, parameters)
    lanes = transits(inputs.lane, inputs.lead_time, parameters.unverified_cv)
    named = named_units(lines, inputs.unit_atp, inputs.stock_unit, lanes, as_of)
    at = positions(lines, places)
    wanted = np.maximum(days_from(lines["requested_date"], as_of) - preparation, 0)
    kept_day = np.where(earlier.day >= 0, np.maximum(earlier.day - preparation, 0), -1)
    # A day that is over cannot be kept.
    kept_day[(earlier.day < 0) | (days_from(earlier.date, as_of) < 0)] = -1

    general = np.flatnonzero(~named.is_had & ~bad_line)
    asked = np.concatenate([at[general], at[general]]), np.concatenate([wanted[general], kept_day[general]])
    opening = opened(
        inputs,
        places,
        bad_place,
        (asked[0][asked[1] >= 0], asked[1][asked[1] >= 0]),
        as_of,
        parameters.horizon_days,
    )
    some = lines.iloc[general].reset_index(drop=True)
    sources, first_source = sources_of(some, places, lanes, opening.quotas)
    served = serve(
        opening.book,
        claims_of(named, inputs.unit_atp, inputs.stock_unit, places, as_of),
        Lines(
            at[general],
            some["open_units"].to_numpy(np.float64),
            wanted[general],
            np.where(at[general] >= 0, quota_rows(opening.quotas, at[general], some["segment_id"]), NOWHERE),
            _lead_days(beyond["beyond_p50_date"], at[general], as_of),
            _lead_days(beyond["beyond_p90_date"], at[general], as_of),
            kept_day[general],
            _sources_before(some, earlier, general, places),
            first_source,
        ),
        sources,
    )
    whole = _with_named(len(lines), general, served, named)
    frame = _told(
        lines, bad_line, earlier, whole, named, opening, places, lanes, preparation, capacity, as_of
    )
    broken = frame["reason_code"].str.startswith("PROMISE_BROKEN_").sum()
    report = Report.of(len(inputs.open_order_line), frame, broken=int(broken), places=len(places))
    return DeliveryPlan(DELIVERY_PROMISE.validate(frame), beyond, report)


def _earlier(lines: pd.DataFrame, previous: pd.DataFrame | None, as_of: pd.Timestamp) -> _Earlier:
    n = len(lines)
    if previous is None or not len(previous):
        none = pd.Series(np.full(n, np.datetime64("NaT", "ns")))
        nothing = np.full(n, None, dtype=object)
        return _Earlier(np.full(n, -1, dtype=np.int64), none, none, nothing, nothing, np.zeros(n))
    known = DELIVERY_PROMISE.validate(previous).set_index(_LINE)
    rows = known.reindex(pd.MultiIndex.from_frame(lines[_LINE].astype(object)))
    date = rows["promise_p90_date"].reset_index(drop=True)
    # A promise whose day is over was one all the same.
    day = np.where(date.notna(), np.maximum(days_from(date, as_of), 0), -1).astype(np.int64)
    return _Earlier(
        day,
        rows["first_promise_date"].reset_index(drop=True),
        date,
        rows["promise_basis"].to_numpy(object),
        rows["source_location_id"].to_numpy(object),
        rows["transit_p90_days"].fillna(0.0).to_numpy(np.float64),
    )


def _handover_terms(
    lines: pd.DataFrame, places: pd.DataFrame, capacity: pd.DataFrame, parameters: PromiseParameters
) -> tuple[Integers, dict[str, float]]:
    """Days of preparation of each line, none but for vehicles, and the handovers of a day by place."""
    terms, _ = screened(capacity, HANDOVER_CAPACITY)
    vehicles = set(places.loc[(places["item_kind"] == "vehicle").to_numpy(), "item_id"])
    is_vehicle = lines["item_id"].isin(vehicles).to_numpy()
    stated = lines["location_id"].map(terms.set_index("location_id")["preparation_days"])
    days = np.ceil(stated.fillna(parameters.preparation_days).to_numpy(np.float64)).astype(np.int64)
    limited = terms[terms["handover_units"].notna().to_numpy()]
    most = dict(zip(limited["location_id"], limited["handover_units"].astype(float), strict=True))
    return np.where(is_vehicle, days, 0), most


def _lead_days(dates: pd.Series, at: Integers, as_of: pd.Timestamp) -> Integers:
    days = days_from(dates, as_of)
    if not len(days):
        return np.full(len(at), NEVER, dtype=np.int64)
    known = np.where(at >= 0, days[np.maximum(at, 0)], -1)
    return np.where(known >= 0, known, NEVER)


def _sources_before(
    some: pd.DataFrame, earlier: _Earlier, general: Integers, places: pd.DataFrame
) -> Integers:
    """Place that each line was promised from; nowhere for a new order."""
    before = some.assign(source=earlier.source[general])[["item_id", "source"]]
    place = positions(before, places, "source")
    return np.where(earlier.basis[general] == "lead_time", NOWHERE, place)


def _with_named(n: int, general: Integers, served: Served, named: Named) -> Served:
    """The lines that were served from the book and those that have their unit, together."""
    whole = Served(
        np.zeros(n, dtype=np.int64),
        np.full(n, NOWHERE, dtype=np.int64),
        named.p50_day.copy(),
        named.p90_day.copy(),
        np.full(n, NEVER, dtype=np.int64),
        np.zeros(n, dtype=np.bool_),
    )
    for mine, found in zip(whole, served, strict=True):
        mine[general] = found
    return whole


def _told(
    lines: pd.DataFrame,
    bad: Flags,
    earlier: _Earlier,
    served: Served,
    named: Named,
    opening: Opening,
    places: pd.DataFrame,
    lanes: pd.DataFrame,
    preparation: Integers,
    capacity: dict[str, float],
    as_of: pd.Timestamp,
) -> pd.DataFrame:
    """The rows of the table; what is handed over waits for room at its place."""
    is_served = (served.p90_day < NEVER) & ~bad
    extra = np.where(named.is_had, 0, preparation)
    asked_day = np.maximum(days_from(lines["requested_date"], as_of), 0)
    ready50, ready90 = (
        np.where(is_served, np.maximum(day + extra, asked_day), NEVER)
        for day in (served.p50_day, served.p90_day)
    )
    # Who was promised a day has it before those who come now, and no earlier one either.
    was_promised = (earlier.day >= 0) & (days_from(earlier.date, as_of) >= 0)
    ready90 = np.where(
        is_served & was_promised & (served.is_kept | named.is_had), np.maximum(ready90, earlier.day), ready90
    )
    is_handed_over = (preparation > 0) | named.is_had
    in_turn = np.lexsort((np.arange(len(lines)), ~(was_promised & (ready90 <= earlier.day))))
    in_turn = in_turn[is_handed_over[in_turn]]
    day = ready90.copy()
    day[in_turn] = handover_days(
        lines["location_id"].to_numpy(object)[in_turn].tolist(),
        ready90[in_turn].tolist(),
        lines["open_units"].to_numpy(np.float64)[in_turn].tolist(),
        capacity,
    )
    expected = np.where(is_served, np.minimum(ready50 + (day - ready90), day), NEVER)
    basis, from_place = _bases(served, named, opening, is_served)
    is_kept = is_served & was_promised & (day <= np.maximum(earlier.day, asked_day))
    is_broken = (earlier.day >= 0) & ~is_kept
    wants_unit = lines["unit_id"].notna().to_numpy() & ~named.is_had
    # A unit that is had and yet late comes later, wherever it stood when it was promised.
    rested = np.where(named.is_had, "in_transit", earlier.basis.astype(str))
    waits = is_served & was_promised & (ready90 <= earlier.day) & (day > earlier.day)
    promised = _dates(day, is_served, as_of)
    names = places["location_id"].to_numpy(object)
    source = np.full(len(lines), None, dtype=object)
    source[from_place >= 0] = names[from_place[from_place >= 0]]
    source = np.where(named.is_had, named.location_id, source)
    transit50, transit90 = _transit_days(lines["location_id"], source, basis, lanes)
    frame = pd.DataFrame(
        {
            **{
                name: lines[name].to_numpy()
                for name in (
                    "order_id",
                    "line_id",
                    "item_id",
                    "location_id",
                    "segment_id",
                    "open_units",
                    "requested_date",
                )
            },
            "promise_basis": basis,
            "reason_code": first_that_holds(
                {
                    "INPUT_IMPLAUSIBLE": bad,
                    "PROMISE_KEPT": is_kept,
                    "PROMISE_BROKEN_PAST": is_broken & ~was_promised,
                    "PROMISE_BROKEN_UNIT": is_broken & wants_unit,
                    "PROMISE_BROKEN_HANDOVER": is_broken & waits,
                    "PROMISE_BROKEN_TRANSPORT": is_broken
                    & (rested == "transfer")
                    & (earlier.day - extra < earlier.transit_days),
                    **{cause: is_broken & np.isin(rested, bases) for cause, bases in _by_cause().items()},
                    "NO_PROMISE": ~is_served,
                    "NAMED_UNIT_NOT_FREE": wants_unit,
                    "PROMISED_NAMED_UNIT": named.is_had,
                    "PROMISED_FROM_STOCK": basis == "on_hand",
                    "PROMISED_FROM_ELSEWHERE": basis == "transfer",
                    "PROMISED_BY_NEW_ORDER": basis == "lead_time",
                },
                "PROMISED_FROM_SUPPLY",
            ),
            "method": np.where(named.is_had, "named_unit", "priority_order").astype(object),
            "status": np.where(bad, "QUARANTINED", "OK").astype(object),
            "source_location_id": source,
            "unit_id": text_where(named.is_had, lines["unit_id"].to_numpy(object)),
            "promise_p50_date": _dates(expected, is_served, as_of),
            "promise_p90_date": promised,
            "first_promise_date": earlier.first_date.where(
                earlier.first_date.notna(), pd.Series(promised)
            ).to_numpy("datetime64[ns]"),
            "previous_promise_date": earlier.date.to_numpy("datetime64[ns]"),
            "transit_p50_days": transit50,
            "transit_p90_days": transit90,
            "handover_date": _dates(day, is_served & is_handed_over, as_of),
            "customer_id": lines["customer_id"].to_numpy(object),
        }
    )
    return sorted_by_key(frame, ("order_id", "line_id"))


def _by_cause() -> dict[str, list[str]]:
    causes: dict[str, list[str]] = {}
    for basis, cause in _CAUSES.items():
        causes.setdefault(cause, []).append(basis)
    return causes


def _bases(served: Served, named: Named, opening: Opening, is_served: Flags) -> tuple[Texts, Integers]:
    """What each promise rests on, and the place that it is served from (-1: the supplier, or none)."""
    place = np.maximum(served.source, 0)
    until = opening.in_transit_until[place] if len(opening.in_transit_until) else served.source
    next_supply = opening.book.next_supply[place] if len(opening.book.next_supply) else served.source
    basis = first_that_holds(
        {
            "none": ~is_served,
            "transfer": np.where(named.is_had, named.is_elsewhere, served.way == FROM_ELSEWHERE),
            "on_hand": np.where(named.is_had, named.is_at_place, served.covered_day < next_supply)
            & (named.is_had | (served.way == FROM_OWN)),
            "in_transit": named.is_had | ((served.way == FROM_OWN) & (served.covered_day <= until)),
            "open_supply": served.way == FROM_OWN,
        },
        _BASES[BY_NEW_ORDER],
    )
    has_place = (served.way == FROM_OWN) | (served.way == FROM_ELSEWHERE)
    return basis, np.where(has_place, served.source, NOWHERE)


def _transit_days(
    to: pd.Series, source: Texts, basis: Texts, lanes: pd.DataFrame
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Days of transport of what comes from another place."""
    pair = pd.DataFrame({"item_id": source, "location_id": to.to_numpy(object)})
    known = lanes.rename(columns={"from_location_id": "item_id", "to_location_id": "location_id"})
    row = positions(pair, known)
    is_moved = (basis == "transfer") & (row >= 0)
    days = []
    for name in ("p50_days", "p90_days"):
        told = np.full(len(to), np.nan)
        told[is_moved] = lanes[name].to_numpy(np.float64)[row[is_moved]]
        days.append(told)
    return days[0], days[1]


def _dates(day: Integers, is_known: Flags, as_of: pd.Timestamp) -> npt.NDArray[np.datetime64]:
    days = np.where(is_known, day, 0).astype("timedelta64[D]").astype("timedelta64[ns]")
    return np.where(is_known, np.datetime64(as_of, "ns") + days, np.datetime64("NaT", "ns"))
