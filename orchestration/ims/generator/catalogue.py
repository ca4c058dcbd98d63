"""Who and what exists: the facts of items, suppliers and item-locations, each from its own key.

The k-th item-location is the same in every run of a seed: `LOCATIONS_PER_ITEM` neighbours share
an item, `ITEMS_PER_REGION` items share a region of as many locations. Nothing here depends on how
many item-locations a run asks for. Turning facts into source tables is `master_tables`' business.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from orchestration.ims.generator.counters import (
    Floats,
    Ints,
    UInts,
    keyed,
    lognormal,
    normal,
    stream,
    uniform,
)

LOCATIONS_PER_ITEM = 20
ITEMS_PER_REGION = 500
ITEMS_PER_SUPPLIER = 50
REVIEW_DAYS = 7

CATEGORIES = (
    "Brakes",
    "Filters",
    "Suspension",
    "Electrical",
    "Body",
    "Engine",
    "Cooling",
    "Transmission",
    "Glass",
    "Fluids",
    "Wheels and tyres",
    "Interior",
)
LIFECYCLES = ("active", "new", "phase_out", "obsolete")
CRITICALITIES = ("V", "E", "D")
SERVICE_TARGETS = (0.98, 0.95, 0.90)
BEHAVIOURS = ("backorder", "lost", "mixed")
# chance that an unfilled request waits, by behaviour
_WAIT_SHARES = np.array([1.0, 0.0, 0.5])
_CARRYING_RATE = 0.18


@dataclass(frozen=True)
class Suppliers:
    """Suppliers: days from order to receipt (mean, spread of the logarithm) and what they promise."""

    index: Ints
    lead_time_mean_days: Floats
    lead_time_sigma: Floats
    promised_days: Ints


@dataclass(frozen=True)
class Items:
    """Items, one array element each; codes are positions in the lists of this module.

    `daily_requests` is the mean number of requests per day at an average location;
    `size_stop` the chance that a request ends after each further unit (geometric sizes).
    `growth_per_year` and the level shift (factor from a number of days before the anchor on)
    are the true trend; `season_share` and `season_peak_day` the true season.
    """

    index: Ints
    is_accessory: npt.NDArray[np.bool_]
    category: Ints
    lifecycle: Ints
    criticality: Ints
    unit_cost: Floats
    list_price: Floats
    volume_m3: Floats
    daily_requests: Floats
    size_stop: Floats
    season_share: Floats
    season_peak_day: Floats
    growth_per_year: Floats
    shift_factor: Floats
    shift_days_before_anchor: Floats
    order_cost: Floats
    lot_units: Ints
    moq_units: Ints
    suppliers: Suppliers


@dataclass(frozen=True)
class ItemLocations:
    """Item-locations in groups of `group_size` that share an item, in a fixed order.

    `row` is the number in the fixed sequence, `item_position` points into `items`, `key` is
    the random key of the pair. `daily_requests` is the true base rate.
    """

    items: Items
    group_size: int
    row: Ints
    item_position: Ints
    location: Ints
    key: UInts
    daily_requests: Floats
    behaviour: Ints
    wait_share: Floats
    reorder_point_units: Ints
    order_up_to_units: Ints
    review_offset: Ints

    @property
    def item(self) -> Ints:
        """Item number of each item-location."""
        return self.items.index[self.item_position]


def make_suppliers(seed: int, index: Ints) -> Suppliers:
    """Return the facts of the suppliers with these numbers."""

    def draw(what: str) -> Floats:
        return uniform(stream(seed, f"supplier/{what}"), index)

    mean = np.clip(lognormal(15.0, 0.5, normal(stream(seed, "supplier/lead"), index)), 4.0, 60.0)
    optimism = np.where(draw("optimism") < 0.3, 0.85, 1.05)
    return Suppliers(
        index=index,
        lead_time_mean_days=mean,
        lead_time_sigma=0.1 + 0.35 * draw("sigma"),
        promised_days=np.maximum(1, np.round(mean * optimism)).astype(np.int64),
    )


def make_items(seed: int, index: Ints) -> Items:
    """Return the facts of the items with these numbers."""

    def draw(what: str) -> Floats:
        return uniform(stream(seed, f"item/{what}"), index)

    unit_cost = np.round(
        np.clip(lognormal(45.0, 1.1, normal(stream(seed, "item/cost"), index)), 0.5, 5000.0), 2
    )
    requests = np.clip(lognormal(0.095, 1.3, normal(stream(seed, "item/rate"), index)), 0.002, 4.0)
    is_accessory = draw("kind") < 0.12
    category = np.where(is_accessory, len(CATEGORIES) - 1, (draw("category") * 11).astype(np.int64))
    shift = draw("shift")
    size_stop = np.where(draw("size") < 0.7, 1.0, 0.35 + 0.5 * draw("size_stop"))
    lot_units = np.array([1, 1, 1, 2, 4, 5, 10])[(draw("lot") * 7).astype(np.int64)]
    # a lot larger than half a year's demand of one location would be stock for years
    lot_units = np.where(lot_units > 182 * requests / size_stop, 1, lot_units)
    return Items(
        index=index,
        is_accessory=is_accessory,
        category=category,
        lifecycle=np.searchsorted(np.array([0.92, 0.95, 0.99]), draw("lifecycle")),
        criticality=np.searchsorted(np.array([0.2, 0.7]), draw("criticality")),
        unit_cost=np.asarray(unit_cost, dtype=np.float64),
        list_price=np.round(unit_cost * (1.35 + 0.6 * draw("margin")), 2),
        volume_m3=np.round(0.001 + 0.05 * draw("volume") ** 3, 4),
        daily_requests=requests,
        size_stop=size_stop,
        season_share=np.where(draw("is_seasonal") < 0.25, 0.3 + 0.4 * draw("season"), 0.0),
        season_peak_day=365.25 * draw("season_peak"),
        growth_per_year=np.where(draw("is_trending") < 0.15, 0.8 * draw("growth") - 0.4, 0.0),
        shift_factor=np.where(shift < 0.03, 0.4, np.where(shift > 0.97, 2.2, 1.0)),
        shift_days_before_anchor=30 + 300 * draw("shift_day"),
        order_cost=np.round(15 + 30 * draw("order_cost"), 2),
        lot_units=lot_units,
        moq_units=lot_units * np.where(draw("moq") < 0.15, 2, 1),
        suppliers=make_suppliers(seed, index // ITEMS_PER_SUPPLIER),
    )


def make_item_locations(
    seed: int, items: Items, location: Ints, first_row: int, demand_factor: float = 1.0
) -> ItemLocations:
    """Return the item-locations of `items` at `location`, one matrix row of locations per item.

    `demand_factor` scales every rate.
    """
    group_size = location.shape[1]
    position = np.repeat(np.arange(len(items.index)), group_size)
    place = location.reshape(-1)
    key = keyed(stream(seed, "item_location"), items.index[position], place)

    def draw(what: str) -> Floats:
        return uniform(stream(seed, what), key)

    place_size = lognormal(1.0, 0.5, normal(stream(seed, "location/size"), place))
    requests = demand_factor * items.daily_requests[position] * place_size
    requests = requests * lognormal(1.0, 0.4, normal(stream(seed, "pair/size"), key))
    requests = np.clip(requests, 0.0005, 8.0)
    behaviour = np.searchsorted(np.array([0.45, 0.80]), draw("pair/behaviour"))
    reorder, order_up_to = _source_policy(
        items, position, requests, lognormal(1.0, 0.25, normal(stream(seed, "pair/error"), key))
    )
    return ItemLocations(
        items=items,
        group_size=group_size,
        row=first_row + np.arange(len(position)),
        item_position=position,
        location=place,
        key=key,
        daily_requests=requests,
        behaviour=behaviour,
        wait_share=_WAIT_SHARES[behaviour],
        reorder_point_units=reorder,
        order_up_to_units=order_up_to,
        review_offset=(draw("pair/review") * REVIEW_DAYS).astype(np.int64),
    )


def sequence_locations(items: Ints) -> Ints:
    """Return the locations of each item (one row each) in the fixed sequence.

    >>> sequence_locations(np.array([0, 500]))[:, :2].tolist()
    [[0, 1], [20, 21]]
    """
    region = items // ITEMS_PER_REGION
    return region[:, None] * LOCATIONS_PER_ITEM + np.arange(LOCATIONS_PER_ITEM)


def _source_policy(items: Items, position: Ints, requests: Floats, error: Floats) -> tuple[Ints, Ints]:
    """The (s, S) kept in the simulated system: sensible, but from an imperfect rate."""
    size_stop = items.size_stop[position]
    units_per_day = requests * error / size_stop
    lead = items.suppliers.promised_days[position] + REVIEW_DAYS
    # variance of a compound Poisson sum of geometric sizes: rate * E[size²]
    variance = requests * error * (2 - size_stop) / size_stop**2 * lead
    safety = np.array([1.9, 1.4, 1.0])[items.criticality[position]]
    reorder = np.floor(units_per_day * lead + safety * np.sqrt(variance)).astype(np.int64)
    holding = _CARRYING_RATE * items.unit_cost[position]
    economic = np.sqrt(2 * items.order_cost[position] * 365 * units_per_day / holding)
    quantity = np.clip(economic, 1, np.maximum(1, 120 * units_per_day))
    lot = items.lot_units[position]
    quantity = np.ceil(np.maximum(quantity, items.moq_units[position]) / lot) * lot
    return reorder, reorder + quantity.astype(np.int64)
