"""What the plan has to aim at so that the stated service is what arrives.

The formulas of the policies know demand by its distribution alone. What they leave out (levels that
move, reviews in between, lots, orders that cross) makes the delivered service differ from the stated
one, by target and class of demand and always the same way. Played on the weeks before the split, the
plan shows by how much; the plan of today aims as much higher or lower.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import product
from typing import Any

import numpy as np

from optimization.demand.levels import CLASSES
from optimization.demand.panel import Flags, Integers, Numbers
from optimization.demand.pooled import PooledModel
from optimization.parameters import PolicyParameters
from optimization.policy.service_aim import BANDS, band_of, shifted
from optimization.simulation.contest import Score, as_planned
from optimization.simulation.replay import Replay, evenly_by_group

ALL = "all"
# Shifts of a target on the logit that are played; 1 takes 0.90 to 0.96.
SHIFTS: Numbers = np.array([-1.5, -0.75, 0.0, 0.75, 1.5, 2.5])
# A class with so many requested units is corrected half by itself, half as all classes together.
PRIOR_UNITS = 500.0
# Fewer requested units than this correct nothing.
LEAST_UNITS = 200.0
# Enough to tell a class of a band, few enough to be played in a second or two.
SERIES_OF_A_BAND = 300
# A cycle target is a quantile of demand, which is recalibrated where it is made.
METRICS = ("fill", "ready")


def service_control(
    replay: Replay, model: PooledModel, methods: Mapping[str, str], policy: PolicyParameters
) -> list[dict[str, Any]]:
    """Shift of the target's logit per measure, target and class: rows of `opt_out__service_control`.

    The plan is played on the weeks before the split at each of `SHIFTS`; the shift that delivers the
    stated target, between two that were played, is drawn to that of all classes with 500 units.
    """
    metric = replay.items["service_metric"].to_numpy(dtype=object)
    rows = np.flatnonzero(np.isin(metric, METRICS))
    if not len(rows):
        return []
    few = replay.take(rows)
    # As many of every band, so that a rare high target is known as well as a common low one.
    drawn = band_of(few.number("service_target"))
    few = few.take(np.sort(np.concatenate([_of_band(few, drawn == one) for one in BANDS])))
    stated = few.number("service_target")
    scores = [
        as_planned(few.aiming_at(shifted(stated, np.full(few.n, by))), few.tuning(), model, methods, policy)
        for by in SHIFTS
    ]
    found = []
    bands = band_of(stated)
    for name, band in product(METRICS, BANDS):
        alike = (few.items["service_metric"] == name).to_numpy(dtype=np.bool_) & (bands == band)
        if not alike.any():
            continue
        pooled = _row(ALL, alike, name, stated, scores, 0.0)
        told = [pooled] + [
            _row(one, alike & (few.demand_class == one), name, stated, scores, pooled["logit_shift"])
            for one in CLASSES
        ]
        found += [row | {"service_metric": name, "target_band": band} for row in told]
    return found


def _of_band(replay: Replay, rows: Flags) -> Integers:
    at = np.flatnonzero(rows)
    drawn = evenly_by_group(replay.items.iloc[at], np.zeros(len(at), dtype=np.int64), SERIES_OF_A_BAND)
    return np.asarray(at[drawn], dtype=np.int64)


def _row(
    scope: str, rows: Flags, metric: str, stated: Numbers, scores: list[Score], prior: float
) -> dict[str, Any]:
    demand = scores[0].demand[rows]
    units = float(demand.sum())
    row: dict[str, Any] = {
        "model_scope": scope,
        "series_count": int(rows.sum()),
        "demand_units": units,
    }
    if units < LEAST_UNITS:
        return row | {"logit_shift": prior, "status": "FALLBACK", "reason_code": "TOO_FEW_SERIES"}
    delivered = np.array([_delivered(score, metric, rows) for score in scores])
    weight = scores[0].observed_weeks[rows] if metric == "ready" else demand
    wanted = float(weight @ stated[rows] / weight.sum())
    # Service rises with the target but for ties of whole units.
    rising = np.maximum.accumulate(delivered)
    own = float(np.interp(wanted, rising, SHIFTS))
    trust = 1.0 if scope == ALL else units / (units + PRIOR_UNITS)
    shift = trust * own + (1.0 - trust) * prior
    return row | {
        "service_target": wanted,
        "delivered_service": float(np.interp(0.0, SHIFTS, delivered)),
        "controlled_service": float(np.interp(shift, SHIFTS, rising)),
        "logit_shift": shift,
        "status": "OK",
        "reason_code": None,
    }


def _delivered(score: Score, metric: str, rows: Flags) -> float:
    above, below = {
        "fill": (score.filled, score.demand),
        "ready": (score.ready_weeks, score.observed_weeks),
    }[metric]
    return float(above[rows].sum() / max(float(below[rows].sum()), 1e-9))
