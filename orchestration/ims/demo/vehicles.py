"""What tables of vehicles share: facts per configuration, prices, segments, ids."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from orchestration.ims.demo.intervals import VehicleSightings
from orchestration.ims.demo.tracking import Tracked
from orchestration.ims.generator.arrow_columns import NEVER, fixed_width_ids, source_table
from orchestration.ims.generator.counters import Floats, Ints, UInts, keyed, stream, uniform
from orchestration.ims.generator.customers import customer_columns

SOURCE = "vehicle_sample"
COST_SHARE_OF_MSRP = 0.92
PLANTS = ("PLANT-1", "PLANT-2", "PLANT-3", "PLANT-4", "PLANT-5")
SEGMENT_DISCOUNTS = np.array([0.0, 0.06, 0.02])
ORDER_COST = 40.0

_CATEGORY_OF_SERIES = {
    "camry": "Car", "camryhybrid": "Car", "corolla": "Car", "corollahatchback": "Car",
    "corollahybrid": "Car", "grcorolla": "Car", "prius": "Car", "priusprime": "Car",
    "toyotacrown": "Car", "mirai": "Car", "gr86": "Car", "supra": "Car", "tacoma": "Truck",
    "tundra": "Truck", "tundrahybrid": "Truck", "sienna": "Van",
}  # fmt: skip
_OTHER_CATEGORY = "SUV"
# Length by width by height of a usual one.
VOLUME_M3 = {"Car": 12.0, "SUV": 15.0, "Van": 17.0, "Truck": 18.0}


@dataclass(frozen=True)
class Catalogue:
    """Facts per configuration: category, plant (position in `PLANTS`), list price and unit cost.

    The price is the median of the units seen on the configuration's first day, so that it does
    not move with what is seen later.
    """

    category: tuple[str, ...]
    plant: Ints
    list_price: Floats
    unit_cost: Floats


def make_catalogue(sightings: VehicleSightings, seed: int) -> Catalogue:
    """Return the facts of every configuration of the file."""
    first = np.full(len(sightings.item_ids), NEVER, dtype=np.int64)
    np.minimum.at(first, sightings.item, sightings.valid_from)
    early = sightings.valid_from == first[sightings.item]
    prices = pd.Series(sightings.base_msrp[early]).groupby(sightings.item[early]).median()
    list_price = prices.reindex(np.arange(len(first))).to_numpy()
    series = [name[0] for name in sightings.item_names]
    key = np.asarray(pd.util.hash_array(np.array(series, dtype=object), categorize=False))
    return Catalogue(
        category=tuple(_CATEGORY_OF_SERIES.get(name, _OTHER_CATEGORY) for name in series),
        plant=(uniform(stream(seed, "plant"), key) * len(PLANTS)).astype(np.int64),
        list_price=list_price,
        unit_cost=np.round(COST_SHARE_OF_MSRP * list_price, 2),
    )


def segments_of(seed: int, keys: UInts) -> Ints:
    """Return the generated segment of each sale, as a position in `SEGMENTS`."""
    return np.searchsorted(np.array([0.72, 0.84]), uniform(stream(seed, "vehicle/segment"), keys))


def customers_of(seed: int, keys: UInts, segment: Ints) -> dict[str, pa.Array]:
    """Return what the generated order of each sale says of its customer and segment."""
    return customer_columns(keyed(stream(seed, "vehicle/customer"), keys), segment)


@dataclass(frozen=True)
class Vehicles:
    """The tracked vehicles with what is needed to name and price them."""

    seed: int
    sightings: VehicleSightings
    catalogue: Catalogue
    tracked: Tracked

    @property
    def first_day(self) -> int:
        """The day of the first snapshot."""
        return int(self.sightings.days[0])

    def table(self, name: str, columns: dict[str, pa.Array], known: Ints | None = None) -> pa.Table:
        """Return a source table of these columns, known on these days or, by default, today."""
        return source_table(
            name, columns, source=SOURCE, known=self.tracked.as_of if known is None else known
        )

    def items(self, numbers: Ints) -> pa.Array:
        """Return the ids of configurations."""
        return self.sightings.item_ids.take(pa.array(numbers))

    def dealers(self, numbers: Ints) -> pa.Array:
        """Return the ids of dealers."""
        return self.sightings.dealer_ids.take(pa.array(numbers))

    def units(self, numbers: Ints) -> pa.Array:
        """Return the ids of units."""
        return self.sightings.unit_ids.take(pa.array(numbers))

    def ids(self, prefix: str, unit: Ints, day: Ints | None = None) -> pa.Array:
        """Return document ids made of a prefix, the unit and a day."""
        if day is None:
            return pc.binary_join_element_wise(prefix, self.units(unit), "")
        return pc.binary_join_element_wise(prefix, self.units(unit), fixed_width_ids("-", (day, 5)), "")


def number(values: Floats) -> pa.Array:
    """A column of numbers in which NaN is what it means: missing."""
    return pa.array(values, from_pandas=True)
