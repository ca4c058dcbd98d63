"""Where dealers lie and which lanes join them.

The data names a dealer's state and nothing more: the state's centre is a fact, the dealer's place
around it, what the place can hold and send, and everything about lanes is generated.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from orchestration.ims.demo.intervals import VehicleSightings
from orchestration.ims.generator.arrow_columns import repeated, source_table
from orchestration.ims.generator.counters import Floats, Ints, stream, uniform

# latitude and longitude of the geographic centre
STATE_CENTRES = {
    "AK": (64.2, -152.3), "AL": (32.8, -86.8), "AR": (34.8, -92.4), "AZ": (34.3, -111.7),
    "CA": (37.2, -119.5), "CO": (39.0, -105.5), "CT": (41.6, -72.7), "DC": (38.9, -77.0),
    "DE": (39.0, -75.5), "FL": (28.6, -82.4), "GA": (32.6, -83.4), "HI": (20.3, -156.4),
    "IA": (42.1, -93.5), "ID": (44.4, -114.6), "IL": (40.0, -89.2), "IN": (39.9, -86.3),
    "KS": (38.5, -98.4), "KY": (37.5, -85.3), "LA": (31.1, -92.0), "MA": (42.3, -71.8),
    "MD": (39.0, -76.8), "ME": (45.4, -69.2), "MI": (44.3, -85.4), "MN": (46.3, -94.3),
    "MO": (38.4, -92.5), "MS": (32.7, -89.7), "MT": (47.1, -109.6), "NC": (35.6, -79.4),
    "ND": (47.4, -100.5), "NE": (41.5, -99.8), "NH": (43.7, -71.6), "NJ": (40.2, -74.7),
    "NM": (34.4, -106.1), "NV": (39.3, -116.6), "NY": (42.9, -75.5), "OH": (40.3, -82.8),
    "OK": (35.6, -97.5), "OR": (43.9, -120.6), "PA": (40.9, -77.8), "RI": (41.7, -71.6),
    "SC": (33.9, -80.9), "SD": (44.4, -100.2), "TN": (35.9, -86.4), "TX": (31.5, -99.3),
    "UT": (39.3, -111.7), "VA": (37.5, -78.9), "VT": (44.1, -72.7), "WA": (47.4, -120.5),
    "WI": (44.6, -90.0), "WV": (38.6, -80.6), "WY": (43.0, -107.6),
}  # fmt: skip
_COUNTRY_CENTRE = (39.8, -98.6)
_SPREAD_DEGREES = 0.6
_KM_PER_DEGREE = 111.0
_LANES_PER_DEALER = 12
_LANE_LIMIT_KM = 500.0
_KM_PER_DAY = 450.0
# A parking space with its share of the lanes between, by the height of a garage.
_SPACE_M3 = 15.0
_LEAST_SPACES = 45
_LARGEST_CAR_M3 = 18.0
# Cars that the carrier of a lane takes in a day, and up to which share of lanes.
_CARRIERS = (1, 3, 8)
_CARRIER_SHARES = (0.4, 0.8)


@dataclass(frozen=True)
class Places:
    """Where each dealer of the file lies, what its lot holds, how many units it sends or hands over a day."""

    latitude: Floats
    longitude: Floats
    storage_m3: Floats
    handling_units: Floats
    handover_units: Floats
    preparation_days: Floats


def make_places(sightings: VehicleSightings, seed: int) -> Places:
    """Return a generated place for every dealer, by its own key.

    A lot is as large as the dealer was on the first day that shows it, with some room.
    """
    centres = np.array([STATE_CENTRES.get(state, _COUNTRY_CENTRE) for state in sightings.dealer_states])
    north = uniform(stream(seed, "dealer/latitude"), sightings.dealer_keys)
    east = uniform(stream(seed, "dealer/longitude"), sightings.dealer_keys)
    room = uniform(stream(seed, "dealer/room"), sightings.dealer_keys)
    hands = uniform(stream(seed, "dealer/handling"), sightings.dealer_keys)
    return Places(
        latitude=np.round(centres[:, 0] + _SPREAD_DEGREES * (2 * north - 1), 4),
        longitude=np.round(centres[:, 1] + _SPREAD_DEGREES * (2 * east - 1), 4),
        storage_m3=_SPACE_M3 * np.ceil(_LEAST_SPACES + (1.6 + 1.6 * room) * _first_units(sightings)),
        handling_units=np.floor(2.0 + 9.0 * hands),
        handover_units=np.floor(2.0 + 5.0 * hands),
        preparation_days=np.floor(
            1.0 + 3.0 * uniform(stream(seed, "dealer/preparation"), sightings.dealer_keys)
        ),
    )


def _first_units(sightings: VehicleSightings) -> Ints:
    """Units on the lot of each dealer, or on their way to it, on the first day that shows it."""
    first = np.full(len(sightings.dealer_ids), sightings.days[-1])
    np.minimum.at(first, sightings.dealer, sightings.valid_from)
    early = sightings.valid_from == first[sightings.dealer]
    return np.bincount(sightings.dealer[early], minlength=len(first))


def location_table(
    sightings: VehicleSightings, places: Places, dealers: Ints, *, source: str, as_of: int
) -> pa.Table:
    """Dealers known so far; a state is a planning region."""
    return source_table(
        "location",
        {
            "location_id": sightings.dealer_ids.take(pa.array(dealers)),
            "location_type": repeated("dealer", len(dealers), pa.string()),
            "region": pa.array([sightings.dealer_states[dealer] for dealer in dealers]),
            "is_active": repeated(True, len(dealers), pa.bool_()),
            "latitude": pa.array(places.latitude[dealers]),
            "longitude": pa.array(places.longitude[dealers]),
            "storage_m3": pa.array(places.storage_m3[dealers]),
            "handling_units": pa.array(places.handling_units[dealers]),
            "handover_units": pa.array(places.handover_units[dealers]),
            "preparation_days": pa.array(places.preparation_days[dealers]),
        },
        source=source,
        known=as_of,
    )


def lane_table(
    seed: int, sightings: VehicleSightings, places: Places, dealers: Ints, *, source: str, as_of: int
) -> pa.Table:
    """Lanes from each dealer to its nearest ones within a day's reach; costs grow with distance."""
    latitude, longitude = places.latitude[dealers], places.longitude[dealers]
    starts, ends, lengths = [], [], []
    for here in range(len(dealers)):
        north = latitude - latitude[here]
        east = (longitude - longitude[here]) * np.cos(np.radians(latitude[here]))
        distance = _KM_PER_DEGREE * np.hypot(north, east)
        distance[here] = np.inf
        near = np.argsort(distance, kind="stable")[:_LANES_PER_DEALER]
        near = near[distance[near] <= _LANE_LIMIT_KM]
        starts.append(np.full(len(near), here))
        ends.append(near)
        lengths.append(distance[near])
    start, end, km = (np.concatenate(parts) for parts in (starts, ends, lengths))
    keys = sightings.dealer_keys[dealers]
    size = uniform(stream(seed, "lane/carrier"), keys[start], keys[end])
    carrier = np.searchsorted(np.array(_CARRIER_SHARES), size)
    return source_table(
        "lane",
        {
            "from_location_id": sightings.dealer_ids.take(pa.array(dealers[start])),
            "to_location_id": sightings.dealer_ids.take(pa.array(dealers[end])),
            "transit_days": pa.array(np.ceil(km / _KM_PER_DAY) + 1),
            "cost_fixed": pa.array(np.round(20 + 0.1 * km, 2)),
            "cost_per_unit": pa.array(np.round(60 + 0.9 * km, 2)),
            "is_allowed": repeated(True, len(start), pa.bool_()),
            "capacity_m3": pa.array(_LARGEST_CAR_M3 * np.array(_CARRIERS, dtype=np.float64)[carrier]),
        },
        source=source,
        known=as_of,
    )
