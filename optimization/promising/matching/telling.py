"""What was decided as tables: the best units of every request, its outcome, and the proof of the whole."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

from optimization.contracts.order_outputs import CUSTOMER_MATCH, MATCH_OUTCOME, MATCH_SOLVER_RUN
from optimization.promising.matching.appearance import SAME
from optimization.promising.matching.assignment import NO_UNIT, TIERS, Integers, Numbers
from optimization.promising.matching.candidates import CENTS, details, reasons_of_none
from optimization.promising.matching.market import Market
from optimization.promising.matching.scoring import (
    CATEGORY,
    DATE,
    MET,
    OPTIONS,
    PARTS,
    POWERTRAIN,
    PRICE,
    REACH,
)
from optimization.promising.matching.stating import Stated, Weights
from optimization.reasons import first_that_holds

METHOD = "sparse_assignment"
SOLVER = "shortest augmenting paths, tiers by vectors"
_TIER_NAMES = ("1-order", "2-lead", "3-enquiry")
_NONE_BECAUSE = {
    CATEGORY: "NO_UNIT_OF_MODEL",
    POWERTRAIN: "NO_UNIT_OF_POWERTRAIN",
    OPTIONS: "NO_UNIT_WITH_OPTIONS",
    PRICE: "NO_UNIT_IN_PRICE",
    REACH: "NO_UNIT_IN_REACH",
    DATE: "NO_UNIT_IN_TIME",
}


def customer_match(
    stated: Stated, market: Market, weights: Weights, method: str, status: str, top_k: int
) -> pd.DataFrame:
    """`opt_out__customer_match`: the top units per request by the score, others' claims taken off."""
    price = market.found.price.sum(axis=1)
    request, unit = _top(stated, market, price, top_k)
    parts, alike, way = details(request, unit, stated.wishes, stated.offers, stated.terms)
    claim = price[unit] / CENTS
    assigned = market.found.unit[request] == unit
    holder = _holders(market)
    score = parts.sum(axis=1) - claim
    order = np.lexsort((unit, ~assigned, -np.round(score, 6), request))
    request, unit, assigned, claim, score = (
        request[order],
        unit[order],
        assigned[order],
        claim[order],
        score[order],
    )
    parts, alike, way = parts[order], alike[order], way[order]
    gain = parts.sum(axis=1) + stated.wishes.base[request]
    requests, units = stated.request.iloc[request], stated.unit.iloc[unit]
    frame = pd.DataFrame(
        {
            "request_id": requests["request_id"].to_numpy(object),
            "match_rank": _ranks(request),
            "unit_id": units["unit_id"].to_numpy(object),
            "match_score": score,
            "fit_share": _fit(stated, request, alike, weights),
            **{f"{name}_score": parts[:, at] for at, name in enumerate(PARTS)},
            "differences": _differences(requests, units, alike, way[:, 0]),
            "is_assigned": assigned,
            "distance_km": way[:, 0],
            "ready_p90_date": units["ready_p90_date"].to_numpy("datetime64[ns]")
            + np.ceil(way[:, 1]).astype("timedelta64[D]"),
            "reason_code": first_that_holds(
                {
                    "MATCHED": assigned,
                    "BETTER_UNMATCHED": np.round(gain * CENTS) <= 0,
                    "TAKEN_BY_OTHER": holder[unit] != NO_UNIT,
                },
                "OPEN_ALTERNATIVE",
            ),
            "method": method,
            "status": status,
        }
    )
    frame["scarcity_score"] = frame["scarcity_score"] - claim
    return CUSTOMER_MATCH.validate(frame)


def match_outcome(stated: Stated, market: Market, matches: pd.DataFrame) -> pd.DataFrame:
    """`opt_out__match_outcome`: the proposed unit of every open request, or why it has none."""
    n = len(stated.request)
    unit, first, count = market.found.unit, market.first.unit[:, 0], market.first.fitting
    holder = _holders(market)
    is_matched = unit != NO_UNIT
    has_gain = (count > 0) & (market.first.gain[:, 0] > 0)
    none = np.flatnonzero(count == 0)
    furthest = np.full(n, MET, dtype=np.int64)
    furthest[none] = reasons_of_none(
        none, stated.wishes, stated.offers, stated.terms, stated.whole_stop[none]
    )
    # Where the unit that would gain it most went to somebody else.
    rival = np.where(has_gain & (first != unit), holder[np.maximum(first, 0)] if len(holder) else NO_UNIT, -1)
    ids = stated.request["request_id"].to_numpy().astype(object)
    unit_ids = stated.unit["unit_id"].to_numpy().astype(object)
    proposed = matches[matches["is_assigned"]].set_index("request_id")["match_score"]
    frame = pd.DataFrame(
        {
            "request_id": ids,
            "unit_id": _named(unit_ids, unit),
            "match_score": pd.Series(ids).map(proposed).to_numpy(np.float64),
            "outbid_by": _named(ids, rival),
            "candidate_count": count,
            "reason_code": first_that_holds(
                {"MATCHED": is_matched}
                | {reason: furthest == at for at, reason in _NONE_BECAUSE.items()}
                | {"OUTBID": has_gain},
                "BETTER_UNMATCHED",
            ),
            "method": METHOD,
            "status": "OK",
        }
    )
    return MATCH_OUTCOME.validate(frame)


