"""What differs between sources of orders: places, models, plants, and the day they are drawn around."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from orchestration.ims.generator.counters import Floats, Ints, UInts


@dataclass(frozen=True, order=True)
class NamedOption:
    """A colour, trim or drive: what a build names itself. `first_day`: day on which it was first seen."""

    option_id: str
    family: str
    name: str
    first_day: int
    is_special: bool = False


@dataclass(frozen=True)
class Builds:
    """What can be ordered, one element each; an order picks one of them, each as likely.

    `item_id`: null where what is built is no item. `own_options`: trim and drive, as option ids; `colour`:
    option id. `plant`: position among the plants of the order's place (see `Setting.plant_of`).
    """

    item_id: pa.Array
    model: tuple[str, ...]
    own_options: tuple[tuple[str, ...], ...]
    colour: tuple[str, ...]
    list_price: Floats
    plant: Ints

    @cached_property
    def colours_of_model(self) -> dict[str, tuple[str, ...]]:
        """Colours in which each model is built, ascending."""
        found: dict[str, set[str]] = {}
        for model, colour in zip(self.model, self.colour, strict=True):
            found.setdefault(model, set()).add(colour)
        return {model: tuple(sorted(colours)) for model, colours in found.items()}


@dataclass(frozen=True)
class Setting:
    """A source of orders.

    `location_ids`, `location_keys`: places that take orders and the random key of each; `daily_orders`:
    orders per place and day. `group`: plant group of each place; the plants of group g are
    `plants[g * plants_per_group : (g + 1) * plants_per_group]`. `trims`: model, option id, first day.
    `start`, `anchor`, `end`: first day of the history, first day of snapshots, last day of any.
    """

    seed: int
    source: str
    location_ids: pa.Array
    location_keys: UInts
    daily_orders: float
    group: Ints
    plants: tuple[str, ...]
    plants_per_group: int
    builds: Builds
    named_options: tuple[NamedOption, ...]
    trims: tuple[tuple[str, str, int], ...]
    start: int
    anchor: int
    end: int

    def plant_of(self, location: Ints, build: Ints) -> Ints:
        """Return the plant (position in `plants`) that builds for each place."""
        return np.asarray(self.group[location] * self.plants_per_group + self.builds.plant[build])

    @cached_property
    def weekly_orders(self) -> Floats:
        """Orders a week that each plant can expect."""
        places = np.bincount(self.group, minlength=len(self.plants) // self.plants_per_group)
        share = np.bincount(self.builds.plant, minlength=self.plants_per_group) / len(self.builds.plant)
        # none on Sundays
        return np.asarray((6 * self.daily_orders * places[:, None] * share).reshape(-1))

    @cached_property
    def plant_keys(self) -> UInts:
        """A random key of each plant, by its name alone."""
        return text_keys(self.plants)


def text_keys(texts: tuple[str, ...] | npt.NDArray[np.object_]) -> UInts:
    """Return a random key per text that depends on the text alone."""
    import pandas as pd

    return np.asarray(pd.util.hash_array(np.array(texts, dtype=object), categorize=False))
