"""Open requests and promisable units as numbers: what `scoring` and `candidates` compute with."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from optimization.order_parameters import MatchingParameters
from optimization.promising.matching.appearance import similarity_table, trim_ladder
from optimization.promising.matching.assignment import Integers, Numbers
from optimization.promising.matching.scoring import NO_DAY, NONE, Bits, Offers, Terms, Wishes, on_sphere

TIER_OF_KIND = {"order": 0, "lead": 1, "enquiry": 2}
_BITS = 64


@dataclass(frozen=True)
class Weights:
    """What the features are worth, in money.

    All wished options, the same colour, the same trim, a unit of money below the limit; a kilometre
    and a day to wait are costs.
    """

    option: float
    colour: float
    trim: float
    price: float
    km: float
    day: float

    @classmethod
    def stated(cls, parameters: MatchingParameters) -> Weights:
        """The weights of the settings."""
        return cls(
            parameters.option_weight,
            parameters.colour_weight,
            parameters.trim_weight,
            parameters.price_weight,
            parameters.km_cost,
            parameters.day_weight,
        )

    def as_array(self) -> Numbers:
        """In the order of `Terms.weight`."""
        return np.array([self.option, self.colour, self.trim, self.price, self.km, self.day])


@dataclass(frozen=True)
class Stated:
    """The numbers, and the rows of the frames they stand for, both in the order of their key."""

    wishes: Wishes
    offers: Offers
    terms: Terms
    request: pd.DataFrame
    unit: pd.DataFrame
    whole_stop: Integers


def promisable_units(
    stock_unit: pd.DataFrame, unit_atp: pd.DataFrame, review: pd.DataFrame, parameters: MatchingParameters
) -> pd.DataFrame:
    """Units that can be promised and have a date, with `ready_p90_date`, `ageing` and `scarcity` in money.

    Ageing: what the unit costs until it would be sold otherwise. Scarcity: what it would earn when it
    is sold to somebody who is still to come. Both are 0 for a unit that is not reviewed.
    """
    known = ["unit_id", "is_promisable", "ready_p90_date"]
    judged = ["unit_id", "daily_cost", "expected_days_to_sale", "expected_markdown", "sale_probability"]
    unit = stock_unit.merge(unit_atp[known], how="inner", on="unit_id")
    unit = unit[unit["is_promisable"] & unit["ready_p90_date"].notna() & unit["is_sellable"]]
    unit = unit.merge(review[judged], how="left", on="unit_id")
    until_sold = unit["daily_cost"] * unit["expected_days_to_sale"] + unit["expected_markdown"]
    margin = (unit["list_price"].fillna(unit["estimated_value"]) - unit["unit_cost"]).clip(lower=0.0)
    unit = unit.assign(
        ageing=(parameters.ageing_weight * until_sold).fillna(0.0),
        scarcity=(parameters.scarcity_weight * unit["sale_probability"] * margin).fillna(0.0),
    )
    return unit.sort_values("unit_id", kind="stable", ignore_index=True)


def state(
    request: pd.DataFrame,
    unit: pd.DataFrame,
    lane: pd.DataFrame,
    as_of: pd.Timestamp,
    weights: Weights,
    parameters: MatchingParameters,
) -> Stated:
    """Code requests (open ones) and units (of `promisable_units`); a lane is a row of `opt_in__lane`."""
    request = request.sort_values("request_id", kind="stable", ignore_index=True)
    listing, first, stop, whole_stop, reference = _stretches(request, unit)
    options = option_words([request["must_options"], request["wish_options"], unit["options"]])
    must, wish, offered = options
    places = pd.Index(np.unique(np.concatenate([request["location_id"], unit["location_id"]]).astype(str)))
    cost, days = _lanes(lane, places)
    trim, ladder = _trims(request, unit)
    colours, wished = _colour_codes(request["color"], unit["color"])
    unmatched = {
        "order": parameters.unmatched_order_cost,
        "lead": parameters.unmatched_lead_cost,
        "enquiry": parameters.unmatched_enquiry_cost,
    }
    kind = request["request_kind"].astype(str)
    wishes = Wishes(
        category=_codes(request["category"], unit["category"])[0],
        powertrain=_codes(request["powertrain"], unit["powertrain"])[0],
        must=must,
        wish=wish,
        wish_count=np.bitwise_count(wish).sum(axis=1).astype(np.int64),
        max_price=request["max_price"].fillna(np.inf).to_numpy(np.float64),
        reference_price=reference,
        position=_positions(request, unit),
        location=places.get_indexer(request["location_id"].astype(str)).astype(np.int64),
        max_km=request["max_distance_km"].fillna(parameters.max_km).to_numpy(np.float64),
        km_is_stated=request["max_distance_km"].notna().to_numpy(np.bool_),
        needed_day=day_numbers(request["needed_date"]),
        colour=wished[0],
        trim=trim[0],
        trim_place=ladder[0],
        begin=first,
        stop=stop,
        tier=kind.map(TIER_OF_KIND).to_numpy().astype(np.int64),
        base=kind.map(unmatched).to_numpy().astype(np.float64),
    )
    offers = Offers(
        category=_codes(request["category"], unit["category"])[1],
        powertrain=_codes(request["powertrain"], unit["powertrain"])[1],
        options=offered,
        price=unit["list_price"].to_numpy(np.float64),
        position=_positions(unit, unit),
        location=places.get_indexer(unit["location_id"].astype(str)).astype(np.int64),
        ready_day=day_numbers(unit["ready_p90_date"]),
        colour=wished[1],
        trim=trim[1],
        trim_place=ladder[1],
        ageing=unit["ageing"].to_numpy(np.float64),
        scarcity=unit["scarcity"].to_numpy(np.float64),
        listing=listing,
    )
    today = int(day_numbers(pd.Series([as_of]))[0])
    terms = Terms(weights.as_array(), colours, cost, days, float(parameters.km_per_day), today)
    return Stated(wishes, offers, terms, request, unit, whole_stop)


def option_words(columns: list[pd.Series]) -> list[Bits]:
    """Sets of options (ids joined by |) of several columns as bits of the same words.

    >>> one, two = option_words([pd.Series(["a|b", None]), pd.Series(["b|z"])])
    >>> one.tolist(), two.tolist()
    ([[3], [0]], [[6]])
    """
    texts = [column.fillna("").astype(str) for column in columns]
    unique = pd.unique(np.concatenate([text.to_numpy(object) for text in texts])).tolist()
    names = sorted({name for text in unique for name in text.split("|") if name})
    place = {name: at for at, name in enumerate(names)}
    bits = np.zeros((len(unique), max(1, -(-len(names) // _BITS))), dtype=np.uint64)
    for row, text in enumerate(unique):
        for name in filter(None, text.split("|")):
            bits[row, place[name] // _BITS] |= np.uint64(1) << np.uint64(place[name] % _BITS)
    index = pd.Index(unique, dtype=object)
    return [bits[index.get_indexer(text.to_numpy(object))] for text in texts]


def day_numbers(dates: pd.Series) -> Integers:
    """Days since 1970; NO_DAY where there is no date."""
    days = pd.to_datetime(dates).to_numpy("datetime64[D]")
    return np.where(np.isnat(days), NO_DAY, days.astype(np.int64)).astype(np.int64)


def _codes(wished: pd.Series, offered: pd.Series) -> tuple[Integers, Integers]:
    """Codes of the same names in both, NONE where there is none."""
    both = pd.factorize(pd.concat([wished, offered], ignore_index=True).astype(object), sort=True)[0]
    return both[: len(wished)].astype(np.int64), both[len(wished) :].astype(np.int64)


def _positions(frame: pd.DataFrame, unit: pd.DataFrame) -> Numbers:
    """Own coordinates; else those that the units of the same location have."""
    known = unit.dropna(subset=["latitude", "longitude"]).groupby("location_id")[["latitude", "longitude"]]
    place = known.first()
    at = frame["location_id"]
    latitude = frame["latitude"].astype(float).fillna(at.map(place["latitude"]))
    longitude = frame["longitude"].astype(float).fillna(at.map(place["longitude"]))
    return on_sphere(latitude.to_numpy().astype(np.float64), longitude.to_numpy().astype(np.float64))


def _lanes(lane: pd.DataFrame, places: pd.Index) -> tuple[Numbers, Numbers]:
    cost = np.full((len(places), len(places)), np.nan)
    days = np.zeros((len(places), len(places)))
    start = places.get_indexer(pd.Index(lane["from_location_id"].astype(str)))
    end = places.get_indexer(pd.Index(lane["to_location_id"].astype(str)))
    known = (start >= 0) & (end >= 0)
    total = (lane["cost_fixed"] + lane["cost_per_unit"]).to_numpy(np.float64)
    cost[start[known], end[known]] = total[known]
    days[start[known], end[known]] = lane["transit_days"].to_numpy(np.float64)[known]
    return cost, days


def _trims(
    request: pd.DataFrame, unit: pd.DataFrame
) -> tuple[tuple[Integers, Integers], tuple[Integers, Integers]]:
    codes = _codes(request["trim"], unit["trim"])
    ladder = trim_ladder(unit["model"], unit["trim"], unit["list_price"])
    places = []
    for frame in (request, unit):
        index = pd.MultiIndex.from_frame(frame[["model", "trim"]].astype(object))
        at = ladder.index.get_indexer(index) if len(ladder) else np.full(len(frame), NONE)
        place = ladder.to_numpy(np.int64)[np.maximum(at, 0)] if len(ladder) else at
        places.append(np.where(at >= 0, place, NONE).astype(np.int64))
    return codes, (places[0], places[1])


def _colour_codes(wished: pd.Series, offered: pd.Series) -> tuple[Numbers, tuple[Integers, Integers]]:
    wish, wish_names = pd.factorize(wished.astype(object), sort=True)
    offer, offer_names = pd.factorize(offered.astype(object), sort=True)
    table = similarity_table([str(name) for name in wish_names], [str(name) for name in offer_names])
    return table, (wish.astype(np.int64), offer.astype(np.int64))


def _stretches(
    request: pd.DataFrame, unit: pd.DataFrame
) -> tuple[Integers, Integers, Integers, Integers, Numbers]:
    """The listing, and per request its stretch, the stretch without a limit, and its price of reference.

    The stretch ends at the highest price. Others are measured against the limit, else against the
    median of the stretch.
    """
    m = len(unit)
    price = unit["list_price"].fillna(np.inf).to_numpy(np.float64)
    limit = request["max_price"].fillna(np.inf).to_numpy(np.float64)
    keys = [_codes(request[name], unit[name]) for name in ("model", "category")]
    keys.append((np.zeros(len(request), dtype=np.int64), np.zeros(m, dtype=np.int64)))
    has_model, has_category = (request[name].notna().to_numpy() for name in ("model", "category"))
    kind = np.where(has_model, 0, np.where(has_category, 1, 2))
    listing = np.empty(3 * m, dtype=np.int64)
    begin, stop, whole_stop = (np.zeros(len(request), dtype=np.int64) for _ in range(3))
    reference = np.where(np.isfinite(limit), limit, np.nan)
    for at, (wished, offered) in enumerate(keys):
        order = np.lexsort((np.arange(m), price, offered))
        listing[at * m : (at + 1) * m] = order
        rows = np.flatnonzero(kind == at)
        low = np.searchsorted(offered[order], wished[rows], side="left")
        high = np.searchsorted(offered[order], wished[rows], side="right")
        ordered = price[order]
        begin[rows], whole_stop[rows] = at * m + low, at * m + high
        for row, a, b in zip(rows.tolist(), low.tolist(), high.tolist(), strict=True):
            stop[row] = at * m + a + int(np.searchsorted(ordered[a:b], limit[row], side="right"))
            if np.isnan(reference[row]) and b > a and np.isfinite(ordered[(a + b - 1) // 2]):
                reference[row] = ordered[(a + b - 1) // 2]
    return listing, begin, stop, whole_stop, reference
