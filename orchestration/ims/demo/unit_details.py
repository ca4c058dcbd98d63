"""What the file does not tell of a real unit: options, category of stock, value, floor plan, holds.

A unit's trim, drive and colour are real and stand in its options; every other option, its category,
what the market would pay and how it is financed are generated from the unit's own key.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from orchestration.ims.demo.made_to_order import colour_option, own_options
from orchestration.ims.demo.vehicles import Vehicles, number
from orchestration.ims.generator.arrow_columns import NEVER, dates, source_table, texts
from orchestration.ims.generator.build_to_order.option_list import OPTIONS
from orchestration.ims.generator.build_to_order.orders import chosen_options
from orchestration.ims.generator.counters import Floats, Ints, keyed, stream, uniform

GENERATOR = "generator"
# shares of units at a dealer that are not simply new stock; one in a hundred is not for sale
_USED = (
    ("demo", 0.012), ("certified_pre_owned", 0.004), ("loaner", 0.006), ("service", 0.003),
    ("training", 0.001),
)  # fmt: skip
_PROMOTIONAL_SHARE, _POPULAR_SHARE = 0.05, 0.15
_PERFORMANCE = re.compile(r"\btrd\b|\bgr\b|grcorolla|supra|gr86|sport", re.IGNORECASE)
_LIMITED = re.compile("capstone|anniversary|nightshade|edition", re.IGNORECASE)
_COMMERCIAL = {("tacoma", "SR"), ("tundra", "SR")}
_CATEGORIES = (
    "standard",
    "popular",
    "promotional",
    "performance",
    "limited",
    "commercial",
    *(n for n, _ in _USED),
)
_KM = {"demo": (500, 6_000), "certified_pre_owned": (8_000, 40_000), "loaner": (1_000, 9_000),
       "service": (500, 9_000), "training": (50, 2_000)}  # fmt: skip
_RATES, _FREE_DAYS = np.array([0.0625, 0.0725, 0.0825]), np.array([30, 45, 60])
_DEPRECIATION_PER_DAY = 0.0004
# the recall: units of the first snapshot's most frequent model whose pseudonym begins so
RECALL_PREFIX, RECALL_ID = "U3", "RECALL-23A"
_RECALL_AFTER, _RECALL_DAYS = 12, 60
_HELD_SHARE = 0.004
_HOLD_KINDS = ("damage", "quality", "legal")


@dataclass(frozen=True)
class UnitDetails(Vehicles):
    """Generated details of the tracked vehicles."""

    def columns(self, unit: Ints, row: Ints, received: Ints, dealer: Ints) -> dict[str, pa.Array]:
        """Return columns of `unit`; `received`: the day of arrival at the first dealer, else `NEVER`."""
        here = received != NEVER
        category = self._categories(unit, here)
        draw = self._draw
        age = np.where(here, self.tracked.as_of - np.where(here, received, 0), 0)
        value = self.sightings.dealer_price[row] * (0.90 + 0.09 * draw(unit, "value"))
        low, high = np.array([_KM.get(name, (4, 40)) for name in _CATEGORIES]).T
        terms = keyed(stream(self.seed, "dealer/floorplan"), self.sightings.dealer_keys[dealer])
        return {
            "options": self._options(unit, row),
            "stock_category": texts(list(_CATEGORIES), category),
            "estimated_value": number(np.round(value * (1 - _DEPRECIATION_PER_DAY * age), 0)),
            "floorplan_start_date": dates(received),
            "floorplan_rate": pa.array(_RATES[(uniform(terms, 0) * len(_RATES)).astype(np.int64)]),
            "floorplan_free_days": pa.array(
                _FREE_DAYS[(uniform(terms, 1) * len(_FREE_DAYS)).astype(np.int64)]
            ),
            "odometer_km": pa.array(
                np.round(low[category] + (high - low)[category] * draw(unit, "distance")), mask=~here
            ),
        }

    def unit_hold(self, since: int | None) -> pa.Table:
        """Holds known up to today: a recall over a range of pseudonyms, and a few single ones."""
        states, as_of = self.tracked.states, self.tracked.as_of
        seen = np.flatnonzero(states.first_seen <= as_of)
        in_range = np.asarray(pc.starts_with(self.units(seen), RECALL_PREFIX).to_numpy(zero_copy_only=False))
        model = np.array([name[0] for name in self.sightings.item_names])
        recalled = seen[in_range & (model[states.item[seen]] == self._recalled_model)]
        start = self.first_day + _RECALL_AFTER
        recalled = recalled[states.first_seen[recalled] <= start + _RECALL_DAYS]
        single = seen[~np.isin(seen, recalled) & (self._draw(seen, "held") < _HELD_SHARE)]
        single = single[~(model[states.item[single]] == self._recalled_model)]
        unit = np.r_[recalled, single]
        kind = np.r_[
            np.zeros(len(recalled), dtype=np.int64),
            1 + (self._draw(single, "hold_kind") * len(_HOLD_KINDS)).astype(np.int64),
        ]
        first = states.first_seen[unit]
        opened = np.where(kind == 0, np.maximum(start, first), first + 2 + 20 * self._draw(unit, "hold_day"))
        opened = np.floor(opened).astype(np.int64)
        closed = opened + 6 + (22 * self._draw(unit, "hold_days")).astype(np.int64)
        known = np.where(closed <= as_of, closed, opened)
        at = np.flatnonzero((opened <= as_of) & (known > (-1 if since is None else since)))
        return source_table(
            "unit_hold",
            {
                "hold_id": pc.binary_join_element_wise("HOLD-", self.units(unit[at]), ""),
                "unit_id": self.units(unit[at]),
                "hold_kind": texts(["recall", *_HOLD_KINDS], kind[at]),
                "opened_date": dates(opened[at]),
                "closed_date": dates(np.where(closed[at] <= as_of, closed[at], NEVER)),
                "reference_id": texts([RECALL_ID, None], np.minimum(kind[at], 1)),
                "message": texts(
                    ["Recall: to be repaired before handover", "Damaged in transport", "Held by quality",
                     "Papers are missing"],
                    kind[at],
                ),
            },
            source=GENERATOR,
            known=known[at],
        )  # fmt: skip

    @cached_property
    def _first_units(self) -> npt.NDArray[np.int64]:
        """Units of each configuration in the first snapshot."""
        rows = self.sightings.seen_on(self.first_day)
        return np.bincount(self.sightings.item[rows], minlength=len(self.sightings.item_ids))

    @cached_property
    def _recalled_model(self) -> str:
        counts: dict[str, int] = {}
        for name, count in zip(self.sightings.item_names, self._first_units.tolist(), strict=True):
            counts[name[0]] = counts.get(name[0], 0) + count
        return min(counts, key=lambda model: (-counts[model], model))

    def _categories(self, unit: Ints, here: npt.NDArray[np.bool_]) -> Ints:
        """Category of each unit, a position in `_CATEGORIES`; one on its way is new, whatever comes."""
        item = self.tracked.states.item[unit]
        known = self._first_units[self._first_units > 0]
        often = np.quantile(known, 1 - _POPULAR_SHARE) if known.size else 0
        of_item = np.where(self._first_units >= np.maximum(often, 1), 1, 0)
        for position, (model, trim, _) in enumerate(self.sightings.item_names):
            if _PERFORMANCE.search(f"{model} {trim}"):
                of_item[position] = 3
            elif _LIMITED.search(trim):
                of_item[position] = 4
            elif (model, trim) in _COMMERCIAL:
                of_item[position] = 5
        draw = self._draw(unit, "category")
        used = np.searchsorted(np.cumsum([share for _, share in _USED]), draw, side="right")
        category = np.where(draw > 1 - _PROMOTIONAL_SHARE, 2, of_item[item])
        return np.where(here & (used < len(_USED)), len(_CATEGORIES) - len(_USED) + used, category)

    def _options(self, unit: Ints, row: Ints) -> pa.Array:
        """Option ids of units, ascending and joined: real trim, drive and colour, and generated ones."""
        sightings = self.sightings
        key = keyed(stream(self.seed, "vehicle/options"), sightings.unit_keys[unit])
        no = np.zeros(len(unit), dtype=bool)
        day = np.full(len(unit), self.first_day - 1)
        chosen = chosen_options(self.seed, self.first_day, key, day, no, no)
        of_item = [own_options(trim, drive) for _, trim, drive in sightings.item_names]
        colors = sightings.color.take(pa.array(row)).fill_null("").to_pylist()
        of_color = {color: [colour_option(color)] if color else [] for color in set(colors)}
        names = np.array([option.option_id for option in OPTIONS], dtype=object)
        return pa.array(
            [
                "|".join(sorted([*of_item[item], *of_color[color], *names[picked]]))
                for item, color, picked in zip(self.tracked.states.item[unit], colors, chosen, strict=True)
            ],
            pa.string(),
        )

    def _draw(self, unit: Ints, purpose: str) -> Floats:
        return uniform(stream(self.seed, f"unit/{purpose}"), self.sightings.unit_keys[unit])
