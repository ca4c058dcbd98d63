"""What customers' own choices say of the weights: colour, trim, price and distance.

A choice is a request that ended in a purchase: the unit that was bought among units of the model that
stood in stock on that day within price and reach. Options and waiting days of sold units are not known,
so their weights stay as they are stated, and so do ageing and scarcity, which customers do not weigh.
Coefficients become money by the price's: a weight is worth to the customer β/β_price, and the stated
weight of the price says what a unit of the customer's money is worth to the business.
"""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from optimization.contracts.order_outputs import MATCH_WEIGHT
from optimization.order_parameters import MatchingParameters
from optimization.promising.matching.appearance import (
    colour_similarity,
    trim_ladder,
    trim_similarity,
)
from optimization.promising.matching.choice import ChoiceSets, Numbers, fit
from optimization.promising.matching.scoring import PRICE_CLOSENESS, great_circle_km, on_sphere
from optimization.promising.matching.stating import Weights

LEARNT = ("colour", "trim", "price", "km")
STATED_METHOD, LEARNT_METHOD = "stated", "conditional_logit"
# The newest choices, and how many other units each is held against: more only costs time.
_CHOICES, _OTHERS, _SEED = 4_000, 12, 20230426
# A price coefficient less sure than this makes every ratio to it arbitrary.
_LEAST_T = 2.0
# Features are measured in these units, so that coefficients are of one size: 1, 1, thousands, 100 km.
_SCALE = np.array([1.0, 1.0, 1_000.0, 100.0])


@dataclass(frozen=True)
class Learnt:
    """The weights that are used, `opt_out__match_weight`, and how they came about."""

    weights: Weights
    frame: pd.DataFrame
    method: str
    status: str
    choices: int


def learnt_weights(
    request: pd.DataFrame,
    sale: pd.DataFrame,
    unit: pd.DataFrame,
    as_of: pd.Timestamp,
    parameters: MatchingParameters,
) -> Learnt:
    """Learn from past requests (rows of the three `opt_in__` tables); stated weights where that fails."""
    stated = Weights.stated(parameters)
    bought = _bought(request, sale, as_of)
    if len(bought) < max(parameters.learn_from, 1):
        return _told(stated, {}, {}, "TOO_FEW_CHOICES", len(bought), parameters)
    sets = choice_sets(bought, sale, unit, parameters)
    return weights_of(sets, stated, parameters)


def weights_of(sets: ChoiceSets, stated: Weights, parameters: MatchingParameters) -> Learnt:
    """Weights in money from choice sets with the features of `LEARNT` (km as its negative).

    The prior is the stated weights at the scale that fits the choices best; each is taken to be known
    to within its own size. A weight of the wrong sign falls back to the stated one.
    """
    count = len(sets.chosen)
    if count < max(parameters.learn_from, 1):
        return _told(stated, {}, {}, "TOO_FEW_CHOICES", count, parameters)
    prior = np.array([stated.colour, stated.trim, stated.price, stated.km]) * _SCALE
    scaled = sets._replace(feature=sets.feature / _SCALE)
    worth = scaled._replace(feature=(scaled.feature @ prior)[:, None] / 1_000.0)
    theta = float(fit(worth, np.zeros(1), np.full(1, 1e-6)).coefficient[0])
    if theta <= 0.0 or stated.price <= 0.0:
        return _told(stated, {}, {}, "PRICE_NOT_IDENTIFIED", count, parameters)
    centre = theta * prior / 1_000.0
    found = fit(scaled, centre, 1.0 / np.maximum(centre, 1e-3) ** 2)
    beta, covariance = found.coefficient, found.covariance
    at = LEARNT.index("price")
    if not found.is_settled or beta[at] < _LEAST_T * np.sqrt(covariance[at, at]):
        return _told(stated, {}, {}, "PRICE_NOT_IDENTIFIED", count, parameters)
    # Money per unit of the feature: β_f / β_price, each per its own unit, times the stated price weight.
    ratio = beta / beta[at] * _SCALE[at] / _SCALE * stated.price
    error = np.abs(ratio) * _relative_error(beta, covariance, at)
    error[at] = 0.0
    is_kept = beta > 0.0
    weight = {name: float(ratio[k]) for k, name in enumerate(LEARNT) if is_kept[k]}
    errors = {name: float(error[k]) for k, name in enumerate(LEARNT) if is_kept[k]}
    return _told(stated, weight, errors, "WEIGHT_OF_WRONG_SIGN", count, parameters)


