"""One question answered: when can so many units of an item be at a place, and where from.

Plain values in, plain values out, so that an answer costs no more than its few rows. The rows are those of
the published promises, in which every commitment is kept. A quote holds nothing: whoever asks next is told
the same.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import NamedTuple

WHOLE_PLACE, POOL = "*", "POOL"
ALTERNATIVES = 3
_TOLERANCE = 1e-9


class Step(NamedTuple):
    """From `day` on so many units can be promised: supply at its safe (P90), at its expected (P50) date."""

    day: date
    safe_units: float
    expected_units: float


class Way(NamedTuple):
    """A lane to the place that is asked for: days of transport, and what it costs."""

    from_location_id: str
    transit_p50_days: int
    transit_p90_days: int
    cost_fixed: float
    cost_per_unit: float


class NewOrder(NamedTuple):
    """From when on a new order to the supplier serves any quantity."""

    p50_date: date
    p90_date: date


@dataclass(frozen=True)
class Question:
    """`units` of an item at a place for a segment (`*`: for whoever asks), from `wanted_date` on."""

    item_id: str
    location_id: str
    segment_id: str
    units: float
    wanted_date: date


@dataclass(frozen=True)
class Offer:
    """All the units that are asked for at one time from one source; P50 is expected, P90 promised."""

    promise_basis: str
    source_location_id: str | None
    p50_date: date
    p90_date: date
    cost: float


@dataclass(frozen=True)
class Part:
    """Units that are there by a date when the delivery is split."""

    units: float
    p90_date: date
    promise_basis: str


@dataclass(frozen=True)
class Quote:
    """The answer. `units_now`: of the place's own, on the day that is wanted.

    `shortage_units`: what the place's stock and supply do not cover. `parts`: the same quantity as early
    as the place and its supplier can deliver each part. `offer` is None where nothing serves all of it.
    """

    question: Question
    units_now: float
    shortage_units: float
    offer: Offer | None
    parts: tuple[Part, ...]
    alternatives: tuple[Offer, ...] = field(default=())
    reason_code: str = "NO_PROMISE"


def steps_of(by_segment: Mapping[str, Sequence[Step]], segment_id: str) -> Sequence[Step]:
    """Return what a segment can be promised at a place: its own rows, else the common pool's.

    Where nothing is shared out, and for whoever asks for no segment, it is the place as a whole.

    >>> place = {"*": [Step(date(2024, 1, 1), 9.0, 9.0)], "POOL": [Step(date(2024, 1, 1), 2.0, 2.0)]}
    >>> steps_of(place, "*")[0].safe_units, steps_of(place, "RETAIL")[0].safe_units
    (9.0, 2.0)
    """
    if segment_id == WHOLE_PLACE:
        return by_segment.get(WHOLE_PLACE, ())
    return by_segment.get(segment_id) or by_segment.get(POOL) or by_segment.get(WHOLE_PLACE, ())


def answer(
    question: Question,
    promises: Mapping[str, Mapping[str, Sequence[Step]]],
    ways: Sequence[Way],
    new_order: NewOrder | None,
) -> Quote:
    """Return the earliest promise of the whole quantity, what of it is there now, and other ways to it.

    `promises`: steps by location and segment, each in order of days. The earliest P90 date wins; of the
    same the own place, then the cheapest, then the location's name; a new order comes last.

    >>> day = date(2024, 1, 1)
    >>> steps = {"L1": {"*": [Step(day, 2.0, 2.0), Step(date(2024, 1, 9), 6.0, 6.0)]},
    ...          "L2": {"*": [Step(day, 7.0, 7.0)]}}
    >>> told = answer(Question("I1", "L1", "*", 5.0, day), steps, [Way("L2", 2, 3, 10.0, 1.0)], None)
    >>> told.offer.source_location_id, told.offer.p90_date.isoformat(), told.units_now, told.shortage_units
    ('L2', '2024-01-04', 2.0, 0.0)
    >>> [(part.units, part.p90_date.isoformat()) for part in told.parts]
    [(2.0, '2024-01-01'), (3.0, '2024-01-09')]
    >>> [(other.source_location_id, other.p90_date.isoformat()) for other in told.alternatives]
    [('L1', '2024-01-09')]
    """
    own = steps_of(promises.get(question.location_id, {}), question.segment_id)
    ranked = [
        (offer.p90_date, rank, offer.cost, offer.source_location_id or "", offer)
        for rank, offer in _offers(question, own, promises, ways, new_order)
    ]
    ranked.sort(key=lambda one: one[:4])
    offers = [one[-1] for one in ranked]
    now = _units_on(own, question.wanted_date)
    most = max((step.safe_units for step in own), default=0.0)
    return Quote(
        question,
        units_now=min(now, question.units),
        shortage_units=max(question.units - most, 0.0),
        offer=offers[0] if offers else None,
        parts=tuple(_parts(question, own, new_order)),
        alternatives=tuple(offers[1 : 1 + ALTERNATIVES]),
        reason_code=_REASONS[offers[0].promise_basis] if offers else "NO_PROMISE",
    )


_REASONS = {
    "on_hand": "PROMISED_FROM_STOCK",
    "open_supply": "PROMISED_FROM_SUPPLY",
    "transfer": "PROMISED_FROM_ELSEWHERE",
    "lead_time": "PROMISED_BY_NEW_ORDER",
}


def _offers(
    question: Question,
    own: Sequence[Step],
    promises: Mapping[str, Mapping[str, Sequence[Step]]],
    ways: Sequence[Way],
    new_order: NewOrder | None,
) -> list[tuple[int, Offer]]:
    """Every way to the whole quantity, with its rank among those of the same day."""
    wanted, units = question.wanted_date, question.units
    found = []
    here = _enough(own, units)
    if here is not None:
        basis = "on_hand" if here[1] <= own[0].day else "open_supply"
        dates = [max(day, wanted) for day in here]
        found.append((0, Offer(basis, question.location_id, dates[0], dates[1], 0.0)))
    for way in ways:
        place = promises.get(way.from_location_id, {})
        there = _enough(steps_of(place, question.segment_id), units)
        # What a segment may have there, the place must have as well.
        whole = _enough(place.get(WHOLE_PLACE, ()), units)
        if there is None or whole is None or way.from_location_id == question.location_id:
            continue
        p50 = max(max(there[0], whole[0]) + timedelta(days=way.transit_p50_days), wanted)
        p90 = max(max(there[1], whole[1]) + timedelta(days=way.transit_p90_days), wanted)
        cost = way.cost_fixed + way.cost_per_unit * units
        found.append((1, Offer("transfer", way.from_location_id, min(p50, p90), p90, cost)))
    if new_order is not None:
        dates = [max(day, wanted) for day in new_order]
        found.append((2, Offer("lead_time", None, dates[0], dates[1], 0.0)))
    return found


def _enough(steps: Sequence[Step], units: float) -> tuple[date, date] | None:
    """First days for which so many can be promised: expected, safe; None where never."""
    safe = next((one.day for one in steps if one.safe_units >= units - _TOLERANCE), None)
    if safe is None:
        return None
    expected = next((one.day for one in steps if one.expected_units >= units - _TOLERANCE), safe)
    return min(expected, safe), safe


def _units_on(steps: Sequence[Step], day: date) -> float:
    known = [one.safe_units for one in steps if one.day <= day]
    return max(known[-1], 0.0) if known else 0.0


def _parts(question: Question, own: Sequence[Step], new_order: NewOrder | None) -> list[Part]:
    """The quantity as early as each part of it can be: what is there, what comes, what is ordered anew."""
    parts: list[Part] = []
    told = 0.0
    for step in own:
        reached = min(step.safe_units, question.units)
        if reached > told + _TOLERANCE:
            basis = "on_hand" if step.day <= own[0].day else "open_supply"
            day = max(step.day, question.wanted_date)
            if parts and parts[-1].p90_date == day:
                parts[-1] = Part(parts[-1].units + reached - told, day, parts[-1].promise_basis)
            else:
                parts.append(Part(reached - told, day, basis))
            told = reached
    if told < question.units - _TOLERANCE and new_order is not None:
        day = max(new_order.p90_date, question.wanted_date)
        parts.append(Part(question.units - told, day, "lead_time"))
    return parts
