"""The day's matching: the best units of every open request, and the best assignment over all of them.

The door of the room. Requests and units become numbers in `stating`, a pair is judged in `scoring`,
pairs are looked for in `candidates`, assigned in `market`, told in `telling`; weights are learnt in
`learning`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from optimization.contracts.inputs import LANE
from optimization.contracts.order_inputs import CUSTOMER_REQUEST, STOCK_UNIT, UNIT_SALE
from optimization.contracts.order_outputs import MATCH_OUTCOME, STOCK_UNIT_REVIEW, UNIT_ATP
from optimization.order_parameters import MatchingParameters
from optimization.promising.matching.learning import learnt_weights
from optimization.promising.matching.market import clear
from optimization.promising.matching.stating import promisable_units, state
from optimization.promising.matching.telling import METHOD, customer_match, match_outcome, match_solver_run
from optimization.results import Report
from optimization.screening import screened


@dataclass(frozen=True)
class MatchInputs:
    """The tables of these names; requests and sales of the history among them."""

    customer_request: pd.DataFrame
    stock_unit: pd.DataFrame
    unit_atp: pd.DataFrame
    stock_unit_review: pd.DataFrame
    unit_sale: pd.DataFrame
    lane: pd.DataFrame


@dataclass(frozen=True)
class MatchPlan:
    """The tables `opt_out__…` of these names, and the figures."""

    customer_match: pd.DataFrame
    match_outcome: pd.DataFrame
    match_weight: pd.DataFrame
    match_solver_run: pd.DataFrame
    report: Report


def match_customers(
    inputs: MatchInputs, as_of: pd.Timestamp, parameters: MatchingParameters | None = None
) -> MatchPlan:
    """Match open requests with promisable units; the same inputs in any order give the same tables.

    Firm orders come before leads, leads before enquiries. Raises `ContractError` for a frame not of its
    table, `AuditError` when the assignment is not proven best or gives a unit twice.
    """
    parameters = parameters or MatchingParameters()
    request, is_bad = screened(inputs.customer_request, CUSTOMER_REQUEST)
    unit, unit_is_bad = screened(inputs.stock_unit, STOCK_UNIT)
    sale, sale_is_bad = screened(inputs.unit_sale, UNIT_SALE)
    lane, lane_is_bad = screened(inputs.lane, LANE)
    review, atp = STOCK_UNIT_REVIEW.validate(inputs.stock_unit_review), UNIT_ATP.validate(inputs.unit_atp)
    unit, sale, lane = unit[~unit_is_bad], sale[~sale_is_bad], lane[~lane_is_bad]
    is_known = (request["request_date"] <= as_of).to_numpy(np.bool_)
    is_open = is_known & (request["request_outcome"] == "open").to_numpy(np.bool_)
    learnt = learnt_weights(request[is_known & ~is_bad], sale, unit, as_of, parameters)

    offered = promisable_units(unit, atp, review, parameters)
    stated = state(request[is_open & ~is_bad], offered, lane, as_of, learnt.weights, parameters)
    market = clear(stated.wishes, stated.offers, stated.terms, max(parameters.max_candidates, 1))
    matches = customer_match(
        stated, market, learnt.weights, learnt.method, learnt.status, max(parameters.top_k, 1)
    )
    outcome = match_outcome(stated, market, matches)
    quarantined = _quarantined(request[is_open & is_bad])
    if len(quarantined):
        outcome = pd.concat([outcome, quarantined], ignore_index=True)
    report = Report.of(
        int(is_open.sum()),
        outcome,
        units=len(offered),
        pairs=len(market.pairs.unit),
        rounds=market.rounds,
        choices=learnt.choices,
    )
    outcome = MATCH_OUTCOME.validate(outcome.sort_values("request_id", ignore_index=True))
    return MatchPlan(matches, outcome, learnt.frame, match_solver_run(stated, market), report)


def _quarantined(request: pd.DataFrame) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "request_id": request["request_id"].to_numpy(object),
            "unit_id": None,
            "match_score": np.nan,
            "outbid_by": None,
            "candidate_count": 0,
            "reason_code": "INPUT_IMPLAUSIBLE",
            "method": METHOD,
            "status": "QUARANTINED",
        }
    )