def choice_sets(
    bought: pd.DataFrame, sale: pd.DataFrame, unit: pd.DataFrame, parameters: MatchingParameters
) -> ChoiceSets:
    """What each buyer could have had that day: the bought unit first, then a sample of the others."""
    stock = _history(sale, unit)
    ladder = {
        key: int(at) for key, at in trim_ladder(stock["model"], stock["trim"], stock["list_price"]).items()
    }
    place = unit.dropna(subset=["latitude", "longitude"]).groupby("location_id")[["latitude", "longitude"]]
    coordinates = place.first()
    where = _sphere(stock["location_id"], coordinates)
    own = on_sphere(
        bought["latitude"].fillna(bought["location_id"].map(coordinates["latitude"])).to_numpy(np.float64),
        bought["longitude"].fillna(bought["location_id"].map(coordinates["longitude"])).to_numpy(np.float64),
    )
    price = stock["list_price"].to_numpy(np.float64)
    came, left = (stock[name].to_numpy("datetime64[D]") for name in ("received_date", "sold_date"))
    location = stock["location_id"].to_numpy(object)
    colours, trims = stock["color"].to_numpy(object), stock["trim"].to_numpy(object)
    members = {str(key): np.asarray(at) for key, at in stock.groupby("model", sort=True).indices.items()}
    wishes = [{str(key): entry for key, entry in wish.items()} for wish in bought.to_dict("records")]
    random = np.random.default_rng(_SEED)
    features: list[Numbers] = []
    start = [0]
    for row, wish in enumerate(wishes):
        pool = members.get(str(wish["bought_model"]), np.empty(0, dtype=np.int64))
        day = np.datetime64(wish["outcome_date"], "D")
        chosen = int(wish["bought_row"])
        limit = wish["max_price"] if pd.notna(wish["max_price"]) else np.inf
        km = np.where(location[pool] == wish["location_id"], 0.0, great_circle_km(where[pool], own[row]))
        reach = wish["max_distance_km"] if pd.notna(wish["max_distance_km"]) else parameters.max_km
        could = (came[pool] <= day) & (np.isnat(left[pool]) | (left[pool] >= day)) & (price[pool] <= limit)
        is_chosen = pool == chosen
        others = np.flatnonzero(could & (km <= reach) & ~is_chosen)
        mine = np.flatnonzero(is_chosen & np.isfinite(km) & np.isfinite(price[pool]))
        if not len(mine) or not len(others):
            continue
        if len(others) > _OTHERS:
            others = np.sort(random.choice(others, _OTHERS, replace=False))
        taken = np.concatenate([mine[:1], others])
        rows = pool[taken]
        reference = limit if np.isfinite(limit) else float(np.median(price[rows]))
        features.append(
            np.stack(
                [
                    [_colour(wish["color"], colours[at]) for at in rows],
                    [_trim(wish, trims[at], ladder) for at in rows],
                    np.minimum(reference - price[rows], PRICE_CLOSENESS * reference),
                    -km[taken],
                ],
                axis=1,
            )
        )
        start.append(start[-1] + len(rows))
    feature = np.concatenate(features) if features else np.zeros((0, len(LEARNT)))
    starts = np.array(start, dtype=np.int64)
    return ChoiceSets(feature, starts, starts[:-1])


