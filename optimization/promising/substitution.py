r"""Units that are there already, offered to orders that wait to be built.

An offer is made where every option that cannot be done without is there, the unit fits the order well
enough, is ready early enough, costs not much more, and nobody else is to have it. Its worth,

.. math:: v = w_d\,\text{days earlier} + \text{slot} + \text{ageing} - \text{scarcity} -
          w\,(1 - \text{fit}) - \max(0, \Delta\text{price}) \cdot w_p

counts the slot that is freed: what one more slot of that week would save. A unit is the first offer of one
order only, by the best assignment over all orders.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from optimization.contracts.order_inputs import CONFIG_OPTION, MTO_ORDER, STOCK_UNIT
from optimization.contracts.order_outputs import (
    MTO_ORDER_STATUS,
    MTO_SLOT_ASSIGNMENT,
    SLOT_LOAD,
    SUBSTITUTION_OFFER,
    UNIT_ATP,
)
from optimization.option_sets import options_of
from optimization.order_parameters import MatchingParameters, SubstitutionParameters
from optimization.promising.matching.appearance import colour_similarity, trim_ladder, trim_similarity
from optimization.promising.matching.assignment import NO_UNIT, Pairs, assign
from optimization.results import Report
from optimization.screening import screened

Numbers = npt.NDArray[np.float64]

# Options that a unit has to have exactly as ordered: nobody settles for another one of these.
HARD_FAMILIES = ("performance", "accessibility", "commercial", "export", "prototype")
WAITING = ("on_track", "at_risk", "late", "not_promised")
METHOD = "best_assignment"
_CENTS, _WHOLE_LINE = 100.0, "*"


@dataclass(frozen=True)
class Configuration:
    """An ordered configuration: options by family, each with its name."""

    hard: frozenset[str]
    soft: frozenset[str]
    colour: str | None
    trim: str | None


def is_offered(
    fit_share: Numbers,
    days_earlier: Numbers,
    price_delta: Numbers,
    has_hard_options: npt.NDArray[np.bool_],
    parameters: SubstitutionParameters,
) -> npt.NDArray[np.bool_]:
    """Whether a unit may be offered: hard options, fit, days earlier, price, in that order.

    >>> is_offered(np.array([0.92, 0.89]), np.array([65.0, 65]), np.array([-300.0, -300]),
    ...     np.array([True, True]), SubstitutionParameters()).tolist()
    [True, False]
    """
    return np.asarray(
        has_hard_options
        & (fit_share >= parameters.least_fit)
        & (days_earlier >= parameters.least_days_earlier)
        & (price_delta <= parameters.max_price_delta)
    )


def fit_of(
    ordered: Configuration,
    options: frozenset[str],
    color: str | None,
    trim: tuple[bool, int, int],
    weights: MatchingParameters,
) -> tuple[float, list[str]]:
    """Share of the order's wishes that a unit meets, each by its weight in matching, and what differs.

    `trim`: whether it is the same, and the two places on the model's ladder. Of twelve options one is
    missing; the colour is of the same family:

    >>> wish = Configuration(frozenset(), frozenset("abcdefghijkl"), "Ice Cap", None)
    >>> share, differs = fit_of(wish, frozenset("abcdefghijk"), "Wind Chill Pearl", (False, -1, -1),
    ...     MatchingParameters())
    >>> round(share, 3), differs
    (0.855, ['without l', 'colour Wind Chill Pearl instead of Ice Cap'])
    """
    met = total = 0.0
    differs = []
    if ordered.soft:
        missing = sorted(ordered.soft - options)
        total += weights.option_weight
        met += weights.option_weight * (1.0 - len(missing) / len(ordered.soft))
        if missing:
            differs.append("without " + ", ".join(missing))
    if ordered.colour is not None:
        alike = colour_similarity(ordered.colour, color) if color else 0.0
        total += weights.colour_weight
        met += weights.colour_weight * alike
        if alike < 1.0:
            differs.append(f"colour {color or 'unknown'} instead of {ordered.colour}")
    if ordered.trim is not None:
        is_same, wished, offered = trim
        alike = trim_similarity(wished, offered, is_same)
        total += weights.trim_weight
        met += weights.trim_weight * alike
        if alike < 1.0:
            differs.append(f"another trim than {ordered.trim}")
    return (met / total if total > 0 else 1.0), differs


def substitutes(
    mto_order: pd.DataFrame,
    mto_order_status: pd.DataFrame,
    slot_load: pd.DataFrame,
    mto_slot_assignment: pd.DataFrame,
    stock_unit: pd.DataFrame,
    unit_atp: pd.DataFrame,
    config_option: pd.DataFrame,
    as_of: pd.Timestamp,
    parameters: SubstitutionParameters | None = None,
    matching: MatchingParameters | None = None,
    match_outcome: pd.DataFrame | None = None,
    stock_unit_review: pd.DataFrame | None = None,
) -> tuple[pd.DataFrame, Report]:
    """Return `opt_out__substitution_offer`: the best offers per open order, and the figures.

    A unit that `match_outcome` proposes to a request has a higher use and is not offered; its ageing and
    what it would earn otherwise come from `stock_unit_review`. Raises `ContractError` for a frame not of
    its table.
    """
    parameters, matching = parameters or SubstitutionParameters(), matching or MatchingParameters()
    order, order_is_bad = screened(mto_order, MTO_ORDER)
    unit, unit_is_bad = screened(stock_unit, STOCK_UNIT)
    catalogue = CONFIG_OPTION.validate(config_option).set_index("option_id")
    status, load = MTO_ORDER_STATUS.validate(mto_order_status), SLOT_LOAD.validate(slot_load)
    slot, atp = MTO_SLOT_ASSIGNMENT.validate(mto_slot_assignment), UNIT_ATP.validate(unit_atp)
    waiting = _waiting(order[~order_is_bad], status, slot, load, as_of)
    free = _free_units(unit[~unit_is_bad], atp, match_outcome, stock_unit_review, matching)
    offers = _pairs(waiting, free, catalogue, parameters, matching)
    frame = _ranked(offers, parameters.top_k)
    report = Report.of(len(waiting), frame, units=len(free), pairs=len(offers))
    return SUBSTITUTION_OFFER.validate(frame), report


def _waiting(
    order: pd.DataFrame, status: pd.DataFrame, slot: pd.DataFrame, load: pd.DataFrame, as_of: pd.Timestamp
) -> pd.DataFrame:
    """Open orders that wait, with their own delivery and what their slot is worth, by id."""
    known = status[status["delay_status"].isin(WAITING)][["order_id", "predicted_p90_date"]]
    rows = order[(order["order_status"] == "open") & (order["order_date"] <= as_of)].merge(
        known, on="order_id"
    )
    rows = rows[rows["predicted_p90_date"].notna()]
    keys = ["plant_id", "production_line_id", "week_start_date"]
    whole = load[load["option_id"] == _WHOLE_LINE][[*keys, "slot_price"]]
    worth = slot[["order_id", *keys]].merge(whole, on=keys)[["order_id", "slot_price"]]
    rows = rows.merge(worth, how="left", on="order_id")
    rows["slot_price"] = rows["slot_price"].fillna(0.0)
    return rows.sort_values("order_id", kind="stable", ignore_index=True)


def _free_units(
    unit: pd.DataFrame,
    atp: pd.DataFrame,
    outcome: pd.DataFrame | None,
    review: pd.DataFrame | None,
    matching: MatchingParameters,
) -> pd.DataFrame:
    """Promisable units with a date that nobody is to have, with what else they would bring, by id."""
    rows = unit.merge(atp[["unit_id", "is_promisable", "ready_p90_date"]], on="unit_id")
    rows = rows[rows["is_promisable"] & rows["is_sellable"] & rows["ready_p90_date"].notna()]
    if outcome is not None:
        rows = rows[~rows["unit_id"].isin(outcome["unit_id"].dropna())]
    rows = rows.assign(other_use=0.0)
    if review is not None:
        judged = review.set_index("unit_id")
        at = rows["unit_id"]
        until_sold = at.map(
            judged["daily_cost"] * judged["expected_days_to_sale"] + judged["expected_markdown"]
        )
        margin = (rows["list_price"] - rows["unit_cost"]).clip(lower=0.0)
        scarce = at.map(judged["sale_probability"]) * margin
        rows["other_use"] = (matching.scarcity_weight * scarce).fillna(0.0) - (
            matching.ageing_weight * until_sold
        ).fillna(0.0)
    rows["ladder_place"] = _ladder_places(rows)
    return rows.sort_values("unit_id", kind="stable", ignore_index=True)


def _ladder_places(unit: pd.DataFrame) -> pd.Series:
    ladder = trim_ladder(unit["model"], unit["trim"], unit["list_price"]).to_dict()
    pairs = zip(unit["model"], unit["trim"], strict=True)
    return pd.Series([ladder.get(pair, -1) for pair in pairs], index=unit.index, dtype="int64")


def _pairs(
    waiting: pd.DataFrame,
    free: pd.DataFrame,
    catalogue: pd.DataFrame,
    parameters: SubstitutionParameters,
    matching: MatchingParameters,
) -> pd.DataFrame:
    """All pairs of an order and a unit of its model that may be offered, with their worth."""
    free = free.assign(option_set=free["options"].map(options_of))
    of_model = {
        str(model): (group, group.to_dict("records")) for model, group in free.groupby("model", sort=True)
    }
    found: list[dict[str, object]] = []
    for row in waiting.to_dict("records"):
        if str(row["model"]) not in of_model:
            continue
        group, units = of_model[str(row["model"])]
        ordered = _configuration(str(row["options"]), catalogue)
        earlier = (row["predicted_p90_date"] - group["ready_p90_date"]).dt.days.to_numpy(np.float64)
        delta = (group["list_price"] - row["quoted_price"]).to_numpy(np.float64)
        # What cannot be compared is not refused for it, but is no saving either.
        delta = np.where(np.isnan(delta), np.where(pd.isna(row["quoted_price"]), 0.0, np.inf), delta)
        could = is_offered(
            np.ones(len(group)), earlier, delta, np.ones(len(group), dtype=np.bool_), parameters
        )
        trims = dict(zip(group["trim"].astype(object), group["ladder_place"], strict=True))
        for at in np.flatnonzero(could).tolist():
            unit = units[at]
            if not ordered.hard <= unit["option_set"]:
                continue
            same = ordered.trim is not None and str(unit["trim"]).casefold() == ordered.trim.casefold()
            places = (same, int(trims.get(ordered.trim, -1)), int(unit["ladder_place"]))
            share, differs = fit_of(ordered, unit["option_set"], _text(unit["color"]), places, matching)
            if share < parameters.least_fit:
                continue
            soft = matching.option_weight + matching.colour_weight + matching.trim_weight
            worth = matching.day_weight * earlier[at] + row["slot_price"] - unit["other_use"]
            worth -= soft * (1.0 - share) + matching.price_weight * max(delta[at], 0.0)
            found.append(
                {
                    "order_id": row["order_id"],
                    "unit_id": unit["unit_id"],
                    "fit_share": share,
                    "days_earlier": earlier[at],
                    "price_delta": delta[at],
                    "slot_value": row["slot_price"],
                    "offer_value": worth,
                    "differences": "; ".join(differs) or "as ordered",
                    "ready_p90_date": unit["ready_p90_date"],
                    "customer_id": row["customer_id"],
                }
            )
    names = [name for name in SUBSTITUTION_OFFER.column_names if name not in ("offer_rank", "reason_code")]
    return pd.DataFrame(found, columns=[name for name in names if name not in ("method", "status")])


def _ranked(offers: pd.DataFrame, top_k: int) -> pd.DataFrame:
    """The first offers of all orders by the best assignment, the others by their worth; only what wins."""
    offers = offers[offers["offer_value"].astype(np.float64) > 0.0].reset_index(drop=True)
    order, orders = pd.factorize(offers["order_id"], sort=True)
    unit, units = pd.factorize(offers["unit_id"], sort=True)
    gain = np.rint(offers["offer_value"].to_numpy(np.float64) * _CENTS).astype(np.int64)
    at = np.lexsort((unit, order))
    start = np.concatenate([[0], np.cumsum(np.bincount(order, minlength=len(orders)))]).astype(np.int64)
    tier = np.zeros(len(orders), dtype=np.int64)
    best = assign(Pairs(start, unit[at].astype(np.int64), gain[at], tier, len(units))).unit
    is_first = best[order] == unit if len(offers) else np.zeros(0, dtype=np.bool_)
    # An order that lost its best units to others is offered what nobody is offered first.
    is_others = np.isin(unit, best[best != NO_UNIT]) & ~is_first
    rows = offers.assign(is_first=is_first)[~is_others]
    rows = rows.sort_values(
        ["order_id", "is_first", "offer_value", "unit_id"],
        ascending=[True, False, False, True],
        kind="stable",
    )
    rank = rows.groupby("order_id", sort=False).cumcount() + 1
    rows = rows.assign(offer_rank=rank.astype("int64"), reason_code="OFFER_FITS", method=METHOD, status="OK")
    rows = rows[rows["offer_rank"] <= top_k].reset_index(drop=True)
    told: pd.DataFrame = rows[list(SUBSTITUTION_OFFER.column_names)]
    # Without rows pandas does not know what the columns hold.
    numbers = ("fit_share", "days_earlier", "price_delta", "slot_value", "offer_value")
    for name in numbers:
        told = told.assign(**{name: told[name].astype(np.float64)})
    return told.assign(ready_p90_date=told["ready_p90_date"].astype("datetime64[ns]"))


def _configuration(text: str, catalogue: pd.DataFrame) -> Configuration:
    options = options_of(text)
    family = {option: str(catalogue["option_family"].get(option, "")) for option in options}
    name = {option: str(catalogue["option_name"].get(option, option)) for option in options}

    def _named(wanted: str) -> str | None:
        return next((name[option] for option in sorted(options) if family[option] == wanted), None)

    hard = frozenset(option for option in options if family[option] in HARD_FAMILIES)
    shown = frozenset(option for option in options if family[option] in ("colour", "trim"))
    return Configuration(hard, options - hard - shown, _named("colour"), _named("trim"))


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None
