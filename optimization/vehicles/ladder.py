"""What to do with a unit that stands long: the action with the greatest value against keeping it.

Steps lie at quantiles of the days to sale of units like it: from the first its price is looked at, from
the second a transfer, from the third a demonstrator or the trade. A place takes only as many units of a
configuration as it lacks, and one demonstrator per model.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from optimization.reasons import first_that_holds

Numbers = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]

# How much faster or slower a configuration can sell elsewhere by what stands there.
_FASTEST, _SLOWEST = 0.25, 1.0
_ACTIONS = ("reprice", "transfer", "demo", "wholesale")


@dataclass(frozen=True)
class LadderTerms:
    """Per unit (n): age, its three steps (n, 3), days to sale, cost of a day, values against keeping.

    `reprice`, `demo`, `wholesale`: what the action wins, before it is asked whether it is its turn.
    """

    age_days: Numbers
    step_days: Numbers
    days_to_sale: Numbers
    daily_cost: Numbers
    reprice: Numbers
    demo: Numbers
    wholesale: Numbers


def climb(
    terms: LadderTerms, unit: pd.DataFrame, mix_target: pd.DataFrame, lane: pd.DataFrame
) -> tuple[npt.NDArray[np.object_], Numbers, npt.NDArray[np.object_]]:
    """Action, its value and the place of a transfer per unit; `keep` at 0 where nothing wins."""
    step = (terms.age_days[:, None] >= terms.step_days).sum(axis=1)
    values = np.full((len(unit), len(_ACTIONS)), -np.inf)
    values[:, 0] = np.where(step >= 1, terms.reprice, -np.inf)
    values[:, 1], place = _transfers(terms, step >= 2, unit, mix_target, lane)
    values[:, 2] = np.where((step >= 3) & _first_demo(terms.demo, step >= 3, unit), terms.demo, -np.inf)
    values[:, 3] = np.where(step >= 3, terms.wholesale, -np.inf)
    best = values.argmax(axis=1)
    value = values[np.arange(len(unit)), best]
    acts = value > 1e-6
    action = np.where(acts, np.array(_ACTIONS, dtype=object)[best], "keep")
    place[action != "transfer"] = None
    return action, np.where(acts, value, 0.0), place


def reasons(
    action: npt.NDArray[np.object_], age_days: Numbers, step_days: Numbers
) -> npt.NDArray[np.object_]:
    """Why the action is what it is."""
    return first_that_holds(
        {
            "MARKDOWN_PAYS": action == "reprice",
            "SELLS_SOONER_ELSEWHERE": action == "transfer",
            "DEMO_PAYS": action == "demo",
            "WHOLESALE_PAYS": action == "wholesale",
            "BEFORE_LADDER": age_days < step_days[:, 0],
        },
        "KEEPING_PAYS",
    )


def _transfers(
    terms: LadderTerms, is_turn: Flags, unit: pd.DataFrame, mix_target: pd.DataFrame, lane: pd.DataFrame
) -> tuple[Numbers, npt.NDArray[np.object_]]:
    """Value and place of the best transfer: days saved at the cost of a day, less the lane.

    The days to sale shrink by the ratio of the two places' cover, units per expected demand. Units
    take the open gaps in the order of their value.
    """
    value, place = np.full(len(unit), -np.inf), np.full(len(unit), None, dtype=object)
    target = mix_target[mix_target["mix_level"] == "location"]
    cover = (target["on_hand_units"] + 1.0) / target["mean_units"].clip(lower=1e-3)
    target = target.assign(cover=cover)[["item_id", "location_id", "gap_units", "cover"]]
    turn = pd.DataFrame(
        {"row": np.arange(len(unit)), "item_id": unit["item_id"], "location_id": unit["location_id"]}
    )[is_turn]
    own = target[["item_id", "location_id", "cover"]].rename(columns={"cover": "own_cover"})
    turn = turn.merge(own, how="left", on=["item_id", "location_id"])
    lacking = target[target["gap_units"] >= 1.0].rename(columns={"location_id": "to_location_id"})
    ways = turn.rename(columns={"location_id": "from_location_id"}).merge(lacking, on="item_id")
    ways = ways.merge(lane, on=["from_location_id", "to_location_id"])
    ratio = (ways["cover"] / ways["own_cover"].fillna(ways["cover"])).clip(_FASTEST, _SLOWEST)
    row = ways["row"].to_numpy(np.int64)
    saved = terms.days_to_sale[row] * (1.0 - ratio) - ways["transit_days"]
    ways = ways.assign(value=terms.daily_cost[row] * saved - ways["cost_fixed"] - ways["cost_per_unit"])
    ways = ways[ways["value"] > 0.0].sort_values(
        ["value", "row", "to_location_id"], ascending=[False, True, True]
    )
    left = {
        (item, to): gap
        for item, to, gap in zip(
            lacking["item_id"], lacking["to_location_id"], lacking["gap_units"], strict=True
        )
    }
    for at, item, to, worth in zip(
        ways["row"], ways["item_id"], ways["to_location_id"], ways["value"], strict=True
    ):
        if place[at] is None and left[item, to] >= 1.0:
            left[item, to] -= 1.0
            value[at], place[at] = worth, to
    return value, place


def _first_demo(demo: Numbers, is_turn: Flags, unit: pd.DataFrame) -> Flags:
    """The unit of each place and model that gains most as a demonstrator, where there is none yet."""
    frame = pd.DataFrame(
        {
            "row": np.arange(len(unit)),
            "place": unit["location_id"].to_numpy(object),
            "model": unit["model"].fillna(unit["item_id"]).to_numpy(object),
            "demo": demo,
            "unit_id": unit["unit_id"].to_numpy(object),
        }
    )
    has_one = frame[(unit["stock_category"] == "demo").to_numpy()][["place", "model"]].drop_duplicates()
    free = frame[is_turn].merge(has_one.assign(has_one=True), how="left", on=["place", "model"])
    free = free[free["has_one"].isna()].sort_values(
        ["demo", "unit_id"], ascending=[False, True], kind="stable"
    )
    chosen = np.zeros(len(unit), dtype=np.bool_)
    chosen[free.drop_duplicates(["place", "model"])["row"].to_numpy(np.int64)] = True
    return chosen