def _bought(request: pd.DataFrame, sale: pd.DataFrame, as_of: pd.Timestamp) -> pd.DataFrame:
    """The newest requests that ended in the purchase of a known unit, with its row in `_history`."""
    ended = request[(request["request_outcome"] == "bought") & request["unit_id"].notna()]
    ended = ended[ended["outcome_date"].notna() & (ended["outcome_date"] <= as_of)]
    ended = ended.sort_values(["outcome_date", "request_id"], kind="stable").tail(_CHOICES)
    sales = sale.sort_values(["unit_id", "sold_date"], kind="stable", ignore_index=True)
    sales = sales.assign(bought_row=np.arange(len(sales)), bought_model=sales["model"])
    last = sales[sales["sold_date"] <= as_of].drop_duplicates("unit_id", keep="last")
    return ended.merge(last[["unit_id", "bought_row", "bought_model"]], how="inner", on="unit_id")


def _history(sale: pd.DataFrame, unit: pd.DataFrame) -> pd.DataFrame:
    """Sold units, in the order that `_bought` numbers them, and then those that are still there."""
    names = ["unit_id", "location_id", "model", "trim", "color", "list_price", "received_date", "sold_date"]
    sold = sale.sort_values(["unit_id", "sold_date"], kind="stable", ignore_index=True)[names]
    there = unit[(unit["unit_status"] == "at_location") & unit["is_sellable"]].assign(
        sold_date=pd.Timestamp("NaT")
    )
    return pd.concat(
        [sold, there.sort_values("unit_id", kind="stable")[names].astype(sold.dtypes.to_dict())],
        ignore_index=True,
    )


def _sphere(location: pd.Series, coordinates: pd.DataFrame) -> Numbers:
    latitude, longitude = (location.map(coordinates[name]) for name in ("latitude", "longitude"))
    return on_sphere(latitude.to_numpy(np.float64), longitude.to_numpy(np.float64))


def _colour(wished: object, offered: object) -> float:
    return colour_similarity(wished, offered) if isinstance(wished, str) and isinstance(offered, str) else 0.0


def _trim(wish: dict[str, object], offered: object, ladder: dict[Hashable, int]) -> float:
    wished, model = wish["trim"], wish["bought_model"]
    if not isinstance(wished, str):
        return 0.0
    a, b = ladder.get((str(model), wished), -1), ladder.get((str(model), str(offered)), -1)
    return trim_similarity(a, b, wished == offered)


def _relative_error(beta: Numbers, covariance: Numbers, price: int) -> Numbers:
    """Relative standard error of β_f / β_price, by the delta method."""
    safe = np.where(beta == 0.0, 1.0, beta)
    own = np.diag(covariance) / safe**2
    shared = covariance[:, price] / (safe * safe[price])
    return np.asarray(np.sqrt(np.maximum(own + own[price] - 2.0 * shared, 0.0)), dtype=np.float64)


def _told(
    stated: Weights,
    weight: dict[str, float],
    error: dict[str, float],
    otherwise: str,
    count: int,
    parameters: MatchingParameters,
) -> Learnt:
    """The weights with their table; `otherwise` is why a learnable weight is the stated one."""
    used = replace(stated, **weight)
    fallback = otherwise != "TOO_FEW_CHOICES"
    rows = []
    for name in ("option", "colour", "trim", "price", "km", "day", "ageing", "scarcity"):
        is_learnt, is_learnable = name in weight, name in LEARNT
        stated_here = getattr(parameters, f"{name}_weight", None)
        rows.append(
            {
                "feature": name,
                "feature_weight": getattr(used, name) if hasattr(used, name) else float(stated_here or 0.0),
                "observation_count": count if is_learnable else 0,
                "reason_code": "WEIGHT_LEARNT"
                if is_learnt
                else otherwise
                if is_learnable
                else "WEIGHT_NOT_OBSERVED",
                "method": LEARNT_METHOD if is_learnt else STATED_METHOD,
                "status": "FALLBACK" if is_learnable and not is_learnt and fallback else "OK",
                "standard_error": error.get(name, np.nan),
            }
        )
    method = LEARNT_METHOD if weight else STATED_METHOD
    is_whole = not fallback or len(weight) == len(LEARNT)
    status = "OK" if is_whole else "FALLBACK"
    return Learnt(used, MATCH_WEIGHT.validate(pd.DataFrame(rows)), method, status, count)