def match_solver_run(stated: Stated, market: Market) -> pd.DataFrame:
    """`opt_out__match_solver_run`: value and proven bound of each tier, in money."""
    objective, bound = market.objective / CENTS, market.bound / CENTS
    requests = np.bincount(stated.wishes.tier, minlength=TIERS)
    owner = np.repeat(np.arange(len(stated.wishes.tier)), np.diff(market.pairs.start))
    pairs = np.bincount(stated.wishes.tier[owner], minlength=TIERS)
    frame = pd.DataFrame(
        {
            "optimisation_model": "customer_match",
            "batch_id": list(_TIER_NAMES),
            "solver_status": "OPTIMAL",
            "objective": objective,
            "objective_bound": bound,
            "relative_gap": (bound - objective) / np.maximum(np.abs(objective), 1.0),
            "row_count": requests.astype(np.int64),
            "column_count": pairs.astype(np.int64),
            "slack_units": 0.0,
            "max_violation": 0.0,
            "is_audit_passed": True,
            "solver_version": SOLVER,
        }
    )
    return MATCH_SOLVER_RUN.validate(frame)


def _top(stated: Stated, market: Market, price: Integers, k: int) -> tuple[Integers, Integers]:
    """Requests and units of the k best pairs net of what others would give for the unit.

    A request whose first units are surely the best, even at these prices, is not looked through again.
    """
    n, m = len(stated.request), len(stated.unit)
    first = market.first
    net = np.where(
        first.unit != NO_UNIT, first.gain - price[np.maximum(first.unit, 0)] if m else 0, -(1 << 62)
    )
    order = np.argsort(-net, axis=1, kind="stable")[:, :k]
    top = np.take_along_axis(first.unit, order, axis=1)
    kept = min(k, first.unit.shape[1])
    worst = np.take_along_axis(net, order, axis=1)[:, kept - 1]
    again = np.flatnonzero((first.fitting > first.unit.shape[1]) & (worst < first.gain[:, -1]))
    claims = np.zeros((m, TIERS), dtype=np.int64)
    claims[:, 0] = price
    top[again], _ = market.seen.best(again, np.zeros(n, dtype=np.int64), claims, None, kept)
    # What is proposed is shown, even where an earlier tier's claim puts it further down.
    proposed = market.found.unit
    is_shown = (top == proposed[:, None]).any(axis=1) | (proposed == NO_UNIT)
    top[~is_shown, kept - 1] = proposed[~is_shown]
    request, slot = np.nonzero(top != NO_UNIT)
    return request, top[request, slot]


def _holders(market: Market) -> Integers:
    """Request that has each unit, −1 for none."""
    holder = np.full(market.pairs.unit_count, NO_UNIT, dtype=np.int64)
    request = np.flatnonzero(market.found.unit != NO_UNIT)
    holder[market.found.unit[request]] = request
    return holder


def _ranks(request: Integers) -> Integers:
    """1, 2, … within each run of the same request."""
    first = np.searchsorted(request, request, side="left")
    return np.arange(len(request)) - first + 1


def _fit(stated: Stated, request: Integers, alike: Numbers, weights: Weights) -> Numbers:
    """Share of the stated wishes that is met, each by its weight; 1 where nothing is wished."""
    wishes = stated.wishes
    wished = np.stack([wishes.wish_count > 0, wishes.colour >= 0, wishes.trim >= 0], axis=1)[request]
    weight = wished * np.array([weights.option, weights.colour, weights.trim])
    total = weight.sum(axis=1)
    met = (weight * alike).sum(axis=1)
    return np.asarray(np.divide(met, total, out=np.ones(len(total)), where=total > 0).clip(0.0, 1.0))


def _differences(
    requests: pd.DataFrame,
    units: pd.DataFrame,
    alike: Numbers,
    km: Numbers,
) -> list[str]:
    """What differs from the wish, in words."""
    missing = _missing(requests["wish_options"], units["options"], alike[:, 0])
    colour = _instead("colour", requests["color"], units["color"], alike[:, 1])
    trim = _instead("trim", requests["trim"], units["trim"], alike[:, 2])
    away = [f"{distance:.0f} km away" if distance >= 0.5 else "" for distance in km.tolist()]
    told = zip(missing, colour, trim, away, strict=True)
    return ["; ".join(filter(None, row)) or "as wished" for row in told]


def _missing(wished: pd.Series, offered: pd.Series, alike: Numbers) -> list[str]:
    found = [""] * len(wished)
    wish, offer = wished.to_numpy(object), offered.to_numpy(object)
    for at in np.flatnonzero(alike < SAME).tolist():
        there = set(str(offer[at]).split("|")) if isinstance(offer[at], str) else set()
        found[at] = "without " + ", ".join(sorted(set(str(wish[at]).split("|")) - there))
    return found


def _instead(
    what: str,
    wished: pd.Series,
    offered: pd.Series,
    alike: Numbers,
) -> list[str]:
    found = [""] * len(wished)
    wish, offer = wished.to_numpy(object), offered.to_numpy(object)
    for at in np.flatnonzero(alike < SAME).tolist():
        other = offer[at] if isinstance(offer[at], str) else "unknown"
        found[at] = f"{what} {other} instead of {wish[at]}"
    return found


def _named(ids: npt.NDArray[np.object_], at: Integers) -> list[str | None]:
    return [ids[row] if row >= 0 else None for row in at.tolist()]
