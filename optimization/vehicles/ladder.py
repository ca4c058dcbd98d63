"""What to do with a unit that stands long: the action with the greatest value against keeping it.

Steps lie at quantiles of the days to sale of units like it: from the first its price is looked at, from
the third a demonstrator, one per place and model, or the trade; beyond the second it is slow. What moves
to another location is decided by the network plan alone: nothing here proposes a transfer.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from optimization.reasons import first_that_holds

Numbers = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]

_ACTIONS = ("reprice", "demo", "wholesale")


@dataclass(frozen=True)
class LadderTerms:
    """Per unit (n): age, its three steps (n, 3), values against keeping.

    `reprice`, `demo`, `wholesale`: what the action wins, before it is asked whether it is its turn.
    """

    age_days: Numbers
    step_days: Numbers
    reprice: Numbers
    demo: Numbers
    wholesale: Numbers


def climb(terms: LadderTerms, unit: pd.DataFrame) -> tuple[npt.NDArray[np.object_], Numbers]:
    """Action and its value (money) per unit; `keep` at 0 where nothing wins."""
    step = (terms.age_days[:, None] >= terms.step_days).sum(axis=1)
    values = np.full((len(unit), len(_ACTIONS)), -np.inf)
    values[:, 0] = np.where(step >= 1, terms.reprice, -np.inf)
    values[:, 1] = np.where((step >= 3) & _first_demo(terms.demo, step >= 3, unit), terms.demo, -np.inf)
    values[:, 2] = np.where(step >= 3, terms.wholesale, -np.inf)
    best = values.argmax(axis=1)
    value = values[np.arange(len(unit)), best]
    acts = value > 1e-6
    action = np.where(acts, np.array(_ACTIONS, dtype=object)[best], "keep")
    return action, np.where(acts, value, 0.0)


def reasons(
    action: npt.NDArray[np.object_], age_days: Numbers, step_days: Numbers
) -> npt.NDArray[np.object_]:
    """Why the action is what it is."""
    return first_that_holds(
        {
            "MARKDOWN_PAYS": action == "reprice",
            "DEMO_PAYS": action == "demo",
            "WHOLESALE_PAYS": action == "wholesale",
            "BEFORE_LADDER": age_days < step_days[:, 0],
        },
        "KEEPING_PAYS",
    )


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
